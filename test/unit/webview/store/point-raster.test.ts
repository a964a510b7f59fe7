/** Points in a picture cover what discs cover, in their order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { robustRange } from '../../../../protocol/energy-range';
import { putPoints } from '../../../../webview/store/point-raster';
import { fc } from '../../../support/fast-check';

const red = [1, 0, 0, 1] as const;
const green = [0, 1, 0, 1] as const;
const blue = [0, 0, 1, 1] as const;
const unit = [0, 1, 0, 1] as const;

function picture(side = 40) {
  return { data: new Uint8ClampedArray(4 * side * side), width: side, height: side };
}

describe('points of a picture', () => {
  test('cover the area of their disc around their place', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.3, max: 0.7, noNaN: true }),
        fc.double({ min: 0.3, max: 0.7, noNaN: true }),
        (u, v) => {
          const drawn = picture();
          const look = { radius: 4, outlineWidth: 1, fill: red, outline: blue };
          putPoints(drawn, [{ points: Float32Array.of(u, v), look }], unit);
          let [area, x, y] = [0, 0, 0];
          for (let at = 0; at < 1600; at++) {
            const alpha = drawn.data[4 * at + 3]! / 255;
            area += alpha;
            x += alpha * ((at % 40) + 0.5);
            y += alpha * (Math.floor(at / 40) + 0.5);
          }
          // A soft edge of a pixel adds π/20 on the whole: the mean of its square is 1/20.
          assert.ok(Math.abs(area - Math.PI * 25) < 1, String(area));
          // Places are rounded to quarters of a pixel.
          assert.ok(Math.abs(x / area - 40 * u) < 0.2, `${x / area} for ${40 * u}`);
          assert.ok(Math.abs(y / area - 40 * (1 - v)) < 0.2, `${y / area} for ${40 * (1 - v)}`);
        },
      ),
    );
  });

  test('are filled within their outline, and later ones lie above', () => {
    const drawn = picture();
    const look = { radius: 4, outlineWidth: 2, fill: red, outline: blue };
    const points = Float32Array.of(0.5, 0.5);
    putPoints(drawn, [{ points, look }], unit);
    const at = (from: typeof drawn, x: number, y: number) => [
      ...from.data.subarray(4 * (y * 40 + x)).subarray(0, 4),
    ];
    assert.deepEqual(at(drawn, 20, 20), [255, 0, 0, 255]);
    assert.deepEqual(at(drawn, 25, 20), [0, 0, 255, 255]);
    assert.deepEqual(at(drawn, 28, 20), [0, 0, 0, 0]);
    const both = picture();
    const above = { points: Float32Array.of(0.6, 0.5), look: { ...look, fill: green } };
    putPoints(both, [{ points, look }, above], unit);
    assert.deepEqual(at(both, 24, 20), [0, 255, 0, 255]);
    assert.deepEqual(at(both, 19, 20), [0, 0, 255, 255]);
    assert.deepEqual(at(both, 17, 20), [255, 0, 0, 255]);
  });

  test('are mixed at their edges as one over the other is', () => {
    // Half of each lies over the other one's edge: by the closed form, with 8 bits for each of two layers.
    const look = { radius: 2.3, outlineWidth: 0, fill: red, outline: red };
    const pair = [
      { points: Float32Array.of(0.5, 0.5), look },
      { points: Float32Array.of(0.53, 0.51), look: { ...look, fill: blue, outline: blue } },
    ];
    const [first, second, mixed] = [picture(), picture(), picture()];
    putPoints(first, pair.slice(0, 1), unit);
    putPoints(second, pair.slice(1), unit);
    putPoints(mixed, pair, unit);
    for (let at = 0; at < 4 * 1600; at += 4) {
      const [beneath, alpha] = [first.data[at + 3]! / 255, second.data[at + 3]! / 255];
      const all = alpha + beneath * (1 - alpha);
      assert.ok(Math.abs(mixed.data[at + 3]! - 255 * all) <= 3);
      if (all < 0.1) continue;
      const share = alpha / all;
      assert.ok(Math.abs(mixed.data[at + 2]! - 255 * share) <= 4 / all, `at ${at}`);
      assert.ok(Math.abs(mixed.data[at]! - 255 * (1 - share)) <= 4 / all, `at ${at}`);
    }
  });

  test('that are nowhere in it leave no mark', () => {
    const drawn = picture();
    const look = { radius: 4, outlineWidth: 1, fill: red, outline: blue };
    const nowhere = Float32Array.of(Number.NaN, 0.5, 1.2, 0.5, 0.5, -0.1);
    putPoints(drawn, [{ points: nowhere, look }], unit);
    assert.ok(drawn.data.every((value) => value === 0));
    // Those at its edge end there.
    putPoints(drawn, [{ points: Float32Array.of(0, 0, 1, 1), look }], unit);
    assert.equal(drawn.data[4 * 39 * 40], 255);
  });
});

describe('the range of energies', () => {
  test('has the numbers that sorting finds', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1 }), (field) => {
        const finite = field.filter(Number.isFinite).sort();
        fc.pre(finite.length > 0);
        const low = finite[Math.floor(0.01 * (finite.length - 1))]!;
        const high = finite[Math.ceil(0.9 * (finite.length - 1))]!;
        const found = robustRange(field);
        const least = 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
        if (high - low >= least) assert.deepEqual({ ...found }, { low, high });
        else assert.ok(found.low <= low && high <= found.high);
      }),
    );
  });
});
