/** How curves are written as comma-separated values, whoever writes them. */

/** A line, with its end: fields are quoted where RFC 4180 asks for it. */
export function csvLine(fields: readonly (string | number)[]): string {
  return `${fields.map((field) => (typeof field === 'string' ? quoted(field) : field)).join(',')}\n`;
}

/**
 * A 32-bit number in the fewest digits that read back to it: nine tell all of them apart, and most
 * need fewer. NaN and Infinity are written as such.
 */
export function csvNumber(value: number): string {
  for (let digits = 6; digits < 9; digits += 1) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
