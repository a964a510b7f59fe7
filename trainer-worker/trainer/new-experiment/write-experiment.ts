import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ProblemError, problemOf } from '../../../protocol/problem';
import { nearest } from '../../methods/options/nearest';
import { type DataKind, dataKindOf, dataKinds, type WrittenData } from './data-kinds';
import { type Recipe, type RecipeName, recipes, suitableRecipes } from './recipes';
import { comment, indented, literal } from './source-text';

/** Everything an experiment can be begun with, as a shell or an editor offers it. */
export interface OfferedData {
  readonly name: string;
  readonly label: string;
  readonly detail: string;
  /** How the names of its files end; none where it needs none. */
  readonly extensions: readonly string[];
  /** Whether it is a folder that it needs. */
  readonly isFolder: boolean;
}

/** A method that some data allow. */
interface OfferedMethod {
  readonly name: RecipeName;
  readonly label: string;
  readonly detail: string;
}

/** The kinds of data that an experiment can be begun with. */
export function offeredData(): readonly OfferedData[] {
  return Object.entries(dataKinds).map(([name, kind]: [string, DataKind]) => ({
    name,
    label: kind.label,
    detail: kind.detail,
    extensions: kind.extensions ?? [],
    isFolder: kind.isFolder ?? false,
  }));
}

/** What is offered for data. */
export interface Offer {
  /** The methods that they allow, best first; at least one. */
  readonly methods: readonly OfferedMethod[];
  /** How the file may be called. */
  readonly fileName: string;
}

/**
 * Looks at data, and says what can be learned of them.
 *
 * @param word the name of a kind of data, or a file
 * @throws ProblemError of kind `data` or `environment` where there are no such data, or nothing can be
 *   learned from them
 */
export async function offerFor(word: string): Promise<Offer> {
  const { facts, name } = await writtenData(word, process.cwd());
  return {
    methods: suitableRecipes(facts).map((each) => {
      const { label, detail }: Recipe = recipes[each];
      return { name: each, label, detail };
    }),
    fileName: `${slug(name)}${experimentEnd}`,
  };
}

const experimentEnd = '.ebm.ts';

/** What is to be written. */
export interface NewExperiment {
  /** The name of a kind of data, or a file. */
  readonly data: string;
  /** The objective; the best for the data where absent. */
  readonly method?: string;
  /** Where to; a new file that ends in `.ebm.ts`. */
  readonly output: string;
}

/**
 * Writes an experiment that trains at once. Never over a file that is there.
 *
 * @returns the absolute path of the file
 * @throws ProblemError of kind `data`, `environment` or `storage` that says what to do
 */
export async function writeExperiment({ data, method, output }: NewExperiment): Promise<string> {
  const file = path.resolve(output);
  if (!file.endsWith(experimentEnd) || path.basename(file) === experimentEnd) {
    throw new ProblemError({
      kind: 'environment',
      message: `'${output}' is no name for an experiment.`,
      remedy: `Give it a name that ends in ${experimentEnd}, for example ${slug(path.basename(output).replace(/\.\w+$/, ''))}${experimentEnd}.`,
    });
  }
  const text = await experimentText(data, method, path.dirname(file));
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new ProblemError(
      {
        kind: 'storage',
        message: isThere
          ? `${file} is there already, and nothing is written over it.`
          : `${file} cannot be written: ${problemOf(error).message}.`,
        remedy: 'Choose another name or place.',
      },
      { cause: error },
    );
  }
  return file;
}

/**
 * The text of an experiment.
 *
 * @param folder where it will lie
 */
async function experimentText(
  data: string,
  method: string | undefined,
  folder: string,
): Promise<string> {
  const written = await writtenData(data, folder);
  const suitable = suitableRecipes(written.facts);
  const name =
    suitable.find((each) => each === method) ?? (method === undefined ? suitable[0] : undefined);
  if (name === undefined) {
    const isKnown = method !== undefined && Object.hasOwn(recipes, method);
    const guess = method === undefined || isKnown ? undefined : nearest(method, suitable);
    throw new ProblemError({
      kind: 'environment',
      message: isKnown
        ? `objective.${method} does not suit these data.`
        : `There is no method '${method}' to begin with.`,
      remedy:
        guess === undefined
          ? `Those that suit these data are ${suitable.join(', ')}.`
          : `Did you mean '${guess}'?`,
    });
  }
  const recipe: Recipe = recipes[name];
  const { energy, objective, optimizer, batchSize, steps, preview } = recipe.write(written.facts);
  const parts = [
    { name: 'data', comment: written.comment, code: written.code },
    { name: 'energy', ...energy },
    { name: 'objective', ...objective },
    { name: 'optimizer', ...optimizer },
    { name: 'batchSize', code: String(batchSize) },
    { name: 'steps', code: grouped(steps) },
    { name: 'seed', comment: 'The same seed gives the same run, bit for bit.', code: '0' },
    ...(preview ? [{ name: 'preview', ...preview }] : []),
  ];
  const body = parts.map((part) => {
    const above =
      'comment' in part && part.comment ? `\n  ${indented(comment(part.comment))}\n` : '';
    return `${above}  ${part.name}: ${indented(part.code)},\n`;
  });
  const code = body.join('');
  const imported = [
    'data',
    'energy',
    'experiment',
    'objective',
    'optimizer',
    'sampler',
    'schedule',
  ].filter((each) => each === 'experiment' || new RegExp(`\\b${each}\\.`).test(code));
  return [
    `// ${written.name}: ${recipe.label[0]!.toLowerCase()}${recipe.label.slice(1)}, ${recipe.detail}.`,
    '//',
    '// ebm check tries it, ebm run trains it; in the editor, Launch Run stands above it.',
    `import { ${imported.join(', ')} } from 'ebm-lab';`,
    '',
    'export default experiment({',
    `  name: ${literal(written.name)},`,
    `${code}});`,
    '',
  ].join('\n');
}

async function writtenData(word: string, folder: string): Promise<WrittenData> {
  const { kind, file } = dataKindOf(word);
  const chosen: DataKind = dataKinds[kind];
  return await chosen.write(file, folder);
}

/** `two-moons` of `Two moons`. */
function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return plain === '' ? 'experiment' : plain;
}

/** `3_000` */
const grouped = (count: number) => String(count).replaceAll(/\B(?=(\d{3})+$)/g, '_');
