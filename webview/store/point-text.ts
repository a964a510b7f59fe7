import type { PointAnswer } from '../../protocol/looking';
import { formatCount } from '../../vocabulary/quantities';
import { formatValue } from './number-format';

/** Columns of which each has its number told: of more nobody reads them. */
export const mostToldColumns = 8;

/**
 * What a model makes of a point, a name and a value each.
 *
 * @param isStandardised whether the data were scaled before the model saw them
 */
export function pointFacts(
  answer: PointAnswer,
  isStandardised: boolean,
): readonly (readonly [name: string, value: string])[] {
  const { axes, point, energy, score, scoreNorm, negativeLogDensity, checkpoint } = answer;
  const isNarrow = axes.length <= mostToldColumns;
  const listed = (values: readonly (number | string)[]) =>
    axes
      .map((axis, column) => {
        const value = values[column]!;
        return `${axis} ${typeof value === 'number' ? formatValue(value) : value}`;
      })
      .join(', ');
  const length = isStandardised ? 'Length of the standardised score' : 'Length of the score';
  return [
    ...(isNarrow ? [['Point', listed(point)] as const] : []),
    ['Energy', `${formatValue(energy)} nats`],
    ...(score && isNarrow ? [['Score', listed(score)] as const] : []),
    ...(scoreNorm === undefined ? [] : [[length, formatValue(scoreNorm)] as const]),
    ...(negativeLogDensity === undefined
      ? []
      : [['−log p', `${formatValue(negativeLogDensity)} nats`] as const]),
    ['Checkpoint', `step ${formatCount(checkpoint)}`],
  ];
}
