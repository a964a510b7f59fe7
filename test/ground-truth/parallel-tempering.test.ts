/** Parallel tempering against exact laws, and its round trips against what refusals foretell. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { samplerMethod } from '../../trainer-worker/methods/samplers';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import type { ParallelTemperingOptions } from '../../trainer-worker/methods/samplers/parallel-tempering';
import { foretoldRoundTrips } from '../../trainer-worker/methods/samplers/round-trips';
import type { Carried } from '../../trainer-worker/methods/samplers/sampler-method';

interface Target {
  readonly energy: (x: tf.Tensor2D) => tf.Tensor;
  readonly dimensions: number;
  readonly levels?: readonly number[];
  /** Where chain number `index` begins. */
  readonly start: (random: Random, index: number) => readonly number[];
}

interface Run {
  /** `[chains, D]` */
  readonly ends: Float32Array;
  /** Mean refusals of neighbours, `[rungs - 1]`. */
  readonly refusals: readonly number[];
  /** Round trips of a chain in a turn. */
  readonly trips: number;
  readonly statistics: Readonly<Record<string, number>>;
}

/** Runs chains, forgets what they counted but not where they are, and runs them on. */
async function temper(
  options: ParallelTemperingOptions,
  { energy, dimensions, levels, start }: Target,
  { chains, before, iterations }: Readonly<Record<'chains' | 'before' | 'iterations', number>>,
): Promise<Run> {
  const spec = sampler.parallelTempering(options);
  const sampling = samplerMethod(spec).build(spec);
  const model = modelOf(
    { init: () => ({}), energy: (_, x) => energy(x) },
    {},
    { files: [] },
    undefined,
    levels,
  );
  const kept = ['hotter', 'headings', 'turnsBefore', 'refusals', 'logColdness'];
  const program = compileProgram({
    inputs: { x: { shape: [chains, dimensions] } },
    step({ x }) {
      const first = runChain(sampling, model, x as tf.Tensor2D, before);
      const resume = (begun: Carried) =>
        Object.fromEntries(
          Object.entries(begun).map(([name, value]) => [
            name,
            kept.includes(name) ? first.carried[name]! : value,
          ]),
        );
      const { ends, carried, statistics } = runChain(sampling, model, first.ends, iterations, {
        resume,
      });
      const { refused, turns, trips } = carried;
      return {
        outputs: {
          ends,
          ...statistics,
          'mean refusals': tf.div(tf.mean(refused!, 0), turns!),
          'mean trips': tf.div(tf.mean(trips!), turns!),
        },
      };
    },
  });
  const execution = await runOnOnnx(program);
  const random = new Random(1, streams.chainStarts);
  const rows = Array.from({ length: chains }, (_, index) => start(random, index));
  const outputs = await execution.run({ x: Float32Array.from(rows.flat()) }, { seed: 3, step: 1 });
  await execution.dispose();
  const { ends, 'mean refusals': refusals, 'mean trips': trips, ...statistics } = outputs;
  return {
    ends: ends as Float32Array,
    refusals: Array.from(refusals!),
    trips: trips![0]!,
    statistics: Object.fromEntries(
      Object.entries(statistics).map(([name, values]) => [name, values[0]!]),
    ),
  };
}

/** Two Gaussians of variance 1 at ±5, the right one with this share; chains begin in the left one. */
function twoModes(share: number): Target {
  return {
    dimensions: 1,
    start: (random) => [random.normal() - 5],
    energy: (x) => {
      const [at] = [tf.squeeze(x, [1])];
      const mode = (place: number, weight: number) =>
        tf.add(tf.mul(tf.square(tf.sub(at, place)), -0.5), Math.log(weight));
      return tf.neg(tf.logSumExp(tf.stack([mode(5, share), mode(-5, 1 - share)], 1), 1));
    },
  };
}

describe('two modes', () => {
  const options = {
    ...{ temperatures: 7, highest: 40, stepSize: 1.2, exchangeEvery: 8 },
    ladder: 'adapted',
  } as const;

  test('round trips are as many as refusals foretell, within a tenth', async () => {
    const chains = 256;
    const turns = 600;
    const { refusals, trips, statistics } = await temper(options, twoModes(0.5), {
      ...{ chains, before: 200 * 8, iterations: turns * 8 },
    });
    // Some 30 000 trips: their number is known to 1 %, and the refusals better. The rest of the tenth is
    // for what eight moves leave of the energies between exchanges.
    const foretold = foretoldRoundTrips(refusals);
    assert.ok(Math.abs(trips / foretold - 1) < 0.1, `${trips} of ${foretold} foretold`);
    assert.ok(trips * chains * turns > 10_000, 'Too few trips to tell.');
    const barrier = refusals.reduce((sum, refusal) => sum + refusal);
    assert.ok(Math.abs(statistics['Communication barrier']! - barrier) < 1e-4);
    assert.ok(Math.abs(statistics['Round trips']! - trips) < 1e-6);
    // No schedule of exchanges has more.
    assert.ok(trips <= 1.02 / (2 + 2 * barrier));
  });

  test('an adapted ladder has neighbours refuse equally often, a geometric one does not', async () => {
    const run = { chains: 256, before: 8 * 400, iterations: 8 * 200 };
    const spread = ({ refusals }: Run) => Math.max(...refusals) - Math.min(...refusals);
    const adapted = spread(await temper(options, twoModes(0.5), run));
    const geometric = spread(await temper({ ...options, ladder: 'geometric' }, twoModes(0.5), run));
    assert.ok(adapted < 0.02, `${adapted}`);
    assert.ok(geometric > 5 * adapted, `${geometric} against ${adapted}`);
  });

  test('chains have the exact moments', async () => {
    const chains = 4000;
    const { ends } = await temper(options, twoModes(0.7), {
      ...{ chains, before: 8 * 50, iterations: 8 * 50 },
    });
    const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x) / values.length;
    const values = [...ends];
    // x is ±5 and a standard Gaussian: mean 2, variance 1 + 25 - 4 = 22. Four standard errors of
    // independent chains, chance 6e-5 each; E x² = 26 has variance 4·25 + 2 = 102.
    assert.ok(Math.abs(mean(values) - 2) < 4 * Math.sqrt(22 / chains), `${mean(values)}`);
    const squares = mean(values.map((x) => x * x));
    assert.ok(Math.abs(squares - 26) < 4 * Math.sqrt(102 / chains), `${squares}`);
  });
});

/** Twelve spins that all draw each other (Curie and Weiss), with a field. Chains begin where few are. */
function spins(draw: number, field: number): Target & { readonly law: readonly number[] } {
  const count = 12;
  const binomial = (k: number) => {
    let value = 1;
    for (let i = 1; i <= k; i++) value = (value * (count - k + i)) / i;
    return value;
  };
  const weights = Array.from({ length: count + 1 }, (_, up) => {
    const m = 2 * up - count;
    return binomial(up) * Math.exp((draw * m * m) / 2 + field * m);
  });
  const total = weights.reduce((sum, weight) => sum + weight);
  return {
    dimensions: count,
    start: () => new Array<number>(count).fill(0),
    energy: (x) => {
      const m = tf.sub(tf.mul(tf.sum(x, 1), 2), count);
      return tf.neg(tf.add(tf.mul(tf.square(m), draw / 2), tf.mul(m, field)));
    },
    law: weights.map((weight) => weight / total),
  };
}

test('bits have the exact law of their sum, across a barrier that single chains do not cross', async () => {
  const chains = 4000;
  const { law, ...target } = spins(0.3, 0.05);
  const shares = async (options: ParallelTemperingOptions) => {
    const run = { chains, before: 150, iterations: 150 };
    const { ends } = await temper({ ...options, moves: 'gibbsWithGradients' }, target, run);
    const counts = law.map(() => 0);
    for (let chain = 0; chain < chains; chain++) {
      counts[ends.subarray(chain * 12, chain * 12 + 12).reduce((sum, bit) => sum + bit)]! += 1;
    }
    return counts.map((count) => count / chains);
  };
  const tempered = await shares({ temperatures: 8, highest: 20, ladder: 'adapted' });
  law.forEach((chance, up) => {
    // Four and a half standard errors of independent chains for thirteen shares (chance 9e-5 in all).
    const bound = 4.5 * Math.sqrt((chance * (1 - chance)) / chains) + 2 / chains;
    assert.ok(Math.abs(tempered[up]! - chance) < bound, `${up}: ${tempered[up]}, not ${chance}`);
  });
  // With hardly any temperature above 1 nothing helps a chain over the barrier.
  const alone = await shares({ temperatures: 2, highest: 1.01 });
  const upper = (of: readonly number[]) => of.slice(7).reduce((sum, share) => sum + share);
  assert.ok(upper(law) > 0.7 && upper(alone) < 0.3, `${upper(alone)}`);
});

test('categories have the exact law', async () => {
  const [categories, levels] = [4, 3];
  const draw = 2;
  // Equal levels draw each other; the first level is a little likelier.
  const energyOf = (state: readonly number[]) => {
    let energy = 0;
    state.forEach((level, i) => {
      energy -= level === 0 ? 0.2 : 0;
      for (const other of state.slice(0, i)) energy -= other === level ? draw : 0;
    });
    return energy;
  };
  const states = Array.from({ length: levels ** categories }, (_, number) =>
    Array.from(
      { length: categories },
      (__, place) => Math.floor(number / levels ** place) % levels,
    ),
  );
  const weights = states.map((state) => Math.exp(-energyOf(state)));
  const total = weights.reduce((sum, weight) => sum + weight);
  const dimensions = categories * levels;
  const chains = 4000;
  const { ends } = await temper(
    { moves: 'gibbsWithGradients', temperatures: 5, highest: 10, ladder: 'adapted' },
    {
      dimensions,
      levels: new Array<number>(categories).fill(levels),
      start: () => Array.from({ length: dimensions }, (_, column) => Number(column % levels === 2)),
      energy: (x) => {
        const counts = tf.sum(tf.reshape(x, [-1, categories, levels]), 1);
        const pairs = tf.mul(tf.sum(tf.mul(counts, tf.sub(counts, 1)), 1), draw / 2);
        const first = tf.squeeze(tf.slice(counts, [0, 0], [-1, 1]), [1]);
        return tf.neg(tf.add(pairs, tf.mul(first, 0.2)));
      },
    },
    { chains, before: 100, iterations: 100 },
  );
  const seen = states.map(() => 0);
  for (let chain = 0; chain < chains; chain++) {
    const row = ends.subarray(chain * dimensions, (chain + 1) * dimensions);
    const number = Array.from({ length: categories }, (_, place) =>
      row.subarray(place * levels, (place + 1) * levels).indexOf(1),
    ).reduceRight((sum, level) => sum * levels + level, 0);
    seen[number]! += 1;
  }
  weights.forEach((weight, number) => {
    const chance = weight / total;
    // Five standard errors for 81 shares (chance 5e-5 in all), and two counts where these are Poisson.
    const bound = 5 * Math.sqrt((chance * (1 - chance)) / chains) + 4 / chains;
    assert.ok(Math.abs(seen[number]! / chains - chance) < bound, `${states[number]}`);
  });
});
