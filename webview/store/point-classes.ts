/** `[n, 2]` points apart by their classes: `count` groups, and one more of whatever is in none. */
export function byClass(
  points: Float32Array,
  classes: Float32Array,
  count: number,
): readonly Float32Array[] {
  const groupOf = (k: number) => (isClass(classes[k]!, count) ? classes[k]! : count);
  const sizes = new Uint32Array(count + 1);
  for (let k = 0; k < classes.length; k++) sizes[groupOf(k)]! += 1;
  const groups = Array.from(sizes, (size) => new Float32Array(2 * size));
  const filled = new Uint32Array(count + 1);
  for (let k = 0; k < classes.length; k++) {
    const group = groupOf(k);
    groups[group]!.set(points.subarray(2 * k, 2 * k + 2), 2 * filled[group]!);
    filled[group]! += 1;
  }
  return groups;
}

function isClass(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}
