/** Whole runs on TensorFlow's own library. */
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { packagesVariable } from '../../protocol/backends';
import { readManifest } from '../../run-directory/manifest';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { tensorflowFolder, withoutTensorflow } from '../support/real-tensorflow';
import { command, refuse, result, runsIn, succeed } from '../support/shell-runs';
import { temporaryFolder } from '../support/temporary';

const skip = withoutTensorflow;
before(() => {
  delete process.env['TF_CPP_MIN_LOG_LEVEL'];
  if (!skip) process.env[packagesVariable] = tensorflowFolder();
});

const source = smallExperiment({
  energy: 'energy.mlp({ hidden: [16] })',
  objective:
    'objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ steps: 2, stepSize: 0.1 }), bufferSize: 64 })',
  steps: '40',
});
const experiment = (t: TestContext) => experimentFolder(t, { 'moons.ebm.ts': source });

test('a run is the same to the bit, and the processor goes on with it, as with its own', {
  skip,
}, async (t) => {
  const folder = await experiment(t);
  const run = (backend: string, steps: string) =>
    succeed(command(t, folder, 'run', 'moons.ebm.ts', '--backend', backend, '--steps', steps));
  await run('tfjs-node', '20');
  await run('tfjs-node', '20');
  await run('onnx-cpu', '40');
  const [first, second, unbroken] = await runsIn(folder);
  assert.deepEqual(await result(second!), await result(first!));
  for (const backend of ['onnx-cpu', 'tfjs-node']) {
    const steps = backend === 'onnx-cpu' ? '30' : '40';
    await succeed(command(t, folder, 'resume', first!, '--backend', backend, '--steps', steps));
    assert.equal((await readManifest(first!)).backend?.name, backend);
  }
  const [mixed, expected] = [await result(first!), await result(unbroken!)];
  assert.deepEqual(mixed.steps, expected.steps);
  const largest = Math.max(...expected.values.map(Math.abs));
  for (const [index, value] of expected.values.entries()) {
    // Sums in another order differ by 1e-6, which chains and forty steps stretch.
    const error = Math.abs(mixed.values[index]! - value) / largest;
    assert.ok(error <= 1e-3, `step ${index + 1} differs by ${error}`);
  }
});

/** The package in a folder of its own, without its native part. */
async function unbuilt(t: TestContext): Promise<{ folder: string; build(): Promise<void> }> {
  const from = path.join(tensorflowFolder(), 'node_modules');
  const folder = await temporaryFolder(t);
  const to = path.join(folder, 'node_modules');
  const link = async (place: string) => symlink(path.join(from, place), path.join(to, place));
  await mkdir(path.join(to, '@tensorflow/tfjs-node'), { recursive: true });
  for (const name of await readdir(from)) if (name !== '@tensorflow') await link(name);
  for (const name of await readdir(path.join(from, '@tensorflow'))) {
    if (name !== 'tfjs-node') await link(`@tensorflow/${name}`);
  }
  for (const part of ['package.json', 'dist']) {
    const place = path.join('@tensorflow/tfjs-node', part);
    await cp(path.join(from, place), path.join(to, place), { recursive: true });
  }
  const build = async () => {
    await link('@tensorflow/tfjs-node/deps');
    await link('@tensorflow/tfjs-node/lib');
  };
  return { folder, build };
}

test('a package without its binding is refused, and trains as soon as it has one', {
  skip,
}, async (t) => {
  const folder = await experiment(t);
  const { folder: packages, build } = await unbuilt(t);
  process.env[packagesVariable] = packages;
  t.after(() => {
    process.env[packagesVariable] = tensorflowFolder();
    delete process.env['TF_CPP_MIN_LOG_LEVEL'];
  });
  const run = () =>
    command(t, folder, 'run', 'moons.ebm.ts', '--backend', 'tfjs-node', '--steps', '2');
  const refused = run();
  await refuse(
    refused,
    /tfjs_binding\.node\) can not be found at path: \S+\/tfjs_binding\.node\.\n/,
  );
  assert.match(refused.errors(), /npm rebuild @tensorflow\/tfjs-node --build-addon-from-source/);
  await build();
  const trained = run();
  await succeed(trained);
  // Nothing of what TensorFlow tells of itself (a date, a letter, the place in its source).
  assert.doesNotMatch(trained.errors(), /\bI tensorflow\//);
  assert.match(trained.out(), /tfjs-node 4\.22\.0 \(TensorFlow 2\.12\.0\) on the processor/);
  process.env['TF_CPP_MIN_LOG_LEVEL'] = '0';
  const wanted = run();
  await succeed(wanted);
  assert.match(wanted.errors(), /\bI tensorflow\//);
});
