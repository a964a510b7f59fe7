import type { PreviewFrame } from '../../protocol/run';

/** How many frames are kept, so that stepping to and fro asks for nothing twice. */
const cacheSize = 24;

/** What a {@link PreviewSelection} does when something changes. */
export interface PreviewSelectionHooks {
  /** Asks the host for a kept preview. */
  readonly fetch: (step: number) => Promise<PreviewFrame>;
  /** Something to be shown has changed. */
  readonly changed: () => void;
}

/**
 * Which preview is looked at: the newest, or a kept one.
 *
 * At most one request is on its way; while it is, only the last wish counts. A reply that was
 * overtaken (by a frame shown since, by returning to the newest, by another run) is not shown.
 */
export class PreviewSelection {
  readonly #hooks: PreviewSelectionHooks;
  /** Least recently used first. */
  readonly #cache = new Map<number, PreviewFrame>();
  #wanted: number | undefined;
  #shown: PreviewFrame | undefined;
  #error: { readonly step: number; readonly reason: unknown } | undefined;
  #inFlight = false;
  /** Counts selections; a reply belongs to the one that asked. */
  #selection = 0;
  #shownSelection = 0;

  constructor(hooks: PreviewSelectionHooks) {
    this.#hooks = hooks;
  }

  /** The step selected, or none while the newest is followed. */
  get step(): number | undefined {
    return this.#wanted;
  }

  /** The frame to draw in place of the newest: the selected one, or while it loads the one before. */
  get frame(): PreviewFrame | undefined {
    return this.#wanted === undefined ? undefined : this.#shown;
  }

  /** Whether the selected frame has yet to come. */
  get isLoading(): boolean {
    return (
      this.#wanted !== undefined && this.#shown?.step !== this.#wanted && this.error === undefined
    );
  }

  /** Why the selected frame cannot be shown. */
  get error(): unknown {
    return this.#error?.step === this.#wanted ? this.#error?.reason : undefined;
  }

  /** Looks at `step`, or at the newest again where it is left out. */
  select(step: number | undefined): void {
    this.#selection++;
    this.#wanted = step;
    this.#error = undefined;
    if (step === undefined) {
      this.#shown = undefined;
      this.#shownSelection = this.#selection;
    } else {
      const kept = this.#cache.get(step);
      if (kept) this.#show(kept, this.#selection);
      else this.#request();
    }
    this.#hooks.changed();
  }

  /** Forgets all frames: they belong to another run or another state of it. */
  reset(step: number | undefined): void {
    this.#cache.clear();
    this.#shown = undefined;
    this.#shownSelection = this.#selection;
    this.select(step);
  }

  /** Takes in a frame that came without being asked for. */
  offer(frame: PreviewFrame): void {
    this.#keep(frame);
  }

  #request(): void {
    const step = this.#wanted;
    if (this.#inFlight || step === undefined) return;
    const selection = this.#selection;
    this.#inFlight = true;
    this.#hooks.fetch(step).then(
      (frame) => {
        this.#inFlight = false;
        const isOvertaken = selection <= this.#shownSelection || this.#wanted === undefined;
        if (!isOvertaken) {
          this.#show(frame, selection);
        }
        this.#settled(selection);
      },
      (reason: unknown) => {
        this.#inFlight = false;
        if (this.#wanted === step) this.#error = { step, reason };
        this.#settled(selection);
      },
    );
  }

  #settled(selection: number): void {
    if (selection !== this.#selection && this.isLoading) this.#request();
    this.#hooks.changed();
  }

  #show(frame: PreviewFrame, selection: number): void {
    this.#keep(frame);
    this.#shown = frame;
    this.#shownSelection = selection;
  }

  #keep(frame: PreviewFrame): void {
    this.#cache.delete(frame.step);
    this.#cache.set(frame.step, frame);
    if (this.#cache.size > cacheSize) {
      const [oldest] = this.#cache.keys();
      this.#cache.delete(oldest!);
    }
  }
}
