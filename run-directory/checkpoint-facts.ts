import type { CheckpointFacts, TensorFacts } from '../protocol/looking';
import type { KeptCheckpoint } from './checkpoints';
import { histogramOf } from './histogram';

/** How tensors of a checkpoint are called, by what they are of. */
const prefixes = { parameters: 'parameters/', averages: 'average/' } as const;
/** The chains that live on, and in which step each of them began. */
const chainsName = 'buffer';
const birthsName = 'buffer births';

/** How the numbers in a checkpoint are distributed: its parameters, their averages, and its buffer. */
export function checkpointFacts({ step, tensors }: KeptCheckpoint): CheckpointFacts {
  const under = (prefix: string) =>
    tensors.flatMap(({ name, shape, data }) =>
      name.startsWith(prefix) ? [tensorFacts(name.slice(prefix.length), shape, data)] : [],
    );
  const named = (name: string) => tensors.find((tensor) => tensor.name === name);
  const chains = named(chainsName);
  const births = named(birthsName);
  return {
    checkpoint: step,
    parameters: under(prefixes.parameters),
    averages: under(prefixes.averages),
    buffer: [
      ...(chains ? [tensorFacts('values', chains.shape, chains.data)] : []),
      ...(births
        ? [
            tensorFacts(
              'ages in steps',
              births.shape,
              births.data.map((birth) => step - birth),
            ),
          ]
        : []),
    ],
  };
}

/** How the numbers of one tensor are distributed; what is not finite is counted and left out. */
export function tensorFacts(
  name: string,
  shape: readonly number[],
  data: Float32Array,
): TensorFacts {
  const found = histogramOf(data);
  const known = found ?? { min: 0, max: 0, count: 0, sum: 0, sumOfSquares: 0, cells: [] };
  const mean = known.sum / Math.max(1, known.count);
  let squares = 0;
  for (const value of data) if (Number.isFinite(value)) squares += (value - mean) ** 2;
  return {
    name,
    shape,
    count: data.length,
    notFinite: data.length - known.count,
    mean,
    deviation: Math.sqrt(squares / Math.max(1, known.count)),
    min: known.min,
    max: known.max,
    cells: known.cells,
  };
}
