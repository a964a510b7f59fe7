import type { PreviewFrame } from '../../protocol/run';
import { fieldCount, fieldOf } from '../store/class-fields';
import type { EnergyGrid } from '../store/score-field';
import { className } from '../store/sheet-order';
import { DropDown } from '../toolkit';
import { element, setText } from './element';
import { Memo } from './memo';

/** What a plane is to show of a model that tells classes apart. */
export interface ChosenField {
  /** The field of one class; that of all together where absent. */
  readonly field?: EnergyGrid;
  /** Which class it is of, in words. */
  readonly name?: string;
  /** Whether the regions of the classes are shown in place of energies. */
  readonly hasRegions: boolean;
}

const ofAll: ChosenField = { hasRegions: false };

/** Chooses which energies a plane shows, where the model tells classes apart. */
export class FieldChoice {
  readonly root = element('div', { class: 'field-choice', hidden: '' });
  readonly #changed: () => void;
  readonly #making = new Memo();
  #dropDown: DropDown | undefined;
  /** 0: all classes together; 1: the regions; then a class each. */
  #index = 0;

  /** @param changed another field is to be drawn */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Another run: its classes are others. */
  forget(): void {
    this.#index = 0;
  }

  /**
   * What is to be shown of a preview.
   *
   * @param names of the classes, in the order of their numbers
   */
  of(classFields: PreviewFrame['classFields'], names: readonly string[]): ChosenField {
    this.root.hidden = classFields === undefined;
    if (classFields === undefined) return ofAll;
    const count = fieldCount(classFields);
    if (this.#making.changed(names, count)) this.#makeDropDown(names, count);
    if (this.#index > count + 1) this.#index = 0;
    this.#dropDown!.index = this.#index;
    if (this.#index < 2) return { hasRegions: this.#index === 1 };
    const label = this.#index - 2;
    return {
      field: { values: fieldOf(classFields, label), resolution: classFields.resolution },
      name: className(label, names),
      hasRegions: false,
    };
  }

  #makeDropDown(names: readonly string[], count: number): void {
    const ofEach = Array.from({ length: count }, (_, label) => className(label, names));
    const options = ['All classes', 'Decision regions', ...ofEach];
    this.#dropDown = new DropDown('Energies of', options, (index) => {
      if (index === this.#index) return;
      this.#index = index;
      this.#changed();
    });
    const label = element('span', { 'aria-hidden': 'true' });
    setText(label, 'Energies of');
    this.root.replaceChildren(label, this.#dropDown.root);
  }
}
