import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSaved } from '../../../../extension/panel/saved-file';

const text = (words: string) => new TextEncoder().encode(words);
const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0);
const svg = text('<svg xmlns="http://www.w3.org/2000/svg"></svg>');
const csv = text('step,loss\n1,2\n');

test('what is saved is of the kind that it says', () => {
  const kinds = { png, svg, csv };
  for (const kind of Object.keys(kinds)) {
    for (const [of, bytes] of Object.entries(kinds)) {
      assert.equal(isSaved('loss', kind, bytes), of === kind, `${of} as ${kind}`);
    }
  }
});

test('nothing else is saved, and nowhere else', () => {
  for (const name of ['', '../a', 'a/b', 'a.b', 'A', 'x'.repeat(65), 7]) {
    assert.equal(isSaved(name, 'png', png), false, String(name));
  }
  for (const kind of ['exe', 'toString', '', undefined])
    assert.equal(isSaved('a', kind, png), false);
  for (const bytes of [undefined, 'step,', [1], new Uint8Array(0)]) {
    assert.equal(isSaved('a', 'csv', bytes), false);
  }
  const drawings = ['<script>', '<ScRiPt/>', '<foreignObject/>', '<g onload="x"/>'];
  for (const inside of drawings) {
    assert.equal(isSaved('a', 'svg', text(`<svg xmlns="">${inside}</svg>`)), false, inside);
  }
  assert.equal(isSaved('a', 'svg', Uint8Array.of(...svg, 0xff)), false);
});
