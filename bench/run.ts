/**
 * Whole trainings, from the shell's start to the last step on disk: `ebm run` beside ebmkit, torchebm and
 * a loop in PyTorch, in turns. What looking costs is the difference to a run that hardly looks.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { experimentText, type Recipe, recipes } from './recipes';
import { findPython } from './step-peers';
import { type Line, type Measure, measure, median, report } from './table';

const rounds = Number(process.env['EBM_BENCH_ROUNDS'] ?? 3);
/** Lengths of trainings: short ones, which mostly start, and long ones, which mostly step. */
const lengths = (process.env['EBM_BENCH_STEPS'] ?? '500,4000').split(',').map(Number);
/** Names of recipes; all where absent. */
const wanted = process.env['EBM_BENCH_RECIPES']?.split(';');
const peers = ['ebmkit', 'torchebm', 'pytorch'] as const;

const folder = mkdtempSync(path.join(os.tmpdir(), 'ebm-bench-run-'));
const python = findPython();

/** Seconds that a process takes; undefined where it cannot do that (exit code 3). */
function secondsOf(command: string, args: readonly string[], input?: string): number | undefined {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  if (status === 3) return undefined;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
  return (performance.now() - start) / 1000;
}

function ours(recipe: Recipe, looks: boolean, steps: number): number {
  const file = path.join(folder, 'bench.ebm.ts');
  writeFileSync(file, experimentText(recipe, looks));
  const seconds = secondsOf(process.execPath, [
    path.resolve('dist/ebm.js'),
    ...['run', file, '--backend', 'onnx-cpu', '--steps', String(steps), '--json'],
  ]);
  rmSync(path.join(folder, '.ebm'), { recursive: true, force: true });
  return seconds!;
}

function theirs(recipe: Recipe, peer: string, steps: number): number | undefined {
  if (python === undefined) return undefined;
  const script = path.resolve('bench/run-peers.py');
  return secondsOf(python, [script], JSON.stringify({ ...recipe, peer, steps }));
}

function measured(values: readonly (number | undefined)[]): Measure | undefined {
  const found = values.filter((value) => value !== undefined);
  return found.length === values.length ? measure('seconds', found) : undefined;
}

const whole: Line[] = [];
const shares: Line[] = [];
/** How many times as long the best of the libraries takes. */
const leads: number[] = [];
try {
  for (const recipe of recipes.filter(({ name }) => wanted?.includes(name) ?? true)) {
    const start: number[] = [];
    for (const steps of lengths) {
      const times: Record<string, (number | undefined)[]> = {};
      const take = (name: string, seconds: number | undefined) => {
        times[name] = [...(times[name] ?? []), seconds];
      };
      for (let round = 0; round < rounds; round++) {
        take('ours', ours(recipe, true, steps));
        take('blind', ours(recipe, false, steps));
        if (steps === lengths[0]) start.push(ours(recipe, false, 1));
        for (const peer of peers) take(peer, theirs(recipe, peer, steps));
      }
      const columns = Object.fromEntries(
        Object.entries(times).map(([name, values]) => [name, measured(values)]),
      );
      const own = columns['ours']!.median;
      const libraries = [columns['ebmkit'], columns['torchebm']].flatMap((one) => one ?? []);
      const best = Math.min(...libraries.map((one) => one.median));
      if (libraries.length > 0) leads.push(best / own);
      whole.push({
        name: `${recipe.name}: ${steps} steps`,
        measures: [
          columns['ours'],
          ...peers.map((peer) => columns[peer]),
          libraries.length > 0 ? measure('ratio', best / own) : undefined,
        ],
      });
      const blind = columns['blind']!.median;
      shares.push({
        name: `${recipe.name}: ${steps} steps`,
        measures: [
          measure('seconds', start),
          measure('ms', (1000 * (blind - median(start))) / (steps - 1)),
          measure('%', (100 * (own - blind)) / own),
        ],
      });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const mean = Math.exp(leads.reduce((sum, lead) => sum + Math.log(lead), 0) / leads.length);
report([
  {
    title: 'Whole trainings, from the start of the shell; medians, in turns.',
    remarks: [
      leads.length > 0
        ? `The better of the two libraries takes ${mean.toFixed(2)} times as long, in the geometric mean.`
        : 'No peers: name a Python with ebmkit, torchebm and torch in EBM_BENCH_PYTHON.',
    ],
    head: ['training', 'ebm run', ...peers, 'best library slower by'],
    rows: whole,
  },
  {
    title: 'Where the time of ebm run goes.',
    remarks: [
      'A step: with its record and its share of the checkpoints. Looking: of the whole run.',
    ],
    head: ['training', 'to the first step', 'a step', 'looking'],
    rows: shares,
  },
]);
