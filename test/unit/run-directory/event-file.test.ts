import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';

import { EventWriter, readScalars, type ScalarChunk } from '../../../run-directory/event-file';
import { decodeScalars, encodeScalars } from '../../../run-directory/event-message';
import { frameRecord, maskedCrc } from '../../../run-directory/record-framing';
import { fc } from '../../support/fast-check';
import { temporaryFolder } from '../../support/temporary';

async function collect(directory: string, range?: Parameters<typeof readScalars>[1]) {
  const chunks: ScalarChunk[] = [];
  for await (const chunk of readScalars(directory, range)) chunks.push(chunk);
  return chunks;
}

async function written(t: TestContext, steps: number) {
  const directory = await temporaryFolder(t);
  const writer = await EventWriter.open(directory);
  for (let step = 1; step <= steps; step += 1) {
    writer.append(step, 1_700_000_000 + step, { loss: 1 / step, 'energy/data': -step });
  }
  await writer.close();
  const [name = ''] = await readdir(directory);
  return { directory, file: path.join(directory, name) };
}

/** CRC-32C bit by bit (RFC 3720, B.4), to check the table-driven one against. */
function slowMaskedCrc(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

describe('an event file', () => {
  test('has checksums as RFC 3720 defines them, masked', () => {
    // The RFC's own vector: 32 bytes of zeros have the CRC-32C 0x8a9136aa.
    const zeros = 0x8a9136aa;
    const masked = (((zeros >>> 15) | (zeros << 17)) + 0xa282ead8) >>> 0;
    assert.equal(maskedCrc(new Uint8Array(32)), masked);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        assert.equal(maskedCrc(data), slowMaskedCrc(data));
      }),
    );
  });

  test('has the bytes that TensorBoard prescribes', async (t) => {
    const directory = await temporaryFolder(t);
    const writer = await EventWriter.open(directory, new Date(1_700_000_000_500));
    writer.append(300, 1.5, { loss: 0.25 });
    await writer.close();
    const [name = ''] = await readdir(directory);
    assert.match(name, /^events\.out\.tfevents\.1700000000\.[\w-]+$/);
    const bytes = await readFile(path.join(directory, name));
    const records: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = Number(bytes.readBigUInt64LE(at));
      assert.equal(bytes.readUInt32LE(at + 8), slowMaskedCrc(bytes.subarray(at, at + 8)));
      const data = bytes.subarray(at + 12, at + 12 + length);
      assert.equal(bytes.readUInt32LE(at + 12 + length), slowMaskedCrc(data));
      records.push(data);
      at += 16 + length;
    }
    const wallTime = (seconds: number) => {
      const buffer = Buffer.alloc(9, 0x09);
      buffer.writeDoubleLE(seconds, 1);
      return buffer;
    };
    assert.equal(records.length, 2);
    assert.deepEqual(
      records[0],
      Buffer.concat([wallTime(1_700_000_000.5), Buffer.of(0x1a, 13), Buffer.from('brain.Event:2')]),
    );
    assert.deepEqual(
      records[1],
      Buffer.concat([
        wallTime(1.5),
        Buffer.of(0x10, 0xac, 0x02), // step 300
        Buffer.of(0x2a, 13, 0x0a, 11), // summary, value
        Buffer.of(0x0a, 4),
        Buffer.from('loss'),
        Buffer.of(0x15, 0, 0, 0x80, 0x3e), // 0.25
      ]),
    );
  });

  test('reads back what was written, in order and exactly sized', async (t) => {
    const { directory } = await written(t, 1000);
    const chunks = await collect(directory);
    assert.equal(chunks.length, 1);
    const { series, problem } = chunks[0] as ScalarChunk;
    assert.equal(problem, undefined);
    const steps = Float64Array.from({ length: 1000 }, (_, i) => i + 1);
    assert.deepEqual(series['loss'], { steps, values: Float32Array.from(steps, (s) => 1 / s) });
    assert.deepEqual(series['energy/data'], { steps, values: Float32Array.from(steps, (s) => -s) });
    assert.equal(series['loss']?.values.buffer.byteLength, 4000);
  });

  test('keeps infinities and not-a-numbers, and rounds what a float cannot hold', () => {
    const values = { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: -1e300, d: 0.1 };
    assert.deepEqual(decodeScalars(encodeScalars(2 ** 40, 0, values)), {
      step: 2 ** 40,
      wallTime: 0,
      scalars: [
        ['a', Number.NaN],
        ['b', Number.POSITIVE_INFINITY],
        ['c', Number.NEGATIVE_INFINITY],
        ['d', Math.fround(0.1)],
      ],
    });
  });

  test('comes in bounded chunks whose boundaries are places to go on from', async (t) => {
    const { directory } = await written(t, 80_000);
    const chunks = await collect(directory);
    assert.ok(chunks.length >= 3);
    for (const { series } of chunks) {
      const points = Object.values(series).reduce((sum, { steps }) => sum + steps.length, 0);
      assert.ok(points <= 65_536 + 2);
    }
    const [first, second] = chunks as [ScalarChunk, ScalarChunk];
    assert.deepEqual(await collect(directory, { from: first.bytes, to: second.bytes }), [second]);
    const all = chunks.flatMap(({ series }) => [...(series['loss']?.steps ?? [])]);
    assert.deepEqual(
      all,
      Array.from({ length: 80_000 }, (_, i) => i + 1),
    );
  });

  test('cut anywhere gives every whole record and says that one is torn', async (t) => {
    const { directory, file } = await written(t, 4);
    const whole = await readFile(file);
    const boundaries = new Set([0]);
    for (let at = 0; at < whole.length; ) {
      at += 16 + Number(whole.readBigUInt64LE(at));
      boundaries.add(at);
    }
    for (let length = 0; length <= whole.length; length += 1) {
      await writeFile(file, whole.subarray(0, length));
      const chunks = await collect(directory);
      const last = chunks.at(-1);
      const end = Math.max(...[...boundaries].filter((boundary) => boundary <= length));
      assert.equal(last?.problem !== undefined, !boundaries.has(length), `at ${length}`);
      if (last) assert.equal(last.bytes, end);
      const steps = last?.series['loss']?.steps.length ?? 0;
      // The first record is the file's version.
      assert.equal(steps, Math.max(0, [...boundaries].indexOf(end) - 1));
    }
  });

  test('with any byte changed never gives a point that was not written', async (t) => {
    const { directory, file } = await written(t, 3);
    const whole = await readFile(file);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, x) => {
          const bytes = Uint8Array.from(whole);
          bytes[at] = (bytes[at] ?? 0) ^ x;
          await writeFile(file, bytes);
          const [chunk] = await collect(directory);
          // CRC-32 detects every error burst of up to 32 bits.
          assert.match(chunk?.problem?.message ?? '', /damaged/);
          const values = [...(chunk?.series['loss']?.values ?? [])];
          assert.deepEqual(values, [1, 0.5, Math.fround(1 / 3)].slice(0, values.length));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is continued after its last whole record', async (t) => {
    const { directory, file } = await written(t, 3);
    const size = (await readFile(file)).length;
    await truncate(file, size - 5);
    const writer = await EventWriter.open(directory);
    assert.equal(writer.lastStep, 2);
    writer.append(9, 0, { loss: 9 });
    const bytes = await writer.flush();
    await writer.close();
    assert.equal((await readFile(file)).length, bytes);
    const [chunk] = await collect(directory);
    assert.equal(chunk?.problem, undefined);
    assert.deepEqual(chunk?.series['loss']?.steps, Float64Array.of(1, 2, 9));
    assert.equal((await readdir(directory)).length, 1);
  });

  test('that has no scalars yet has no last step', async (t) => {
    const directory = await temporaryFolder(t);
    for (const _ of ['new', 'again']) {
      const writer = await EventWriter.open(directory);
      assert.equal(writer.lastStep, -1);
      await writer.close();
    }
  });

  test('flushed while others append, has all that was appended before and loses none', async (t) => {
    const directory = await temporaryFolder(t);
    const writer = await EventWriter.open(directory);
    const flushes: Promise<{ step: number; bytes: number }>[] = [];
    for (let step = 1; step <= 500; step += 1) {
      writer.append(step, 0, { loss: step });
      if (step % 7 === 0) flushes.push(writer.flush().then((bytes) => ({ step, bytes })));
      // Lets the writes of earlier flushes begin and end between two appends.
      if (step % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.close();
    for (const { step, bytes } of await Promise.all(flushes)) {
      const [chunk] = await collect(directory, { to: bytes });
      assert.equal(chunk?.problem, undefined);
      const steps = Float64Array.from({ length: step }, (_, i) => i + 1);
      assert.deepEqual(chunk?.series['loss']?.steps, steps);
    }
    const [all] = await collect(directory);
    assert.equal(all?.series['loss']?.steps.length, 500);
  });

  test('of another program: tensors, other records and unknown fields do no harm', async (t) => {
    const { directory, file } = await written(t, 1);
    const field = (number: number, data: Uint8Array) =>
      Buffer.concat([Buffer.of((number << 3) | 2, data.length), data]);
    const float = Buffer.alloc(4);
    float.writeFloatLE(4.5);
    const double = Buffer.alloc(8);
    double.writeDoubleLE(5.5);
    const tag = (name: string) => field(1, Buffer.from(name));
    const values = [
      Buffer.concat([
        tag('packed'),
        field(8, Buffer.concat([Buffer.of(0x08, 1), field(5, float)])),
      ]),
      Buffer.concat([tag('content'), field(8, Buffer.concat([Buffer.of(8, 2), field(4, double)]))]),
      Buffer.concat([tag('vector'), field(8, Buffer.concat([Buffer.of(8, 1), field(4, double)]))]),
      Buffer.concat([tag('image'), field(4, Buffer.from('not a scalar'))]),
      Buffer.concat([tag('plain'), Buffer.of(0x15), float, field(9, Buffer.from('\x0a\x00'))]),
    ];
    const summary = field(5, Buffer.concat(values.map((value) => field(1, value))));
    await appendFile(file, frameRecord(Buffer.concat([Buffer.of(0x10, 7), summary])));
    await appendFile(file, frameRecord(field(4, Buffer.from('a graph'))));
    const [chunk] = await collect(directory);
    assert.equal(chunk?.problem, undefined);
    const at7 = Object.entries(chunk?.series ?? {}).filter(([, { steps }]) => steps.includes(7));
    assert.deepEqual(
      at7.map(([name, { values }]) => [name, values[0]]),
      [
        ['packed', 4.5],
        ['content', 5.5],
        ['plain', 4.5],
      ],
    );
  });

  test('whose records are garbage with right checksums ends the reading with a reason', async (t) => {
    const { directory, file } = await written(t, 2);
    const good = await readFile(file);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (data) => {
        await writeFile(file, Buffer.concat([good, frameRecord(data)]));
        const [chunk] = await collect(directory);
        assert.ok(chunk);
        assert.deepEqual(chunk.series['energy/data']?.steps.subarray(0, 2), Float64Array.of(1, 2));
      }),
      { numRuns: 300 },
    );
  });

  test('behind a link is refused, reading and writing', async (t) => {
    const { file } = await written(t, 2);
    const directory = await temporaryFolder(t);
    await symlink(file, path.join(directory, path.basename(file)));
    await assert.rejects(collect(directory), /symbolic link/);
    await assert.rejects(EventWriter.open(directory), /symbolic link/);
  });

  test('that is not there is an error that names the place', async (t) => {
    const directory = await temporaryFolder(t);
    await assert.rejects(collect(directory), (error: Error) => error.message.includes(directory));
  });
});
