/** How a training says that it went back: whoever reads the sentence finds the steps in it. */

export interface RollBack {
  /** The step at which something was wrong. */
  readonly at: number;
  /** The step whose state it went on from. */
  readonly to: number;
}

/**
 * @param why a sentence
 * @param rate what is left of the learning rate, as a factor
 */
export function rollBackText({ at, to }: RollBack, why: string, rate: number): string {
  return `Step ${at}: ${why} Rolled back to step ${to}; learning rate × ${rate} from here on.`;
}

/** What a text of {@link rollBackText} tells; nothing of any other text. */
export function rollBackIn(text: string): RollBack | undefined {
  const [, at, to] = /^Step (\d+): .* Rolled back to step (\d+); /s.exec(text) ?? [];
  return at === undefined || to === undefined ? undefined : { at: Number(at), to: Number(to) };
}
