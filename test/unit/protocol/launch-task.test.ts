/** What a trainer is asked to do, as text from elsewhere. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import {
  type BeginTask,
  handOver,
  type LaunchTask,
  parseTask,
} from '../../../protocol/launch-task';
import { ProblemError } from '../../../protocol/problem';
import { readTask } from '../../../trainer-worker/cli/read-task';
import { fc } from '../../support/fast-check';
import { problemFrom } from '../../support/problem';

const experiment = path.resolve('moons.ebm.ts');
const begin: BeginTask = { kind: 'begin', experiment, overrides: { 'energy.hidden': [4, 4] } };
const group = { id: 'abcdefghjk', name: 'seeds', index: 1, of: 3 };

const tasks: readonly LaunchTask[] = [
  begin,
  { ...begin, copy: path.resolve('source/moons.ebm.ts'), backend: 'wasm', parent: 'a-1', group },
  { ...begin, exactly: path.resolve('.ebm/runs/first') },
  // What an imported run was trained from may lie on another system.
  { ...begin, experiment: 'C:\\work\\moons.ebm.ts', exactly: path.resolve('.ebm/runs/first') },
  { kind: 'resume' },
  { kind: 'resume', from: 100, steps: 200, backend: 'auto' },
];

test('a task arrives as it was sent', async () => {
  for (const task of tasks) {
    const stdin = new PassThrough();
    handOver(task, { stdin });
    assert.deepEqual(await readTask(stdin), task);
  }
});

test('what is no task is refused with the place that is wrong', () => {
  const wrong: readonly [object | string, RegExp][] = [
    ['', /it is not JSON/],
    ['{"kind":"begin"', /it is not JSON/],
    ['null', /not understood/],
    ['[]', /not understood/],
    [{ ...begin, kind: 'train' }, /'kind' is wrong/],
    [{ ...begin, experiment: 'moons.ebm.ts' }, /'experiment' is wrong: not an absolute path/],
    [{ ...begin, experiment: '' }, /'experiment' is wrong/],
    [{ ...begin, experiment: `${experiment}\0.ts` }, /'experiment' is wrong: not a path/],
    [{ ...begin, experiment: 7 }, /'experiment' is wrong/],
    [{ ...begin, copy: '../moons.ebm.ts' }, /'copy' is wrong: not an absolute path/],
    [{ ...begin, copy: experiment, exactly: experiment }, /'copy' is wrong: not beside 'exactly'/],
    [{ ...begin, overrides: [] }, /'overrides' is wrong/],
    [{ ...begin, overrides: undefined }, /'overrides' is wrong/],
    [{ ...begin, backend: 'abacus' }, /'backend' is wrong/],
    [{ ...begin, backend: null }, /'backend' is wrong/],
    [{ ...begin, parent: '../../elsewhere' }, /'parent' is wrong/],
    [{ ...begin, group: { ...group, index: 3 } }, /'group' is wrong: index must be below of/],
    [`{"kind":"begin","overrides":{"a":{"__proto__":1}}}`, /a key is called '__proto__'/],
    // One that is of a later version means something else by it.
    [{ ...begin, deadline: 3 }, /deadline/],
    [{ kind: 'resume', overrides: {} }, /overrides/],
    [{ kind: 'resume', steps: -1 }, /'steps' is wrong/],
    [{ kind: 'resume', from: 0.5 }, /'from' is wrong/],
    [`{"kind":"begin","overrides":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, /deeply/],
  ];
  for (const [content, why] of wrong) {
    const told = typeof content === 'string' ? content : JSON.stringify(content);
    const { problem } = refusal(told);
    assert.equal(problem.kind, 'environment');
    assert.match(problem.message, why, told.slice(0, 200));
    assert.ok(problem.remedy);
  }
});

/** What is thrown at a text that is no task. */
function refusal(told: string): ProblemError {
  try {
    parseTask(told);
  } catch (thrown) {
    if (thrown instanceof ProblemError) return thrown;
    throw thrown;
  }
  assert.fail(`It was taken: ${told.slice(0, 200)}`);
}

test('whatever a text holds, it is a task as it stands or has a reason', () => {
  const odd = fc.record(
    Object.fromEntries(
      Object.entries(tasks[1]!).map(([key, value]) => [
        key,
        fc.oneof(fc.constant(value), fc.jsonValue(), fc.string()),
      ]),
    ),
    { requiredKeys: [] },
  );
  const content = fc.oneof(
    fc.string(),
    fc.json(),
    odd.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(content, (told) => {
      try {
        // Nothing of it is dropped or replaced in silence.
        assert.deepEqual(parseTask(told), JSON.parse(told));
      } catch (thrown) {
        if (!(thrown instanceof ProblemError)) throw thrown;
      }
    }),
    { numRuns: 500 },
  );
});

test('a task that is too large, or not UTF-8, is not read to its end', async () => {
  let given = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        given += 2 ** 16;
        yield Buffer.alloc(2 ** 16, ' ');
      }
    })(),
  );
  assert.match((await problemFrom(readTask(endless))).message, /more than 1048576 bytes/);
  assert.ok(given < 2 ** 22, `It read on: ${given}`);
  const binary = Readable.from([Buffer.from([0x7b, 0xff, 0x7d])]);
  assert.match((await problemFrom(readTask(binary))).message, /not UTF-8/);
});

test('a process that is gone before it reads its task troubles nobody', async () => {
  const stdin = new PassThrough();
  handOver(begin, { stdin });
  stdin.destroy(new Error('EPIPE'));
  await assert.rejects(text(stdin), /EPIPE/);
});
