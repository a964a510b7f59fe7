/**
 * How near the examples of images come to their data: each trained as it is, with its minutes on this machine,
 * the sliced Wasserstein and the Fréchet distance (in random features) of its samples from held-out images beside
 * their floors, what training images come to, and the accuracy where it classifies. Writes the samples as
 * pictures to `out/images`.
 *
 * `EBM_BENCH_IMAGES` names some of the recipes. Fashion-MNIST is left out where its files are not installed.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PreviewFrame } from '../protocol/run';
import { loadExperiment } from '../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../trainer-worker/trainer/training/prepare';
import { imageSheet } from './image-sheet';
import { type Line, measure, report } from './table';

/** Recipe → its file, and what has to be there. */
const recipes: Readonly<Record<string, { readonly file: string; readonly needs?: string }>> = {
  'digits, SDE': { file: 'examples/digits.ebm.ts' },
  'digits, noise levels': { file: 'examples/digits-levels.ebm.ts' },
  'digits, Boltzmann machine': { file: 'examples/digits-machine.ebm.ts' },
  'digits, JEM': { file: 'examples/digits-jem.ebm.ts' },
  'Fashion-MNIST': {
    file: 'bench/fashion-mnist.ebm.ts',
    needs: '/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz',
  },
};

const pictures = path.resolve('out/images');

/** Trains a recipe and looks at it once, at its end. */
async function train(name: string, file: string): Promise<Line> {
  const start = performance.now();
  const loaded = await loadExperiment(path.resolve(file), {
    overrides: { 'preview.every': 1_000_000 },
  });
  const prepared = await prepareTraining(loaded, { backend: 'onnx-cpu' });
  let values: Readonly<Record<string, number>> = {};
  let frame: PreviewFrame | undefined;
  const loop = prepared.createLoop([
    {
      metrics(_step, metrics) {
        values = metrics;
      },
      async preview(latest) {
        frame = latest;
      },
    },
  ]);
  const status = await loop.run();
  if (status !== 'finished') throw new Error(`${name} did not finish: it ${status}.`);
  const minutes = (performance.now() - start) / 60e3;
  const layout = prepared.description.preview!.image!;
  const png = path.join(pictures, `${path.basename(file, '.ebm.ts')}.png`);
  await writeFile(png, imageSheet(frame!.samples, layout));
  const of = (metric: string, unit: 'distance' | 'share') =>
    values[metric] === undefined ? undefined : measure(unit, values[metric]);
  const besideFloor = (metric: string) => [
    of(metric, 'distance'),
    of(`${metric}/error`, 'distance'),
    of(`${metric}/floor`, 'distance'),
  ];
  return {
    name,
    measures: [
      measure('minutes', minutes),
      ...besideFloor('discrepancy/sliced-wasserstein'),
      ...besideFloor('discrepancy/random-feature-frechet'),
      of('memorization/ratio', 'share'),
      of('accuracy/held-out', 'share'),
    ],
  };
}

const wanted = process.env['EBM_BENCH_IMAGES']?.split(';') ?? Object.keys(recipes);
await mkdir(pictures, { recursive: true });
const rows: Line[] = [];
const remarks: string[] = [];
for (const name of wanted) {
  const recipe = recipes[name];
  if (!recipe) {
    const known = Object.keys(recipes).join('; ');
    throw new Error(`There is no recipe '${name}' among these: ${known}.`);
  }
  if (recipe.needs !== undefined && !existsSync(recipe.needs)) {
    remarks.push(`${name} is left out: there is no ${recipe.needs}.`);
    continue;
  }
  rows.push(await train(name, recipe.file));
  // They take minutes: each is told when it is there, and all once more at the end.
  console.log(`${name} has been trained.`);
}
report([
  {
    title: 'Samples of images against held-out ones, each distance with its error beside its floor',
    remarks: [...remarks, `The samples are in ${path.relative('.', pictures)}.`],
    head: [
      'recipe',
      'time',
      'sliced W',
      'W ±',
      'W floor',
      'Fréchet²',
      'F² ±',
      'F² floor',
      'nearest row',
      'accuracy',
    ],
    rows,
  },
]);
