import { formatCount, formatNumber } from '../../../vocabulary/quantities';
import type { ScaledDataset } from '../../methods/data/data-method';
import { momentsOf } from '../../methods/data/moments';
import { blocksOf, type Rows } from '../../methods/data/rows';
import { sampledRows } from '../../methods/data/sampled-rows';
import type { Findings } from './findings';

/**
 * Deviations of columns between which step sizes and the first weights of networks fit: both are meant
 * for numbers of the order of 1, and hundreds or hundredths train badly or not at all.
 */
const usualDeviations = { least: 1e-2, most: 1e2 };

/**
 * Says what the rows are like, and finds such as nothing can be learned from.
 *
 * @returns whether they are of a size that samplers can be judged by
 */
export function checkData(dataset: ScaledDataset, findings: Findings): boolean {
  const { dimensions, training, heldOut, axes, domain, categories, labels, image } = dataset;
  const rows = training.length / dimensions;
  findings.fact(
    'data',
    [
      `${formatCount(rows)} rows to train on, ${formatCount(heldOut.length / dimensions)} held out`,
      categories
        ? `${categories.length === 1 ? '1 category' : `${formatCount(categories.length)} categories`} each, of ${formatCount(dimensions)} levels in all`
        : `${formatCount(dimensions)} ${domain} number${dimensions === 1 ? '' : 's'} each`,
      ...(labels ? [`${labels.classes.length} classes`] : []),
    ].join(', '),
  );
  for (const note of dataset.notes ?? []) findings.fact('data', note.replace(/\.$/, ''));
  const sample = sampledRows(training, dimensions);
  const { variances } = momentsOf(sample, dimensions);
  // What does not vary among some rows may vary among all.
  const constant = Array.from({ length: dimensions }, (_, d) => d).filter(
    (d) => isConstant(sample, dimensions, d) && isConstant(training, dimensions, d),
  );
  if (constant.length === dimensions) {
    findings.wrong({
      kind: 'data',
      message: `All rows of the data are the same: (${[...sample.subarray(0, Math.min(4, dimensions))].map(formatNumber).join(', ')}${dimensions > 4 ? ', …' : ''}).`,
      remedy: 'Give rows that differ; a single point has no density to learn.',
      at: ['data'],
    });
    return false;
  }
  // Pixels at the edge of images are often constant, and mean nothing.
  if (constant.length > 0 && image === undefined && domain === 'real') {
    const names = constant.slice(0, 5).map((d) => `'${axes[d]}'`);
    const more =
      constant.length > names.length ? ` and ${constant.length - names.length} more` : '';
    findings.doubtful({
      kind: 'data',
      message: `The data do not vary along ${names.join(', ')}${more}: an energy can fall without bound there.`,
      remedy: 'Leave what is constant out of the rows.',
      at: ['data'],
    });
  }
  if (domain !== 'real') return true;
  const deviations = variances.map(Math.sqrt).filter((_, d) => !constant.includes(d));
  const [smallest, largest] = [Math.min(...deviations), Math.max(...deviations)];
  const odd =
    largest > usualDeviations.most
      ? largest
      : image === undefined && smallest < usualDeviations.least
        ? smallest
        : undefined;
  if (odd === undefined) return true;
  findings.doubtful({
    kind: 'data',
    message: `A column of the data has a standard deviation of ${formatNumber(odd)}, while step sizes and networks are made for about 1.`,
    remedy: 'Scale the rows; data.csv and data.npy do it by standardize: true.',
    at: ['data'],
  });
  return false;
}

function isConstant(rows: Rows, dimensions: number, column: number): boolean {
  const [first] = rows.subarray(column, column + 1);
  for (const [, block] of blocksOf(rows, dimensions)) {
    for (let i = column; i < block.length; i += dimensions) if (block[i] !== first) return false;
  }
  return true;
}
