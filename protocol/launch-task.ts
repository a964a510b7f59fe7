/**
 * What a trainer process is asked to do: one schema, from the key press through the queue to the
 * process, which reads it from its standard input (`--task -`). Where it is done, the run directory and
 * the socket, is said beside it.
 */
import path from 'node:path';
import type { Writable } from 'node:stream';
import { z } from 'zod';
import { backendNames } from './backends';
import { ProblemError } from './problem';
import type { Json } from './run';
import { groupSchema } from './run-group';

/** The largest text of a task, in bytes. */
export const largestTask = 2 ** 20;

const name = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !text.includes('\0'), 'not a path');
const place = name.refine((text) => path.isAbsolute(text), 'not an absolute path');
const identifier = z.string().regex(/^[\w-]{1,100}$/, 'no plain name');
const count = z.number().int().nonnegative();
const json: z.ZodType<Json> = z.json();
const backend = z.enum(['auto', ...backendNames]);

/**
 * What is told of a new run beside its source. What is added here is kept in the queue, and reaches
 * the process and the runs of a sweep: only who sets it and who uses it have to know of it.
 */
export const runOptionsSchema = z.object({
  /** Dotted path → value; on top of those of the run that is repeated exactly. */
  overrides: z.record(z.string(), json),
  /** What is to compute; as the settings say, or the best there is, where absent. */
  backend: z.exactOptional(backend),
  /** Id of the run that this one repeats. */
  parent: z.exactOptional(identifier),
  /** The sweep that it is a part of. */
  group: z.exactOptional(groupSchema),
});

/** Completed steps after which it stops for now, with a checkpoint; it trains to its end where absent. */
const until = z.exactOptional(count);

/** The schema of {@link BeginTask}. */
export const beginSchema = z
  .strictObject({
    kind: z.literal('begin'),
    /** Absolute path of the experiment's file; of a run that is repeated, what it was called there. */
    experiment: name,
    /** Where the copy of it is that is to be trained instead. */
    copy: z.exactOptional(place),
    /** Directory of a run that is to be repeated exactly: from its kept source, with its seed. */
    exactly: z.exactOptional(place),
    until,
    ...runOptionsSchema.shape,
  })
  .refine(({ copy, exactly }) => copy === undefined || exactly === undefined, {
    path: ['copy'],
    message: "not beside 'exactly'",
  })
  .refine(({ experiment, exactly }) => exactly !== undefined || path.isAbsolute(experiment), {
    path: ['experiment'],
    message: 'not an absolute path',
  });

const resumeSchema = z.strictObject({
  kind: z.literal('resume'),
  /** Completed steps of the checkpoint to go on from, at most; the newest sound one where absent. */
  from: z.exactOptional(count),
  /** Training steps until it is finished; as before where absent. */
  steps: z.exactOptional(count),
  until,
  /** What is to compute; as before where absent. */
  backend: z.exactOptional(backend),
});

const taskSchema = z.discriminatedUnion('kind', [beginSchema, resumeSchema]);

/** What is told of a new run beside its source. */
export type RunOptions = z.infer<typeof runOptionsSchema>;

/** A new run, of an experiment's file or of what another run was made of. */
export type BeginTask = z.infer<typeof beginSchema>;

/** A run that has ended or was killed is to go on in its directory. */
export type ResumeTask = z.infer<typeof resumeSchema>;

export type LaunchTask = BeginTask | ResumeTask;

/** What a task tells of its run beside the source. */
export function optionsOf(task: BeginTask): RunOptions {
  return runOptionsSchema.parse(task);
}

/** Gives a process that was spawned with a pipe for it its task, by its standard input. */
export function handOver(task: LaunchTask, { stdin }: { readonly stdin: Writable | null }): void {
  if (!stdin) throw new Error('The process has no standard input.');
  // One that ends before it has read it is told of by its exit.
  stdin.on('error', () => undefined);
  stdin.end(JSON.stringify(task));
}

/**
 * The task in a text from elsewhere.
 *
 * @throws ProblemError of kind `environment` that says what is wrong with it
 */
export function parseTask(text: string): LaunchTask {
  let result: ReturnType<typeof taskSchema.safeParse>;
  try {
    result = taskSchema.safeParse(JSON.parse(text, withoutPrototype));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) {
      throw refusedTask(`it is not JSON: ${thrown.message}`, thrown);
    }
    // The check goes as deep as the text does.
    if (thrown instanceof RangeError) throw refusedTask('it is nested too deeply', thrown);
    throw thrown;
  }
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.length ? `'${issue.path.join('.')}' is wrong: ` : '';
  throw refusedTask(`${where}${issue?.message}`, result.error);
}

/** A key that the check would drop without a word. */
function withoutPrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw refusedTask(`a key is called '${key}'`);
  return value;
}

/** What is told of something that is no task. */
export function refusedTask(why: string, cause?: unknown): ProblemError {
  return new ProblemError(
    {
      kind: 'environment',
      message: `What the trainer was asked to do is not understood: ${why}.`,
      remedy: 'Launch it again; the extension and the trainer have to be of one version.',
    },
    { cause },
  );
}
