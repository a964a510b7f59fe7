import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import {
  type Annotations,
  annotate,
  readAnnotations,
  readNotes,
  tagsIn,
  writeNotes,
} from '../../run-directory/annotations';
import { findRun } from '../../run-directory/find-run';
import { printResult } from './print-result';

export interface AnnotateOptions {
  readonly runs: string;
  /** Empty: the experiment's name again. */
  readonly name?: string;
  /** Text that is added to the notes. */
  readonly note?: string;
  readonly tag?: readonly string[];
  readonly untag?: readonly string[];
  /** `false` with `--no-star`. */
  readonly star?: boolean;
  readonly json?: true;
}

/**
 * `ebm annotate`: gives a run a name, tags, a star or notes, while it trains as well as afterwards, and
 * says what it has now.
 *
 * @returns the process's exit code
 */
export async function annotateCommand(text: string, options: AnnotateOptions): Promise<number> {
  const { runs, name, note, tag = [], untag = [], star, json } = options;
  return await printResult(async () => {
    const directory = await findRun(text, path.resolve(runs));
    const lost = tagsIn(untag.join(' '));
    const { tags } = await readAnnotations(directory);
    const change: Partial<Annotations> = {
      ...(name === undefined ? {} : { name }),
      ...(tag.length + untag.length === 0
        ? {}
        : { tags: [...tags, ...tagsIn(tag.join(' '))].filter((each) => !lost.includes(each)) }),
      ...(star === undefined ? {} : { starred: star }),
    };
    if (Object.keys(change).length === 0 && note === undefined) throw nothingToDo();
    const annotations = await annotate(directory, change);
    const before = await readNotes(directory);
    const notes = note === undefined ? before : added(before, note);
    if (notes !== before) await writeNotes(directory, notes);
    const starText = annotations.starred ? 'yes' : 'no';
    return json
      ? `${JSON.stringify({ directory, ...annotations, notes })}\n`
      : `directory  ${directory}\nname       ${annotations.name ?? 'its experiment’s'}\n` +
          `tags       ${annotations.tags.join(' ') || 'none'}\nstar       ${starText}\n${notes}`;
  });
}

/** Notes with a paragraph more. */
function added(notes: string, text: string): string {
  const paragraph = `${text.trimEnd()}\n`;
  return notes.trim() === '' ? paragraph : `${notes.trimEnd()}\n\n${paragraph}`;
}

function nothingToDo(): ProblemError {
  return new ProblemError({
    kind: 'environment',
    message: 'There is nothing to add to the run.',
    remedy: 'Give at least one of --name, --note, --tag, --untag, --star and --no-star.',
  });
}
