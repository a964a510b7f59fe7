/** Which checkpoint is the best by a metric: every later checkpoint says so in its metadata. */
import type { Checkpoint } from './run-observer';

/** The step at which a metric was best. */
export interface Best {
  readonly step: number;
  readonly value: number;
}

const stepKey = 'best step';
const valueKey = 'best value';

/** Whether `value` is better than `before`; NaN never is, anything else is better than nothing. */
export function isBetter(mode: 'max' | 'min', value: number, before: number | undefined): boolean {
  if (Number.isNaN(value)) return false;
  return before === undefined || (mode === 'max' ? value > before : value < before);
}

/** The checkpoint, naming the best one so far. */
export function withBest(checkpoint: Checkpoint, { step, value }: Best): Checkpoint {
  const best = { [stepKey]: String(step), [valueKey]: String(value) };
  return { ...checkpoint, metadata: { ...checkpoint.metadata, ...best } };
}

/** The best checkpoint that the metadata of a later one name, if they do. */
export function bestIn({ metadata }: Pick<Checkpoint, 'metadata'>): Best | undefined {
  const [step, value] = [metadata[stepKey], metadata[valueKey]];
  if (step === undefined || value === undefined) return undefined;
  const best = { step: Number(step), value: Number(value) };
  return Number.isSafeInteger(best.step) && !Number.isNaN(best.value) ? best : undefined;
}
