/** `.ebm/slurm.json`: what a group's cluster wants to be told of each job. */
import path from 'node:path';
import { z } from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { checked, parseJson } from '../../../run-directory/checked-json';
import { readRegularFile } from '../../../run-directory/files';
import { isNotThere } from '../../../run-directory/heartbeat';

/** Where it lies, beside the folder of runs. */
const profileFile = 'slurm.json';
const largestProfile = 2 ** 16;

/** What stands in a line that `sbatch` reads: no blank, no quote, nothing that ends a line. */
const word = z.string().regex(/^[\w.,:@+&|()*[\]/=-]{1,200}$/, 'no word that sbatch reads as one');
/** What the shell reads, a line each. */
const line = z.string().regex(/^[^\p{Cc}\u2028\u2029]{1,2000}$/u, 'not one line');

/** What we say ourselves, since runs rely on it. */
const ours = new Set(
  'array chdir cpus-per-task error job-name no-requeue open-mode output parsable requeue signal test-only wait wrap'.split(
    ' ',
  ),
);
const flag = z
  .string()
  .regex(
    /^--[a-z][a-z-]{0,50}(=[\w.,:@%+&|()*[\]/=-]{1,200})?$/,
    'not of the form --name or --name=value',
  )
  .refine((text) => !ours.has(/^--([a-z-]+)/.exec(text)?.[1] ?? ''), 'said by ebm itself');

/** Published as JSON Schema in `schemas/slurm.schema.json`. */
export const slurmProfileSchema = z.strictObject({
  $schema: z.string().optional(),
  partition: word.optional().describe('Which partition, or several with commas.'),
  account: word.optional().describe('Who pays.'),
  qos: word.optional().describe('Quality of service.'),
  time: z
    .string()
    .regex(
      /^\d{1,6}(-\d{1,2}(:\d{1,2}){0,2}|(:\d{1,2}){1,2})?$/,
      'no time as Slurm writes it, such as 30, 12:00:00 or 2-12',
    )
    .optional()
    .describe('Longest time of a job: minutes, hours:minutes:seconds or days-hours.'),
  memory: z
    .string()
    .regex(/^\d{1,9}[KMGT]?$/, 'no amount such as 4G')
    .optional()
    .describe('Memory of a job, for example 4G.'),
  cores: z.int().min(1).max(1024).default(1).describe('Cores of a job: so many threads train.'),
  gres: word.optional().describe('Other resources, for example gpu:1.'),
  constraint: word.optional().describe('Features that a node must have.'),
  graceSeconds: z
    .int()
    .min(10)
    .max(3600)
    .default(120)
    .describe('So long before its time is over a job writes a checkpoint and is queued again.'),
  setup: z
    .array(line)
    .max(100)
    .default([])
    .describe('Lines of the shell before training, for example module load or conda activate.'),
  wrapper: z
    .array(line)
    .max(100)
    .default([])
    .describe('Words before the command, for example ["apptainer", "exec", "ebm.sif"].'),
  node: line.optional().describe('The Node.js of the nodes; the one that submits where absent.'),
  flags: z.array(flag).max(100).default([]).describe('More options of sbatch, a word each.'),
});

export type SlurmProfile = z.infer<typeof slurmProfileSchema>;

/**
 * The profile in a folder; where there is none, all is as the cluster has it.
 *
 * @param base the folder `.ebm`
 * @throws ProblemError of kind `storage` that says what is wrong with it
 */
export async function readProfile(base: string): Promise<SlurmProfile> {
  const fault = {
    file: path.join(base, profileFile),
    remedy: `Mend it. It may have ${Object.keys(slurmProfileSchema.shape)
      .filter((key) => !key.startsWith('$'))
      .join(', ')}.`,
  };
  try {
    const bytes = await readRegularFile(base, profileFile, largestProfile);
    const profile = checked(parseJson(bytes, fault), slurmProfileSchema, fault);
    requireTime(profile, fault.file);
    return profile;
  } catch (thrown) {
    if (thrown instanceof ProblemError && isNotThere(thrown)) return slurmProfileSchema.parse({});
    throw thrown;
  }
}

/** Seconds that a job trains at least, before it is to write its checkpoint. */
const leastTraining = 15;

/** @throws ProblemError where jobs would be queued again before they have trained, without end */
function requireTime({ time, graceSeconds }: SlurmProfile, file: string): void {
  if (time === undefined || secondsOf(time) >= graceSeconds + leastTraining) return;
  throw new ProblemError({
    kind: 'storage',
    message: `${file}: of a 'time' of ${time} nothing is left for training, since its last ${graceSeconds} seconds ('graceSeconds') are for the checkpoint.`,
    remedy: 'Make time longer, or graceSeconds less.',
  });
}

/** Of a time as Slurm reads it: minutes, minutes:seconds, hours:minutes:seconds, or days-hours and so on. */
export function secondsOf(time: string): number {
  const [rest, days] = time.split('-').reverse() as [string, string?];
  const parts = rest.split(':').map(Number);
  const [hours = 0, minutes = 0, seconds = 0] =
    days !== undefined || parts.length === 3 ? parts : [0, ...parts];
  return ((Number(days ?? 0) * 24 + hours) * 60 + minutes) * 60 + seconds;
}
