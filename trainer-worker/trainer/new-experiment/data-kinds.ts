import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { ProblemError } from '../../../protocol/problem';
import { type DataSpec, dataMethod, dataMethods } from '../../methods/data';
import { nearest } from '../../methods/options/nearest';
import { type DataFacts, factsOf } from './facts';
import { lookAtArrays } from './look-at-arrays';
import { lookAtCsv } from './look-at-csv';
import { lookAtImages } from './look-at-images';
import { lookAtParquet } from './look-at-parquet';
import { literal, type OptionValue, optionsText } from './source-text';

/** Data as they are to be written into an experiment. */
export interface WrittenData {
  /** What the experiment is to be called. */
  readonly name: string;
  /** What is said above it. */
  readonly comment: string;
  /** The TypeScript of the option `data`. */
  readonly code: string;
  readonly facts: DataFacts;
}

/** One kind of data that an experiment can be begun with. */
export interface DataKind {
  readonly label: string;
  /** A clause. */
  readonly detail: string;
  /** How the names of its files end, lower case, where it needs one. */
  readonly extensions?: readonly string[];
  /** Whether it is a folder that it needs. Default: it is none. */
  readonly isFolder?: boolean;
  /**
   * @param file absolute path of the file or folder, where it needs one
   * @param folder where the experiment will lie; its paths are relative to it
   * @throws ProblemError of kind `data` where the file cannot be learned from
   */
  write(file: string, folder: string): Promise<WrittenData>;
}

/** A distribution that is built in. */
function toy(
  method: keyof typeof dataMethods,
  label: string,
  detail: string,
  options: Readonly<Record<string, number>> = {},
): DataKind {
  return {
    label,
    detail,
    async write() {
      const { create } = dataMethods[method] as {
        readonly create: (options: object) => DataSpec;
      };
      const given = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
      return {
        name: label,
        comment: `${detail[0]!.toUpperCase()}${detail.slice(1)}. Their density is known, so that what is learned can be compared with it.`,
        code: `data.${method}(${given.length > 0 ? `{ ${given.join(', ')} }` : ''})`,
        facts: await factsOfSpec(create(options), process.cwd()),
      };
    },
  };
}

/** Every kind of data that an experiment can be begun with, in the order in which they are offered. */
export const dataKinds = {
  csv: {
    label: 'CSV file',
    detail: 'rows of measurements, a column each, from a text file',
    extensions: ['.csv', '.tsv', '.csv.gz', '.tsv.gz'],
    write: writtenCsv,
  },
  npy: {
    label: 'NumPy file',
    detail: 'an array of rows or images, as numpy.save writes it',
    extensions: ['.npy'],
    write: (file, folder) => writtenArrays('npy', file, folder),
  },
  npz: {
    label: 'NumPy archive',
    detail: 'arrays by their names, as numpy.savez writes them',
    extensions: ['.npz'],
    write: (file, folder) => writtenArrays('npz', file, folder),
  },
  images: {
    label: 'Images in a folder',
    detail: 'PNG and JPEG, in folders by their class or not',
    isFolder: true,
    write: writtenImages,
  },
  idx: {
    label: 'IDX file',
    detail: 'images as MNIST, Fashion-MNIST, EMNIST and KMNIST come',
    extensions: ['.idx', '.idx.gz', '-ubyte', '-ubyte.gz'],
    write: writtenIdx,
  },
  parquet: {
    label: 'Parquet file',
    detail: 'columns of numbers, or images as Hugging Face has them',
    extensions: ['.parquet'],
    write: writtenParquet,
  },
  safetensors: {
    label: 'safetensors file',
    detail: 'tensors of rows or images, as PyTorch and JAX write them',
    extensions: ['.safetensors'],
    write: (file, folder) => writtenArrays('safetensors', file, folder),
  },
  function: {
    label: 'A function of your own',
    detail: 'draws rows by a function that you write',
    write: async () => writtenFunction,
  },
  twoMoons: toy('twoMoons', 'Two moons', 'two half circles in each other, in the plane'),
  eightGaussians: toy('eightGaussians', 'Eight Gaussians', 'eight modes on a circle'),
  rings: toy('rings', 'Rings', 'circles within each other'),
  checkerboard: toy('checkerboard', 'Checkerboard', 'squares with sharp edges'),
  pinwheel: toy('pinwheel', 'Pinwheel', 'five bent arms'),
  spirals: toy('spirals', 'Spirals', 'two arms that wind around each other'),
  swissRoll: toy('swissRoll', 'Swiss roll', 'a band rolled up'),
  barsAndStripes: toy('barsAndStripes', 'Bars and stripes', 'small binary images', { size: 4 }),
  potts: toy('potts', 'Potts model', 'sites of a lattice in one of three states, categorical'),
  ising: toy('ising', 'Ising model', 'spins on a lattice, binary'),
} satisfies Readonly<Record<string, DataKind>>;

export type DataKindName = keyof typeof dataKinds;

/**
 * The kind of data that somebody means by a word: the name of a kind, or a file.
 *
 * @returns its name, and the file's absolute path, where it is one
 * @throws ProblemError of kind `environment` where it is neither
 */
export function dataKindOf(word: string): { readonly kind: DataKindName; readonly file: string } {
  const names = Object.keys(dataKinds) as DataKindName[];
  const extensionsOf = (name: DataKindName): readonly string[] =>
    (dataKinds[name] as DataKind).extensions ?? [];
  const named = names.find((name) => name === word);
  if (named !== undefined && !needsPath(dataKinds[named])) return { kind: named, file: '' };
  if (isFolderOrPattern(word)) return { kind: 'images', file: path.resolve(word) };
  const kind = names.find((name) =>
    extensionsOf(name).some((end) => word.toLowerCase().endsWith(end)),
  );
  if (kind !== undefined) return { kind, file: path.resolve(word) };
  const isFile = /[./\\]/.test(word) || named !== undefined;
  const ends = names.flatMap(extensionsOf).join(', ');
  const others = names.filter((name) => !needsPath(dataKinds[name]));
  const guess = nearest(word, others);
  throw new ProblemError({
    kind: 'environment',
    message: isFile
      ? `'${word}' is no data file that can be read.`
      : `There are no data '${word}'.`,
    remedy: isFile
      ? `Name a file that ends in ${ends}, or a folder of images; others are loaded by a function: ebm new function.`
      : guess === undefined
        ? `Name a data file (${ends}), a folder of images, or one of ${others.join(', ')}.`
        : `Did you mean '${guess}'?`,
  });
}

/** Whether somebody has to say which file or folder is meant. */
const needsPath = ({ extensions = [], isFolder = false }: DataKind) =>
  extensions.length > 0 || isFolder;

/** A folder that there is, or names of images with wildcards. */
function isFolderOrPattern(word: string): boolean {
  const isPattern = /[*?{[]/.test(word) && /\.(png|jpe?g|\{[^}]*\})$/i.test(word);
  return (
    isPattern || (statSync(path.resolve(word), { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}

async function factsOfSpec(spec: DataSpec, directory: string): Promise<DataFacts> {
  return factsOf(await dataMethod(spec).load(spec, { directory, seed: 0 }));
}

/** How an experiment names a file: relative to itself, with slashes. */
function relativePath(file: string, folder: string): string {
  return path.relative(folder, file).split(path.sep).join('/');
}

function nameOfFile(file: string): string {
  return path
    .basename(file)
    .replace(/(\.(csv|tsv|npy|npz|idx|parquet|safetensors)|[.-]idx\d-ubyte|-ubyte)?(\.gz)?$/i, '');
}

async function writtenCsv(file: string, folder: string): Promise<WrittenData> {
  const { options, leftOut } = await lookAtCsv(file);
  const given = relativePath(file, folder);
  const { domain: guess, ...rest } = options;
  const load = (more: { readonly domain?: 'binary' | 'categorical' }) =>
    factsOfSpec(dataMethods.csv.create(given, { ...rest, ...more }), folder);
  const { facts, domain } =
    guess === 'categorical'
      ? { facts: await load({ domain: guess }), domain: { domain: guess } }
      : await asFound(guess === 'binary', load);
  const written = Object.entries({ ...rest, ...domain }).map(([name, value]) => [
    name,
    literal(value),
  ]);
  const optionsCode = optionsText(Object.fromEntries(written));
  const about = [
    aboutFile(facts),
    ...(leftOut.length > 0 ? [`Left out: ${leftOut.join(', ')}.`] : []),
    ...(options.missing ? ['Rows in which a number is missing are left out as well.'] : []),
  ];
  return {
    name: nameOfFile(file),
    comment: about.join(' '),
    code: `data.csv(${[literal(given), ...(optionsCode ? [optionsCode] : [])].join(', ')})`,
    facts,
  };
}

/** Options of a factory of data. */
type Options = Readonly<Record<string, OptionValue>>;

/** Arrays of rows or images, of whichever format. */
async function writtenArrays(
  format: 'npy' | 'npz' | 'safetensors',
  file: string,
  folder: string,
): Promise<WrittenData> {
  const given = relativePath(file, folder);
  const looked = await lookAtArrays(format === 'safetensors' ? format : 'npz', file);
  const { name, labels, pixels, isImages, isBinary } = looked;
  const named = {
    ...(name === undefined ? {} : { [format === 'safetensors' ? 'tensor' : 'array']: name }),
    ...(labels === undefined ? {} : { labels }),
  };
  const spec = (options: Options) =>
    (dataMethods[format].create as (given: string, options: object) => DataSpec)(given, options);
  if (isImages) {
    const options = { ...named, ...pixels };
    const facts = await factsOfSpec(spec(options), folder);
    return written(format, file, given, options, facts);
  }
  const { facts, domain } = await asFound(isBinary, (more) =>
    factsOfSpec(spec({ ...named, ...(more.domain ? { domain: more.domain } : {}) }), folder),
  );
  const options = { ...named, ...(domain.domain ? { domain: domain.domain } : {}) };
  return written(format, file, given, options, facts);
}

/** Images of an IDX file, with their classes where the file of these lies beside it. */
async function writtenIdx(file: string, folder: string): Promise<WrittenData> {
  const given = relativePath(file, folder);
  const classes = file.replace(/images/g, 'labels').replace(/idx3/g, 'idx1');
  const hasClasses = classes !== file && existsSync(classes);
  const options: Options = hasClasses ? { labels: relativePath(classes, folder) } : {};
  const spec = dataMethods.idx.create(given, options);
  return written('idx', file, given, options, await factsOfSpec(spec, folder));
}

/** Images of a folder, of which some are looked at. */
async function writtenImages(file: string, folder: string): Promise<WrittenData> {
  const given = relativePath(file, folder) || '.';
  const { count, options } = await lookAtImages(file);
  const few = dataMethods.images.create(given, { ...options, rows: imagesLookedAt });
  const facts = await factsOfSpec(few, folder);
  const rows = count <= imagesLookedAt ? facts.rows : count - Math.round(count / 10);
  return written('images', file, given, options, { ...facts, rows });
}

/** So many images are enough to tell deviations by. */
const imagesLookedAt = 500;

/** Images or rows of a Parquet file. */
async function writtenParquet(file: string, folder: string): Promise<WrittenData> {
  const given = relativePath(file, folder);
  const { image, isToScale, columns, label, leftOut, isBinary } = await lookAtParquet(file);
  const common = label === undefined ? {} : { label };
  const create = (options: Options) => dataMethods.parquet.create(given, options);
  if (image !== undefined) {
    const options = {
      image,
      ...common,
      ...(isToScale ? { size: [32, 32] } : {}),
    };
    const facts = await factsOfSpec(create(options), folder);
    return written('parquet', file, given, options, facts, leftOut);
  }
  const all = { ...(columns.length > 0 ? { columns } : {}), ...common };
  const { facts, domain } = await asFound(isBinary && columns.length > 0, (more) =>
    factsOfSpec(create({ ...all, ...(more.domain ? { domain: more.domain } : {}) }), folder),
  );
  const options = { ...all, ...(domain.domain ? { domain: domain.domain } : {}) };
  return written('parquet', file, given, options, facts, leftOut);
}

/** Data of a file, with a word on what was made of it. */
function written(
  method: 'npy' | 'npz' | 'idx' | 'images' | 'parquet' | 'safetensors',
  file: string,
  given: string,
  options: Options,
  facts: DataFacts,
  leftOut: readonly string[] = [],
): WrittenData {
  const text = optionsText(
    Object.fromEntries(Object.entries(options).map(([name, value]) => [name, literal(value)])),
  );
  const about = [
    aboutFile(facts),
    ...(leftOut.length > 0 ? [`Left out: ${leftOut.join(', ')}.`] : []),
  ];
  return {
    name: nameOfFile(file),
    comment: about.join(' '),
    code: `data.${method}(${[literal(given), ...(text ? [text] : [])].join(', ')})`,
    facts,
  };
}

/**
 * Loads data as zeros and ones where some of them are; where that is not so of all, as numbers.
 *
 * @returns their facts, and the option that says of which domain they are
 */
async function asFound(
  looksBinary: boolean,
  load: (options: { readonly domain?: 'binary' }) => Promise<DataFacts>,
): Promise<{ readonly facts: DataFacts; readonly domain: { readonly domain?: 'binary' } }> {
  if (looksBinary) {
    const domain = { domain: 'binary' } as const;
    try {
      return { facts: await load(domain), domain };
    } catch {
      // Told by the other attempt, if it is wrong with that as well.
    }
  }
  return { facts: await load({}), domain: {} };
}

function aboutFile({ domain, image }: DataFacts): string {
  const range = image?.range;
  const scaled = range
    ? ` Pixels are shown to the model from ${range[0]} (dark) to ${range[1]} (bright).`
    : domain === 'real'
      ? ' Each column is standardised (mean 0, deviation 1), so that one step size fits all.'
      : domain === 'categorical'
        ? ' Each column is a category, with the levels that it has in the file.'
        : '';
  return `The path is relative to this file.${scaled} A tenth of the rows is held out to measure on.`;
}

/** A ring, to begin with. */
const writtenFunction: WrittenData = {
  name: 'My data',
  comment:
    'Rows of your own: draw returns one, and all that is random in it comes from rng, so that a seed gives the same rows again. What stands in options is recorded, and --set and sweeps can change it. To read rows from elsewhere, give load in place of draw.',
  code: `data.custom({
  options: { radius: 1.5, width: 0.1 },
  draw: (rng, { radius, width }) => {
    const angle = 2 * Math.PI * rng.uniform();
    return [
      radius * Math.cos(angle) + width * rng.normal(),
      radius * Math.sin(angle) + width * rng.normal(),
    ];
  },
  samples: 10_000,
  heldOut: 2_000,
})`,
  facts: { dimensions: 2, domain: 'real', rows: 10_000, classes: 0, deviation: 1.06 },
};
