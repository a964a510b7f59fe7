import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import { type ChainStart, drawnFormats } from '../../protocol/looking';
import { ProblemError } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { drawnFacts, drawnFile, isDrawnFormat } from '../../run-directory/drawn-samples';
import { replaceFile } from '../../run-directory/files';
import { findRun } from '../../run-directory/find-run';
import { formatCount } from '../../vocabulary/quantities';
import { printResult } from './print-result';

export interface DrawCommandOptions {
  readonly runs: string;
  readonly sampler?: string;
  readonly set: JsonObject;
  readonly steps?: number;
  readonly count?: number;
  readonly from?: ChainStart;
  readonly checkpoint?: number;
  readonly seed?: number;
  readonly backend?: WantedBackend;
  /** The file; its ending says what it is. */
  readonly out?: string;
  readonly json?: true;
}

/**
 * `ebm draw`: samples of the model of a run as a checkpoint has it, in a file, in the units of the data.
 *
 * @returns the process's exit code
 */
export async function drawCommand(text: string, options: DrawCommandOptions): Promise<number> {
  return await printResult(async () => {
    const directory = await findRun(text, path.resolve(options.runs));
    const { runs: _, set: settings, from: start, out, json, ...rest } = options;
    const target = path.resolve(out ?? `${path.basename(directory)}.drawn.npy`);
    const format = path.extname(target);
    if (!isDrawnFormat(format)) throw unknownFormat(target);
    if (isInside(directory, target)) throw inRun(target);
    const { drawSamples } = await import('../trainer/looking/draw-samples');
    const drawn = await drawSamples(directory, {
      ...rest,
      settings,
      ...(start ? { start } : {}),
    });
    await replaceFile(path.dirname(target), path.basename(target), drawnFile(drawn, format));
    if (json) return `${JSON.stringify({ file: target, ...drawnFacts(drawn) })}\n`;
    const { count, name, checkpoint, sampler, steps } = drawn;
    const how = steps === 0 ? '' : `, by ${steps} iterations of sampler.${sampler['type']}`;
    return `${formatCount(count)} ${count === 1 ? 'sample' : 'samples'} of ‘${name}’ at step ${formatCount(checkpoint)}, from ${drawn.start}${how}: ${target}\n`;
  });
}

function isInside(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

function unknownFormat(target: string): ProblemError {
  return new ProblemError({
    kind: 'environment',
    message: `${target}: '${path.extname(target)}' is no ending of a file of samples.`,
    remedy: `Let it end in ${drawnFormats.join(', ')}.`,
  });
}

function inRun(target: string): ProblemError {
  return new ProblemError({
    kind: 'environment',
    message: `${target} lies in the run, whose record stays as it is.`,
    remedy: 'Choose another place with --out.',
  });
}
