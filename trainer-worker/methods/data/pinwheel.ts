import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { logSumExp, type Point } from './density';
import { noiseOption, numbered, type ToyOptions, toyFields, toyMethod } from './toy';

export interface PinwheelOptions extends ToyOptions {
  /** Standard deviation along each arm, before doubling in size, 0 to 100. Default 0.3. */
  readonly radialNoise?: number;
  /** Standard deviation across each arm, before doubling in size, 0 to 100. Default 0.1. */
  readonly noise?: number;
  /** How many arms, 2 to 100. Default 5. */
  readonly arms?: number;
  /** How strongly the arms bend, in radians, −10 to 10. Default 0.25. */
  readonly rate?: number;
}

export interface PinwheelSpec extends Required<PinwheelOptions> {
  readonly type: 'pinwheel';
}

/**
 * Gaussian arms, bent by an angle that grows exponentially with the radius, in about ±4.
 *
 * The pinwheel of Johnson et al., "Composing graphical models with neural networks" (2016), with
 * the constants that density-estimation papers since FFJORD use.
 */
export function pinwheel(options?: PinwheelOptions): PinwheelSpec {
  return specOf(schema, 'data.pinwheel', 'pinwheel', options);
}

const schema: z.ZodType<PinwheelSpec> = z.strictObject({
  type: z.literal('pinwheel'),
  ...toyFields,
  radialNoise: noiseOption(0.3),
  noise: noiseOption(0.1),
  arms: integer(2, 100).default(5),
  rate: z.number().min(-10).max(10).default(0.25),
});

/**
 * The map from (along, across) to the plane turns by a multiple of 2π/arms plus `rate · exp(along)`,
 * so it keeps the radius r, and its Jacobian is `1 - rate · exp(along) · across`. The points that it
 * takes to `point` lie on the circle of that radius, at the angles β with
 * `β + rate · exp(r cos β) = angle of the point` up to multiples of 2π/arms.
 */
function pinwheelLogDensity([x, y]: Point, { noise, radialNoise, arms, rate }: PinwheelSpec) {
  const radius = Math.hypot(x, y);
  const wanted = Math.atan2(y, x);
  const step = (2 * Math.PI) / arms;
  const turn = (beta: number) => (beta + rate * Math.exp(radius * Math.cos(beta)) - wanted) / step;
  const terms: number[] = [];
  const pieces = 256;
  for (let piece = 0; piece < pieces; piece++) {
    const low = -Math.PI + (2 * Math.PI * piece) / pieces;
    const high = -Math.PI + (2 * Math.PI * (piece + 1)) / pieces;
    // Far away the map winds so often that there are more points than anyone can count; none has mass.
    const isFar =
      gap(1, radius * Math.cos(low), radius * Math.cos(high)) > reach * radialNoise ||
      gap(0, radius * Math.sin(low), radius * Math.sin(high)) > reach * noise;
    if (isFar) continue;
    const [from, to] = [turn(low), turn(high)];
    for (let whole = Math.ceil(Math.min(from, to)); whole < Math.max(from, to); whole++) {
      const beta = root((at) => turn(at) - whole, low, high);
      const along = radius * Math.cos(beta);
      const across = radius * Math.sin(beta);
      const jacobian = Math.abs(1 - rate * Math.exp(along) * across);
      terms.push(
        -(((along - 1) / radialNoise) ** 2 + (across / noise) ** 2) / 2 - Math.log(jacobian),
      );
    }
  }
  // 4 for the doubled size.
  return logSumExp(terms) - Math.log(2 * Math.PI * noise * radialNoise * arms * 4);
}

/** Deviations beyond which a Gaussian has a mass of 1e-18. */
const reach = 9;

/** How far a number lies outside the interval between two others. */
function gap(at: number, one: number, other: number): number {
  return Math.max(0, Math.min(one, other) - at, at - Math.max(one, other));
}

/** Where f, of different signs at both ends, is zero, by bisection to rounding. */
function root(f: (at: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  const rises = f(high) > f(low);
  for (let iteration = 0; iteration < 40; iteration++) {
    const middle = (low + high) / 2;
    if (f(middle) > 0 === rises) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** @internal */
export const pinwheelMethod = toyMethod(pinwheel, schema, {
  classes: ({ arms }) => numbered('arm', arms),
  logDensity(spec) {
    if (spec.noise === 0 || spec.radialNoise === 0) return undefined;
    return (point) => pinwheelLogDensity([point[0]! / 2, point[1]! / 2], spec);
  },
  draw(random, spec) {
    const along = 1 + spec.radialNoise * random.normal();
    const across = spec.noise * random.normal();
    const label = random.integer(spec.arms);
    const angle = (2 * Math.PI * label) / spec.arms + spec.rate * Math.exp(along);
    return {
      label,
      point: [
        2 * (along * Math.cos(angle) - across * Math.sin(angle)),
        2 * (along * Math.sin(angle) + across * Math.cos(angle)),
      ],
    };
  },
});
