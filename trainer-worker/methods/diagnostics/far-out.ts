/** Energies far from the window: whether exp(-E) can be integrated, and where its mass may lie. */
import { middleOf, type Space } from './mesh';
import type { EnergyOf, Probes } from './small-space';

/** The points that lie lowest at some distance. */
export interface FarOut extends Probes {
  /** In halves of the window's width, log2. */
  readonly shell: number;
  /** The lowest of the energies. */
  readonly lowest: number;
  /** The logarithm of the volume that they stand for. */
  readonly volume: number;
}

/** Distances, as powers of two. The energies of the last two tell how exp(-E) falls in the end. */
const shells = [2, 8, 12];
/** Directions in the plane to begin with, and how many of the lowest are looked at more closely. */
const [directions, valleysAtMost] = [128, 4];
/** Directions that each of those is replaced by, and how often: to 1e-7 of a turn. */
const [closer, rounds] = [32, 4];

/**
 * Looks for the lowest energies in all directions: by a fan of them, which is narrowed to the lowest. So
 * a thin ridge that goes on forever is found as well as a slope.
 */
export async function lowestFarOut(space: Space, energy: EnergyOf): Promise<readonly FarOut[]> {
  const dimensions = space.bounds.length;
  const window = middleOf(space).reduce((sum, { reach }) => sum + Math.log(2 * reach), 0);
  let fans = shells.map(() => fan(space, 0, 1, directions));
  let spread = 1 / directions;
  for (let round = 0; ; round++) {
    const rows = shells.map((shell, i) => fans[i]!.flatMap((turn) => pointAt(space, shell, turn)));
    const points = Float32Array.from(rows.flat());
    const energies = await energy(points);
    let begin = 0;
    const found = fans.map((turns, i) => {
      const own = energies.slice(begin, begin + turns.length);
      const at = points.slice(begin * dimensions, (begin + turns.length) * dimensions);
      begin += turns.length;
      const shell = shells[i]!;
      const volume = window + dimensions * shell * Math.LN2;
      return { shell, volume, points: at, energies: own, lowest: minimum(own) };
    });
    if (dimensions === 1 || round === rounds) return found;
    const width = spread;
    fans = found.map(({ energies: own }, i) =>
      valleys(own, fans[i]!).flatMap((turn) => fan(space, turn - width, 2 * width, closer)),
    );
    spread = (2 * width) / closer;
  }
}

/** How fast the integrand falls, as a power of the distance: `exp(-E) r^D` goes like `r^slope`. */
export function slopeFarOut(found: readonly FarOut[]): number {
  const [before, last] = found.slice(-2) as [FarOut, FarOut];
  const [from, to] = [before.volume - before.lowest, last.volume - last.lowest];
  if (to === Number.NEGATIVE_INFINITY) return to;
  return (to - from) / ((last.shell - before.shell) * Math.LN2);
}

function minimum(energies: Float32Array): number {
  return energies.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** Directions as shares of a turn. On a line there are two, on a half-line there is one. */
function fan({ bounds, domain }: Space, from: number, width: number, count: number): number[] {
  if (bounds.length === 1) return domain === 'nonnegative' ? [0] : [0, 0.5];
  return Array.from({ length: count }, (_, i) => from + (width * i) / count);
}

function pointAt(space: Space, shell: number, turn: number): number[] {
  const angle = 2 * Math.PI * turn;
  const along = [Math.cos(angle), Math.sin(angle)];
  return middleOf(space).map(({ at, reach }, d) => {
    const share = space.domain === 'nonnegative' ? Math.abs(along[d]!) : along[d]!;
    return at + reach * 2 ** shell * share;
  });
}

/** The directions of the lowest energies among their neighbours. */
function valleys(energies: Float32Array, turns: readonly number[]): number[] {
  return turns
    .map((turn, i) => ({ turn, i, energy: energies[i]! }))
    .filter(
      ({ i, energy }) =>
        energy <= (energies[i - 1] ?? Infinity) && energy <= (energies[i + 1] ?? Infinity),
    )
    .sort((a, b) => a.energy - b.energy)
    .slice(0, valleysAtMost)
    .map(({ turn }) => turn);
}
