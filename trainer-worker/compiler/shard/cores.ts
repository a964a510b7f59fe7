import { availableParallelism } from 'node:os';

/**
 * How many cores this process may keep busy: those of its batch job, where it is one and the system does
 * not keep it to them itself, else those of the machine.
 */
export function availableCores(
  environment: NodeJS.ProcessEnv = process.env,
  machine = availableParallelism(),
): number {
  const {
    SLURM_JOB_ID: job,
    SLURM_CPUS_PER_TASK: perTask,
    SLURM_CPUS_ON_NODE: onNode,
  } = environment;
  const cores = Number(perTask ?? onNode);
  return job !== undefined && Number.isSafeInteger(cores) && cores > 0
    ? Math.min(machine, cores)
    : machine;
}
