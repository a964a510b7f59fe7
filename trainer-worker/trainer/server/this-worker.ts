import type { Host, RunWorker } from '../../../protocol/run';
import { claimClock, claimFiles } from '../../../run-directory/claim-files';
import { usualBeatMs } from '../../../run-directory/heartbeat';
import { thisHost, thisJob } from '../../../run-directory/host';
import { isProcessAlive } from '../../../run-directory/process-alive';
import { RunClaim } from '../../../run-directory/run-claim';

/** This process, as records name it. */
function thisWorker(socket: string): RunWorker & { readonly host: Host } {
  const job = thisJob();
  return { pid: process.pid, socket, host: thisHost(), ...(job ? { job } : {}) };
}

/**
 * Claims the run in `directory` for this process.
 *
 * @param told what it waits for, in words
 * @throws ProblemError as `RunClaim.take` does
 */
export async function claimRun(
  directory: string,
  socket: string,
  told?: (phase: string) => void,
): Promise<RunClaim> {
  const claimant = { worker: thisWorker(socket), everyMs: beatMs(), isAlive: isProcessAlive };
  return await RunClaim.take(claimFiles(directory), claimClock(), claimant, told);
}

/** How often a trainer beats: `EBM_HEARTBEAT_SECONDS`, 0.1 to 600, for file systems that are slow. */
function beatMs({ EBM_HEARTBEAT_SECONDS: seconds }: NodeJS.ProcessEnv = process.env): number {
  const ms = Math.round(Number(seconds) * 1_000);
  return ms >= 100 && ms <= 600_000 ? ms : usualBeatMs;
}
