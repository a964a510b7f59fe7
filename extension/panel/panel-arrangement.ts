import type * as vscode from 'vscode';
import { foldableSections, movableSections, type PanelArrangement } from '../../protocol/panel';

const foldedKey = 'panel.foldedSections';
const orderKey = 'panel.sectionOrder';

/** Which sections of run panels are folded and how they are ordered, kept for all panels of the workspace. */
export class KeptArrangement {
  readonly #memory: Pick<vscode.Memento, 'get' | 'update'>;

  constructor(memory: Pick<vscode.Memento, 'get' | 'update'>) {
    this.#memory = memory;
  }

  get current(): PanelArrangement {
    return known({ folded: this.#memory.get(foldedKey), order: this.#memory.get(orderKey) });
  }

  /** @param told as a page told it, unchecked */
  async keep(told: { readonly folded?: unknown; readonly order?: unknown }): Promise<void> {
    const { folded, order } = known(told);
    await this.#memory.update(foldedKey, folded);
    await this.#memory.update(orderKey, order);
  }
}

/** What of values that may be anything are sections; those that an order leaves out come last. */
function known(told: { readonly folded?: unknown; readonly order?: unknown }): PanelArrangement {
  const folded: unknown[] = Array.isArray(told.folded) ? told.folded : [];
  const order: unknown[] = Array.isArray(told.order) ? told.order : [];
  const placed = [...new Set(order)].flatMap(
    (name) => movableSections.find((each) => each === name) ?? [],
  );
  return {
    folded: foldableSections.filter((name) => folded.includes(name)),
    order: [...placed, ...movableSections.filter((name) => !placed.includes(name))],
  };
}
