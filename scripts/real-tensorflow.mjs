/**
 * `@tensorflow/tfjs-node` on a TensorFlow as people have it, made of what npm and PyPI have: its own
 * download comes from elsewhere and is not there for every Node and machine. The package's binding is
 * compiled against the C library inside a wheel of TensorFlow for the processor.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { cacheDirectory } from './cache-directory.mjs';
import { findOnPath, npm, run } from './command.mjs';
import { findPython, pythonIn } from './python-readers.mjs';
import { makeWhole } from './whole-folder.mjs';

/** The machine that the wheel named in requirements.txt is for. */
const machine = 'linux-x64';
const wheelFor = ['--python-version', '3.11', '--platform', 'manylinux2014_x86_64'];

/** Another one where what is made of the packages changes, so that it is made anew. */
const buildVersion = '1';

/** Of a wheel what the binding needs: the C library, and the headers of its interface. */
const unpack = `
import sys, zipfile
wheel, to = sys.argv[1:]
headers = tuple('tensorflow/include/tensorflow/' + part for part in ('c/', 'core/platform/', 'tsl/c/', 'tsl/platform/'))
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    archive.extractall(to, [name for name in names if name.startswith((*headers, 'tensorflow/libtensorflow_'))])
`;

const packageFolder = 'node_modules/@tensorflow/tfjs-node';
const binding = `${packageFolder}/lib/napi-v8/tfjs_binding.node`;

/**
 * Builds it where it is missing: about half a minute and 850 MB, kept from run to run.
 * @param {string} [repository] where this project is; npm and the test runner start us there
 * @returns {Promise<{ folder: string } | { missing: string, possible: boolean }>} the folder whose
 *   `node_modules` has it; or why there is none, and whether this machine could have it
 */
export async function installRealTensorflow(repository = process.cwd()) {
  const here = `${process.platform}-${process.arch}`;
  if (here !== machine) {
    return { missing: `TensorFlow is built for ${machine}, and this is ${here}`, possible: false };
  }
  const recipe = path.join(repository, 'test/tensorflow');
  const files = ['package.json', 'package-lock.json'];
  const key = createHash('sha256').update(buildVersion);
  for (const name of [...files, 'requirements.txt']) {
    key.update(await readFile(path.join(recipe, name)));
  }
  const directory = cacheDirectory('tensorflow', key.digest('hex').slice(0, 16));
  const isWhole = (/** @type {string} */ at) => existsSync(path.join(at, binding));
  if (isWhole(directory)) return { folder: directory };
  const found = await findPython();
  if ('missing' in found) return { missing: found.missing, possible: true };
  const compiler = findOnPath(['g++', 'c++']);
  if (compiler === undefined) {
    return { missing: 'this machine has no C++ compiler (Debian: g++)', possible: true };
  }
  /** What a program said that failed: no network, or a compiler without headers. */
  let refusal = '';
  /** @param {import('./command.mjs').Outcome} outcome */
  const need = ({ ok, output }) => {
    if (ok) return;
    refusal = output.trim();
    throw new Error(refusal);
  };
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'ebm-tensorflow-'));
  try {
    await makeWhole(directory, {
      what: 'build of tfjs-node',
      isWhole,
      fill: async (at) => {
        for (const name of files) await copyFile(path.join(recipe, name), path.join(at, name));
        const python = path.join(scratch, 'python');
        need(await run(found.python, ['-m', 'venv', python]));
        const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
        const pinned = ['--requirement', path.join(recipe, 'requirements.txt'), '--require-hashes'];
        const [packages, wheels] = await Promise.all([
          npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], at),
          run(
            pythonIn(python),
            [
              ...['-m', 'pip', 'download', ...quiet, '--no-deps', '--only-binary', ':all:'],
              ...[...wheelFor, '--dest', scratch, ...pinned],
            ],
            // It needs no room in pip's cache of its own.
            { env: { ...process.env, PIP_NO_CACHE_DIR: '1' } },
          ),
        ]);
        need(packages);
        need(wheels);
        const wheel = (await readdir(scratch)).find((name) => name.endsWith('.whl')) ?? '';
        need(await run(found.python, ['-c', unpack, path.join(scratch, wheel), scratch]));
        const unpacked = path.join(scratch, 'tensorflow');
        const libraries = path.join(at, packageFolder, 'deps/lib');
        await mkdir(libraries, { recursive: true });
        const names = (await readdir(unpacked)).filter((name) => name.startsWith('libtensorflow'));
        for (const name of names) {
          await moveFile(path.join(unpacked, name), path.join(libraries, name));
        }
        const sources = path.join(at, packageFolder, 'binding');
        const units = (await readdir(sources)).filter((name) => name.endsWith('.cc'));
        await mkdir(path.dirname(path.join(at, binding)), { recursive: true });
        // Node's headers would be a download of their own; those of Node-API, which is all that the
        // binding uses, come as a package.
        need(
          await run(compiler, [
            ...['-std=c++17', '-O1', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
            `-I${path.join(at, 'node_modules/node-api-headers/include')}`,
            `-I${path.join(unpacked, 'include')}`,
            ...units.map((name) => path.join(sources, name)),
            ...['-o', path.join(at, binding), `-L${libraries}`],
            ...names.map((name) => `-l:${name}`),
            // As the package's own: found beside it wherever the folder lies.
            '-Wl,-rpath,$ORIGIN/../../deps/lib',
          ]),
        );
      },
    });
  } catch (error) {
    if (refusal === '') throw error;
    const lines = refusal.split('\n');
    const said = lines.find((line) => /error[: ]/i.test(line) && !/error code/.test(line));
    return { missing: `tfjs-node could not be built: ${said ?? lines.at(-1)}`, possible: true };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return { folder: directory };
}

/**
 * Moves a file, also to another file system, as the temporary folder often is one.
 * @param {string} from
 * @param {string} to
 */
async function moveFile(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EXDEV') throw error;
    await copyFile(from, to);
    await rm(from);
  }
}
