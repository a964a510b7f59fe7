/** What `ebm new` writes for images, as for other data in `new-experiment.test.ts`. */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeSafetensors } from '../../run-directory/safetensors';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { idxOf } from '../support/idx';
import { assertMethodsTrain, assertNoTypeErrors } from '../support/new-experiments';
import { pngOf } from '../support/png';
import { makeFolder } from '../support/temporary';

let folder = '';
before(async () => {
  folder = await makeFolder();
  await copyFile('examples/data/digits.npz', path.join(folder, 'digits.npz'));
  for (const [name, contents] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), contents);
  }
});
after(() => rm(folder, { recursive: true, force: true }));

const random = new Random(0, streams.trainingData);

/** A small bright square somewhere on an image of so many pixels a side, as bytes; of two sizes by class. */
function square(side: number, kind: number, channels = 1): Uint8Array {
  const pixels = new Uint8Array(side * side * channels);
  const size = 2 + 2 * kind;
  const [top, left] = [random.bits() % (side - size), random.bits() % (side - size)];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let c = 0; c < channels; c++) {
        pixels[((top + y) * side + left + x) * channels + c] = 200 + 20 * c;
      }
    }
  }
  return pixels;
}
const squares = (count: number, side: number) =>
  Array.from({ length: count }, (_, i) => square(side, i % 2));
const classes = Array.from({ length: 60 }, (_, i) => i % 2);
const pngs = (side: number, channels = 1) =>
  classes.map((kind) =>
    pngOf({
      width: side,
      height: side,
      color: channels === 3 ? 2 : 0,
      pixels: square(side, kind, channels),
    }),
  );

/** Files as people have them. */
const files: Readonly<Record<string, string | Uint8Array>> = {
  // As MNIST comes, with the classes beside it.
  'train-images-idx3-ubyte.gz': gzipSync(idxOf([60, 8, 8], Buffer.concat(squares(60, 8)))),
  'train-labels-idx1-ubyte.gz': gzipSync(idxOf([60], classes)),
  // A folder of each class, images larger than anybody wants them and one of another size.
  ...Object.fromEntries(
    [...pngs(70, 3), ...pngs(12, 3).slice(0, 2)].map((png, i) => [
      `shapes/${i % 2 === 0 ? 'small' : 'large'}/${i}.png`,
      png,
    ]),
  ),
  'tensors.safetensors': Buffer.concat(
    writeSafetensors(
      [
        {
          name: 'images',
          shape: [60, 1, 8, 8],
          data: Float32Array.from(Buffer.concat(squares(60, 8)), (byte) => byte / 127.5 - 1),
        },
        { name: 'labels', shape: [60], data: Float32Array.from(classes) },
      ],
      {},
    ),
  ),
  // As Hugging Face writes them.
  'faces.parquet': new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'image', data: pngs(8).map((png) => new Uint8Array(png)), type: 'BYTE_ARRAY' },
        { name: 'label', data: classes.map(BigInt), type: 'INT64' },
      ],
    }),
  ),
};

describe('each method that is offered for images is written, checked and trained:', () => {
  for (const name of [
    'digits.npz',
    'train-images-idx3-ubyte.gz',
    'shapes',
    'faces.parquet',
    'tensors.safetensors',
  ]) {
    test(name, () =>
      assertMethodsTrain(path.join(folder, name), 'multiNoiseScoreMatching', folder),
    );
  }

  test('and has no type error', () => assertNoTypeErrors(folder));
});
