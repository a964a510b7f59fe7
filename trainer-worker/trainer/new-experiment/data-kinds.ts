import path from 'node:path';
import { ProblemError } from '../../../protocol/problem';
import { type DataSpec, dataMethod, dataMethods } from '../../methods/data';
import { sampledRows } from '../../methods/data/sampled-rows';
import { nearest } from '../../methods/options/nearest';
import { type DataFacts, factsOf } from './facts';
import { lookAtCsv } from './look-at-csv';
import { literal, optionsText } from './source-text';

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
  /**
   * @param file absolute path of the file, where it needs one
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
    detail: 'an array [rows, columns], as numpy.save writes it',
    extensions: ['.npy', '.npz'],
    write: writtenNpy,
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
  if (named !== undefined && extensionsOf(named).length === 0) return { kind: named, file: '' };
  const kind = names.find((name) =>
    extensionsOf(name).some((end) => word.toLowerCase().endsWith(end)),
  );
  if (kind !== undefined) return { kind, file: path.resolve(word) };
  const isFile = /[./\\]/.test(word) || named !== undefined;
  const ends = names.flatMap(extensionsOf).join(', ');
  const others = names.filter((name) => extensionsOf(name).length === 0);
  const guess = nearest(word, others);
  throw new ProblemError({
    kind: 'environment',
    message: isFile
      ? `'${word}' is no data file that can be read.`
      : `There are no data '${word}'.`,
    remedy: isFile
      ? `Name a file that ends in ${ends}; others are loaded by a function: ebm new function.`
      : guess === undefined
        ? `Name a data file (${ends}) or one of ${others.join(', ')}.`
        : `Did you mean '${guess}'?`,
  });
}

async function factsOfSpec(spec: DataSpec, directory: string): Promise<DataFacts> {
  return factsOf(await dataMethod(spec).load(spec, { directory, seed: 0 }));
}

/** How an experiment names a file: relative to itself, with slashes. */
function relativePath(file: string, folder: string): string {
  return path.relative(folder, file).split(path.sep).join('/');
}

function nameOfFile(file: string): string {
  return path.basename(file).replace(/\.(csv|tsv|npy|npz)(\.gz)?$/i, '');
}

async function writtenCsv(file: string, folder: string): Promise<WrittenData> {
  const { options, leftOut } = await lookAtCsv(file);
  const given = relativePath(file, folder);
  const { domain: guess, ...rest } = options;
  const { facts, domain } = await asFound(guess === 'binary', (more) =>
    factsOfSpec(dataMethods.csv.create(given, { ...rest, ...more }), folder),
  );
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

async function writtenNpy(file: string, folder: string): Promise<WrittenData> {
  const given = relativePath(file, folder);
  const raw = dataMethods.npy.create(given, { standardize: false });
  const { training, dimensions } = await dataMethod(raw).load(raw, { directory: folder, seed: 0 });
  const looksBinary = sampledRows(training, dimensions).every((x) => x === 0 || x === 1);
  const { facts, domain } = await asFound(looksBinary, (options) =>
    factsOfSpec(dataMethods.npy.create(given, options), folder),
  );
  return {
    name: nameOfFile(file),
    comment: aboutFile(facts),
    code: `data.npy(${literal(given)}${domain.domain ? ", { domain: 'binary' }" : ''})`,
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

function aboutFile({ domain }: DataFacts): string {
  const scaled =
    domain === 'real'
      ? ' Each column is standardised (mean 0, deviation 1), so that one step size fits all.'
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
