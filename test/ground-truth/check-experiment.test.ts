/**
 * What `ebm check` says: nothing of the examples, and of each broken experiment what is wrong with it, at
 * the line that has to be changed.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { CheckFinding } from '../../protocol/check';
import { checkExperiment } from '../../trainer-worker/trainer/check/check-experiment';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';

// Tests run in the project's folder.
const examples = path.resolve('examples');

describe('nothing is wrong or doubtful with', () => {
  for (const name of readdirSync(examples).filter((file) => file.endsWith('.ebm.ts'))) {
    test(name, async () => {
      const { facts, findings } = await checkExperiment(path.join(examples, name));
      assert.deepEqual(findings, []);
      assert.deepEqual(
        // Of replicas one more thing is told about the chains.
        [...new Set(facts.map(({ about }) => about))],
        ['data', 'energy', 'steps', 'gradients', 'chains'],
      );
    });
  }
});

/** A mistake and what is said of it. */
interface Mistake {
  readonly name: string;
  /** Options of the small experiment that are written otherwise. */
  readonly changes: Readonly<Record<string, string>>;
  readonly severity: CheckFinding['severity'];
  readonly message: RegExp;
  /** What stands on the line that is named. */
  readonly line: string;
}

const customEnergy = (energy: string) =>
  `energy.custom({ init: (rng) => ({ w: rng.normal([2, 8]), v: rng.normal([8]) }), energy: ${energy} })`;
const customLoss = (loss: string) =>
  `objective.custom({ options: { sampler: sampler.langevin({ steps: 3 }) }, loss: ${loss} })`;
const langevin = (options: string) =>
  `objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ steps: 3, ${options} }), bufferSize: 128 })`;

/** Softplus with a gradient of the other sign. */
const wrongSign =
  'tf.customGrad((y) => ({ value: tf.softplus(y), gradFunc: (dy) => tf.neg(tf.mul(dy, tf.sigmoid(y))) }))';

const digits = `data.npz('${path.join(examples, 'data/digits.npz')}', { array: 'images', labels: 'labels', from: [0, 16] })`;

const mistakes: readonly Mistake[] = [
  {
    name: 'chains that leave the range of pixels',
    changes: {
      data: digits,
      energy: 'energy.mlp({ hidden: [64] })',
      objective: langevin('stepSize: 0.1, noise: 0.5'),
    },
    severity: 'doubtful',
    message:
      /Nothing keeps chains of sampler\.langevin where pixels can be: \d\d % of their values/,
    line: 'sampler: sampler.langevin',
  },
  {
    name: 'noise that an energy of pixels cannot hold',
    changes: {
      data: digits,
      // A slope that is bounded is small from the beginning, however many steps are tried.
      energy:
        'energy.residualConvolutional({ shape: [8, 8, 1], channels: [4], blocks: 1, spectralNorm: 0.5 })',
      objective: langevin('domain: { low: -1, high: 1 }'),
    },
    severity: 'doubtful',
    message:
      /are noise: to hold them against temperature 1 in 64 dimensions, the energy would have/,
    line: 'sampler: sampler.langevin',
  },
  {
    name: 'a gradient of their own with the wrong sign',
    changes: {
      energy: customEnergy(`(p, x) => tf.sum(tf.mul(${wrongSign}(tf.matMul(x, p.w)), p.v), 1)`),
    },
    severity: 'wrong',
    message: /The gradient of the energy in 'data', 'parameters\/w' is not its slope/,
    line: 'energy: energy.custom',
  },
  {
    name: 'a step function, which has no slope',
    changes: {
      objective: customLoss('({ data, energy }) => tf.mean(tf.floor(energy(data)))'),
    },
    severity: 'wrong',
    message: /All gradients of the loss are zero/,
    line: 'objective: objective.custom',
  },
  {
    name: 'numbers drawn by Math.random in a loss',
    changes: {
      objective: customLoss('({ data, energy }) => tf.mul(tf.mean(energy(data)), Math.random())'),
    },
    severity: 'wrong',
    message: /Math\.random/,
    line: 'objective: objective.custom',
  },
  {
    name: 'a loss that is not a number',
    changes: {
      objective: customLoss(
        '({ data, energy }) => tf.mean(tf.log(tf.sub(-1, tf.square(energy(data)))))',
      ),
    },
    severity: 'wrong',
    message: /became NaN/,
    line: 'objective: objective.custom',
  },
  {
    name: 'a parameter that is forgotten',
    changes: { energy: customEnergy('(p, x) => tf.sum(tf.tanh(tf.matMul(x, p.w)), 1)') },
    severity: 'doubtful',
    message: /does not depend on the parameter 'v'/,
    line: 'energy: energy.custom',
  },
  {
    name: 'chains that do not move',
    changes: { objective: langevin('stepSize: 1e-6') },
    severity: 'doubtful',
    message: /Chains do not move/,
    line: 'stepSize: 1e-6',
  },
  {
    name: 'chains whose noise is larger than the pull of the energy',
    changes: { objective: langevin('stepSize: 3') },
    severity: 'doubtful',
    message: /The noise of one iteration of sampler\.langevin is 2\.\d deviations of the data/,
    line: 'stepSize: 3',
  },
  {
    name: 'proposals that are never accepted',
    changes: {
      energy: 'energy.gaussian()',
      objective:
        'objective.contrastiveDivergence({ sampler: sampler.metropolisAdjustedLangevin({ steps: 3, stepSize: 50 }) })',
    },
    severity: 'doubtful',
    message: /sampler\.metropolisAdjustedLangevin accept \d(\.\d+)? % of what they propose/,
    line: 'stepSize: 50',
  },
  {
    name: 'an energy of the wrong shape',
    changes: { energy: customEnergy('(p, x) => tf.matMul(x, p.w)') },
    severity: 'wrong',
    message: /\[16, 8\]/,
    line: 'energy: energy.custom',
  },
  {
    name: 'data that are all the same',
    changes: { data: 'data.custom({ draw: () => [0.5, 0.5], samples: 500, heldOut: 100 })' },
    severity: 'wrong',
    message: /All rows of the data are the same: \(0\.5, 0\.5\)/,
    line: 'data: data.custom',
  },
  {
    name: 'a column that does not vary',
    changes: {
      data: 'data.custom({ draw: (rng) => [rng.normal(), 1], samples: 500, heldOut: 100 })',
    },
    severity: 'doubtful',
    message: /do not vary along 'x2'/,
    line: 'data: data.custom',
  },
  {
    name: 'data on another scale',
    changes: {
      data: 'data.custom({ draw: (rng) => [1e4 * rng.normal(), rng.normal()], samples: 500, heldOut: 100 })',
    },
    severity: 'doubtful',
    message: /standard deviation of (9|10)\d+/,
    line: 'data: data.custom',
  },
  {
    name: 'a learning rate that forgets everything',
    changes: { optimizer: 'optimizer.adam({ learningRate: 5 })' },
    severity: 'doubtful',
    message: /One update moves the parameters by \d+ % of their size/,
    line: 'learningRate: 5',
  },
  {
    name: 'a learning rate that learns nothing',
    changes: { optimizer: 'optimizer.adam({ learningRate: 1e-12 })' },
    severity: 'doubtful',
    message: /hardly anything is learned/,
    line: 'learningRate: 1e-12',
  },
  {
    name: 'a loss that reads a value',
    changes: {
      objective: customLoss(
        '({ data, energy }) => { const e = tf.mean(energy(data)); return e.dataSync()[0] > 0 ? e : tf.neg(e); }',
      ),
    },
    severity: 'wrong',
    message: /reads|read/,
    line: 'objective: objective.custom',
  },
  {
    name: 'a loss with the wrong sign',
    changes: {
      objective: customLoss(
        '({ data, energy, chain }, { sampler }) => tf.sub(tf.mean(energy(chain(buildSampler(sampler), tf.mul(tf.randomNormal(data.shape), 2)))), tf.mean(energy(data)))',
      ),
    },
    severity: 'doubtful',
    message: /raise the energy of the data against that of other points/,
    line: 'objective: objective.custom',
  },
  {
    name: 'a file that is not there',
    changes: { data: "data.csv('measurements.csv')" },
    severity: 'wrong',
    message: /measurements\.csv/,
    line: 'data: data.csv',
  },
];

describe('is found, once and at its line:', () => {
  for (const { name, changes, severity, message, line } of mistakes) {
    test(name, async (t) => {
      const source = smallExperiment(changes).replace('schedule }', 'schedule, buildSampler }');
      const folder = await experimentFolder(t, { 'broken.ebm.ts': source });
      const { findings } = await checkExperiment(path.join(folder, 'broken.ebm.ts'));
      assert.equal(findings.length, 1, JSON.stringify(findings, null, 2));
      const [found] = findings;
      assert.equal(found!.severity, severity);
      assert.match(found!.message, message);
      assert.ok(found!.remedy, 'it says what to do');
      const lines = (await readFile(found!.location!.file, 'utf8')).split('\n');
      assert.ok(lines[found!.location!.line - 1]!.includes(line), JSON.stringify(found!.location));
    });
  }
});

test('the same loss with the right sign is in order', async (t) => {
  const right = customLoss(
    '({ data, energy, chain }, { sampler }) => tf.sub(tf.mean(energy(data)), tf.mean(energy(chain(buildSampler(sampler), tf.mul(tf.randomNormal(data.shape), 2)))))',
  );
  const source = smallExperiment({ objective: right }).replace(
    'schedule }',
    'schedule, buildSampler }',
  );
  const folder = await experimentFolder(t, { 'right.ebm.ts': source });
  const { findings } = await checkExperiment(path.join(folder, 'right.ebm.ts'));
  assert.deepEqual(findings, []);
});
