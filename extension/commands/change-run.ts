import * as vscode from 'vscode';
import type { Knob } from '../../protocol/run';
import { formatKnob, knobFault, knobValue, rangeText } from '../../vocabulary/knobs';
import type { Run } from '../runs/run';
import type { Notifications } from '../views/notifications';
import { controllerOf } from './applicable-runs';

type Item = vscode.QuickPickItem & { readonly knob: Knob; readonly value: number };

/** Gives an option of a run in training another value. */
export async function changeRun(run: Run, option: string, value: number): Promise<void> {
  await controllerOf(run).change(option, value);
}

/** Lets the user choose what of a run in training is to have which value, and changes it. */
export async function chooseChange(run: Run, notifications: Notifications): Promise<void> {
  const { manifest, state, name } = run;
  const items = (manifest.knobs ?? []).flatMap((knob): Item[] => {
    const value = knobValue(manifest, knob, state.step);
    if (value === undefined) return [];
    return [
      { label: knob.label, description: formatKnob(value), detail: knob.option, knob, value },
    ];
  });
  if (items.length === 0) {
    notifications.inform(
      `Nothing of ‘${name}’ can be changed while it trains. Rerun it with changes instead.`,
    );
    return;
  }
  const chosen = await vscode.window.showQuickPick(items, {
    title: `Change ‘${name}’ While It Trains`,
    placeHolder: 'What is to change?',
    matchOnDetail: true,
  });
  if (!chosen) return;
  const { knob, value } = chosen;
  const text = await vscode.window.showInputBox({
    title: `${knob.option} of ‘${name}’`,
    prompt: `It is ${formatKnob(value)}, and takes a number ${rangeText(knob)}.`,
    value: formatKnob(value),
    validateInput: (typed) => knobFault(knob, numberIn(typed)),
  });
  if (text === undefined || numberIn(text) === value) return;
  await changeRun(run, knob.option, numberIn(text));
}

const numberIn = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));
