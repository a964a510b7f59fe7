import { type DataSpec, dataMethod } from '.';
import { binaryProblem } from './data-file';
import type { DataContext, Dataset } from './dataset';
import type { Rows } from './rows';

/** Rows of other data in the model space of a data set. */
export interface LikeRows extends Pick<Dataset, 'files' | 'warnings'> {
  /** `[n, D]` */
  readonly rows: Rows;
}

/**
 * Some rows of other data, scaled as those of a data set are.
 *
 * @param most how many are wanted at most
 * @throws ProblemError of kind `data` where they have no such columns, or pixels of other meaning
 */
export async function rowsLike(
  dataset: Dataset,
  spec: DataSpec,
  context: DataContext,
  most: number,
): Promise<LikeRows> {
  // Scaled by what they are like themselves they would say nothing.
  const asItIs = 'standardize' in spec ? { ...spec, standardize: false } : spec;
  const loaded: Dataset = await dataMethod(asItIs).load(asItIs, context);
  const { dimensions, image, transform } = dataset;
  const kept = {
    ...(loaded.files ? { files: loaded.files } : {}),
    ...(loaded.warnings ? { warnings: loaded.warnings } : {}),
  };
  const where = `The other data, data.${spec.type},`;
  if (loaded.dimensions !== dimensions || loaded.domain !== dataset.domain) {
    throw binaryProblem(
      `${where} have rows of ${loaded.dimensions} ${loaded.domain} numbers, but those to train on have ${dimensions} ${dataset.domain} ones.`,
      'Use data of the same columns, or images of the same size.',
    );
  }
  const named = [dataset.categories, loaded.categories].map((one) => JSON.stringify(one ?? null));
  if (named[0] !== named[1]) {
    throw binaryProblem(
      `${where} have other categories or levels than those to train on.`,
      'Name the levels of both with the same option levels.',
    );
  }
  const codes = [image, loaded.image].map((one) => JSON.stringify(one ?? null));
  if (codes[0] !== codes[1]) {
    throw binaryProblem(
      `${where} are ${loaded.image ? 'images' : 'no images'} whose pixels mean something else than those to train on.`,
      'Give both the same options for pixels: from, range, dequantize, logit and binarize.',
    );
  }
  const rows = loaded.training.subarray(0, most * dimensions);
  if (transform === undefined) return { rows, ...kept };
  const scaled = rows.map((value, i) => {
    const d = i % dimensions;
    return (value - transform.mean[d]!) / transform.scale[d]!;
  });
  return { rows: scaled, ...kept };
}
