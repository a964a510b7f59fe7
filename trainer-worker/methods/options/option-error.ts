/** A position inside a value: property names and array indices, outermost first. */
export type OptionPath = readonly (string | number)[];

/** An option of an experiment is wrong: thrown at the call that was given it. */
export class OptionError extends Error {
  /** Where inside the call's options, outermost first; empty where it is the whole. */
  readonly path: OptionPath;
  /** What would be right, one sentence. */
  readonly remedy: string;

  constructor(message: string, remedy: string, path: OptionPath, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OptionError';
    this.remedy = remedy;
    this.path = path;
  }
}

/** `['sampler', 'steps']` as people write it: `sampler.steps`. */
export function dotted(path: OptionPath): string {
  return path.map(String).join('.');
}
