import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Packr } from 'msgpackr';
import { encodeFrame, FrameDecoder, maxFrameBytes } from '../../../protocol/frame-codec';
import { fc } from '../../support/fast-check';

/** What a decoder makes of a stream that arrives in pieces. */
function decode(stream: Uint8Array, pieces: readonly number[] = []): unknown[] {
  const messages: unknown[] = [];
  const decoder = new FrameDecoder((message) => messages.push(message));
  let at = 0;
  for (const length of pieces) {
    decoder.push(stream.subarray(at, at + length));
    at += length;
  }
  decoder.push(stream.subarray(at));
  assert.ok(decoder.atBoundary, 'the stream ends inside a frame');
  return messages;
}

/** A frame with any header, put together by hand. */
function frame(header: Uint8Array, arrays: readonly Uint8Array[] = []): Buffer {
  const head = Buffer.alloc(12 + 4 * arrays.length);
  const bytes = arrays.reduce((sum, array) => sum + array.length, header.length + head.length - 4);
  head.writeUInt32LE(bytes, 0);
  head.writeUInt32LE(header.length, 4);
  head.writeUInt32LE(arrays.length, 8);
  arrays.forEach((array, index) => {
    head.writeUInt32LE(array.length, 12 + 4 * index);
  });
  return Buffer.concat([head, header, ...arrays]);
}

// A whole number travels as an integer, and integers have no negative zero.
const double = fc.double().map((value) => (value === 0 ? 0 : value));

const numbers = fc.oneof(
  fc.float32Array({ maxLength: 20 }),
  fc.float64Array({ maxLength: 20 }),
  fc.int32Array({ maxLength: 20 }),
  fc.uint32Array({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }),
);

const { message } = fc.letrec<{ message: unknown }>((tie) => ({
  message: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.string(), double, fc.integer(), fc.boolean(), fc.constant(null)),
    numbers,
    fc.array(tie('message'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('message'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
}));

describe('frames', () => {
  test('carry any message, in pieces of any size, one after the other', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.nat(40)), (messages, pieces) => {
        const stream = Buffer.concat(messages.flatMap(encodeFrame));
        assert.deepEqual(decode(stream, pieces), messages);
      }),
      { numRuns: 500 },
    );
  });

  test('deliver arrays exactly sized, also those that were parts of larger ones', () => {
    const arena = Float32Array.from({ length: 1000 }, (_, i) => i);
    const sent = { a: arena.subarray(1, 4), b: new Float64Array(arena.buffer, 8, 2) };
    const [received] = decode(Buffer.concat(encodeFrame(sent))) as [typeof sent];
    assert.deepEqual(received, sent);
    assert.equal(received.a.buffer.byteLength, 12);
    assert.equal(received.b.buffer.byteLength, 16);
  });

  test('do not copy the arrays that they send', () => {
    const values = new Float32Array(10);
    const parts = encodeFrame({ values });
    assert.ok(parts.some((part) => part.buffer === values.buffer));
  });

  test('larger than the limit are not sent', () => {
    assert.throws(() => encodeFrame(new Uint8Array(maxFrameBytes)), /larger than a frame may be/);
  });

  const pack = (value: unknown) => new Packr({ useRecords: false, moreTypes: true }).pack(value);
  const u32 = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  const hostile: [what: string, bytes: Uint8Array, error: RegExp][] = [
    ['claim more than the limit', u32(maxFrameBytes + 1, 1, 0), /larger than/],
    ['claim a header larger than they are', u32(100, 1000, 0), /shorter than its own header/],
    ['claim four billion arrays', u32(0xffffff, 1, 0xffffffff), /shorter than its own header/],
    ['have parts that do not add up', u32(100, 10, 1, 5), /has parts of/],
    ['have no header', frame(Buffer.alloc(0)), /not a message/],
    ['have more in the header than a message', frame(Buffer.of(1, 2)), /not a message/],
    ['name an array that is not there', frame(Buffer.of(0xd5, 1, 7, 0)), /no array 7/],
    [
      'name an array twice',
      frame(Buffer.of(0x92, 0xd5, 1, 0, 0, 0xd5, 1, 0, 0), [Buffer.alloc(4)]),
      /no array 0/,
    ],
    ['bring an array that nobody names', frame(Buffer.of(1), [Buffer.alloc(4)]), /belongs nowhere/],
    ['cut a number', frame(Buffer.of(0xd5, 1, 0, 0), [Buffer.alloc(5)]), /not whole numbers/],
    ['define a record', frame(Buffer.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1)), /not a message/],
    ['hold a regular expression', frame(pack(/(a+)+$/)), /not part of the protocol/],
    ['hold a set', frame(pack(new Set([1]))), /not part of the protocol/],
    ['hold a date', frame(pack(new Date(0))), /not part of the protocol/],
    [
      'hold a cycle',
      frame(
        (() => {
          const cycle: unknown[] = [];
          cycle.push(cycle);
          return new Packr({ useRecords: false, structuredClone: true }).pack(cycle);
        })(),
      ),
      /not part of the protocol/,
    ],
    ['nest a million deep', frame(Buffer.alloc(1_000_000, 0x91)), /not a message/],
    ['claim an array of four billion items', frame(Buffer.of(0xdd, 255, 255, 255, 255)), /not a/],
  ];
  for (const [what, bytes, error] of hostile) {
    test(`that ${what} are refused`, () => {
      assert.throws(() => decode(bytes), error);
      // And leave nothing behind that the next stream could trip over.
      assert.deepEqual(decode(Buffer.concat(encodeFrame({ ok: 1 }))), [{ ok: 1 }]);
    });
  }

  test('cannot change what objects inherit', () => {
    const header = Buffer.concat([
      Buffer.of(0x81, 0xa9),
      Buffer.from('__proto__'),
      Buffer.of(0x81, 0xa1, 0x78, 1),
    ]);
    const [received] = decode(frame(header)) as [Record<string, unknown>];
    assert.equal(Object.getPrototypeOf(received), Object.prototype);
    assert.equal(received['x'], undefined);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  test('with any damage are messages, or an error, or incomplete', () => {
    const whole = Buffer.concat([
      ...encodeFrame({
        jsonrpc: '2.0',
        method: 'metrics',
        params: { loss: Float32Array.of(1, 2) },
      }),
      ...encodeFrame({ jsonrpc: '2.0', id: 1, result: [1, 'two', null, new Float64Array(3)] }),
    ]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        fc.nat(whole.length),
        (changes, length) => {
          const bytes = Uint8Array.from(whole).subarray(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          const decoder = new FrameDecoder(() => undefined);
          try {
            decoder.push(bytes);
          } catch (thrown) {
            assert.match((thrown as Error).message, /frame/);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('of pure noise are an error or incomplete', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (header) => {
        const decoder = new FrameDecoder(() => undefined);
        try {
          decoder.push(frame(header, [Buffer.alloc(8)]));
        } catch (thrown) {
          assert.match((thrown as Error).message, /frame/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
