/**
 * Who trains a run, and that it lives: `control/trainer.json`, which is made once and never changed, and
 * beside it `<token>.beat`, which that trainer alone replaces every few seconds. Whoever looks opens them
 * anew, which is what shared file systems promise to keep up to date.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { RunWorker } from '../protocol/run';
import { readRegularFile } from './files';
import { hostSchema, jobSchema } from './host';
import { errorCode } from './storage-problem';

/** Where a trainer is heard of, and asked for something, without its socket. */
export const controlFolder = 'control';
export const claimFile = `${controlFolder}/trainer.json`;
export const largestClaim = 4096;

/** How often trainers beat, unless they are told otherwise (milliseconds). */
export const usualBeatMs = 4_000;

const claimSchema = z.object({
  formatVersion: z.literal(1),
  token: z.string().regex(/^[0-9a-f]{32}$/),
  everyMs: z.number().int().min(100).max(600_000),
  pid: z.number().int().positive(),
  socket: z.string(),
  host: hostSchema,
  job: z.exactOptional(jobSchema),
});

/** Who has a run. */
export interface Claim extends RunWorker {
  /** Of this trainer of this run alone. */
  readonly token: string;
  /** How often it beats. */
  readonly everyMs: number;
}

/** Who has a run, and how often it has beaten. */
export interface Heartbeat extends Claim {
  readonly count: number;
}

/** A claim as its file has it. */
export function claimText(claim: Claim): string {
  return `${JSON.stringify({ formatVersion: 1, ...claim }, undefined, 2)}\n`;
}

/** @returns the claim in a text; nothing where it is none, or half of one */
export function parseClaim(text: string | undefined): Claim | undefined {
  if (text === undefined) return undefined;
  try {
    const { formatVersion: _, ...claim } = claimSchema.parse(JSON.parse(text));
    return claim;
  } catch {
    return undefined;
  }
}

/** Where a trainer beats. */
export function beatFile(token: string): string {
  return `${controlFolder}/${token}.beat`;
}

/** @returns the beats in a text; none where that cannot be seen */
export function parseBeat(text: string | undefined): number {
  return Number(/^\d{1,15}(?=\n$)/.exec(text ?? '')?.[0] ?? 0);
}

/** A heartbeat and how old its file is, by clocks that may differ. */
export interface SeenHeartbeat {
  readonly heartbeat: Heartbeat;
  readonly ageMs: number;
}

/** The heartbeat of a run; nothing where none is to be seen, for whatever reason, just now. */
export async function readHeartbeat(directory: string): Promise<SeenHeartbeat | undefined> {
  try {
    const claim = parseClaim(await readText(directory, claimFile));
    if (!claim) return undefined;
    const beats = await readText(directory, beatFile(claim.token)).catch(() => undefined);
    const newest = beats === undefined ? claimFile : beatFile(claim.token);
    const { mtimeMs } = await stat(path.join(directory, newest));
    const heartbeat = { ...claim, count: parseBeat(beats) };
    return { heartbeat, ageMs: Date.now() - mtimeMs };
  } catch {
    // Not there yet, or no more, or a server that has to be asked again.
    return undefined;
  }
}

async function readText(directory: string, file: string): Promise<string> {
  return new TextDecoder().decode(await readRegularFile(directory, file, largestClaim));
}

/** Whether a file is not there, or a file system across the network has lost sight of it for now. */
export function isNotThere(thrown: unknown): boolean {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ESTALE') return true;
  }
  return false;
}
