import * as z from 'zod';
import { matchesPattern } from '../options/name-pattern';
import { nearest } from '../options/nearest';
import { notNegative, positive } from '../options/numbers';
import { OptionError, type OptionPath } from '../options/option-error';

/** Parameters that are moved otherwise than the rest. */
export interface ParameterGroup {
  /** Names, or patterns of names in which `*` stands for anything: `'bias*'`, `['weight1', 'bias1']`. */
  readonly match: string | readonly string[];
  /** Factor on the learning rate, above 0 to 1000. Default 1. */
  readonly rateFactor?: number;
  /** Their own weight decay, 0 to 10. Default `null`: that of the optimizer. */
  readonly weightDecay?: number | null;
}

/** Options that tell parameters apart by their names. */
export interface ParameterGroupsOptions {
  /**
   * Names of parameters that stay as they are, or patterns of names, in which `*` stands for anything:
   * `['filter*']`. Those of the objective begin with `objective/`. Default `[]`: all are trained.
   */
  readonly freeze?: readonly string[];
  /**
   * Parameters with a learning rate or a weight decay of their own, by names or patterns of names:
   * `[{ match: 'bias*', weightDecay: 0 }]`. Of several groups that a parameter is in, the first counts.
   * Default `[]`: all are alike.
   */
  readonly groups?: readonly ParameterGroup[];
}

/** {@link ParameterGroupsOptions} with their defaults filled in. @internal */
export interface ParameterGroupsSpec {
  readonly freeze: readonly string[];
  readonly groups: readonly Required<ParameterGroup>[];
}

const pattern = z.string().min(1);

/** The schemas of {@link ParameterGroupsOptions}. @internal */
export const parameterGroupsFields = {
  freeze: z.array(pattern).default([]),
  groups: z
    .array(
      z.strictObject({
        match: z.union([pattern, z.array(pattern).min(1)]),
        rateFactor: positive.max(1000).default(1),
        weightDecay: notNegative.max(10).nullable().default(null),
      }),
    )
    .default([]),
};

/** Parameters that are updated alike. */
export interface UpdatedAlike {
  readonly names: readonly string[];
  readonly rateFactor: number;
  readonly weightDecay: number;
}

/** Whether a parameter stays as it is. */
export function isFrozen(name: string, { freeze }: Pick<ParameterGroupsSpec, 'freeze'>): boolean {
  return isOf(freeze, name);
}

/** The parameters of these names that are trained, each in one group; those that are frozen are in none. */
export function updatedAlike(
  names: readonly string[],
  spec: ParameterGroupsSpec & { readonly weightDecay: number },
): readonly UpdatedAlike[] {
  const { groups, weightDecay } = spec;
  const trained = names.filter((name) => !isFrozen(name, spec));
  const of = (name: string) => groups.findIndex(({ match }) => isOf(match, name));
  const all = [
    { rateFactor: 1, weightDecay },
    ...groups.map((group) => ({
      rateFactor: group.rateFactor,
      weightDecay: group.weightDecay ?? weightDecay,
    })),
  ];
  return all
    .map((group, index) => ({ ...group, names: trained.filter((name) => of(name) === index - 1) }))
    .filter((group) => group.names.length > 0);
}

/**
 * Holds patterns to the parameters that there are.
 *
 * @param model names of the energy's parameters
 * @param own names of the objective's, as an optimizer is told of them
 * @throws OptionError where a pattern means none, a group has none left, or all of the model's are frozen
 */
export function requireParametersMeant(
  { freeze, groups }: ParameterGroupsSpec,
  model: readonly string[],
  own: readonly string[],
): void {
  const names = [...model, ...own];
  const requireSome = (one: string, path: OptionPath) => {
    if (names.some((name) => matchesPattern(one, name))) return;
    const guess = nearest(one, names);
    throw new OptionError(
      `optimizer: no parameter is called '${one}'.`,
      guess === undefined || one.includes('*')
        ? `The parameters are ${names.join(', ')}.`
        : `Did you mean '${guess}'?`,
      ['optimizer', ...path],
    );
  };
  freeze.forEach((one, index) => {
    requireSome(one, ['freeze', index]);
  });
  groups.forEach(({ match }, index) => {
    const path = ['groups', index, 'match'];
    if (typeof match === 'string') requireSome(match, path);
    else {
      match.forEach((one, place) => {
        requireSome(one, [...path, place]);
      });
    }
    const isLeft = names.some(
      (name) =>
        isOf(match, name) &&
        !isOf(freeze, name) &&
        !groups.slice(0, index).some((before) => isOf(before.match, name)),
    );
    if (isLeft) return;
    throw new OptionError(
      `optimizer: all parameters of group ${index + 1} are frozen or in a group before it.`,
      'Leave the group out, or name it before the one that has them.',
      ['optimizer', 'groups', index],
    );
  });
  if (model.some((name) => !isOf(freeze, name))) return;
  throw new OptionError(
    "optimizer: 'freeze' names all parameters of the energy: there is nothing to train.",
    'Leave some of them out.',
    ['optimizer', 'freeze'],
  );
}

function isOf(match: string | readonly string[], name: string): boolean {
  const patterns = typeof match === 'string' ? [match] : match;
  return patterns.some((one) => matchesPattern(one, name));
}
