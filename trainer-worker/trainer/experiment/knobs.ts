/** Which options of an experiment can be given another value while it trains. */
import type * as z from 'zod';
import type { Json, Knob } from '../../../protocol/run';
import { valueAt } from '../../../vocabulary/knobs';
import { boundsAt } from '../../methods/options/schema-shape';
import { type ExperimentSpec, experimentSchema } from './experiment';
import { configOf } from './overrides';

interface KnobRow {
  readonly name: string;
  readonly label: string;
  /** Where it may be. */
  readonly option: string;
}

/**
 * What may be changed: numbers that the step computes with, and that neither the shape of its state nor
 * what is recorded of a run before depends on. A list or a schedule over iterations is none of these.
 */
const rows: readonly KnobRow[] = [
  { name: 'learningRate', label: 'learning rate', option: 'optimizer.learningRate' },
  // A schedule goes on as it is, at another height.
  {
    name: 'learningRate.peak',
    label: 'peak of the learning rate',
    option: 'optimizer.learningRate.peak',
  },
  { name: 'learningRate.value', label: 'learning rate', option: 'optimizer.learningRate.value' },
  { name: 'stepSize', label: 'step size', option: 'objective.sampler.stepSize' },
  { name: 'stepSize', label: 'step size', option: 'objective.stepSize' },
  { name: 'temperature', label: 'temperature', option: 'objective.sampler.temperature' },
  { name: 'noise', label: 'noise of the sampler', option: 'objective.sampler.noise' },
];

/** The knobs of an experiment, with the range that the option's own schema gives. */
export function knobsOf(experiment: ExperimentSpec): readonly Knob[] {
  const config = configOf(experiment);
  const at = (option: string): Json | undefined =>
    valueAt(config as Parameters<typeof valueAt>[0], option);
  return rows.flatMap(({ name, label, option }) => {
    if (typeof at(option) !== 'number') return [];
    // A step size that adapts is only where it began.
    const adapts = typeof at('objective.sampler.targetAcceptance') === 'number';
    if (adapts && option === 'objective.sampler.stepSize') return [];
    const schema: z.ZodType = experimentSchema;
    return [{ name, option, label, ...boundsAt(schema, option.split('.'), experiment) }];
  });
}
