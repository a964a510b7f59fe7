import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ComparedRun } from '../../../../protocol/compare';
import type { Json } from '../../../../protocol/run';
import { mostValues, runGrid, usualGridAxes } from '../../../../webview/store/compare-grid';

function run(name: string, parameters: Record<string, Json>): ComparedRun {
  return { directory: name, name, parameters } as unknown as ComparedRun;
}

describe('runs by two of their parameters', () => {
  const runs = [
    run('a', { rate: 0.1, size: 10, seed: 1 }),
    run('b', { rate: 0.1, size: 10, seed: 2 }),
    run('c', { rate: 0.01, size: 9, seed: 1 }),
    run('d', { rate: 0.01, size: 10, seed: 3 }),
    run('e', { rate: 0.01, seed: 4 }),
  ];
  const losses = new Map([
    ['a', 2],
    ['b', 1],
    ['d', 5],
  ]);
  const lossOf = ({ name }: ComparedRun) => losses.get(name);

  test('have a cell for each combination that there is, numbers in their order', () => {
    const grid = runGrid(runs, ['size', 'rate'], lossOf, 'minimize');
    assert.deepEqual(grid.rows, ['0.01', '0.1']);
    assert.deepEqual(new Set(grid.columns), new Set(['9', '10', '–']));
    assert.ok(grid.columns.indexOf('9') < grid.columns.indexOf('10'));
    const told = grid.cells.map(({ row, column, run: { name }, count }) => [
      ...[grid.rows[row], grid.columns[column], name, count],
    ]);
    assert.deepEqual(
      new Set(told.map((each) => each.join())),
      new Set(['0.01,9,c,1', '0.01,10,d,1', '0.01,–,e,1', '0.1,10,b,2']),
    );
    assert.equal(grid.left, 0);
  });

  test('show the best of those that share one, and one with a value before one without', () => {
    const bestOf = (goal: 'minimize' | 'maximize', order = runs) =>
      runGrid(order, ['size', 'rate'], lossOf, goal).cells.find(({ count }) => count === 2)?.run
        .name;
    assert.deepEqual([bestOf('minimize'), bestOf('maximize')], ['b', 'a']);
    losses.delete('a');
    assert.deepEqual([bestOf('minimize'), bestOf('maximize')], ['b', 'b']);
    losses.clear();
    assert.equal(bestOf('minimize'), 'a');
  });

  test('are of the first values where there are too many', () => {
    const many = Array.from({ length: 40 }, (_, k) => run(`${k}`, { x: k, y: k % 2 }));
    const grid = runGrid(many, ['x', 'y'], () => 0, 'minimize');
    assert.deepEqual([grid.columns.length, grid.columns.at(-1)], [mostValues, '23']);
    assert.equal(grid.left, 40 - mostValues);
    assert.equal(grid.cells.length, mostValues);
  });

  test('begin with what has few values, seeds last', () => {
    assert.deepEqual(usualGridAxes(runs, ['seed', 'size', 'rate']), ['rate', 'size']);
    assert.deepEqual(usualGridAxes(runs, ['seed', 'rate']), ['rate', 'seed']);
    assert.equal(usualGridAxes(runs, ['rate']), undefined);
  });
});
