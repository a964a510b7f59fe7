import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { numbersFrom } from '../test/graph-numbers';
import type { Program } from '../trainer-worker/compiler/graph/program';
import { runOnProcessor } from '../trainer-worker/compiler/run/run-sharded';
import type { EnergySpec } from '../trainer-worker/methods/energies';
import type { ObjectiveSpec } from '../trainer-worker/methods/objectives';
import { compileTraining } from '../trainer-worker/trainer/training/compile-training';
import { dimensionsOf, type Row } from './rows';

/** A row's step as the trainer runs it. */
export interface CompiledStep {
  readonly program: Program;
  /** Milliseconds of tracing, differentiating and simplifying all that a training needs. */
  readonly compileTime: number;
  /** Milliseconds of creating ONNX Runtime's session. */
  readonly sessionTime: number;
  /** One step. */
  run(): Promise<void>;
  dispose(): Promise<void>;
}

/** The step of an experiment with this row's energy, objective and batch, on made-up data. */
export async function compileStep(row: Row): Promise<CompiledStep> {
  const dimensions = dimensionsOf(row);
  const rows = Float32Array.from(numbersFrom(1)([2 * row.batch, dimensions]));
  const langevin = sampler.langevin({ steps: Math.max(1, row.chainSteps) });
  const start = performance.now();
  const training = compileTraining({
    energy: energyOf(row),
    origin: { files: [] },
    objective: objectiveOf(row, langevin),
    optimizer: optimizer.adam({ learningRate: 1e-3 }),
    rows,
    bounds: Array.from({ length: dimensions }, () => [-2, 2] as const),
    batchSize: row.batch,
    seed: 0,
    preview: { samples: 1, chainSteps: 1, sampler: langevin },
  });
  const compiled = performance.now();
  const { program, initial, feeds } = training;
  const execution = await runOnProcessor(program, initial, import.meta.filename);
  const created = performance.now();
  let step = 1;
  return {
    program,
    compileTime: compiled - start,
    sessionTime: created - compiled,
    run: async () => {
      await execution.run({ ...feeds, step: Float32Array.of(step) }, { seed: 0, step });
      step += 1;
    },
    dispose: () => execution.dispose(),
  };
}

function energyOf({ widths, side, channels }: Row): EnergySpec {
  if (widths !== undefined) {
    return energy.mlp({ hidden: widths.slice(1, -1), activation: 'swish' });
  }
  return energy.convolutional({ shape: [side!, side!, 1], channels: [...channels!] });
}

function objectiveOf(row: Row, langevin: ReturnType<typeof sampler.langevin>): ObjectiveSpec {
  switch (row.method) {
    case 'contrastive divergence':
      return objective.contrastiveDivergence({ sampler: langevin, energyPenalty: 0.01 });
    case 'denoising score matching':
      return objective.denoisingScoreMatching({ sigma: 0.3 });
    case 'sliced score matching':
      return objective.slicedScoreMatching();
  }
}
