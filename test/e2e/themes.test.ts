/**
 * The colours that the page reads, in every theme that VS Code ships: those that a unit test computes
 * contrasts of (`test/unit/webview/store/palette.test.ts`) are held to the editor's own.
 *
 * `EBM_THEMES=1` writes them anew.
 */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hostDirectory } from '../../scripts/vscode-host.mjs';
import { themeColors } from '../../webview/store/palette';
import type { EditorTheme } from '../fixtures/editor-themes';
import { until } from '../support/condition';
import { prepareRuns } from './runs-tree';
import { repository, story } from './session';

const fixture = path.join(repository, 'test/fixtures/editor-themes.json');

/** What a page sees of the theme it is in. */
function coloursOfPage(_: Element, names: readonly string[]): Omit<EditorTheme, 'id'> {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!;
  const style = getComputedStyle(document.documentElement);
  const colors: Record<string, string> = {};
  for (const name of names) {
    const value = style.getPropertyValue(`--vscode-${name}`).trim();
    if (value === '') continue;
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = value;
    context.fillRect(0, 0, 1, 1);
    const bytes = context.getImageData(0, 0, 1, 1).data;
    colors[name] = `#${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }
  return { isHighContrast: document.body.className.includes('high-contrast'), colors };
}

/** A theme as its extension tells of it. */
interface ShippedTheme {
  /** What the editor's settings call it. */
  readonly id: string;
  /** What the editor's list calls it. */
  readonly label: string;
  readonly uiTheme: 'vs' | 'vs-dark' | 'hc-black' | 'hc-light';
}

/** The themes that the extensions of the editor bring. */
async function shippedThemes(): Promise<readonly ShippedTheme[]> {
  const extensions = path.join(hostDirectory(), 'node_modules/code-server/lib/vscode/extensions');
  const names = (await readdir(extensions)).filter((name) => name.startsWith('theme-'));
  const read = async (...parts: string[]): Promise<unknown> =>
    JSON.parse(await readFile(path.join(extensions, ...parts), 'utf8'));
  const themes = await Promise.all(
    names.map(async (name) => {
      const { contributes } = (await read(name, 'package.json')) as {
        contributes?: { themes?: readonly (Omit<ShippedTheme, 'id'> & { id?: string })[] };
      };
      const words = (await read(name, 'package.nls.json')) as Record<string, string>;
      return (contributes?.themes ?? []).map(({ id, label, uiTheme }): ShippedTheme => {
        const shown = label.replace(/^%(.*)%$/, (_, key: string) => words[key] ?? key);
        return { id: id ?? shown, label: shown, uiTheme };
      });
    }),
  );
  return themes.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
}

story('Colours of every theme', { prepare: prepareRuns }, async ({ workbench, panel }) => {
  await workbench.runCommand('View: Show EBM Lab');
  const row = workbench.page.locator('.pane-body .monaco-list-row', { hasText: 'third' });
  await row.first().click();
  await panel.untilStatus('Failed');
  const body = panel.frame.locator('body');
  const found: EditorTheme[] = [];
  for (const { id, label, uiTheme } of await shippedThemes()) {
    await workbench.selectTheme(label, uiTheme);
    await until(`the page is in ${id}`, async () => {
      return (await body.getAttribute('data-vscode-theme-id')) === id;
    });
    found.push({ id, ...(await body.evaluate(coloursOfPage, themeColors)) });
  }
  assert.ok(found.length >= 15, `Only ${found.length} themes.`);
  if (process.env['EBM_THEMES'] === '1') {
    await writeFile(fixture, `${JSON.stringify(found, null, 2)}\n`);
  }
  assert.deepEqual(found, JSON.parse(await readFile(fixture, 'utf8')));
});
