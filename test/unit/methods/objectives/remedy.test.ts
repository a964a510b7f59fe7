import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  calmingChains,
  calmingEnergies,
  remedyText,
} from '../../../../trainer-worker/methods/objectives/remedy';

const langevin = { type: 'langevin', stepSize: 0.1, clip: null };
const adam = { type: 'adam', learningRate: 1e-3 };

test('only what the objective, its sampler and the optimizer have is offered', () => {
  const persistent = { type: 'persistentContrastiveDivergence', energyPenalty: 0 };
  assert.equal(
    remedyText(calmingChains, [{ ...persistent, sampler: langevin }, adam]),
    'Use a smaller stepSize, a clip of the scores, or a smaller learningRate; then rerun.',
  );
  assert.equal(
    remedyText(calmingChains, [{ ...persistent, sampler: { type: 'gibbs' } }, adam]),
    'Use a smaller learningRate; then rerun.',
  );
  assert.equal(
    remedyText(calmingEnergies, [persistent, { ...adam, clipNorm: 1 }]),
    'Use a smaller learningRate, a positive energyPenalty (for example 0.1), or a smaller clipNorm; then rerun.',
  );
  // Score matching has no energies to penalize.
  assert.equal(
    remedyText(calmingEnergies, [{ type: 'denoisingScoreMatching', sigma: 0.3 }, adam]),
    'Use a smaller learningRate; then rerun.',
  );
});

test('what is set already is to be made larger or smaller', () => {
  const set = { energyPenalty: 0.1, sampler: { ...langevin, clip: 1 } };
  assert.match(remedyText(calmingChains, [set, adam]), /a smaller clip,/);
  assert.match(remedyText(calmingEnergies, [set, adam]), /or a larger energyPenalty/);
});

test('functions of the experiment are not looked into, and words are left as they are', () => {
  class Own {
    readonly stepSize = 1;
  }
  assert.equal(
    remedyText(calmingChains, [{ loss: () => undefined, own: new Own() }]),
    'Change the experiment so that it stays finite; then rerun.',
  );
  assert.equal(remedyText('Do this.', []), 'Do this.');
});
