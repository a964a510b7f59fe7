/** Every reader of what others may have written, on bytes that were cut, flipped, stretched or made up. */
import assert from 'node:assert/strict';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeFrame, FrameDecoder } from '../../protocol/frame-codec';
import { ProblemError } from '../../protocol/problem';
import { annotate, readAnnotations } from '../../run-directory/annotations';
import { EventWriter } from '../../run-directory/event-file';
import { readEventIndex } from '../../run-directory/event-index';
import { decodeScalars, encodeScalars, encodeSnapshot } from '../../run-directory/event-message';
import { records } from '../../run-directory/event-records';
import { exportRun } from '../../run-directory/export-run';
import { importRun } from '../../run-directory/import-run';
import { LaunchQueue } from '../../run-directory/launch-queue';
import { parseManifest, readManifest, writeManifest } from '../../run-directory/manifest';
import { readNpy, writeNpy } from '../../run-directory/npy';
import { frameRecord } from '../../run-directory/record-framing';
import { readSafetensors, writeSafetensors } from '../../run-directory/safetensors';
import { fc } from '../support/fast-check';
import { manifest } from '../support/manifest';
import { message } from '../support/protobuf';
import { temporaryFolder } from '../support/temporary';

/** Of all readers together. */
const cases = Number(process.env['EBM_FUZZ_CASES'] ?? 100_000);

/** One change to a file. */
type Change =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'splice';
      readonly at: number;
      readonly from: number;
      readonly length: number;
    }
  | { readonly kind: 'repeat'; readonly at: number }
  | { readonly kind: 'empty' };

const bytesOf = (...numbers: bigint[]) =>
  numbers.map((number) => new Uint8Array(BigUint64Array.of(number).buffer));

const at = fc.nat({ max: 100_000 });
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('flip'), at, bit: fc.nat({ max: 7 }) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('set'),
        at,
        byte: fc.constantFrom(0, 0x22, 0x2d, 0x39, 0x5d, 0x7d, 0x7f, 0x80, 0xff),
      }),
    },
    {
      // Lengths that nobody has room for, of four and of eight bytes.
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('write'),
        at: fc.oneof(at, fc.constantFrom(0, 4, 8)),
        bytes: fc.constantFrom(
          ...bytesOf(2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 32n, 2n ** 31n - 1n, 2n ** 26n),
          Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
        ),
      }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('cut'), at }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('insert'),
        at,
        bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('splice'),
        at,
        from: at,
        length: fc.integer({ min: 1, max: 200 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('repeat'), at }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'empty' as const }) },
  ) as fc.Arbitrary<Change>,
  { minLength: 1, maxLength: 4 },
);

function changed(file: Uint8Array, other: Uint8Array, list: readonly Change[]) {
  let bytes = Uint8Array.from(file);
  for (const change of list) {
    const place = bytes.length === 0 || change.kind === 'empty' ? 0 : change.at % bytes.length;
    const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)];
    switch (change.kind) {
      case 'flip':
        if (bytes.length > 0) bytes[place] = bytes[place]! ^ (1 << change.bit);
        break;
      case 'set':
        if (bytes.length > 0) bytes[place] = change.byte;
        break;
      case 'write':
        bytes.set(change.bytes.subarray(0, tail.length), place);
        break;
      case 'cut':
        bytes = Uint8Array.from(head);
        break;
      case 'insert':
        bytes = Uint8Array.from([...head, ...change.bytes, ...tail]);
        break;
      case 'splice': {
        const from = change.from % other.length;
        bytes = Uint8Array.from([
          ...head,
          ...other.subarray(from, from + change.length),
          ...tail.subarray(change.length),
        ]);
        break;
      }
      case 'repeat':
        bytes = Uint8Array.from([...bytes, ...tail]);
        break;
      case 'empty':
        bytes = new Uint8Array(0);
        break;
    }
  }
  return bytes;
}

const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const textBytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const numbers = Float32Array.of(1, -2, Number.NaN, 4, 5, 6);

interface Reader {
  /** How many of a thousand cases are its own. */
  readonly share: number;
  /** Files that are right. */
  readonly files: readonly Uint8Array[];
  /**
   * Reads a file; returns how many numbers it gave, each of which has two bytes in the file at least.
   * Throws where the file is refused.
   */
  readonly read: (bytes: Uint8Array<ArrayBuffer>) => number | Promise<number>;
}

/** A file of tensors of other types than ours. */
function foreignTensors(): Uint8Array {
  const header = {
    half: { dtype: 'F16', shape: [3], data_offsets: [0, 6] },
    brain: { dtype: 'BF16', shape: [1], data_offsets: [6, 8] },
    double: { dtype: 'F64', shape: [1, 1], data_offsets: [8, 16] },
  };
  const json = textBytes(header);
  return join(
    ...bytesOf(BigInt(json.length)),
    json,
    Uint8Array.of(0, 60, 0, 192, 1, 0, 73, 64, 0, 0, 0, 0, 0, 0, 240, 63),
  );
}

/** A handle on bytes in memory, as far as records are read by it. */
function handleOn(bytes: Uint8Array): FileHandle {
  const read = async (target: Uint8Array, offset: number, length: number, position: number) => {
    const part = bytes.subarray(position, position + length);
    target.set(part, offset);
    return { bytesRead: part.length, buffer: target };
  };
  return { read } as unknown as FileHandle;
}

const picture = { width: 4, height: 4, png: new Uint8Array(90).fill(7) };
const histogram = { min: 0, max: 2, count: 3, sum: 3, sumOfSquares: 5, cells: [1, 0, 2] };
const scalarEvent = encodeScalars(7, 1e9, { loss: 0.5, 'energy/data': -1 });
const snapshotEvent = encodeSnapshot(7, 1e9, {
  images: { samples: picture },
  histograms: { 'energies/samples': histogram },
});
const tensorEvent = message(
  [2, 9n],
  [5, message([1, message([1, 'loss'], [8, message([1, 19n], [13, 0x3c00n])])])],
);

const inMemory: Record<string, Reader> = {
  'NumPy arrays': {
    share: 160,
    files: [join(...writeNpy(numbers, [2, 3])), join(...writeNpy(numbers, [6]))],
    read: (bytes) => readNpy(bytes).data.byteLength / 2,
  },
  'safetensors files': {
    share: 180,
    files: [
      join(
        ...writeSafetensors(
          [
            { name: 'weight', shape: [2, 3], data: numbers },
            { name: 'bias', shape: [], data: Float32Array.of(7) },
          ],
          { step: '12' },
        ),
      ),
      foreignTensors(),
    ],
    read: (bytes) => readSafetensors(bytes).tensors.reduce((sum, { data }) => sum + data.length, 0),
  },
  events: {
    share: 180,
    files: [scalarEvent, snapshotEvent, tensorEvent],
    // A tag and a number take more than two bytes.
    read: (bytes) => decodeScalars(bytes).scalars.length,
  },
  'event files': {
    share: 110,
    files: [join(...[scalarEvent, snapshotEvent, tensorEvent].map(frameRecord))],
    async read(bytes) {
      let sum = 0;
      for await (const record of records(handleOn(bytes), 0, bytes.length)) {
        if (record.fault !== undefined) throw new Error(record.fault);
        sum += record.data.length;
      }
      return sum / 2;
    },
  },
  manifests: {
    share: 130,
    files: [textBytes(manifest)],
    read: (bytes) => Number(parseManifest(bytes, 'run.json').seed) * 0,
  },
  'frames of the protocol': {
    share: 180,
    files: [
      join(...encodeFrame({ jsonrpc: '2.0', id: 3, method: 'attach', params: { a: [1, null] } })),
      join(
        ...encodeFrame({ series: { loss: { steps: Float64Array.of(1, 2), values: numbers } } }),
        ...encodeFrame({ ok: true }),
      ),
    ],
    read(bytes) {
      let count = 0;
      const decoder = new FrameDecoder(() => {
        count += 1;
      });
      decoder.push(bytes);
      if (!decoder.atBoundary) throw new Error('It ends inside a frame.');
      return count;
    },
  },
};

const id = 'abcdefghjk';
const directoryName = `20260203-040506-a-${id}`;

/** Readers of whole files, each in a folder of its own. */
async function onDisk(t: TestContext): Promise<Record<string, Reader>> {
  const base = await temporaryFolder(t);
  const annotated = path.join(base, 'annotated');
  await mkdir(annotated);
  await annotate(annotated, { name: 'wide, slow', tags: ['baseline', 'two'], starred: true });
  const annotations = path.join(annotated, 'annotations.json');

  const queueFile = path.join(base, '.ebm/queue', `000001700000000-${id}.json`);
  await mkdir(path.dirname(queueFile), { recursive: true });
  const queue = new LaunchQueue(path.join(base, '.ebm'), 1, async () => true);
  const entry = {
    formatVersion: 1,
    createdAt: '2026-02-03T04:05:06.789Z',
    experiment: 'a/b.ebm.ts',
    directoryName,
    overrides: { steps: 5 },
  };

  const indexed = path.join(base, 'indexed');
  await mkdir(indexed);
  const events = await EventWriter.open(indexed);
  for (let step = 1; step <= 30; step++) events.append(step, 0, { loss: 1 / step });
  // So long that it gets an index.
  const png = new Uint8Array(1.2e6);
  events.appendSnapshot(30, 0, { images: { samples: { ...picture, png } }, histograms: {} });
  await events.close();
  const index = path.join(indexed, 'events.index.json');

  const exported = path.join(base, directoryName);
  await mkdir(exported);
  await writeManifest(exported, manifest);
  const archive = path.join(base, 'a.zip');
  await exportRun(exported, archive);
  const runs = path.join(base, 'imported');

  return {
    annotations: {
      share: 20,
      files: [await readFile(annotations)],
      async read(bytes) {
        await writeFile(annotations, bytes);
        return (await readAnnotations(annotated)).tags.length;
      },
    },
    'entries of the queue': {
      share: 20,
      files: [
        textBytes({ ...entry, source: 'source/b.ebm.ts' }),
        textBytes({ ...entry, exactly: directoryName, parent: id }),
      ],
      async read(bytes) {
        await writeFile(queueFile, bytes);
        const { entries, broken } = await queue.list();
        if (broken[0]) throw new ProblemError(broken[0].problem);
        assert.equal(entries.length, 1);
        const { source = 'source', experiment } = entries[0]!;
        assert.ok(path.resolve('/w', source).startsWith('/w/source'), source);
        assert.ok(path.resolve('/w', experiment).startsWith('/w'), experiment);
        return 0;
      },
    },
    'indexes of event files': {
      share: 17,
      files: [await readFile(index)],
      async read(bytes) {
        await writeFile(index, bytes);
        const found = await readEventIndex(indexed);
        if (!found) throw new Error('It counts for nothing.');
        return Object.values(found.series()).reduce((sum, { steps }) => sum + steps.length, 0);
      },
    },
    archives: {
      share: 3,
      files: [await readFile(archive)],
      async read(bytes) {
        await writeFile(archive, bytes);
        try {
          const imported = await importRun(archive, runs);
          assert.equal((await readManifest(imported)).worker, undefined);
          return 0;
        } finally {
          assert.ok((await readdir(runs)).every((name) => !name.startsWith('.')));
        }
      },
    },
  };
}

async function fuzz(name: string, { share, files, read }: Reader): Promise<void> {
  for (const file of files) await read(Uint8Array.from(file));
  const numRuns = Math.round((cases * share) / 1000);
  let refused = 0;
  const file = fc.constantFrom(...files);
  await fc.assert(
    fc.asyncProperty(file, file, changes, async (one, other, list) => {
      const bytes = changed(one, other, list);
      try {
        // A tensor without elements, or the same bytes claimed twice, would show here.
        assert.ok(2 * (await read(bytes)) <= bytes.length);
      } catch (thrown) {
        assert.ok(thrown instanceof Error && !(thrown instanceof TypeError), String(thrown));
        assert.ok(!/alloc|Invalid (typed )?array/i.test(thrown.message), thrown.message);
        assert.ok(thrown.message.length > 0 && !(thrown instanceof assert.AssertionError), thrown);
        refused += 1;
      }
    }),
    { numRuns },
  );
  // Most changes break a file; some only change a number, or a name.
  const isLikely = refused > numRuns / 10 && refused < numRuns;
  assert.ok(isLikely || numRuns < 100, `${refused} of ${numRuns} ${name} were refused.`);
}

const outcome = 'are read or refused with a reason, and take no more room than they have';

for (const [name, reader] of Object.entries(inMemory)) {
  test(`hostile ${name} ${outcome}`, () => fuzz(name, reader));
}

test(`hostile annotations, queue entries, indexes and archives ${outcome}`, async (t) => {
  for (const [name, reader] of Object.entries(await onDisk(t))) await fuzz(name, reader);
});

test('the shares of all readers make a whole', async (t) => {
  const readers = Object.values({ ...inMemory, ...(await onDisk(t)) });
  assert.equal(
    readers.reduce((sum, { share }) => sum + share, 0),
    1000,
  );
});
