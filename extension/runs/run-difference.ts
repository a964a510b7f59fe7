import type { Json, RunManifest } from '../../protocol/run';
import { formatValue, parametersOf } from '../../vocabulary/parameters';

const longestValue = 40;

/**
 * What tells a run from others of its experiment, `key=value` each: its overrides, then what the
 * experiment's file had changed since the run before. The key is the last part of the parameter's
 * path, or all of it where two would read the same. A first run without overrides is told by its
 * objective.
 *
 * @param before the run of the same experiment that was launched before, if there is one
 */
export function distinctions(
  { config, overrides }: RunManifest,
  before: RunManifest | undefined,
): string[] {
  const values = new Map<string, Json>();
  for (const [path, value] of Object.entries(overrides)) {
    if (path !== 'name') values.set(path, value);
  }
  if (before) {
    const earlier = new Map(parametersOf(before.config).map(({ path, value }) => [path, value]));
    for (const { path, value } of parametersOf(config)) {
      const same = JSON.stringify(earlier.get(path)) === JSON.stringify(value);
      if (!same && path !== 'name' && !values.has(path)) values.set(path, value);
    }
  }
  const kind = typeOf(config['objective']);
  const isNews = before ? kind !== typeOf(before.config['objective']) : values.size === 0;
  if (kind !== undefined && isNews) values.set('objective', kind);
  const paths = [...values.keys()];
  return paths.map((path) => {
    const last = lastPart(path);
    const isClear = paths.filter((other) => lastPart(other) === last).length === 1;
    return `${isClear ? last : path}=${shortened(formatValue(rounded(values.get(path)!)))}`;
  });
}

function typeOf(part: Json | undefined): string | undefined {
  const type = (part as { readonly type?: Json } | null | undefined)?.type;
  return typeof type === 'string' ? type : undefined;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Fractions as people tell them apart; whole numbers, seeds among them, as they are. */
function rounded(value: Json): Json {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}

function shortened(text: string): string {
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`;
}
