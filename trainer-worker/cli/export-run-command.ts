import path from 'node:path';
import { metricsAsCsv } from '../../run-directory/export-csv';
import { exportMetrics, exportRun } from '../../run-directory/export-run';
import { findRun } from '../../run-directory/find-run';
import { printResult } from './print-result';

export interface ExportRunOptions {
  readonly runs: string;
  /** The metrics alone. */
  readonly csv?: true;
  /** The file; `-` for the output. */
  readonly to?: string;
}

/** Writes to the output, at the pace of whoever reads it; who has hung up holds up nothing. */
function written(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

/**
 * `ebm export`: a run as one ZIP archive, or its metrics as CSV.
 *
 * @returns the process's exit code
 */
export async function exportRunCommand(
  text: string,
  { runs, csv, to }: ExportRunOptions,
): Promise<number> {
  return await printResult(async () => {
    const directory = await findRun(text, path.resolve(runs));
    if (csv && to === '-') {
      for await (const piece of metricsAsCsv(directory)) await written(piece);
      return '';
    }
    const target = path.resolve(to ?? `${path.basename(directory)}.${csv ? 'csv' : 'zip'}`);
    await (csv ? exportMetrics(directory, target) : exportRun(directory, target));
    return `exported to ${target}\n`;
  });
}
