import * as vscode from 'vscode';
import type { Json, JsonObject } from '../../protocol/run';
import { formatValue, type Parameter, parametersOf } from '../../vocabulary/parameters';
import { parseValue, UnfitValueError } from '../runs/parameters';
import type { Run } from '../runs/run';

type Item = vscode.QuickPickItem & { readonly parameter?: Parameter };

/**
 * Lists every parameter of a run with its value and takes new ones, as many as the user likes.
 *
 * @returns the changes, dotted path → value; `undefined` when the user gives up
 */
export async function chooseChanges(run: Run): Promise<JsonObject | undefined> {
  const parameters = parametersOf(run.manifest.config);
  const changes: Record<string, Json> = {};
  for (;;) {
    const count = Object.keys(changes).length;
    const start: Item = {
      label: count === 0 ? '$(play) Run without changes' : `$(play) Run with ${countText(count)}`,
      alwaysShow: true,
    };
    const items = parameters.map((parameter): Item => {
      const changed = changes[parameter.path];
      const before = formatValue(parameter.value);
      return changed === undefined
        ? { label: parameter.path, description: before, parameter }
        : {
            label: `$(edit) ${parameter.path}`,
            description: `${formatValue(changed)} (was ${before})`,
            parameter,
          };
    });
    const separator: Item = { label: 'Parameters', kind: vscode.QuickPickItemKind.Separator };
    const chosen = await vscode.window.showQuickPick([start, separator, ...items], {
      title: `Rerun ‘${run.name}’ with Changes`,
      placeHolder: 'Choose a parameter to change, then run',
      matchOnDescription: true,
      ignoreFocusOut: true,
    });
    if (chosen === undefined) return undefined;
    const { parameter } = chosen;
    if (parameter === undefined) return changes;
    const value = await askValue(parameter, changes[parameter.path] ?? parameter.value);
    if (value === undefined) continue;
    // A value that is back at what it was is no change.
    if (JSON.stringify(value) === JSON.stringify(parameter.value)) delete changes[parameter.path];
    else changes[parameter.path] = value;
  }
}

async function askValue({ path, value }: Parameter, now: Json): Promise<Json | undefined> {
  const text = await vscode.window.showInputBox({
    title: path,
    prompt: `It was ${formatValue(value)}.`,
    value: formatValue(now),
    ignoreFocusOut: true,
    validateInput: (typed) => {
      try {
        parseValue(typed, value);
        return undefined;
      } catch (error) {
        if (error instanceof UnfitValueError) return error.message;
        throw error;
      }
    },
  });
  return text === undefined ? undefined : parseValue(text, value);
}

function countText(count: number): string {
  return count === 1 ? 'one change' : `${count} changes`;
}
