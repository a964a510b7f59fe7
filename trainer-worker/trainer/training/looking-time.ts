/** A share of the time above which looking is worth a word at the end of a run. */
const largeShare = 1 / 4;
/** And before that, once there is something to judge by. */
const clearlyLargeShare = 1 / 3;
const judgedAfterSeconds = 30;
/** Nobody minds less than this. */
const worthAWord = 2;
/** The share of the time above which a part is named. */
const worthNaming = 0.005;

/**
 * How long previews take, with all that they measure and write, and which of their parts. The first one
 * of a process makes ready what all later ones use: it is left out, and time counts from its end.
 */
export class LookingTime {
  readonly #seconds: () => number;
  readonly #parts = new Map<string, number>();
  /** When the first preview was done; undefined: there was none. */
  #firstDone: number | undefined;
  #isFirst = true;
  #looked = 0;
  #latest = 0;
  #isTold = false;

  /** @param seconds seconds of training and looking, which stand still while the run is paused */
  constructor(seconds: () => number) {
    this.#seconds = seconds;
  }

  /** Seconds of training and looking. */
  get elapsed(): number {
    return this.#seconds() - (this.#firstDone ?? 0);
  }

  /** Seconds of them that went to looking. */
  get looked(): number {
    return this.#looked;
  }

  /** Seconds that the latest preview took, the first one too. */
  get latest(): number {
    return this.#latest;
  }

  /** Makes a preview. */
  async around<T>(look: () => Promise<T>): Promise<T> {
    this.#isFirst = this.#firstDone === undefined;
    this.#latest = 0;
    return await this.more(look);
  }

  /** Does what remains of the latest preview. */
  async more<T>(work: () => Promise<T>): Promise<T> {
    const begun = this.#seconds();
    const made = await work();
    const done = this.#seconds();
    this.#latest += done - begun;
    if (this.#isFirst) {
      this.#firstDone = done;
      this.#parts.clear();
    } else {
      this.#looked += done - begun;
    }
    return made;
  }

  /**
   * Does a part of a preview.
   *
   * @param name what people call it
   */
  async part<T>(name: string, work: () => Promise<T>): Promise<T> {
    const begun = this.#seconds();
    const made = await work();
    this.#parts.set(name, (this.#parts.get(name) ?? 0) + this.#seconds() - begun);
    return made;
  }

  /**
   * What there is to say of previews that come as often as the user wished where they take much of the
   * time, with what would help; once.
   *
   * @param isEnd whether the run is through
   */
  warning(isEnd: boolean): string | undefined {
    const { elapsed, looked } = this;
    if (this.#isTold || looked < worthAWord) return undefined;
    if (!isEnd && elapsed < judgedAfterSeconds) return undefined;
    if (looked <= elapsed * (isEnd ? largeShare : clearlyLargeShare)) return undefined;
    this.#isTold = true;
    const parts = [...this.#parts]
      .sort(([, one], [, other]) => other - one)
      .filter(([, seconds]) => seconds >= worthNaming * elapsed)
      .map(([name, seconds]) => `${name} ${percent(seconds / elapsed)}`);
    return `Previews ${isEnd ? 'took' : 'have taken'} ${percent(looked / elapsed)} of the time: ${parts.join(', ')}. Leave preview.every out, and they come as time allows, which is a tenth of it; or make it larger, or what they show and measure less.`;
  }
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
