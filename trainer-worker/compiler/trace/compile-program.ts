import type { Tensor } from '@tensorflow/tfjs';
import { ProblemError } from '../../../protocol/problem';
import type { Arithmetic } from '../../../protocol/run';
import type { Node } from '../graph/graph';
import { tabulateNoise } from '../graph/noise-source';
import { input } from '../graph/ops/build';
import type { Batch, Program } from '../graph/program';
import { type DType, formatShape, type Shape, sameShape } from '../graph/shape';
import { simplify } from '../passes/simplify';
import type { IsUserFile } from './source-location';
import { createGraph, trace } from './trace';

export interface TensorSpec {
  readonly shape: Shape;
  /** float32 where absent. */
  readonly dtype?: DType;
}
/** Shapes and types of tensors, by name. */
export type TensorSpecs = Readonly<Record<string, TensorSpec>>;
/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A function to compile: tfjs code from named tensors to named tensors. */
export interface ProgramDefinition {
  /** Fed anew at each run. */
  readonly inputs: TensorSpecs;
  /** Kept by the backend from run to run: parameters, optimizer moments, buffers. */
  readonly state?: TensorSpecs;
  /** Called once, on symbolic tensors. `state` must have the names and shapes it came with. */
  readonly step: (
    inputs: Tensors,
    state: Tensors,
  ) => { readonly outputs: Tensors; readonly state?: Tensors };
  /**
   * Number of the program's first noise stream; 0 where absent. Programs that are run with the same
   * seed and step draw the same numbers from streams of the same number.
   */
  readonly firstNoiseStream?: number;
  /**
   * Each iteration of an outermost loop draws its noise as a step of its own, counted on from the
   * step of the run: loops that are run in pieces draw the same numbers however they are cut.
   */
  readonly noiseByIteration?: boolean;
  /** The rows of the inputs that a step treats alike, if it does; backends may share them out. */
  readonly batch?: Batch;
  /** Which of equal expressions are computed; the newest where absent. */
  readonly arithmetic?: Arithmetic;
  /** Which files are the user's, for the places that errors name. */
  readonly isUserFile?: IsUserFile;
}

/**
 * Traces a function and simplifies what it computes.
 *
 * @throws ProblemError (`experiment`) with the user's line where the function cannot be compiled
 */
export function compileProgram(definition: ProgramDefinition): Program {
  const graph = createGraph(definition.arithmetic);
  const leaves = (specs: TensorSpecs) =>
    Object.entries(specs).map(([name, spec]) => input(graph, name, spec.shape, spec.dtype));
  const inputs = leaves(definition.inputs);
  const state = leaves(definition.state ?? {});
  const stateNames = Object.keys(definition.state ?? {});
  const outputNames: string[] = [];
  const traced = trace(
    graph,
    [...inputs, ...state],
    (...tensors) => {
      const named = (names: readonly string[], first: number) =>
        Object.fromEntries(names.map((name, index) => [name, tensors[first + index]!]));
      const made = definition.step(
        named(Object.keys(definition.inputs), 0),
        named(stateNames, inputs.length),
      );
      // The trace refuses it: nothing of it is computed yet.
      if ((made as unknown) instanceof Promise) return made as never;
      outputNames.push(...Object.keys(made.outputs));
      const next = stateNames.map((name, index) => nextValue(name, state[index]!, made.state));
      return [...Object.values(made.outputs), ...next];
    },
    definition.isUserFile,
  );
  const { results, sources } = tabulateNoise(
    simplify(traced.results),
    definition.firstNoiseStream ?? 0,
  );
  return {
    inputs,
    state,
    noise: sources,
    ...(definition.noiseByIteration ? { noiseByIteration: true } : {}),
    outputs: Object.fromEntries(outputNames.map((name, index) => [name, results[index]!])),
    nextState: Object.fromEntries(
      stateNames.map((name, index) => [name, results[outputNames.length + index]!]),
    ),
    ...(definition.batch === undefined ? {} : { batch: definition.batch }),
    warnings: traced.warnings,
  };
}

function nextValue(name: string, kept: Node, next: Tensors | undefined): Tensor {
  const value = next?.[name];
  if (value !== undefined && sameShape(value.shape, kept.shape) && value.dtype === kept.dtype) {
    return value;
  }
  const found = value ? `became ${value.dtype} ${formatShape(value.shape)}` : 'is missing';
  throw new ProblemError({
    kind: 'experiment',
    message: `The step must return its state ${name} as ${kept.dtype} ${formatShape(kept.shape)}; it ${found}.`,
  });
}
