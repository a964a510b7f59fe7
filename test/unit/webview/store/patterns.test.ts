import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { areBits, patternsOf, sortedPatterns } from '../../../../webview/store/patterns';

const data = { values: Float32Array.of(0, 1, 1, 1, 0, 1), energies: Float32Array.of(2, 1) };
const samples = { values: Float32Array.of(1, 1, 1, 0), energies: Float32Array.of(1, 3) };

describe('patterns', () => {
  test('are counted in data and in samples, with energy and probability where these are known', () => {
    // Z of the energies 2, 1, 3 and a fourth of 0.
    const z = Math.exp(-2) + Math.exp(-1) + Math.exp(-3) + 1;
    const patterns = patternsOf(data, samples, 2, Math.log(z));
    assert.deepEqual(
      patterns.map(({ values, inData, inSamples, energy }) => [values, inData, inSamples, energy]),
      [
        [[0, 1], 2, 0, 2],
        [[1, 1], 1, 1, 1],
        [[1, 0], 0, 1, 3],
      ],
    );
    for (const { energy, probability } of patterns) {
      assert.ok(Math.abs(probability - Math.exp(-energy) / z) < 1e-12);
    }
    const unknown = patternsOf({ values: data.values }, { values: samples.values }, 2);
    assert.ok(unknown.every(({ energy, probability }) => Number.isNaN(energy + probability)));
  });

  test('are sorted by any column, those of which it is not known last', () => {
    const patterns = patternsOf({ ...data, energies: undefined }, samples, 2);
    const by = (
      ...how: Parameters<typeof sortedPatterns> extends [unknown, ...infer R] ? R : never
    ) => sortedPatterns(patterns, ...how).map(({ values }) => values.join(''));
    assert.deepEqual(by('pattern', false), ['01', '10', '11']);
    assert.deepEqual(by('pattern', true), ['11', '10', '01']);
    assert.deepEqual(by('inData', true), ['01', '11', '10']);
    assert.deepEqual(by('inSamples', true), ['10', '11', '01']);
    assert.deepEqual(by('energy', false), ['11', '10', '01']);
    assert.deepEqual(by('energy', true), ['10', '11', '01']);
  });

  test('are of bits where every number is one', () => {
    assert.equal(areBits(Float32Array.of(0, 1, 1)), true);
    assert.equal(areBits(Float32Array.of(0, 1, 0.5)), false);
    assert.equal(areBits(new Float32Array(0)), false);
  });
});
