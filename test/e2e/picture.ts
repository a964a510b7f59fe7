/** Questions about screenshots, answered by the browser, which can decode them. */
import type { Page } from 'playwright-core';

/** How many different colours a PNG has. */
export async function countColours(page: Page, png: Buffer): Promise<number> {
  return (await colours(page, [png]))[0]!.count;
}

/** How many pixels of two PNGs of one size differ. */
export async function countDifferentPixels(page: Page, a: Buffer, b: Buffer): Promise<number> {
  return (await colours(page, [a, b]))[1]!.different;
}

/** Of each picture the number of colours, and the number of pixels unlike the first one's. */
async function colours(page: Page, pictures: readonly Buffer[]) {
  return await page.evaluate(
    async (sources) => {
      const decoded = await Promise.all(
        sources.map(async (source) => {
          const bytes = Uint8Array.from(atob(source), (c) => c.charCodeAt(0));
          const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
          const context = canvas.getContext('2d')!;
          context.drawImage(bitmap, 0, 0);
          const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
          return new Uint32Array(data.buffer);
        }),
      );
      const [first] = decoded;
      return decoded.map((pixels) => ({
        count: new Set(pixels).size,
        different: pixels.reduce((sum, pixel, k) => sum + Number(pixel !== first?.[k]), 0),
      }));
    },
    pictures.map((png) => png.toString('base64')),
  );
}
