/** What `ebm new` asks in a terminal, and what becomes of the answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemError } from '../../../protocol/problem';
import { askWish } from '../../../trainer-worker/cli/new-command';

const offers = {
  offeredData: () => [
    { name: 'csv', label: 'CSV file', detail: 'rows', extensions: ['.csv'], isFolder: false },
    { name: 'twoMoons', label: 'Two moons', detail: 'a toy', extensions: [], isFolder: false },
  ],
  offerFor(data: string) {
    if (data === 'none.csv') {
      throw new ProblemError({ kind: 'data', message: 'none.csv does not exist.' });
    }
    return Promise.resolve({
      methods: [
        { name: 'slicedScoreMatching', label: 'Sliced score matching', detail: 'no chains' },
        { name: 'jem', label: 'JEM', detail: 'classes' },
      ] as const,
      fileName: 'rows.ebm.ts',
    });
  },
};

/** Talks with somebody who gives these answers and then hangs up. */
async function talk(given: Parameters<typeof askWish>[0], ...answers: string[]) {
  const said: string[] = [];
  const asked: string[] = [];
  const wish = await askWish(
    given,
    offers,
    (question) => {
      asked.push(question);
      return Promise.resolve(answers.shift());
    },
    (text) => said.push(text),
  );
  return { wish, asked: asked.length, said: said.join('\n') };
}

test('Enter takes the first of everything', async () => {
  const { wish } = await talk({}, '2', '', '');
  assert.deepEqual(wish, {
    data: 'twoMoons',
    method: 'slicedScoreMatching',
    output: 'rows.ebm.ts',
  });
});

test('what the command line says is not asked', async () => {
  const given = { data: 'twoMoons', objective: 'jem', output: 'mine.ebm.ts' };
  const { wish, asked } = await talk(given);
  assert.deepEqual(wish, { data: 'twoMoons', method: 'jem', output: 'mine.ebm.ts' });
  assert.equal(asked, 0);
});

test('a kind of files asks for the file, and again where there is none', async () => {
  const { wish, said } = await talk({}, '1', 'none.csv', '1', ' rows.csv ', '2', ' mine.ebm.ts ');
  assert.deepEqual(wish, { data: 'rows.csv', method: 'jem', output: 'mine.ebm.ts' });
  assert.match(said, /none\.csv does not exist/);
});

test('what is none of the numbers is asked again', async () => {
  const { wish, said } = await talk({ data: 'twoMoons' }, '3', 'jem', '2', '');
  assert.equal(wish?.method, 'jem');
  assert.match(said, /'3' is none of these numbers[\s\S]*'jem' is none of these numbers/);
});

test('who hangs up writes nothing', async () => {
  for (const answers of [[], ['2'], ['2', '1'], ['1']]) {
    assert.equal((await talk({}, ...answers)).wish, undefined);
  }
});

test('wrong data of the command line are an error, and nothing is asked', async () => {
  await assert.rejects(talk({ data: 'none.csv' }), /does not exist/);
});
