/** Steps that are shared out over threads, on ONNX Runtime. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Execution, NoiseKey } from '../../trainer-worker/compiler/run/execution';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { runSharded } from '../../trainer-worker/compiler/run/run-sharded';
import { shardProgram } from '../../trainer-worker/compiler/shard/shard';
import {
  compileProgram,
  type ProgramDefinition,
} from '../../trainer-worker/compiler/trace/compile-program';
import {
  arraysFor,
  contrastiveDivergence,
  denoisingScoreMatching,
  multilayerPerceptron,
  slicedScoreMatching,
} from '../graph-programs';

const batch = 24;
const model = multilayerPerceptron({ batch, dimensions: 3, hidden: [8, 8] });
const methods: Readonly<Record<string, ProgramDefinition>> = {
  'contrastive divergence': contrastiveDivergence(model),
  'denoising score matching': denoisingScoreMatching(model),
  'sliced score matching': slicedScoreMatching(model),
};
const here = path.resolve('index.js');

function start(
  definition: ProgramDefinition,
  shards: number,
  initial = arraysFor(definition.state!, 1),
) {
  const program = compileProgram(definition);
  return shards === 1
    ? runOnOnnx(program, initial, { threads: 1 })
    : runSharded(program, shardProgram(program, batch, shards), initial, here);
}

async function train(
  execution: Execution,
  definition: ProgramDefinition,
  from: number,
  to: number,
): Promise<void> {
  for (let step = from; step < to; step++) {
    const feeds = { ...arraysFor(definition.inputs, 100 + step), steps: Int32Array.of(4) };
    await execution.run(feeds, { seed: 9, step });
  }
}

for (const [name, definition] of Object.entries(methods)) {
  test(`${name}: shards draw the noise of their rows and train as one session does`, async () => {
    const whole = await start(definition, 1);
    await train(whole, definition, 0, 3);
    const expected = await whole.readState();
    // 24 rows of 3 numbers in 3 and 4 parts: their noise begins within a block of the generator, too.
    for (const shards of [2, 3, 4]) {
      const shared = await start(definition, shards);
      assert.equal(shared.shards, shards);
      await train(shared, definition, 0, 3);
      for (const [tensor, values] of Object.entries(await shared.readState())) {
        values.forEach((value, place) => {
          // Adam's steps are of 1e-3, whatever the gradient: float32 sums in another order move them by
          // some 1e-7, other noise would by 1e-3.
          const error = Math.abs(value - expected[tensor]![place]!);
          assert.ok(error < 2e-5, `${tensor}[${place}] with ${shards} shards: ${error}`);
        });
      }
      await shared.dispose();
    }
    await whole.dispose();
  });
}

test('the same seed gives the same bits, also from the middle on', async () => {
  const definition = methods['contrastive divergence']!;
  const whole = await start(definition, 2);
  await train(whole, definition, 0, 40);
  const first = await start(definition, 2);
  await train(first, definition, 0, 15);
  const resumed = await start(definition, 2, await first.readState());
  await train(resumed, definition, 15, 40);
  assert.deepEqual(await resumed.readState(), await whole.readState());
  // Set back in the same execution: the shards must see the state, too.
  first.writeState(await whole.readState());
  await train(first, definition, 40, 41);
  await train(whole, definition, 40, 41);
  assert.deepEqual(await first.readState(), await whole.readState());
  for (const execution of [whole, first, resumed]) await execution.dispose();
});

test('a step that is not accepted leaves the state, for the shards as well', async () => {
  const definition = methods['denoising score matching']!;
  const execution = await start(definition, 2);
  const feeds = arraysFor(definition.inputs, 2);
  const key: NoiseKey = { seed: 0, step: 0 };
  const before = await execution.run(feeds, key, () => false);
  assert.deepEqual(await execution.readState(), arraysFor(definition.state!, 1));
  assert.deepEqual(await execution.run(feeds, key, () => true), before);
  assert.notDeepEqual((await execution.run(feeds, key))['loss'], before['loss']);
  await execution.dispose();
});

test('a thread that cannot start says why, and none is left', async () => {
  const program = compileProgram(methods['denoising score matching']!);
  const sharded = shardProgram(program, batch, 2);
  const initial = arraysFor(methods['denoising score matching']!.state!, 1);
  await assert.rejects(
    runSharded(program, sharded, initial, path.resolve('/nowhere/at/all.js')),
    /onnxruntime-node/,
  );
});

test('an input that is missing is told before any shard computes', async () => {
  const execution = await start(methods['denoising score matching']!, 2);
  await assert.rejects(execution.run({}, { seed: 0, step: 0 }), /needs .* nothing was given/);
  await execution.dispose();
});
