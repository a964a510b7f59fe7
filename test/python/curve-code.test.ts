/** The code that the panel copies, run as it is: what it reads is what we read. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { EventWriter, readScalars } from '../../run-directory/event-file';
import { pythonCode, typescriptCode } from '../../webview/store/curve-code';
import { readersPython, withoutReaders } from '../support/python-readers';
import { temporaryFolder } from '../support/temporary';

const run = promisify(execFile);
const metrics = ['loss', 'a "name", of its own: ε\\n'];

/** A run in a folder with a name as hostile as a folder may have. */
async function writtenRun(folder: string, steps: readonly number[]): Promise<string> {
  const directory = path.join(folder, 'a "run" $of \\n ε');
  await mkdir(directory);
  const writer = await EventWriter.open(directory, new Date(1_700_000_000_000));
  for (const [at, step] of steps.entries()) {
    const values = { [metrics[0]!]: 1 / (at + 3), [metrics[1]!]: 2 - at, unwanted: 7 };
    writer.append(step, 1_700_000_000 + at, values);
  }
  await writer.close();
  return directory;
}

/** Points of the chosen curves as the panel has them. */
async function ourPoints(directory: string): Promise<Record<string, [number, number][]>> {
  const found: Record<string, [number, number][]> = {};
  for await (const { series } of readScalars(directory)) {
    for (const name of metrics) {
      const { steps, values } = series[name]!;
      found[name] = [...steps].map((step, at) => [step, values[at]!]);
    }
  }
  return found;
}

test('the Python reads the curves', { skip: withoutReaders }, async (t) => {
  const folder = await temporaryFolder(t);
  const directory = await writtenRun(folder, [1, 2, 5, 2 ** 40]);
  const script = path.join(folder, 'read.py');
  const code = pythonCode(directory, metrics);
  await writeFile(script, `${code}\nimport json\nprint(json.dumps(curves))\n`);
  const { stdout } = await run(readersPython(), [script], { encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  assert.match(lines[0]!, /^loss 4 points, the last \(1099511627776, 0\.16/);
  assert.deepEqual(JSON.parse(lines.at(-1)!), await ourPoints(directory));
});

test('the TypeScript reads the curves, also of a training that went back', async (t) => {
  const folder = await temporaryFolder(t);
  const directory = await writtenRun(folder, [1, 2, 5, 6, 4, 5, 2 ** 40]);
  const code = typescriptCode(directory, metrics);
  const added = 'console.log(JSON.stringify([...curves].map(([m, p]) => [m, [...p]])));';
  const { code: script } = await transform(`${code}\n${added}`, { loader: 'ts', format: 'esm' });
  const file = path.join(folder, 'read.mjs');
  await writeFile(file, script);
  const { stdout } = await run(process.execPath, [file], { encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  assert.match(stdout, /^loss 5 points, the last \[ 1099511627776, 0\.11/);
  const read = Object.fromEntries(JSON.parse(lines.at(-1)!) as [string, [number, number][]][]);
  assert.deepEqual(read, await ourPoints(directory));
});

test('the TypeScript is what a strict compiler takes', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'read.ts');
  await writeFile(file, typescriptCode('/runs/a', metrics));
  const types = path.resolve('node_modules/@types');
  const options = [
    '--strict',
    '--noUncheckedIndexedAccess',
    '--noEmit',
    '--skipLibCheck',
    '--ignoreConfig',
  ];
  const target = ['--target', 'es2022', '--module', 'nodenext', '--typeRoots', types];
  const compiler = path.resolve('node_modules/typescript/bin/tsc');
  const args = [compiler, ...options, ...target, '--types', 'node', file];
  await run(process.execPath, args).catch((error: unknown) => {
    assert.fail((error as { stdout: string }).stdout);
  });
});
