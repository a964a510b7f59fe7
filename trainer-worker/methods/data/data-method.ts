import type * as z from 'zod';
import type { DataContext, Dataset } from './dataset';
import type { Domain } from './domain';

/** A data set of which nobody need guess how its rows were scaled. */
export type ScaledDataset = Dataset & Required<Pick<Dataset, 'logScale'>>;

/** One row of the table of data sources. */
export interface DataMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** Where its numbers lie; `'real'` where absent. */
  domain?(spec: Spec): Domain;
  /** Whether its rows have classes; none do where absent. */
  hasLabels?(spec: Spec): boolean;
  /**
   * Its rows; it must tell how it scaled them.
   *
   * @throws ProblemError of kind `data` that names the file, the row and the column
   */
  load(spec: Spec, context: DataContext): Promise<ScaledDataset>;
}
