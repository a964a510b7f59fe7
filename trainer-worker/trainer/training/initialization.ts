/** Parameters that a training begins with, out of a safetensors file instead of drawn from the seed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ProblemError } from '../../../protocol/problem';
import type { KeptFile } from '../../../protocol/run';
import { readInitialParameters } from '../../../run-directory/initial-parameters';
import {
  readableNames,
  readSafetensors,
  type SafetensorsFile,
  type UnreadTensor,
} from '../../../run-directory/safetensors';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import { formatShape, sameShape } from '../../compiler/graph/shape';
import { excerpt } from '../../methods/options/excerpt';
import { nearest } from '../../methods/options/nearest';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { placeOfOption } from '../experiment/option-location';
import { parameterName } from './model-programs';

/** Where initial parameters come from. */
export interface Initialization extends KeptFile {
  /**
   * The parameters with the file's numbers.
   *
   * @param drawn the parameters that the energy has, with any numbers
   * @throws ProblemError of kind `experiment` that says all that does not fit
   */
  fill(drawn: readonly NamedTensor[]): NamedTensor[];
}

/**
 * Reads what an experiment's `initialize` names; of a kept experiment what its run keeps.
 *
 * @returns nothing where the seed is to decide
 * @throws ProblemError of kind `experiment` at the option's place when it cannot be read, of kind
 *   `storage` when what the run keeps cannot
 */
export async function readInitialization(
  loaded: LoadedExperiment,
): Promise<Initialization | undefined> {
  const { initialize } = loaded.experiment;
  if (initialize === null) return undefined;
  const refuse = (message: string, remedy: string, cause?: unknown) => {
    const location = placeOfOption(loaded, ['initialize']);
    return new ProblemError(
      { kind: 'experiment', message, remedy, ...(location ? { location } : {}) },
      { cause },
    );
  };
  const { keptInitial } = loaded;
  if (keptInitial !== undefined) {
    const { directory, file, sha256 } = keptInitial;
    const tensors = await readInitialParameters(directory);
    return { file, sha256, fill: (drawn) => filled(drawn, { tensors, unread: [] }, file, refuse) };
  }
  // As paths of data are: relative to where the experiment was launched.
  const file = path.resolve(path.dirname(loaded.file), initialize);
  const bytes = await readFile(file).catch((thrown: NodeJS.ErrnoException) => {
    throw thrown.code === 'ENOENT'
      ? refuse(
          `initialize: the file ${file} does not exist.`,
          'Correct the path; it is relative to the experiment file.',
          thrown,
        )
      : refuse(
          `initialize: ${file} cannot be read: ${thrown.message}.`,
          'Check that it is a file that you may read.',
          thrown,
        );
  });
  let given: FoundTensors;
  try {
    given = readSafetensors(bytes);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw refuse(
      `initialize: ${file} is no safetensors file that can be read: ${why}`,
      'Write it with safetensors, from tensors of floats.',
      thrown,
    );
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file: initialize, sha256, fill: (drawn) => filled(drawn, given, initialize, refuse) };
}

/** What is wrong is told of so many tensors. */
const mostFaults = 6;

/** The tensors of a file, those of numbers that can be parameters and those that cannot. */
type FoundTensors = Pick<SafetensorsFile, 'tensors' | 'unread'>;

function filled(
  drawn: readonly NamedTensor[],
  given: FoundTensors,
  file: string,
  refuse: (message: string, remedy: string) => ProblemError,
): NamedTensor[] {
  const wanted = new Set(drawn.map(({ name }) => name));
  const found = byParameterNames(given, wanted);
  // Counters of steps and the like are of types that no parameter has, and nobody asks for them.
  const extra = [...found].flatMap(([name, tensor]) =>
    wanted.has(name) || 'dtype' in tensor ? [] : [name],
  );
  const faults: string[] = [];
  let isTransposed = false;
  const parameters = drawn.map(({ name, shape, data: numbers }): NamedTensor => {
    const tensor = found.get(name);
    if (tensor === undefined) {
      const guess = nearest(name, extra);
      const meant = guess === undefined ? '' : ` (is it '${guess}' there?)`;
      faults.push(`it has no '${name}' ${formatShape(shape)}${meant}`);
      return { name, shape, data: numbers };
    }
    if ('dtype' in tensor) {
      faults.push(
        `'${name}' is of type ${excerpt(tensor.dtype)} there; ${readableNames} can be read`,
      );
      return { name, shape, data: numbers };
    }
    const { shape: there, data } = tensor;
    if (!sameShape(there, shape)) {
      isTransposed ||= shape.length === 2 && sameShape([...there].reverse(), shape);
      faults.push(`'${name}' is ${formatShape(there)} there and ${formatShape(shape)} here`);
    } else if (!data.every(Number.isFinite)) {
      faults.push(`'${name}' has numbers that single precision does not have, or NaN`);
    }
    return { name, shape, data };
  });
  faults.push(
    ...extra.map((name) => `its '${name}' ${formatShape(found.get(name)!.shape)} is no parameter`),
  );
  if (faults.length === 0) return parameters;
  const told = faults.slice(0, mostFaults).join('; ');
  const more = faults.length > mostFaults ? `; and ${faults.length - mostFaults} more` : '';
  const names = drawn.map(({ name, shape }) => `${name} ${formatShape(shape)}`);
  throw refuse(
    `initialize: ${file} does not fit the energy: ${told}${more}.`,
    isTransposed
      ? 'PyTorch keeps the weights of linear layers as [outputs, inputs]: save them transposed.'
      : `The energy’s parameters are ${names.slice(0, 2 * mostFaults).join(', ')}${names.length > 2 * mostFaults ? ', …' : ''}.`,
  );
}

/**
 * Tensors by the names that parameters have. In a checkpoint of ours these are a part of all it holds;
 * elsewhere a prefix that all names share, as of a module within a module, counts for nothing where the
 * names fit without it.
 */
function byParameterNames(
  { tensors: read, unread }: FoundTensors,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, NamedTensor | UnreadTensor> {
  const tensors = [...read, ...unread];
  const under = (prefix: string) =>
    new Map(
      tensors
        .filter(({ name }) => name.startsWith(prefix))
        .map((tensor) => [tensor.name.slice(prefix.length), tensor]),
    );
  const own = under(parameterName(''));
  if (own.size > 0) return own;
  const first = tensors[0]?.name ?? '';
  const shared = [...first.matchAll(/[./]/g)]
    .map(({ index }) => first.slice(0, index + 1))
    .filter((prefix) => tensors.every(({ name }) => name.startsWith(prefix)));
  const fits = (prefix: string) => {
    const names = under(prefix);
    return [...wanted].every((name) => names.has(name));
  };
  return under(['', ...shared].find(fits) ?? '');
}
