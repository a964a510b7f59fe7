/**
 * Runs that 0.1.0 recorded are opened, go on and are repeated. They were trained by `ebm run` on
 * WebAssembly, whose numbers are the same on every machine: `stopped` was interrupted, `unbroken` is
 * the same experiment that nobody disturbed. Whatever the compiler or the methods become, these bits
 * stay: newer expressions are for runs that record a newer arithmetic. Needs `dist/ebm.js`.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { JsonObject } from '../../protocol/run';
import { listCheckpoints } from '../../run-directory/checkpoints';
import { listRuns } from '../../run-directory/listing';
import { readManifest } from '../../run-directory/manifest';
import { listPreviewSteps, readPreview } from '../../run-directory/previews';
import { command, result, runsIn, succeed } from '../support/shell-runs';
import { temporaryFolder } from '../support/temporary';
import { readCurve } from '../support/trainer';

const kept = path.resolve('test/fixtures/runs-0.1.0');

/** A folder of its own with both runs. */
async function olderRuns(t: TestContext) {
  const folder = await temporaryFolder(t);
  await cp(kept, path.join(folder, 'runs'), { recursive: true });
  const [unbroken, stopped] = await runsIn(folder);
  return { folder, unbroken: unbroken!, stopped: stopped! };
}

/** Every preview of a run as 0.1.0 kept it, by the name of its file, as bits. */
async function previewsOf(directory: string): Promise<Record<string, string>> {
  const samples = path.join(directory, 'samples');
  const isKept = (name: string) => /^(\d+\.(samples|field)|data)\.npy$/.test(name);
  const names = (await readdir(samples)).filter(isKept).sort();
  const digests = names.map(async (name) => [name, await digest(path.join(samples, name))]);
  return Object.fromEntries(await Promise.all(digests)) as Record<string, string>;
}

async function digest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

test('runs of 0.1.0 open with all that they recorded', async (t) => {
  const { folder, unbroken, stopped } = await olderRuns(t);
  const listed = await listRuns(path.join(folder, 'runs'));
  assert.deepEqual(
    listed.map((listing) => 'manifest' in listing && listing.manifest.state),
    [
      { status: 'stopped', step: 40, steps: 240 },
      { status: 'finished', step: 240, steps: 240 },
    ],
  );
  assert.deepEqual(await listCheckpoints(stopped), [20, 40]);
  assert.deepEqual(await listCheckpoints(unbroken), [220, 240]);
  const manifest = await readManifest(unbroken);
  const source = path.join(unbroken, manifest.experiment.source);
  assert.equal(await digest(source), manifest.experiment.sha256);
  assert.deepEqual(await listPreviewSteps(unbroken), [0, 120, 240]);
  const frame = await readPreview(unbroken, 240, manifest.preview!);
  assert.deepEqual([frame.count, frame.samples.length, frame.field?.length], [8, 16, 64]);
  for (const { name } of manifest.metrics) {
    const { steps, values } = await readCurve(unbroken, undefined, 0, name);
    assert.deepEqual(
      steps,
      [...steps.keys()].map((k) => k + 1),
      name,
    );
    assert.ok(values.length === 240 && values.every(Number.isFinite), name);
  }
  const shown = command(t, folder, 'show', manifest.id);
  await succeed(shown);
  assert.match(shown.out(), /^status +finished, 240 of 240 steps$/m);
});

test('a run that 0.1.0 stopped goes on as 0.1.0 would have, bit for bit', async (t) => {
  const { folder, unbroken, stopped } = await olderRuns(t);
  await succeed(command(t, folder, 'resume', stopped));
  assert.deepEqual(await result(stopped), await result(unbroken));
  assert.deepEqual(await previewsOf(stopped), await previewsOf(unbroken));
  const { state, resumes } = await readManifest(stopped);
  assert.equal(state.status, 'finished');
  assert.deepEqual(
    resumes?.map(({ step }) => step),
    [40],
  );
});

/** What a run of 0.1.0 had said, with the options that came after it as they are where nobody asks for them. */
function withNewOptions(config: JsonObject): JsonObject {
  const part = (of: JsonObject, name: string) => of[name] as JsonObject;
  const withSampler = (of: JsonObject) => ({
    ...of,
    sampler: { ...part(of, 'sampler'), domain: null },
  });
  return {
    ...config,
    objective: withSampler(part(config, 'objective')),
    optimizer: { ...part(config, 'optimizer'), freeze: [], groups: [] },
    preview: { ...withSampler(part(config, 'preview')), outOfDistribution: null },
  };
}

test('a run of 0.1.0 is repeated exactly', async (t) => {
  const { folder, unbroken } = await olderRuns(t);
  const { id } = await readManifest(unbroken);
  await succeed(command(t, folder, 'run', '--exactly', id));
  const again = (await runsIn(folder)).at(-1)!;
  assert.deepEqual(await result(again), await result(unbroken));
  assert.deepEqual(await previewsOf(again), await previewsOf(unbroken));
  const [then, now] = [await readManifest(unbroken), await readManifest(again)];
  assert.equal(now.parent, then.id);
  // What it did not know yet is left out, and everything it knew is as it was.
  assert.deepEqual(
    [now.config, now.seed, now.backend?.name, now.experiment, now.arithmetic],
    [withNewOptions(then.config), then.seed, 'wasm', then.experiment, 1],
  );
});
