import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop } from '../../compiler/trace/trace';
import { integer } from '../options/numbers';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import { categorical } from './categorical';
import type { Energy, EnergyMethod } from './energy-method';
import { type ColouredSites, colouredSites, type Edge } from './site-graph';
import { edgesOf, type SiteOptions, siteFields, withSiteChecks } from './site-options';
import { upperTriangle } from './triangle';

export interface PottsOptions extends SiteOptions {
  /**
   * q, the states of a site, 2 to 256: the levels that every category of the data has. Default `null`: as
   * many as the data have.
   */
  readonly states?: number | null;
}

export interface PottsSpec extends Required<PottsOptions> {
  readonly type: 'potts';
}

/**
 * Categories that attract each other where they are alike, and a field on each state of each site:
 * `E(s) = -Σ_{(i, j)} J_ij δ(s_i, s_j) - Σ_i h_i(s_i)`, for categorical data whose categories all have as many
 * levels (Potts 1952). Parameters `field` `[sites, states]` and `coupling`: where all pairs interact
 * `[sites, sites]`, of which the part above the diagonal is J and the rest has no effect; on a `lattice` or
 * with `edges` `[edges]`, and what it costs grows with them.
 *
 * `sampler.gibbs({ scan: 'sweep' })` draws sites at once that do not interact, a lattice in two halves. With
 * two states it is the Ising model of half the coupling.
 */
export function potts(options?: PottsOptions): PottsSpec {
  return specOf(schema, 'energy.potts', 'potts', options);
}

const schema: z.ZodType<PottsSpec> = withSiteChecks(
  z.strictObject({
    type: z.literal('potts'),
    ...siteFields,
    states: integer(2, 256).nullable().default(null),
  }),
);

/** @internal */
export const pottsMethod: EnergyMethod<PottsSpec, typeof potts> = {
  create: potts,
  schema,
  domains: ['categorical'],
  sweeps: () => ['categorical'],
  build(spec, dimensions, _part, levels) {
    const states = statesOf(spec, dimensions, levels);
    const sites = dimensions / states;
    const edges = edgesOf('energy.potts', spec, sites, 'categories');
    const lattice = { sites, states };
    return edges === undefined ? allPairs(lattice) : somePairs(edges, lattice);
  },
};

/** Sites and the states that each has. */
interface Size {
  readonly sites: number;
  readonly states: number;
}

/** @throws OptionError where the categories of the data have not all as many levels as there are states */
function statesOf(
  { states }: PottsSpec,
  dimensions: number,
  levels: readonly number[] | undefined,
): number {
  const wanted = states ?? levels?.[0] ?? 2;
  const odd = levels?.findIndex((count) => count !== wanted) ?? -1;
  if (odd >= 0) {
    throw new OptionError(
      `energy.potts: the sites have ${wanted} states, but category ${odd + 1} of the data has ${levels![odd]} levels.`,
      states === null
        ? 'Use categories that all have as many levels, name those that a column lacks with levels, or take energy.mlp.'
        : 'Set states to the levels that all categories have, or leave it out.',
      ['states'],
    );
  }
  if (dimensions % wanted === 0) return wanted;
  throw new OptionError(
    `energy.potts: points of ${dimensions} columns are no sites of ${wanted} states.`,
    'Set states to the levels that all categories have.',
    ['states'],
  );
}

/** `[n, sites · states]` points as `[n, sites, states]`. */
function apart(x: tf.Tensor, { sites, states }: Size): tf.Tensor3D {
  return tf.reshape(x, [-1, sites, states]) as tf.Tensor3D;
}

function joined(x: tf.Tensor, { sites, states }: Size): tf.Tensor2D {
  return tf.reshape(x, [-1, sites * states]) as tf.Tensor2D;
}

/** -Σ h_i(s_i), `[n]`. */
function fieldEnergy(field: tf.Tensor, x: tf.Tensor2D): tf.Tensor {
  const column = tf.reshape(field, [-1, 1]) as tf.Tensor2D;
  return tf.neg(tf.reshape(tf.matMul(x, column), [x.shape[0]]));
}

function allPairs(size: Size): Energy {
  const { sites, states } = size;
  return {
    init: () => ({ coupling: tf.zeros([sites, sites]), field: tf.zeros([sites, states]) }),
    energy({ coupling, field }, x) {
      const pairs = tf.mul(coupling!, upperTriangle(sites)) as tf.Tensor2D;
      // States first: of each state a point has the sites that are in it.
      const inState = tf.reshape(tf.transpose(apart(x, size), [0, 2, 1]), [-1, sites]);
      const local = tf.mul(tf.matMul(inState as tf.Tensor2D, pairs), inState);
      const alike = tf.sum(tf.reshape(local, [x.shape[0], states * sites]), 1);
      return tf.sub(fieldEnergy(field!, x), alike);
    },
    sweep: ({ coupling, field }, x) => sweepOneByOne(coupling!, field!, x, size),
  };
}

/** Every site in turn from its law given the others, whose pull on each is kept up to date. */
function sweepOneByOne(
  coupling: tf.Tensor,
  field: tf.Tensor,
  x: tf.Tensor2D,
  size: Size,
): tf.Tensor2D {
  const { sites } = size;
  const above = tf.mul(coupling, upperTriangle(sites));
  const pairs = tf.add(above, tf.transpose(above)) as tf.Tensor2D;
  const places = tf.range(0, sites, 1, 'int32');
  // [states, n, sites]: what is summed over states or sites lies first or last.
  const begin = tf.transpose(apart(x, size), [2, 0, 1]);
  const [states, count] = begin.shape as [number, number, number];
  const pulls = tf.reshape(
    tf.matMul(tf.reshape(begin, [states * count, sites]) as tf.Tensor2D, pairs),
    [states, count, sites],
  );
  const fields = tf.expandDims(tf.transpose(field), 1);
  const [swept] = loop(sites, [begin, tf.add(pulls, fields)], (place, [at, pull]) => {
    const chosen = tf.cast(tf.equal(places, place), 'float32');
    const of = (values: tf.Tensor) => tf.sum(tf.mul(values, chosen), 2, true);
    const change = tf.sub(categorical(of(pull!)), of(at!));
    const row = tf.reshape(tf.gather(pairs, place, 0), [1, 1, sites]);
    return [tf.add(at!, tf.mul(change, chosen)), tf.add(pull!, tf.mul(change, row))];
  });
  return joined(tf.transpose(swept!, [1, 2, 0]), size);
}

function somePairs(edges: readonly Edge[], size: Size): Energy {
  const { sites, states } = size;
  const ends = [0, 1].map((end) => edges.map((edge) => edge[end as 0 | 1]));
  const coloured = colouredSites(edges, sites);
  return {
    init: () => ({ coupling: tf.zeros([edges.length]), field: tf.zeros([sites, states]) }),
    energy({ coupling, field }, x) {
      const count = x.shape[0];
      // Sites first: a site is then one run of memory, of all states and points.
      const bySite = tf.reshape(tf.transpose(apart(x, size), [1, 2, 0]), [sites, states * count]);
      const [from, to] = ends.map((end) => tf.gather(bySite, tf.tensor1d(end, 'int32')));
      const alike = tf.matMul(tf.expandDims(coupling!, 0), tf.mul(from!, to!) as tf.Tensor2D);
      return tf.sub(fieldEnergy(field!, x), tf.sum(tf.reshape(alike, [states, count]), 0));
    },
    sweep: ({ coupling, field }, x) => sweepByColour(coupling!, field!, x, size, coloured),
  };
}

/** All sites of a colour at once, one colour after the other. */
function sweepByColour(
  coupling: tf.Tensor,
  field: tf.Tensor,
  x: tf.Tensor2D,
  size: Size,
  { colours, places }: ColouredSites,
): tf.Tensor2D {
  const indices = (all: readonly number[]) => tf.tensor1d([...all], 'int32');
  // [states, sites, n], the sites of one colour after those of another.
  const bySite = tf.transpose(apart(x, size), [2, 1, 0]);
  const fields = tf.transpose(field);
  const blocks: tf.Tensor[] = colours.map((sites) =>
    tf.gather(bySite, indices(sites.map(({ site }) => site)), 1),
  );
  colours.forEach((sites, colour) => {
    const all = tf.concat(blocks, 1);
    const [, , count] = all.shape as [number, number, number];
    let pull: tf.Tensor = tf.broadcastTo(
      tf.expandDims(tf.gather(fields, indices(sites.map(({ site }) => site)), 1), 2),
      [size.states, sites.length, count],
    );
    const most = Math.max(0, ...sites.map(({ neighbours }) => neighbours.length));
    for (let k = 0; k < most; k++) {
      // Who has fewer neighbours is pulled by its own state with no strength.
      const near = sites.map(({ site, neighbours }) => neighbours[k]?.site ?? site);
      const strength = tf.mul(
        tf.gather(coupling, indices(sites.map(({ neighbours }) => neighbours[k]?.edge ?? 0))),
        tf.tensor1d(sites.map(({ neighbours }) => Number(k < neighbours.length))),
      );
      const states = tf.gather(all, indices(near.map((site) => places[site]!)), 1);
      pull = tf.add(pull, tf.mul(tf.reshape(strength, [1, -1, 1]), states));
    }
    blocks[colour] = categorical(pull);
  });
  const back = tf.gather(tf.concat(blocks, 1), indices(places), 1);
  return joined(tf.transpose(back, [2, 1, 0]), size);
}
