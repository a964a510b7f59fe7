import type { ProbeAnswer } from './probe';

/** How much TensorFlow prints on stderr: all from 0 on, from 1 on no more than warnings. */
export const logLevelVariable = 'TF_CPP_MIN_LOG_LEVEL';

/**
 * An answer with what TensorFlow prints and tells nobody else: which CUDA device it opened, or which
 * libraries it did not find.
 */
export function withPrinted(answer: ProbeAnswer, printed: string): ProbeAnswer {
  if (answer.works) {
    const device = /device:GPU:\d+ with .*?name: ([^,\n]+)/.exec(printed)?.[1];
    if (device === undefined) return answer;
    return { ...answer, description: `${answer.description}, ${device}` };
  }
  const missing = [...printed.matchAll(/Could not load dynamic library '([^']+)'/g)].map(
    ([, library]) => library!,
  );
  if (missing.length === 0) return answer;
  return { ...answer, why: `${answer.why}; it did not find ${[...new Set(missing)].join(', ')}` };
}
