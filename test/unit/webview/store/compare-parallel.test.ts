import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ComparedRun } from '../../../../protocol/compare';
import {
  brushBetween,
  brushedRows,
  mostAxes,
  nearestRow,
  parallelPlan,
} from '../../../../webview/store/compare-parallel';
import type { CompareColumn, CompareRow } from '../../../../webview/store/compare-rows';

type Values = Readonly<Record<string, number | string | undefined>>;

/** Rows with a cell for each value, as the table has them. */
function rowsOf(...all: readonly Values[]): readonly CompareRow[] {
  return all.map((values, k) => ({
    run: { directory: `/runs/${k}`, name: `${k}` } as ComparedRun,
    cells: new Map(
      Object.entries(values).map(([key, value]) => [key, { text: `<${value}>`, value }] as const),
    ),
  }));
}

const columnsOf = (...keys: readonly string[]): readonly CompareColumn[] =>
  keys.map((key) => ({ key, title: key, isNumber: true }));

const [rate, kind, same, loss] = [
  'parameter rate',
  'parameter kind',
  'parameter same',
  'last loss',
];
const columns = columnsOf(loss, rate, kind, same);
const rows = rowsOf(
  { [loss]: 3, [rate]: 0.001, [kind]: '"b10"', [same]: 1 },
  { [loss]: 1, [rate]: 0.1, [kind]: '"b2"', [same]: 1 },
  { [loss]: undefined, [rate]: 0.01, [kind]: undefined, [same]: 1 },
);

describe('parallel axes', () => {
  const plan = parallelPlan(rows, columns, loss);

  test('are of what varies, with the metric behind', () => {
    assert.deepEqual(
      plan.axes.map(({ key, kind: how }) => [key, how]),
      [
        [rate, 'log'],
        [kind, 'categories'],
        [loss, 'linear'],
      ],
    );
    assert.equal(plan.varying, 2);
    const many = Array.from({ length: 14 }, (_, k) => `parameter ${k}`);
    const wide = [0, 1].map((value) =>
      Object.fromEntries([...many, loss].map((key) => [key, value])),
    );
    const widest = parallelPlan(rowsOf(...wide), columnsOf(...many, loss), loss);
    assert.deepEqual([widest.axes.length, widest.varying], [mostAxes, 14]);
    assert.equal(widest.axes.at(-1)?.key, loss);
  });

  test('have numbers by their size or its logarithm, categories evenly, 2 before 10', () => {
    const expected = [
      [0, 1, 1],
      [1, 0, 0],
      [0.5, Number.NaN, Number.NaN],
    ];
    for (const [row, places] of expected.entries()) {
      for (const [k, place] of places.entries()) {
        const told = plan.places[3 * row + k]!;
        assert.ok(Object.is(told, place) || Math.abs(told - place) < 1e-6, `${row}, ${k}: ${told}`);
      }
    }
    assert.deepEqual(
      plan.axes[1]!.marks.map(({ text }) => text),
      ['<"b2">', '<"b10">'],
    );
    const near = parallelPlan(rowsOf({ [rate]: 1 }, { [rate]: 9 }), columns, loss);
    assert.equal(near.axes[0]!.kind, 'linear');
    const signed = parallelPlan(rowsOf({ [rate]: 0 }, { [rate]: 100 }), columns, loss);
    assert.equal(signed.axes[0]!.kind, 'linear');
  });

  test('are marked at round numbers: of a logarithm too, and whole ones where all are', () => {
    const marksOf = (...values: number[]) =>
      parallelPlan(
        rowsOf(...values.map((value) => ({ [rate]: value }))),
        columns,
        loss,
      ).axes[0]!.marks.map(({ text }) => text);
    assert.deepEqual(marksOf(0.001, 0.01), ['0.001', '0.002', '0.005', '0.01']);
    assert.deepEqual(marksOf(0.0003, 30), ['0.001', '0.01', '0.1', '1', '10']);
    assert.deepEqual(marksOf(1e-12, 1), ['1e-12', '1e-9', '0.000001', '0.001', '1']);
    assert.deepEqual(marksOf(0, 1, 2), ['0', '1', '2']);
  });

  test('tell what lies at a place, and the ends to the last digit', () => {
    const [rates, kinds, losses] = plan.axes;
    assert.equal(rates!.valueAt(0), 0.001);
    assert.equal(rates!.valueAt(1), 0.1);
    assert.ok(Math.abs((rates!.valueAt(0.5) as number) - 0.01) < 1e-12);
    assert.equal(kinds!.valueAt(0.8), '"b10"');
    assert.equal(losses!.valueAt(0.25), 1.5);
    assert.equal(losses!.next(0.5, 1), 0.55);
    assert.equal(kinds!.next(0, 1), 1);
    assert.equal(kinds!.next(1, 1), 1);
  });

  test('of one value have it in their middle', () => {
    const { axes, places } = parallelPlan(rowsOf({ [loss]: 2 }, { [loss]: 2 }), columns, loss);
    assert.deepEqual([axes.length, ...places], [1, 0.5, 0.5]);
  });

  test('keep the rows that lie within all brushes', () => {
    const [rates, kinds, losses] = plan.axes;
    const names = (...brushed: readonly (readonly [number, number, number])[]) =>
      brushedRows(
        rows,
        new Map(
          brushed.map(([axis, from, to]) => {
            const of = plan.axes[axis]!;
            return [of.key, brushBetween(of, from, to)];
          }),
        ),
      ).map(({ run }) => run.name);
    assert.ok(rates && kinds && losses);
    assert.equal(brushedRows(rows, new Map()), rows);
    assert.deepEqual(names([0, 0.4, 1]), ['1', '2']);
    assert.deepEqual(names([0, 1, 0.4]), ['1', '2']);
    // What has no value on a brushed axis does not lie within.
    assert.deepEqual(names([0, 0.4, 1], [2, 0, 1]), ['1']);
    assert.deepEqual(names([1, 0.6, 1]), ['0']);
  });

  test('know the line nearest to a point between two of them', () => {
    // Of 0 and 1 the lines cross in the middle between the first two axes, and 2 is broken there.
    assert.equal(nearestRow(plan, [0, 1, 2], 0, 0.1, 0.1)?.row, 0);
    assert.equal(nearestRow(plan, [0, 1, 2], 0, 0.1, 0.8)?.row, 1);
    assert.equal(nearestRow(plan, [1], 0, 0.5, 0.5)?.distance, 0);
    assert.equal(nearestRow(plan, [2], 0, 0.5, 0.5), undefined);
  });
});
