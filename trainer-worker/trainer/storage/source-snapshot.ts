import path from 'node:path';
import { replaceFile } from '../../../run-directory/files';
import type { ExperimentSource } from '../experiment/loaded-experiment';

const folder = 'source';

/**
 * Keeps the files that an experiment consists of, in the same places relative to each other.
 *
 * @param sources the launched file first
 * @returns where the launched file's copy is, relative to the run directory, with `/`
 * @throws ProblemError of kind `storage`
 */
export async function writeSourceSnapshot(
  directory: string,
  sources: readonly ExperimentSource[],
): Promise<string> {
  const places = snapshotPlaces(sources.map(({ path: file }) => file));
  for (const [index, { contents }] of sources.entries()) {
    await replaceFile(directory, places[index] as string, [contents]);
  }
  return places[0] ?? folder;
}

/** Places of the copies below the run directory, with `/`: below the folder that all share. */
function snapshotPlaces(files: readonly string[]): string[] {
  let root = path.dirname(files[0] ?? '');
  for (const file of files) {
    while (!isInside(root, file) && path.dirname(root) !== root) root = path.dirname(root);
  }
  return files.map((file, index) => {
    // Files on another drive share no folder with the rest.
    const relative = isInside(root, file)
      ? path.relative(root, file)
      : path.join(`drive-${index}`, path.basename(file));
    return [folder, ...relative.split(path.sep)].join('/');
  });
}

function isInside(root: string, file: string): boolean {
  const relative = path.relative(root, file);
  return !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
}
