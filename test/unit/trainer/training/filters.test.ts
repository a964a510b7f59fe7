/** The filters of a preview are the weights that the energy has, of the units that have the most to say. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { energy } from 'ebm-lab';
import type { ImageLayout } from '../../../../protocol/run';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { buildEnergy, type EnergySpec } from '../../../../trainer-worker/methods/energies';
import {
  filterPlanOf,
  filtersOf,
  mostFilters,
} from '../../../../trainer-worker/trainer/training/filters';
import { initialParameters } from '../../../../trainer-worker/trainer/training/parameters';

const image: ImageLayout = { height: 3, width: 4, channels: 1, from: [0, 1], to: [0, 1] };

/** The plan of an energy on rows of 12 pixels, and the weights that it begins with. */
function planned(spec: EnergySpec, layout: { image?: ImageLayout } = { image }, levels?: number[]) {
  const built = buildEnergy(spec, levels ? levels.reduce((a, b) => a + b) : 12, levels);
  const parameters = initialParameters(built.init, new Random(3, streams.parameters), {
    files: [],
  });
  const plan = filterPlanOf(built, parameters, layout, levels);
  const data = parameters.find(({ name }) => `parameters/${name}` === plan?.parameter)?.data;
  return { plan, data };
}

describe('filters', () => {
  test('are the columns of the weights, each in the shape of the images', () => {
    for (const spec of [
      energy.rbm({ hidden: 5 }),
      energy.gaussBernoulliRbm({ hidden: 5 }),
      energy.deepBoltzmannMachine({ hidden: [5, 2] }),
    ]) {
      const { plan, data } = planned(spec);
      assert.deepEqual(plan, {
        parameter: 'parameters/weight',
        units: 5,
        height: 3,
        width: 4,
        channels: 1,
      });
      const { values, units, of } = filtersOf(data!, plan!);
      assert.deepEqual([...units], [0, 1, 2, 3, 4]);
      assert.equal(of, 5);
      for (let unit = 0; unit < 5; unit++) {
        for (let at = 0; at < 12; at++) {
          assert.equal(values[unit * 12 + at], data![at * 5 + unit], spec.type);
        }
      }
    }
  });

  test('are patches where weights are the same at all places', () => {
    const spec = energy.convolutionalRbm({ shape: [3, 4, 1], filter: 2, filters: 6 });
    const { plan, data } = planned(spec, {});
    assert.deepEqual(plan, {
      parameter: 'parameters/filter',
      units: 6,
      height: 2,
      width: 2,
      channels: 1,
    });
    const { values } = filtersOf(data!, plan!);
    assert.deepEqual(
      [...values.subarray(4, 8)],
      [0, 1, 2, 3].map((at) => data![at * 6 + 1]),
    );
  });

  test('are none where rows or patches are no pictures, or nothing is hidden', () => {
    assert.equal(planned(energy.rbm({ hidden: 5 }), {}).plan, undefined);
    assert.equal(planned(energy.mlp({ hidden: [4] })).plan, undefined);
    const twoChannels = energy.convolutionalRbm({ shape: [3, 2, 2], filter: 2, filters: 6 });
    assert.equal(planned(twoChannels, {}).plan, undefined);
  });

  test('of many units are those of the largest norms, by the numbers of the units', () => {
    const units = mostFilters + 30;
    const plan = { parameter: 'weight', units, height: 1, width: 2, channels: 1 };
    // Norms fall where numbers grow, but for the last unit, which has the largest.
    const weights = new Float32Array(2 * units);
    for (let unit = 0; unit < units; unit++) weights[units + unit] = -1 / (unit + 2);
    weights[units - 1] = 9;
    const found = filtersOf(weights, plan);
    const expected = Array.from({ length: mostFilters - 1 }, (_, unit) => unit);
    assert.deepEqual([...found.units], [...expected, units - 1]);
    assert.equal(found.of, units);
    assert.deepEqual([...found.values.subarray(-2)], [9, Math.fround(-1 / (units + 1))]);
    // Of large images fewer, and always one.
    const large = { ...plan, units: 3, height: 512, width: 512 };
    const one = filtersOf(new Float32Array(3 * 512 * 512), large);
    assert.deepEqual([[...one.units], one.of], [[0], 3]);
  });

  test('of categories are slopes over their levels: differences of two, and no matter what is added to all', () => {
    const levels = [2, 4, 3];
    const plan = {
      parameter: 'parameters/weight',
      units: 2,
      height: 1,
      width: 3,
      channels: 1,
      levels,
    };
    const random = new Random(5, streams.parameters);
    const weights = Float32Array.from({ length: 18 }, () => random.normal());
    const { values } = filtersOf(weights, plan);
    const weight = (column: number, unit: number) => weights[2 * column + unit]!;
    for (let unit = 0; unit < 2; unit++) {
      const [first, second, third] = values.subarray(3 * unit, 3 * unit + 3);
      // Single precision, of numbers of about 1.
      const near = (found: number | undefined, wanted: number) =>
        assert.ok(Math.abs(found! - wanted) < 1e-6, `${found}, not ${wanted}`);
      near(first, weight(1, unit) - weight(0, unit));
      // Least squares of four equidistant points: (3 (y4 - y1) + (y3 - y2)) / 10.
      const outer = weight(5, unit) - weight(2, unit);
      near(second, (3 * outer + weight(4, unit) - weight(3, unit)) / 10);
      near(third, (weight(8, unit) - weight(6, unit)) / 2);
    }
    const raised = weights.map((value, at) => value + (at < 4 ? 0 : 0.5));
    for (const [at, value] of filtersOf(raised, plan).values.entries()) {
      assert.ok(Math.abs(value - values[at]!) < 1e-6);
    }
    // The energy of categorical rows that are images plans them so.
    const codes: ImageLayout = { ...image, height: 1, width: 3 };
    assert.deepEqual(planned(energy.rbm({ hidden: 2 }), { image: codes }, levels).plan, plan);
  });
});
