import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ComparedRun, RunCurves } from '../../../../protocol/compare';
import type { Json } from '../../../../protocol/run';
import { bandOf, differenceTo, seedGroups, valueAt } from '../../../../webview/store/compare-bands';
import { keptChoices } from '../../../../webview/store/compare-kept';
import { commonRange, isOneWindow } from '../../../../webview/store/compare-range';
import {
  columnsOf,
  isFiltered,
  offeredColumns,
  parameterPaths,
  rowsOf,
  rowsToCsv,
  type TableView,
} from '../../../../webview/store/compare-rows';
import {
  fromCompareSnapshot,
  rankingOf,
  withCompareUpdate,
} from '../../../../webview/store/compare-state';
import { Series } from '../../../../webview/store/series';

const metrics = [
  { name: 'loss', label: 'Loss', group: 'Loss' },
  { name: 'log-likelihood/held-out', label: 'Held-out', group: 'Likelihood', unit: 'nats' },
  { name: 'log-likelihood/held-out/error', label: 'e', group: 'Likelihood', errorOf: 'x' },
];

function run(name: string, parameters: Record<string, Json> = {}): ComparedRun {
  return {
    directory: `/runs/${name}`,
    name,
    status: 'finished',
    hasDiverged: false,
    step: 100,
    steps: 100,
    seconds: 2.5,
    createdAt: '2026-02-03T04:05:06.789Z',
    parameters,
    source: 'aa',
    changed: [],
    byHand: [],
    metrics,
    isStarred: false,
    tags: [],
    previewSteps: [],
  };
}

function curves(name: string, values: Record<string, number>): RunCurves {
  const ends = Object.entries(values).map(([metric, value]) => {
    const lowest = { step: 40, value: value - 1 };
    const highest = { step: 60, value: value + 1 };
    return [metric, { last: { step: 100, value }, lowest, highest }] as const;
  });
  return { directory: `/runs/${name}`, series: {}, thinned: [], ends: Object.fromEntries(ends) };
}

function series(points: readonly (readonly [number, number])[]): Series {
  const made = new Series();
  made.append({
    steps: Float64Array.from(points, ([step]) => step),
    values: Float32Array.from(points, ([, value]) => value),
  });
  return made;
}

function stateOf(runs: readonly ComparedRun[], told: readonly RunCurves[]) {
  const directories = runs.map(({ directory }) => directory);
  const empty = fromCompareSnapshot({ generation: 1, title: 'runs', directories, runs });
  return withCompareUpdate(empty, { generation: 1, curves: told, isComplete: true });
}

const view: TableView = {
  ranking: { metric: 'loss', goal: 'minimize' },
  onlyDiffering: true,
  sort: undefined,
  filter: '',
  baseline: undefined,
  columns: {},
  pinned: new Set(),
};

describe('runs that are compared', () => {
  const runs = [run('a', { rate: 0.1, seed: 1 }), run('b', { rate: 0.01, seed: 1 })];

  test('are ranked by what is usual, where their sweep says nothing', () => {
    const likelihood = 'log-likelihood/held-out';
    const told = [
      curves('a', { loss: 1, [likelihood]: -3 }),
      curves('b', { loss: 2, [likelihood]: -2 }),
    ];
    assert.deepEqual(rankingOf(stateOf(runs, told)), { metric: likelihood, goal: 'maximize' });
    const losses = [curves('a', { loss: 1 }), curves('b', { loss: 2, [likelihood]: -2 })];
    assert.deepEqual(rankingOf(stateOf(runs, losses)), { metric: 'loss', goal: 'minimize' });
    const ranking = { metric: 'mine', goal: 'maximize' } as const;
    assert.deepEqual(rankingOf({ ...stateOf(runs, told), ranking }), ranking);
  });

  test('are told nothing by an update of another generation', () => {
    const state = stateOf(runs, []);
    const update = { generation: 2, curves: [curves('a', { loss: 1 })] };
    assert.equal(withCompareUpdate(state, update), state);
  });

  test('have a column for each parameter in which they differ', () => {
    assert.deepEqual(parameterPaths(runs, true), ['rate']);
    assert.deepEqual(parameterPaths(runs, false), ['rate', 'seed']);
    const named = [run('a', { name: 'x' }), run('b', { name: 'y' })];
    assert.deepEqual(parameterPaths(named, false), []);
    const keys = columnsOf(stateOf(runs, []), { ...view, baseline: '/runs/a' });
    assert.deepEqual(
      keys.map(({ key }) => key),
      [
        ...['last loss', 'difference', 'best', 'best step', 'parameter rate', 'step', 'seconds'],
        'last log-likelihood/held-out',
      ],
    );
  });

  test('are sorted by numbers as such, and what has no number comes last either way', () => {
    const three = [...runs, run('c', { rate: 0.02 })];
    const told = [curves('a', { loss: 10 }), curves('b', { loss: 9 })];
    const namesBy = (change: Partial<TableView>) =>
      rowsOf(stateOf(three, told), { ...view, ...change }).map((row) => row.run.name);
    assert.deepEqual(namesBy({}), ['b', 'a', 'c']);
    assert.deepEqual(namesBy({ ranking: { metric: 'loss', goal: 'maximize' } }), ['a', 'b', 'c']);
    for (const isDescending of [false, true]) {
      const names = namesBy({ sort: { key: 'best step', isDescending } });
      assert.equal(names.at(-1), 'c');
    }
    assert.deepEqual(namesBy({ sort: { key: 'parameter rate', isDescending: true } }), [
      'a',
      'c',
      'b',
    ]);
  });

  test('have their best by what is good, with its step, and differences to a baseline', () => {
    const told = [curves('a', { loss: 10 }), curves('b', { loss: 9 })];
    const cells = (change: Partial<TableView>) => {
      const [, last] = rowsOf(stateOf(runs, told), { ...view, baseline: '/runs/b', ...change });
      return ['best', 'best step', 'difference'].map((key) => last?.cells.get(key)?.value);
    };
    assert.deepEqual(cells({}), [9, 40, 1]);
    assert.deepEqual(cells({ ranking: { metric: 'loss', goal: 'maximize' } }), [10, 60, 0]);
  });

  test('have the columns that were chosen, and otherwise those that are usual', () => {
    const three = [...runs, { ...run('c', { rate: 0.1, seed: 1 }), metrics: [...metrics] }];
    const columns = {
      'parameter rate': false,
      'parameter seed': true,
      'best of log-likelihood/held-out': true,
      'best step of log-likelihood/held-out': true,
      'of what is gone': true,
    };
    const told = [curves('a', { loss: 1, 'log-likelihood/held-out': -3 })];
    const state = stateOf(three, told);
    const keys = columnsOf(state, { ...view, columns }).map(({ key }) => key);
    assert.ok(keys.includes('parameter seed') && !keys.includes('parameter rate'));
    assert.ok(!keys.includes('of what is gone'));
    // Of a likelihood the largest is the best: one above the last, at 60.
    const [first] = rowsOf(state, { ...view, columns });
    const best = ['best of', 'best step of'].map(
      (what) => first?.cells.get(`${what} log-likelihood/held-out`)?.value,
    );
    assert.deepEqual(best, [-2, 60]);
    const all = offeredColumns(state, { ...view, columns });
    assert.deepEqual(
      all.filter(({ group }) => group === 'Parameters').map(({ title }) => title),
      ['rate', 'seed'],
    );
  });

  test('stay above the others where they are pinned, whatever the table is sorted by', () => {
    const told = [curves('a', { loss: 3 }), curves('b', { loss: 1 }), curves('c', { loss: 2 })];
    const state = stateOf([...runs, run('c', {})], told);
    for (const isDescending of [false, true]) {
      const names = rowsOf(state, {
        ...view,
        pinned: new Set(['/runs/c', '/runs/gone']),
        sort: { key: 'last loss', isDescending },
      }).map((row) => row.run.name);
      assert.deepEqual(names, isDescending ? ['c', 'a', 'b'] : ['c', 'b', 'a']);
    }
  });

  test('are arranged as was kept, as far as that can be read', () => {
    const columns = { step: false, 'parameter rate': true };
    const kept = { version: 1, columns, pinned: ['/runs/a'] };
    assert.deepEqual(keptChoices(kept), { columns, pinned: ['/runs/a'] });
    const nothing = { columns: {}, pinned: [] };
    for (const state of [undefined, null, 3, {}, { columns: 'x', pinned: 'y' }]) {
      assert.deepEqual(keptChoices(state), nothing);
    }
    const odd = { columns: { step: 1, seconds: false }, pinned: [1, '/runs/b'] };
    assert.deepEqual(keptChoices(odd), { columns: { seconds: false }, pinned: ['/runs/b'] });
  });

  test('are written with all their digits', () => {
    const told = [curves('a', { loss: 1 / 3 })];
    const state = stateOf([run('a, or so', { rate: 0.1 })], told);
    const [head, line] = rowsToCsv(rowsOf(state, view), columnsOf(state, view)).split('\n');
    assert.match(head ?? '', /^run,name,status,last loss,/);
    assert.match(line ?? '', /^"\/runs\/a, or so","a, or so",finished,/);
  });

  test('are found by name, status, tag and parameter, all words together', () => {
    const tagged = { ...run('moons', { 'optimizer.rate': 0.01 }), tags: ['best'] };
    for (const filter of ['', 'MOON', 'finished', 'best optimizer.rate=0.01']) {
      assert.ok(isFiltered(filter)(tagged), filter);
    }
    assert.ok(!isFiltered('best rate=0.1x')(tagged));
    assert.ok(isFiltered('rung 1')({ ...tagged, standing: 'at rung 1 of 3, not promoted' }));
  });
});

describe('runs that differ in their seeds', () => {
  test('are one group', () => {
    const runs = [
      run('a', { rate: 1, seed: 1 }),
      run('b', { rate: 2, seed: 1 }),
      run('c', { rate: 1, seed: 2 }),
    ];
    assert.deepEqual(
      seedGroups(runs).map(({ label, runs: members }) => [label, members.length]),
      [
        ['rate=1', 2],
        ['rate=2', 1],
      ],
    );
    assert.equal(seedGroups([run('a', { seed: 1 }), run('b', { seed: 2 })])[0]?.label, '');
  });

  test('have the mean and the sample deviation of all that have a value at a step', () => {
    const one = series([
      [0, 0],
      [10, 10],
    ]);
    const other = series([
      [0, 2],
      [20, 22],
    ]);
    const band = bandOf([one, other], 0, 20, 5);
    assert.deepEqual(band.steps, [0, 5, 10, 15, 20]);
    assert.deepEqual(band.mean, [1, 6, 11, 17, 22]);
    assert.deepEqual(band.counts, [2, 2, 2, 1, 1]);
    // The sample deviation of two numbers that are 2 apart is √2.
    assert.ok(Math.abs(band.high[1]! - 6 - Math.SQRT2) < 1e-12);
    assert.ok(Math.abs(6 - band.low[1]! - Math.SQRT2) < 1e-12);
    assert.equal(band.low[4], 22);
  });

  test('have no mean of what is not a number', () => {
    const broken = series([
      [0, 1],
      [10, Number.NaN],
    ]);
    assert.deepEqual(bandOf([broken], 0, 10, 3), {
      steps: [0],
      mean: [1],
      low: [1],
      high: [1],
      counts: [1],
    });
  });
});

test('a difference to a baseline is that at the same step, between its points too', () => {
  const baseline = series([
    [0, 0],
    [10, 10],
  ]);
  assert.equal(valueAt(baseline, 2.5), 2.5);
  assert.ok(Number.isNaN(valueAt(baseline, 11)));
  const difference = differenceTo(
    baseline,
    series([
      [5, 6],
      [10, 10],
      [20, 3],
    ]),
  );
  assert.deepEqual([difference.stepAt(0), difference.values.at(0)], [5, 1]);
  assert.deepEqual([difference.length, difference.values.at(1)], [2, 0]);
});

describe('previews side by side', () => {
  test('have one range of colours that holds them all', () => {
    const one = Float32Array.from({ length: 101 }, (_, k) => k);
    const other = one.map((energy) => energy - 50);
    assert.deepEqual(commonRange([one, other]), { low: -49, high: 90 });
    assert.equal(commonRange([new Float32Array(4).fill(Number.NaN)]), undefined);
  });

  test('lie in one window where it is the same of the data, however these were standardised', () => {
    const layout = (bounds: readonly (readonly [number, number])[]) => ({
      ...{ dimensions: 2, axes: ['x', 'y'], resolution: 8 },
      bounds,
    });
    const one = {
      preview: layout([
        [-1, 1],
        [-2, 2],
      ]),
    };
    const halved = {
      preview: layout([
        [-2, 2],
        [-4, 4],
      ]),
      transform: { mean: [0, 0], scale: [0.5, 0.5] },
    };
    assert.ok(isOneWindow(one, one) && isOneWindow(one, halved));
    assert.ok(!isOneWindow(one, { ...halved, transform: { mean: [0, 0.1], scale: [0.5, 0.5] } }));
    const line = { preview: { ...layout([[-1, 1]]), dimensions: 1 } };
    assert.ok(!isOneWindow(one, line));
    const image = { width: 4, height: 2, channels: 1, from: [0, 1], to: [0, 1] } as const;
    const pictures = { preview: { ...one.preview, image } };
    assert.ok(!isOneWindow(one, pictures) && isOneWindow(pictures, pictures));
  });
});
