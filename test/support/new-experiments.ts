import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkExperiment } from '../../trainer-worker/trainer/check/check-experiment';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import {
  offerFor,
  writeExperiment,
} from '../../trainer-worker/trainer/new-experiment/write-experiment';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';

/**
 * Writes, checks and trains an experiment for each method that is offered for data.
 *
 * @param data a toy's name or a file's path
 * @param first the method that is to be offered first
 * @param folder where the experiments are written
 */
export async function assertMethodsTrain(
  data: string,
  first: string,
  folder: string,
): Promise<void> {
  const { methods, fileName } = await offerFor(data);
  assert.match(fileName, /^[a-z0-9-]+\.ebm\.ts$/);
  assert.equal(methods[0]!.name, first);
  for (const { name } of methods) {
    const output = path.join(folder, `${path.basename(data)}-${name}.ebm.ts`);
    const file = await writeExperiment({ data, method: name, output });
    const { findings } = await checkExperiment(file);
    assert.deepEqual(findings, [], `${name}\n${await readFile(file, 'utf8')}`);
    // What it measures in the end is the matter of other tests, and takes most of the time.
    const overrides = {
      steps: 100,
      'preview.chainSteps': 5,
      'preview.resolution': 8,
      'preview.diagnostics': [],
    };
    const prepared = await prepareTraining(await loadExperiment(file, { overrides }));
    const loop = prepared.createLoop([]);
    assert.equal(await loop.run(), 'finished', name);
  }
}

/** No experiment of a folder has a type error. */
export async function assertNoTypeErrors(folder: string): Promise<void> {
  const config = path.join(folder, 'tsconfig.json');
  await writeFile(
    config,
    JSON.stringify({
      extends: path.resolve('tsconfig.json'),
      compilerOptions: {
        paths: {
          'ebm-lab': [path.resolve('trainer-worker/api/index.ts')],
          '@tensorflow/tfjs': [path.resolve('node_modules/@tensorflow/tfjs')],
        },
        typeRoots: [path.resolve('node_modules/@types')],
      },
      include: ['*.ebm.ts'],
    }),
  );
  const compiler = path.resolve('node_modules/typescript/bin/tsc');
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [compiler, '-p', config], (_, out) => resolve(out));
  });
  assert.equal(said, '');
}
