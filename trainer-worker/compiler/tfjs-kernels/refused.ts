/** Why a kernel of tfjs is not compiled, and what to do about it. */
interface Refusal {
  /** Completes `tf's … cannot be compiled: `, without a full stop. */
  readonly why: string;
  readonly remedy: string;
}

const because = (why: string, remedy: string, ...names: string[]) =>
  names.map((name): [string, Refusal] => [name, { why, remedy }]);

/**
 * The kernels that are left out on purpose. A test holds this list, the kernels that can be traced
 * and the kernels of tfjs together, so that a new one cannot be missing unnoticed.
 */
export const refusedKernels: ReadonlyMap<string, Refusal> = new Map([
  ...because(
    'it works on complex numbers',
    'Write the real and the imaginary part as two tensors.',
    ...['Complex', 'ComplexAbs', 'Real', 'Imag', 'FFT', 'IFFT'],
  ),
  ...because(
    'it works on strings',
    'Turn strings into numbers before the training.',
    ...['StaticRegexReplace', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast'],
  ),
  ...because(
    'the shape of its result depends on values, which are not known before it runs',
    'Keep the shape and mark elements instead, for example by tf.where.',
    ...['NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5', 'Unique'],
    ...['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'BroadcastArgs'],
    ...['SparseFillEmptyRows', 'SparseReshape', 'SparseSegmentMean', 'SparseSegmentSum'],
  ),
  ...because(
    'three-dimensional convolutions and pooling are not supported',
    'Use two-dimensional ones on slices, or matrix products.',
    ...['Conv3D', 'Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2'],
    ...['AvgPool3D', 'AvgPool3DGrad', 'MaxPool3D', 'MaxPool3DGrad'],
  ),
  ...because(
    'images are resized and mirrored, but not cut or turned',
    'Transform the data before the training.',
    ...['CropAndResize', 'RotateWithOffset', 'Transform', 'Draw'],
  ),
  ...because(
    'its numbers would be the same in every step',
    "Import tf from '@tensorflow/tfjs' in the experiment: its random functions are fresh in every step.",
    'Multinomial',
  ),
  ...because(
    'the positions it gives count through the whole batch',
    'Use tf.maxPool.',
    'MaxPoolWithArgmax',
  ),
  ...because('bits have no derivative', 'Use tf.logicalAnd on bool tensors.', 'BitwiseAnd'),
  ...because(
    'no function of tfjs calls it, or only its own differentiation, which is not used here',
    'Use the functions of tf, and differentiate by tf.grad.',
    'LogicalXor',
    ...['AvgPoolGrad', 'MaxPoolGrad', 'EluGrad', 'LRNGrad'],
    ...['ResizeBilinearGrad', 'ResizeNearestNeighborGrad'],
    ...['Conv2DBackpropFilter', 'Dilation2DBackpropFilter', 'Dilation2DBackpropInput'],
    ...['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
  ),
]);
