import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ImageLayout } from '../../../../protocol/run';
import {
  cornerOf,
  pixelAt,
  pixelsOf,
  pixelValues,
  type Sheet,
  sheetOf,
} from '../../../../webview/store/image-sheet';
import { fc } from '../../../support/fast-check';

const grey: ImageLayout = { height: 2, width: 3, channels: 1, from: [0, 255], to: [-1, 1] };

describe('a sheet of images', () => {
  test('fits its room, and shows one image at least', () => {
    const side = fc.integer({ min: 1, max: 300 });
    const room = fc.record({
      width: fc.integer({ min: 100, max: 3000 }),
      height: fc.integer({ min: 100, max: 2000 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        side,
        side,
        room,
        (count, width, height, of) => {
          const sheet = sheetOf(count, { width, height }, of);
          assert.ok(sheet.shown >= 1 && sheet.shown <= count);
          assert.ok(sheet.shown > sheet.columns * (sheet.rows - 1), 'a row is empty');
          if (width <= of.width) assert.ok(sheet.width <= of.width);
          if (height <= of.height) assert.ok(sheet.height <= of.height);
          assert.ok(Number.isInteger(sheet.scale));
        },
      ),
    );
  });

  test('finds the pixel under a point, and none between images', () => {
    const sheet: Sheet = sheetOf(5, grey, { width: 130, height: 400 });
    for (let index = 0; index < sheet.shown; index++) {
      const [left, top] = cornerOf(sheet, grey, index);
      for (let y = 0; y < grey.height; y++) {
        for (let x = 0; x < grey.width; x++) {
          const point = [left + (x + 0.5) * sheet.scale, top + (y + 0.5) * sheet.scale] as const;
          assert.deepEqual(pixelAt(sheet, grey, point), { index, x, y });
        }
      }
      const beside = [left + grey.width * sheet.scale + 1, top + 1] as const;
      assert.equal(pixelAt(sheet, grey, beside), undefined);
    }
    assert.equal(pixelAt(sheet, grey, [-1, 0]), undefined);
    assert.equal(pixelAt(sheet, grey, [0, sheet.height + 10]), undefined);
  });
});

describe('an image of numbers in model space', () => {
  // Two images, the second from the darkest to the brightest and beyond.
  const values = Float32Array.of(0, 0, 0, 0, 0, 0, -1, -0.5, 0, 1, 2, Number.NaN);

  test('is from dark to bright what it is in the file, and shows what is no number', () => {
    const pixels = [...pixelsOf(values, 1, grey)];
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
    assert.deepEqual([...pixelsOf(Float32Array.of(1, 0.5, 0), 0, colours)], [255, 128, 0, 255]);
  });

  test('tells a pixel in units of the file', () => {
    assert.deepEqual(pixelValues(values, { index: 1, x: 1, y: 0 }, grey), [63.75]);
    assert.deepEqual(pixelValues(values, { index: 1, x: 0, y: 1 }, grey), [255]);
  });
});
