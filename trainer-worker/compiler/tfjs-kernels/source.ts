import { constant } from '../graph/ops/build';
import type { Kernel } from '../graph/ops/op';
import type { Shape } from '../graph/shape';
import { numbers, x } from './arguments';

/** What a kernel without inputs makes; it needs the graph it is to be made in. */
export const sources: Readonly<
  Record<
    string,
    (attrs: Readonly<Record<string, unknown>>) => { values: number[] | number; shape: Shape }
  >
> = {
  Fill: (attrs) => ({
    values: attrs['value'] as number,
    shape: numbers(attrs['shape']),
  }),
  Range: (attrs) => {
    const { start, stop, step } = attrs as { start: number; stop: number; step: number };
    // The step that is taken where none is given, 1, counts down too, as in tfjs.
    const towards = step === 1 && stop < start ? -1 : step;
    const count = Math.max(0, Math.ceil((stop - start) / towards));
    return {
      values: Array.from({ length: count }, (_, index) => start + index * towards),
      shape: [count],
    };
  },
  LinSpace: (attrs) => {
    const { start, stop, num } = attrs as { start: number; stop: number; num: number };
    const gap = num === 1 ? 0 : (stop - start) / (num - 1);
    return { values: Array.from({ length: num }, (_, index) => start + index * gap), shape: [num] };
  },
};

/** Constants as large as another tensor. */
export const likeKernels: Readonly<Record<string, Kernel>> = {
  ZerosLike: (call) => constant(x(call).graph, 0, x(call).shape, x(call).dtype),
  OnesLike: (call) => constant(x(call).graph, 1, x(call).shape, x(call).dtype),
};
