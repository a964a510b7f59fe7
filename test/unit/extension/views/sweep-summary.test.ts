import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepSummaryText } from '../../../../extension/views/sweep-summary';
import type { RunStatus } from '../../../../protocol/run';
import { groupRuns, type MeasuredRun, summarizeGroup } from '../../../../run-directory/run-group';
import { sweepTextReporter } from '../../../../trainer-worker/cli/sweep-reporter';
import { manifest } from '../../../support/manifest';

const group = { id: 'g', name: 'rates', index: 0, of: 5 };

function trial(
  index: number,
  rate: number,
  seed: number,
  loss: number | undefined,
  status: RunStatus = 'finished',
): MeasuredRun {
  return {
    directory: `/runs/${index}`,
    manifest: {
      ...manifest,
      id: `run${index}`,
      seed,
      overrides: { 'optimizer.learningRate': rate, seed },
      group: { ...group, index, metric: 'loss' },
      state: { status, step: 10, steps: 100 },
    },
    last: loss === undefined ? {} : { loss },
  };
}

function summary(runs: readonly MeasuredRun[]): string {
  const [found] = groupRuns(runs);
  return sweepSummaryText(found!, summarizeGroup(found!.runs));
}

test('ranks the runs in aligned tables, those without a value last, and means over seeds', () => {
  const text = summary([
    trial(0, 0.1, 1, 2),
    trial(1, 0.1, 2, 1 / 3),
    trial(2, 0.01, 1, undefined, 'running'),
  ]);
  assert.equal(
    text,
    `# rates

2 of 5 runs are done. Ranked by the last value of loss; small is good.

| rank | loss    | optimizer.learningRate | seed | status   | steps  | run  |
| ---- | ------- | ---------------------- | ---- | -------- | ------ | ---- |
| 1    | 0.33333 | 0.1                    | 2    | finished | 10/100 | run1 |
| 2    | 2       | 0.1                    | 1    | finished | 10/100 | run0 |
| –    | –       | 0.01                   | 1    | running  | 10/100 | run2 |

## Over seeds

| rank | mean loss | deviation | seeds | optimizer.learningRate |
| ---- | --------- | --------- | ----- | ---------------------- |
| 1    | 1.1667    | 1.1785    | 2     | 0.1                    |
`,
  );
});

test('nothing that a run says of itself becomes markup or another cell', () => {
  const one = trial(0, 1, 0, 1);
  const { manifest: said } = one;
  const hostile = '[a](command:x) | <b>\n# `c`';
  const text = summary([
    {
      ...one,
      manifest: { ...said, overrides: { note: hostile }, group: { ...group, name: hostile } },
    },
    trial(1, 1, 0, 2),
  ]);
  const safe = '\\[a\\](command:x) \\| \\<b\\> \\# \\`c\\`';
  assert.ok(text.startsWith(`# ${safe}\n`), text);
  assert.equal(text.split('\n').filter((line) => line.startsWith('#')).length, 1);
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  // Cells are parted by bars that no backslash precedes; a row has one more than it has cells.
  const bars = rows.map((row) => row.match(/(?<!\\)\|/g)?.length);
  assert.equal(rows.length, 4);
  assert.equal(new Set(bars).size, 1);
});

test('what is ranked is shown with its error, where it has one', () => {
  const exact = trial(0, 0.1, 1, 0.5);
  const uncertain = trial(1, 0.2, 1, 0.25);
  const text = summary([exact, { ...uncertain, last: { loss: 0.25, 'loss/error': 0.031 } }]);
  assert.match(text, /^\| 1 +\| 0\.250 ± 0\.031 \| 0\.2/m);
  assert.match(text, /^\| 2 +\| 0\.5 +\| 0\.1/m);
});

test('an estimate that could not be made is said to be not known, on the page and in a shell', () => {
  const one = trial(0, 0.1, 1, Number.NaN);
  const estimated = ['loss', 'loss/error'].map((name) => ({ name, label: name, group: 'Loss' }));
  const metrics = [estimated[0]!, { ...estimated[1]!, errorOf: 'loss' }];
  const unknown = { ...one, manifest: { ...one.manifest, metrics } };
  const runs = [unknown, trial(1, 0.2, 1, Number.NaN), trial(2, 0.3, 1, 1)];
  assert.match(summary(runs), /^\| – +\| not known \| 0\.1/m);
  // Where nothing says that it is an estimate, it diverged.
  assert.match(summary(runs), /^\| – +\| – +\| 0\.2/m);
  const told: string[] = [];
  const reporter = sweepTextReporter((text) => told.push(text));
  reporter.trialEnd({ ...group, metric: 'loss' }, { run: unknown, problem: undefined });
  reporter.end({} as never, summarizeGroup(runs));
  assert.match(told[0] ?? '', /loss not known$/m);
  assert.match(told[1] ?? '', /^– +run0 .* not known +finished/m);
});
