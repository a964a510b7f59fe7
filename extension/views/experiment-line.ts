/** The line (from 0) of `export default experiment(`, by its text: it is there while one types. */
export function experimentLine(text: string): number | undefined {
  const match = /^export\s+default\s+experiment\s*\(/m.exec(text);
  return match ? text.slice(0, match.index).split('\n').length - 1 : undefined;
}

/** The line (from 0) of `export const sweep`. */
export function sweepLine(text: string): number | undefined {
  const match = /^export\s+const\s+sweep\b/m.exec(text);
  return match ? text.slice(0, match.index).split('\n').length - 1 : undefined;
}
