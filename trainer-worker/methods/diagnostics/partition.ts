/**
 * log Z = log ∫ exp(-E(x)) dx over a whole line or plane, with a bound on its error, or the reason why
 * it is not known. Boxes are halved where two rules differ (adaptive cubature: Genz & Malik 1980;
 * Berntsen, Espelid & Genz 1991); shells of boxes, each twice as wide, lead away from the window.
 */
import { AdaptiveSum, type MeasuredCell } from './adaptive-sum';
import type { Estimate, KnownEstimate } from './estimate';
import { type FarOut, lowestFarOut, slopeFarOut } from './far-out';
import { around, isOnBorder, type Lattice, latticeSum } from './lattice';
import { type Branch, type Cell, type Space, shellCells, windowCells } from './mesh';
import { precision } from './precision';
import type { EnergyOf, Probes } from './small-space';

/** What the integral of exp(-E) came to: logarithms in nats, with bounds on their errors. */
export interface Partition {
  /** Over the whole space. */
  readonly whole: Estimate;
  /** Over the window alone. */
  readonly window: Estimate;
  /**
   * What they were added up from, of the window alone where the whole is not known; `undefined` where the
   * lattice was enough.
   */
  readonly cells?: readonly MeasuredCell[];
  /** The same boxes, with those that they are halves of. */
  readonly branches?: readonly Branch[];
}

interface PartitionOptions {
  readonly space: Space;
  readonly energy: EnergyOf;
  /** Rows of data, chains: where they are likely, boxes are halved until the rule's points see as much. */
  readonly probes: Probes;
  /** The window's cells with their energies, which may be all it takes. */
  readonly known?: { readonly lattice: Lattice; readonly energies: Float32Array };
  /** Boxes to begin with, where something else needs finer ones; {@link roughBranches} otherwise. */
  readonly branches?: () => Promise<readonly Branch[]>;
  /** Energies that are evaluated at most. */
  readonly mostPoints?: number;
}

/** Nats that are asked for. */
const tolerance = 1e-3;
/** How far lattices may be apart, as a part of the sum: a bound much above the error of all together. */
const lattices = 5e-3;
/** Worse is not told as a number. */
const largestError = 0.1;
/** Shells that are looked at in any case; how many more at a time; and how many at most. */
const [firstShells, moreShells, mostShells] = [8, 4, 40];
/** The least that an integrand must fall by with distance: where it falls less nobody can tell. */
const leastSlope = 0.02;

/**
 * What leaves the window unseen by the coarse shells holds so many times what the outermost cells do at
 * most: a Gaussian ridge that ends at three deviations falls to a third in four of 96 cells.
 */
const beyondBorder = 8;

/** The boxes that a search begins with. */
function roughBranches(space: Space): readonly Branch[] {
  return [...windowCells(space).map(asBranch), ...shellsOf(space, 1, firstShells)];
}

/** The integral of exp(-E) over the space, to 0.001 nats where that can be had. */
export async function partition({
  space,
  energy,
  probes,
  known,
  branches: finer,
  mostPoints = 2 ** 17,
}: PartitionOptions): Promise<Partition> {
  const beyond = await lowestFarOut(space, energy);
  const endless = endlessness(slopeFarOut(beyond));
  if (known) {
    const window = byLattice(known.lattice, known.energies, probes, endless === undefined);
    if (window && endless) return { whole: { unknown: endless }, window };
    const whole = window && (await withShells(space, energy, beyond, window));
    if (window && whole) return { whole, window };
  }
  const branches = (await finer?.()) ?? roughBranches(space);
  const sum = new AdaptiveSum(energy, joined([probes, ...beyond]));
  await sum.add(endless ? branches.filter(({ cell }) => cell.shell === 0) : branches);
  let shells = endless ? 0 : branches.reduce((most, { cell }) => Math.max(most, cell.shell), 0);
  for (;;) {
    const halved = sum.evaluated < mostPoints && !sum.flaw && (await sum.refine(tolerance / 2));
    if (halved) continue;
    const window = estimateOf(sum, sum.ofShell(0), noTail);
    if (endless)
      return { whole: { unknown: endless }, window, cells: sum.cells, branches: sum.branches };
    const shares = Array.from({ length: shells + 1 }, (_, shell) => sum.ofShell(shell).value);
    const share = tolerance / 100;
    const isOpen =
      shares.at(-1)! > share ||
      beyond.some(
        (far) => far.shell > shells && far.volume - far.lowest > sum.log + Math.log(share),
      );
    if (!isOpen || shells >= mostShells || sum.flaw) {
      return { whole: wholeOf(sum, shares), window, cells: sum.cells, branches: sum.branches };
    }
    await sum.add(shellsOf(space, shells + 1, moreShells));
    shells += moreShells;
  }
}

/**
 * The integral over the window by the midpoint rule alone, where that is sound: lattices of
 * every third point agree, no probe lies much lower than the points around it, and no mass is at the border.
 *
 * @param isOpen whether mass that leaves the window counts
 */
function byLattice(
  lattice: Lattice,
  energies: Float32Array,
  probes: Probes,
  isOpen: boolean,
): KnownEstimate | undefined {
  let lowest = Number.POSITIVE_INFINITY;
  for (const energy of energies) lowest = Math.min(lowest, energy);
  if (!Number.isFinite(lowest)) return undefined;
  const terms = Float64Array.from(energies, (energy) => Math.exp(lowest - energy));
  const { value, error } = latticeSum(lattice, terms);
  // A NaN among the energies is in the sum, too.
  if (!(error <= lattices * value)) return undefined;
  const counts = (tolerance / 100) * (value / lattice.volume);
  let border = 0;
  if (isOpen) {
    for (const [i, term] of terms.entries()) if (isOnBorder(lattice, i)) border += term;
  }
  const leaving = beyondBorder * (border / value) * lattice.volume;
  if (leaving > tolerance) return undefined;
  for (const [row, energy] of probes.energies.entries()) {
    const term = Math.exp(lowest - energy);
    const nearby = around(lattice, probes.points, row).map((i) => terms[i]!);
    if (term > counts && term > Math.E * Math.max(0, ...nearby)) return undefined;
  }
  const largest = terms.reduce(
    (sum, term, i) => (term > 0 ? sum + term * Math.abs(energies[i]!) : sum),
    0,
  );
  const rounding = precision * largest * (lattice.volume / value);
  if (rounding > tolerance) return undefined;
  return { value: Math.log(value) - lowest, error: error / value + leaving + rounding };
}

/** The same over the whole space, where next to nothing lies outside the window. */
async function withShells(
  space: Space,
  energy: EnergyOf,
  beyond: readonly FarOut[],
  window: KnownEstimate,
): Promise<Estimate | undefined> {
  const shells = new AdaptiveSum(energy, noProbes);
  await shells.add(shellsOf(space, 1, firstShells));
  const share = Math.exp(shells.log - window.value);
  const isOpen = beyond.some(
    (far) => far.volume - far.lowest > window.value + Math.log(tolerance / 100),
  );
  if (isOpen || shells.flaw || !(share < tolerance)) return undefined;
  return { value: window.value + Math.log1p(share), error: window.error + share };
}

const noProbes: Probes = { points: new Float32Array(0), energies: new Float32Array(0) };

/** Why an integrand that falls like this power of the distance has no integral, where it has none. */
function endlessness(slope: number): string | undefined {
  if (slope > leastSlope) {
    return 'the model cannot be normalised: the integral of exp(-E) grows without bound far from the data';
  }
  if (slope < -leastSlope) return undefined;
  return 'far from the data exp(-E) falls so slowly that nobody can tell whether it has an integral';
}

/** What the shells and all that lies beyond them add up to. */
function wholeOf(sum: AdaptiveSum, shares: readonly number[]): Estimate {
  const tail = tailOf(shares);
  if (tail === undefined) {
    return { unknown: 'far from the data exp(-E) does not add up: shells do not grow lighter' };
  }
  return estimateOf(sum, sum.all, tail);
}

interface Share {
  readonly value: number;
  readonly error: number;
}

const noTail: Share = { value: 0, error: 0 };

/** @param part of all that was summed @param tail what it leaves out */
function estimateOf(sum: AdaptiveSum, part: Share, tail: Share): Estimate {
  if (sum.flaw) return { unknown: sum.flaw };
  const value = part.value + tail.value;
  const uncertain = (part.error + tail.error) / value;
  const error = uncertain < 1 ? -Math.log1p(-uncertain) + sum.rounding : Number.POSITIVE_INFINITY;
  if (error <= largestError) return { value: sum.log + Math.log(value), error };
  const bound = Number.isFinite(error) ? `by ${error.toPrecision(2)} nats` : 'by any amount';
  return {
    unknown: `the integral of exp(-E) is uncertain ${bound} after ${sum.evaluated} energies`,
  };
}

/**
 * What lies beyond the last shell, as a share of what lies within, by the ratio of one shell to the next.
 *
 * @param shares of the window and of each shell
 */
function tailOf(shares: readonly number[]): Share | undefined {
  const last = shares.at(-1)!;
  // Falling off faster than any power: what is left is less than the last.
  if (last < tolerance / 1000 && last <= shares.at(-2)! / 2) return { value: last, error: last };
  const ratioOf = (end: number) => (shares.at(end)! / shares.at(end - span)!) ** (1 / span);
  const span = Math.min(4, shares.length - 1);
  const ratio = ratioOf(-1);
  if (!(ratio < 1)) return undefined;
  const value = (last * ratio) / (1 - ratio);
  if (value < tolerance / 2) return { value, error: value };
  const before = shares.length > span + 4 ? ratioOf(-5) : 1;
  // How far the ratio still moves, and what an error of the shells makes of it.
  const moved = Math.abs(ratio - before) + tolerance / (2 * span);
  return { value, error: (last * moved) / (1 - ratio) ** 2 };
}

function shellsOf(space: Space, first: number, count: number): readonly Branch[] {
  return Array.from({ length: count }, (_, k) => shellCells(space, first + k).map(asBranch)).flat();
}

function joined(all: readonly Probes[]): Probes {
  const flat = (pick: (one: Probes) => Float32Array) =>
    Float32Array.from(all.flatMap((one) => [...pick(one)]));
  return { points: flat(({ points }) => points), energies: flat(({ energies }) => energies) };
}

function asBranch(cell: Cell): Branch {
  return { cell };
}
