/** Options that can be changed while a run trains: what they are now, what was changed, and how that is said. */
import type { Json, JsonObject, Knob, KnobChange, RunManifest } from '../protocol/run';

type Changeable = Pick<RunManifest, 'config' | 'knobs' | 'changes'>;

/** The value at a dotted path of a configuration; `undefined` where there is none. */
export function valueAt(config: JsonObject, option: string): Json | undefined {
  return option
    .split('.')
    .reduce<Json | undefined>(
      (inside, key) =>
        typeof inside === 'object' && inside !== null && !Array.isArray(inside)
          ? (inside as JsonObject)[key]
          : undefined,
      config,
    );
}

/** What is in force after so many completed steps, where it is not what the run began with: path → value. */
export function valuesAfter(changes: readonly KnobChange[], completed: number): JsonObject {
  return Object.fromEntries(
    changes.filter(({ step }) => step <= completed).map(({ option, to }) => [option, to]),
  );
}

/** What a knob stands at after so many completed steps. */
export function knobValue(
  { config, changes = [] }: Changeable,
  { option }: Pick<Knob, 'option'>,
  completed: number,
): number | undefined {
  const value = valuesAfter(changes, completed)[option] ?? valueAt(config, option);
  return typeof value === 'number' ? value : undefined;
}

/** Changes with one more, behind those up to its step. */
export function withChange(
  changes: readonly KnobChange[],
  change: KnobChange,
): readonly KnobChange[] {
  const behind = changes.findIndex(({ step }) => step > change.step);
  return behind < 0
    ? [...changes, change]
    : [...changes.slice(0, behind), change, ...changes.slice(behind)];
}

/** The knob that a name or a path means. */
export function knobNamed(knobs: readonly Knob[], text: string): Knob | undefined {
  return knobs.find(({ name, option }) => name === text || option === text);
}

/** A number as people write options: `0.001`, `1e-5`. */
export function formatKnob(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** What values a knob takes: `above 0, at most 10`. */
export function rangeText({ above, least, most }: Knob): string {
  return [
    ...(above === undefined ? [] : [`above ${formatKnob(above)}`]),
    ...(least === undefined ? [] : [`at least ${formatKnob(least)}`]),
    ...(most === undefined ? [] : [`at most ${formatKnob(most)}`]),
  ].join(', ');
}

/** Why a knob does not take a value, as a sentence; `undefined` where it does. */
export function knobFault(knob: Knob, value: number): string | undefined {
  const { above, least, most } = knob;
  const fits =
    Number.isFinite(value) &&
    (above === undefined || value > above) &&
    (least === undefined || value >= least) &&
    (most === undefined || value <= most);
  return fits ? undefined : `It takes a number ${rangeText(knob)}.`;
}

/** A change in words: `learning rate 0.001 → 0.0001`. */
export function changeText(knobs: readonly Knob[], { option, from, to }: KnobChange): string {
  const label = knobs.find((knob) => knob.option === option)?.label ?? option;
  return `${label} ${formatKnob(from)} → ${formatKnob(to)}`;
}
