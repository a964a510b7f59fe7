import type { ChainPaths } from '../../../protocol/run';
import type { RowCode } from '../../methods/data/categories';
import type { ChainStops } from './shown-chains';

/** Points of a way that are kept, its ends among them, at most. */
const mostPoints = 8;
/** Chains whose way is kept, at most, and numbers of all of them. */
const mostChains = 8;
const mostNumbers = 2 ** 17;

/** Keeps where the first shown chains pass: a strip for each from where it began to the sample. */
export class PathRecord {
  readonly #dimensions: number;
  readonly #code: RowCode | undefined;
  readonly #iterations: number[] = [];
  readonly #points: Float32Array[] = [];

  /**
   * @param dimensions numbers of a row as it is shown
   * @param code where rows are shown in other numbers than the model has
   */
  constructor(dimensions: number, code?: RowCode) {
    this.#dimensions = dimensions;
    this.#code = code;
  }

  readonly stops = (iterations: number): ChainStops => ({
    iterations: stopsOf(iterations),
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
    const room = Math.floor(mostNumbers / (mostPoints * this.#dimensions));
    return Math.max(1, Math.min(mostChains, room));
  }
}

/** After which iterations: closer together in the beginning, where chains go furthest. */
function stopsOf(iterations: number): readonly number[] {
  const last = mostPoints - 1;
  const stops = Array.from({ length: last }, (_, k) =>
    Math.round(iterations * ((k + 1) / last) ** 2),
  );
  return [...new Set(stops)].filter((stop) => stop > 0);
}
