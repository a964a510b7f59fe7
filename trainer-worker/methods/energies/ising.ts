import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise } from '../../compiler/trace/trace';
import { specOf } from '../options/validate';
import { bernoulli } from './bernoulli';
import { type Energy, type EnergyMethod, type SweepForm, sweepIn } from './energy-method';
import { type ColouredSites, colouredSites, type Edge, type Site } from './site-graph';
import { edgesOf, type SiteOptions, siteFields, withSiteChecks } from './site-options';
import { upperTriangle } from './triangle';

export interface IsingOptions extends SiteOptions {}

export interface IsingSpec extends Required<IsingOptions> {
  readonly type: 'ising';
}

/**
 * Pairs of spins s = 2x − 1 of binary data attract or repel, and a field acts on each:
 * `E(x) = -Σ_{(i, j)} J_ij s_i s_j - Σ h_i s_i`. Parameters `field` `[D]` and `coupling`: where all pairs
 * interact `[D, D]`, of which the part above the diagonal is J and the rest has no effect; on a `lattice`
 * or with `edges` `[edges]`, and what it costs grows with them.
 *
 * `sampler.gibbs({ scan: 'sweep' })` draws sites at once that do not interact, a lattice in two halves.
 */
export function ising(options?: IsingOptions): IsingSpec {
  return specOf(schema, 'energy.ising', 'ising', options);
}

const schema: z.ZodType<IsingSpec> = withSiteChecks(
  z.strictObject({ type: z.literal('ising'), ...siteFields }),
);

/** @internal */
export const isingMethod: EnergyMethod<IsingSpec, typeof ising> = {
  create: ising,
  schema,
  domains: ['binary'],
  sweeps: () => ['binary'],
  build(spec, dimensions) {
    const edges = edgesOf('energy.ising', spec, dimensions, 'numbers');
    return edges === undefined ? allPairs(dimensions) : somePairs(edges, dimensions);
  },
};

const spinsOf = (x: tf.Tensor) => tf.sub(tf.mul(x, 2), 1) as tf.Tensor2D;
const bitsOf = (spins: tf.Tensor) => tf.mul(tf.add(spins, 1), 0.5) as tf.Tensor2D;

function allPairs(dimensions: number): Energy {
  return {
    init: () => ({ coupling: tf.zeros([dimensions, dimensions]), field: tf.zeros([dimensions]) }),
    energy({ coupling, field }, x) {
      const spins = spinsOf(x);
      const pairs = tf.mul(coupling!, upperTriangle(dimensions));
      const local = tf.add(tf.matMul(spins, pairs as tf.Tensor2D), field!);
      return tf.neg(tf.sum(tf.mul(spins, local), 1));
    },
    sweep: ({ coupling, field }, x) => sweepOneByOne(coupling!, field!, x),
  };
}

/** Every spin in turn from its law given the others, whose pull on each is kept up to date. */
function sweepOneByOne(coupling: tf.Tensor, field: tf.Tensor, x: tf.Tensor2D): tf.Tensor2D {
  const [count, dimensions] = x.shape;
  const above = tf.mul(coupling, upperTriangle(dimensions));
  const pairs = tf.add(above, tf.transpose(above)) as tf.Tensor2D;
  const places = tf.range(0, dimensions, 1, 'int32');
  const spins = spinsOf(x);
  const [swept] = loop(
    dimensions,
    [spins, tf.add(tf.matMul(spins, pairs), field)],
    (place, [s, pull]) => {
      const chosen = tf.cast(tf.equal(places, place), 'float32');
      const at = (values: tf.Tensor) => tf.sum(tf.mul(values, chosen), 1, true);
      // p(s = 1) = σ(2 · pull).
      const up = tf.less(noise('uniform', [count, 1]), tf.sigmoid(tf.mul(at(pull!), 2)));
      const change = tf.sub(spinsOf(tf.cast(up, 'float32')), at(s!));
      const row = tf.expandDims(tf.gather(pairs, place, 0), 0);
      return [tf.add(s!, tf.mul(change, chosen)), tf.add(pull!, tf.mul(change, row))];
    },
  );
  return bitsOf(swept!);
}

function somePairs(edges: readonly Edge[], dimensions: number): Energy {
  const ends = [0, 1].map((end) => edges.map((edge) => edge[end as 0 | 1]));
  const sites = colouredSites(edges, dimensions);
  return {
    init: () => ({ coupling: tf.zeros([edges.length]), field: tf.zeros([dimensions]) }),
    energy({ coupling, field }, x) {
      // Sites first: a site is then one run of memory, of all points.
      const spins = tf.transpose(spinsOf(x));
      const [from, to] = ends.map((end) => tf.gather(spins, tf.tensor1d(end, 'int32')));
      const bonds = tf.matMul(tf.expandDims(coupling!, 0), tf.mul(from!, to!) as tf.Tensor2D);
      const fields = tf.matMul(tf.expandDims(field!, 0), spins as tf.Tensor2D);
      return tf.neg(tf.reshape(tf.add(bonds, fields), [x.shape[0]]));
    },
    ...sweepIn(({ coupling, field }) => byColour(coupling!, field!, sites)),
  };
}

/** Neighbours whose pull is summed in one product: of many at once the spins would fill the memory. */
const atOnce = 8;

/**
 * All spins of a colour at once, one colour after the other. Points lie in blocks, one a colour, `[sites, n]`
 * bits: a site is one run of memory, of all points, and what a colour does not look at is not moved.
 */
function byColour(
  coupling: tf.Tensor,
  field: tf.Tensor,
  { places, colours }: ColouredSites,
): SweepForm {
  const indices = (all: readonly number[]) => tf.tensor1d([...all], 'int32');
  const starts = startsOf(colours.map(({ length }) => length));
  return {
    enter(x) {
      const bits = tf.transpose(x);
      return colours.map((sites) => tf.gather(bits, indices(sites.map(({ site }) => site))));
    },
    sweep(before) {
      const blocks = [...before];
      colours.forEach((sites, colour) => {
        const { most, from } = neighbourhood(sites, colours, places, starts);
        const around = from === undefined ? tf.concat(blocks, 0) : blocks[from]!;
        const first = from === undefined ? 0 : starts[from]!;
        // σ(2 · pull), of spins 2b - 1: the bits pull with 4J, and with -2J whether they are on or not.
        let logits: tf.Tensor = tf.mul(tf.gather(field, indices(sites.map(({ site }) => site))), 2);
        let drawn: tf.Tensor | undefined;
        for (let k = 0; k < most; k += atOnce) {
          const several = Array.from(
            { length: Math.min(atOnce, most - k) },
            (_, index) => k + index,
          );
          // Who has fewer neighbours is pulled by some spin with no strength.
          const each = <T>(value: (neighbour: Site['neighbours'][number] | undefined) => T) =>
            sites.map(({ neighbours }) => several.map((index) => value(neighbours[index])));
          const strengths = tf.mul(
            tf.gather(
              coupling,
              tf.tensor2d(
                each((near) => near?.edge ?? 0),
                undefined,
                'int32',
              ),
            ),
            tf.tensor2d(each((near) => (near ? 2 : 0))),
          );
          const near = each((found) => (found ? places[found.site]! - first : 0));
          const bits = tf.gather(around, tf.tensor2d(near, undefined, 'int32'));
          const pulls = tf.matMul(tf.expandDims(tf.mul(strengths, 2), 1), bits);
          const pull = tf.reshape(pulls, [sites.length, pulls.shape[2]!]);
          drawn = drawn === undefined ? pull : tf.add(drawn, pull);
          logits = tf.sub(logits, tf.sum(strengths, 1));
        }
        const alone = tf.expandDims(logits, 1);
        const whole =
          drawn === undefined ? tf.broadcastTo(alone, blocks[colour]!.shape) : tf.add(drawn, alone);
        blocks[colour] = bernoulli(whole);
      });
      return blocks;
    },
    leave: (blocks) =>
      tf.transpose(tf.gather(tf.concat([...blocks], 0), indices(places))) as tf.Tensor2D,
  };
}

/** Where blocks of such lengths begin, one after the other. */
function startsOf(lengths: readonly number[]): readonly number[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return at - length;
  });
}

/** How many neighbours the sites of a colour have at most, and the colour of all of them, where it is one. */
function neighbourhood(
  sites: ColouredSites['colours'][number],
  colours: ColouredSites['colours'],
  places: readonly number[],
  starts: readonly number[],
) {
  const most = Math.max(0, ...sites.map(({ neighbours }) => neighbours.length));
  const near = sites.flatMap(({ neighbours }) => neighbours.map(({ site }) => places[site]!));
  const from = colours.findIndex(({ length }, colour) =>
    near.every((place) => place >= starts[colour]! && place < starts[colour]! + length),
  );
  return { most, from: from < 0 ? undefined : from };
}
