import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  arranged,
  ordered,
  type SheetOrder,
  sheetOrders,
} from '../../../../webview/store/sheet-order';
import { fc } from '../../../support/fast-check';

const orderNamed = (name: string): SheetOrder => sheetOrders.find((order) => order.name === name)!;

describe('the order of a sheet', () => {
  const energies = Float32Array.of(2, Number.NaN, -1, 2, Number.NEGATIVE_INFINITY);

  test('goes by what is known, equal ones by index, and the others last', () => {
    const by = (name: string) => [...ordered(7, orderNamed(name), { energies })];
    assert.deepEqual(by('By index'), [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(by('Lowest energy first'), [4, 2, 0, 3, 1, 5, 6]);
    assert.deepEqual(by('Highest energy first'), [0, 3, 2, 4, 1, 5, 6]);
    assert.deepEqual(by('Oldest chain first'), [0, 1, 2, 3, 4, 5, 6]);
  });

  test('has every image once, in any order', () => {
    const facts = fc.record({
      energies: fc.float32Array({ maxLength: 60 }),
      ages: fc.float32Array({ maxLength: 60 }),
      classes: fc.float32Array({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(
        fc.nat({ max: 60 }),
        facts,
        fc.constantFrom(...sheetOrders),
        fc.integer({ min: 1, max: 9 }),
        (count, known, order, columns) => {
          const { cells } = arranged(ordered(count, order, known), order, known, columns);
          const there = [...cells].filter((cell) => cell >= 0).sort((a, b) => a - b);
          assert.deepEqual(
            there,
            Array.from({ length: count }, (_, index) => index),
          );
        },
      ),
    );
  });

  test('by class has a line for each, as long as it is, under its name', () => {
    const classes = Float32Array.of(1, 0, 1, 1, 2, 1);
    const order = orderNamed('By class, a row each');
    const rows = ordered(7, order, { classes });
    const { cells, columns, headings } = arranged(rows, order, { classes }, 3, ['cat', 'dog']);
    assert.deepEqual([...cells], [1, -1, -1, -1, 0, 2, 3, 5, 4, -1, -1, -1, 6, -1, -1, -1]);
    assert.equal(columns, 4);
    assert.deepEqual(headings, [
      { row: 0, name: 'cat' },
      { row: 1, name: 'dog' },
      { row: 2, name: '2' },
      { row: 3, name: 'not known' },
    ]);
  });
});
