import path from 'node:path';
import type { RunReporter, Write } from './run-reporter';

const metricsMs = 250;

/**
 * Reports a run as one JSON object a line, each with an `event`: `start`, `metrics` (at most four a
 * second, and the last), `preview`, `checkpoint`, `notice`, `end`, or `error` when it cannot begin. A value
 * that is not finite is null.
 */
export function jsonReporter(write: Write): RunReporter {
  const say = (event: string, fields: object) => write(`${JSON.stringify({ event, ...fields })}\n`);
  let saidAt = Number.NEGATIVE_INFINITY;
  let unsaid: { step: number; values: Readonly<Record<string, number>> } | undefined;
  let latest: Readonly<Record<string, number>> = {};
  const sayMetrics = () => {
    if (unsaid) say('metrics', unsaid);
    unsaid = undefined;
    saidAt = performance.now();
  };
  return {
    phase: () => undefined,
    begin: (directory, { id, name, backend, warnings, seed, state, metrics }) =>
      say('start', { id, name, directory, backend, warnings, seed, steps: state.steps, metrics }),
    metrics(step, values) {
      latest = { ...latest, ...values };
      unsaid = { step, values };
      if (performance.now() - saidAt >= metricsMs) sayMetrics();
    },
    async preview({ step, count }) {
      const file = path.posix.join('samples', `${String(step).padStart(9, '0')}.samples.npy`);
      say('preview', { step, samples: count, file });
    },
    notice: (text) => say('notice', { text }),
    async checkpoint({ step }) {
      say('checkpoint', { step });
    },
    end(directory, { trainingSeconds }, { status, step, problem }) {
      sayMetrics();
      say('end', { status, step, trainingSeconds, directory, metrics: latest, problem });
    },
    refused: (problem) => say('error', { problem }),
  };
}
