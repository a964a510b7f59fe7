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
import { matchesPattern } from '../../methods/options/name-pattern';
import { nearest } from '../../methods/options/nearest';
import { type InitializeSpec, initializeSpec } from '../experiment/initialize-options';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { placeOfOption } from '../experiment/option-location';
import { parameterName } from './model-programs';
import { hasLayoutOfPyTorch, transposed } from './pytorch-layout';

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
  const spec = initializeSpec(initialize);
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
    // As the training began with them: under their own names, and laid out as here.
    const whole = initializeSpec(file);
    return { file, sha256, fill: (drawn) => filled(drawn, { tensors, unread: [] }, whole, refuse) };
  }
  // As paths of data are: relative to where the experiment was launched.
  const file = path.resolve(path.dirname(loaded.file), spec.file);
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
  return { file: spec.file, sha256, fill: (drawn) => filled(drawn, given, spec, refuse) };
}

/** What is wrong is told of so many tensors. */
const mostFaults = 6;

/** The tensors of a file, those of numbers that can be parameters and those that cannot. */
type FoundTensors = Pick<SafetensorsFile, 'tensors' | 'unread'>;

function filled(
  drawn: readonly NamedTensor[],
  given: FoundTensors,
  { file, names, transpose, partial }: InitializeSpec,
  refuse: (message: string, remedy: string) => ProblemError,
): NamedTensor[] {
  const own = drawn.map(({ name }) => name);
  requireMeant(own, names, transpose, refuse);
  const there = new Map(own.map((name) => [name, nameThere(name, names)]));
  requireDifferent(there, refuse);
  const wanted = new Set(there.values());
  const found = byParameterNames(given, wanted, partial);
  // Counters of steps and the like are of types that no parameter has, and nobody asks for them.
  const extra = [...found].flatMap(([name, tensor]) =>
    wanted.has(name) || 'dtype' in tensor ? [] : [name],
  );
  const faults: string[] = [];
  let isTransposed = false;
  let taken = 0;
  const parameters = drawn.map(({ name, shape, data: numbers }): NamedTensor => {
    const called = there.get(name)!;
    const known = called === name ? `'${name}'` : `'${name}' (there '${called}')`;
    const tensor = found.get(called);
    const asDrawn = { name, shape, data: numbers };
    if (tensor === undefined) {
      if (partial && !isNamed(name, names)) return asDrawn;
      const guess = nearest(called, extra);
      const meant = guess === undefined ? '' : ` (is it '${guess}' there?)`;
      faults.push(`it has no '${called}' ${formatShape(shape)}${meant}`);
      return asDrawn;
    }
    taken += 1;
    if ('dtype' in tensor) {
      faults.push(
        `${known} is of type ${excerpt(tensor.dtype)} there; ${readableNames} can be read`,
      );
      return asDrawn;
    }
    const isToTurn = transpose.some((pattern) => matchesPattern(pattern, name));
    if (isToTurn && tensor.shape.length !== 2 && tensor.shape.length !== 4) {
      faults.push(
        `${known} is ${formatShape(tensor.shape)} there, which has no layout to transpose`,
      );
      return asDrawn;
    }
    const turned = isToTurn ? transposed(tensor) : tensor;
    if (!sameShape(turned.shape, shape)) {
      isTransposed ||= !isToTurn && hasLayoutOfPyTorch(tensor.shape, shape);
      faults.push(
        `${known} is ${formatShape(tensor.shape)} there${isToTurn ? ', transposed' : ''} and ${formatShape(shape)} here`,
      );
    } else if (!turned.data.every(Number.isFinite)) {
      faults.push(`${known} has numbers that single precision does not have, or NaN`);
    }
    return { name, shape, data: turned.data };
  });
  if (partial) {
    if (taken === 0) faults.push('it has none of its parameters');
  } else {
    faults.push(
      ...extra.map(
        (name) => `its '${name}' ${formatShape(found.get(name)!.shape)} is no parameter`,
      ),
    );
  }
  if (faults.length === 0) return parameters;
  const told = faults.slice(0, mostFaults).join('; ');
  const more = faults.length > mostFaults ? `; and ${faults.length - mostFaults} more` : '';
  const shapes = drawn.map(({ name, shape }) => `${name} ${formatShape(shape)}`);
  throw refuse(
    `initialize: ${file} does not fit the energy: ${told}${more}.`,
    isTransposed
      ? 'PyTorch keeps weights as [outputs, inputs, …]: name them in transpose of initialize, or save them transposed.'
      : `The energy’s parameters are ${shapes.slice(0, 2 * mostFaults).join(', ')}${shapes.length > 2 * mostFaults ? ', …' : ''}.`,
  );
}

/** What a parameter is called in the file. */
function nameThere(name: string, names: InitializeSpec['names']): string {
  const key = keyOf(name, names);
  if (key === undefined) return name;
  const [before, after] = key.split('*');
  // What the star of the key stands for is put in place of that of its value.
  return after === undefined
    ? names[key]!
    : names[key]!.replace('*', () => name.slice(before!.length, name.length - after.length));
}

/** The entry that a parameter is named by: its own name before any pattern. */
function keyOf(name: string, names: InitializeSpec['names']): string | undefined {
  if (Object.hasOwn(names, name)) return name;
  return Object.keys(names).find((key) => key.includes('*') && matchesPattern(key, name));
}

const isNamed = (name: string, names: InitializeSpec['names']) => keyOf(name, names) !== undefined;

/** @throws ProblemError where a name or a pattern means no parameter, or stars do not fit each other */
function requireMeant(
  own: readonly string[],
  names: InitializeSpec['names'],
  transpose: readonly string[],
  refuse: (message: string, remedy: string) => ProblemError,
): void {
  const stars = (text: string) => text.split('*').length - 1;
  for (const [key, value] of Object.entries(names)) {
    if (stars(key) > 1 || stars(key) !== stars(value)) {
      throw refuse(
        `initialize: in names, '${key}' and '${value}' have not one * each, or none.`,
        "Write for example names: { 'filter*': 'convs.*.weight' }.",
      );
    }
  }
  for (const [option, patterns] of [
    ['names', Object.keys(names)],
    ['transpose', transpose],
  ] as const) {
    for (const pattern of patterns) {
      if (own.some((name) => matchesPattern(pattern, name))) continue;
      const guess = nearest(pattern, own);
      throw refuse(
        `initialize: ${option} has '${pattern}', but no parameter of the energy is called so.`,
        guess === undefined || pattern.includes('*')
          ? `The energy’s parameters are ${own.join(', ')}.`
          : `Did you mean '${guess}'?`,
      );
    }
  }
}

/** @throws ProblemError where two parameters would take the same tensor */
function requireDifferent(
  there: ReadonlyMap<string, string>,
  refuse: (message: string, remedy: string) => ProblemError,
): void {
  const takenBy = new Map<string, string>();
  for (const [name, called] of there) {
    const before = takenBy.get(called);
    if (before !== undefined) {
      throw refuse(
        `initialize: '${before}' and '${name}' would both be '${called}' of the file.`,
        'Give each of them a tensor of its own in names.',
      );
    }
    takenBy.set(called, name);
  }
}

/**
 * Tensors by the names that parameters have. In a checkpoint of ours these are a part of all it holds;
 * elsewhere a prefix that all names share, as of a module within a module, counts for nothing where the
 * names fit without it.
 */
function byParameterNames(
  { tensors: read, unread }: FoundTensors,
  wanted: ReadonlySet<string>,
  partial: boolean,
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
    const has = (name: string) => names.has(name);
    return partial ? [...wanted].some(has) : [...wanted].every(has);
  };
  return under(['', ...shared].find(fits) ?? '');
}
