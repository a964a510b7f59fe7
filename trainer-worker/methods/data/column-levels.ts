/** The levels of categorical columns: as a file has them, or as the user names them. */
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { excerpt } from '../options/excerpt';
import { type Category, mostLevels } from './categories';
import { ClassNames } from './class-names';
import type { NumberReader } from './number-text';

/** The schema of names of levels, each once. @internal */
export const levelList = z
  .array(z.string().min(1))
  .min(2)
  .max(mostLevels)
  .refine((names) => new Set(names).size === names.length, {
    error: 'a level is named twice.',
    params: { remedy: 'Name each level once.' },
  });

/** What the levels of columns are called that were met so far, of all files of a data set. */
export class ColumnLevels {
  readonly #number: NumberReader;
  readonly #columns = new Map<string, ClassNames>();

  /** @param number how the files write numbers: what is the same number is the same level */
  constructor(number: NumberReader) {
    this.#number = number;
  }

  /** Of one column. */
  of(column: string): ClassNames {
    const known = this.#columns.get(column);
    if (known) return known;
    const names = new ClassNames(this.#number);
    this.#columns.set(column, names);
    return names;
  }
}

/** A column of a file, as the numbers of the levels that were met. */
interface LevelColumn {
  /** Absolute path, for messages. */
  readonly file: string;
  readonly name: string;
  readonly names: ClassNames;
  /** Numbers of the levels that rows have, each once. */
  readonly found: readonly number[];
  /** What the user calls the levels. */
  readonly given: readonly string[] | undefined;
}

/**
 * The category that a column is, and the code of each level that was met.
 *
 * Where the user names the levels, values are these names; or, where they are none of them, the places of the
 * names from 0. Else the levels are those of the rows, in the order of their numbers or letters.
 *
 * @throws ProblemError of kind `data` where a value is no level, or there are too many or only one
 */
export function categoryOf(column: LevelColumn): {
  readonly category: Category;
  /** By number of the level, as {@link ClassNames} counts them. */
  readonly codes: ReadonlyMap<number, number>;
} {
  const { file, name, names, found, given } = column;
  const where = `Column '${excerpt(name)}' of ${file}`;
  if (given === undefined) {
    const sorted = names.sorted(found);
    if (sorted.length < 2) {
      throw new ProblemError({
        kind: 'data',
        message: `${where} has the same value in every row: it is no category.`,
        remedy: `Leave the column out, or name all levels that there are: levels: { ${JSON.stringify(name)}: […] }.`,
      });
    }
    if (sorted.length > mostLevels) {
      throw new ProblemError({
        kind: 'data',
        message: `${where} has ${sorted.length} different values, such as '${excerpt(names.names[sorted[0]!]!)}' and '${excerpt(names.names[sorted[1]!]!)}': a category has ${mostLevels} levels at most.`,
        remedy: 'Leave the column out, or group its values.',
      });
    }
    return {
      category: { name, levels: sorted.map((id) => names.names[id]!) },
      codes: new Map(sorted.map((id, code) => [id, code])),
    };
  }
  const byName = found.map((id): [number, number] => [id, given.indexOf(names.names[id]!)]);
  const other = byName.find(([, code]) => code === -1);
  const category = { name, levels: given };
  if (other === undefined) return { category, codes: new Map(byName) };
  const byPlace = found.map((id): [number, number] => [id, Number(names.names[id]!)]);
  const isPlace = ([, place]: [number, number]) =>
    Number.isInteger(place) && place >= 0 && place < given.length;
  if (byPlace.every(isPlace)) return { category, codes: new Map(byPlace) };
  throw new ProblemError({
    kind: 'data',
    message: `${where} has '${excerpt(names.names[other[0]]!)}', which is none of the ${given.length} levels that are named.`,
    remedy: `Name all levels that it has, or give their places from 0: ${given
      .map((level) => `'${excerpt(level)}'`)
      .slice(0, 20)
      .join(', ')}.`,
  });
}
