import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise } from '../../compiler/trace/trace';
import { specOf } from '../options/validate';
import { bernoulli } from './bernoulli';
import type { Energy, EnergyMethod } from './energy-method';
import { type ColouredSites, colouredSites, type Edge } from './site-graph';
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
    sweep: ({ coupling, field }, x) => sweepByColour(coupling!, field!, x, sites),
  };
}

/** All spins of a colour at once, one colour after the other. */
function sweepByColour(
  coupling: tf.Tensor,
  field: tf.Tensor,
  x: tf.Tensor2D,
  { places, colours }: ColouredSites,
): tf.Tensor2D {
  const indices = (all: readonly number[]) => tf.tensor1d([...all], 'int32');
  const blocks = colours.map((sites) =>
    tf.gather(tf.transpose(spinsOf(x)), indices(sites.map(({ site }) => site))),
  );
  colours.forEach((sites, colour) => {
    const all = tf.concat(blocks, 0);
    let pull: tf.Tensor = tf.expandDims(
      tf.gather(field, indices(sites.map(({ site }) => site))),
      1,
    );
    const most = Math.max(0, ...sites.map(({ neighbours }) => neighbours.length));
    for (let k = 0; k < most; k++) {
      // Who has fewer neighbours is pulled by its own spin with no strength.
      const near = sites.map(({ site, neighbours }) => neighbours[k]?.site ?? site);
      const strength = tf.mul(
        tf.gather(coupling, indices(sites.map(({ neighbours }) => neighbours[k]?.edge ?? 0))),
        tf.tensor1d(sites.map(({ neighbours }) => Number(k < neighbours.length))),
      );
      const spins = tf.gather(all, indices(near.map((site) => places[site]!)));
      pull = tf.add(pull, tf.mul(tf.expandDims(strength, 1), spins));
    }
    const whole = tf.broadcastTo(pull, blocks[colour]!.shape);
    // p(s = 1) = σ(2 · pull).
    blocks[colour] = spinsOf(bernoulli(tf.mul(whole, 2)));
  });
  const back = tf.gather(tf.concat(blocks, 0), indices(places));
  return bitsOf(tf.transpose(back));
}
