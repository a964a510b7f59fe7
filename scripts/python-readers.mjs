/**
 * The programs that others read our files with, in a Python of their own: TensorBoard, safetensors,
 * ONNX and ONNX Runtime, JAX, NumPy. The tests of test/python ask them what they read.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory } from './cache-directory.mjs';
import { findOnPath, run } from './command.mjs';
import { makeWhole } from './whole-folder.mjs';

/** The oldest Python 3 that the pinned packages have wheels for. */
const oldestMinor = 9;

/** What tells of a Python, where it can make environments. */
const probe = `
import json, platform, sys
import ensurepip, venv
print(json.dumps([list(sys.version_info[:3]), sys.base_prefix, platform.platform()]))
`;

/**
 * A Python of this machine that can make environments, or why there is none.
 * @returns {Promise<{ python: string, identity: string } | { missing: string }>}
 */
export async function findPython() {
  const program = findOnPath(['python3', 'python']);
  if (program === undefined) return { missing: 'this machine has no Python (Debian: python3)' };
  const { ok, output } = await run(program, ['-c', probe]);
  if (!ok) {
    const last = output.trim().split('\n').at(-1);
    return { missing: `${program} makes no environments (Debian: python3-venv): ${last}` };
  }
  const identity = output.trim();
  const [[major, minor]] = JSON.parse(identity);
  if (major === 3 && minor >= oldestMinor) return { python: program, identity };
  return { missing: `${program} is Python ${major}.${minor}; 3.${oldestMinor} or newer is needed` };
}

/**
 * The Python of an environment.
 * @param {string} directory
 */
export function pythonIn(directory) {
  return path.join(directory, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
}

/**
 * Installs the readers where they are missing: about a minute and 800 MB, kept from run to run.
 * `EBM_PYTHON` names a Python that has them already.
 * @param {string} [repository] where this project is; npm and the test runner start us there
 * @returns {Promise<{ python: string } | { missing: string }>} their Python, or why there is none
 */
export async function installPythonReaders(repository = process.cwd()) {
  const given = process.env['EBM_PYTHON'];
  if (given) return { python: given };
  const found = await findPython();
  if ('missing' in found) return found;
  const requirements = path.join(repository, 'test/python/requirements.txt');
  const key = createHash('sha256')
    .update(found.identity)
    .update(await readFile(requirements))
    .digest('hex');
  const directory = cacheDirectory('python', key.slice(0, 16));
  /** What pip said where it failed: no network, or no wheel for this machine. */
  let refusal = '';
  /** @param {string} program @param {string[]} args */
  const step = async (program, args) => {
    const { ok, output } = await run(program, args);
    if (ok) return;
    refusal = output.trim();
    throw new Error(refusal);
  };
  try {
    await makeWhole(directory, {
      what: 'install of the Python readers',
      isWhole: (at) => existsSync(pythonIn(at)),
      // Moved once it is whole: of an environment, its Python alone can be moved and is used.
      fill: async (at) => {
        await step(found.python, ['-m', 'venv', at]);
        const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
        const wheels = ['--only-binary', ':all:', '--requirement', requirements];
        await step(pythonIn(at), ['-m', 'pip', 'install', ...quiet, ...wheels]);
      },
    });
  } catch (error) {
    if (refusal === '') throw error;
    const last = refusal.split('\n').findLast((line) => /^ERROR/i.test(line)) ?? refusal;
    return { missing: `TensorBoard, JAX and the others could not be installed: ${last}` };
  }
  return { python: pythonIn(directory) };
}
