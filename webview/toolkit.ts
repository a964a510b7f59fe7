/**
 * The controls. The only module that knows `@vscode/webview-ui-toolkit`, which is no longer
 * developed: a successor is to be put in its place here and nowhere else.
 */
import {
  Checkbox,
  Dropdown,
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
} from '@vscode/webview-ui-toolkit';
import { element } from './views/element';

/** Defines the elements; once, before any of the functions below is called. */
export function installToolkit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
  );
}

export interface ButtonOptions {
  readonly label: string;
  /** `icon` shows the icon alone; the label is then read out and shown as tooltip. */
  readonly appearance: 'primary' | 'secondary' | 'icon';
  readonly icon?: SVGElement;
  readonly press: () => void;
}

/** A push button. */
export class PushButton {
  readonly root: HTMLElement;
  readonly #appearance: ButtonOptions['appearance'];
  // A bare text: the toolkit gives the size of an icon to any element inside a button.
  readonly #text = new Text();
  #icon: SVGElement | undefined;

  constructor({ label, appearance, icon, press }: ButtonOptions) {
    this.#appearance = appearance;
    // Its content is in place before it becomes an icon button, which asks for a label at once.
    this.root = element('vscode-button', {
      class: `push-button ${appearance}`,
      'aria-label': label,
      appearance,
    });
    if (appearance !== 'icon') this.root.append(this.#text);
    this.show(label, icon);
    this.root.addEventListener('click', press);
  }

  /** Changes what the button says. Buttons that do so reserve the space by a fixed width. */
  show(label: string, icon?: SVGElement): void {
    this.root.setAttribute('aria-label', label);
    this.root.title = label;
    this.#text.data = label;
    if (icon) {
      this.#icon?.remove();
      this.#icon = icon;
      if (this.#appearance !== 'icon') icon.setAttribute('slot', 'start');
      this.root.prepend(icon);
    }
  }

  /** What its tooltip says beside its label: why it cannot be pressed. */
  set hint(hint: string | undefined) {
    const label = this.root.getAttribute('aria-label') ?? '';
    const title = hint === undefined ? label : `${label}: ${hint}`;
    if (this.root.title !== title) this.root.title = title;
  }

  set isEnabled(enabled: boolean) {
    this.root.toggleAttribute('disabled', !enabled);
  }
}

/** A box to tick. */
export class CheckBox {
  readonly root: HTMLElement;

  constructor(label: string, changed: (checked: boolean) => void) {
    this.root = element('vscode-checkbox', {}, label);
    this.root.addEventListener('change', () => changed(this.#box?.checked === true));
  }

  get #box(): Checkbox | undefined {
    return this.root instanceof Checkbox ? this.root : undefined;
  }

  set isChecked(checked: boolean) {
    if (this.#box && this.#box.checked !== checked) this.#box.checked = checked;
  }
}

/** A choice of one among several. */
export class DropDown {
  readonly root: HTMLElement;

  constructor(label: string, options: readonly string[], changed: (index: number) => void) {
    this.root = element(
      'vscode-dropdown',
      { 'aria-label': label },
      ...options.map((option, index) => element('vscode-option', { value: String(index) }, option)),
    );
    this.root.addEventListener('change', () => {
      if (this.root instanceof Dropdown) changed(Number(this.root.value));
    });
  }

  set index(index: number) {
    if (this.root instanceof Dropdown && this.root.value !== String(index)) {
      this.root.value = String(index);
    }
  }
}
