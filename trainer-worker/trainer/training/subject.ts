import type { Rows } from '../../methods/data/rows';
import type { Subject } from '../../methods/diagnostics/diagnostic';
import type { SmallSpace } from '../../methods/diagnostics/small-space';
import type { TrainingStep } from './training-step';

/** Rows that tell where the model may have its mass: so many held-out ones and so many samples. */
const mostProbes = 512;

interface SubjectContext {
  /** `[m, D]` */
  readonly heldOut: Rows;
  readonly dimensions: number;
  readonly space?: SmallSpace;
  /** Energies of the shown landscape, where one is shown. */
  readonly field?: Float32Array;
}

/**
 * The model after a training step.
 *
 * @param samples `[n, D]` ends of the shown chains
 */
export function subjectOf(
  step: TrainingStep,
  samples: Float32Array,
  { heldOut, dimensions, space, field }: SubjectContext,
): Subject {
  const heldOutEnergies = once(() => step.energy(heldOut));
  return {
    samples,
    heldOutEnergies,
    energy: (points) => step.energy(points),
    score: (points) => step.score(points),
    classEnergies: (points) => step.classEnergies(points),
    flowLogDensity: (points) => step.flowLogDensity(points),
    logPartition: once(() => step.logPartition()),
    anneal: () => step.anneal(samples),
    record: () => step.record(samples),
    inSpace: once(async () => {
      if (!space) throw new Error('The space is not small.');
      const [rows, ends] = [heldOut, samples].map((all) =>
        all.subarray(0, mostProbes * dimensions),
      );
      const energies = (await heldOutEnergies()).subarray(0, mostProbes);
      const probes = {
        points: Float32Array.of(...rows!, ...ends!),
        energies: Float32Array.of(...energies, ...(await step.energy(ends!))),
      };
      return space.measure((points) => step.energy(points), probes, field);
    }),
  };
}

/** The same promise for all who ask. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
