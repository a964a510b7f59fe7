import type { SavedKind } from '../../protocol/panel';

/** The first bytes of every PNG file. */
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const mostBytes = 2 ** 27;

/** Whether bytes are of a kind, as far as a glance tells. */
const looksLike: Readonly<Record<SavedKind, (bytes: Uint8Array) => boolean>> = {
  png: (bytes) => signature.every((byte, at) => bytes[at] === byte),
  // A drawing has nothing in it that runs.
  svg: (bytes) => {
    const text = textOf(bytes);
    return text?.startsWith('<svg ') === true && !/<script|<foreignObject|\son\w+=/i.test(text);
  },
  csv: (bytes) => textOf(bytes)?.startsWith('step,') === true,
};

/**
 * Whether what a page sent to be saved is what it says: pages show other people's runs, and what is
 * saved is opened by other programs.
 */
export function isSaved(name: unknown, kind: unknown, bytes: unknown): boolean {
  return (
    typeof name === 'string' &&
    /^[a-z0-9-]{1,64}$/.test(name) &&
    typeof kind === 'string' &&
    Object.hasOwn(looksLike, kind) &&
    bytes instanceof Uint8Array &&
    bytes.length <= mostBytes &&
    looksLike[kind as SavedKind](bytes)
  );
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
