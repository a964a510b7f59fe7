import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import { ProblemError } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { rowsAsCsv, samplesInUnits } from '../../run-directory/export-samples';
import { replaceFile } from '../../run-directory/files';
import { findRun } from '../../run-directory/find-run';
import { writeNpy } from '../../run-directory/npy';
import { writeSafetensors } from '../../run-directory/safetensors';
import { formatCount } from '../../vocabulary/quantities';
import type { ChainStart } from '../trainer/looking/chain-start';
import type { Drawn } from '../trainer/looking/draw-samples';
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

/** What samples are written as, by the ending of the file: the parts of it in order. */
const formats: Readonly<Record<string, (drawn: Drawn) => Uint8Array[]>> = {
  '.npy': (drawn) => writeNpy(inUnits(drawn), [drawn.count, drawn.layout.dimensions]),
  '.csv': (drawn) => {
    const lines = [...rowsAsCsv(drawn, drawn.layout, drawn.transform)];
    return [new TextEncoder().encode(lines.join(''))];
  },
  '.safetensors'(drawn) {
    const { count, layout, energies } = drawn;
    return writeSafetensors(
      [
        { name: 'samples', shape: [count, layout.dimensions], data: inUnits(drawn) },
        { name: 'energies', shape: [count], data: energies },
      ],
      Object.fromEntries(
        Object.entries(factsOf(drawn)).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    );
  },
};

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
    const format = formats[path.extname(target)];
    if (format === undefined) throw unknownFormat(target);
    if (isInside(directory, target)) throw inRun(target);
    const { drawSamples } = await import('../trainer/looking/draw-samples');
    const drawn = await drawSamples(directory, {
      ...rest,
      settings,
      ...(start ? { start } : {}),
    });
    await replaceFile(path.dirname(target), path.basename(target), format(drawn));
    if (json) return `${JSON.stringify({ file: target, ...factsOf(drawn) })}\n`;
    const { count, name, checkpoint, sampler, steps } = drawn;
    const how = steps === 0 ? '' : `, by ${steps} iterations of sampler.${sampler['type']}`;
    return `${formatCount(count)} ${count === 1 ? 'sample' : 'samples'} of ‘${name}’ at step ${formatCount(checkpoint)}, from ${drawn.start}${how}: ${target}\n`;
  });
}

/** How samples came about, so that they can be drawn again. */
function factsOf({ run, checkpoint, sampler, steps, start, seed, backend, count }: Drawn) {
  return { run, checkpoint, sampler, steps, start, seed, backend, count };
}

function inUnits({ samples, layout, transform }: Drawn): Float32Array {
  return samplesInUnits(samples, layout, transform);
}

function isInside(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

function unknownFormat(target: string): ProblemError {
  return new ProblemError({
    kind: 'environment',
    message: `${target}: '${path.extname(target)}' is no ending of a file of samples.`,
    remedy: `Let it end in ${Object.keys(formats).join(', ')}.`,
  });
}

function inRun(target: string): ProblemError {
  return new ProblemError({
    kind: 'environment',
    message: `${target} lies in the run, whose record stays as it is.`,
    remedy: 'Choose another place with --out.',
  });
}
