/** What the user may change where a training goes astray: only options that the experiment has. */

/** An option that calms a training, wherever the objective, its sampler or the optimizer has it. */
export type CalmingOption = 'stepSize' | 'clip' | 'learningRate' | 'energyPenalty' | 'clipNorm';

/** A remedy in words, or options of which those are offered that the experiment has. */
export type Remedy = string | readonly CalmingOption[];

/** Which of them help chains that run away, and which energies and gradients that do. */
export const calmingChains: readonly CalmingOption[] = ['stepSize', 'clip', 'learningRate'];
export const calmingEnergies: readonly CalmingOption[] = [
  'learningRate',
  'energyPenalty',
  'clipNorm',
];

/** What to do with each, given its value. */
const changes: Readonly<Record<CalmingOption, (value: unknown) => string>> = {
  stepSize: () => 'a smaller stepSize',
  clip: (value) => (value === null ? 'a clip of the scores' : 'a smaller clip'),
  learningRate: () => 'a smaller learningRate',
  energyPenalty: (value) =>
    value === 0 ? 'a positive energyPenalty (for example 0.1)' : 'a larger energyPenalty',
  clipNorm: (value) => (value === null ? 'a clipNorm (for example 1)' : 'a smaller clipNorm'),
};

/**
 * A remedy as a sentence.
 *
 * @param specs objective and optimizer with all their options, samplers and the like within them
 */
export function remedyText(remedy: Remedy, specs: readonly unknown[]): string {
  if (typeof remedy === 'string') return remedy;
  const found = remedy.flatMap((option) => {
    const value = findOption(option, specs);
    return value === undefined ? [] : [changes[option](value)];
  });
  if (found.length === 0) return 'Change the experiment so that it stays finite; then rerun.';
  const last = found.length > 2 ? `, or ${found.at(-1)}` : ` or ${found.at(-1)}`;
  const all = found.length === 1 ? found[0] : `${found.slice(0, -1).join(', ')}${last}`;
  return `Use ${all}; then rerun.`;
}

/** The value of an option of that name, wherever in plain objects it stands; the outermost first. */
function findOption(option: string, parts: readonly unknown[]): unknown {
  const objects = parts.filter(isPlain);
  if (objects.length === 0) return undefined;
  const holder = objects.find((part) => part[option] !== undefined);
  return holder
    ? holder[option]
    : findOption(
        option,
        objects.flatMap((part) => Object.values(part)),
      );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
