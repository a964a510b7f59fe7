import * as vscode from 'vscode';
import type { Problem } from '../../protocol/problem';

/** Squiggles in experiments: what the trainer found wrong, until the file changes. */
export class ExperimentDiagnostics {
  readonly #collection = vscode.languages.createDiagnosticCollection('ebm-lab');
  readonly #listener: vscode.Disposable;

  constructor() {
    this.#listener = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.#collection.delete(document.uri);
    });
  }

  /** Marks the place of `problem`, if it has one. */
  async show(problem: Problem): Promise<void> {
    const { location, message, remedy } = problem;
    if (!location) return;
    const uri = vscode.Uri.file(location.file);
    const document = await vscode.workspace.openTextDocument(uri);
    const diagnostic = new vscode.Diagnostic(
      rangeAt(document, location.line - 1, location.column - 1),
      remedy === undefined ? message : `${message}\n${remedy}`,
      vscode.DiagnosticSeverity.Error,
    );
    diagnostic.source = 'EBM Lab';
    this.#collection.set(uri, [diagnostic]);
  }

  clear(file: string): void {
    this.#collection.delete(vscode.Uri.file(file));
  }

  dispose(): void {
    this.#listener.dispose();
    this.#collection.dispose();
  }
}

/** The word at a place, else the rest of its line. Places come from outside, so they are clamped. */
function rangeAt(document: vscode.TextDocument, line: number, column: number): vscode.Range {
  const position = document.validatePosition(
    new vscode.Position(Math.max(0, line), Math.max(0, column)),
  );
  return (
    document.getWordRangeAtPosition(position) ??
    new vscode.Range(position, document.lineAt(position.line).range.end)
  );
}
