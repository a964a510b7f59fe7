import { type DataFile, peeked } from './data-file';
import { isIdx, openIdx } from './idx-tensor';
import { openNpy } from './npy-tensor';
import type { Tensor } from './tensor';

/**
 * Opens an array, whichever format its file begins like: IDX, or NumPy.
 *
 * @throws ProblemError of kind `data` where it is neither
 */
export async function openAny(file: DataFile): Promise<Tensor> {
  const { head, all } = await peeked(file.contents(), 4);
  await all[Symbol.asyncIterator]().return?.();
  return isIdx(head) ? openIdx(file) : openNpy(file, null);
}
