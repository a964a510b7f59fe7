import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { sampler } from 'ebm-lab';
import type { Program } from '../../../../trainer-worker/compiler/graph/program';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../../../trainer-worker/compiler/run/run-onnx';
import { runSharded } from '../../../../trainer-worker/compiler/run/run-sharded';
import { shardProgram } from '../../../../trainer-worker/compiler/shard/shard';
import type { Domain } from '../../../../trainer-worker/methods/data/domain';
import { type SamplerSpec, samplerMethod } from '../../../../trainer-worker/methods/samplers';
import {
  chainPrograms,
  type ModelDefinition,
} from '../../../../trainer-worker/trainer/training/model-programs';
import { ShownChains } from '../../../../trainer-worker/trainer/training/shown-chains';
import { everySampler } from '../../../support/every-sampler';

/** From where `onnxruntime-node` is found. */
const here = path.resolve('index.js');
const dimensions = 3;
const iterations = 14;

/** A quadratic energy with an interaction, at any noise level or at none. */
function quadratic(domain: Domain, levels: boolean): ModelDefinition {
  return {
    energy: {
      ...(levels ? { condition: 'noise level' as const } : {}),
      init: () => ({}),
      energy: (_, x, level) => {
        const squares = tf.sum(tf.square(tf.sub(x, [0.3, 0.8, -0.2])), 1);
        const energies = tf.mul(tf.add(squares, tf.prod(x, 1)), 0.6);
        return (level ? tf.div(energies, tf.add(1, tf.square(level))) : energies) as tf.Tensor1D;
      },
    },
    origin: { files: [] },
    dimensions,
    domain,
    parameters: [],
    ...(levels ? { shownNoiseLevel: 0.1 } : {}),
  };
}

const ofLevels = ['annealedLangevin', 'reverseSde', 'predictorCorrector', 'probabilityFlow'];

const cases: readonly (readonly [name: string, SamplerSpec, Domain])[] = [
  ...everySampler.map(([name, spec]) => {
    return [name, spec, (samplerMethod(spec).domains ?? ['real'])[0]!] as const;
  }),
  ['adapted MALA', sampler.metropolisAdjustedLangevin({ targetAcceptance: 0.6 }), 'real'],
  ['adapted NUTS', sampler.noUTurn({ targetAcceptance: 0.8, depth: 2 }), 'real'],
  ['adapted HMC', sampler.hamiltonian({ targetAcceptance: 0.8 }), 'real'],
  ['a chain that is reflected at zero', sampler.underdampedLangevin(), 'nonnegative'],
];

/** A program on so many threads, if there is anything in it to share out. */
function startOn(threads: number, program: Program) {
  const sharded = shardProgram(program, program.batch!.rows, threads);
  return threads === 1 || sharded.parts.length === 0
    ? runOnOnnx(program, {}, { threads: 1 })
    : runSharded(program, sharded, {}, here);
}

/**
 * Where chains end that run in pieces of so many iterations, and where they go on from there.
 *
 * @param threads that the chains are shared out over
 */
async function run(spec: SamplerSpec, domain: Domain, perPiece: number, threads: number) {
  await tf.setBackend('cpu');
  const model = quadratic(domain, ofLevels.includes(spec.type));
  const programsOf = (count: number) =>
    chainPrograms(model, samplerMethod(spec).build(spec), count);
  const count = 6;
  const programs = programsOf(count);
  const chains = new ShownChains(
    { programs, recorded: () => programsOf(2), draws: 3, seed: 4, iterationsPerPiece: perPiece },
    { name: 'onnx-cpu', reason: '', start: (program) => startOn(threads, program) },
  );
  const random = new Random(1, streams.previewStarts);
  const starts = Float32Array.from({ length: count * dimensions }, () =>
    domain === 'binary' ? random.integer(2) : random.uniform() * 2,
  );
  const ends = await chains.run(starts, iterations, 3, {});
  const record = await chains.record(ends, iterations, 3, {});
  await chains.dispose();
  return { ends, record };
}

describe('shown chains are the same to the bit in however many pieces they run', () => {
  for (const [name, spec, domain] of cases) {
    test(`${name}, on one thread`, async () => {
      const whole = await run(spec, domain, iterations, 1);
      assert.ok(whole.ends.every(Number.isFinite));
      for (const perPiece of [iterations / 2, iterations / 7, 1]) {
        assert.deepEqual(await run(spec, domain, perPiece, 1), whole, `${perPiece} a piece`);
      }
    });
    test(`${name}, shared out over two threads`, async () => {
      const whole = await run(spec, domain, iterations, 2);
      assert.ok(whole.ends.every(Number.isFinite));
      assert.deepEqual(await run(spec, domain, 2, 2), whole);
    });
  }
});
