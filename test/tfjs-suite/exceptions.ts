/**
 * The specs of tfjs that do not hold here, and why. What is refused on purpose is told by the refusal
 * itself and stands in {@link designedRefusals}.
 */

/** What is refused on purpose, by what the refusal says; the name it is counted under. */
export const designedRefusals: readonly (readonly [says: RegExp, name: string | undefined])[] = [
  // Named by the kernel.
  [/^tf's (?<kernel>\w+) cannot be compiled: /, undefined],
  [/^tf's \w+ cannot be compiled: the data format NCHW is not supported\.$/, 'channels first'],
  [/^A tensor of dtype (string|complex64) cannot be compiled\.$/, 'strings and complex numbers'],
  [/^A derivative is taken in (int32|bool) numbers/, 'derivatives in whole numbers'],
];

const tie =
  'where operands are equal each gets its share of the slope, so that the slopes sum to that of the result; tfjs gives all of it to every one, or to the first';

/** Why some specs fail, and which: whole names, without the backend's. */
export const exceptions: readonly { readonly why: string; readonly specs: readonly string[] }[] = [
  {
    why: 'more is compiled than tfjs computes',
    specs: [
      'ops/einsum einsum more than two input tensors throws error',
      'ops/depthwise_conv2d depthwiseConv2d gradients throws error on dilations > 1',
    ],
  },
  {
    why: 'what does not depend on a variable has the slope zero, with a warning; tfjs throws',
    specs: ['gradients gradients reshape outside tf.grads() throws error'],
  },
  {
    why: 'a tf.Variable would stay in a program what it was; parameters are arguments',
    specs: [
      'gradients gradients saves tensors from the forward pass as expected',
      'ops/gather gather gradient 2D (gather) axis=1 shape=[4, 2] 1D indices batchDims 1',
    ],
  },
  {
    why: tie,
    specs: [
      'ops/binary_ops maximum gradients: Tensor1D',
      'ops/binary_ops maximum gradients: Tensor2D',
      'ops/binary_ops minimum gradients: Tensor1D',
      'ops/binary_ops minimum gradients: Tensor2D',
      'ops/clip_by_value clipByValue gradient: 1D tensor with max or min value',
      ...['max', 'min'].flatMap((name) =>
        [
          '1D, ties',
          'ties, 2D, axes=-1, keepDims=false',
          'ties, 3D, axes=[1, 2], keepDims=false',
          'ties, 4D, axes=[1, 2, 3], keepDims=false',
          'ties, 4D, axes=[2, 3], keepDims=true',
        ].map((ties) => `ops/${name} ${name} ${name} gradient: ${ties}`),
      ),
    ],
  },
  {
    why: "tfjs's slope is wrong: it forgets the mirrored copies of an element",
    specs: ['ops/mirror_pad mirrorPad grad', 'ops/mirror_pad mirrorPad gradient with clones'],
  },
  {
    why: "tfjs's slope is wrong: it divides by the whole window where the mean is of a part",
    specs: ['ops/avg_pool avgPool gradient x=[3,3,1] f=[3,3] s=1 p=explicit'],
  },
  {
    why: 'tfjs takes pooling that keeps the shape for none, though the windows begin in the padding',
    specs: [
      'ops/pool pool max x=[2,2,3] f=[1,1] s=2 p=1 fractional outputs default rounding',
      'ops/pool pool avg x=[2,2,3] f=[1,1] s=2 p=1 fractional outputs default rounding',
    ],
  },
  {
    why: 'tfjs computes with a part of a tensor that no convolution of the given shape results in',
    specs: [
      'ops/conv2d_transpose conv2dTranspose input=8x8x8,output=4x4x8,f=8,s=1,inDepth=8,p=same vec4',
    ],
  },
  {
    why: 'what is not a number stays so, for the guard of a training to see',
    specs: [
      'ops/max_pool maxPool [x=[3,3,1] f=[2,2] s=1 ignores NaNs',
      'ops/sign sign basic',
      'ops/sign sign does not propagate NaNs',
      'ops/sign sign accepts a tensor-like object',
    ],
  },
];
