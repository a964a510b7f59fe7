import type { ChainPaths } from '../../../protocol/run';
import type { RowCode } from '../../methods/data/categories';
import type { ChainStops } from './shown-chains';

/** How much of the way of chains is kept, at most. */
interface PathPlan {
  /** Points of a way, its ends among them. */
  readonly points: number;
  readonly chains: number;
  /** Iterations from the first on of which each is a point, so that one that was refused is seen. */
  readonly each: number;
}

/** A strip of images for each chain. */
export const imagePaths: PathPlan = { points: 8, chains: 8, each: 0 };
/** A line through a landscape for each chain. */
export const planePaths: PathPlan = { points: 17, chains: 16, each: 8 };

/** Numbers of all points, at most. */
const mostNumbers = 2 ** 17;

/** Keeps where the first shown chains pass, from where they began to the samples. */
export class PathRecord {
  readonly #plan: PathPlan;
  readonly #dimensions: number;
  readonly #code: RowCode | undefined;
  readonly #iterations: number[] = [];
  readonly #points: Float32Array[] = [];

  /**
   * @param plan how much is kept
   * @param dimensions numbers of a row as it is shown
   * @param code where rows are shown in other numbers than the model has
   */
  constructor(plan: PathPlan, dimensions: number, code?: RowCode) {
    this.#plan = plan;
    this.#dimensions = dimensions;
    this.#code = code;
  }

  readonly stops = (iterations: number): ChainStops => ({
    iterations: stopsOf(this.#plan, iterations),
    passed: (done, points) => {
      const { dimensions = this.#dimensions } = this.#code ?? {};
      const first = points.slice(0, this.#chains * dimensions);
      this.#iterations.push(done);
      this.#points.push(this.#code ? this.#code.shown(first) : first);
    },
  });

  /** What was kept; nothing where the chains did not move. */
  get found(): { readonly paths?: ChainPaths } {
    const [first] = this.#points;
    if (first === undefined) return {};
    const values = new Float32Array(this.#points.length * first.length);
    for (const [place, points] of this.#points.entries()) values.set(points, place * first.length);
    const chains = first.length / this.#dimensions;
    return { paths: { values, chains, iterations: [...this.#iterations] } };
  }

  get #chains(): number {
    const { points, chains } = this.#plan;
    const room = Math.floor(mostNumbers / (points * this.#dimensions));
    return Math.max(1, Math.min(chains, room));
  }
}

/** After which iterations: closer together in the beginning, where chains go furthest. */
function stopsOf({ points, each }: PathPlan, iterations: number): readonly number[] {
  const last = points - 1;
  if (each > 0 && iterations <= last) return Array.from({ length: iterations }, (_, k) => k + 1);
  const rest = last - each;
  const stops = [
    ...Array.from({ length: each }, (_, k) => k + 1),
    ...Array.from({ length: rest }, (_, k) =>
      Math.round(each + (iterations - each) * ((k + 1) / rest) ** 2),
    ),
  ];
  return [...new Set(stops)].filter((stop) => stop > 0);
}
