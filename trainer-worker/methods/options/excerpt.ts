/** Characters that move a cursor, colour or reorder what a terminal shows, or that nobody sees. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/**
 * Text from a user's file as a message may carry it: on one line, without anything that a terminal
 * would obey, and short.
 *
 * @param most characters that are shown of it
 */
export function excerpt(text: string, most = 60): string {
  const characters = [...text.slice(0, 2 * most)];
  const shown = characters.slice(0, most).join('').replace(unseen, escaped);
  return characters.length > most || text.length > 2 * most ? `${shown}…` : shown;
}

/** The escape that JavaScript and Python both write for a character. */
function escaped(character: string): string {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}
