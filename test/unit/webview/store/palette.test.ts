import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { viridis } from '../../../../protocol/viridis';
import { brightFrom, contourInks } from '../../../../webview/store/contour-ink';
import { contrastOf, legible, type Rgba, subdued } from '../../../../webview/store/contrast';
import { paletteOf } from '../../../../webview/store/palette';
import { editorThemes, hexColor } from '../../../fixtures/editor-themes';
import { fc } from '../../../support/fast-check';

const black: Rgba = [0, 0, 0, 1];
const white: Rgba = [1, 1, 1, 1];

describe('contrast', () => {
  test('is that of WCAG', () => {
    assert.ok(Math.abs(contrastOf(black, white) - 21) < 1e-9);
    assert.equal(contrastOf(white, white), 1);
    // #767676 on white is the published example of the least grey for text: 4.54.
    const grey = hexColor('#767676ff');
    assert.ok(Math.abs(contrastOf(grey, white) - 4.54) < 0.005);
    // Half black over white is the grey in the middle.
    const half = contrastOf([0, 0, 0, 0.5], white);
    assert.ok(Math.abs(half - contrastOf([0.5, 0.5, 0.5, 1], white)) < 1e-9);
  });

  test('is enough of any colour on any ground once it was made so, and no colour is changed in vain', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const color = fc.tuple(part, part, part, fc.constant(1));
    fc.assert(
      fc.property(color, color, (drawn, ground) => {
        const made = legible(drawn, ground);
        assert.ok(contrastOf(made, ground) >= 3);
        assert.ok(contrastOf(subdued(drawn, ground), ground) >= 3);
        if (contrastOf(drawn, ground) >= 3) assert.deepEqual(made, drawn);
      }),
    );
  });
});

describe('in every theme of the editor', () => {
  for (const { id, isHighContrast, colors } of editorThemes()) {
    test(`${id}: lines and marks stand out, words more so`, () => {
      const read = (name: string) => (colors[name] ? hexColor(colors[name]) : undefined);
      const palette = paletteOf(read, isHighContrast);
      const { background, curves, subduedCurves, tones } = palette;
      const { contour, border, accent, samples, data, filled, foreground, muted } = palette;
      assert.equal(background[3], 1, 'the ground is opaque');
      const marks = { contour, border, accent, samples, data, filled };
      const lines = [
        ...Object.entries(marks),
        ...curves.map((color, k) => [`curve ${k}`, color] as const),
        ...subduedCurves.map((color, k) => [`curve ${k} beneath its average`, color] as const),
      ];
      for (const [name, color] of lines) {
        const contrast = contrastOf(color, background);
        assert.ok(contrast >= 3, `${name} stands out by ${contrast.toFixed(2)}`);
      }
      for (const [name, color] of Object.entries({ foreground, muted, ...tones })) {
        const contrast = contrastOf(color, background);
        assert.ok(contrast >= 4.5, `${name} stands out by ${contrast.toFixed(2)}`);
      }
    });
  }

  test('contour lines stand out from the colours that they lie on', () => {
    for (let k = 0; k <= 255; k++) {
      const t = k / 255;
      const ink = t > brightFrom ? contourInks.onBright : contourInks.onDark;
      const [red, green, blue] = viridis(t);
      assert.ok(contrastOf(ink, [red, green, blue, 1]) >= 3, `at ${t}`);
    }
  });
});
