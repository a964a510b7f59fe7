import { mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './temporary';

/**
 * A folder with the given files, gone after the test.
 *
 * @param files name relative to the folder → contents
 * @returns the folder's absolute path
 */
export async function experimentFolder(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  // Where the temporary folder is a link, esbuild names the files by their real path.
  const folder = await realpath(await temporaryFolder(t));
  for (const [name, contents] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, contents);
  }
  return folder;
}

/** A small experiment that trains in well under a second; `changes` replace lines of it by key. */
export function smallExperiment(changes: Readonly<Record<string, string>> = {}): string {
  const options = {
    data: 'data.twoMoons({ samples: 500, heldOut: 100 })',
    energy: 'energy.mlp({ hidden: [8, 8] })',
    objective:
      'objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ steps: 3 }), bufferSize: 128 })',
    optimizer: 'optimizer.adam({ learningRate: 1e-3 })',
    batchSize: '16',
    steps: '20',
    preview: '{ every: 10, samples: 32, resolution: 16 }',
    ...changes,
  };
  const lines = Object.entries(options).map(([key, value]) => `  ${key}: ${value},`);
  return [
    "import * as tf from '@tensorflow/tfjs';",
    "import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';",
    'export default experiment({',
    ...lines,
    '});',
    'void tf;',
    '',
  ].join('\n');
}
