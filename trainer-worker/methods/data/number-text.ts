/** How a file writes its numbers. */
export interface NumberStyle {
  /** What stands between the whole and its parts. */
  readonly decimal: '.' | ',';
  /** What groups the digits of the whole; `null` for nothing. */
  readonly thousands: string | null;
}

/** A field as a number; NaN where it is none. */
export type NumberReader = (field: string) => number;

const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?$/;

/** What pandas and R write for truths. */
const truths: ReadonlyMap<string, number> = new Map([
  ['True', 1],
  ['TRUE', 1],
  ['true', 1],
  ['False', 0],
  ['FALSE', 0],
  ['false', 0],
]);

/** Signs that stand for the same in print. */
const alike: Readonly<Record<string, string>> = { ' ': ' \u00a0\u202f', "'": "'\u2019" };

/**
 * Reads numbers as a file writes them: decimal, with an exponent of `e` or Fortran's `d`, or a truth (1
 * or 0). Nothing that JavaScript alone takes for a number (`0x10`, the empty text) is one.
 */
export function numberReader({ decimal, thousands }: NumberStyle): NumberReader {
  const whole = thousands === null ? undefined : groupedWhole(thousands);
  return (field) => {
    let text = field.trim();
    if (text.startsWith('\u2212')) text = `-${text.slice(1)}`;
    if (whole !== undefined) {
      text = text.replace(whole.pattern, (digits) => digits.replace(whole.separator, ''));
    }
    if (decimal === ',') {
      if (text.includes('.')) return Number.NaN;
      text = text.replace(',', '.');
    }
    if (!plain.test(text)) return truths.get(text) ?? Number.NaN;
    const value = Number(text);
    return Number.isNaN(value) ? Number(text.replace(/d/i, 'e')) : value;
  };
}

/** The whole part of a number in groups of digits: of three, or of two before the last as in India. */
function groupedWhole(separator: string) {
  const one = `[${(alike[separator] ?? separator).replace(/[\\\]^-]/g, '\\$&')}]`;
  return {
    pattern: new RegExp(`^[+-]?\\d{1,3}(?:${one}\\d{2,3})*${one}\\d{3}(?!\\d|${one})`),
    separator: new RegExp(one, 'g'),
  };
}
