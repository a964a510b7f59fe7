import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import type { Knob, RunManifest } from '../../protocol/run';
import { findRun } from '../../run-directory/find-run';
import { readManifest } from '../../run-directory/manifest';
import { formatKnob, knobNamed, knobValue } from '../../vocabulary/knobs';
import { formatCount } from '../../vocabulary/quantities';
import { type AskOptions, askRun } from './ask-command';
import { printResult } from './print-result';

/**
 * `ebm set`: gives options of a run that is in training other values, whoever trains it, on whatever host.
 *
 * @param texts `name=value`, made one after the other; nothing is done before all are understood
 * @returns the process's exit code
 */
export async function setCommand(
  run: string,
  texts: readonly string[],
  { runs }: AskOptions,
): Promise<number> {
  return await printResult(async () => {
    const directory = await findRun(run, path.resolve(runs));
    const manifest = await readManifest(directory);
    const turns = texts.map((text) => turnIn(text, manifest));
    const lines: string[] = [];
    for (const { knob, value } of turns) {
      const request = { action: 'change', option: knob.option, value } as const;
      const { step } = await askRun(directory, manifest, request);
      const { name } = manifest;
      lines.push(
        `${knob.label} of ‘${name}’ is ${formatKnob(value)} from step ${formatCount(step + 1)} on\n`,
      );
    }
    return lines.join('');
  });
}

/** @throws ProblemError of kind `environment` that says what can be set */
function turnIn(
  text: string,
  manifest: RunManifest,
): { readonly knob: Knob; readonly value: number } {
  const { name, knobs = [], state } = manifest;
  const [key = '', given = '', ...more] = text.split('=');
  const knob = knobNamed(knobs, key.trim());
  const value = given.trim() === '' || more.length > 0 ? Number.NaN : Number(given);
  if (knob && Number.isFinite(value)) return { knob, value };
  const can = knobs.map((one) => {
    const now = knobValue(manifest, one, state.step);
    return `${one.name}=${now === undefined ? '…' : formatKnob(now)}`;
  });
  throw new ProblemError({
    kind: 'environment',
    message: knob
      ? `'${text}' is no change: ${knob.name} takes a number, as in ${knob.name}=0.001.`
      : `‘${name}’ has no '${key.trim()}' that can be changed while it trains.`,
    remedy:
      can.length === 0
        ? 'Nothing of it can be: ebm run --exactly with --set trains it anew with other options.'
        : `It has ${can.join(', ')}. ebm run --exactly with --set trains it anew with other options.`,
  });
}
