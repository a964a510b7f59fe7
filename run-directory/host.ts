/** Where this process is, as `run.json` and heartbeats say it. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import type { BatchJob, Host } from '../protocol/run';

/** What a person reads: no line breaks, nothing that a terminal obeys. */
const shortText = z.string().regex(/^[^\p{C}]{1,255}$/u, 'no short text');

export const hostSchema = z.object({
  name: shortText,
  boot: z.exactOptional(shortText),
  processes: z.exactOptional(shortText),
});

export const jobSchema = z.object({
  system: shortText,
  id: shortText,
  step: z.exactOptional(shortText),
});

/** The host of this process. */
export function thisHost(): Host {
  // A container has the boot id of its machine, but a table of processes of its own.
  const boot = ifReadable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const processes = ifReadable(() => readlinkSync('/proc/self/ns/pid'));
  return {
    name: hostname(),
    ...(boot === undefined ? {} : { boot }),
    ...(processes === undefined ? {} : { processes }),
  };
}

/** The batch job that this process is a part of, as its environment tells. */
export function thisJob(environment: NodeJS.ProcessEnv = process.env): BatchJob | undefined {
  const {
    SLURM_JOB_ID: slurm,
    SLURM_ARRAY_JOB_ID: array,
    SLURM_ARRAY_TASK_ID: task,
    LSB_JOBID: lsf,
    PBS_JOBID: pbs,
  } = environment;
  const [system, id] =
    array && task
      ? ['Slurm', `${array}_${task}`]
      : slurm
        ? ['Slurm', slurm]
        : lsf
          ? ['LSF', lsf]
          : ['PBS', pbs];
  // What joins a job of an array has to call it by its own number.
  const step = system === 'Slurm' ? { step: slurm } : {};
  const job = jobSchema.safeParse({ system, id, ...step });
  return job.success ? job.data : undefined;
}

function ifReadable(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    // Not Linux, or a sandbox without /proc.
    return undefined;
  }
}
