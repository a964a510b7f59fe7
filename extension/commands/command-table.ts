import * as vscode from 'vscode';
import type { CommandId } from '../manifest';

/**
 * What each command of package.json does. Its argument comes from menus, links and other extensions;
 * menus of a tree also say what is selected in it.
 */
export type CommandTable = {
  readonly [id in CommandId]: (argument: unknown, selection: unknown) => Promise<void>;
};

/** Registers all commands; what one throws goes to `onError`, so that none fails in silence. */
export function registerCommands(
  table: CommandTable,
  onError: (error: unknown) => void,
): vscode.Disposable[] {
  return Object.entries(table).map(([id, command]) =>
    vscode.commands.registerCommand(id, async (argument: unknown, selection: unknown) => {
      try {
        await command(argument, selection);
      } catch (error) {
        onError(error);
      }
    }),
  );
}
