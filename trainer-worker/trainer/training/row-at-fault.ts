/**
 * Which row of a batch makes a step fail by itself, found by trying batches of some rows alone.
 *
 * @param count rows of the batch
 * @param fails whether a step fails on a batch of these rows alone, repeated as often as it takes
 * @returns its index; undefined where no single row does it, or all do: then it is not the data
 */
export async function rowAtFault(
  count: number,
  fails: (rows: readonly number[]) => Promise<boolean>,
): Promise<number | undefined> {
  const probes = new Set([0, Math.floor(count / 2), count - 1]);
  let isSound = false;
  for (const row of probes) isSound ||= !(await fails([row]));
  if (!isSound) return undefined;
  let rows = Array.from({ length: count }, (_, row) => row);
  while (rows.length > 1) {
    const half = rows.slice(0, Math.ceil(rows.length / 2));
    rows = (await fails(half)) ? half : rows.slice(half.length);
  }
  return (await fails(rows)) ? rows[0] : undefined;
}
