import type { ClassNames } from './class-names';
import { binaryProblem } from './data-file';
import { numbersOf, type Tensor } from './tensor';

/**
 * The class of each row, from an array that has nothing else: `[rows]`, or `[rows, 1]`.
 *
 * @returns numbers of classes in `classNames`, `[rows]`
 * @throws ProblemError of kind `data` where it is no such array
 */
export async function readLabels(tensor: Tensor, classNames: ClassNames): Promise<Uint32Array> {
  const { file, header } = tensor;
  const [count, width = 1] = header.shape;
  if (count === undefined || header.shape.length > 2 || width !== 1) {
    throw binaryProblem(
      `${file.path} holds an array of shape [${header.shape.join(', ')}], which is not one class for each row.`,
      'Save classes as numbers, [rows]: of an array of zeros and ones, one-hot, array.argmax(axis=1).',
    );
  }
  const classes = new Uint32Array(count);
  let row = 0;
  for await (const numbers of numbersOf(tensor)) {
    for (const each of numbers) {
      const value = Number(each);
      if (!Number.isFinite(value)) {
        throw binaryProblem(
          `${file.path}: the class of row ${row + 1} is ${value}.`,
          'Correct it: every class must be a finite number.',
        );
      }
      classes[row++] = classNames.idOf(String(value));
    }
  }
  return classes;
}

/** @throws ProblemError of kind `data` unless there is a class for each of `count` rows */
export function requireAsManyClasses(
  file: string,
  classes: ArrayLike<number> | undefined,
  count: number,
): void {
  if (classes === undefined || classes.length === count) return;
  throw binaryProblem(
    `${file} has ${count} rows, but there are labels of ${classes.length}.`,
    'Name the labels of these very rows, in their order.',
  );
}
