import { type FoldableSection, foldableSections } from '../../protocol/panel';
import { element, icon, setAttribute } from './element';

/** Lets sections be folded to their heads, by pointer and by keys. */
export class Folds {
  readonly #sections: Readonly<Record<FoldableSection, HTMLElement>>;
  readonly #buttons = new Map<FoldableSection, HTMLElement>();
  #folded: readonly FoldableSection[] = [];

  /**
   * @param sections each with a head
   * @param changed told which are folded now, when the user has folded or unfolded one
   */
  constructor(
    sections: Readonly<Record<FoldableSection, HTMLElement>>,
    changed: (folded: readonly FoldableSection[]) => void,
  ) {
    this.#sections = sections;
    for (const name of foldableSections) {
      const root = sections[name];
      const button = element(
        'button',
        { class: 'fold', type: 'button', 'aria-label': root.getAttribute('aria-label') ?? name },
        icon('fold'),
      );
      button.addEventListener('click', () => {
        this.show(
          foldableSections.filter((each) => this.#folded.includes(each) !== (each === name)),
        );
        changed(this.#folded);
      });
      this.#buttons.set(name, button);
      root.querySelector('.pane-head')?.prepend(button);
    }
    this.show([]);
  }

  /** Folds these and unfolds the others. */
  show(folded: readonly FoldableSection[]): void {
    this.#folded = folded;
    for (const [name, button] of this.#buttons) {
      const isFolded = folded.includes(name);
      setAttribute(button, 'aria-expanded', String(!isFolded));
      setAttribute(button, 'title', isFolded ? 'Unfold' : 'Fold');
      this.#sections[name].classList.toggle('folded', isFolded);
    }
  }
}
