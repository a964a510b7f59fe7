import { randomInt } from 'node:crypto';
import path from 'node:path';

const idAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const idLength = 10;
const longestSlug = 40;

/**
 * A new run's id and the name of its directory, `<yyyymmdd-hhmmss>-<slug>-<id>` (UTC): sorts by
 * time, says what it is, and is safe on every file system (ASCII, no reserved name, at most 70
 * characters).
 *
 * @param experimentFile path of the launched file; its base name gives the slug
 */
export function newRunName(
  createdAt: Date,
  experimentFile: string,
): { id: string; directoryName: string } {
  const id = Array.from(
    { length: idLength },
    () => idAlphabet[randomInt(idAlphabet.length)] ?? '',
  ).join('');
  const time = createdAt.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return { id, directoryName: `${time}-${slug(experimentFile)}-${id}` };
}

function slug(file: string): string {
  // Both separators, so that a Windows path is understood on Linux and the reverse.
  const base = path.win32.basename(file).replace(/(\.ebm)?\.[cm]?[jt]sx?$/i, '');
  const ascii = base
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase()
    .slice(0, longestSlug)
    .replace(/^-+|-+$/g, '');
  return ascii || 'run';
}

/** The id in a run directory's name, or nothing if {@link newRunName} did not make that name. */
export function runIdOf(directoryName: string): string | undefined {
  return new RegExp(`^\\d{8}-\\d{6}-.*-([${idAlphabet}]{${idLength}})$`).exec(directoryName)?.[1];
}
