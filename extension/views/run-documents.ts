import path from 'node:path';
import * as vscode from 'vscode';
import { readRegularFile } from '../../run-directory/files';
import { readManifest } from '../../run-directory/manifest';
import type { Run } from '../runs/run';

const scheme = 'ebm-run';
const largestSource = 2 ** 24;

/** What of a run can be looked at as a document. */
type Part = 'configuration' | 'source';

/** Read-only documents of a run: its configuration as JSON, its kept source. */
export class RunDocuments implements vscode.TextDocumentContentProvider {
  readonly #contains: (directory: string) => boolean;

  /** @param contains whether a path is a run directory of this workspace */
  constructor(contains: (directory: string) => boolean) {
    this.#contains = contains;
  }

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  }

  configuration(run: Run): vscode.Uri {
    return this.#uri(run, 'configuration', 'configuration.json');
  }

  /** The experiment as it was when launched. */
  source(run: Run): vscode.Uri {
    return this.#uri(run, 'source', path.basename(run.manifest.experiment.source));
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { part, directory } = parse(uri);
    // Anybody may make such a link: it opens run directories of this workspace and nothing else.
    if (!this.#contains(directory)) throw new Error(`${directory} is not a run of this workspace.`);
    const manifest = await readManifest(directory);
    if (part === 'source') {
      const bytes = await readRegularFile(directory, manifest.experiment.source, largestSource);
      return new TextDecoder().decode(bytes);
    }
    const { config, overrides, seed, parent, backend, versions, git, experiment } = manifest;
    const shown = { config, overrides, seed, parent, backend, versions, git, experiment };
    return `${JSON.stringify(shown, undefined, 2)}\n`;
  }

  #uri(run: Run, part: Part, name: string): vscode.Uri {
    return vscode.Uri.from({
      scheme,
      path: `/${path.basename(run.directory)}/${name}`,
      query: JSON.stringify({ part, directory: run.directory }),
    });
  }
}

function parse(uri: vscode.Uri): { readonly part: Part; readonly directory: string } {
  const value: unknown = JSON.parse(uri.query);
  const { part, directory } = (value ?? {}) as { part?: unknown; directory?: unknown };
  if ((part !== 'configuration' && part !== 'source') || typeof directory !== 'string') {
    throw new Error(`${uri.toString()} names no document of a run.`);
  }
  return { part, directory: path.normalize(directory) };
}
