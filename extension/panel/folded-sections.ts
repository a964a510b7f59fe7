import type * as vscode from 'vscode';
import { type FoldableSection, foldableSections } from '../../protocol/panel';

const key = 'panel.foldedSections';

/** Which sections of run panels are folded, kept for all panels of the workspace. */
export class FoldedSections {
  readonly #memory: Pick<vscode.Memento, 'get' | 'update'>;

  constructor(memory: Pick<vscode.Memento, 'get' | 'update'>) {
    this.#memory = memory;
  }

  get names(): readonly FoldableSection[] {
    return known(this.#memory.get<unknown>(key));
  }

  /** @param names as a page told them, unchecked */
  async keep(names: unknown): Promise<void> {
    await this.#memory.update(key, known(names));
  }
}

/** What of a value that may be anything is a section. */
function known(names: unknown): readonly FoldableSection[] {
  return Array.isArray(names) ? foldableSections.filter((name) => names.includes(name)) : [];
}
