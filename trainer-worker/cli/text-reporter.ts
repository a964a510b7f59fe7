import { SingleBar } from 'cli-progress';
import { printable } from '../../protocol/printable';
import type { RunState } from '../../protocol/run';
import { formatCount, formatDuration, formatSpeed } from '../../vocabulary/quantities';
import {
  closingText,
  numberOrNone,
  openingText,
  type RunReporter,
  type Write,
} from './run-reporter';

const lineMs = 2_000;

function speedOrNone({ stepsPerSecond }: RunState): string {
  return stepsPerSecond === undefined ? '–' : formatSpeed(stepsPerSecond);
}

function timeLeftOrNone({ secondsLeft }: RunState): string {
  return secondsLeft === undefined ? '–' : formatDuration(secondsLeft);
}

/** Reports a run in plain lines, one every few seconds, for a log or a pipe. */
export function lineReporter(write: Write): RunReporter {
  let last: Readonly<Record<string, number>> = {};
  let saidAt = performance.now();
  return {
    phase: (text) => write(`${text} …\n`),
    begin: (directory, manifest) => write(openingText(directory, manifest)),
    notice: (text) => write(`${printable(text)}\n`),
    metrics(_step, values) {
      last = { ...last, ...values };
    },
    state(state) {
      if (state.status !== 'running' || performance.now() - saidAt < lineMs) return;
      saidAt = performance.now();
      write(
        `step ${formatCount(state.step)} of ${formatCount(state.steps)}, loss ${numberOrNone(last['loss'])}, ` +
          `${speedOrNone(state)} steps/s, ${timeLeftOrNone(state)} left\n`,
      );
    },
    end: (directory, manifest, state) => write(closingText(directory, manifest, state, last)),
    // The command prints the problem.
    refused: () => undefined,
  };
}

/** Reports a run with a progress bar, for a terminal. */
export function barReporter(write: Write, terminal: NodeJS.WriteStream): RunReporter {
  const bar = new SingleBar({
    format: '{bar} step {value} of {total} · loss {loss} · {speed} steps/s · {left} left',
    stream: terminal,
    hideCursor: true,
    barsize: 24,
    // Redraws follow what happens, so that nothing stays alive for the bar alone.
    fps: 10,
  });
  let last: Readonly<Record<string, number>> = {};
  return {
    phase: (text) => terminal.write(`\r\u001b[K${text} …`),
    begin(directory, manifest) {
      terminal.write('\r\u001b[K');
      write(openingText(directory, manifest));
      bar.start(manifest.state.steps, 0, { loss: '–', speed: '–', left: '–' });
    },
    notice: (text) => write(`\r\u001b[K${printable(text)}\n`),
    metrics(_step, values) {
      last = { ...last, ...values };
    },
    state(state) {
      bar.update(state.step, {
        loss: numberOrNone(last['loss']),
        speed: speedOrNone(state),
        left: timeLeftOrNone(state),
      });
    },
    end(directory, manifest, state) {
      bar.stop();
      write(closingText(directory, manifest, state, last));
    },
    refused: () => terminal.write('\r\u001b[K'),
  };
}
