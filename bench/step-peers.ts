import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What to do where the peers are missing. */
export const peersRemedy =
  'PyTorch and JAX are not measured: no Python with torch was found. On Debian and Ubuntu: ' +
  'apt install python3-torch libopenblas0-pthread; or name a Python in EBM_BENCH_PYTHON.';

/** A Python that has PyTorch, if there is one. */
export function findPython(): string | undefined {
  const asked = process.env['EBM_BENCH_PYTHON'];
  return (asked ? [asked] : ['python3', '/usr/bin/python3']).find(
    (name) => spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
  );
}

/** Peers that may be asked for a step of `bench/rows.ts`; see peer-steps.py. */
export type StepPeer = 'eager' | 'compiled' | 'jax';

/** Python in a process of its own, whose libraries step when asked. */
export class StepPeers {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** Versions, and the BLAS. */
  readonly description: string;

  private constructor(process: ChildProcess, lines: AsyncIterator<string>, description: string) {
    this.#process = process;
    this.#lines = lines;
    this.description = description;
  }

  /**
   * @param rows what there is to run, as the script reads it
   * @param script a program of `bench/` that answers as peer-steps.py does
   * @returns undefined where no Python with torch is found
   */
  static async start(
    rows: readonly object[],
    script = 'peer-steps.py',
  ): Promise<StepPeers | undefined> {
    const python = findPython();
    if (python === undefined) return undefined;
    const child = spawn(python, [`bench/${script}`], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write(`${JSON.stringify(rows)}\n`);
    const { description } = await answer<{ description: string }>(lines);
    return new StepPeers(child, lines, description);
  }

  /** Milliseconds of each step, for so many seconds after as many to warm up; null where the peer is not there or cannot do the row. */
  async run(peer: string, row: number, seconds: number): Promise<number[] | null> {
    this.#process.stdin?.write(`${JSON.stringify({ peer, row, seconds })}\n`);
    return (await answer<{ times: number[] | null }>(this.#lines)).times;
  }

  close(): void {
    this.#process.stdin?.end();
  }
}

async function answer<T>(lines: AsyncIterator<string>): Promise<T> {
  const { value, done } = await lines.next();
  if (done) throw new Error('The Python process has ended.');
  return JSON.parse(value) as T;
}
