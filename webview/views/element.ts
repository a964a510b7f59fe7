type Attributes = { readonly [name: string]: string };

/**
 * Makes an element with attributes and children. Nothing in the page is built from HTML strings:
 * names of runs, columns and metrics are other people's text.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K];
export function element(
  tag: string,
  attributes?: Attributes,
  ...children: (Node | string)[]
): HTMLElement;
export function element(
  tag: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Sets the text of a node where it differs, so that an unchanged page costs no layout. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute where it differs; `undefined` removes it. */
export function setAttribute(node: Element, name: string, value: string | undefined): void {
  if (value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Lets the style sheet fill a slider up to its thumb. */
export function showFill(slider: HTMLInputElement): void {
  const [min, max] = [Number(slider.min), Number(slider.max)];
  const share = max > min ? (Number(slider.value) - min) / (max - min) : 1;
  slider.style.setProperty('--fill', `${100 * share}%`);
}

const svg = 'http://www.w3.org/2000/svg';

/** A short line as it is drawn in a plot, beside the name of what it is. Decoration. */
export class LineSwatch {
  readonly root = document.createElementNS(svg, 'svg');

  constructor() {
    this.root.setAttribute('class', 'swatch swatch-curve');
    this.root.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(svg, 'path');
    line.setAttribute('d', 'M0 2h26');
    this.root.append(line);
  }

  /** @param dash lengths of strokes and gaps in CSS pixels; none where the line is whole */
  show(color: string, dash: readonly number[]): void {
    this.root.style.stroke = color;
    this.root.style.strokeDasharray = dash.join(' ');
  }
}

const paths = {
  step: 'M2.5 8.5a5.5 5.5 0 0 1 10-3.2V3H14v5H9V6.5h2.4A4 4 0 0 0 4 8.5zM8 10.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  pause: 'M4 2.5h2.5v11H4zM9.5 2.5H12v11H9.5z',
  play: 'M4.5 2.2v11.6L13.5 8z',
  stop: 'M3.5 3.5h9v9h-9z',
  rerun:
    'M8 2.5a5.5 5.5 0 1 0 5.5 5.5H12a4 4 0 1 1-4-4c1.2 0 2.2.5 2.9 1.3L9 7.2h5V2.2l-2 2A5.5 5.5 0 0 0 8 2.5z',
  source:
    'M5.4 4.2 6.5 5.2 3.7 8l2.8 2.8-1.1 1L1.5 8zM10.6 4.2 9.5 5.2 12.3 8l-2.8 2.8 1.1 1L14.5 8z',
  folder: 'M1.5 3h4.6l1.5 1.5h6.9v9h-13zM3 6v6h10V6z',
  log: 'M2 3h12v1.4H2zM2 6.2h8v1.4H2zM2 9.4h12v1.4H2zM2 12.6h6V14H2z',
  pin: 'M9.5 1.5 14.5 6.5 13 7.2 10.6 9.6 10.4 12.6 9.4 13.6 6.6 10.8 2.6 14.2 1.8 13.4 5.2 9.4 2.4 6.6 3.4 5.6 6.4 5.4 8.8 3z',
  baseline: 'M8 2 14.8 13.8H1.2zM8 4.9 3.7 12.4h8.6z',
  rename:
    'M11.2 1.6 14.4 4.8 5.4 13.8 1.6 14.4 2.2 10.6zM11.2 3.5 9.9 4.8 11.2 6.1 12.5 4.8zM8.9 5.8 3.4 11.2 3.2 12.8 4.8 12.6 10.2 7.1z',
  star: 'M8 1.6 9.9 5.8 14.5 6.3 11.1 9.4 12 13.9 8 11.7 4 13.9 4.9 9.4 1.5 6.3 6.1 5.8z',
  more: 'M3 6.6a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8zM8 6.6a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8zM13 6.6a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8z',
  dot: 'M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  save: 'M2.5 2.5h9l2 2v9h-11zM4 4v3.2h6.5V4zM5.5 9v3.2h5V9z',
  plus: 'M7.3 3h1.4v4.3H13v1.4H8.7V13H7.3V8.7H3V7.3h4.3z',
  minus: 'M3 7.3h10v1.4H3z',
  fit: 'M2.5 2.5h4v1.3H3.8v2.7H2.5zM9.5 2.5h4v4h-1.3V3.8H9.5zM2.5 9.5h1.3v2.7h2.7v1.3h-4zM12.2 9.5h1.3v4h-4v-1.3h2.7z',
  fold: 'M3.2 5.5 8 10.3l4.8-4.8 1 1L8 12.4 2.2 6.5z',
  close: 'M4 3 8 7 12 3 13 4 9 8 13 12 12 13 8 9 4 13 3 12 7 8 3 4z',
  copy: 'M5 1.5h8.5V11H11v3.5H2.5V5H5zM6.3 2.8V5H11v4.7h1.2V2.8zM3.8 6.3v6.9h5.9V6.3z',
} as const;

/** A small picture, 16 by 16, in the colour of the text. Decoration: whatever bears it has a name. */
export function icon(name: keyof typeof paths): SVGElement {
  const root = document.createElementNS(svg, 'svg');
  root.setAttribute('viewBox', '0 0 16 16');
  root.setAttribute('width', '16');
  root.setAttribute('height', '16');
  root.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg, 'path');
  path.setAttribute('d', paths[name]);
  path.setAttribute('fill', 'currentColor');
  path.setAttribute('fill-rule', 'evenodd');
  root.append(path);
  return root;
}

/**
 * What lets Enter submit a form of several fields, which needs a button of the browser's own; it is not
 * shown, since the toolkit's is.
 */
export function enterButton(): HTMLElement {
  const button = element('button', { type: 'submit', tabindex: '-1' });
  button.hidden = true;
  return button;
}

/** Hears keys that are pressed on an element, but none with Ctrl, Alt or ⌘: these are the editor's. */
export function onPlainKey(target: HTMLElement, handle: (event: KeyboardEvent) => void): void {
  target.addEventListener('keydown', (event) => {
    if (!event.ctrlKey && !event.altKey && !event.metaKey) handle(event);
  });
}
