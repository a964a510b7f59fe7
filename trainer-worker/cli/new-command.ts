import path from 'node:path';
import { printable } from '../../protocol/printable';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { NewExperiment, Offer, OfferedData } from '../trainer/new-experiment/write-experiment';
import { exitCode } from './exit-code';
import { type Ask, inTerminal, isTerminal } from './in-terminal';
import { problemText } from './problem-text';

export interface NewCommandOptions {
  readonly objective?: string;
  readonly output?: string;
  readonly list?: true;
  readonly json?: true;
}

/**
 * `ebm new`: writes an experiment that trains at once. What the command line leaves open is asked in a
 * terminal; in a script the best method is taken, and the data's name.
 *
 * @param data the name of a kind of data, or a file
 * @returns the process's exit code
 */
export async function newCommand(
  data: string | undefined,
  options: NewCommandOptions,
): Promise<number> {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  try {
    const { offeredData, offerFor, writeExperiment } = await import(
      '../trainer/new-experiment/write-experiment'
    );
    if (options.list) {
      const offers = data === undefined ? { data: offeredData() } : await offerFor(data);
      say(options.json ? JSON.stringify(offers) : offersText(offers));
      return exitCode.done;
    }
    const isAsked = isTerminal() && !options.json;
    const given = { ...options, ...(data === undefined ? {} : { data }) };
    const wish = isAsked
      ? await inTerminal((ask) => askWish(given, { offeredData, offerFor }, ask, say))
      : await wishOf(given, offerFor);
    if (wish === undefined) return exitCode.interrupted;
    const file = await writeExperiment(wish);
    if (options.json) say(JSON.stringify({ file }));
    else say(writtenText(path.relative(process.cwd(), file) || file));
    return exitCode.done;
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (options.json) say(JSON.stringify({ problem }));
    else process.stderr.write(`${problemText(problem)}\n`);
    return exitCode.refused;
  }
}

/** What the command line says. */
type Given = NewCommandOptions & { readonly data?: string };

/** Where offers come from. */
interface Offers {
  offeredData(): readonly OfferedData[];
  offerFor(data: string): Promise<Offer>;
}

/** What a script wants. */
async function wishOf(
  { data, objective, output }: Given,
  offerFor: Offers['offerFor'],
): Promise<NewExperiment> {
  if (data === undefined) {
    throw new ProblemError({
      kind: 'environment',
      message: 'It is not said what the experiment is to learn.',
      remedy:
        'Name data: ebm new twoMoons, or ebm new measurements.csv; ebm new --list says which.',
    });
  }
  return {
    data,
    ...(objective === undefined ? {} : { method: objective }),
    output: output ?? (await offerFor(data)).fileName,
  };
}

/**
 * What a person wants: data first, then a method that these allow, then where to.
 *
 * @returns nothing where they give up
 */
export async function askWish(
  { data: givenData, objective, output }: Given,
  { offeredData, offerFor }: Offers,
  ask: Ask,
  say: (text: string) => void,
): Promise<NewExperiment | undefined> {
  let data = givenData;
  let offer: Offer | undefined;
  while (offer === undefined) {
    data ??= await askData(offeredData(), ask, say);
    if (data === undefined) return undefined;
    try {
      offer = await offerFor(data);
    } catch (thrown) {
      // What the command line said is not asked anew.
      if (givenData !== undefined || !(thrown instanceof ProblemError)) throw thrown;
      say(problemText(thrown.problem));
      data = undefined;
    }
  }
  const { methods, fileName } = offer;
  let method = objective;
  if (method === undefined) {
    say('\nHow is it to be learned? The first suits these data best.');
    const chosen = await askOne(methods, ask, say);
    if (chosen === undefined) return undefined;
    method = chosen.name;
  }
  const place = output ?? (await ask(`Save as [${fileName}]: `));
  if (place === undefined) return undefined;
  return { data: data!, method, output: place.trim() === '' ? fileName : place.trim() };
}

/** A kind of data, or the file that is named for it. */
async function askData(
  kinds: readonly OfferedData[],
  ask: Ask,
  say: (text: string) => void,
): Promise<string | undefined> {
  say('What is it to learn?');
  const kind = await askOne(kinds, ask, say);
  if (kind?.isFolder) return (await ask('Which folder? '))?.trim();
  if (kind === undefined || kind.extensions.length === 0) return kind?.name;
  return (await ask(`Which file (${kind.extensions.join(', ')})? `))?.trim();
}

/** One of several, by its number; the first where nothing is typed. */
async function askOne<T extends { readonly label: string; readonly detail: string }>(
  offered: readonly T[],
  ask: Ask,
  say: (text: string) => void,
): Promise<T | undefined> {
  say(numbered(offered));
  for (;;) {
    const answer = await ask(`Number, 1 to ${offered.length} [1]: `);
    if (answer === undefined) return undefined;
    const text = answer.trim();
    const chosen = /^\d*$/.test(text) ? offered[Number(text || '1') - 1] : undefined;
    if (chosen) return chosen;
    say(`'${printable(text)}' is none of these numbers.`);
  }
}

function numbered(offered: readonly { readonly label: string; readonly detail: string }[]): string {
  return offered
    .map(({ label, detail }, i) => `${String(i + 1).padStart(4)}  ${label}: ${detail}`)
    .join('\n');
}

function offersText(offers: { readonly data: readonly OfferedData[] } | Offer): string {
  const lines =
    'data' in offers
      ? offers.data.map(({ name, extensions, isFolder, detail }) => [
          isFolder ? 'a folder' : extensions.join(', ') || name,
          detail,
        ])
      : offers.methods.map(({ name, detail }) => [name, detail]);
  const width = Math.max(...lines.map(([name]) => name!.length));
  return lines.map(([name, detail]) => `${name!.padEnd(width)}  ${detail}`).join('\n');
}

function writtenText(file: string): string {
  const quoted = /^[\w./\\-]+$/.test(file) ? file : `'${file}'`;
  return printable(
    `wrote ${file}\n  ebm check ${quoted}   tries it\n  ebm run ${quoted}     trains it`,
  );
}
