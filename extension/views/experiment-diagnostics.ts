import * as vscode from 'vscode';
import type { CheckFinding } from '../../protocol/check';
import type { Problem } from '../../protocol/problem';

const severityOf: Readonly<Record<CheckFinding['severity'], vscode.DiagnosticSeverity>> = {
  wrong: vscode.DiagnosticSeverity.Error,
  doubtful: vscode.DiagnosticSeverity.Warning,
};

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
    const { location } = problem;
    if (location) await this.showAll(location.file, [{ ...problem, severity: 'wrong' }]);
  }

  /**
   * Marks the places of what was found.
   *
   * @param file whose beginning is marked for what has no place
   */
  async showAll(file: string, findings: readonly CheckFinding[]): Promise<void> {
    const fileOf = ({ location }: CheckFinding) => location?.file ?? file;
    for (const name of new Set(findings.map(fileOf))) {
      const found = findings.filter((finding) => fileOf(finding) === name);
      const uri = vscode.Uri.file(name);
      const document = await vscode.workspace.openTextDocument(uri);
      const marks = found.map(({ location, message, remedy, severity }) => {
        const { line, column } = location ?? { line: 1, column: 1 };
        const diagnostic = new vscode.Diagnostic(
          rangeAt(document, line - 1, column - 1),
          remedy === undefined ? message : `${message}\n${remedy}`,
          severityOf[severity],
        );
        diagnostic.source = 'EBM Lab';
        return diagnostic;
      });
      this.#collection.set(uri, marks);
    }
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
