import { printable } from '../../protocol/printable';

/**
 * Lines of columns that are as wide as their widest cell; the last one of a row may be longer. Cells
 * are made printable.
 */
export function textTable(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const whole = rows.filter((row) => row.length === head.length);
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...whole.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    `${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`;
  return [head, ...rows].map(line).join('');
}
