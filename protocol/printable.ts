/**
 * Control characters but tab and the ends of lines, which move a terminal's cursor, colour it or ring its bell,
 * and the marks that make text run backwards.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const unprintable = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text of others (a line of a file, a name in a table, what a library says) as it may be shown: what
 * would act on a terminal instead of being seen is written as an escape, such as `\x1b`. What ends a
 * line is a line feed.
 */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(unprintable, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}
