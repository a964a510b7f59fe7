/**
 * Asking a trainer for something by files, where no socket reaches it: `control/<id>.request.json`, which
 * the trainer takes away, and `control/<id>.answer.json`, which who asked takes away. A request names the
 * trainer that it is for, so none is done by a later one.
 */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Problem, ProblemError } from '../protocol/problem';
import type { RunState } from '../protocol/run';
import { checked, parseJson } from './checked-json';
import { readRegularFile, replaceFile } from './files';
import { controlFolder, isNotThere, readHeartbeat } from './heartbeat';
import { problemSchema, stateSchema } from './manifest';
import { storageProblem } from './storage-problem';

/** What may be asked for with nothing else to say. */
const requestedActions = ['pause', 'resume', 'step', 'checkpoint', 'stop'] as const;
export type RequestedAction = (typeof requestedActions)[number];

const actionSchema = z.discriminatedUnion('action', [
  z.object({ action: z.enum(requestedActions) }),
  z.object({ action: z.literal('change'), option: z.string().max(200), value: z.number() }),
]);
/** What may be asked for. */
export type Request = z.infer<typeof actionSchema>;

const largestFile = 2 ** 16;
const requestName = /^([0-9a-f]{24})\.request\.json$/;
const remedy = 'Delete the file, and ask again.';

const requestSchema = z.object({
  formatVersion: z.literal(1),
  /** The token of the trainer that is asked. */
  to: z.string(),
});

const answerSchema = z.union([
  z.object({ formatVersion: z.literal(1), state: stateSchema }),
  z.object({ formatVersion: z.literal(1), problem: problemSchema }),
]);

/** What somebody asks for. */
export interface ControlRequest {
  readonly id: string;
  readonly to: string;
  readonly request: Request;
}

/** What came of it. */
export type ControlAnswer = { readonly state: RunState } | { readonly problem: Problem };

/** How long a trainer may take, and how often its answer is looked for (milliseconds). */
export interface AskTimes {
  readonly patience: number;
  readonly poll: number;
}

const usualTimes: AskTimes = { patience: 60_000, poll: 200 };

/**
 * Asks the trainer of a run for something, wherever it is.
 *
 * @param name what messages call the run
 * @returns the run's state after it is done
 * @throws ProblemError of kind `worker` where nobody trains the run or answers in time, and what the
 *   trainer answers
 */
export async function askTrainer(
  directory: string,
  name: string,
  asked: Request,
  { patience, poll }: AskTimes = usualTimes,
): Promise<RunState> {
  const seen = await readHeartbeat(directory);
  if (!seen) {
    throw new ProblemError({
      kind: 'worker',
      message: `‘${name}’ is not in training, so there is nobody to ask.`,
      remedy: 'ebm list says how it stands.',
    });
  }
  const id = randomBytes(12).toString('hex');
  const request = { formatVersion: 1, to: seen.heartbeat.token, ...asked };
  await write(directory, requestFile(id), request);
  const end = performance.now() + patience;
  while (performance.now() < end) {
    await delay(poll);
    const answer = await readAnswer(directory, id);
    if (answer === undefined) continue;
    await rm(path.join(directory, answerFile(id)), { force: true });
    if ('problem' in answer) throw new ProblemError(answer.problem);
    return answer.state;
  }
  // What was not done by now is not to be done later, unexpectedly.
  await rm(path.join(directory, requestFile(id)), { force: true });
  throw new ProblemError({
    kind: 'worker',
    message: `The trainer of ‘${name}’ did not answer within ${Math.round(patience / 1000)} s.`,
    remedy: 'It may be in a long step, or its host may be gone: ebm list says how it stands.',
  });
}

/** What is asked of the trainer of a run; each request is told once. What is none is removed. */
export async function takeRequests(directory: string): Promise<readonly ControlRequest[]> {
  const folder = path.join(directory, controlFolder);
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (thrown) {
    if (isNotThere(thrown)) return [];
    throw storageProblem(thrown, folder, 'list');
  }
  const requests: ControlRequest[] = [];
  for (const name of names) {
    const id = requestName.exec(name)?.[1];
    if (id === undefined) continue;
    const file = `${controlFolder}/${name}`;
    try {
      const bytes = await readRegularFile(directory, file, largestFile);
      const fault = { file, remedy };
      const value = parseJson(bytes, fault);
      const { to } = checked(value, requestSchema, fault);
      requests.push({ id, to, request: checked(value, actionSchema, fault) });
    } catch (thrown) {
      // Seen, but not there yet: the next look has it.
      if (isNotThere(thrown)) continue;
    }
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
  return requests;
}

/** Tells who asked what came of it. */
export async function answerRequest(
  directory: string,
  { id }: ControlRequest,
  answer: ControlAnswer,
): Promise<void> {
  await write(directory, answerFile(id), { formatVersion: 1, ...answer });
}

async function readAnswer(directory: string, id: string): Promise<ControlAnswer | undefined> {
  try {
    const file = answerFile(id);
    const bytes = await readRegularFile(directory, file, largestFile);
    const fault = { file, remedy };
    return checked(parseJson(bytes, fault), answerSchema, fault);
  } catch (thrown) {
    if (isNotThere(thrown)) return undefined;
    throw thrown;
  }
}

async function write(directory: string, file: string, value: object): Promise<void> {
  const text = `${JSON.stringify(value)}\n`;
  await replaceFile(directory, file, [new TextEncoder().encode(text)], 'fleeting');
}

function requestFile(id: string): string {
  return `${controlFolder}/${id}.request.json`;
}

function answerFile(id: string): string {
  return `${controlFolder}/${id}.answer.json`;
}
