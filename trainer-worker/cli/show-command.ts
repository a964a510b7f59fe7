import path from 'node:path';
import { problemOf } from '../../protocol/problem';
import { readAnnotations, readNotes } from '../../run-directory/annotations';
import { listCheckpoints } from '../../run-directory/checkpoints';
import { diskUse, sizeText } from '../../run-directory/disk-use';
import { findRun } from '../../run-directory/find-run';
import { lastValues } from '../../run-directory/last-values';
import { readManifest } from '../../run-directory/manifest';
import { exitCode } from './exit-code';
import { statusOf } from './list-command';
import { problemText } from './problem-text';
import { formatNumber, formatSeconds } from './run-reporter';

export interface ShowOptions {
  readonly runs: string;
  readonly json?: true;
}

/**
 * `ebm show`: what a run was made of, how it went and what is kept of it.
 *
 * @returns the process's exit code
 */
export async function showCommand(text: string, { runs, json }: ShowOptions): Promise<number> {
  try {
    const directory = await findRun(text, path.resolve(runs));
    const manifest = await readManifest(directory);
    const [status, checkpoints, bytes, metrics, annotations, notes] = await Promise.all([
      statusOf(manifest),
      listCheckpoints(directory),
      diskUse(directory),
      lastValues(directory),
      readAnnotations(directory),
      readNotes(directory),
    ]);
    if (json) {
      const kept = { status, directory, checkpoints, bytes, last: metrics };
      const shown = { ...manifest, ...annotations, notes, ...kept };
      process.stdout.write(`${JSON.stringify(shown)}\n`);
      return 0;
    }
    const {
      state,
      experiment,
      dataFiles = [],
      initialize,
      parent,
      group,
      git,
      resumes = [],
      warnings = [],
      backend,
    } = manifest;
    const rows: [string, string | undefined][] = [
      ['name', `${annotations.starred ? '★ ' : ''}${annotations.name ?? manifest.name}`],
      ['named', annotations.name === undefined ? undefined : `${manifest.name} by its experiment`],
      ['tags', annotations.tags.length > 0 ? annotations.tags.join(' ') : undefined],
      ['id', manifest.id],
      ['status', `${status}, ${state.step} of ${state.steps} steps`],
      ['problem', state.problem?.message],
      ['begun', manifest.createdAt],
      ['trained', formatSeconds(manifest.trainingSeconds)],
      ['experiment', experiment.file],
      ['seed', String(manifest.seed)],
      [
        'overrides',
        Object.keys(manifest.overrides).length ? JSON.stringify(manifest.overrides) : undefined,
      ],
      ...dataFiles.map(({ file, sha256 }): [string, string] => [
        'data',
        `${file} (SHA-256 ${sha256})`,
      ]),
      ['initialized', initialize && `from ${initialize.file} (SHA-256 ${initialize.sha256})`],
      ['parent', parent],
      ['sweep', group && `${group.name}, run ${group.index + 1} of ${group.of}`],
      ['git', git && `${git.commit}${git.dirty ? ', with changes' : ''}`],
      ['backend', backend && `${backend.name}, ${backend.reason}`],
      ...resumes.map(({ at, step }): [string, string] => ['resumed', `from step ${step}, ${at}`]),
      ...warnings.map((warning): [string, string] => ['warning', warning]),
      ['directory', `${directory} (${sizeText(bytes)})`],
      ['checkpoints', checkpoints.length ? `of steps ${checkpoints.join(', ')}` : 'none'],
    ];
    const facts = rows.flatMap(([name, value]) =>
      value === undefined ? [] : [`${name.padEnd(13)}${value}\n`],
    );
    const noted = notes.trim() === '' ? '' : `notes\n${notes.trim().replace(/^/gm, '  ')}\n`;
    const width = Math.max(0, ...Object.keys(metrics).map((name) => name.length)) + 2;
    const values = Object.entries(metrics).map(
      ([name, value]) => `  ${name.padEnd(width)}${formatNumber(value)}\n`,
    );
    const configuration = JSON.stringify(manifest.config, undefined, 2);
    process.stdout.write(
      `${facts.join('')}${noted}metrics\n${values.join('')}configuration\n${configuration}\n`,
    );
    return 0;
  } catch (thrown) {
    process.stderr.write(`${problemText(problemOf(thrown))}\n`);
    return exitCode.refused;
  }
}
