import { dataProblem, peeked } from './data-file';
import { foreignFormat } from './file-format';

/** Bytes that an encoding is guessed from. */
const guessedFrom = 4096;

/**
 * The text of a file, in pieces.
 *
 * Without a word on its encoding it has that of its byte-order mark, or UTF-16 where every second byte
 * is zero, or else it must be UTF-8.
 *
 * @param encoding a label that `TextDecoder` knows; `null` to find out
 * @throws ProblemError of kind `data` for what is no text, or text that is not UTF-8
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string | null,
  file: string,
): AsyncGenerator<string> {
  const { head, all } = await peeked(chunks, guessedFrom);
  const known = foreignFormat(head, file);
  if (known) {
    throw dataProblem(file, `${file} is ${known.name}, not CSV text.`, known.remedy);
  }
  const found = encoding ?? encodingOf(head, file);
  const decoder = new TextDecoder(found);
  let lines = 1;
  for await (const chunk of all) {
    const text = decoder.decode(chunk, { stream: true });
    const wrong = encoding === null && found === 'utf-8' ? text.indexOf('\ufffd') : -1;
    if (wrong !== -1) {
      throw notUtf8(file, lines + breaksIn(text.slice(0, wrong)));
    }
    lines += breaksIn(text);
    yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') {
    if (encoding !== null) yield rest;
    else if (found === 'utf-8') throw notUtf8(file, lines);
    else {
      throw dataProblem(
        file,
        `${file} ends in the middle of a character of ${found.toUpperCase()}.`,
        'A part of it is missing: get it again.',
        lines,
      );
    }
  }
}

function breaksIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function notUtf8(file: string, line: number) {
  return dataProblem(
    file,
    `${file}, line ${line} has bytes that are not UTF-8.`,
    "Name its encoding: encoding: 'latin1' for most files from Western Europe and older Windows, or another such as 'windows-1251', 'shift_jis' or 'gbk'; or write it as UTF-8.",
    line,
  );
}

/** The encoding that a text which begins with `head` tells by its bytes. */
function encodingOf(head: Uint8Array, file: string): string {
  const [a, b, c, d] = head;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) throw utf32(file);
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) throw utf32(file);
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  const sample = head.subarray(0, guessedFrom);
  const zeros = [0, 0];
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[index % 2]! += 1;
  const [even = 0, odd = 0] = zeros;
  if (even + odd === 0) return 'utf-8';
  // Digits, commas and line breaks have a zero for their other byte.
  if (odd > 0.4 * (sample.length / 2) && even === 0) return 'utf-16le';
  if (even > 0.4 * (sample.length / 2) && odd === 0) return 'utf-16be';
  throw dataProblem(
    file,
    `${file} has bytes of zero near its beginning: it is no text.`,
    'Write it as CSV text, or as an array with numpy.save and load that with data.npy.',
  );
}

function utf32(file: string) {
  return dataProblem(
    file,
    `${file} is in UTF-32, which cannot be read.`,
    'Write it as UTF-8: iconv -f UTF-32 -t UTF-8.',
  );
}
