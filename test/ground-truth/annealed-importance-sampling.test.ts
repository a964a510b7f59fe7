import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import type { Dataset } from '../../trainer-worker/methods/data/dataset';
import { logSumExp } from '../../trainer-worker/methods/data/density';
import { diagnostics } from '../../trainer-worker/methods/diagnostics';
import {
  type Estimate,
  isKnown,
  type KnownEstimate,
} from '../../trainer-worker/methods/diagnostics/estimate';

type Energy = (point: Float32Array) => number;

/** A model whose log Z is known, and which can be drawn from exactly. */
interface KnownModel {
  readonly dimensions: number;
  readonly domain: Dataset['domain'];
  readonly energy: Energy;
  readonly logZ: number;
  /** `[count, D]` */
  draw(random: Random, count: number): Float32Array;
  /** Data that the base is fitted to, where they are not like the model's. */
  data?(random: Random, count: number): Float32Array;
}

const log2Pi = Math.log(2 * Math.PI);

function rowsOf(count: number, draw: () => ArrayLike<number>): Float32Array {
  return Float32Array.from(Array.from({ length: count }, () => Array.from(draw())).flat());
}

/** A Gaussian that is narrow, wide and moved; the base is fitted to data twice as wide, out of place. */
function movedGaussian(): KnownModel {
  const deviations = [0.5, 2, 1];
  const draw = (random: Random, count: number) =>
    rowsOf(count, () => deviations.map((deviation, d) => d + deviation * random.normal()));
  return {
    dimensions: 3,
    domain: 'real',
    energy: (x) =>
      7 + x.reduce((sum, value, d) => sum + ((value - d) / deviations[d]!) ** 2 / 2, 0),
    logZ: 1.5 * log2Pi - 7,
    draw,
    data: (random, count) => draw(random, count).map((value) => 2 * value + 1),
  };
}

/** Equally likely Gaussian modes. */
function modes(middles: readonly (readonly number[])[], deviation: number): KnownModel {
  const dimensions = middles[0]!.length;
  return {
    dimensions,
    domain: 'real',
    energy: (x) =>
      -logSumExp(
        middles.map(
          (middle) =>
            -middle.reduce((sum, at, d) => sum + (x[d]! - at) ** 2, 0) / (2 * deviation ** 2),
        ),
      ),
    logZ: Math.log(middles.length) + dimensions * (log2Pi / 2 + Math.log(deviation)),
    draw: (random, count) =>
      rowsOf(count, () =>
        middles[random.integer(middles.length)]!.map((at) => at + deviation * random.normal()),
      ),
  };
}

/** Bits with an energy, enumerated. */
function enumerated(dimensions: number, energy: Energy): KnownModel {
  const states = Array.from({ length: 2 ** dimensions }, (_, s) =>
    Float32Array.from({ length: dimensions }, (__, bit) => (s >> bit) & 1),
  );
  const logs = states.map((state) => -energy(state));
  const logZ = logSumExp(logs);
  const sums: number[] = [];
  for (const log of logs) sums.push((sums.at(-1) ?? 0) + Math.exp(log - logZ));
  return {
    dimensions,
    domain: 'binary',
    energy,
    logZ,
    draw: (random, count) =>
      rowsOf(count, () => {
        const level = random.uniform() * sums.at(-1)!;
        return states[sums.findIndex((sum) => sum > level)]!;
      }),
  };
}

function boltzmannMachine(visible: number, hidden: number): KnownModel {
  const random = new Random(5, streams.heldOutData);
  const weight = random.normals(visible * hidden, 1);
  const softplus = (u: number) => Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u)));
  return enumerated(visible, (v) => {
    let free = 0;
    for (let h = 0; h < hidden; h++) {
      free -= softplus(v.reduce((sum, bit, i) => sum + bit * weight[i * hidden + h]!, -0.5));
    }
    return free;
  });
}

/** Spins on a ring that like to be like their neighbours. */
function isingRing(spins: number, coupling: number): KnownModel {
  return enumerated(spins, (v) => {
    let sum = 0;
    for (let i = 0; i < spins; i++) sum += (2 * v[i]! - 1) * (2 * v[(i + 1) % spins]! - 1);
    return -coupling * sum;
  });
}

/** A small network over a bowl in the plane: log Z and draws by a sum over a fine grid. */
function network(): KnownModel {
  const random = new Random(9, streams.heldOutData);
  const units = 16;
  const [weights, biases, out] = [
    random.normals(2 * units, 1.5),
    random.normals(units),
    random.normals(units),
  ];
  const energy: Energy = ([x, y]) => {
    let sum = (x! ** 2 + y! ** 2) / 4;
    for (let h = 0; h < units; h++) {
      sum += out[h]! * Math.tanh(weights[2 * h]! * x! + weights[2 * h + 1]! * y! + biases[h]!);
    }
    return sum;
  };
  // Beyond 9 the bowl is 20 high and the network moves it by 16 at most; cells of .045 see all of tanh.
  const [side, cells] = [18, 400];
  const width = side / cells;
  const at = (cell: number) => -side / 2 + (cell + 0.5) * width;
  const logs = Array.from(
    { length: cells ** 2 },
    (_, i) => -energy(Float32Array.of(at(i % cells), at(Math.floor(i / cells)))),
  );
  const logSum = logSumExp(logs);
  const sums = new Float64Array(logs.length);
  for (const [i, log] of logs.entries()) sums[i] = (sums[i - 1] ?? 0) + Math.exp(log - logSum);
  return {
    dimensions: 2,
    domain: 'real',
    energy,
    logZ: logSum + 2 * Math.log(width),
    draw: (uniform, count) =>
      rowsOf(count, () => {
        const level = uniform.uniform() * sums.at(-1)!;
        let [low, high] = [0, sums.length - 1];
        while (low < high) {
          const middle = (low + high) >> 1;
          if (sums[middle]! > level) high = middle;
          else low = middle + 1;
        }
        return [
          at(low % cells) + (uniform.uniform() - 0.5) * width,
          at(Math.floor(low / cells)) + (uniform.uniform() - 0.5) * width,
        ];
      }),
  };
}

/** What is measured of a model, with exact draws as its samples or others. */
async function annealed(
  model: KnownModel,
  seed: number,
  samples?: Float32Array,
): Promise<Readonly<Record<string, number | Estimate>>> {
  const { dimensions, domain, energy } = model;
  const random = new Random(seed, streams.heldOutData);
  const rows = (model.data ?? model.draw)(random, 1000);
  const diagnostic = diagnostics.annealedImportanceSampling.prepare({
    dataset: {
      dimensions,
      axes: Array.from({ length: dimensions }, (_, d) => `x${d + 1}`),
      domain,
      training: rows,
      heldOut: rows,
    },
    bounds: Array.from({ length: dimensions }, () => [-10, 10] as const),
    seed,
  })!;
  const energies = async (points: Float32Array) =>
    Float32Array.from({ length: points.length / dimensions }, (_, i) =>
      energy(points.subarray(i * dimensions, (i + 1) * dimensions)),
    );
  const values = await diagnostic.measure({
    samples: samples ?? model.draw(random, 512),
    energy: energies,
    heldOutEnergies: () => energies(rows),
    inSpace: () => Promise.reject(new Error('It needs no integral.')),
    score: () => Promise.reject(new Error('It needs no scores.')),
    record: () => Promise.reject(new Error('It needs no record.')),
    flowLogDensity: () => Promise.reject(new Error('It needs no flow.')),
    logPartition: async () => undefined,
    anneal: async () => undefined,
  });
  const told = diagnostic.metrics.filter(({ errorOf }) => errorOf === undefined);
  assert.deepEqual(Object.keys(values).sort(), told.map(({ name }) => name).sort());
  return values;
}

const models: Readonly<Record<string, KnownModel>> = {
  'a moved Gaussian': movedGaussian(),
  'two modes with nothing between': modes(
    [
      [2, 0],
      [-2, 0],
    ],
    0.3,
  ),
  'four modes in six dimensions': modes(
    [0, 1, 2, 3].map((k) => [0, 1, 2, 3, 4, 5].map((d) => (((k + d) * 7) % 5) - 2)),
    0.7,
  ),
  'a restricted Boltzmann machine of 12 and 6': boltzmannMachine(12, 6),
  'a ring of 10 spins': isingRing(10, 0.5),
  'a network in the plane': network(),
};

/** Runs of each model; with `EBM_TEST_SEEDS=200` the share of each is told to 1.5 %. */
const runs = Number(process.env['EBM_TEST_SEEDS'] ?? 1);
const [estimates, level] = [['from the base', 'from samples', 'annealed'], 0.95];

/** How often each estimate was further from log Z than the 95 % interval, or not told. */
async function missesOf(model: KnownModel): Promise<readonly number[]> {
  const missed = estimates.map(() => 0);
  for (let seed = 0; seed < runs; seed++) {
    const values = await annealed(model, seed);
    for (const [i, one] of estimates.entries()) {
      const estimate = values[`log Z/${one}`] as Estimate;
      // That the two do not agree happens once in 1,000 where both are right.
      const isIn =
        isKnown(estimate) && Math.abs(estimate.value - model.logZ) < 1.96 * estimate.error;
      if (!isIn) missed[i]! += 1;
      if (isKnown(estimate)) assert.ok(estimate.error < 0.1, `${estimate.error}`);
    }
  }
  return missed;
}

/** Three standard errors of a share above its mean, and one run more where they are few. */
function assertCovered(missed: readonly number[], of: number, name: string): void {
  const most = of * (1 - level) + 3 * Math.sqrt(of * level * (1 - level)) + (of < 100 ? 1 : 0);
  for (const [i, count] of missed.entries()) {
    assert.ok(count <= most, `${name}, ${estimates[i]}: missed in ${count} of ${of} runs`);
  }
}

describe('log Z by annealed importance sampling', () => {
  test('lies within two standard errors in 95 % of runs', async () => {
    const sums = estimates.map(() => 0);
    for (const [name, model] of Object.entries(models)) {
      const missed = await missesOf(model);
      for (const [i, count] of missed.entries()) sums[i]! += count;
      if (runs >= 100) {
        process.stdout.write(`${name}: missed ${missed.join(', ')} of ${runs}\n`);
        assertCovered(missed, runs, name);
      }
    }
    // Of 6 runs three are missed once in 450, and there are three counts; the seeds are fixed.
    assertCovered(sums, runs * Object.keys(models).length, 'all models');
  });

  test('is not told where chains from the base do not find a mode, but both ends are', async () => {
    // All of the model is in a needle, but the base is fitted to rows far away from it.
    const needle = {
      ...modes([[30]], 0.01),
      data: (random: Random, count: number) => rowsOf(count, () => [0.2 * random.normal()]),
    };
    const values = await annealed(needle, 0);
    const logZ = values['log Z/annealed'] as Estimate;
    assert.ok(!isKnown(logZ), JSON.stringify(logZ));
    assert.match(
      logZ.unknown,
      /only few of the annealed chains weigh \(from the base .* from samples/,
    );
    assert.deepEqual(values['log-likelihood/annealed'], logZ);
  });

  test('is not told where samples are not of the model: the two are the wrong way round, or far apart', async () => {
    // One mode has four times the mass of the other, in which all samples are; no move leads across.
    const [heavy, light] = [new Array<number>(6).fill(1), new Array<number>(6).fill(-1)];
    const model = modes([heavy, heavy, heavy, heavy, light], 0.2);
    const samples = modes([light], 0.2).draw(new Random(3, streams.heldOutData), 512);
    const values = await annealed(model, 0, samples);
    const logZ = values['log Z/annealed'] as Estimate;
    assert.ok(!isKnown(logZ), JSON.stringify(logZ));
    assert.match(logZ.unknown, /the wrong way round|lies in between|only few/);
    const fromBase = values['log Z/from the base'] as KnownEstimate;
    assert.ok(Math.abs(fromBase.value - model.logZ) < 4 * fromBase.error);
  });
});
