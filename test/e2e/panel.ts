import type { FrameLocator, Locator } from 'playwright-core';
import { until } from '../support/condition';
import { countColours, countDifferentPixels } from './picture';
import type { Workbench } from './workbench';

/** What the panel of a run says and shows, and its buttons. There is one in view at a time. */
export class Panel {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** The document of the panel in view. */
  get frame(): FrameLocator {
    return this.#workbench.page
      .locator('iframe.webview.ready')
      .filter({ visible: true })
      .contentFrame()
      .frameLocator('iframe#active-frame');
  }

  get status(): Locator {
    return this.frame.getByTestId('status');
  }

  get problem(): Locator {
    return this.frame.getByTestId('problem');
  }

  /** The line that says that another window controls the run. */
  get watchedOnly(): Locator {
    return this.frame.getByTestId('watched-only');
  }

  async takeOver(): Promise<void> {
    await this.watchedOnly.getByRole('button', { name: 'Take Over' }).click();
  }

  /** The picture of samples, data and energies. */
  get plane(): Locator {
    return this.frame.getByTestId('plane');
  }

  button(name: string): Locator {
    return this.frame
      .getByRole('toolbar', { name: 'Run' })
      .getByRole('button', { name, exact: true });
  }

  /** Waits until the header says so. */
  async untilStatus(status: string): Promise<void> {
    await this.status.filter({ hasText: status }).waitFor();
  }

  /** The step that the header counts. */
  async step(): Promise<number> {
    return number(await this.frame.getByTestId('step').textContent());
  }

  /** How many points of a metric the page holds and draws. */
  async points(metric: string): Promise<number> {
    const row = this.frame.locator(`[data-metric="${metric}"]`);
    return number(await row.getAttribute('data-points'));
  }

  async untilPoints(metric: string, atLeast: number): Promise<number> {
    return await until(`${atLeast} points of '${metric}' in the panel`, async () => {
      const points = await this.points(metric);
      return points >= atLeast && points;
    });
  }

  /** The samples that the landscape says it shows. */
  async samples(): Promise<number> {
    const label = await this.plane.getAttribute('aria-label');
    return number(/([\d,]+) samples of the model/.exec(label ?? '')?.[1] ?? '0');
  }

  /** Colours in the picture of a metric's curve: more than the background's if it is drawn. */
  async curveColours(metric: string): Promise<number> {
    const chart = this.frame
      .locator('.chart', { has: this.frame.locator(`[data-metric="${metric}"]`) })
      .locator('canvas')
      .first();
    return await countColours(this.#workbench.page, await chart.screenshot());
  }

  /** How much the colour of each curve stands out from the background: WCAG's ratio, from 1. */
  async curveContrasts(): Promise<number[]> {
    return await this.frame.locator('.swatch-curve').evaluateAll((swatches) => {
      const luminance = (color: string) => {
        const linear = (color.match(/[\d.]+/g) ?? []).map((part, i) => {
          const value = Number(part) / (i < 3 ? 255 : 1);
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        const [red = 0, green = 0, blue = 0] = linear;
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const ground = luminance(getComputedStyle(document.body).backgroundColor);
      return swatches.map((swatch) => {
        const color = getComputedStyle(swatch).stroke;
        // What shines through is as good as not there.
        if (color.startsWith('rgba')) return 1;
        const drawn = luminance(color);
        return (Math.max(drawn, ground) + 0.05) / (Math.min(drawn, ground) + 0.05);
      });
    });
  }

  /** The buttons of the header that are not wholly in view. */
  async cutOffButtons(): Promise<(string | null)[]> {
    return await this.frame
      .getByRole('toolbar', { name: 'Run' })
      .getByRole('button')
      .evaluateAll((buttons) =>
        buttons
          .filter((button) => button.getBoundingClientRect().right > window.innerWidth)
          .map((button) => button.textContent || button.getAttribute('aria-label')),
      );
  }

  /**
   * How many pixels of the landscape are the samples': those that change when the layer is switched
   * off. Leaves it switched on. Only of a run that stands still, or the step's change counts too.
   */
  async samplePixels(): Promise<number> {
    const toggle = this.frame.getByRole('button', { name: 'Samples', exact: true });
    // Beneath it lies another canvas, which is hidden where no regions of classes are shown.
    const picture = this.plane.locator('canvas').filter({ visible: true }).first();
    const shown = await picture.screenshot();
    await toggle.click();
    await until('the samples are switched off', async () => {
      return (await toggle.getAttribute('aria-pressed')) === 'false';
    });
    // The page draws in its next frame.
    const changed = await until(
      'the picture changes when the samples are switched off',
      async () => {
        const hidden = await picture.screenshot();
        return (await countDifferentPixels(this.#workbench.page, shown, hidden)) || undefined;
      },
    );
    await toggle.click();
    return changed;
  }
}

function number(text: string | null): number {
  const value = Number(text?.replaceAll(',', ''));
  if (text === null || text.trim() === '' || Number.isNaN(value)) {
    throw new Error(`'${text}' is not a number.`);
  }
  return value;
}
