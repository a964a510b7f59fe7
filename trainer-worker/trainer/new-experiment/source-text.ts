/** How the TypeScript of an experiment is written. */

/** A value of an option that is written. */
export type OptionValue = string | number | boolean | readonly (string | number)[];

/** A value as TypeScript: strings in single quotes, lists on one line. */
export function literal(value: OptionValue): string {
  if (typeof value === 'string') {
    const escaped = JSON.stringify(value)
      .slice(1, -1)
      .replaceAll('\\"', '"')
      .replaceAll("'", "\\'");
    return `'${escaped}'`;
  }
  if (typeof value === 'object') return `[${value.map(literal).join(', ')}]`;
  return String(value);
}

/** Options between braces, one a line; nothing where there are none. */
export function optionsText(options: Readonly<Record<string, string>>): string {
  const lines = Object.entries(options).map(([name, value]) => `  ${name}: ${value},`);
  return lines.length === 0 ? '' : `{\n${lines.join('\n')}\n}`;
}

/** A text with every line but the first moved in. */
export function indented(text: string, by = '  '): string {
  return text.replaceAll('\n', `\n${by}`);
}

/** Comments of at most a hundred columns, indented by two. */
export function comment(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length > 92) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => `// ${each}`).join('\n');
}

/** A number of two digits, as a person would write it: 0.15, 1.2. */
export function rounded(value: number): string {
  return String(Number(value.toPrecision(2)));
}
