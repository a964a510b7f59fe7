/** The files of a run, read by TensorBoard, safetensors, Pillow and NumPy; and what those write, by us. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { EventWriter, readScalars } from '../../run-directory/event-file';
import { eventFiles } from '../../run-directory/event-names';
import { histogramOf } from '../../run-directory/histogram';
import { readInitialParameters } from '../../run-directory/initial-parameters';
import { readManifest } from '../../run-directory/manifest';
import { readNpy, writeNpy } from '../../run-directory/npy';
import { listPreviewSteps, readData, readPreview } from '../../run-directory/previews';
import { frameRecord } from '../../run-directory/record-framing';
import { writeSafetensors } from '../../run-directory/safetensors';
import { validScalars } from '../../run-directory/valid-scalars';
import { asPng, palette, pictureOf } from '../../trainer-worker/trainer/storage/picture';
import { until } from '../support/condition';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { askPython, readersPython, withoutReaders } from '../support/python-readers';
import { ebm, start } from '../support/trainer';

/** What read-files.py tells of a directory. */
interface Found {
  readonly first: readonly (readonly [fileVersion: string, wallTime: number])[];
  readonly scalars: Readonly<Record<string, readonly [step: number, wall: number, bits: string][]>>;
  readonly images: Readonly<
    Record<string, [step: number, wall: number, width: number, height: number, sha256: string][]>
  >;
  readonly histograms: Readonly<
    Record<
      string,
      { step: number; wallTime: number; numbers: number[]; limits: number[]; cells: number[] }[]
    >
  >;
  readonly checkpoints: Readonly<Record<string, { metadata: unknown; tensors: unknown }>>;
  readonly arrays: Readonly<Record<string, Described>>;
}

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bits: string;
}

/** What write-files.py tells of what it wrote. */
interface Written {
  readonly arrays: Readonly<Record<string, { shape: number[]; values: string[] }>>;
  readonly weights: Readonly<Record<string, Record<string, { shape: number[]; bits: string }>>>;
  /** Whether TensorBoard comes with its data server for this kind of machine. */
  readonly hasDataServer: boolean;
}

const bits = (values: Float32Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');

const float32 = (values: Float32Array, shape: readonly number[]): Described => ({
  dtype: '<f4',
  shape,
  bits: bits(values),
});

/** How numbers are read that `Number` does not make of what Python writes. */
const parsers: Readonly<Record<string, (text: string) => number | bigint>> = {
  b1: (text) => (text === 'True' ? 1 : 0),
  i8: BigInt,
  u8: BigInt,
};

/** The curves of a directory as we read them, restarts taken into account: steps, and values as bits. */
async function ourCurves(directory: string): Promise<Record<string, [number, string][]>> {
  const curves: Record<string, [number, string][]> = {};
  for await (const { series } of (await validScalars(directory)).chunks()) {
    for (const [tag, { steps, values }] of Object.entries(series)) {
      const points = [...steps].map((step, i): [number, string] => [
        step,
        bits(values.slice(i, i + 1)),
      ]);
      curves[tag] = [...(curves[tag] ?? []), ...points];
    }
  }
  return curves;
}

const withoutTimes = ({ scalars }: Found) =>
  Object.fromEntries(
    Object.entries(scalars).map(([tag, points]) => [tag, points.map(([s, , v]) => [s, v])]),
  );

/** Numbers that floats hold in ways of their own, and some that must be rounded to be one. */
const specials = [0, -0, 1e-45, -1e-45, 1.1754943e-38, 3.4028235e38, 1 / 3, Math.PI, 16777217];
const infinities = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
/** The last one needs more than 32 bits. */
const farSteps = [0, 1, 2, 127, 128, 65_535, 2 ** 31, 2 ** 40 + 1];

/** Files that EventWriter and the writers of tensors made with values of a test's choice. */
async function writeChosen(directory: string): Promise<void> {
  await mkdir(path.join(directory, 'samples'), { recursive: true });
  await mkdir(path.join(directory, 'checkpoints'));
  const writer = await EventWriter.open(directory, new Date(1_700_000_000_250));
  for (const [index, step] of farSteps.entries()) {
    writer.append(step, 1_700_000_001 + index / 8, {
      plain: specials[index]!,
      'with a name / of its own, ε': infinities[index % 3]!,
    });
  }
  await writer.close();
  for (const [name, shape] of [
    ['scalar', []],
    ['nothing', [0, 2]],
    ['line', [5]],
    ['four', [2, 3, 1, 2]],
  ] as const) {
    await writeFile(
      path.join(directory, 'samples', `${name}.npy`),
      Buffer.concat(writeNpy(chosen(shape), shape)),
    );
  }
  await writeFile(
    path.join(directory, 'checkpoints/chosen.safetensors'),
    Buffer.concat(
      writeSafetensors(
        [
          { name: 'scalar', shape: [], data: chosen([]) },
          { name: 'nothing', shape: [0, 2], data: chosen([0, 2]) },
          { name: 'with a name / of its own, ε', shape: [3, 1, 3], data: chosen([3, 1, 3]) },
        ],
        { 'of one’s own': '"quoted", ε\n' },
      ),
    ),
  );
}

/** Numbers for a shape, special ones among them. */
function chosen(shape: readonly number[]): Float32Array {
  const all = [...specials, ...infinities];
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, (_, i) => all[i % all.length]!);
}

/** A run that was killed while it trained. */
async function killedRun(t: TestContext, folder: string): Promise<string> {
  const runs = path.join(folder, 'killed');
  await mkdir(runs);
  const command = [process.execPath, ebm, 'run', 'moons.ebm.ts', '--steps', '10000000'];
  const program = start(t, [...command, '--runs', runs], { cwd: folder });
  const directory = await until('it has recorded some steps', async () => {
    const [name] = await readdir(runs);
    const made = path.join(runs, name ?? '');
    const [file] = await eventFiles(made);
    return file !== undefined && (await stat(path.join(made, file))).size > 50_000 && made;
  });
  program.process.kill('SIGKILL');
  await program.exited;
  return directory;
}

test('files that others read and write', { skip: withoutReaders }, async (t) => {
  const folder = await experimentFolder(t, {
    'moons.ebm.ts': smallExperiment({ checkpoint: '{ every: 10 }' }),
    'wide.ebm.ts': smallExperiment({ energy: 'energy.mlp({ hidden: [16] })', steps: '1' }),
  });
  const at = (...names: string[]) => path.join(folder, ...names);
  const run = async (...args: string[]) => {
    const program = start(t, [process.execPath, ebm, ...args], { cwd: folder });
    assert.equal(await program.exited, 0, program.errors());
  };

  const began = Date.now() / 1000;
  await run('run', 'moons.ebm.ts', '--runs', 'runs');
  const ended = Date.now() / 1000;
  const whole = at('runs', (await readdir(at('runs')))[0]!);
  const killed = await killedRun(t, folder);
  const [name] = await eventFiles(killed);
  // A record that was cut as it was written, wherever in the last one the process was killed.
  await appendFile(path.join(killed, name!), frameRecord(Buffer.alloc(100)).subarray(0, 60));
  await cp(killed, at('torn'), { recursive: true });
  const { step: killedAt } = await lastStep(at('torn'));
  await run('resume', killed, '--steps', String(killedAt + 400));
  await writeChosen(at('chosen'));
  const written = (await askPython('write-files.py', folder)) as Written;
  const foreign = ['several', 'restarted', 'restarted-twice'].map((each) => at('events', each));
  const found = (await askPython(
    'read-files.py',
    ...[whole, killed, at('torn'), at('chosen'), ...foreign],
  )) as Record<string, Found>;

  await t.test('the curves of a run, their steps and the time of each', async () => {
    const { first, scalars } = found[whole]!;
    assert.deepEqual(
      first.map(([version]) => version),
      ['brain.Event:2'],
    );
    assert.deepEqual(withoutTimes(found[whole]!), await ourCurves(whole));
    assert.equal(scalars['loss']!.length, 20);
    for (const [tag, points] of Object.entries(scalars)) {
      const times = [first[0]![1], ...points.map(([, time]) => time)];
      assert.deepEqual(times, times.toSorted(), tag);
      assert.ok(times[0]! >= began && times.at(-1)! <= ended, tag);
    }
  });

  await t.test('values of every kind, far steps and given times', () => {
    const { first, scalars } = found[at('chosen')]!;
    assert.deepEqual(first, [['brain.Event:2', 1_700_000_000.25]]);
    const points = (values: readonly number[]) =>
      farSteps.map((step, index) => [
        step,
        1_700_000_001 + index / 8,
        bits(Float32Array.of(values[index % values.length]!)),
      ]);
    assert.deepEqual(scalars, {
      plain: points(specials),
      'with a name / of its own, ε': points(infinities),
    });
  });

  await t.test('pictures, to the pixel', async () => {
    const { images } = found[whole]!;
    assert.deepEqual(Object.keys(images), ['samples']);
    // Whether the one between is kept is a matter of time.
    const steps = images['samples']!.map(([step]) => step);
    assert.deepEqual([steps[0], steps.at(-1)], [0, 20]);
    const { preview: layout } = await readManifest(whole);
    const data = (await readData(whole))!;
    for (const [step, time, ...image] of images['samples']!) {
      const frame = await readPreview(whole, step, layout!);
      const { width, height, pixels } = pictureOf(frame, { layout: layout!, data })!;
      const colors = Uint8Array.from([...pixels].flatMap((pixel) => palette[pixel]!));
      assert.deepEqual(image, [width, height, createHash('sha256').update(colors).digest('hex')]);
      assert.ok(time >= began && time <= ended);
    }
  });

  await t.test('histograms, their limits and counts', async () => {
    const { histograms, images } = found[whole]!;
    const steps = images['samples']!.map(([step]) => step);
    const last = await readCheckpoint(whole, 20);
    const parameters = last.tensors.filter((tensor) => tensor.name.startsWith('parameters/'));
    assert.deepEqual(
      new Set(Object.keys(histograms)),
      new Set(['energies/samples', 'energies/held-out', ...parameters.map((each) => each.name)]),
    );
    for (const [tag, all] of Object.entries(histograms)) {
      assert.deepEqual(
        all.map(({ step }) => step),
        steps,
        tag,
      );
      for (const { numbers, limits, cells } of all) {
        const [min, max, count] = numbers;
        assert.equal(limits.length, cells.length);
        assert.equal(limits.at(-1), max);
        assert.ok(limits[0]! > min! || cells.length === 1);
        assert.deepEqual(
          limits,
          limits.toSorted((a, b) => a - b),
        );
        assert.equal(
          cells.reduce((sum, cell) => sum + cell, 0),
          count,
        );
        if (tag === 'energies/samples') assert.equal(count, 32);
        if (tag === 'energies/held-out') assert.equal(count, 100);
      }
    }
    for (const { name: tag, data } of parameters) {
      const { numbers, cells } = histograms[tag]!.at(-1)!;
      const { min, max, count, sum, sumOfSquares, cells: ours } = histogramOf(data)!;
      assert.deepEqual(cells, ours);
      assert.deepEqual(numbers, [min, max, count, sum, sumOfSquares]);
      // Which cells the values are in, counted anew.
      const width = (max - min) / ours.length;
      const counted = new Array<number>(ours.length).fill(0);
      for (const value of data) {
        counted[Math.min(ours.length - 1, Math.floor((value - min) / width))]! += 1;
      }
      assert.deepEqual(cells, counted);
    }
  });

  await t.test('a run that was killed has all but the record that was torn', async () => {
    const { problem } = await lastStep(at('torn'));
    assert.match(problem!, /is damaged/);
    const curves = withoutTimes(found[at('torn')]!);
    assert.deepEqual(curves, await ourCurves(at('torn')));
    assert.ok(curves['loss']!.length > 100);
  });

  await t.test(
    'when it went on, every step is there once, with nothing of the torn one',
    async () => {
      const curves = withoutTimes(found[killed]!);
      assert.deepEqual(curves, await ourCurves(killed));
      const steps = Array.from({ length: killedAt + 400 }, (_, index) => index + 1);
      assert.deepEqual(
        curves['loss']!.map(([step]) => step),
        steps,
      );
      const before = withoutTimes(found[at('torn')]!)['loss']!;
      assert.deepEqual(curves['loss']!.slice(0, before.length), before);
    },
  );

  await t.test('several files and restarts count as TensorBoard counts them', async () => {
    const steps: Record<string, number[]> = {
      several: Array.from({ length: 15 }, (_, step) => step),
      restarted: Array.from({ length: 12 }, (_, step) => step),
      'restarted-twice': [0, 1, 2, 3, 4],
    };
    for (const directory of foreign) {
      const curves = withoutTimes(found[directory]!);
      assert.deepEqual(await ourCurves(directory), curves, directory);
      assert.deepEqual(
        curves['loss']!.map(([step]) => step),
        steps[path.basename(directory)],
      );
    }
    const restarted = withoutTimes(found[at('events/restarted')]!);
    assert.deepEqual(
      restarted['other']!.map(([step]) => step),
      [0, 1, 2, 3, 4, 5],
    );
  });

  const get = await tensorboard(t, folder);
  const ask = async <Item>(what: string, query: Record<string, string>): Promise<Item[]> => {
    const answer = await get(`${what}?${new URLSearchParams(query)}`);
    // What it has not found yet it does not know.
    if (answer.status === 404) return [];
    assert.ok(answer.ok, `${what}: ${answer.status}`);
    return (await answer.json()) as Item[];
  };

  await t.test('the server of TensorBoard shows the same curves', async () => {
    const runs = [whole, killed, at('torn')];
    // Its data server looks at steps alone, and not at the word that a training was restarted: of a
    // curve that ends before that it shows what we, and the reader in Python, take for void. Without it
    // the server shows void steps too.
    const restarted = ['restarted', 'restarted-twice', 'went-back'];
    const others = ['several', 'tensors', ...(written.hasDataServer ? restarted : [])];
    for (const directory of [...runs, ...others.map((each) => at('events', each))]) {
      const run = path.relative(folder, directory);
      const all = await ourCurves(directory);
      const curves = runs.includes(directory) ? all : { loss: all['loss']! };
      for (const [tag, points] of Object.entries(curves)) {
        const shown = await until(`${run} has all of ${tag}`, async () => {
          const answer = await ask<ServedScalar>('scalars/scalars', { run, tag });
          return answer.length >= points.length && answer;
        });
        const bitsOf = (value: number | string) => bits(Float32Array.of(Number(value)));
        assert.deepEqual(
          shown.map(([, step, value]) => [step, bitsOf(value)]),
          points,
          `${run}: ${tag}`,
        );
      }
    }
  });

  await t.test('and the same pictures and histograms', async () => {
    const run = path.relative(folder, whole);
    const { preview: layout } = await readManifest(whole);
    const data = (await readData(whole))!;
    const { images, histograms } = found[whole]!;
    const query = { run, tag: 'samples', sample: '0' };
    const pictures = await ask<{ step: number; query: string }>('images/images', query);
    assert.equal(pictures.length, images['samples']!.length);
    for (const { step, query: picture } of pictures) {
      const frame = await readPreview(whole, step, layout!);
      const png = asPng(pictureOf(frame, { layout: layout!, data })!);
      const answer = await get(`images/individualImage?${picture}`);
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(png), `the picture of ${step}`);
    }
    for (const [tag, all] of Object.entries(histograms)) {
      const shown = await ask<ServedHistogram>('histograms/histograms', { run, tag });
      assert.deepEqual(
        shown.map(([wallTime, step, cells]) => ({
          step,
          wallTime,
          limits: cells.map(([, right]) => right),
          cells: cells.map(([, , count]) => count),
        })),
        all.map(({ numbers: _, ...rest }) => rest),
      );
    }
  });

  await t.test('checkpoints: names, shapes, types, bits and metadata', async () => {
    const steps = await listCheckpoints(whole);
    assert.deepEqual(steps, [10, 20]);
    const ours = await Promise.all(steps.map((step) => readCheckpoint(whole, step)));
    assert.deepEqual(
      found[whole]!.checkpoints,
      Object.fromEntries(
        ours.map(({ step, metadata, tensors }) => [
          String(step).padStart(9, '0'),
          {
            metadata,
            tensors: Object.fromEntries(
              tensors.map(({ name: tensor, shape, data }) => [tensor, float32(data, shape)]),
            ),
          },
        ]),
      ),
    );
    assert.equal(ours[0]!.metadata['step'], '10');
    assert.deepEqual(found[at('chosen')]!.checkpoints['chosen'], {
      metadata: { 'of one’s own': '"quoted", ε\n' },
      tensors: {
        scalar: float32(chosen([]), []),
        nothing: float32(chosen([0, 2]), [0, 2]),
        'with a name / of its own, ε': float32(chosen([3, 1, 3]), [3, 1, 3]),
      },
    });
  });

  await t.test('samples, fields and data: shapes, types and bits', async () => {
    const { preview: layout } = await readManifest(whole);
    const { count: rows, values, labels } = (await readData(whole))!;
    const arrays: Record<string, Described> = {
      data: float32(values, [rows, 2]),
      'data.labels': float32(labels!, [rows, 1]),
    };
    for (const step of await listPreviewSteps(whole)) {
      const { samples, count, field } = await readPreview(whole, step, layout!);
      const file = String(step).padStart(9, '0');
      arrays[`${file}.samples`] = float32(samples, [count, 2]);
      arrays[`${file}.field`] = float32(field!, [16, 16]);
    }
    assert.deepEqual(found[whole]!.arrays, arrays);
    assert.deepEqual(found[at('chosen')]!.arrays, {
      four: float32(chosen([2, 3, 1, 2]), [2, 3, 1, 2]),
      line: float32(chosen([5]), [5]),
      nothing: float32(chosen([0, 2]), [0, 2]),
      scalar: float32(chosen([]), []),
    });
  });

  await t.test('what NumPy writes is read to the same numbers', async () => {
    const files = Object.entries(written.arrays);
    // Eleven types, each in both byte orders, in Fortran order and in three versions; three more.
    assert.equal(files.length, 11 * 6 + 3);
    for (const [file, { shape, values }] of files) {
      const array = readNpy(await readFile(at('arrays', file)));
      assert.deepEqual(array.shape, shape, file);
      const parse = parsers[array.dtype] ?? Number;
      assert.deepEqual([...array.data], values.map(parse), file);
    }
  });

  await t.test('a training begins with the weights that JAX and NumPy wrote', async () => {
    for (const [file, weights] of Object.entries(written.weights)) {
      await run('run', 'wide.ebm.ts', '--set', `initialize=${file}`, '--runs', file.split('.')[0]!);
      const runs = at(file.split('.')[0]!);
      const [made] = await readdir(runs);
      const tensors = await readInitialParameters(path.join(runs, made!));
      assert.deepEqual(
        Object.fromEntries(
          tensors.map(({ name: tensor, shape, data }) => [tensor, { shape, bits: bits(data) }]),
        ),
        weights,
      );
    }
  });
});

/** What TensorBoard serves of a curve: not a number and infinities as words. */
type ServedScalar = readonly [wallTime: number, step: number, value: number | string];

/** What it serves of a histogram. */
type ServedHistogram = readonly [
  wallTime: number,
  step: number,
  cells: readonly (readonly [left: number, right: number, count: number])[],
];

/** Asks a server of TensorBoard that shows a folder, on the loopback interface alone. */
async function tensorboard(t: TestContext, folder: string) {
  const address = ['--host', '127.0.0.1', '--port', '0'];
  // More than there are: it would show some of the points only.
  const all = ['--samples_per_plugin', 'scalars=1000000,images=1000,histograms=1000'];
  const program = start(t, [
    ...[readersPython(), '-m', 'tensorboard.main', '--logdir', folder],
    ...[...address, ...all],
  ]);
  const url = await until('TensorBoard listens', () => {
    assert.equal(program.process.exitCode, null, program.errors());
    return /http:\/\/127\.0\.0\.1:\d+\//.exec(program.errors() + program.out())?.[0];
  });
  return (what: string) => fetch(`${url}data/plugin/${what}`);
}

/** The newest step of the curve `loss`, and what is wrong with the files. */
async function lastStep(directory: string) {
  let step = 0;
  let problem: string | undefined;
  for await (const chunk of readScalars(directory)) {
    step = chunk.series['loss']?.steps.at(-1) ?? step;
    problem = chunk.problem?.message;
  }
  return { step, problem };
}
