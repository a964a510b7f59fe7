/** Every reader of a run's files, on files that were cut, flipped, stretched or made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemError } from '../../protocol/problem';
import { decodeScalars, encodeScalars } from '../../run-directory/event-message';
import { parseManifest } from '../../run-directory/manifest';
import { readNpy, writeNpy } from '../../run-directory/npy';
import { readSafetensors, writeSafetensors } from '../../run-directory/safetensors';
import { fc } from '../support/fast-check';
import { manifest } from '../support/manifest';

/** One change to a file. */
type Change =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'repeat'; readonly at: number };

const at = fc.nat({ max: 100_000 });
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }),
    fc.record({
      kind: fc.constant('set' as const),
      at,
      byte: fc.constantFrom(0, 0x22, 0x2d, 0x39, 0x5d, 0x7d, 0x7f, 0x80, 0xff),
    }),
    fc.record({ kind: fc.constant('cut' as const), at }),
    fc.record({
      kind: fc.constant('insert' as const),
      at,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
    }),
    fc.record({ kind: fc.constant('repeat' as const), at }),
  ),
  { minLength: 1, maxLength: 4 },
);

function changed(file: Uint8Array, list: readonly Change[]): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(file);
  for (const change of list) {
    const place = bytes.length === 0 ? 0 : change.at % bytes.length;
    const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)];
    switch (change.kind) {
      case 'flip':
        bytes[place] = bytes[place]! ^ (1 << change.bit);
        break;
      case 'set':
        bytes[place] = change.byte;
        break;
      case 'cut':
        bytes = Uint8Array.from(head);
        break;
      case 'insert':
        bytes = Uint8Array.from([...head, ...change.bytes, ...tail]);
        break;
      case 'repeat':
        bytes = Uint8Array.from([...bytes, ...tail]);
        break;
    }
  }
  return bytes;
}

const join = (parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const numbers = Float32Array.of(1, -2, Number.NaN, 4, 5, 6);

interface Reader {
  /** Files that are right. */
  readonly files: readonly Uint8Array[];
  /** Reads a file; returns how many bytes of numbers it has. */
  readonly read: (bytes: Uint8Array<ArrayBuffer>) => number;
}

const readers: Record<string, Reader> = {
  'NumPy arrays': {
    files: [join(writeNpy(numbers, [2, 3])), join(writeNpy(numbers, [6]))],
    read: (bytes) => readNpy(bytes).data.byteLength,
  },
  'safetensors files': {
    files: [
      join(
        writeSafetensors(
          [
            { name: 'weight', shape: [2, 3], data: numbers },
            { name: 'bias', shape: [], data: Float32Array.of(7) },
          ],
          { step: '12' },
        ),
      ),
    ],
    read: (bytes) =>
      readSafetensors(bytes).tensors.reduce((sum, { data }) => sum + data.byteLength, 0),
  },
  events: {
    files: [encodeScalars(7, 1e9, { loss: 0.5, 'energy/data': -1 })],
    // A tag and a number take five bytes at least, of which four are the number.
    read: (bytes) => decodeScalars(bytes).scalars.length * 4,
  },
  manifests: {
    files: [new TextEncoder().encode(JSON.stringify(manifest))],
    read: (bytes) => {
      parseManifest(bytes, 'run.json');
      return 0;
    },
  },
};

for (const [name, { files, read }] of Object.entries(readers)) {
  test(`25,000 hostile ${name} are read or refused with a reason, and take no more room than they have`, () => {
    for (const file of files) read(Uint8Array.from(file));
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...files), changes, (file, list) => {
        const bytes = changed(file, list);
        try {
          // A tensor without elements, or the same bytes claimed twice, would show here.
          assert.ok(read(bytes) <= bytes.length);
        } catch (thrown) {
          assert.ok(thrown instanceof Error && !(thrown instanceof TypeError), String(thrown));
          assert.ok(!/alloc|Invalid (typed )?array/i.test(thrown.message), thrown.message);
          assert.ok(thrown instanceof ProblemError || thrown.message.length > 0);
          refused += 1;
        }
      }),
      { numRuns: 25_000 },
    );
    // Most changes break a file; some only change a number, or a name.
    assert.ok(refused > 5_000 && refused < 25_000, `${refused} were refused.`);
  });
}
