import { type EnergyRange, robustRange } from '../../protocol/energy-range';

/** The steps at which any of the runs has a preview, ascending. */
export function unitedSteps(all: readonly (readonly number[])[]): readonly number[] {
  return [...new Set(all.flat())].sort((a, b) => a - b);
}

/** The newest of `steps` at or before `step`; none where a run had no preview yet. */
export function matchedStep(steps: readonly number[], step: number): number | undefined {
  return steps.findLast((known) => known <= step);
}

/** One range of colours for several fields; none where no energy is finite. */
export function commonRange(fields: readonly Float32Array[]): EnergyRange | undefined {
  const ranges = fields
    .filter((field) => field.some((energy) => Number.isFinite(energy)))
    .map((field) => robustRange(field));
  if (ranges.length === 0) return undefined;
  return {
    low: Math.min(...ranges.map(({ low }) => low)),
    high: Math.max(...ranges.map(({ high }) => high)),
  };
}
