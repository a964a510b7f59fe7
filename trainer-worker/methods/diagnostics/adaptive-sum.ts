import { type CubatureRule, cubatureRule } from './cubature-rule';
import { type Branch, type Cell, canHalve, halves, isIn, leaves } from './mesh';
import { precision } from './precision';
import type { EnergyOf, Probes } from './small-space';

/** A box with the energies of its points. */
export interface MeasuredCell {
  readonly cell: Cell;
  /** At the points of the cell, `[n]`. */
  readonly energies: Float32Array;
}

/** A box with its part of the integral, in units of `exp(top)`. */
interface Part extends MeasuredCell {
  /** The highest of -E at its points. */
  readonly top: number;
  readonly value: number;
  readonly error: number;
  /** `|E|` weighted like the value: its energies are rounded to a part of that. */
  readonly magnitude: number;
  /** The dimension across which it is to be halved. */
  readonly across: number;
  /** Probes inside, by row. */
  readonly probes: readonly number[];
  /** Whether its neighbours are known to be fine enough. */
  isGraded?: boolean;
}

/** A box, which is either measured or halved. */
interface Node extends Branch {
  part?: Part;
  halves?: readonly [Node, Node];
}

/** Boxes that are halved in one go, at most. */
const mostAtOnce = 2048;
/** A probe so much likelier than all points of its box has found what they miss: nats. */
const surprise = 1;
/** Where an energy has kinks, the better rule may be as wrong as both differ. */
const safety = 2;
/** Beside a box that counts, a box may be so many times as long. */
const coarsest = 2;
/** Of the error that is asked for, the part from which a box counts: many may be as light. */
const counting = 1 / 256;

/** An integral of exp(-E) over boxes, which are halved where it is uncertain. */
export class AdaptiveSum {
  readonly #energy: EnergyOf;
  readonly #probes: Probes;
  #roots: readonly Node[] = [];
  /** The nodes of boxes that are not halved. */
  readonly #nodes = new Map<Cell, Node>();
  /** Those boxes. */
  #parts: readonly Part[] = [];
  /** The highest of all -E. */
  #top = Number.NEGATIVE_INFINITY;
  #total = 0;
  #error = 0;
  #evaluated = 0;
  #flaw: string | undefined;

  constructor(energy: EnergyOf, probes: Probes) {
    this.#energy = energy;
    this.#probes = probes;
  }

  /** How many energies it took. */
  get evaluated(): number {
    return this.#evaluated;
  }

  /** What makes the integral impossible, where there is such a thing. */
  get flaw(): string | undefined {
    return this.#flaw;
  }

  /** The logarithm of the integral over all boxes, nats. */
  get log(): number {
    return this.#top + Math.log(this.#total);
  }

  /** The whole sum as 1, with the bound on its error. */
  get all(): { readonly value: number; readonly error: number } {
    return { value: 1, error: this.#error / this.#total };
  }

  /** What a shell, or the window as shell 0, holds, as parts of the whole sum. */
  ofShell(shell: number): { readonly value: number; readonly error: number } {
    let [value, error] = [0, 0];
    for (const part of this.#parts) {
      if (part.cell.shell !== shell) continue;
      const scale = Math.exp(part.top - this.#top) / this.#total;
      value += part.value * scale;
      error += part.error * scale;
    }
    return { value, error };
  }

  /** What the rounding of energies may make of the logarithm, nats. */
  get rounding(): number {
    let sum = 0;
    for (const part of this.#parts) sum += part.magnitude * Math.exp(part.top - this.#top);
    return (precision * sum) / this.#total;
  }

  get cells(): readonly MeasuredCell[] {
    return this.#parts;
  }

  /** All boxes, with what they have been halved into. */
  get branches(): readonly Branch[] {
    return this.#roots;
  }

  /** Takes more boxes in. */
  async add(branches: readonly Branch[]): Promise<void> {
    const rows = Array.from(this.#probes.energies, (_, row) => row);
    const added = await this.#measured(leaves(branches), () => rows);
    this.#roots = [...this.#roots, ...branches.map((branch) => this.#nodeOf(branch))];
    this.#parts = [...this.#parts, ...added];
    this.#place(added);
    this.#sumUp();
  }

  #nodeOf({ cell, halves: both }: Branch): Node {
    const node: Node = { cell };
    if (both) node.halves = [this.#nodeOf(both[0]), this.#nodeOf(both[1])];
    else this.#nodes.set(cell, node);
    return node;
  }

  #place(parts: readonly Part[]): void {
    for (const part of parts) this.#nodes.get(part.cell)!.part = part;
  }

  /**
   * Halves the boxes that are most uncertain; those in which a probe lies much lower than all points; and
   * those that are too coarse beside a box that counts: mass that begins there may go on unseen.
   *
   * @param tolerance the error that is asked for, as a part of the integral
   * @returns whether there was anything to do
   */
  async refine(tolerance: number): Promise<boolean> {
    const chosen = new Map<Part, number>();
    for (const part of this.#uncertain(tolerance)) chosen.set(part, part.across);
    for (const part of this.#surprised(tolerance)) chosen.set(part, part.across);
    for (const [part, across] of this.#coarse(tolerance)) chosen.set(part, across);
    if (chosen.size === 0) return false;
    const parents = [...chosen.keys()];
    const cells = [...chosen].flatMap(([part, across]) => halves(part.cell, across));
    const finer = await this.#measured(cells, (i) => parents[i >> 1]!.probes);
    for (const [i, { cell }] of parents.entries()) {
      const node = this.#nodes.get(cell)!;
      this.#nodes.delete(cell);
      delete node.part;
      node.halves = [
        this.#nodeOf({ cell: cells[2 * i]! }),
        this.#nodeOf({ cell: cells[2 * i + 1]! }),
      ];
    }
    this.#place(finer);
    this.#parts = [...this.#parts.filter((part) => !chosen.has(part)), ...finer];
    this.#sumUp();
    return true;
  }

  #uncertain(tolerance: number): readonly Part[] {
    const allowed = tolerance * this.#total;
    if (this.#error <= allowed) return [];
    const errorOf = (part: Part) => part.error * Math.exp(part.top - this.#top);
    const ordered = this.#parts.filter(canBeHalved).sort((a, b) => errorOf(b) - errorOf(a));
    const chosen: Part[] = [];
    let left = this.#error;
    for (const part of ordered) {
      // Halving leaves some of each; so rather more than too few.
      if (left <= allowed / 4 || chosen.length >= mostAtOnce) break;
      chosen.push(part);
      left -= errorOf(part);
    }
    return chosen;
  }

  #surprised(tolerance: number): readonly Part[] {
    const counts = this.log + Math.log(tolerance);
    return this.#parts.filter((part) => {
      if (!canBeHalved(part)) return false;
      const volume = Math.log(part.cell.volume);
      return part.probes.some((row) => {
        const log = -this.#probes.energies[row]!;
        return log > part.top + surprise && log + volume > counts;
      });
    });
  }

  /** Neighbours that are too coarse, with the dimension in which they are. */
  #coarse(tolerance: number): readonly (readonly [Part, number])[] {
    const counts = tolerance * counting * this.#total;
    return this.#parts.flatMap((part) => {
      if (part.isGraded || part.value * Math.exp(part.top - this.#top) < counts) return [];
      const neighbours = this.#neighbours(part);
      const found = neighbours.flatMap((neighbour): (readonly [Part, number])[] => {
        const ratios = neighbour.cell.sides.map(
          ([low, high], d) => (high - low) / (part.cell.sides[d]![1] - part.cell.sides[d]![0]),
        );
        const across = ratios.indexOf(Math.max(...ratios));
        const isCoarse = ratios[across]! > coarsest * 1.001 && canHalve(neighbour.cell, across);
        return isCoarse ? [[neighbour, across]] : [];
      });
      // On the outside a neighbour may still come.
      const isInside = neighbours.length === 2 * part.cell.sides.length;
      part.isGraded = isInside && found.length === 0;
      return found;
    });
  }

  /** The boxes in which the middles of equal boxes on all sides would lie. */
  #neighbours({ cell: { sides } }: Part): readonly Part[] {
    const middle = sides.map(([low, high]) => (low + high) / 2);
    return sides.flatMap(([low, high], d) =>
      [low - high, high - low].flatMap(
        (step) => this.#partAt(middle.with(d, middle[d]! + step)) ?? [],
      ),
    );
  }

  #partAt(point: readonly number[]): Part | undefined {
    let node = this.#roots.find(({ cell }) => isIn(cell, point, 0));
    while (node?.halves) node = node.halves.find(({ cell }) => isIn(cell, point, 0));
    return node?.part;
  }

  async #measured(
    cells: readonly Cell[],
    probesOf: (index: number) => readonly number[],
  ): Promise<readonly Part[]> {
    const size = cells[0]!.points.length;
    const points = new Float32Array(cells.length * size);
    for (const [i, cell] of cells.entries()) points.set(cell.points, i * size);
    const energies = await this.#energy(points);
    const rule = cubatureRule(cells[0]!.sides.length);
    const count = rule.points.length;
    this.#evaluated += energies.length;
    this.#flaw ??= flawIn(energies, points);
    return cells.map((cell, i) => {
      const own = energies.slice(i * count, (i + 1) * count);
      const probes = probesOf(i).filter((row) => isIn(cell, this.#probes.points, row));
      return { ...partOf(cell, own, rule), probes };
    });
  }

  #sumUp(): void {
    this.#top = this.#parts.reduce(
      (top, part) => Math.max(top, part.top),
      Number.NEGATIVE_INFINITY,
    );
    this.#total = 0;
    this.#error = 0;
    for (const part of this.#parts) {
      const scale = Math.exp(part.top - this.#top);
      this.#total += part.value * scale;
      this.#error += part.error * scale;
    }
  }
}

function canBeHalved({ cell, across }: Part): boolean {
  return canHalve(cell, across);
}

function partOf(cell: Cell, energies: Float32Array, rule: CubatureRule): Omit<Part, 'probes'> {
  let lowest = Number.POSITIVE_INFINITY;
  for (const energy of energies) lowest = Math.min(lowest, energy);
  const top = -lowest;
  const sides = cell.sides.map(([low, high]) => high - low);
  if (!Number.isFinite(top)) {
    return {
      cell,
      energies,
      top: Number.NEGATIVE_INFINITY,
      value: 0,
      error: 0,
      magnitude: 0,
      across: rule.roughest(energies, sides),
    };
  }
  const values = new Float64Array(energies.length);
  let [value, rough, magnitude] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp(lowest - energies[i]!);
    value += rule.weights[i]! * values[i]!;
    rough += rule.embedded[i]! * values[i]!;
    if (values[i]! > 0) magnitude += Math.abs(rule.weights[i]! * energies[i]!) * values[i]!;
  }
  const { volume } = cell;
  return {
    cell,
    energies,
    top,
    value: value * volume,
    // What rounding makes of the difference is told apart; halving does not lower it.
    error: safety * Math.max(0, Math.abs(value - rough) - 2 * precision * magnitude) * volume,
    magnitude: magnitude * volume,
    across: rule.roughest(values, sides),
  };
}

/** NaN, or an energy of -∞. */
function flawIn(energies: Float32Array, points: Float32Array): string | undefined {
  const dimensions = points.length / energies.length;
  const row = energies.findIndex((energy) => !(energy > Number.NEGATIVE_INFINITY));
  if (row === -1) return undefined;
  const at = points.subarray(row * dimensions, (row + 1) * dimensions).join(', ');
  return `the energy is ${energies[row]} at (${at})`;
}
