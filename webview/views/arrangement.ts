import {
  type FoldableSection,
  foldableSections,
  type MovableSection,
  movableSections,
  type PanelArrangement,
} from '../../protocol/panel';
import { element, icon, setAttribute } from './element';

/** Above the others, or below. */
type Direction = 'up' | 'down';

/** Lets sections be folded to their heads and moved among each other, by pointer and by keys. */
export class Arrangement {
  readonly #sections: Readonly<Record<FoldableSection, HTMLElement>>;
  readonly #changed: (arrangement: PanelArrangement) => void;
  readonly #folds = new Map<FoldableSection, HTMLElement>();
  readonly #moves = new Map<MovableSection, Readonly<Record<Direction, HTMLElement>>>();
  #folded: readonly FoldableSection[] = [];
  #order: readonly MovableSection[] = movableSections;

  /**
   * @param sections each with a head
   * @param changed told how they lie now, when the user has folded, unfolded or moved one
   */
  constructor(
    sections: Readonly<Record<FoldableSection, HTMLElement>>,
    changed: (arrangement: PanelArrangement) => void,
  ) {
    this.#sections = sections;
    this.#changed = changed;
    for (const name of foldableSections) {
      const root = sections[name];
      const title = root.getAttribute('aria-label') ?? name;
      const button = element(
        'button',
        { class: 'fold', type: 'button', 'aria-label': title },
        icon('fold'),
      );
      button.addEventListener('click', () => this.#fold(name));
      this.#folds.set(name, button);
      root.querySelector('.pane-head')?.prepend(button);
    }
    for (const name of movableSections) {
      const root = sections[name];
      const title = root.getAttribute('aria-label') ?? name;
      const button = (direction: Direction) => {
        const move = element(
          'button',
          {
            class: `move move-${direction}`,
            type: 'button',
            title: `Move ${direction}`,
            'aria-label': `Move ${title} ${direction}`,
          },
          icon('fold'),
        );
        move.addEventListener('click', () => this.#move(name, direction));
        return move;
      };
      const moves = { up: button('up'), down: button('down') };
      this.#moves.set(name, moves);
      this.#folds.get(name)?.after(element('span', { class: 'moves' }, moves.up, moves.down));
    }
    this.show({ folded: [], order: movableSections });
  }

  /** Folds and orders them so. */
  show({ folded, order }: PanelArrangement): void {
    this.#folded = folded;
    this.#order = order;
    for (const [name, button] of this.#folds) {
      const isFolded = folded.includes(name);
      setAttribute(button, 'aria-expanded', String(!isFolded));
      setAttribute(button, 'title', isFolded ? 'Unfold' : 'Fold');
      this.#sections[name].classList.toggle('folded', isFolded);
    }
    const roots = order.map((name) => this.#sections[name]);
    const parent = roots[0]?.parentElement;
    const lie = [...(parent?.children ?? [])].filter((child) => roots.includes(child as never));
    // What is put anew loses the focus and where it was scrolled to.
    if (roots.some((root, k) => root !== lie[k])) parent?.append(...roots);
    this.render();
  }

  /** What follows from which sections there are: to be called when one may have come or gone. */
  render(): void {
    const shown = this.#shown;
    const lead = shown.find((name) => !this.#folded.includes(name));
    for (const [name, { up, down }] of this.#moves) {
      this.#sections[name].classList.toggle('lead', name === lead);
      setAttribute(up, 'aria-disabled', String(name === shown[0]));
      setAttribute(down, 'aria-disabled', String(name === shown.at(-1)));
    }
  }

  /** Those that this run has, in their order. */
  get #shown(): readonly MovableSection[] {
    return this.#order.filter((name) => !this.#sections[name].hidden);
  }

  #fold(name: FoldableSection): void {
    const folded = foldableSections.filter(
      (each) => this.#folded.includes(each) !== (each === name),
    );
    this.#take({ folded, order: this.#order });
  }

  /** Past the next one that is there. */
  #move(name: MovableSection, direction: Direction): void {
    const shown = this.#shown;
    const past = shown[shown.indexOf(name) + (direction === 'up' ? -1 : 1)];
    if (past === undefined) return;
    const order = this.#order.filter((each) => each !== name);
    order.splice(order.indexOf(past) + (direction === 'up' ? 0 : 1), 0, name);
    this.#take({ folded: this.#folded, order });
    this.#moves.get(name)?.[direction].focus();
  }

  #take(arrangement: PanelArrangement): void {
    this.show(arrangement);
    this.#changed(arrangement);
  }
}
