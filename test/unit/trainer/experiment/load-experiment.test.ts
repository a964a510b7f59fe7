import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { data, energy, sampler } from 'ebm-lab';
import type { Json } from '../../../../protocol/run';
import { loadExperiment } from '../../../../trainer-worker/trainer/experiment/load';
import { experimentFolder, smallExperiment } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

/** What is said of something that no function of a family made. */
function anyOf(family: string, functions: object): string {
  const calls = Object.keys(functions).map((name) => `${family}.${name}(…)`);
  return `It must be made by ${calls.join(' or ')}.`;
}

const imports =
  "import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';";

async function loadText(t: TestContext, text: string, files: Record<string, string> = {}) {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': text, ...files });
  return loadExperiment(path.join(folder, 'moons.ebm.ts'));
}

/** The problem of an experiment file, with its place relative to the folder: `moons.ebm.ts:3:5`. */
async function failure(t: TestContext, text: string, options: { timeoutMs?: number } = {}) {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': text });
  const { location, ...problem } = await problemFrom(
    loadExperiment(path.join(folder, 'moons.ebm.ts'), options),
  );
  assert.equal(problem.kind, 'experiment');
  const place = location
    ? `${path.relative(folder, location.file)}:${location.line}:${location.column}`
    : undefined;
  return { ...problem, place };
}

describe('an experiment that is right', () => {
  test('comes with all defaults as data, its sources and its hash', async (t) => {
    const text = [
      imports,
      "import { width } from './width';",
      'export default experiment({',
      '  data: data.twoMoons(),',
      '  energy: energy.mlp({ hidden: [width] }),',
      '  objective: objective.contrastiveDivergence({ sampler: sampler.langevin() }),',
      '});',
    ].join('\n');
    const loaded = await loadText(t, text, { 'width.ts': 'export const width: number = 12;' });
    assert.deepEqual(loaded.config, {
      name: 'moons',
      data: { type: 'twoMoons', samples: 10_000, heldOut: 2_000, noise: 0.1 },
      energy: { type: 'mlp', hidden: [12], activation: 'swish' },
      objective: {
        type: 'contrastiveDivergence',
        sampler: { type: 'langevin', steps: 20, stepSize: 0.1, noise: 1, clip: null, domain: null },
        energyPenalty: 0,
        contrast: 'difference',
      },
      optimizer: {
        type: 'adam',
        learningRate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        clipValue: null,
        clipNorm: null,
        weightDecay: 0,
        average: null,
        freeze: [],
        groups: [],
      },
      batchSize: 128,
      steps: 5_000,
      seed: 0,
      initialize: null,
      preview: {
        every: null,
        samples: 1024,
        resolution: 96,
        chainSteps: 100,
        sampler: { type: 'langevin', steps: 20, stepSize: 0.1, noise: 1, clip: null, domain: null },
        diagnostics: null,
        outOfDistribution: null,
      },
      checkpoint: { every: null, everySeconds: 60, keep: 3, best: null },
      guard: {
        energy: 1e6,
        energyGap: 1e5,
        gradientNorm: 1e8,
        action: 'pause',
        factor: 0.5,
        most: 5,
      },
    });
    assert.deepEqual(
      loaded.sources.map((source) => path.basename(source.path)),
      ['moons.ebm.ts', 'width.ts'],
    );
    assert.equal(new TextDecoder().decode(loaded.sources[0]?.contents), text);
    assert.equal(loaded.sha256, createHash('sha256').update(text).digest('hex'));
    assert.deepEqual(loaded.locations.energy, { file: loaded.file, line: 5, column: 18 });
    const { objective } = loaded.experiment;
    assert.ok('sampler' in objective && Object.isFrozen(objective.sampler));
  });

  test('may use packages of its folder, builtins and tfjs, and keeps no package as a source', async (t) => {
    const text = [
      "import path from 'node:path';",
      "import * as tf from '@tensorflow/tfjs';",
      "import { units } from 'units';",
      imports,
      'const start = tf.zeros([2, units]);',
      'export default experiment({',
      "  name: path.join('a', 'b'),",
      '  data: data.rings(),',
      '  energy: energy.custom({',
      '    init: () => ({ weight: start.clone() }),',
      '    energy: ({ weight }, x) => tf.sum(tf.matMul(x, weight), 1),',
      '  }),',
      '  objective: objective.contrastiveDivergence({ sampler: sampler.langevin() }),',
      '});',
    ].join('\n');
    const loaded = await loadText(t, text, {
      'node_modules/units/package.json': '{ "name": "units", "main": "index.js" }',
      'node_modules/units/index.js': 'exports.units = 3;',
    });
    assert.equal(loaded.experiment.name, path.join('a', 'b'));
    const { energy } = loaded.config;
    assert.deepEqual(energy, { type: 'custom', condition: null, classes: null });
    assert.equal(loaded.sources.length, 1);
  });
});

describe('an experiment that is wrong', () => {
  test('names the place of a syntax error, in characters', async (t) => {
    const problem = await failure(t, `${imports}\nconst größe = 'ß' +* 3;`);
    assert.match(problem.message, /moons\.ebm\.ts does not compile: Unexpected "\*"/);
    assert.equal(problem.place, 'moons.ebm.ts:2:20');
  });

  test('names an import that cannot be found', async (t) => {
    const problem = await failure(t, `${imports}\nimport x from './helper';\nx();`);
    assert.equal(problem.message, "The import './helper' cannot be found.");
    assert.equal(problem.place, 'moons.ebm.ts:2:15');
    const missing = await failure(t, "import x from 'nowhere';\nx();");
    assert.match(missing.remedy ?? '', /npm install/);
  });

  test('names a file that does not exist', async (t) => {
    const folder = await experimentFolder(t, {});
    const problem = await problemFrom(loadExperiment(path.join(folder, 'none.ebm.ts')));
    assert.match(problem.message, /none\.ebm\.ts does not exist/);
  });

  test('that throws is told with the line of the TypeScript file', async (t) => {
    const text = [
      imports,
      'interface Long { readonly a: number }',
      'function fail(value?: Long): number {',
      '  return value!.a;',
      '}',
      'fail();',
    ].join('\n');
    const problem = await failure(t, text);
    assert.match(problem.message, /throws when it is loaded: TypeError: Cannot read properties/);
    assert.equal(problem.place, 'moons.ebm.ts:4:17');
  });

  test('that throws something else than an error is told too', async (t) => {
    const problem = await failure(t, "throw 'no';");
    assert.match(problem.message, /throws when it is loaded: no/);
  });

  test('that never ends loading is ended', async (t) => {
    const problem = await failure(t, 'for (;;) {}', { timeoutMs: 50 });
    assert.match(problem.message, /moons\.ebm\.ts did not finish loading within 0\.05 s/);
    assert.match(problem.remedy ?? '', /loop/);
  });

  test('without a default export', async (t) => {
    const problem = await failure(t, `${imports}\nexport const e = 1;`);
    assert.equal(problem.message, 'moons.ebm.ts has no default export.');
    assert.match(problem.remedy ?? '', /export default experiment/);
  });

  test('whose default export is something else', async (t) => {
    const problem = await failure(t, `${imports}\n\nexport default { steps: 3 };`);
    assert.match(problem.message, /was not made by experiment\(\)/);
    assert.equal(problem.place, 'moons.ebm.ts:3:1');
  });

  test('with another package of tfjs', async (t) => {
    const problem = await failure(t, "import '@tensorflow/tfjs-node';");
    assert.match(problem.message, /'@tensorflow\/tfjs-node' cannot be imported/);
  });
});

describe('an option that is wrong', () => {
  const wrong: readonly {
    readonly name: string;
    readonly change: Record<string, string>;
    readonly message: string;
    readonly remedy: string;
    readonly place: string;
  }[] = [
    {
      name: 'an unknown key with a neighbour',
      change: { energy: 'energy.mlp({\n    hiden: [8],\n  })' },
      message: "energy.mlp has no option 'hiden'.",
      remedy: "Did you mean 'hidden'?",
      place: 'moons.ebm.ts:6:5',
    },
    {
      name: 'an unknown key without one',
      change: { energy: 'energy.mlp({ dropout: 0.1 })' },
      message: "energy.mlp has no option 'dropout'.",
      remedy: 'Its options are hidden, activation.',
      place: 'moons.ebm.ts:5:24',
    },
    {
      name: 'an unknown key of the experiment',
      change: { batchsize: '3' },
      message: "experiment has no option 'batchsize'.",
      remedy: "Did you mean 'batchSize'?",
      place: 'moons.ebm.ts:11:3',
    },
    {
      name: 'an unknown key further in',
      change: { preview: '{ evry: 3 }' },
      message: "experiment has no option 'preview.evry'.",
      remedy: "Did you mean 'preview.every'?",
      place: 'moons.ebm.ts:10:14',
    },
    {
      name: 'a number out of range',
      change: { optimizer: 'optimizer.adam({ learningRate: -1 })' },
      message: "optimizer.adam: 'learningRate' is -1, which is not allowed.",
      remedy: 'It must be greater than 0.',
      place: 'moons.ebm.ts:7:31',
    },
    {
      name: 'NaN',
      change: { optimizer: 'optimizer.sgd({ learningRate: 0 / 0 })' },
      message: "optimizer.sgd: 'learningRate' is NaN, which is not allowed.",
      remedy:
        'It must be a finite number or made by schedule.constant(…) or schedule.cosine(…) or schedule.linear(…) or schedule.exponential(…) or schedule.piecewise(…) or schedule.custom(…).',
      place: 'moons.ebm.ts:7:30',
    },
    {
      name: 'a learning rate that is neither number nor schedule',
      change: { optimizer: "optimizer.adam({ learningRate: 'fast' as never })" },
      message: 'optimizer.adam: \'learningRate\' is "fast", which is not allowed.',
      remedy:
        'It must be a finite number or made by schedule.constant(…) or schedule.cosine(…) or schedule.linear(…) or schedule.exponential(…) or schedule.piecewise(…) or schedule.custom(…).',
      place: 'moons.ebm.ts:7:31',
    },
    {
      name: 'a sampler that is not the one that can be differentiated through',
      change: {
        objective:
          'objective.improvedContrastiveDivergence({ sampler: sampler.hamiltonian() as never })',
      },
      message:
        "objective.improvedContrastiveDivergence: 'sampler' is an object, which is not allowed.",
      remedy: 'It must be made by sampler.langevin(…).',
      place: 'moons.ebm.ts:6:56',
    },
    {
      name: 'a schedule without a beginning',
      change: {
        optimizer: 'optimizer.adam({ learningRate: schedule.linear({ steps: 9 } as never) })',
      },
      message: "schedule.linear: 'peak' is missing.",
      remedy: 'It must be a finite number.',
      place: 'moons.ebm.ts:7:54',
    },
    {
      name: 'an unknown key of a schedule',
      change: {
        optimizer: 'optimizer.adam({ learningRate: schedule.constant({ value: 1, warmUp: 3 }) })',
      },
      message: "schedule.constant has no option 'warmUp'.",
      remedy: "Did you mean 'warmup'?",
      place: 'moons.ebm.ts:7:75',
    },
    {
      name: 'a diagnostic twice',
      change: { preview: "{ diagnostics: ['chains', 'energyGap', 'chains'] }" },
      message: "experiment: 'preview.diagnostics' names one twice.",
      remedy: 'Name each once.',
      place: 'moons.ebm.ts:10:14',
    },
    {
      name: 'a schedule that ends within its warm-up',
      change: {
        optimizer:
          'optimizer.adam({ learningRate: schedule.cosine({ peak: 1, steps: 10, warmup: 10 }) })',
      },
      message: "schedule.cosine: 'steps' is 10, but the warm-up alone takes 10.",
      remedy: 'steps counts all updates: make it larger than warmup.',
      place: 'moons.ebm.ts:7:72',
    },
    {
      name: 'boundaries that fall',
      change: {
        optimizer:
          'optimizer.sgd({ learningRate: schedule.piecewise({ boundaries: [3, 3], values: [1, 2, 3] }) })',
      },
      message: "schedule.piecewise: 'boundaries' do not rise.",
      remedy: 'Each must be larger than the one before.',
      place: 'moons.ebm.ts:7:65',
    },
    {
      name: 'values that do not fit their boundaries',
      change: {
        optimizer:
          'optimizer.sgd({ learningRate: schedule.piecewise({ boundaries: [3], values: [1, 2, 3] }) })',
      },
      message: "schedule.piecewise: 'values' and 'boundaries' do not fit each other.",
      remedy: 'There must be one value more than boundaries.',
      place: 'moons.ebm.ts:7:82',
    },
    {
      name: 'looking ahead without momentum',
      change: { optimizer: 'optimizer.sgd({ nesterov: true })' },
      message: "optimizer.sgd: 'nesterov' is true, but there is no momentum to look ahead with.",
      remedy: 'Set momentum, for example to 0.9, or leave nesterov out.',
      place: 'moons.ebm.ts:7:30',
    },
    {
      name: 'an average that never forgets',
      change: { optimizer: 'optimizer.rmsProp({ average: 1 })' },
      message: "optimizer.rmsProp: 'average' is 1, which is not allowed.",
      remedy: 'It must be less than 1.',
      place: 'moons.ebm.ts:7:34',
    },
    {
      name: 'a fraction of a step',
      change: { steps: '2.5' },
      message: "experiment: 'steps' is 2.5, which is not allowed.",
      remedy: 'It must be a whole number.',
      place: 'moons.ebm.ts:9:3',
    },
    {
      name: 'no layer',
      change: { energy: 'energy.mlp({ hidden: [] })' },
      message: "energy.mlp: 'hidden' is [], which is not allowed.",
      remedy: 'It must be at least 1 long.',
      place: 'moons.ebm.ts:5:24',
    },
    {
      name: 'an element of an array',
      change: { energy: 'energy.mlp({ hidden: [8, 0] })' },
      message: "energy.mlp: 'hidden.1' is 0, which is not allowed.",
      remedy: 'It must be at least 1.',
      place: 'moons.ebm.ts:5:36',
    },
    {
      name: 'an unknown activation',
      change: { energy: "energy.mlp({ activation: 'swich' as 'swish' })" },
      message: 'energy.mlp: \'activation\' is "swich", which is not allowed.',
      remedy:
        'It must be one of "swish", "softplus", "tanh", "sigmoid", "relu", "leakyRelu", "elu", "gelu".',
      place: 'moons.ebm.ts:5:24',
    },
    {
      name: 'a missing sampler',
      change: { objective: 'objective.contrastiveDivergence({} as never)' },
      message: "objective.contrastiveDivergence: 'sampler' is missing.",
      remedy: anyOf('sampler', sampler),
      place: 'moons.ebm.ts:6:24',
    },
    {
      name: 'a part of another family',
      change: { energy: 'optimizer.adam() as never' },
      message: "experiment: 'energy' is an object, which is not allowed.",
      remedy: anyOf('energy', energy),
      place: 'moons.ebm.ts:5:3',
    },
    {
      name: 'a factory that was not called',
      change: { data: 'data.twoMoons as never' },
      message: "experiment: 'data' is a function, which is not allowed.",
      remedy: anyOf('data', data),
      place: 'moons.ebm.ts:4:3',
    },
    {
      name: 'a function that is none',
      change: { energy: 'energy.custom({ init: () => ({}), energy: 3 as never })' },
      message: "energy.custom: 'energy' is not a function.",
      remedy: 'Write energy: (params, x) => … with a result of shape [batch].',
      place: 'moons.ebm.ts:5:45',
    },
    {
      name: 'options that are no object',
      change: { energy: 'energy.mlp(3 as never)' },
      message: 'energy.mlp: the argument is 3.',
      remedy: 'It must be an object of options, for example { seed: 0 }.',
      place: 'moons.ebm.ts:5:18',
    },
    {
      name: 'a batch that the buffer cannot give',
      change: { batchSize: '129' },
      message:
        "experiment: 'batchSize' is 129, but the objective has only 128 chains to draw from.",
      remedy: 'Make bufferSize of the objective larger, or batchSize smaller.',
      place: 'moons.ebm.ts:8:3',
    },
    {
      name: 'a preview that the buffer cannot give',
      change: { preview: '{ samples: 200 }' },
      message:
        "experiment: 'preview.samples' is 200, but the objective has only 128 chains to show.",
      remedy: 'Make bufferSize of the objective larger, or preview.samples smaller.',
      place: 'moons.ebm.ts:10:14',
    },
  ];
  for (const { name, change, message, remedy, place } of wrong) {
    test(name, async (t) => {
      const problem = await failure(t, smallExperiment(change));
      assert.deepEqual(
        { message: problem.message, remedy: problem.remedy, place: problem.place },
        { message, remedy, place },
      );
    });
  }
});

describe('overrides', () => {
  async function overridden(
    t: TestContext,
    overrides: Record<string, Json>,
    text = smallExperiment(),
  ) {
    const folder = await experimentFolder(t, { 'moons.ebm.ts': text });
    return loadExperiment(path.join(folder, 'moons.ebm.ts'), { overrides });
  }

  test('replace values by dotted path, and are told', async (t) => {
    const overrides = {
      'optimizer.learningRate': 3e-4,
      'objective.sampler.steps': 10,
      'energy.hidden': [64, 64],
      steps: 100,
      'preview.resolution': 32,
    };
    const { experiment, config, overrides: kept } = await overridden(t, overrides);
    assert.deepEqual(kept, overrides);
    assert.equal(experiment.steps, 100);
    const { objective } = experiment;
    assert.ok('sampler' in objective);
    assert.equal(objective.sampler.steps, 10);
    const { energy, preview, optimizer } = config;
    assert.deepEqual(energy, { type: 'mlp', hidden: [64, 64], activation: 'swish' });
    const { sampler: shown, ...rest } = preview as { sampler: Json };
    assert.deepEqual(rest, {
      every: 10,
      samples: 32,
      resolution: 32,
      chainSteps: 0,
      diagnostics: null,
      outOfDistribution: null,
    });
    // The shown chains move as the trained ones do.
    assert.deepEqual(shown, (config['objective'] as { sampler: Json }).sampler);
    assert.equal((optimizer as { learningRate: number }).learningRate, 3e-4);
  });

  test('may set what the file left to its default', async (t) => {
    const { experiment } = await overridden(t, { 'checkpoint.every': 5, seed: 7 });
    assert.equal(experiment.checkpoint.every, 5);
    assert.equal(experiment.seed, 7);
  });

  test('write parts of a list out with all that their functions would add', async (t) => {
    const text = smallExperiment({
      energy: 'energy.product({ of: [energy.mlp(), energy.gaussian()] })',
    });
    const { experiment } = await overridden(
      t,
      { 'energy.of': [{ type: 'mlp', hidden: [4], activation: 'tanh' }] },
      text,
    );
    assert.ok('of' in experiment.energy);
    const refused: readonly (readonly [Json, RegExp])[] = [
      [[{ type: 'mlp', hidden: [4] }], /energy\.mlp: 'activation' is missing/],
      [[{ type: 'mlp', hidden: [0], activation: 'tanh' }], /'hidden\.0' is 0/],
      [[{ type: 'mlp', width: 4 }], /energy\.mlp has no option 'width'/],
    ];
    for (const [of, message] of refused) {
      const { message: told } = await problemFrom(overridden(t, { 'energy.of': of }, text));
      assert.match(told, message);
    }
    const noisy = smallExperiment({
      objective:
        'objective.noiseContrastiveEstimation({ noise: noise.mixture({ of: [noise.gaussian()] }) })',
    }).replace('objective,', 'noise, objective,');
    const { message } = await problemFrom(
      overridden(t, { 'objective.noise.of': [{ type: 'gaussian' }] }, noisy),
    );
    assert.match(message, /noise\.gaussian: 'mean' is missing/);
  });

  test('never take another type for what was meant', async (t) => {
    const { remedy } = (await problemFrom(overridden(t, { 'energy.typ': 'rbm' }))) as {
      remedy?: string;
    };
    assert.doesNotMatch(remedy ?? '', /type/);
  });

  test('move the defaults that follow from them', async (t) => {
    const text = smallExperiment({ preview: '{}' });
    assert.equal((await overridden(t, {}, text)).experiment.preview.samples, 128);
    const larger = await overridden(t, { 'objective.bufferSize': 512 }, text);
    assert.equal(larger.experiment.preview.samples, 512);
  });

  test('reach into a schedule, or put a number in its place', async (t) => {
    const cosine = 'schedule.cosine({ peak: 0.01, warmup: 5, steps: 20 })';
    const text = smallExperiment({ optimizer: `optimizer.adam({ learningRate: ${cosine} })` });
    const rate = async (overrides: Record<string, Json>) => {
      const { config } = await overridden(t, overrides, text);
      return (config['optimizer'] as { learningRate: Json }).learningRate;
    };
    assert.deepEqual(await rate({ 'optimizer.learningRate.peak': 0.02 }), {
      type: 'cosine',
      peak: 0.02,
      steps: 20,
      final: 0,
      warmup: 5,
    });
    assert.equal(await rate({ 'optimizer.learningRate': 0.003 }), 0.003);
    const problem = await problemFrom(rate({ 'optimizer.learningRate.peak': -1 }));
    assert.match(problem.message, /optimizer\.learningRate\.peak=-1 is not possible.*-1/);
    assert.equal(problem.remedy, 'It must be greater than 0.');
    const misspelled = await problemFrom(rate({ 'optimizer.learningRate.peek': 1 }));
    assert.equal(misspelled.remedy, "Did you mean 'optimizer.learningRate.peak'?");
  });

  test('of the steps move the end of a schedule that has none of its own', async (t) => {
    const text = smallExperiment({
      optimizer: 'optimizer.adam({ learningRate: schedule.cosine({ peak: 0.01, warmup: 5 }) })',
    });
    const end = async (overrides: Record<string, Json>) => {
      const { config } = await overridden(t, overrides, text);
      return (config['optimizer'] as { learningRate: { steps: number } }).learningRate.steps;
    };
    assert.equal(await end({}), 20);
    assert.equal(await end({ steps: 300 }), 300);
    assert.equal(await end({ steps: 300, 'optimizer.learningRate.peak': 0.02 }), 300);
    assert.equal(await end({ steps: 300, 'optimizer.learningRate.steps': 7 }), 7);
    // A run that ends within the warm-up never comes to the descent.
    assert.equal(await end({ steps: 1 }), 6);
  });

  test('keep functions', async (t) => {
    const text = smallExperiment({
      energy:
        'energy.custom({ init: () => ({ a: tf.scalar(1) }), energy: (p, x) => tf.sum(tf.mul(x, p.a), 1) })',
    });
    const { experiment } = await overridden(t, { steps: 3 }, text);
    assert.equal(experiment.energy.type, 'custom');
  });

  const refused: readonly [string, Record<string, Json>, RegExp, RegExp][] = [
    [
      'an unknown path',
      { 'optimizer.learningrate': 1 },
      /no option 'optimizer\.learningrate'/,
      /'optimizer\.learningRate'/,
    ],
    [
      'a path without its beginning',
      { learningRate: 1 },
      /no option 'learningRate'/,
      /'optimizer\.learningRate'/,
    ],
    [
      'a value out of range',
      { 'optimizer.learningRate': -1 },
      /optimizer\.learningRate=-1 is not possible.*-1/,
      /greater than 0/,
    ],
    ['a value of another type', { 'energy.hidden': 'wide' }, /energy\.hidden="wide"/, /an array/],
    ['the property of a number', { 'steps.x': 1 }, /no option 'steps\.x'/, /steps/],
    ['a prototype', { '__proto__.x': 1 }, /no option '__proto__\.x'/, /./],
  ];
  for (const [name, overrides, message, remedy] of refused) {
    test(`refuse ${name}`, async (t) => {
      const problem = await problemFrom(overridden(t, overrides));
      assert.equal(problem.kind, 'experiment');
      assert.match(problem.message, message);
      assert.match(problem.remedy ?? '', remedy);
    });
  }
});
