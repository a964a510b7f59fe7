import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { installPythonReaders } from '../../scripts/python-readers.mjs';

const readers = await installPythonReaders();

/** Why checks by the readers of others have to be left out here, or false; never in CI. */
export const withoutReaders: string | false = 'missing' in readers ? readers.missing : false;
if (withoutReaders && process.env['CI']) throw new Error(withoutReaders);

/** The Python that has them. */
export function readersPython(): string {
  if ('missing' in readers) throw new Error(readers.missing);
  return readers.python;
}

/** Runs a script of test/python and answers with what it prints, which is JSON. */
export async function askPython(script: string, ...args: readonly string[]): Promise<unknown> {
  const file = path.resolve('test/python', script);
  const { stdout } = await promisify(execFile)(readersPython(), [file, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    // Its warnings are of GPUs that it does not find.
    env: { ...process.env, JAX_PLATFORMS: 'cpu', PYTHONDONTWRITEBYTECODE: '1' },
  });
  return JSON.parse(stdout);
}
