import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { JsonObject } from '../../../../protocol/run';
import { writeSafetensors } from '../../../../run-directory/safetensors';
import { loadExperiment } from '../../../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../../../trainer-worker/trainer/training/prepare';
import { experimentFolder, smallExperiment } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

/** The parameters of a perceptron 2-3-1 by their names, with numbers that tell them apart. */
const whole = {
  weight1: { shape: [2, 3], data: [1, -2, 3, 4, 5, 6] },
  bias1: { shape: [3], data: [0.5, 0, -0.5] },
  weight2: { shape: [3, 1], data: [7, 8, 9] },
};

type Weights = Record<string, { readonly shape: number[]; readonly data: number[] }>;

function weightsFile(weights: Weights): Uint8Array {
  return Buffer.concat(
    writeSafetensors(
      Object.entries(weights).map(([name, { shape, data }]) => ({
        name,
        shape,
        data: Float32Array.from(data),
      })),
      {},
    ),
  );
}

const text = smallExperiment({
  energy: 'energy.mlp({ hidden: [3] })',
  initialize: "'weights.safetensors'",
});

async function prepare(t: TestContext, file: Uint8Array | string, overrides: JsonObject = {}) {
  const folder = await experimentFolder(t, {
    'moons.ebm.ts': text,
    'weights.safetensors': file,
    'sub/others.safetensors': file,
  });
  const loaded = await loadExperiment(path.join(folder, 'moons.ebm.ts'), { overrides });
  return prepareTraining(loaded, { backend: 'wasm' });
}

/** The numbers of each parameter that a training begins with. */
async function begun(t: TestContext, file: Uint8Array, overrides: JsonObject = {}) {
  const { initial } = await prepare(t, file, overrides);
  assert.equal(initial?.sha256, createHash('sha256').update(file).digest('hex'));
  return Object.fromEntries(initial.tensors.map(({ name, data }) => [name, [...data]]));
}

/** The file with one more tensor, of int64. */
function withIntegers(file: Uint8Array, name: string): Uint8Array {
  const headerBytes = Number(Buffer.from(file).readBigUInt64LE());
  const data = file.subarray(8 + headerBytes);
  const header = {
    ...JSON.parse(Buffer.from(file.subarray(8, 8 + headerBytes)).toString()),
    [name]: { dtype: 'I64', shape: [6], data_offsets: [data.length, data.length + 48] },
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data, Buffer.alloc(48, 1)]);
}

const numbers = Object.fromEntries(Object.entries(whole).map(([name, { data }]) => [name, data]));

function prefixed(prefix: string): Weights {
  return Object.fromEntries(Object.entries(whole).map(([name, tensor]) => [prefix + name, tensor]));
}

describe('parameters out of a file', () => {
  test('are what the training begins with', async (t) => {
    assert.deepEqual(await begun(t, weightsFile(whole)), numbers);
  });

  test('are found below a prefix that all names share', async (t) => {
    assert.deepEqual(await begun(t, weightsFile(prefixed('model.energy.'))), numbers);
  });

  test('are taken out of a checkpoint, whatever else it holds', async (t) => {
    const checkpoint = weightsFile({
      ...prefixed('parameters/'),
      'adam/m/weight1': { shape: [2, 3], data: [0, 0, 0, 0, 0, 0] },
      buffer: { shape: [1, 2], data: [0, 0] },
    });
    assert.deepEqual(await begun(t, checkpoint), numbers);
  });

  test('are found beside a counter of steps, which no parameter is', async (t) => {
    assert.deepEqual(
      await begun(t, withIntegers(weightsFile(prefixed('net.')), 'net.steps')),
      numbers,
    );
  });

  test('may be named by an override, relative to the experiment', async (t) => {
    const overrides = { initialize: 'sub/others.safetensors' };
    const { initial } = await prepare(t, weightsFile(whole), overrides);
    assert.equal(initial?.file, 'sub/others.safetensors');
  });

  test('are drawn from the seed where there is no file', async (t) => {
    const { initial } = await prepare(t, '', { initialize: null });
    assert.equal(initial, undefined);
  });
});

describe('a file that names or lays out parameters otherwise', () => {
  /** As PyTorch has them, of a perceptron whose first matrix is [outputs, inputs]. */
  const torch = {
    'net.0.weight': { shape: [3, 2], data: [1, 4, -2, 5, 3, 6] },
    'net.0.bias': whole.bias1,
    'net.2.weight': { shape: [1, 3], data: [7, 8, 9] },
  };
  const initialize = {
    file: 'weights.safetensors',
    names: { weight1: 'net.0.weight', bias1: 'net.0.bias', weight2: 'net.2.weight' },
    transpose: ['weight*'],
    partial: false,
  };
  const given = (changes: object = {}) => ({ initialize: { ...initialize, ...changes } });

  test('is read by them', async (t) => {
    assert.deepEqual(await begun(t, weightsFile(torch), given()), numbers);
  });

  test('may name many by a pattern, whose star is the same in both', async (t) => {
    const file = weightsFile({ 'w.1.x': whole.weight1, 'w.2.x': whole.weight2, b: whole.bias1 });
    const names = { 'weight*': 'w.*.x', bias1: 'b' };
    assert.deepEqual(await begun(t, file, given({ names, transpose: [] })), numbers);
  });

  test('may be of another model in part', async (t) => {
    const file = weightsFile({ weight1: whole.weight1, head: whole.bias1 });
    const part = { names: {}, transpose: [], partial: true };
    const { weight1, bias1, weight2 } = await begun(t, file, given(part));
    assert.deepEqual(weight1, whole.weight1.data);
    // As the seed draws them.
    assert.deepEqual(bias1, [0, 0, 0]);
    assert.ok(weight2!.every((value) => value !== 0 && Math.abs(value) < 4));
  });

  const wrong: [what: string, changes: object, message: RegExp, remedy: RegExp][] = [
    [
      'a name that no parameter has',
      { names: { weigth1: 'net.0.weight' } },
      /names has 'weigth1', but no parameter/,
      /'weight1'/,
    ],
    [
      'a layout for none',
      { transpose: ['filter*'] },
      /transpose has 'filter\*', but no parameter/,
      /weight1, bias1, weight2/,
    ],
    [
      'stars that do not fit each other',
      { names: { 'weight*': 'w' } },
      /'weight\*' and 'w' have not one \* each/,
      /names/,
    ],
    [
      'one tensor twice',
      { names: { weight1: 'net.0.weight', weight2: 'net.0.weight' } },
      /'weight1' and 'weight2' would both be 'net\.0\.weight'/,
      /of its own/,
    ],
    [
      'a vector to transpose',
      { names: { ...initialize.names }, transpose: ['*'] },
      /'bias1' \(there 'net\.0\.bias'\) is \[3\] there, which has no layout to transpose/,
      /parameters/,
    ],
    ['no transposition', { transpose: [] }, /'weight1' \(there/, /transpose of initialize/],
    [
      'nothing that fits in part',
      { names: {}, transpose: [], partial: true },
      /it has none of its parameters/,
      /weight1/,
    ],
  ];
  for (const [what, changes, message, remedy] of wrong) {
    test(`is refused where it is told ${what}`, async (t) => {
      const problem = await problemFrom(prepare(t, weightsFile(torch), given(changes)));
      assert.match(problem.message, message);
      assert.match(problem.remedy ?? '', remedy);
    });
  }
});

describe('a file that does not fit', () => {
  const { weight1, ...others } = whole;
  const refused: [what: string, file: Uint8Array | string, message: RegExp, remedy: RegExp][] = [
    [
      'lacks a tensor and has another',
      weightsFile({ ...others, weights1: weight1 }),
      /does not fit the energy: it has no 'weight1' \[2, 3\] \(is it 'weights1' there\?\); its 'weights1' \[2, 3\] is no parameter\.$/,
      /weight1 \[2, 3\], bias1 \[3\], weight2 \[3, 1\]/,
    ],
    [
      'has another shape',
      weightsFile({ ...whole, bias1: { shape: [1, 3], data: [1, 2, 3] } }),
      /'bias1' is \[1, 3\] there and \[3\] here\.$/,
      /bias1 \[3\]/,
    ],
    [
      'has a transposed one',
      weightsFile({ ...whole, weight1: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] } }),
      /'weight1' is \[3, 2\] there and \[2, 3\] here\.$/,
      /transposed/,
    ],
    [
      'has a number too much for single precision',
      weightsFile({ ...whole, bias1: { shape: [3], data: [1, Number.POSITIVE_INFINITY, 0] } }),
      /'bias1' has numbers that single precision does not have, or NaN\.$/,
      /parameters/,
    ],
    [
      'has whole numbers for a parameter',
      withIntegers(weightsFile(others), 'weight1'),
      /does not fit the energy: 'weight1' is of type I64 there; F32, F64, F16, BF16 can be read\.$/,
      /weight1 \[2, 3\]/,
    ],
    ['is of no such format', 'PK', /is no safetensors file that can be read: byte 0/, /floats/],
    ['is empty of tensors', weightsFile({}), /no 'weight1'.*no 'bias1'.*no 'weight2'/, /weight1/],
  ];
  for (const [what, file, message, remedy] of refused) {
    test(`because it ${what} is refused at the option`, async (t) => {
      const problem = await problemFrom(prepare(t, file));
      assert.equal(problem.kind, 'experiment');
      assert.match(problem.message, message);
      assert.match(problem.remedy ?? '', remedy);
      const line = text.split('\n').findIndex((one) => one.includes('initialize')) + 1;
      assert.deepEqual([problem.location?.line, problem.location?.column], [line, 3]);
    });
  }

  test('is told of once, however much does not fit', async (t) => {
    const many = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`x${index}`, { shape: [1], data: [0] }]),
    );
    const { message } = await problemFrom(prepare(t, weightsFile({ ...whole, ...many })));
    assert.match(message, /'x5' \[1\] is no parameter; and 34 more\.$/);
  });

  test('that an override names is refused without a place in the text', async (t) => {
    const overrides = { initialize: 'none.safetensors' };
    const { message, location } = await problemFrom(prepare(t, '', overrides));
    assert.match(message, /^initialize: the file .*none\.safetensors does not exist\.$/);
    assert.equal(location, undefined);
  });
});
