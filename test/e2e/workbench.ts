import type { Locator, Page } from 'playwright-core';
import { until } from '../support/condition';

/** The window of a real VS Code: what a user sees and does there. */
export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens a window and waits until it can be used. */
  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.#ready();
  }

  /** Reloads the window, as a user does whose editor asks for it. */
  async reload(): Promise<void> {
    // Not the browser's reload, which VS Code may not survive to write down what was open.
    const loaded = this.page.waitForEvent('load');
    await this.runCommand('Developer: Reload Window');
    await loaded;
    await this.#ready();
  }

  async #ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor();
  }

  /**
   * Runs a command from the palette by its whole title, `EBM: Launch Run`.
   *
   * @returns when it was chosen, on the clock of `performance.now()`
   */
  async runCommand(title: string): Promise<number> {
    const label = this.page.locator('.label-name', { hasText: new RegExp(`^${literal(title)}$`) });
    return await this.#pick('F1', `>${title}`, this.#rows.filter({ has: label }).first());
  }

  /** Chooses the row of a quick pick whose label contains `text`. */
  async choose(text: string): Promise<void> {
    await this.#rows.filter({ hasText: text }).first().click();
  }

  get #quickInput(): Locator {
    return this.page.locator('.quick-input-widget input.input');
  }

  get #rows(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row');
  }

  /**
   * Opens a quick pick by its key, types, and chooses a row. A window that is still loading may
   * swallow the key, take the focus and with it the pick away, or not know the row yet: then the
   * pick is opened anew.
   */
  async #pick(key: string, text: string, row: Locator): Promise<number> {
    // Mostly it is there at once or not at all, but a busy machine may need long.
    let timeout = 500;
    return await until(`'${text}' is chosen`, async () => {
      timeout = Math.min(2 * timeout, 30_000);
      const input = this.#quickInput;
      if (await input.isVisible()) {
        await this.page.keyboard.press('Escape');
        await input.waitFor({ state: 'hidden', timeout });
      }
      await this.page.keyboard.press(key);
      await input.fill(text, { timeout });
      await row.waitFor({ timeout });
      // Ready or not is found out first, and the click itself has patience: one that is given up may
      // have been taken all the same, and would be repeated.
      await row.click({ timeout, trial: true });
      const chosen = performance.now();
      await row.click({ timeout: 60_000 });
      return chosen;
    });
  }

  /** Opens a file of the workspace by its name, and answers when its text is there. */
  async openFile(name: string): Promise<void> {
    const row = this.#rows.filter({ hasText: name }).first();
    await this.#pick('ControlOrMeta+P', name, row);
    await this.tab(name).waitFor();
    await this.activeEditor().waitFor();
  }

  /** The tab with this name in any editor group. */
  tab(name: string): Locator {
    return this.page.locator(`.tab[data-resource-name="${name}"]`);
  }

  /** The tab of a run panel, which has no file: by its label. */
  panelTab(label: string): Locator {
    return this.page.locator('.tab', { has: this.page.getByText(label, { exact: true }) });
  }

  activeEditor(): Locator {
    return this.page.locator('.editor-group-container.active .monaco-editor .view-lines').first();
  }

  /** Error squiggles in view, in all editors. */
  get squiggles(): Locator {
    return this.page.locator('.monaco-editor .squiggly-error');
  }

  /** The numbers of the lines in view that have an error squiggle. */
  async squiggledLines(): Promise<number[]> {
    return await this.page.evaluate(() => {
      const lines: number[] = [];
      for (const squiggle of document.querySelectorAll('.monaco-editor .squiggly-error')) {
        const editor = squiggle.closest('.monaco-editor');
        const top = squiggle.closest<HTMLElement>('.view-overlays > div')?.style.top;
        for (const number of editor?.querySelectorAll('.line-numbers') ?? []) {
          const row = number.closest<HTMLElement>('.margin-view-overlays > div');
          if (row?.style.top === top) lines.push(Number(number.textContent));
        }
      }
      return [...new Set(lines)];
    });
  }

  /** The notifications that are shown, toasts and list alike. */
  notifications(text?: string | RegExp): Locator {
    const all = this.page.locator('.notifications-toasts .notification-list-item');
    return text === undefined ? all : all.filter({ hasText: text });
  }

  /** An item of the status bar that contains `text`. */
  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: text });
  }

  /** What is in view, a line each: tabs, notifications, an open quick pick and the views' texts. */
  async inWords(): Promise<string[]> {
    const { page } = this;
    const parts = {
      tab: page.locator('.tab'),
      notification: this.notifications(),
      'status bar': page.locator('.part.statusbar'),
      'quick pick': page.locator('.quick-input-widget').filter({ visible: true }),
    };
    const lines: string[] = [];
    for (const [name, locator] of Object.entries(parts)) {
      for (const text of await locator.allInnerTexts()) lines.push(`${name}: ${oneLine(text)}`);
    }
    for (const frame of page.frames()) {
      if (!frame.url().includes('fake.html')) continue;
      const [text = ''] = await frame.locator('body').allInnerTexts();
      lines.push(`panel: ${oneLine(text)}`);
    }
    return lines;
  }

  /** Switches the colour theme by its name, and answers when it is applied. */
  async selectTheme(name: string, kind: 'vs' | 'vs-dark' | 'hc-black' | 'hc-light'): Promise<void> {
    await this.runCommand('Preferences: Color Theme');
    const label = this.page.locator('.label-name', { hasText: new RegExp(`^${literal(name)}$`) });
    await until(`the theme ${name} is offered`, async () => {
      await this.#quickInput.fill(name, { timeout: 5000 });
      await this.#rows.filter({ has: label }).first().click({ timeout: 5000 });
      return true;
    });
    await this.page.locator(`.monaco-workbench.${kind}`).waitFor();
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 500);
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
