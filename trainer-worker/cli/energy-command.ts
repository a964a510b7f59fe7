import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import { findRun } from '../../run-directory/find-run';
import { formatNumber } from '../../vocabulary/quantities';
import { printResult } from './print-result';

export interface EnergyCommandOptions {
  readonly runs: string;
  /** Points as people write them. */
  readonly at: readonly string[];
  readonly checkpoint?: number;
  readonly backend?: WantedBackend;
  readonly json?: true;
}

/**
 * `ebm energy`: the energy of points under the model of a run as a checkpoint has it, with their score and
 * their density as far as there are such.
 *
 * @returns the process's exit code
 */
export async function energyCommand(text: string, options: EnergyCommandOptions): Promise<number> {
  return await printResult(async () => {
    const { runs, at, json, ...rest } = options;
    const directory = await findRun(text, path.resolve(runs));
    const { pointEnergies } = await import('../trainer/looking/point-energies');
    const { checkpoint, axes, points } = await pointEnergies(directory, { ...rest, points: at });
    const lines = points.map((point) => {
      if (json) return JSON.stringify({ checkpoint, ...point });
      const { energy, score, negativeLogDensity } = point;
      const parts = [
        axes.map((axis, column) => `${axis} ${point.point[column]}`).join(', '),
        `energy ${formatNumber(energy)}`,
        ...(score ? [`score ${score.map(formatNumber).join(', ')}`] : []),
        ...(negativeLogDensity === undefined ? [] : [`-log p ${formatNumber(negativeLogDensity)}`]),
      ];
      return parts.join(' · ');
    });
    return `${lines.join('\n')}\n`;
  });
}
