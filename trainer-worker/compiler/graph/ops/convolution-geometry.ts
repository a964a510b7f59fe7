import type { Node } from '../graph';
import type { ConvolutionGeometry } from './build';

export type Pair = readonly [number, number];
export type Shape4 = readonly [number, number, number, number];

export function geometryOf(node: Node): ConvolutionGeometry {
  const { strides, dilations, padding, groups } = node.params as ConvolutionGeometry;
  return { strides, dilations, padding, groups };
}

/** Padding of one side, `[before, after]`: 0 is height, 1 is width. */
export const paddingOf = (geometry: ConvolutionGeometry, side: 0 | 1): Pair => [
  geometry.padding[side]!,
  geometry.padding[side + 2]!,
];

/** The extent of a dilated filter along one side. */
export const reach = (size: number, dilation: number) => (size - 1) * dilation + 1;
