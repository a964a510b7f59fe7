import { install } from 'source-map-support';
import type { SourceLocation } from '../../../protocol/problem';

/** Source maps of evaluated bundles, by the name of their script. */
const maps = new Map<string, string>();
let installed = false;

/** From now on, stacks through `scriptName` show the lines of the user's files. */
export function mapStacks(scriptName: string, map: string): void {
  maps.set(scriptName, map);
  if (installed) return;
  installed = true;
  // tfjs wraps an operation in a dozen calls: the default of 10 would cut the user's line off.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 50);
  install({
    environment: 'node',
    handleUncaughtExceptions: false,
    // Only the maps of experiments: anything else would be looked for on disk.
    overrideRetrieveSourceMap: true,
    retrieveSourceMap: (source) => {
      const found = maps.get(source);
      return found === undefined ? null : { url: source, map: found };
    },
  });
}

/** The innermost place of a stack that lies in one of `files` (absolute paths). */
export function locationInStack(
  stack: string | undefined,
  files: readonly string[],
): SourceLocation | undefined {
  for (const line of stack?.split('\n') ?? []) {
    if (!/^\s+at /.test(line)) continue;
    for (const file of files) {
      const at = line.indexOf(`${file}:`);
      if (at === -1) continue;
      const position = /^(\d+):(\d+)/.exec(line.slice(at + file.length + 1));
      if (position) return { file, line: Number(position[1]), column: Number(position[2]) };
    }
  }
  return undefined;
}
