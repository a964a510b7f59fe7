import path from 'node:path';
import { printable } from '../../protocol/printable';
import { type Problem, ProblemError, problemOf } from '../../protocol/problem';
import { noAnnotations, readAnnotations, readNotes } from '../../run-directory/annotations';
import { checkpointFacts } from '../../run-directory/checkpoint-facts';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { diskUse, sizeText } from '../../run-directory/disk-use';
import { findRun } from '../../run-directory/find-run';
import { lastValues } from '../../run-directory/last-values';
import { readManifest } from '../../run-directory/manifest';
import { changeText } from '../../vocabulary/knobs';
import { formatCount, formatDuration, formatNumber } from '../../vocabulary/quantities';
import { factsOf } from '../../vocabulary/run-status';
import { rungText } from '../../vocabulary/rungs';
import { exitCode } from './exit-code';
import { conditionNow } from './list-command';
import { printResult } from './print-result';
import { problemText } from './problem-text';
import { valuesText } from './run-reporter';
import { textTable } from './text-table';

export interface ShowOptions {
  readonly runs: string;
  readonly json?: true;
  /** Instead of all that: how the numbers of a checkpoint are distributed. */
  readonly parameters?: true;
  /** The step of that checkpoint; the newest where absent. */
  readonly checkpoint?: number;
}

/**
 * `ebm show`: what a run was made of, how it went and what is kept of it.
 *
 * @returns the process's exit code
 */
export async function showCommand(text: string, options: ShowOptions): Promise<number> {
  const { runs, json } = options;
  if (options.parameters) return await printResult(() => parametersText(text, options));
  try {
    const directory = await findRun(text, path.resolve(runs));
    const manifest = await readManifest(directory);
    const broken: Problem[] = [];
    const orNone = <T>(part: Promise<T>, none: T) =>
      part.catch((thrown: unknown) => {
        broken.push(problemOf(thrown, 'storage'));
        return none;
      });
    const [status, checkpoints, bytes, metrics, annotations, notes] = await Promise.all([
      conditionNow(directory, manifest),
      orNone(listCheckpoints(directory), []),
      orNone(diskUse(directory), 0),
      orNone(lastValues(directory), {}),
      orNone(readAnnotations(directory), noAnnotations),
      orNone(readNotes(directory), ''),
    ]);
    if (json) {
      const kept = { status, directory, checkpoints, bytes, last: metrics, broken };
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
      knobs = [],
      changes = [],
      resumes = [],
      warnings = [],
      backend,
    } = manifest;
    const rows: [string, string | undefined][] = [
      ['name', `${annotations.starred ? '★ ' : ''}${annotations.name ?? manifest.name}`],
      ['named', annotations.name === undefined ? undefined : `${manifest.name} by its experiment`],
      ['tags', annotations.tags.length > 0 ? annotations.tags.join(' ') : undefined],
      ['id', manifest.id],
      [
        'status',
        `${rungText(manifest) ?? factsOf(status).word}, ${formatCount(state.step)} of ${formatCount(state.steps)} steps`,
      ],
      ['problem', state.problem?.message],
      ['begun', manifest.createdAt],
      ['trained', formatDuration(manifest.trainingSeconds)],
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
      ...resumes.map(({ at, step }): [string, string] => [
        'resumed',
        `from step ${formatCount(step)}, ${at}`,
      ]),
      ...changes.map((change): [string, string] => [
        'changed',
        `${changeText(knobs, change)} after step ${formatCount(change.step)}`,
      ]),
      ...warnings.map((warning): [string, string] => ['warning', warning]),
      ...broken.map(({ message }): [string, string] => ['broken', message]),
      ['directory', `${directory} (${sizeText(bytes)})`],
      ['checkpoints', checkpoints.length ? `of steps ${checkpoints.join(', ')}` : 'none'],
    ];
    const facts = rows.flatMap(([name, value]) =>
      value === undefined ? [] : [`${name.padEnd(13)}${value}\n`],
    );
    const noted = notes.trim() === '' ? '' : `notes\n${notes.trim().replace(/^/gm, '  ')}\n`;
    const configuration = JSON.stringify(manifest.config, undefined, 2);
    process.stdout.write(
      printable(
        `${facts.join('')}${noted}metrics\n${valuesText(manifest.metrics, metrics)}configuration\n${configuration}\n`,
      ),
    );
    return 0;
  } catch (thrown) {
    process.stderr.write(`${problemText(problemOf(thrown))}\n`);
    return exitCode.refused;
  }
}

/** `ebm show --parameters`: a line a tensor of a checkpoint, for which no code of the run is executed. */
async function parametersText(
  text: string,
  { runs, json, checkpoint }: ShowOptions,
): Promise<string> {
  const directory = await findRun(text, path.resolve(runs));
  const step = checkpoint ?? (await listCheckpoints(directory)).at(-1);
  if (step === undefined) {
    throw new ProblemError({
      kind: 'storage',
      message: `${directory} has kept no checkpoint.`,
      remedy: 'Wait for the first one, or have one written: ebm checkpoint.',
    });
  }
  const facts = checkpointFacts(await readCheckpoint(directory, step));
  if (json) return `${JSON.stringify(facts)}\n`;
  const groups = [
    ['', facts.parameters],
    ['average of ', facts.averages],
    ['buffer, ', facts.buffer],
  ] as const;
  const lines = groups.flatMap(([prefix, tensors]) =>
    tensors.map(({ name, shape, mean, deviation, min, max, notFinite }) => [
      prefix + name,
      shape.join(' × '),
      ...[mean, deviation, min, max].map(formatNumber),
      String(notFinite),
    ]),
  );
  const head = ['tensor', 'shape', 'mean', 'deviation', 'least', 'most', 'not finite'];
  return `checkpoint at step ${formatCount(step)}\n${textTable(head, lines)}`;
}
