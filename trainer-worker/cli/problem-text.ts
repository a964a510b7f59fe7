import { readFileSync } from 'node:fs';
import { printable } from '../../protocol/printable';
import type { Problem, SourceLocation } from '../../protocol/problem';

/**
 * A problem as a person reads it in a shell: place and message, the line itself, the remedy. Whatever
 * it quotes is printable.
 *
 * @param verbose also shows the stack
 * @param severity what it is called
 */
export function problemText(
  problem: Problem,
  verbose = false,
  severity: 'error' | 'warning' = 'error',
): string {
  const { location } = problem;
  const place = location ? `${location.file}:${location.line}:${location.column}: ` : '';
  const lines = [`${place}${severity}: ${problem.message}`];
  if (location) lines.push(...codeFrame(location));
  if (problem.remedy) lines.push(`  ${problem.remedy}`);
  if (verbose && problem.detail) lines.push('', problem.detail);
  return printable(lines.join('\n'));
}

/** The line that a location names, with a caret beneath; nothing if it cannot be read. */
function codeFrame({ file, line, column }: SourceLocation): string[] {
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8').split(/\r?\n/)[line - 1];
  } catch {
    // The message says it all; the line would only have been a help.
    return [];
  }
  if (text === undefined || text.length > 200) return [];
  const number = String(line);
  // As wide as what is printed of the line before the place.
  const indent = printable(text.slice(0, column - 1)).replace(/[^\t]/g, ' ');
  return [`  ${number} | ${text}`, `  ${' '.repeat(number.length)} | ${indent}^`];
}
