import { arraysFor } from '../test/graph-programs';
import type { Program } from '../trainer-worker/compiler/graph/program';
import type { Execution } from '../trainer-worker/compiler/run/execution';
import { runOnProcessor } from '../trainer-worker/compiler/run/run-sharded';
import {
  compileProgram,
  type ProgramDefinition,
} from '../trainer-worker/compiler/trace/compile-program';
import { definitionOf, type Row } from './rows';

/** A row's step as the trainer runs it. */
export interface CompiledStep {
  readonly program: Program;
  /** Milliseconds of tracing, differentiating and simplifying. */
  readonly compileTime: number;
  /** Milliseconds of creating ONNX Runtime's session. */
  readonly sessionTime: number;
  /** One step. */
  run(): Promise<void>;
  dispose(): Promise<void>;
}

export async function compileStep(row: Row): Promise<CompiledStep> {
  const definition = definitionOf(row);
  const start = performance.now();
  const program = compileProgram({ ...definition, batch: { rows: row.batch } });
  const compiled = performance.now();
  const execution = await runOnProcessor(
    program,
    arraysFor(definition.state ?? {}, 1),
    import.meta.filename,
  );
  const created = performance.now();
  return {
    program,
    compileTime: compiled - start,
    sessionTime: created - compiled,
    run: stepper(definition, execution, row.chainSteps),
    dispose: () => execution.dispose(),
  };
}

function stepper(definition: ProgramDefinition, execution: Execution, chainSteps: number) {
  const feeds = { ...arraysFor(definition.inputs, 2), steps: Int32Array.of(chainSteps) };
  let step = 0;
  return async () => {
    await execution.run(feeds, { seed: 0, step: step++ });
  };
}
