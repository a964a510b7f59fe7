import path from 'node:path';
import { printable } from '../../protocol/printable';
import type { QueueView } from '../../run-directory/slurm-queue';
import { countByStanding, reasonText, standingText } from '../../vocabulary/slurm-tasks';
import { textTable } from './text-table';

/** What is with Slurm, as a script reads it. */
export function slurmRows({ standings }: QueueView) {
  return standings.map(({ name, jobs, folder, rows, ended }) => ({
    slurm: { name, jobs, ...(rows && countByStanding(rows)), ...(ended && { ended }), folder },
  }));
}

/** What is with Slurm, as people read it below their runs; nothing where nothing is. */
export function slurmTable({ standings, problem }: QueueView): string {
  const warning = problem === undefined ? '' : `\n${printable(problem)}\n`;
  if (standings.length === 0) return warning;
  const table = textTable(
    ['Slurm job', 'key', 'name', 'tasks'],
    standings.map(({ name, jobs, folder, rows, ended }) => [
      jobs.join(),
      path.basename(folder),
      name,
      standingText(rows, ended),
    ]),
  );
  const reasons = new Set(standings.flatMap(({ rows = [] }) => countByStanding(rows).reasons));
  const told = [...reasons].flatMap((reason) => {
    const text = reasonText(reason);
    return text === undefined ? [] : [`${printable(reason)}: ${text}\n`];
  });
  return `\n${table}${told.join('')}${warning}`;
}
