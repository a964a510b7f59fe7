import type { Drawn, DrawnFormat } from '../protocol/looking';
import { rowsAsCsv, samplesInUnits } from './export-samples';
import { writeNpy } from './npy';
import { writeSafetensors } from './safetensors';

/** What samples are written as, by the ending of their file: its parts in order. */
const formats: Readonly<Record<DrawnFormat, (drawn: Drawn) => Uint8Array[]>> = {
  '.npy': (drawn) => writeNpy(inUnits(drawn), [drawn.count, drawn.layout.dimensions]),
  '.csv': (drawn) => {
    const lines = [...rowsAsCsv(drawn, drawn.layout, drawn.transform)];
    return [new TextEncoder().encode(lines.join(''))];
  },
  '.safetensors'(drawn) {
    const { count, layout, energies } = drawn;
    return writeSafetensors(
      [
        { name: 'samples', shape: [count, layout.dimensions], data: inUnits(drawn) },
        { name: 'energies', shape: [count], data: energies },
      ],
      Object.fromEntries(
        Object.entries(drawnFacts(drawn)).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    );
  },
};

/** Whether this is the ending of a file of samples. */
export function isDrawnFormat(ending: string): ending is DrawnFormat {
  return Object.hasOwn(formats, ending);
}

/** Samples that were drawn as a file, in the units of the data: its parts in order. */
export function drawnFile(drawn: Drawn, format: DrawnFormat): Uint8Array[] {
  return formats[format](drawn);
}

/** How samples came about, so that they can be drawn again. */
export function drawnFacts({
  run,
  checkpoint,
  sampler,
  steps,
  start,
  seed,
  backend,
  count,
}: Drawn) {
  return { run, checkpoint, sampler, steps, start, seed, backend, count };
}

function inUnits({ samples, layout, transform }: Drawn): Float32Array {
  return samplesInUnits(samples, layout, transform);
}
