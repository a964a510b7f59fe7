/** A diff is kept up to so many bytes. */
const mostBytes = 2 ** 20;
/** So many files that were left out are named. */
const mostNamed = 100;

const fileMark = Buffer.from('\ndiff --git ');

/**
 * A diff of bounded size: files whose part does not fit are left out whole and named above the rest,
 * where `git apply` passes over them.
 *
 * @param diff as `git diff` prints it
 * @param isWhole whether that is all of it; its last file is left out otherwise
 */
export function boundedDiff(diff: Buffer, isWhole: boolean): Uint8Array {
  const files = partsOf(diff);
  const kept: Buffer[] = [];
  const left: string[] = [];
  let bytes = 0;
  for (const [index, file] of files.entries()) {
    const isCut = !isWhole && index === files.length - 1;
    if (!isCut && bytes + file.length <= mostBytes) {
      kept.push(file);
      bytes += file.length;
    } else {
      const size = `${file.length} bytes${isCut ? ' or more, and maybe others after it' : ''}`;
      left.push(`# left out: ${headOf(file)} (${size})\n`);
    }
  }
  const named = left.slice(0, mostNamed);
  if (left.length > mostNamed) named.push(`# left out: ${left.length - mostNamed} more\n`);
  return Buffer.concat([Buffer.from(named.join('')), ...kept]);
}

/** The parts of a diff, one a file. Lines of content begin with another character than `d`. */
function partsOf(diff: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  while (start < diff.length) {
    const next = diff.indexOf(fileMark, start);
    const end = next === -1 ? diff.length : next + 1;
    parts.push(diff.subarray(start, end));
    start = end;
  }
  return parts;
}

/** What the first line says: `a/x.ts b/x.ts`, in git's own quotes where names need them. */
function headOf(part: Buffer): string {
  const end = part.indexOf('\n');
  const line = part.subarray(0, end === -1 ? part.length : end).toString('utf8');
  return line.slice('diff --git '.length);
}
