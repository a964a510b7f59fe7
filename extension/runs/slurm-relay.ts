import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { RunManifest } from '../../protocol/run';

/** The `ebm` program as this window runs it, which a shared file system shows to the nodes as well. */
export interface RelayProgram {
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  readonly script: string;
}

/** The job of Slurm that trains a run; nothing where something else does. */
export function slurmJobOf({ worker }: RunManifest): string | undefined {
  const { system, step = '' } = worker?.job ?? {};
  // It becomes an argument of a program, and anybody may have written it.
  return system === 'Slurm' && /^\d{1,20}$/.test(step) ? step : undefined;
}

/**
 * A stream to the trainer of a run, through `ebm attach` in a step of its own of the trainer's job: by
 * Slurm's own connection, so that no port is opened. Whatever fails closes the stream.
 */
export function relayThroughSlurm(
  directory: string,
  job: string,
  { node, env, script }: RelayProgram,
): Duplex {
  const step = ['--overlap', `--jobid=${job}`, '--ntasks=1', '--quiet', '--unbuffered'];
  const child = spawn('srun', [...step, node, script, 'attach', directory], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  child.once('error', (error) => stream.destroy(error));
  child.once('exit', () => stream.destroy());
  stream.once('close', () => child.kill());
  return stream;
}
