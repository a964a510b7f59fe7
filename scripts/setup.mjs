/**
 * Makes node_modules match package-lock.json. Imports Node's own modules only, because it runs
 * before anything is installed.
 *
 *   node scripts/setup.mjs
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './command.mjs';

/** The repository, without a trailing separator. Works on every Node, so that an old one gets told. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const neededMajor = 20;
const neededMinor = 19;

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {boolean} [link]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 */

/**
 * The packages of a lock file by their path, or `undefined` where there is no such file.
 * @param {string} file
 * @returns {Promise<Record<string, LockedPackage> | undefined>}
 */
async function packagesOf(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Whether what npm last installed is what the lock file names, for this kind of machine.
 * @param {string} folder
 */
async function isInstalled(folder) {
  const wanted = await packagesOf(path.join(folder, 'package-lock.json'));
  if (wanted === undefined) throw new Error(`There is no package-lock.json in ${folder}.`);
  // npm writes this file last, so a broken-off install has none.
  const installed = await packagesOf(path.join(folder, 'node_modules/.package-lock.json'));
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([place, { version, optional }]) => {
    if (place === '') return true;
    const found = installed[place];
    if (found === undefined) return optional === true;
    const fits =
      (found.os?.includes(process.platform) ?? true) && (found.cpu?.includes(process.arch) ?? true);
    return found.version === version && fits;
  });
}

/**
 * Installs the packages where they are missing or another commit's or another machine's.
 * @param {string} [folder] where the package.json lies: the repository, or its tools
 * @returns {Promise<'installed' | 'up to date'>}
 * @throws an Error whose message says what to do
 */
export async function setup(folder = root) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
    throw new Error(
      `This is Node ${process.versions.node}. EBM Lab needs Node ${neededMajor}.${neededMinor} ` +
        'or newer: https://nodejs.org',
    );
  }
  if (await isInstalled(folder)) return 'up to date';
  console.log('Installing packages (npm ci) ...');
  // No package here needs its install script: native parts come as packages of their own. Without
  // scripts npm 10 and npm 11 (which wants a consent to each) do the same.
  const { ok, output } = await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  if (!ok) {
    throw new Error(
      `${output.trim()}\n\nThe packages could not be installed. See whether npm reaches its ` +
        `registry ('npm ping') and whether ${folder} can be written to, then try again.`,
    );
  }
  return 'installed';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(`Packages: ${await setup()}.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
