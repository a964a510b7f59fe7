import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filterImages } from '../../../../webview/store/filters';
import { signedShade } from '../../../../webview/store/shades';

const colors = { below: [0, 0, 1, 1], ground: [0.5, 0.5, 0.5, 1], above: [1, 0, 0, 1] } as const;

describe('filters as pictures', () => {
  test('share one scale, with zero in its middle, and have norms to be sorted by', () => {
    const values = Float32Array.of(3, -4, 0, 1);
    const sides = { height: 1, width: 2, channels: 1 };
    const { image, reach, facts } = filterImages({
      values,
      ...sides,
      units: Float32Array.of(2, 7),
      of: 9,
    });
    assert.equal(reach, 4);
    assert.deepEqual(image.to, [-4, 4]);
    assert.deepEqual(image.from, image.to);
    assert.deepEqual([...facts.norms!], [5, 1]);
    // Weights of nothing but zeros have a scale all the same.
    const zeros = new Float32Array(2);
    const none = filterImages({ values: zeros, ...sides, units: Float32Array.of(0), of: 1 });
    assert.deepEqual([none.reach, none.image.to], [0, [-1, 1]]);
  });

  test('are of the ground’s colour at zero, of one colour below and another above', () => {
    const shade = signedShade(4, colors);
    const of = (value: number) => [0, 1, 2].map((channel) => shade(value, channel));
    assert.deepEqual(of(0), [0.5, 0.5, 0.5]);
    assert.deepEqual(of(-4), [0, 0, 1]);
    assert.deepEqual(of(-400), [0, 0, 1]);
    assert.deepEqual(of(2), [0.75, 0.25, 0.25]);
    assert.ok(Number.isNaN(shade(Number.NaN, 0)));
    assert.equal(signedShade(0, colors)(0, 0), 0.5);
  });
});
