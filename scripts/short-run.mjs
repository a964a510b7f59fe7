/** What the suite of the extension host trains, and for how long. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const experimentFile = 'two-moons.ebm.ts';
/** Few, between the previews of its first and its last. */
export const steps = 60;

/**
 * Has the example in a copy of the examples train for no more than {@link steps} steps.
 * @param {string} folder
 */
export async function shorten(folder) {
  const file = path.join(folder, experimentFile);
  const text = await readFile(file, 'utf8');
  const shorter = text.replace(/^( {2}steps: )[\d_]+,$/m, `$1${steps},`);
  if (shorter === text) throw new Error(`${experimentFile} has no line that sets its steps.`);
  await writeFile(file, shorter);
}
