import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { handOver, type LaunchTask, type RunOptions } from '../../protocol/launch-task';
import type { Peer } from '../../protocol/peer';
import type { SeriesChunks } from '../../protocol/run';
import { connectToTrainer, trainerSocketPath } from '../../protocol/socket-transport';
import type { Attachment, EditorSide, TrainerSide } from '../../protocol/trainer';
import { readScalars } from '../../run-directory/event-file';
import { newRunName, runIdOf } from '../../run-directory/naming';
import { until } from './condition';
import { makeFolder, removeAfter } from './temporary';

/** The `ebm` command, as built. */
export const ebm = path.resolve('dist/ebm.js');

/** An experiment whose steps are as cheap as they can be. Fields replace or add to its own. */
export function experimentSource(fields: { [name: string]: string } = {}): string {
  const all = {
    name: "'quick'",
    data: 'data.twoMoons({ samples: 200, heldOut: 20 })',
    energy: 'energy.mlp({ hidden: [4] })',
    objective:
      'objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 1, stepSize: 0.1 }) })',
    optimizer: 'optimizer.adam({ learningRate: 1e-3 })',
    batchSize: '4',
    steps: '1_000_000',
    preview: '{ every: 1_000_000, samples: 8, resolution: 8, chainSteps: 0 }',
    ...fields,
  };
  const body = Object.entries(all).map(([name, value]) => `  ${name}: ${value},\n`);
  return (
    "import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';\n" +
    `export default experiment({\n${body.join('')}});\n`
  );
}

/** A program that was started for a test, and what it printed so far. */
export interface Program {
  readonly process: ChildProcess;
  readonly pid: number;
  out(): string;
  errors(): string;
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
}

/**
 * Starts a program; the test ends it if it has not ended by itself.
 *
 * @param options with the task of a trainer, or the text in its place
 */
export function start(
  t: TestContext,
  command: readonly string[],
  { task, ...options }: { cwd?: string; env?: NodeJS.ProcessEnv; task?: LaunchTask | string } = {},
): Program {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  if (typeof task === 'object') handOver(task, child);
  else child.stdin.end(task);
  const printed = { out: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.errors += text;
  });
  const exited = once(child, 'close').then(([code, signal]) => code ?? signal);
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  return {
    process: child,
    pid: child.pid ?? 0,
    out: () => printed.out,
    errors: () => printed.errors,
    exited,
  };
}

export interface ServedTrainer extends Program {
  readonly directory: string;
  readonly socket: string;
  /** A new connection, as soon as it listens. */
  connect(): Promise<Peer<EditorSide, TrainerSide>>;
}

/** Starts `ebm serve` for an experiment file's text, the way the extension does. */
export async function serve(
  t: TestContext,
  source: string,
  {
    prefix = [],
    told = {},
    task,
    directory: existing,
  }: {
    prefix?: readonly string[];
    told?: Partial<RunOptions>;
    task?: string;
    /** Of a run that is to go on, in place of a new one's. */
    directory?: string;
  } = {},
): Promise<ServedTrainer> {
  const folder = await makeFolder();
  const file = path.join(folder, 'quick.ebm.ts');
  await writeFile(file, source);
  const { id, directoryName } = newRunName(new Date(), file);
  const directory = existing ?? path.join(folder, '.ebm/runs', directoryName);
  await mkdir(directory, { recursive: true });
  const socket = trainerSocketPath(runIdOf(path.basename(directory)) ?? id);
  const program = start(
    t,
    [
      ...prefix,
      process.execPath,
      ebm,
      'serve',
      '--run-directory',
      directory,
      '--socket',
      socket,
      '--task',
      '-',
    ],
    {
      cwd: folder,
      task: task ?? { kind: 'begin', experiment: file, overrides: {}, ...told },
    },
  );
  // Hooks run in the order they were made: the process has ended when this one runs.
  removeAfter(t, folder);
  const connect = async () => {
    const peer = await until('the trainer listens', () => {
      const { exitCode } = program.process;
      if (exitCode !== null) throw new Error(`It ended (${exitCode}): ${program.errors()}`);
      return connectToTrainer(socket).catch(() => undefined);
    });
    t.after(() => peer.close());
    return peer;
  };
  return { ...program, directory, socket, connect };
}

/** Steps and values of one curve, as a reader of the run collects them. */
export class Curve {
  readonly #name: string;
  readonly steps: number[] = [];
  readonly values: number[] = [];

  constructor(name = 'loss') {
    this.#name = name;
  }

  add(series: SeriesChunks): void {
    const chunk = series[this.#name];
    this.steps.push(...(chunk?.steps ?? []));
    this.values.push(...(chunk?.values ?? []));
  }
}

/** Reads a run's event file up to an offset; fails if it is damaged. */
export async function readCurve(
  directory: string,
  to?: number,
  from = 0,
  name = 'loss',
): Promise<Curve> {
  const curve = new Curve(name);
  for await (const chunk of readScalars(directory, { from, ...(to === undefined ? {} : { to }) })) {
    if (chunk.problem) throw new Error(chunk.problem.message);
    curve.add(chunk.series);
  }
  return curve;
}

/** Attaches, and collects what comes after the attachment. */
export async function attachAndFollow(
  peer: Peer<EditorSide, TrainerSide>,
): Promise<{ attachment: Attachment; later: Curve }> {
  const later = new Curve();
  peer.on('metrics', (series) => later.add(series));
  return { attachment: await peer.request('attach', {}), later };
}
