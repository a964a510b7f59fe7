/** What the script of a page takes, frame by frame. */
import type { Panel } from '../test/fixtures/panel-harness';

/** From now on the page notes how long its frames take. */
export const noteFrames = `{
  const ask = window.requestAnimationFrame.bind(window);
  window.frames_ = [];
  window.requestAnimationFrame = (draw) => ask((at) => {
    const start = performance.now();
    draw(at);
    window.frames_.push(performance.now() - start);
  });
}`;

/** Milliseconds of script of the longest frame that follows from what is done. */
export async function longestFrame(panel: Panel, act: () => Promise<unknown>): Promise<number> {
  await panel.page.evaluate('window.frames_.length = 0');
  await act();
  await panel.drawn();
  return await panel.page.evaluate<number>('Math.max(...window.frames_)');
}
