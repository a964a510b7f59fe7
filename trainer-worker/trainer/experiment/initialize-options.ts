import * as z from 'zod';

/** Parameters to begin with, out of a file that names or lays them out otherwise. */
export interface InitializeOptions {
  /** A safetensors file; the path is relative to the experiment file. */
  readonly file: string;
  /**
   * What parameters are called in the file, by their own names: `{ weight1: 'net.0.weight' }`. A `*` in
   * both stands for the same characters: `{ 'filter*': 'convs.*.weight' }`. Default: as here.
   */
  readonly names?: Readonly<Record<string, string>>;
  /**
   * Parameters that the file has as PyTorch's layers do, by names or patterns with `*`: matrices
   * `[outputs, inputs]` (`nn.Linear`), filters `[outputs, inputs, height, width]` (`nn.Conv2d`), which
   * become `[inputs, outputs]` and `[height, width, inputs, outputs]`. Default `[]`: none.
   */
  readonly transpose?: readonly string[];
  /**
   * Whether the file may be of another model in part: parameters that it does not have are drawn from the
   * seed, and tensors that no parameter takes are left. Default `false`: it must fit.
   */
  readonly partial?: boolean;
}

/** {@link InitializeOptions}, all defaults filled in. @internal */
export type InitializeSpec = Required<InitializeOptions>;

/** The schema of {@link InitializeOptions}. @internal */
export const initializeSchema = z.strictObject({
  file: z.string().min(1),
  names: z.record(z.string().min(1), z.string().min(1)).default({}),
  transpose: z.array(z.string().min(1)).default([]),
  partial: z.boolean().default(false),
});

/** What an experiment's `initialize` says, also where it is the name of a file alone. @internal */
export function initializeSpec(given: string | InitializeOptions): InitializeSpec {
  const { file, names, transpose, partial }: InitializeOptions =
    typeof given === 'string' ? { file: given } : given;
  return {
    file,
    names: names ?? {},
    transpose: transpose ?? [],
    partial: partial ?? false,
  };
}
