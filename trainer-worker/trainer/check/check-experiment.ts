import path from 'node:path';
import type { WantedBackend } from '../../../protocol/backends';
import type { CheckReport } from '../../../protocol/check';
import { problemOf } from '../../../protocol/problem';
import type { JsonObject } from '../../../protocol/run';
import { formatCount, formatNumber } from '../../../vocabulary/quantities';
import { chooseBackend } from '../../compiler/backends/choose';
import { sizeOf } from '../../compiler/graph/shape';
import { levelCounts } from '../../methods/data/categories';
import { sampledRows } from '../../methods/data/sampled-rows';
import { buildEnergy } from '../../methods/energies';
import { modelUpdates } from '../../methods/objectives';
import type { OptionPath } from '../../methods/options/option-error';
import { rateCautions } from '../../methods/schedules';
import { loadExperiment } from '../experiment/load';
import { compileTraining, trainingParts } from '../training/compile-training';
import { defineTraining, locatingOptions } from '../training/prepare';
import { notTrained } from '../training/step-program';
import { checkChains } from './check-chains';
import { checkData } from './check-data';
import { checkDerivatives, findFlat } from './check-derivatives';
import { checkSteps } from './check-steps';
import { Findings } from './findings';

export interface CheckOptions {
  /** Dotted path → value, as a run takes them. */
  readonly overrides?: JsonObject;
  readonly backend?: WantedBackend;
}

/**
 * Tries an experiment without training it: loads its data, compiles its step, trains a few steps,
 * compares gradients with differences and walks chains. Writes nothing to disk.
 *
 * @param file the experiment
 * @returns what was found; what keeps it from training ends the check, and is found as well
 */
export async function checkExperiment(
  file: string,
  { overrides = {}, backend: wanted = 'auto' }: CheckOptions = {},
): Promise<CheckReport> {
  const findings = new Findings();
  let at: OptionPath = [];
  try {
    const loaded = await loadExperiment(file, { overrides });
    findings.locateIn(loaded);
    const { experiment } = loaded;
    at = ['data'];
    const { definition, dataset, noise, measures } = await defineTraining(loaded);
    const isScaled = checkData(dataset, findings);
    if (findings.hasWrong) return report();

    at = ['energy'];
    const compiled = locatingOptions(loaded, () => compileTraining(definition));
    const { parameters, unreached } = compiled;
    const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    findings.fact(
      'energy',
      `energy.${experiment.energy.type} with ${formatCount(numbers)} parameters in ${parameters.length} tensors; ${unreached.length === 0 ? 'the gradient of the loss reaches all of them' : `the loss does not depend on ${unreached.length} of them`}`,
    );
    const { lipschitz } = buildEnergy(
      experiment.energy,
      dataset.dimensions,
      dataset.categories && levelCounts(dataset.categories),
    );
    if (lipschitz !== undefined) {
      findings.fact(
        'energy',
        `its slope is nowhere more than ${formatNumber(Number(lipschitz.toPrecision(2)))}, by the norms of its layers`,
      );
    }
    if (parameters.every(({ name }) => unreached.includes(name))) {
      findFlat('loss', ['objective'], findings);
      return report();
    }
    for (const name of unreached) {
      findings.doubtful({
        message: notTrained(name),
        remedy: 'Use it in what is computed, or leave it out.',
        at: parameters.some((parameter) => parameter.name === name) ? ['energy'] : ['objective'],
      });
    }
    const cautions = rateCautions(
      experiment.optimizer.learningRate,
      modelUpdates(experiment.objective, experiment.steps),
    );
    const warnings: readonly (readonly [OptionPath, readonly string[]])[] = [
      [[], loaded.warnings],
      [['optimizer', 'learningRate'], cautions],
      [['data'], dataset.warnings ?? []],
      [['objective', 'noise'], noise?.pool?.warnings ?? []],
      [['objective'], compiled.warnings],
      [['preview', 'diagnostics'], measures.warnings],
    ];
    for (const [place, messages] of warnings) {
      for (const message of messages) findings.warning(message, place);
    }

    at = ['objective'];
    const backend = await chooseBackend({
      wanted,
      program: compiled.program,
      feeds: compiled.feeds,
      initial: compiled.initial,
      experimentFolder: path.dirname(loaded.file),
    });
    const step = await compiled.start(backend);
    try {
      const foundBefore = findings.all.length;
      await checkSteps(experiment, definition, compiled, backend.name, step, findings);
      const isTrainable = findings.all.length === foundBefore;
      checkDerivatives(definition, compiled.program, findings);
      // Chains are judged in units of the data, on what the steps made of the energy: one cause, one
      // finding.
      if (!isScaled || !isTrainable) return report();
      const { image } = dataset;
      const pixels = image && image.logit === undefined ? image.to : undefined;
      await checkChains(
        {
          loaded,
          model: trainingParts(definition).step.model,
          rows: sampledRows(dataset.training, dataset.dimensions),
          parameters: await step.parameters(),
          backend,
          seed: experiment.seed,
          ...(pixels ? { pixels } : {}),
        },
        findings,
      );
    } finally {
      await step.dispose();
    }
  } catch (thrown) {
    findings.problem(problemOf(thrown), at);
  }
  return report();

  function report(): CheckReport {
    return { file: path.resolve(file), facts: findings.facts, findings: findings.all };
  }
}
