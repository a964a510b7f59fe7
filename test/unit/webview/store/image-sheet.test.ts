import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ImageLayout } from '../../../../protocol/run';
import {
  type Arrangement,
  cellsIn,
  columnsThatFit,
  comfortableScale,
  cornerOf,
  pictureOf,
  pixelAt,
  pixelValues,
  rasterOf,
  sheetOf,
} from '../../../../webview/store/image-sheet';
import { fc } from '../../../support/fast-check';

const grey: ImageLayout = { height: 2, width: 3, channels: 1, from: [0, 255], to: [-1, 1] };

const inOrder = (count: number, columns: number): Arrangement => ({
  cells: Int32Array.from({ length: count }, (_, cell) => cell),
  columns,
  headings: [],
});

describe('a sheet of images', () => {
  test('is as wide as its room at most, in whole pixels, and one more column would not fit', () => {
    const side = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        side,
        side,
        fc.integer({ min: 100, max: 3000 }),
        (count, width, height, room) => {
          const scale = comfortableScale({ width, height }, { width: room });
          assert.ok(Number.isInteger(scale) && scale >= 1);
          const columns = columnsThatFit({ width, height }, scale, room);
          const sheet = sheetOf(inOrder(count, columns), { width, height }, scale);
          if (width <= room) assert.ok(sheet.width <= room);
          const wider = sheetOf(inOrder(count, columns + 1), { width, height }, scale);
          assert.ok(wider.width > room);
          assert.equal(sheet.rows, Math.ceil(count / columns));
        },
      ),
    );
  });

  test('finds the pixel under a point, and none between images and in empty cells', () => {
    const cells = Int32Array.of(4, 2, -1, 0, 1, 3);
    const sheet = sheetOf({ cells, columns: 3, headings: [] }, grey, 5, 20);
    for (const [cell, index] of cells.entries()) {
      const [left, top] = cornerOf(sheet, grey, cell);
      for (let y = 0; y < grey.height; y++) {
        for (let x = 0; x < grey.width; x++) {
          const point = [left + (x + 0.5) * sheet.scale, top + (y + 0.5) * sheet.scale] as const;
          const expected = index < 0 ? undefined : { cell, index, x, y };
          assert.deepEqual(pixelAt(sheet, grey, point), expected);
        }
      }
      const beside = [left + grey.width * sheet.scale + 1, top + 1] as const;
      assert.equal(pixelAt(sheet, grey, beside), undefined);
    }
    assert.equal(pixelAt(sheet, grey, [19, 0]), undefined);
    assert.equal(pixelAt(sheet, grey, [25, sheet.height + 10]), undefined);
  });

  test('knows the cells in view: all of which something lies there, and no others', () => {
    const length = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(
        fc.nat({ max: 400 }),
        fc.nat({ max: 400 }),
        length,
        length,
        (left, top, width, height) => {
          const sheet = sheetOf(inOrder(100, 10), grey, 7, 20);
          const { places, columns } = cellsIn(sheet, grey, { left, top, width, height });
          // A cell and the gaps after it.
          const inView = [...sheet.cells].filter((cell) => {
            const [x, y] = cornerOf(sheet, grey, cell);
            const isAcross = x < left + width && x + grey.width * 7 + 3 > left;
            return isAcross && y < top + height && y + grey.height * 7 + 3 > top;
          });
          assert.deepEqual([...places], inView);
          if (inView.length > 0)
            assert.equal(columns, new Set(inView.map((cell) => cell % 10)).size);
        },
      ),
    );
  });
});

describe('an image of numbers in model space', () => {
  // Two images, the second from the darkest to the brightest and beyond.
  const values = Float32Array.of(0, 0, 0, 0, 0, 0, -1, -0.5, 0, 1, 2, Number.NaN);

  test('is from dark to bright what it is in the file, and shows what is no number', () => {
    const pixels = [...rasterOf(values, grey, Int32Array.of(1), 1).data];
    const shades = Array.from({ length: 6 }, (_, pixel) => pixels.slice(4 * pixel, 4 * pixel + 4));
    assert.deepEqual(shades, [
      [0, 0, 0, 255],
      [64, 64, 64, 255],
      [128, 128, 128, 255],
      [255, 255, 255, 255],
      [255, 255, 255, 255],
      [255, 0, 96, 255],
    ]);
  });

  test('has its colours', () => {
    const colours: ImageLayout = { height: 1, width: 1, channels: 3, from: [0, 1], to: [0, 1] };
    const { data } = rasterOf(Float32Array.of(1, 0.5, 0), colours, Int32Array.of(0), 1);
    assert.deepEqual([...data], [255, 128, 0, 255]);
  });

  test('lies in its cell, and empty cells stay transparent', () => {
    const dot: ImageLayout = { height: 1, width: 1, channels: 1, from: [0, 1], to: [0, 1] };
    const cells = Int32Array.of(2, -1, 0);
    const { data, width, height } = rasterOf(Float32Array.of(0, 0.2, 1), dot, cells, 2);
    assert.deepEqual([width, height], [2, 2]);
    assert.deepEqual([...new Uint32Array(data.buffer)], [0xffffffff, 0, 0xff000000, 0]);
  });

  test('is saved enlarged, on a ground of one colour with a gap of 3 around each', () => {
    const sheet = sheetOf({ cells: Int32Array.of(1, 0, -1), columns: 2, headings: [] }, grey, 2);
    const { data, width, height } = pictureOf(values, grey, sheet, [1, 2, 3]);
    assert.deepEqual([width, height], [3 + 6 + 3 + 6 + 3, 3 + 4 + 3 + 4 + 3]);
    const shown = [1, 0].map((index) => rasterOf(values, grey, Int32Array.of(index), 1).data);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const place = 4 * (y * width + x);
        const [column, row] = [Math.floor((x - 3) / 9), Math.floor((y - 3) / 7)];
        const [left, top] = [x - 3 - 9 * column, y - 3 - 7 * row];
        const isImage = column >= 0 && row === 0 && left < 6 && top >= 0 && top < 4;
        const at = 4 * (Math.floor(top / 2) * 3 + Math.floor(left / 2));
        const expected = isImage ? [...shown[column]!.slice(at, at + 4)] : [1, 2, 3, 255];
        assert.deepEqual([...data.slice(place, place + 4)], expected, `(${x}, ${y})`);
      }
    }
  });

  test('tells a pixel in units of the file', () => {
    assert.deepEqual(pixelValues(values, { index: 1, x: 1, y: 0 }, grey), [63.75]);
    assert.deepEqual(pixelValues(values, { index: 1, x: 0, y: 1 }, grey), [255]);
  });
});
