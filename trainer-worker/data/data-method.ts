import type * as z from 'zod';
import type { DataContext, Dataset } from './dataset';

/** One row of the table of data sources. */
export interface DataMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** @throws ProblemError of kind `data` that names the file, the row and the column */
  load(spec: Spec, context: DataContext): Promise<Dataset>;
}
