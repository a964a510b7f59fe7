/** Calls `draw` at most once a frame, only when something asked for it, and never while hidden. */
export class FrameScheduler {
  readonly #draw: () => void;
  #isDirty = false;
  #isScheduled = false;

  constructor(draw: () => void) {
    this.#draw = draw;
    document.addEventListener('visibilitychange', () => this.#schedule());
  }

  /** Something changed that is drawn. */
  request = (): void => {
    this.#isDirty = true;
    this.#schedule();
  };

  #schedule(): void {
    if (!this.#isDirty || this.#isScheduled || document.hidden) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      // Hidden since it was asked for: it is drawn when the page is shown again.
      if (document.hidden) return;
      this.#isDirty = false;
      this.#draw();
    });
  }
}
