/** docs/methods.md is made of the tables of methods and their docstrings. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import type { Domain } from '../../../trainer-worker/methods/data/domain';
import { energies } from '../../../trainer-worker/methods/energies';
import { objectives } from '../../../trainer-worker/methods/objectives';
import { samplers } from '../../../trainer-worker/methods/samplers';
import {
  type DocumentedApi,
  type DocumentedFunction,
  documentedApi,
} from '../../support/documented-api';

const page = 'docs/methods.md';

/** What a row of a table may say of the data that its method works with. */
interface Suits {
  readonly domains?: readonly Domain[];
  readonly needsLabels?: unknown;
}

const everywhere: readonly Domain[] = ['real', 'nonnegative', 'binary', 'categorical'];

/** The tables whose rows tell what data they suit, and what is meant where one does not. */
const suiting: Readonly<
  Record<
    string,
    { readonly table: Readonly<Record<string, Suits>>; readonly standard: readonly Domain[] }
  >
> = {
  objective: { table: objectives, standard: ['real'] },
  sampler: { table: samplers, standard: ['real'] },
  energy: { table: energies, standard: everywhere },
};

const called: Readonly<Record<Domain, string>> = {
  real: 'real',
  nonnegative: 'non-negative',
  binary: 'binary',
  categorical: 'categorical',
};

/** What a method asks of the data; nothing where any will do. */
function needs({ family, name }: DocumentedFunction): string {
  const suits = suiting[family];
  if (!suits) return '';
  const { domains = suits.standard, needsLabels } = suits.table[name] ?? {};
  const numbers =
    domains.length === everywhere.length
      ? []
      : [`${domains.map((domain) => called[domain]).join(' or ')} data`];
  const classes = needsLabels
    ? [name === 'custom' ? 'classes, where its `condition` is one' : 'classes of the rows']
    : [];
  const wanted = [...numbers, ...classes];
  return wanted.length === 0 ? '' : `Needs ${wanted.join(', ')}.\n\n`;
}

/** Examples by what they use: `sampler.langevin`. */
async function examples(): Promise<ReadonlyMap<string, readonly string[]>> {
  const uses = new Map<string, string[]>();
  for (const file of (await readdir('examples'))
    .filter((name) => name.endsWith('.ebm.ts'))
    .sort()) {
    const source = await readFile(path.join('examples', file), 'utf8');
    for (const use of new Set(source.match(/\b[a-z]+\.[a-zA-Z]+(?=\()/g))) {
      uses.set(use, [...(uses.get(use) ?? []), file]);
    }
  }
  return uses;
}

function section(method: DocumentedFunction, files: readonly string[]): string {
  const { family, name, text, example, options } = method;
  const rows = options.map(
    (option) => `| \`${option.name}\` | ${option.text.replaceAll('|', '\\|')} |\n`,
  );
  const table = rows.length === 0 ? '' : `| option | |\n| --- | --- |\n${rows.join('')}\n`;
  const code = example ? `\`\`\`ts\n${example.trim()}\n\`\`\`\n\n` : '';
  const links = files.map((file) => `[${file.replace('.ebm.ts', '')}](../examples/${file})`);
  const shown = links.length === 0 ? '' : `In ${links.join(', ')}.\n\n`;
  return `### ${family}.${name}\n\n${text.trim()}\n\n${needs(method)}${table}${code}${shown}`;
}

async function pageOf({ families, functions }: DocumentedApi): Promise<string> {
  const uses = await examples();
  const sections = [...families].map(([family, text]) => {
    const methods = functions.filter((method) => method.family === family);
    const body = methods.map((method) =>
      section(method, uses.get(`${family}.${method.name}`) ?? []),
    );
    return `## ${family}\n\n${text}\n\n${body.join('')}`;
  });
  const head = `# Methods

Everything that an experiment is made of, one function of \`ebm-lab\` after the other: what it computes, by whom it is, what it needs of the data and what can be set. p(x) = exp(-E(x)) / Z, and the score is -dE/dx. [README](../README.md#methods) says which to choose.

This page is made of the tables of methods and their docstrings, by \`EBM_DOCS=1 npm test -- methods-page\`.

`;
  return `${head}${sections.join('')}`.trimEnd().concat('\n');
}

describe('the page of methods', () => {
  let api: DocumentedApi;
  before(() => {
    api = documentedApi();
  });

  test('is what the tables say; EBM_DOCS=1 writes it anew', async () => {
    const text = await pageOf(api);
    if (process.env['EBM_DOCS'] === '1') await writeFile(page, text);
    assert.equal(await readFile(page, 'utf8'), text);
  });

  test('has every row of the tables', () => {
    for (const [family, { table }] of Object.entries(suiting)) {
      const told = api.functions.filter((method) => method.family === family);
      assert.deepEqual(told.map(({ name }) => name).sort(), Object.keys(table).sort());
    }
  });

  test('tells of each objective and sampler an equation and by whom it is', () => {
    const own = ['objective', 'sampler'];
    const methods = api.functions.filter(
      ({ family, name }) => own.includes(family) && name !== 'custom',
    );
    const lacking = (pattern: RegExp) =>
      methods.filter(({ text }) => !pattern.test(text)).map(({ name }) => name);
    assert.deepEqual(lacking(/`[^`]*[=←∝(∂∇Σ^²·∼~-][^`]*`/), [], 'without an equation');
    assert.deepEqual(lacking(/\b(19|20)\d\d\b/), [], 'without a source');
  });

  test('and the README names every method', async () => {
    const readme = await readFile('README.md', 'utf8');
    const unnamed = api.functions.filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(readme));
    assert.deepEqual(unnamed, []);
  });
});
