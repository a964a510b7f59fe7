/** What is folded is kept for the workspace, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FoldedSections } from '../../../../extension/panel/folded-sections';

function memory(kept?: unknown) {
  const values = new Map<string, unknown>([['panel.foldedSections', kept]]);
  return {
    get: <T>(key: string) => values.get(key) as T | undefined,
    update: (key: string, value: unknown) => {
      values.set(key, value);
      return Promise.resolve();
    },
  } as ConstructorParameters<typeof FoldedSections>[0];
}

test('what a page folds is folded in the next one', async () => {
  const kept = memory();
  await new FoldedSections(kept).keep(['health', 'curves']);
  assert.deepEqual(new FoldedSections(kept).names, ['curves', 'health']);
  await new FoldedSections(kept).keep([]);
  assert.deepEqual(new FoldedSections(kept).names, []);
});

test('what is no section is not kept, whoever wrote it', async () => {
  for (const strange of [undefined, null, 7, 'curves', { length: 2 }, [{}, 'header', ['curves']]]) {
    assert.deepEqual(new FoldedSections(memory(strange)).names, []);
    const kept = memory();
    await new FoldedSections(kept).keep(strange);
    assert.deepEqual(new FoldedSections(kept).names, []);
  }
});
