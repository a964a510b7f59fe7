import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import type { Energy, EnergyParameters } from './energy-method';
import type { EnergySpec } from './index';

/**
 * The schema of the parts of a composition. Each was checked when it was made; that it is an energy,
 * `experiment/compatibility.ts` checks, which may know the table that this is a part of.
 */
export const partsSchema = z
  .array(
    z.custom<EnergySpec>(
      (value) => typeof value === 'object' && value !== null && 'type' in value,
      {
        error: 'a part is no energy.',
        params: { remedy: 'Write for example of: [energy.mlp(), energy.gaussian()].' },
      },
    ),
  )
  .min(1)
  .max(64);

/** What energies of the same points have in common once they are put together. */
export type Composed = Pick<Energy, 'init' | 'condition' | 'classes'> & {
  /** The energies of each part, `[batch]` each. */
  readonly energies: (...given: Parameters<Energy['energy']>) => ReturnType<Energy['energy']>[];
};

/**
 * Energies side by side: the parameters of the first are called `part1/…`. A part that depends on a
 * label or on a noise level is given the composition's; the others do not see it.
 *
 * @throws ProblemError (`experiment`) where parts depend on different things, or on a label with
 *   others: without one, what a composition is of x alone is not put together from its parts
 */
export function compose(parts: readonly Energy[], where: string): Composed {
  const conditions = new Set(parts.map(({ condition }) => condition));
  if (conditions.has('label')) {
    throw new ProblemError({
      kind: 'experiment',
      message: `${where}: a part depends on the class of a point, which is not possible in a composition.`,
      remedy: 'Compose energies of the point alone or of noise levels.',
    });
  }
  const condition = conditions.has('noise level') ? 'noise level' : undefined;
  return {
    init: (random) =>
      Object.fromEntries(
        parts.flatMap((part, index) =>
          Object.entries(part.init(random)).map(([name, tensor]) => [prefix(index) + name, tensor]),
        ),
      ),
    ...(condition ? { condition } : {}),
    energies: (parameters, x, given) =>
      parts.map((part, index) =>
        part.energy(own(parameters, prefix(index)), x, part.condition ? given : undefined),
      ),
  };
}

function prefix(index: number): string {
  return `part${index + 1}/`;
}

/** The parameters whose names begin so, without it. */
function own(parameters: EnergyParameters, start: string): EnergyParameters {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, tensor]) =>
      name.startsWith(start) ? [[name.slice(start.length), tensor]] : [],
    ),
  );
}
