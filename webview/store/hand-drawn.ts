import type { ChainsPassed, Drawing, DrawRequest } from '../../protocol/looking';
import type { PreviewFrame } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { formatValue } from './number-format';

/** Chains that somebody has had drawn, so far as they are. */
export interface HandDrawn {
  /** What was asked. */
  readonly request: DrawRequest & { readonly checkpoint: number };
  /** Where they passed so far. */
  readonly stops: readonly ChainsPassed[];
  /** What they came to; nothing while they move. */
  readonly drawing?: Drawing;
}

/** The same when chains have come to a stop. */
export function withStop(drawn: HandDrawn, stop: ChainsPassed): HandDrawn {
  return { ...drawn, stops: [...drawn.stops, stop] };
}

/** The same when they have come to their end, whatever was heard of them on the way. */
export function withDrawing(drawn: HandDrawn, drawing: Drawing): HandDrawn {
  const { steps, samples } = drawing.drawn;
  const isWhole = drawn.stops.at(-1)?.done === steps;
  const stops = isWhole ? drawn.stops : [...drawn.stops, { done: steps, of: steps, samples }];
  return { ...drawn, stops, drawing };
}

/** Energies of the chains at a stop, `[count]`; none where that was none of those that are told. */
function energiesAt(
  { energies, iterations, drawn }: Drawing,
  stop: ChainsPassed,
): Float32Array | undefined {
  const place = iterations.indexOf(stop.done);
  if (place < 0) return undefined;
  return energies.subarray(place * drawn.count, (place + 1) * drawn.count);
}

/**
 * Chains at one of their stops, as a picture of the run that has no place on its scrubber.
 *
 * @param dimensions numbers of a row as previews have it
 */
export function frameAt(
  { request, stops, drawing }: HandDrawn,
  index: number,
  dimensions: number,
): PreviewFrame | undefined {
  const stop = stops[index];
  if (stop === undefined) return undefined;
  const count = stop.samples.length / dimensions;
  const frame = { step: request.checkpoint, samples: stop.samples, count };
  if (drawing === undefined) return frame;
  const energies = energiesAt(drawing, stop);
  return {
    ...frame,
    ...(drawing.field ? { field: drawing.field } : {}),
    ...(energies ? { energies: { samples: energies, data: drawing.dataEnergies } } : {}),
  };
}

/** `256 chains from noise, 500 iterations of langevin, checkpoint at step 2,000` */
export function drawnText({ request, drawing }: HandDrawn): string {
  const at = `checkpoint at step ${formatCount(request.checkpoint)}`;
  if (!drawing) return at;
  const { count, sampler, steps, start } = drawing.drawn;
  const chains = `${formatCount(count)} ${count === 1 ? 'chain' : 'chains'} from ${start === 'buffer' ? 'the buffer' : start}`;
  const how =
    steps === 0
      ? 'as they are'
      : `${formatCount(steps)} ${steps === 1 ? 'iteration' : 'iterations'} of ${String(sampler['type'])}`;
  return `${chains}, ${how}, ${at}`;
}

/** What is known of the chains at a stop, and at their end: `mean energy −1.2 · acceptance 0.83`. */
export function drawnFactsText({ drawing, stops }: HandDrawn, index: number): string {
  const stop = stops[index];
  if (!drawing || !stop) return '';
  const energies = energiesAt(drawing, stop) ?? new Float32Array(0);
  const mean = energies.reduce((sum, energy) => sum + energy, 0) / energies.length;
  const told = Object.entries(drawing.drawn.statistics).map(
    ([label, value]) => `${label.toLowerCase()} ${formatValue(value)}`,
  );
  const known = Number.isNaN(mean) ? [] : [`mean energy ${formatValue(mean)}`];
  return [...known, ...told].join(' · ');
}
