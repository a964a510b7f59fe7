/** How sections lie is kept for the workspace, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptArrangement } from '../../../../extension/panel/panel-arrangement';
import { movableSections } from '../../../../protocol/panel';

function memory(folded?: unknown, order?: unknown) {
  const values = new Map<string, unknown>([
    ['panel.foldedSections', folded],
    ['panel.sectionOrder', order],
  ]);
  return {
    get: <T>(key: string) => values.get(key) as T | undefined,
    update: (key: string, value: unknown) => {
      values.set(key, value);
      return Promise.resolve();
    },
  } as ConstructorParameters<typeof KeptArrangement>[0];
}

const usual = { folded: [], order: movableSections };

test('what a page folds and moves lies so in the next one', async () => {
  const kept = memory();
  assert.deepEqual(new KeptArrangement(kept).current, usual);
  const order = ['health', 'curves', 'columns', 'energies'];
  await new KeptArrangement(kept).keep({ folded: ['health', 'curves'], order });
  assert.deepEqual(new KeptArrangement(kept).current, { folded: ['curves', 'health'], order });
  await new KeptArrangement(kept).keep(usual);
  assert.deepEqual(new KeptArrangement(kept).current, usual);
});

test('an order that leaves some out or names one twice has each once', () => {
  const { order } = new KeptArrangement(memory([], ['energies', 'landscape', 'energies'])).current;
  assert.deepEqual(order, ['energies', 'curves', 'columns', 'health']);
});

test('what is no section is not kept, whoever wrote it', async () => {
  for (const strange of [undefined, null, 7, 'curves', { length: 2 }, [{}, 'header', ['curves']]]) {
    assert.deepEqual(new KeptArrangement(memory(strange, strange)).current, usual);
    const kept = memory();
    await new KeptArrangement(kept).keep({ folded: strange, order: strange });
    assert.deepEqual(new KeptArrangement(kept).current, usual);
  }
});
