/** JSON files of a run's folder: decoded, parsed and checked, with the place in what is told of them. */
import type { z } from 'zod';
import { brokenFile } from './storage-problem';

/** What problems say of a file. */
interface FileAtFault {
  readonly file: string;
  /** One sentence. */
  readonly remedy: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws ProblemError of kind `storage` where the bytes are not UTF-8 or not JSON */
export function parseJson(bytes: Uint8Array, { file, remedy }: FileAtFault): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw brokenFile(file, `it is not JSON: ${why}.`, remedy);
  }
}

/** @throws ProblemError of kind `storage` that names the first value that is wrong, and why */
export function checked<T>(value: unknown, schema: z.ZodType<T>, { file, remedy }: FileAtFault): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const name = [...issue.path, key].join('.');
    throw brokenFile(file, `'${name}' is not one of its entries.`, remedy);
  }
  const where = issue?.path.length ? `'${issue.path.join('.')}'` : 'the whole';
  const why = issue?.message.replace(/^Invalid input: /, '');
  throw brokenFile(file, `${where} is wrong: ${why}.`, remedy);
}
