import assert from 'node:assert/strict';
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { backendNames, packagesVariable } from '../../../../protocol/backends';
import { rememberedAnswer } from '../../../../trainer-worker/compiler/backends/answers';
import { fileStates } from '../../../../trainer-worker/compiler/backends/file-states';
import { backendMethod } from '../../../../trainer-worker/compiler/backends/index';
import { restoreLegacyUtil } from '../../../../trainer-worker/compiler/backends/legacy-util';
import type { Machine } from '../../../../trainer-worker/compiler/backends/machine';
import { findPackage } from '../../../../trainer-worker/compiler/backends/packages';
import type { ProbeAnswer } from '../../../../trainer-worker/compiler/backends/probe';
import { programSize } from '../../../../trainer-worker/compiler/backends/program-size';
import { withPrinted } from '../../../../trainer-worker/compiler/backends/tensorflow-log';
import { missingDevice } from '../../../../trainer-worker/compiler/backends/tfjs-node';
import { relativeDifference } from '../../../../trainer-worker/compiler/backends/time-program';
import { compileProgram } from '../../../../trainer-worker/compiler/trace/compile-program';
import { temporaryFolder } from '../../../support/temporary';

const yes: ProbeAnswer = { works: true, description: 'it answers' };
const no: ProbeAnswer = { works: false, why: 'it does not' };
const day = 24 * 3_600_000;

describe('what was answered before', () => {
  /** Asks one question in a folder, counting how often it had to be asked. */
  const asker = (folder: string) => {
    let asked = 0;
    return {
      ask: (
        question: string,
        now: number,
        answer: ProbeAnswer = yes,
        { size, anew = false }: { size?: string; anew?: boolean } = {},
      ) =>
        rememberedAnswer(
          { about: [question], ...(size === undefined ? {} : { size }) },
          async () => {
            asked++;
            return answer;
          },
          { folder, now, anew },
        ),
      asked: () => asked,
    };
  };

  test('is not asked again, until it is a month old; a no until it is a day old', async (t) => {
    const { ask, asked } = asker(await temporaryFolder(t));
    assert.deepEqual(await ask('a', 0), yes);
    assert.deepEqual(await ask('a', 29 * day, no), yes);
    assert.equal(asked(), 1);
    assert.deepEqual(await ask('a', 31 * day, no), no);
    assert.deepEqual(await ask('a', 31.5 * day), no);
    assert.equal(asked(), 2);
    assert.deepEqual(await ask('a', 33 * day), yes);
    assert.equal(asked(), 3);
  });

  test('is known for that question only, and each question has its own', async (t) => {
    const { ask, asked } = asker(await temporaryFolder(t));
    assert.deepEqual(await ask('a', 0, yes), yes);
    assert.deepEqual(await ask('b', 0, no), no);
    assert.deepEqual([await ask('a', 1), await ask('b', 1)], [yes, no]);
    assert.equal(asked(), 2);
  });

  test('gives way to what is asked anew, and so does what says otherwise of a program', async (t) => {
    const { ask, asked } = asker(await temporaryFolder(t));
    await ask('a', 0, no);
    await ask('a', 0, no, { size: 'small' });
    await ask('b', 0, no);
    assert.deepEqual(await ask('a', 1, yes, { anew: true }), yes);
    assert.equal(asked(), 4);
    assert.deepEqual(await ask('a', 2, no), yes);
    assert.equal(asked(), 4);
    assert.deepEqual(await ask('a', 2, yes, { size: 'small' }), yes);
    assert.equal(asked(), 5);
    assert.deepEqual(await ask('b', 2, yes), no);
    // What one program comes to says nothing of the backend.
    await ask('a', 3, no, { size: 'large' });
    assert.deepEqual(await ask('a', 4, no), yes);
  });

  test('keeps how fast a program was, also where results differed without bound', async (t) => {
    const { ask } = asker(await temporaryFolder(t));
    const timing = { milliseconds: 2, cpuMilliseconds: 3, difference: Number.POSITIVE_INFINITY };
    const answer: ProbeAnswer = { works: true, description: 'fast', timing };
    await ask('a', 0, answer);
    assert.deepEqual(await ask('a', 1, no), answer);
  });

  for (const [what, text] of [
    ['broken', '{"formatVersion": 1, "answ'],
    ['of a later version', '{"formatVersion": 2, "answers": {}}'],
    ['something else', '{"formatVersion": 1, "answers": {"x": {"at": "yesterday"}}}'],
  ] as const) {
    test(`does not matter where its file is ${what}, which is then replaced`, async (t) => {
      const folder = await temporaryFolder(t);
      const file = path.join(folder, 'backends.json');
      await writeFile(file, text);
      const { ask, asked } = asker(folder);
      assert.deepEqual(await ask('a', 0), yes);
      assert.deepEqual(await ask('a', 1, no), yes);
      assert.equal(asked(), 1);
      assert.equal(JSON.parse(await readFile(file, 'utf8')).formatVersion, 1);
    });
  }

  test('is not kept where nothing can be written, and nobody is troubled', async (t) => {
    const file = path.join(await temporaryFolder(t), 'a file, not a folder');
    await writeFile(file, '');
    const { ask, asked } = asker(file);
    assert.deepEqual(await ask('a', 0), yes);
    assert.deepEqual(await ask('a', 1), yes);
    assert.equal(asked(), 2);
  });

  test('from the future (a clock was set back) is asked again', async (t) => {
    const { ask, asked } = asker(await temporaryFolder(t));
    await ask('a', 5 * day);
    await ask('a', 4 * day);
    assert.equal(asked(), 2);
  });
});

describe('how files are', () => {
  test('changes where one is written, replaced, put there or taken away, and not else', async (t) => {
    const folder = await temporaryFolder(t);
    const library = path.join(folder, 'lib/binding.node');
    const places = [path.join(folder, 'lib'), path.join(folder, 'one.so')];
    const seen = new Set<string>();
    /** Looks, and says whether it is as it never was before. */
    const isNew = () => {
      const now = fileStates(places).join('\n');
      assert.equal(fileStates(places).join('\n'), now);
      return seen.size < seen.add(now).size;
    };
    assert.ok(isNew(), 'nothing is there');
    await mkdir(path.dirname(library));
    await writeFile(library, 'broken');
    assert.ok(isNew(), 'one came');
    await writeFile(library, 'longer');
    await utimes(library, 1, 1);
    assert.ok(isNew(), 'it was written anew, as long as before');
    // As a copy or an archive that keeps times would put it there.
    const other = path.join(folder, 'other');
    await writeFile(other, 'whole!');
    await utimes(other, 1, 1);
    await rename(other, library);
    assert.ok(isNew(), 'another took its place, as long and as old');
    await writeFile(path.join(folder, 'one.so'), '');
    assert.ok(isNew(), 'another came');
    await rm(path.join(folder, 'one.so'));
    assert.ok(!isNew(), 'it went, so that all is as it was');
    await rm(library);
    assert.ok(isNew(), 'the library went');
  });
});

describe('the size of a program', () => {
  const program = (rate: number, batch = 4) =>
    compileProgram({
      inputs: { x: { shape: [batch, 2] } },
      step: ({ x }) => ({ outputs: { y: tf.mul(tf.square(x!), rate) } }),
    });

  test('is the same at another learning rate and another at another batch size', () => {
    const size = programSize(program(0.1), {});
    assert.equal(programSize(program(0.3), {}), size);
    assert.notEqual(programSize(program(0.1, 8), {}), size);
  });

  test('counts how often a loop goes round', () => {
    const of = (steps: number) => programSize(program(1), { steps: Int32Array.of(steps) });
    assert.equal(of(20), of(20));
    assert.notEqual(of(20), of(40));
  });
});

test('results are as far apart as their difference is long, relative to what is expected', () => {
  const values = (...numbers: number[]) => Float32Array.from(numbers);
  assert.equal(relativeDifference(values(3, 4), values(3, 4)), 0);
  assert.equal(relativeDifference(values(3, 9), values(3, 4)), 1);
  assert.equal(relativeDifference(values(1), values(0)), Number.POSITIVE_INFINITY);
  assert.equal(relativeDifference(values(Number.NaN), values(1)), Number.POSITIVE_INFINITY);
});

describe('what Node 23 took out of node:util', () => {
  test('is put back, and decides as it did', () => {
    const util: Record<string, (value: unknown) => boolean> = {};
    restoreLegacyUtil(util);
    const { isNullOrUndefined, isArray } = util;
    assert.deepEqual([null, undefined, 0, '', false].map(isNullOrUndefined!), [
      true,
      true,
      false,
      false,
      false,
    ]);
    assert.deepEqual([[], {}, new Float32Array(1)].map(isArray!), [true, false, false]);
  });

  test('is left alone where it is still there', () => {
    const own = () => true;
    const util = { isArray: own };
    restoreLegacyUtil(util);
    assert.equal(util.isArray, own);
  });
});

describe('which CUDA device TensorFlow uses', () => {
  test('is said by what it prints when it opens one', () => {
    const printed =
      '2026-01-01 I tensorflow/core/common_runtime/gpu/gpu_device.cc:1532] Created device /job:localhost/replica:0/task:0/device:GPU:0 with 78909 MB memory:  -> device: 0, name: NVIDIA H100 80GB HBM3, pci bus id: 0000:19:00.0, compute capability: 9.0\n';
    assert.deepEqual(withPrinted(yes, printed), {
      works: true,
      description: 'it answers, NVIDIA H100 80GB HBM3',
    });
    assert.equal(withPrinted(yes, 'something else\n'), yes);
    assert.equal(withPrinted(no, printed), no);
  });

  test('is none without the libraries that it names', () => {
    const line = (library: string) =>
      `2026-01-01 W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library '${library}'; dlerror: ${library}: cannot open shared object file: No such file or directory\n`;
    const printed = ['libcudart.so.11.0', 'libcudnn.so.8', 'libcudart.so.11.0'].map(line).join('');
    assert.deepEqual(withPrinted(no, printed), {
      works: false,
      why: 'it does not; it did not find libcudart.so.11.0, libcudnn.so.8',
    });
    assert.equal(withPrinted(yes, printed), yes);
  });

  test('is none where it fell back to the CPU, and that is said', () => {
    assert.equal(missingDevice({ isUsingGpuDevice: true }), undefined);
    assert.match(missingDevice({ isUsingGpuDevice: false })!.why, /no CUDA device answers/);
  });
});

describe('a look at the machine', () => {
  const machine = (changes: Partial<Machine>): Machine => ({
    platform: 'linux',
    arch: 'x64',
    gpus: [],
    hasNvidia: false,
    fingerprint: '',
    ...changes,
  });
  const absent = (seen: Machine) =>
    backendNames.filter((name) => backendMethod(name).missing(seen) !== undefined);

  test('rules out all GPUs where it shows none, without loading anything', () => {
    assert.deepEqual(
      absent(machine({})).filter((name) => name !== 'tfjs-node'),
      ['tfjs-node-gpu', 'onnx-cuda', 'onnx-directml', 'onnx-coreml', 'onnx-webgpu', 'tfjs-webgpu'],
    );
  });

  test('leaves wasm alone where ONNX Runtime has no library', () => {
    const freebsd = machine({ platform: 'freebsd', gpus: ['a GPU'] });
    const why = backendMethod('onnx-cpu').missing(freebsd)?.why;
    assert.equal(why, 'onnxruntime-node has no library for freebsd-x64');
    assert.equal(backendMethod('wasm').missing(freebsd), undefined);
  });

  test('says what is missing and what helps', () => {
    const nvidia = machine({ gpus: ['NVIDIA H100'], hasNvidia: true });
    const why = (name: (typeof backendNames)[number], seen: Machine) =>
      JSON.stringify(backendMethod(name).missing(seen));
    assert.match(why('tfjs-node-gpu', nvidia), /not installed.*Install GPU Backend/);
    assert.match(why('onnx-cuda', nvidia), /CUDA library is not installed.*cuDNN 9/);
    assert.match(why('onnx-directml', nvidia), /part of Windows/);
    const mac = machine({ platform: 'darwin', arch: 'arm64', gpus: ['the GPU of this Mac'] });
    assert.match(why('tfjs-node-gpu', mac), /Linux and Windows on x64 only.*darwin-arm64/);
  });
});

describe('a package of the user', () => {
  test('is taken from the consented folder, the experiment’s project or the working directory', async (t) => {
    const [consented, project] = [await temporaryFolder(t), await temporaryFolder(t)];
    for (const [folder, version] of [
      [consented, '1.0.0'],
      [project, '2.0.0'],
    ] as const) {
      const place = path.join(folder, 'node_modules/some-package');
      await mkdir(place, { recursive: true });
      await writeFile(
        path.join(place, 'package.json'),
        JSON.stringify({ name: 'some-package', version, main: 'main.js' }),
      );
      await writeFile(path.join(place, 'main.js'), `module.exports = '${version}';`);
    }
    const experimentFolder = path.join(project, 'experiments/first');
    await mkdir(experimentFolder, { recursive: true });
    const former = process.env[packagesVariable];
    t.after(() => {
      if (former === undefined) delete process.env[packagesVariable];
      else process.env[packagesVariable] = former;
    });
    process.env[packagesVariable] = consented;
    const found = findPackage('some-package', { experimentFolder });
    assert.equal(found?.version, '1.0.0');
    assert.equal(found.load(), '1.0.0');
    delete process.env[packagesVariable];
    // In the project above the experiment, wherever this process was started.
    assert.equal(findPackage('some-package', { experimentFolder })?.version, '2.0.0');
    assert.equal(findPackage('some-package', {}), undefined);
    assert.equal(findPackage('no-such-package', { experimentFolder }), undefined);
    // This very project's, for an experiment that lies in none.
    const own = findPackage('typescript', { experimentFolder: consented });
    assert.equal(own?.folder, path.resolve('node_modules/typescript'));
  });
});
