/**
 * log Z of densities whose integral has a closed form: the stated bound on the error holds, or nothing is
 * told and the reason fits. What a window of equal cells got wrong: narrow ones, tails, far modes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Bounds } from '../../trainer-worker/methods/data/bounds';
import { logSumExp } from '../../trainer-worker/methods/data/density';
import { isKnown } from '../../trainer-worker/methods/diagnostics/estimate';
import { latticeOf } from '../../trainer-worker/methods/diagnostics/lattice';
import type { Space } from '../../trainer-worker/methods/diagnostics/mesh';
import { partition } from '../../trainer-worker/methods/diagnostics/partition';

interface Case {
  readonly name: string;
  readonly energy: (x: number, y: number) => number;
  /** log Z; `undefined` where there is none. */
  readonly logZ?: number;
  readonly bounds?: Bounds;
  readonly domain?: Space['domain'];
  /** Where rows of data or chains are, besides the middle of the window. */
  readonly rows?: readonly (readonly number[])[];
  /** Nothing is told, and why. */
  readonly withheld?: RegExp;
}

const line: Bounds = [[-4, 4]];
const plane: Bounds = [
  [-4, 4],
  [-4, 4],
];
const log2Pi = Math.log(2 * Math.PI);

/** A normalised Gaussian's energy: `-log` of its density. */
function gaussian(u: number, deviation: number): number {
  return (u / deviation) ** 2 / 2 + Math.log(deviation) + log2Pi / 2;
}

function turned(angle: number, x: number, y: number): readonly [number, number] {
  return [Math.cos(angle) * x + Math.sin(angle) * y, -Math.sin(angle) * x + Math.cos(angle) * y];
}

/** `-log` of a mixture of normalised densities. */
function mixture(...parts: readonly (readonly [share: number, energy: number])[]): number {
  return -logSumExp(parts.map(([share, energy]) => Math.log(share) - energy));
}

/** log Γ, Stirling's series after a shift: to 1e-12. */
function logGamma(x: number): number {
  if (x < 12) return logGamma(x + 1) - Math.log(x);
  return (
    (x - 0.5) * Math.log(x) -
    x +
    log2Pi / 2 +
    1 / (12 * x) -
    1 / (360 * x ** 3) +
    1 / (1260 * x ** 5)
  );
}

/** Points on a circle, as data on it would lie. */
function around(radius: number, count: number): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, i) => [
    radius * Math.cos((2 * Math.PI * i) / count),
    radius * Math.sin((2 * Math.PI * i) / count),
  ]);
}

/** ∫ (1 + r²)^-a over the plane is π / (a - 1). */
function heavy(power: number): Pick<Case, 'energy' | 'logZ'> {
  return {
    energy: (x, y) => power * Math.log1p(x * x + y * y),
    logZ: Math.log(Math.PI / (power - 1)),
  };
}

/** ∫ (1 + x²)^-a over the line is √π Γ(a - ½) / Γ(a). */
function heavyOnLine(power: number): Pick<Case, 'energy' | 'logZ' | 'bounds'> {
  return {
    bounds: line,
    energy: (x) => power * Math.log1p(x * x),
    logZ: Math.log(Math.PI) / 2 + logGamma(power - 0.5) - logGamma(power),
  };
}

function normal(
  at: readonly [number, number],
  deviations: readonly [number, number],
  angle = 0,
): (x: number, y: number) => number {
  return (x, y) => {
    const [u, v] = turned(angle, x - at[0], y - at[1]);
    return gaussian(u, deviations[0]) + gaussian(v, deviations[1]);
  };
}

/** A narrow ridge around a circle: of its width w, `2πr · w √(2π)` but for the middle it does not reach. */
function ring(radius: number, width: number): Pick<Case, 'energy' | 'logZ' | 'rows'> {
  return {
    energy: (x, y) => ((Math.hypot(x, y) - radius) / width) ** 2 / 2,
    logZ: Math.log(2 * Math.PI * radius * width) + log2Pi / 2,
    rows: around(radius, 200),
  };
}

const endless = /cannot be normalised/;
const slow = /falls so slowly/;
const uncertain = /is uncertain/;

const cases: readonly Case[] = [
  // As the window is made for.
  { name: 'a Gaussian', energy: normal([0.3, -0.2], [1, 0.7]), logZ: 0 },
  { name: 'a turned one', energy: normal([0.3, -0.2], [1.2, 0.2], 0.6), logZ: 0 },
  { name: 'one on the line', bounds: line, energy: (x) => gaussian(x - 0.1, 1), logZ: 0 },
  { name: 'raised by a constant', energy: (x, y) => 40 + normal([0, 0], [1, 1])(x, y), logZ: -40 },
  {
    name: 'raised by so much that single precision shows',
    energy: (x, y) => 1e5 + normal([0, 0], [1, 1])(x, y),
    logZ: -1e5,
  },
  {
    name: 'raised by more than it can be told from',
    energy: (x, y) => 1e7 + normal([0, 0], [1, 1])(x, y),
    logZ: -1e7,
    withheld: uncertain,
  },
  // With corners.
  { name: 'Laplace', energy: (x, y) => Math.abs(x) + Math.abs(y), logZ: Math.log(4) },
  {
    name: 'a sharp one off the middle',
    energy: (x, y) => 30 * (Math.abs(x - 0.1) + Math.abs(y)),
    logZ: Math.log(4 / 900),
  },
  {
    name: 'flat with hinges, as a network of ReLUs',
    energy: (x, y) => 5 * (Math.max(0, Math.abs(x) - 1.37) + Math.max(0, Math.abs(y) - 0.61)),
    logZ: Math.log(2 * (1.37 + 0.2) * 2 * (0.61 + 0.2)),
  },
  // Narrow.
  {
    name: 'deviations of .01 and .03',
    energy: normal([0.3, -0.2], [0.01, 0.03]),
    logZ: 0,
    rows: [[0.31, -0.2]],
  },
  {
    name: 'a needle of .001',
    energy: normal([0.3, -0.2], [0.001, 0.001]),
    logZ: 0,
    rows: [[0.3005, -0.2]],
  },
  {
    name: 'a needle of 2e-4 on the line',
    bounds: line,
    energy: (x) => gaussian(x - 0.123, 2e-4),
    logZ: 0,
    rows: [[0.1231]],
  },
  {
    name: 'two needles between broad hills',
    energy: (x, y) =>
      mixture(
        [0.25, normal([-2, 0], [0.5, 0.5])(x, y)],
        [0.25, normal([2, 1], [0.5, 0.8])(x, y)],
        [0.25, normal([0.5, 2.5], [0.01, 0.01])(x, y)],
        [0.25, normal([0.7, -2.5], [0.004, 0.02])(x, y)],
      ),
    logZ: 0,
    rows: [
      [0.5, 2.5],
      [0.7, -2.51],
    ],
  },
  {
    name: 'sixteen small modes',
    energy: (x, y) =>
      mixture(
        ...Array.from({ length: 16 }, (_, i): readonly [number, number] => [
          1 / 16,
          normal([(i % 4) - 1.5, Math.floor(i / 4) - 1.5], [0.02, 0.02])(x, y),
        ]),
      ),
    logZ: 0,
    rows: Array.from({ length: 16 }, (_, i) => [(i % 4) - 1.5, Math.floor(i / 4) - 1.49]),
  },
  // Ridges.
  { name: 'a ring of .1', ...ring(2, 0.1) },
  { name: 'a ring of .01', ...ring(2, 0.01) },
  { name: 'a ring of .01 that one row is on', ...ring(2, 0.01), rows: [[2, 0]] },
  { name: 'a ring of .001', ...ring(2, 0.001), withheld: uncertain },
  {
    name: 'a banana',
    energy: (x, y) => gaussian(x, 1) + gaussian(y - x * x, 0.05),
    logZ: 0,
    rows: [
      [0, 0],
      [1, 1],
    ],
  },
  {
    name: 'a thin diagonal',
    energy: normal([0, 0], [0.02, 2], 0.7),
    logZ: 0,
  },
  {
    name: 'a thin diagonal that leaves the window',
    energy: normal([0.1, 0], [0.2, 30], 1),
    logZ: 0,
  },
  {
    name: 'a ridge without an end',
    energy: (x, y) => gaussian(turned(1, x, y)[0] - 0.5, 0.1),
    withheld: endless,
  },
  // Tails.
  { name: 'tails like r^-6', ...heavy(3) },
  { name: 'tails like r^-3', ...heavy(1.5) },
  { name: 'tails like r^-2.1', ...heavy(1.05) },
  { name: 'tails like r^-2.01', ...heavy(1.005), withheld: slow },
  { name: 'tails like r^-2', energy: heavy(1).energy, withheld: slow },
  { name: 'tails like r^-1.6', energy: heavy(0.8).energy, withheld: endless },
  { name: 'Cauchy', ...heavyOnLine(1) },
  { name: 'tails like x^-1.2', ...heavyOnLine(0.6) },
  { name: 'tails like x^-1', bounds: line, energy: (x) => Math.log1p(x * x) / 2, withheld: slow },
  {
    name: 'exponential tails twice as long as the window',
    energy: (x, y) => (Math.abs(x) + Math.abs(y)) / 8,
    logZ: Math.log(256),
  },
  // Modes outside.
  {
    name: 'a mode of 88 % outside the window',
    energy: (x, y) =>
      mixture([0.12, normal([0, 0], [1, 1])(x, y)], [0.88, normal([12, 9], [1, 1])(x, y)]),
    logZ: 0,
  },
  {
    name: 'a small one where chains end',
    energy: (x, y) =>
      mixture([0.12, normal([0, 0], [1, 1])(x, y)], [0.88, normal([12, 9], [0.05, 0.05])(x, y)]),
    logZ: 0,
    rows: [[12.02, 9]],
  },
  {
    name: 'a mode far outside on the line',
    bounds: line,
    energy: (x) => mixture([0.5, gaussian(x, 1)], [0.5, gaussian(x + 300, 20)]),
    logZ: 0,
  },
  // No density at all.
  { name: 'a slope', energy: (x, y) => 0.3 * x - y, withheld: endless },
  { name: 'a bounded energy', energy: (x, y) => Math.tanh(x) + Math.tanh(y), withheld: endless },
  {
    name: 'a bounded one on the line',
    bounds: line,
    energy: (x) => Math.sin(x),
    withheld: endless,
  },
  {
    name: 'a bowl with a gutter that leads down',
    energy: (x, y) =>
      (x * x + y * y) / 2 - (x > 0 ? 8 * x * Math.exp(-(((y - 0.3) * 10) ** 2)) * (1 + x) : 0),
    withheld: endless,
  },
  {
    name: 'one that is no number',
    energy: (x, y) => (x > 1 ? Number.NaN : x * x + y * y),
    withheld: /is NaN at/,
  },
  // Half-lines.
  {
    name: 'exponential on the half-line',
    domain: 'nonnegative',
    bounds: [[0, 6]],
    energy: (x) => x,
    logZ: 0,
  },
  {
    name: 'on a quarter of the plane, away from zero',
    domain: 'nonnegative',
    bounds: [
      [2, 9],
      [1, 7],
    ],
    energy: (x, y) => 0.5 * x + 0.25 * y,
    logZ: Math.log(8),
  },
];

/** By boxes alone, and with the energies of the shown landscape, which may be all it takes. */
const ways = ['by boxes', 'by the landscape where that is enough'] as const;

describe('the integral of exp(-E)', () => {
  for (const {
    name,
    energy,
    logZ,
    withheld,
    bounds = plane,
    domain = 'real',
    rows = [],
  } of cases) {
    test(`of ${name}`, async () => {
      const dimensions = bounds.length;
      const evaluate = async (points: Float32Array) =>
        Float32Array.from({ length: points.length / dimensions }, (_, i) =>
          energy(points[i * dimensions]!, dimensions === 2 ? points[i * dimensions + 1]! : 0),
        );
      const points = Float32Array.from(rows.flat());
      const lattice = latticeOf(bounds, 96);
      const given = {
        space: { domain, bounds },
        energy: evaluate,
        probes: { points, energies: await evaluate(points) },
      };
      const known = { lattice, energies: await evaluate(lattice.points) };
      for (const way of ways) {
        const { whole } = await partition(way === 'by boxes' ? given : { ...given, known });
        if (withheld) {
          assert.ok(!isKnown(whole), `${way}, told as ${JSON.stringify(whole)}`);
          assert.match(whole.unknown, withheld);
          continue;
        }
        assert.ok(isKnown(whole), `${way}, not told: ${JSON.stringify(whole)}`);
        const off = Math.abs(whole.value - logZ!);
        assert.ok(off <= whole.error, `${way}, off by ${off}, said to be within ${whole.error}`);
        // Nor is the bound an excuse: some hundredths of a nat, or what single precision leaves at 1e5.
        assert.ok(whole.error < (Math.abs(logZ!) > 1e4 ? 0.05 : 0.02), `${whole.error}`);
      }
    });
  }
});
