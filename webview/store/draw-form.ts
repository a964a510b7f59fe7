import type {
  DrawOffer,
  DrawRequest,
  OfferedSampler,
  SamplerSetting,
} from '../../protocol/looking';
import type { Json } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';

/** What stands in the fields of the form. */
export interface TypedDraw {
  readonly sampler: OfferedSampler;
  /** By the names of settings. */
  readonly settings: Readonly<Record<string, string>>;
  readonly start: OfferedSampler['start'];
  readonly steps: string;
  readonly count: string;
  readonly seed: string;
}

/** What is asked, or what of the form is wrong: the name of a field, and why. */
export type DrawWish =
  | { readonly request: DrawRequest }
  | { readonly field: string; readonly fault: string };

/** A value as a field shows it: words as they are, nothing for none. */
export function settingText(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Chains, where nobody says: as many as the offer has, and no more than a buffer that they start from. */
export function countOf({ count, buffered = count }: DrawOffer, start: TypedDraw['start']): number {
  return start === 'buffer' ? Math.min(count, buffered) : count;
}

/**
 * What a form asks for: of settings, seed and iterations only what differs from the offer, so that the rest
 * is as in the run.
 *
 * @param checkpoint the step of the checkpoint
 */
export function drawWish(offer: DrawOffer, typed: TypedDraw, checkpoint: number): DrawWish {
  const { sampler, start } = typed;
  const settings: Record<string, Json> = {};
  for (const setting of sampler.settings) {
    const text = typed.settings[setting.name] ?? settingText(setting.value);
    if (text === settingText(setting.value)) continue;
    const read = readSetting(setting, text);
    if ('fault' in read) return { field: setting.name, fault: read.fault };
    settings[setting.name] = read.value;
  }
  const most = start === 'buffer' ? (offer.buffered ?? 0) : offer.mostCount;
  const ranges = [
    ['steps', 0, 100_000],
    ['count', 1, Math.min(most, offer.mostCount)],
    ['seed', 0, Number.MAX_SAFE_INTEGER],
  ] as const;
  const numbers: Partial<Record<'steps' | 'count' | 'seed', number>> = {};
  for (const [field, least, largest] of ranges) {
    const value = typed[field].trim() === '' ? Number.NaN : Number(typed[field]);
    if (!Number.isSafeInteger(value) || value < least || value > largest) {
      const upTo = field === 'seed' ? ' or more' : ` to ${formatCount(largest)}`;
      return { field, fault: `It takes a whole number, ${least}${upTo}.` };
    }
    numbers[field] = value;
  }
  const { steps, count, seed } = numbers as Record<'steps' | 'count' | 'seed', number>;
  return {
    request: {
      ...{ checkpoint, start, count },
      // As in the run's previews where nothing else is said: with all that these have.
      ...(sampler === offer.samplers[0] ? {} : { sampler: sampler.type }),
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
      ...(steps === sampler.steps ? {} : { steps }),
      ...(seed === offer.seed ? {} : { seed }),
    },
  };
}

/** What a text in a field means: a number, a list or an object as JSON, nothing, or one of its words. */
function readSetting(
  { value, choices }: SamplerSetting,
  text: string,
): { readonly value: Json } | { readonly fault: string } {
  if (choices) {
    return choices.includes(text)
      ? { value: text }
      : { fault: `It is one of ${choices.join(', ')}.` };
  }
  if (text.trim() === '') return { value: null };
  // Also 1e-3 and .5, which people write.
  const number = Number(text);
  if (Number.isFinite(number)) return { value: number };
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return {
      fault:
        typeof value === 'object'
          ? 'It takes a number, or a list or an object as JSON.'
          : 'It takes a number.',
    };
  }
}
