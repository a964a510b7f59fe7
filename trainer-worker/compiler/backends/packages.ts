import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { packagesVariable } from '../../../protocol/backends';
import type { Machine } from './machine';

/** A package that is not part of EBM Lab and that the user has. */
export interface UserPackage {
  readonly name: string;
  readonly version: string;
  /** The folder of the package. */
  readonly folder: string;
  /** The file that it names as its main one. */
  readonly main: string;
  /** Loads it, as a module of CommonJS. */
  load(): unknown;
}

/**
 * Finds a package that the user has: installed with the editor's command, or in the project that the
 * experiment lies in, or in that of the working directory.
 *
 * @returns undefined where there is none
 */
export function findPackage(
  name: string,
  { experimentFolder }: Pick<Machine, 'experimentFolder'>,
): UserPackage | undefined {
  // From each of them upward, as Node does.
  for (const folder of [process.env[packagesVariable], experimentFolder, process.cwd()]) {
    if (!folder) continue;
    const require = createRequire(path.join(folder, 'index.js'));
    try {
      const manifest = require.resolve(`${name}/package.json`);
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
      const main = require.resolve(name);
      return {
        name,
        version,
        folder: path.dirname(manifest),
        main,
        load: () => require(main) as unknown,
      };
    } catch (error) {
      // Not in this folder; the next one may have it. A damaged one counts as none.
      if (!isMissing(error)) throw error;
    }
  }
  return undefined;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
}
