import { ProblemError } from '../../../protocol/problem';
import type { KnobChange } from '../../../protocol/run';
import { formatKnob, knobFault, knobValue } from '../../../vocabulary/knobs';
import { knobsOf } from '../experiment/knobs';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import type { ChangeableStep } from './changeable-step';
import type { KnobTurn } from './loop';
import type { RunObserver } from './run-observer';

/**
 * Changes an option of a training after so many completed steps.
 *
 * @param loaded the experiment as the run began
 * @param observers keep the change before it is made
 * @throws ProblemError of kind `experiment` where the run has no such knob or it does not take the value
 */
export async function turnKnob(
  loaded: Pick<LoadedExperiment, 'experiment' | 'config'>,
  step: ChangeableStep,
  turn: KnobTurn,
  completed: number,
  observers: readonly RunObserver[],
): Promise<void> {
  const change = changeBy(loaded, step, turn, completed);
  await step.change(change, async (metrics) => {
    for (const observer of observers) await observer.change?.(change, metrics);
  });
}

function changeBy(
  { experiment, config }: Pick<LoadedExperiment, 'experiment' | 'config'>,
  { changes }: ChangeableStep,
  { option, value }: KnobTurn,
  completed: number,
): KnobChange {
  const knobs = knobsOf(experiment);
  const knob = knobs.find((one) => one.option === option);
  const from = knob && knobValue({ config, changes }, knob, completed);
  if (knob === undefined || from === undefined) {
    throw refused(
      `'${option}' cannot be changed while the run trains.`,
      knobs.length === 0
        ? 'Rerun it with changes.'
        : `What can be is ${knobs.map(({ name }) => name).join(', ')}; rerun it with changes for all else.`,
    );
  }
  if (completed >= experiment.steps) {
    throw refused('All steps are done, so a change would change nothing.', 'Rerun with changes.');
  }
  const fault = knobFault(knob, value);
  if (fault !== undefined) {
    throw refused(`The ${knob.label} cannot be ${formatKnob(value)}.`, fault);
  }
  if (value === from) {
    throw refused(`The ${knob.label} is ${formatKnob(value)} already.`, 'Give it another value.');
  }
  return { at: new Date().toISOString(), step: completed, option, from, to: value };
}

function refused(message: string, remedy: string): ProblemError {
  return new ProblemError({ kind: 'experiment', message, remedy });
}
