/** The stochastic differential equations that are checked, and how numbers are compared there. */
import assert from 'node:assert/strict';
import { sde } from 'ebm-lab';
import type { SdeSpec } from '../../trainer-worker/methods/sdes';

export const equations: Readonly<Record<string, SdeSpec>> = {
  'variance exploding': sde.varianceExploding({ highest: 8, lowest: 0.1 }),
  'variance preserving': sde.variancePreserving(),
  'sub-variance preserving': sde.subVariancePreserving(),
};

/** @throws AssertionError where `measured` is `tolerance` or more from `expected` */
export function near(measured: number, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs(measured - expected) < tolerance,
    `${measured}, not ${expected} ± ${tolerance}`,
  );
}
