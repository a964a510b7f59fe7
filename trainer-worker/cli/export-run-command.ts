import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import { metricsAsCsv } from '../../run-directory/export-csv';
import { exportMetrics, exportRun, exportSamples } from '../../run-directory/export-run';
import { samplesAsCsv } from '../../run-directory/export-samples';
import { findRun } from '../../run-directory/find-run';
import { printResult } from './print-result';

export interface ExportRunOptions {
  readonly runs: string;
  /** The metrics alone. */
  readonly csv?: true;
  /** The samples of the newest preview alone, as CSV. */
  readonly samples?: true;
  /** The file; `-` for the output. */
  readonly to?: string;
}

/** Writes to the output, at the pace of whoever reads it; who has hung up holds up nothing. */
function written(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

/**
 * `ebm export`: a run as one ZIP archive, or its metrics or samples as CSV.
 *
 * @returns the process's exit code
 */
export async function exportRunCommand(
  text: string,
  { runs, csv, samples, to }: ExportRunOptions,
): Promise<number> {
  return await printResult(async () => {
    if (csv && samples) {
      throw new ProblemError({
        kind: 'experiment',
        message: '--csv and --samples both say what the table has.',
        remedy: 'Leave one of them out.',
      });
    }
    const directory = await findRun(text, path.resolve(runs));
    if ((csv || samples) && to === '-') {
      const pieces = csv ? metricsAsCsv(directory) : samplesAsCsv(directory);
      for await (const piece of pieces) await written(piece);
      return '';
    }
    const name = path.basename(directory);
    const target = path.resolve(
      to ?? (samples ? `${name}.samples.csv` : `${name}.${csv ? 'csv' : 'zip'}`),
    );
    if (samples) await exportSamples(directory, target);
    else await (csv ? exportMetrics(directory, target) : exportRun(directory, target));
    return `exported to ${target}\n`;
  });
}
