/** Events as TensorFlow 2 and PyTorch's `SummaryWriter` write them, put together by hand. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readScalars } from '../../../run-directory/event-file';
import { decodeScalars } from '../../../run-directory/event-message';
import { frameRecord } from '../../../run-directory/record-framing';
import { type Field, message } from '../../support/protobuf';
import { temporaryFolder } from '../../support/temporary';

/** An event of one value of its summary. */
function event(step: bigint, ...value: readonly Field[]) {
  return message([1, { double: 1.7e9 }], [2, step], [5, message([1, message(...value)])]);
}

/** The metadata that a TensorFlow 2 writer adds: a plugin's name. */
const metadata = (plugin: string) => message([1, message([1, plugin])]);
const noShape = Buffer.alloc(0);

/** What a tensor reads as. */
function scalar(...tensor: readonly Field[]): number | undefined {
  const { scalars } = decodeScalars(
    event(3n, [1, 'loss'], [8, message(...tensor)], [9, metadata('scalars')]),
  );
  return scalars[0]?.[1];
}

function bytes(write: (buffer: Buffer) => void, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  write(buffer);
  return buffer;
}

describe('a tensor of one number', () => {
  const cases: [what: string, tensor: readonly Field[], value: number][] = [
    [
      'float',
      [
        [1, 1n],
        [2, noShape],
        [5, { float: 0.5 }],
      ],
      0.5,
    ],
    [
      'float, packed',
      [
        [1, 1n],
        [5, bytes((b) => b.writeFloatLE(0.5), 4)],
      ],
      0.5,
    ],
    [
      'float, as content',
      [
        [1, 1n],
        [4, bytes((b) => b.writeFloatLE(-2), 4)],
      ],
      -2,
    ],
    [
      'double',
      [
        [1, 2n],
        [6, { double: 0.1 }],
      ],
      0.1,
    ],
    [
      'double, as content',
      [
        [1, 2n],
        [4, bytes((b) => b.writeDoubleLE(0.1), 8)],
      ],
      0.1,
    ],
    [
      'half',
      [
        [1, 19n],
        [13, message([0, 0x3c00n]).subarray(1)],
      ],
      1,
    ],
    [
      'half, not packed',
      [
        [1, 19n],
        [13, 0xc000n],
      ],
      -2,
    ],
    [
      'half, as content',
      [
        [1, 19n],
        [4, bytes((b) => b.writeUInt16LE(0x3555), 2)],
      ],
      0.333251953125,
    ],
    [
      'brain float',
      [
        [1, 14n],
        [13, 0x4049n],
      ],
      3.140625,
    ],
    [
      'brain float, as content',
      [
        [1, 14n],
        [4, bytes((b) => b.writeUInt16LE(0xbf80), 2)],
      ],
      -1,
    ],
    [
      'int32',
      [
        [1, 3n],
        [7, -7n],
      ],
      -7,
    ],
    [
      'int32, as content',
      [
        [1, 3n],
        [4, bytes((b) => b.writeInt32LE(-7), 4)],
      ],
      -7,
    ],
    [
      'uint8',
      [
        [1, 4n],
        [7, 200n],
      ],
      200,
    ],
    [
      'int8, as content',
      [
        [1, 6n],
        [4, Buffer.of(0xff)],
      ],
      -1,
    ],
    [
      'int16, as content',
      [
        [1, 5n],
        [4, bytes((b) => b.writeInt16LE(-300), 2)],
      ],
      -300,
    ],
    [
      'uint16',
      [
        [1, 17n],
        [7, 65535n],
      ],
      65535,
    ],
    [
      'int64',
      [
        [1, 9n],
        [10, -12345678901n],
      ],
      -12345678901,
    ],
    [
      'int64, as content',
      [
        [1, 9n],
        [4, bytes((b) => b.writeBigInt64LE(5n), 8)],
      ],
      5,
    ],
    [
      'uint32',
      [
        [1, 22n],
        [16, 4294967295n],
      ],
      4294967295,
    ],
    [
      'uint64',
      [
        [1, 23n],
        [17, 12345678901n],
      ],
      12345678901,
    ],
    [
      'bool',
      [
        [1, 10n],
        [11, true],
      ],
      1,
    ],
  ];
  for (const [what, tensor, value] of cases) {
    test(`of type ${what} is read`, () => assert.equal(scalar(...tensor), value));
  }

  test('is nothing where it is none, or not of a number', () => {
    assert.equal(scalar([1, 1n], [2, noShape]), undefined);
    assert.equal(scalar([1, 1n], [5, { float: 1 }], [5, { float: 2 }]), undefined);
    assert.equal(scalar([1, 1n], [4, Buffer.alloc(8)]), undefined);
    assert.equal(scalar([1, 7n], [8, 'text']), undefined);
    assert.equal(scalar([1, 99n], [7, 1n]), undefined);
  });
});

const header = (version: string) => message([1, { double: 1.7e9 }], [3, version]);
/** A histogram of TensorFlow 2: rows of left, right and count. */
const histogram2 = event(
  1n,
  [1, 'weights'],
  [8, message([1, 2n], [4, Buffer.alloc(3 * 8 * 30)])],
  [9, metadata('histograms')],
);
const image2 = event(
  1n,
  [1, 'picture'],
  [8, message([1, 7n], [8, '64'], [8, '64'], [8, Buffer.alloc(500)])],
  [9, metadata('images')],
);
/** As PyTorch writes them, and TensorFlow 1. */
const image1 = event(1n, [1, 'picture'], [4, message([1, 64n], [4, Buffer.alloc(500)])]);
const histogram1 = event(1n, [1, 'weights'], [5, message([1, { double: 1 }])]);
const audio1 = event(1n, [1, 'sound'], [6, message([1, { float: 44100 }], [4, Buffer.alloc(9)])]);
const graph = message([1, { double: 1.7e9 }], [4, Buffer.alloc(2000)]);
const log = message([1, { double: 1.7e9 }], [6, message([1, 20n], [2, 'hello'])]);
const hparams = event(
  0n,
  [1, '_hparams_/experiment'],
  [8, message([1, 1n], [2, noShape])],
  [9, message([1, message([1, 'hparams'], [2, Buffer.alloc(40)])])],
);
const loss = (step: bigint, value: number) => event(step, [1, 'loss'], [2, { float: value }]);

for (const [what, first] of [
  ['of version 1', [header('brain.Event:1')]],
  ['of version 2', [header('brain.Event:2')]],
  ['of a version to come', [header('brain.Event:17')]],
  ['of no version that is known', [header('something else')]],
  ['without a version', []],
] as const) {
  test(`a file ${what} gives its scalars, whatever else is in it`, async (t) => {
    const directory = await temporaryFolder(t);
    const others = [graph, hparams, image1, image2, histogram1, histogram2, audio1, log];
    const events = [...first, loss(1n, 0.5), ...others, loss(2n, 0.25)];
    await writeFile(
      path.join(directory, 'events.out.tfevents.1700000000.host.1.0'),
      Buffer.concat(events.map(frameRecord)),
    );
    const chunks = [];
    for await (const chunk of readScalars(directory)) chunks.push(chunk);
    assert.equal(chunks.length, 1);
    assert.equal(chunks[0]!.problem, undefined);
    assert.deepEqual(chunks[0]!.series, {
      loss: { steps: Float64Array.of(1, 2), values: Float32Array.of(0.5, 0.25) },
    });
  });
}
