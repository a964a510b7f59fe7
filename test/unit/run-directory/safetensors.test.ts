import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  readAllTensors,
  readSafetensors,
  writeSafetensors,
} from '../../../run-directory/safetensors';
import { fc } from '../../support/fast-check';

/** A file with any header, put together by hand. */
function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

const tensor = (
  begin: number,
  end: number,
  shape: unknown = [(end - begin) / 4],
  dtype = 'F32',
) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('a safetensors file', () => {
  test('has the bytes that the format prescribes', () => {
    const bytes = Buffer.concat(
      writeSafetensors(
        [
          { name: 'layer.0.kernel', shape: [2, 1], data: Float32Array.of(1.5, -2) },
          { name: 'layer.0.bias', shape: [], data: Float32Array.of(7) },
        ],
        { step: '12' },
      ),
    );
    const length = Number(bytes.readBigUInt64LE(0));
    assert.equal(length % 8, 0);
    assert.equal(bytes[8], 0x7b, 'the header begins with {');
    assert.deepEqual(JSON.parse(bytes.subarray(8, 8 + length).toString('utf8')), {
      __metadata__: { step: '12' },
      'layer.0.kernel': { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
      'layer.0.bias': { dtype: 'F32', shape: [], data_offsets: [8, 12] },
    });
    assert.equal(bytes.readFloatLE(8 + length + 4), -2);
    assert.equal(bytes.length, 8 + length + 12);
  });

  test('reads back what was written, for any names, shapes and floats', () => {
    const named = fc
      .array(fc.nat(4), { maxLength: 3 })
      .chain((shape) => {
        const length = shape.reduce((a, b) => a * b, 1);
        return fc.record(
          {
            name: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '1', 'ä β')),
            shape: fc.constant(shape),
            data: fc.float32Array({ minLength: length, maxLength: length }),
          },
          { noNullPrototype: true },
        );
      })
      .filter(({ name }) => name !== '__metadata__');
    fc.assert(
      fc.property(
        fc.uniqueArray(named, { selector: ({ name }) => name, maxLength: 5 }),
        fc.dictionary(fc.string(), fc.string()),
        (tensors, metadata) => {
          const read = readSafetensors(Buffer.concat(writeSafetensors(tensors, metadata)));
          const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
          assert.deepEqual([...read.tensors].sort(byName), [...tensors].sort(byName));
          assert.deepEqual({ ...read.metadata }, { ...metadata });
        },
      ),
    );
  });

  test('is not written from data that do not fill their shape or under one name twice', () => {
    const one = { name: 'w', shape: [2], data: Float32Array.of(1) };
    assert.throws(() => writeSafetensors([one], {}), /'w': 1 numbers do not fill the shape \[2\]/);
    const two = { name: 'w', shape: [1], data: Float32Array.of(1) };
    assert.throws(() => writeSafetensors([two, two], {}), /Two tensors are named 'w'/);
  });

  test('of half, brain and double precision is read as single precision', () => {
    const read = (dtype: string, array: Uint16Array | Float64Array) =>
      readSafetensors(
        file(
          { a: tensor(0, array.byteLength, [array.length], dtype) },
          new Uint8Array(array.buffer),
        ),
      ).tensors[0]!.data;
    // Bits and values of IEEE 754 binary16: normal, subnormal, signed zero, infinite, not a number.
    const halves: [bits: number, value: number][] = [
      [0x3c00, 1],
      [0xc000, -2],
      [0x3555, 0.333251953125],
      [0x7bff, 65504],
      [0x0400, 2 ** -14],
      [0x03ff, 2 ** -14 - 2 ** -24],
      [0x0001, 2 ** -24],
      [0x8000, -0],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e01, Number.NaN],
    ];
    assert.deepEqual(
      [
        ...read(
          'F16',
          Uint16Array.from(halves, ([bits]) => bits),
        ),
      ],
      halves.map(([, value]) => value),
    );
    // All that are positive and finite, in their order: each is its neighbours' mean or, at a power of
    // two, nearer to the one below.
    const all = read(
      'F16',
      Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits),
    );
    for (let bits = 1; bits < 0x7c00 - 1; bits++) {
      const [below, above] = [all[bits]! - all[bits - 1]!, all[bits + 1]! - all[bits]!];
      assert.ok(below > 0 && (above === below || above === 2 * below), `0x${bits.toString(16)}`);
    }
    assert.deepEqual(
      [...read('BF16', Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x7f7f, 0x0001, 0xff80, 0x7fc0))],
      [1, -2, 3.140625, 3.3895313892515355e38, 2 ** -133, Number.NEGATIVE_INFINITY, Number.NaN],
    );
    assert.deepEqual(
      [...read('F64', Float64Array.of(0.1, 1e300, -1e-300))],
      [Math.fround(0.1), Number.POSITIVE_INFINITY, -0],
    );
  });

  test('has its other tensors where some are of types that no parameter has', () => {
    const bytes = file(
      {
        steps: tensor(0, 8, [1], 'I64'),
        w: tensor(8, 16, [2]),
        tiny: tensor(16, 17, [2], 'F4'),
        odd: tensor(17, 20, [1], 'toString'),
      },
      Buffer.concat([
        new Uint8Array(8),
        new Uint8Array(Float32Array.of(1, 2).buffer),
        Buffer.of(1, 2, 3, 4),
      ]),
    );
    const { tensors, unread } = readSafetensors(bytes);
    assert.deepEqual(tensors, [{ name: 'w', shape: [2], data: Float32Array.of(1, 2) }]);
    assert.deepEqual(
      unread.map(({ name, dtype }) => [name, dtype]),
      [
        ['steps', 'I64'],
        ['tiny', 'F4'],
        ['odd', 'toString'],
      ],
    );
    assert.throws(() => readAllTensors(bytes), /'steps' is of type I64; F32, F64, F16, BF16 can/);
  });

  const eight = new Uint8Array(8);
  const malformed: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ['less than a length', new Uint8Array(7), /byte 0/],
    ['a header longer than the file', Buffer.alloc(16, 0xff), /byte 0: a header of/],
    ['a header that is no JSON', file('{"a'), /not JSON/],
    ['a header that is no object', file('[1]'), /not a JSON object/],
    ['no type', file({ a: { shape: [1], data_offsets: [0, 8] } }, eight), /'a' has no type/],
    [
      'a name twice',
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        eight,
      ),
      /two tensors are named 'a'/,
    ],
    ['offsets in reverse of another type', file({ a: tensor(8, 0, [], 'I64') }, eight), /-8/],
    [
      'halves that do not fill',
      file({ a: tensor(0, 8, [2], 'F16') }, eight),
      /needs 4 bytes, not 8/,
    ],
    ['a fractional shape', file({ a: tensor(0, 8, [0.5]) }, eight), /not counts/],
    ['a negative offset', file({ a: tensor(-8, 0, [2]) }, eight), /not counts/],
    ['offsets outside', file({ a: tensor(0, 12) }, eight), /outside the data/],
    ['offsets in reverse', file({ a: tensor(8, 0, [2]) }, eight), /needs 8 bytes, not -8/],
    ['a shape that is too large', file({ a: tensor(0, 8, [3]) }, eight), /needs 12 bytes, not 8/],
    ['an overlap', file({ a: tensor(0, 8), b: tensor(4, 8) }, eight), /'b' overlap/],
    ['a gap', file({ a: tensor(4, 8) }, eight), /'a' leave a gap/],
    ['bytes of nobody', file({ a: tensor(0, 4) }, eight), /4 bytes belong to no tensor/],
    ['metadata that are no strings', file({ __metadata__: { step: 1 } }), /strings only/],
  ];
  for (const [what, bytes, message] of malformed) {
    test(`with ${what} is refused and says where`, () => {
      assert.throws(() => readSafetensors(bytes), message);
    });
  }

  test('with any damage gives tensors that fit their bytes, or an error', () => {
    const whole = Buffer.concat(
      writeSafetensors(
        [
          { name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
          { name: 'b', shape: [1], data: Float32Array.of(5) },
        ],
        { step: '3' },
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(whole.length),
        (changes, length) => {
          const bytes = Uint8Array.from(whole).subarray(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          try {
            for (const { shape, data } of readSafetensors(bytes).tensors) {
              assert.equal(
                data.length,
                shape.reduce((a, b) => a * b, 1),
              );
            }
          } catch (thrown) {
            assert.match((thrown as Error).message, /^byte \d+: /);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
