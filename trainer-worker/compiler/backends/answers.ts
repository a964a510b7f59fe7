import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../run-directory/files';
import { type ProbeAnswer, probeAnswer } from './probe';

const fileName = 'backends.json';
const day = 24 * 3_600_000;
/** A driver may be repaired without a trace, so that a no is asked again sooner than a yes. */
const lasts = { yes: 30 * day, no: day };
const mostAnswers = 200;

const contents = z.object({
  formatVersion: z.literal(1),
  answers: z.record(z.string(), z.object({ at: z.number(), answer: probeAnswer })),
});
type Answers = z.infer<typeof contents>['answers'];

/** The user's folder for what can be made again. */
function cacheFolder(): string {
  const home = os.homedir();
  const { env, platform } = process;
  if (platform === 'darwin') return path.join(home, 'Library/Caches/ebm-lab');
  if (platform === 'win32') {
    return path.join(env['LOCALAPPDATA'] ?? path.join(home, 'AppData/Local'), 'ebm-lab');
  }
  return path.join(env['XDG_CACHE_HOME'] || path.join(home, '.cache'), 'ebm-lab');
}

export interface Question {
  /** Everything that it depends on whether the backend works. */
  readonly about: readonly string[];
  /** The size of a program that is to be timed, where one is. */
  readonly size?: string;
}

export interface Memory {
  readonly folder?: string;
  readonly now?: number;
  /** Asks whatever was answered before. */
  readonly anew?: boolean;
}

/**
 * The answer to a question, from an earlier launch where that is known and fresh, else asked anew and
 * kept. A file that is broken, foreign or cannot be written costs time, never a launch.
 *
 * An answer on whether a backend works takes the place of all that say otherwise, of programs that were
 * timed too: whoever asks next is told the same.
 */
export async function rememberedAnswer(
  { about, size = '' }: Question,
  ask: () => Promise<ProbeAnswer>,
  { folder = cacheFolder(), now = Date.now(), anew = false }: Memory = {},
): Promise<ProbeAnswer> {
  const subject = createHash('sha256').update(about.join('\n')).digest('hex');
  const key = `${subject} ${size}`;
  const known = anew ? undefined : (await readAnswers(folder, now))[key];
  if (known) return known.answer;
  const answer = await ask();
  // Read again: another launch may have answered something else meanwhile.
  const others = Object.entries(await readAnswers(folder, now)).filter(
    ([other, { answer: former }]) =>
      size !== '' || !other.startsWith(`${subject} `) || former.works === answer.works,
  );
  const kept = others.sort(([, a], [, b]) => b.at - a.at).slice(0, mostAnswers - 1);
  const answers = { ...Object.fromEntries(kept), [key]: { at: now, answer } };
  const text = `${JSON.stringify({ formatVersion: 1, answers }, undefined, 2)}\n`;
  try {
    await mkdir(folder, { recursive: true });
    await replaceFile(folder, fileName, [new TextEncoder().encode(text)]);
  } catch {
    // A home that cannot be written to: the next launch asks again.
  }
  return answer;
}

async function readAnswers(folder: string, now: number): Promise<Answers> {
  try {
    const text = await readFile(path.join(folder, fileName), 'utf8');
    const { answers } = contents.parse(JSON.parse(text));
    const fresh = ({ at, answer }: Answers[string]) =>
      at <= now && now - at < (answer.works ? lasts.yes : lasts.no);
    return Object.fromEntries(Object.entries(answers).filter(([, entry]) => fresh(entry)));
  } catch {
    // Missing, broken, or of another version: nothing is known.
    return {};
  }
}
