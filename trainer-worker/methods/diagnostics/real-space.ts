import type { Dataset, LogDensity } from '../data/dataset';
import type { MeasuredCell } from './adaptive-sum';
import { cubatureRule } from './cubature-rule';
import { type Estimate, isKnown, type KnownEstimate } from './estimate';
import { type Lattice, latticeOf, latticeSum } from './lattice';
import type { Branch, Cell, Space } from './mesh';
import { type Partition, partition } from './partition';
import type { EnergyOf, Probes, SmallSpace, SpaceMeasure } from './small-space';

/** Rows of the training data that tell where the data's density is. */
const mostRows = 512;
/** Points at which the density of the data is evaluated to find where it needs small boxes. */
const mostPoints = 2 ** 17;

/** The density of the data at the points of a lattice, its logarithm and its integral. */
interface LatticeData {
  readonly logs: Float64Array;
  readonly densities: Float64Array;
  readonly mass: KnownEstimate;
}

/** A line or a plane, or the part of it where no number is negative. */
export class RealSpace implements SmallSpace {
  readonly #space: Space;
  readonly #logDensity: LogDensity | undefined;
  readonly #rows: Float32Array;
  /** The window, as the landscape is shown where it is. */
  readonly #lattice: Lattice;
  /** The density of the data there. */
  #latticeData: LatticeData | undefined;
  /** Boxes that are small enough for the density of the data. */
  #branches: Promise<readonly Branch[]> | undefined;
  /** Log-densities of the data at the points of a box. */
  readonly #logs = new WeakMap<Cell, Float64Array>();

  /** @param resolution cells along each side of the shown landscape */
  constructor(
    space: Space,
    { logDensity, training }: Pick<Dataset, 'logDensity' | 'training'>,
    resolution: number,
  ) {
    this.#space = space;
    this.#lattice = latticeOf(space.bounds, resolution);
    this.#logDensity = logDensity;
    this.#rows = training.subarray(0, mostRows * space.bounds.length);
  }

  async measure(energy: EnergyOf, probes: Probes, field?: Float32Array): Promise<SpaceMeasure> {
    const lattice = this.#lattice;
    const isField = field?.length === lattice.cells ** this.#space.bounds.length;
    const energies = isField ? field : await energy(lattice.points);
    const space = this.#space;
    const known = { lattice, energies };
    const found = await partition({ space, energy, probes, known, ...this.#finer() });
    if (!found.cells) {
      const whole = this.#divergenceOnLattice(energies, found.whole, 'whole');
      const window = this.#divergenceOnLattice(energies, found.window, 'window');
      if (!(whole && window)) return await this.#byCells(energy, probes);
      return {
        logZ: found.whole,
        divergence: () => whole,
        inWindow: { logZ: found.window, divergence: () => window },
      };
    }
    return this.#fromCells(found);
  }

  async #byCells(energy: EnergyOf, probes: Probes): Promise<SpaceMeasure> {
    return this.#fromCells(
      await partition({ space: this.#space, energy, probes, ...this.#finer() }),
    );
  }

  /** Boxes that are small enough for the density of the data, where that is known. */
  #finer(): { readonly branches?: () => Promise<readonly Branch[]> } {
    if (!this.#logDensity) return {};
    return { branches: () => (this.#branches ??= this.#branchesOfData()) };
  }

  #fromCells({ whole, window, cells = [] }: Partition): SpaceMeasure {
    const ofWindow = () => cells.filter(({ cell }) => cell.shell === 0);
    return {
      logZ: whole,
      divergence: () => this.#divergence(cells, whole, 'whole'),
      inWindow: {
        logZ: window,
        divergence: () => this.#divergence(ofWindow(), window, 'window'),
      },
    };
  }

  /** By the lattice, where that is sound for the density of the data. */
  #divergenceOnLattice(
    energies: Float32Array,
    logZ: Estimate,
    of: 'whole' | 'window',
  ): Estimate | undefined {
    if (!this.#logDensity) return unknownDensity;
    if (!isKnown(logZ)) return logZ;
    const lattice = this.#lattice;
    const { logs, densities, mass } = this.#onLattice();
    const terms = new Float64Array(densities.length);
    for (const [i, density] of densities.entries()) {
      if (density > 0) terms[i] = density * (logs[i]! + energies[i]! + logZ.value);
    }
    const sum = latticeSum(lattice, terms);
    const estimate = divergenceOf(sum, mass, logZ, of);
    return isKnown(estimate) && estimate.error <= fineError ? estimate : undefined;
  }

  #onLattice(): LatticeData {
    if (this.#latticeData) return this.#latticeData;
    const logs = this.#logDensities(this.#lattice.points);
    const densities = logs.map((log) => Math.exp(log));
    this.#latticeData = { logs, densities, mass: latticeSum(this.#lattice, densities) };
    return this.#latticeData;
  }

  async #branchesOfData(): Promise<readonly Branch[]> {
    const energy = async (points: Float32Array) => this.#logDensities(points).map((log) => -log);
    const probes = { points: this.#rows, energies: Float32Array.from(await energy(this.#rows)) };
    const asEnergy = async (points: Float32Array) => Float32Array.from(await energy(points));
    const found = await partition({ space: this.#space, energy: asEnergy, probes, mostPoints });
    return found.branches ?? [];
  }

  #logDensities(points: Float32Array): Float64Array {
    const dimensions = this.#space.bounds.length;
    return Float64Array.from({ length: points.length / dimensions }, (_, row) =>
      this.#logDensity!(points.subarray(row * dimensions, (row + 1) * dimensions)),
    );
  }

  #logsAt(cell: Cell): Float64Array {
    const known = this.#logs.get(cell) ?? this.#logDensities(cell.points);
    this.#logs.set(cell, known);
    return known;
  }

  /** `∫ p (log p + E + log Z)` over boxes, p brought to mass 1 on them. */
  #divergence(cells: readonly MeasuredCell[], logZ: Estimate, of: 'whole' | 'window'): Estimate {
    if (!this.#logDensity) return unknownDensity;
    if (!isKnown(logZ)) return logZ;
    const { weights, embedded } = cubatureRule(this.#space.bounds.length);
    let [mass, sum, error, massError] = [0, 0, 0, 0];
    for (const { cell, energies } of cells) {
      const logs = this.#logsAt(cell);
      let [ownMass, roughMass, own, rough] = [0, 0, 0, 0];
      for (const [i, log] of logs.entries()) {
        if (!(log > negligible)) continue;
        const density = Math.exp(log) * cell.volume;
        const excess = density * (log + energies[i]! + logZ.value);
        ownMass += weights[i]! * density;
        roughMass += embedded[i]! * density;
        own += weights[i]! * excess;
        rough += embedded[i]! * excess;
      }
      mass += ownMass;
      massError += Math.abs(ownMass - roughMass);
      sum += own;
      error += Math.abs(own - rough);
    }
    return divergenceOf({ value: sum, error }, { value: mass, error: massError }, logZ, of);
  }
}

/** The divergence from `∫ p (log p + E + log Z)` and `∫ p`, both with bounds on their errors. */
function divergenceOf(
  sum: KnownEstimate,
  mass: KnownEstimate,
  logZ: KnownEstimate,
  of: 'whole' | 'window',
): Estimate {
  const value = sum.value / mass.value - Math.log(mass.value);
  // All of the data is in the space; of what was missed the model may think anything like the rest.
  const missed = of === 'whole' ? Math.max(Math.abs(1 - mass.value), mass.error) : mass.error;
  const error = sum.error / mass.value + missed * (1 + Math.abs(value)) + logZ.error;
  if (error <= largestError) return { value, error };
  return { unknown: `its integral is uncertain by ${error.toPrecision(2)} nats` };
}

const unknownDensity: Estimate = { unknown: 'the density of the data is not known' };
/** Log-densities below count for nothing. */
const negligible = -200;
/** Worse is not told as a number, nats. */
const largestError = 0.1;
/** A lattice that is worse is given up for boxes, nats. */
const fineError = 0.01;
