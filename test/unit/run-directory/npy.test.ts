import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { readNpy, writeNpy } from '../../../run-directory/npy';
import { fc } from '../../support/fast-check';

const shapes = fc.array(fc.nat(6), { maxLength: 4 });

/** A file with any header, put together by hand. */
function file(header: string, data: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const bytes = Buffer.from(header, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(bytes.length);
  else length.writeUInt32LE(bytes.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.of(version, 0),
    length,
    bytes,
    data,
  ]);
}

describe('a .npy file', () => {
  test('has the bytes that the format prescribes', () => {
    const bytes = Buffer.concat(writeNpy(Float32Array.of(1, -2.5, 3), [3, 1]));
    assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x93NUMPY\x01\x00');
    const length = bytes.readUInt16LE(8);
    assert.equal((10 + length) % 64, 0);
    const header = bytes.subarray(10, 10 + length).toString('latin1');
    assert.match(header, /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3, 1\), \} *\n$/);
    assert.equal(bytes.readFloatLE(10 + length + 4), -2.5);
    assert.equal(bytes.length, 10 + length + 12);
  });

  test('reads back what was written, for any shape and any floats', () => {
    fc.assert(
      fc.property(
        shapes.chain((shape) => {
          const length = shape.reduce((a, b) => a * b, 1);
          return fc.tuple(
            fc.constant(shape),
            fc.float32Array({ minLength: length, maxLength: length }),
          );
        }),
        ([shape, data]) => {
          const array = readNpy(Buffer.concat(writeNpy(data, shape)));
          assert.equal(array.dtype, 'f4');
          assert.deepEqual(array.shape, shape);
          assert.deepEqual(array.data, data);
          assert.equal(array.data.buffer.byteLength, data.byteLength);
        },
      ),
    );
  });

  test('reads big-endian numbers, Fortran order and versions 2 and 3', () => {
    const data = Buffer.alloc(12);
    [0, 1, 2, 3, 4, 5].forEach((value, index) => {
      data.writeInt16BE(value, 2 * index);
    });
    const header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
    for (const version of [1, 2, 3]) {
      const array = readNpy(file(header, data, version));
      // Columns lie one after the other: (0, 1), (2, 3), (4, 5).
      assert.deepEqual(array.data, Int16Array.of(0, 2, 4, 1, 3, 5));
      assert.deepEqual(array.shape, [2, 3]);
    }
  });

  const malformed: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ['nothing', new Uint8Array(0), /byte 0/],
    ['another format', Buffer.from('PK\x03\x04 and more'), /byte 0.*no NumPy file/],
    ['version 4', file('{}', undefined, 4), /version 4/],
    ['a header cut short', file('{}').subarray(0, 9), /byte 8/],
    [
      'a shape of an exabyte',
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"),
      /needs 4000000000000000000 bytes of data, but there are 0/,
    ],
    [
      'code',
      file("{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': ()}"),
      /a string is expected/,
    ],
    [
      'pickled objects',
      file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"),
      /type '\|O' cannot be read/,
    ],
    [
      'a negative dimension',
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"),
      /no number/,
    ],
    ['a key too many', file("{'descr': '<f4', 'shape': (), 'x': 1}"), /'x' is not expected/],
    ['a key too few', file("{'descr': '<f4', 'shape': ()}"), /missing/],
    [
      'data cut short',
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new Uint8Array(7)),
      /needs 8 bytes of data, but there are 7/,
    ],
    [
      'data and more',
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new Uint8Array(9)),
      /needs 8 bytes of data, but there are 9/,
    ],
    ['a type of the prototype', file("{'descr': '<constructor', 'shape': ()}"), /cannot be read/],
  ];
  for (const [what, bytes, message] of malformed) {
    test(`with ${what} is refused and says where`, () => {
      assert.throws(() => readNpy(bytes), message);
    });
  }

  test('with any damage gives an array that fits its bytes, or an error', () => {
    const whole = Buffer.concat(writeNpy(Float32Array.from({ length: 24 }, Math.sqrt), [2, 3, 4]));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(whole.length),
        (changes, length) => {
          const bytes = Uint8Array.from(whole).subarray(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          let array: ReturnType<typeof readNpy>;
          try {
            array = readNpy(bytes);
          } catch (thrown) {
            assert.match((thrown as Error).message, /^byte \d+: /);
            return;
          }
          assert.equal(
            array.data.length,
            array.shape.reduce((a, b) => a * b, 1),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
