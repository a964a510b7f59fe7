import * as tf from '@tensorflow/tfjs';

/** Tensors to call tfjs's functions on, as constants would be made by a user. */
export interface Operands {
  /** float32 `[2, 3]`, of both signs. */
  readonly x: tf.Tensor2D;
  /** float32 `[2, 3]`, positive. */
  readonly y: tf.Tensor2D;
  /** float32 `[4]`. */
  readonly v: tf.Tensor1D;
  /** int32 `[3]`: 2, 0, 1. */
  readonly i: tf.Tensor1D;
  /** bool `[2, 3]`. */
  readonly b: tf.Tensor2D;
  /** float32 `[1, 4, 4, 2]`. */
  readonly image: tf.Tensor4D;
  /** float32 `[2, 2, 2, 2]`. */
  readonly filter: tf.Tensor4D;
}

type Call = (operands: Operands) => tf.Tensor | tf.Tensor[];
export type Verdict =
  /** The trace must give what tfjs gives, in shape, dtype and numbers. */
  | { readonly compiled: Call }
  /** The trace must end with a problem that says this. */
  | { readonly refused: Call; readonly because: RegExp };

const compiled = (calls: Readonly<Record<string, Call>>): Record<string, Verdict> =>
  Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, { compiled: call }]));
const refused = (because: RegExp, calls: Readonly<Record<string, Call>>): Record<string, Verdict> =>
  Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, { refused: call, because }]),
  );

const filter3 = ({ filter }: Operands) => tf.slice(tf.reshape(filter, [4, 2, 2]), 0, [3, 2, 2]);
const line = ({ image }: Operands) => tf.reshape(image, [2, 8, 2]) as tf.Tensor3D;

/** Every function of `tf` that takes or makes tensors, and those of its namespaces. */
export const operations: Readonly<Record<string, Verdict>> = {
  // Of one tensor.
  ...compiled({
    abs: ({ x }) => tf.abs(x),
    acos: ({ x }) => tf.acos(tf.mul(x, 0.5)),
    acosh: ({ y }) => tf.acosh(tf.add(y, 1)),
    asin: ({ x }) => tf.asin(tf.mul(x, 0.5)),
    asinh: ({ x }) => tf.asinh(x),
    atan: ({ x }) => tf.atan(x),
    atanh: ({ x }) => tf.atanh(tf.mul(x, 0.5)),
    cast: ({ x }) => tf.cast(tf.mul(x, 5), 'int32'),
    ceil: ({ x }) => tf.ceil(x),
    clipByValue: ({ x }) => tf.clipByValue(x, -0.5, 0.5),
    clone: ({ x }) => tf.clone(x),
    cos: ({ x }) => tf.cos(x),
    cosh: ({ x }) => tf.cosh(x),
    elu: ({ x }) => tf.elu(x),
    erf: ({ x }) => tf.erf(x),
    exp: ({ x }) => tf.exp(x),
    expm1: ({ x }) => tf.expm1(x),
    floor: ({ x }) => tf.floor(x),
    isFinite: ({ x }) => tf.isFinite(tf.log(x)),
    isInf: ({ x }) => tf.isInf(tf.div(x, 0)),
    isNaN: ({ x }) => tf.isNaN(tf.log(x)),
    leakyRelu: ({ x }) => tf.leakyRelu(x, 0.1),
    log: ({ y }) => tf.log(y),
    log1p: ({ y }) => tf.log1p(y),
    logSigmoid: ({ x }) => tf.logSigmoid(x),
    logSoftmax: ({ x }) => tf.logSoftmax(x),
    logicalNot: ({ b }) => tf.logicalNot(b),
    neg: ({ x }) => tf.neg(x),
    onesLike: ({ x }) => tf.onesLike(x),
    reciprocal: ({ y }) => tf.reciprocal(y),
    relu: ({ x }) => tf.relu(x),
    relu6: ({ x }) => tf.relu6(tf.mul(x, 9)),
    round: ({ x }) => tf.round(tf.mul(x, 3)),
    rsqrt: ({ y }) => tf.rsqrt(y),
    selu: ({ x }) => tf.selu(x),
    sigmoid: ({ x }) => tf.sigmoid(x),
    sign: ({ x }) => tf.sign(x),
    sin: ({ x }) => tf.sin(x),
    sinh: ({ x }) => tf.sinh(x),
    softmax: ({ x }) => tf.softmax(x),
    softplus: ({ x }) => tf.softplus(x),
    sqrt: ({ y }) => tf.sqrt(y),
    square: ({ x }) => tf.square(x),
    step: ({ x }) => tf.step(x, 0.3),
    tan: ({ x }) => tf.tan(x),
    tanh: ({ x }) => tf.tanh(x),
    zerosLike: ({ i }) => tf.zerosLike(i),
  }),
  // Of two tensors and more.
  ...compiled({
    add: ({ x, i }) => tf.add(x, i),
    addN: ({ x, y }) => tf.addN([x, y, x]),
    atan2: ({ x, y }) => tf.atan2(x, y),
    div: ({ x, y }) => tf.div(x, y),
    divNoNan: ({ x }) => tf.divNoNan(x, tf.relu(x)),
    dot: ({ x, y }) => tf.dot(x, tf.transpose(y)),
    einsum: ({ x, y }) => tf.einsum('ij,kj->ik', x, y),
    equal: ({ x, y }) => tf.equal(tf.round(x), tf.round(y)),
    floorDiv: ({ i }) => tf.floorDiv(tf.sub(i, tf.scalar(1, 'int32')), tf.scalar(2, 'int32')),
    greater: ({ x, y }) => tf.greater(x, y),
    greaterEqual: ({ x, y }) => tf.greaterEqual(x, y),
    less: ({ x, i }) => tf.less(x, i),
    lessEqual: ({ x, y }) => tf.lessEqual(x, y),
    logicalAnd: ({ x, b }) => tf.logicalAnd(b, tf.greater(x, 0)),
    logicalOr: ({ x, b }) => tf.logicalOr(b, tf.greater(x, 0)),
    logicalXor: ({ x, b }) => tf.logicalXor(b, tf.greater(x, 0)),
    matMul: ({ x, y }) => tf.matMul(x, y, false, true),
    maximum: ({ x, i }) => tf.maximum(x, i),
    minimum: ({ x, y }) => tf.minimum(x, y),
    mod: ({ x, y }) => tf.mod(x, y),
    mul: ({ x, b }) => tf.mul(x, b),
    notEqual: ({ x, y }) => tf.notEqual(tf.round(x), tf.round(y)),
    outerProduct: ({ v }) => tf.outerProduct(v, v),
    pow: ({ y, x }) => tf.pow(y, x),
    prelu: ({ x, y }) => tf.prelu(x, y),
    squaredDifference: ({ x, y }) => tf.squaredDifference(x, y),
    sub: ({ x, i }) => tf.sub(i, x),
    where: ({ b, x, y }) => tf.where(b, x, y),
  }),
  // Reductions and scans.
  ...compiled({
    all: ({ b }) => tf.all(b, 1),
    any: ({ b }) => tf.any(b, 0),
    argMax: ({ x }) => tf.argMax(x, 1),
    argMin: ({ x }) => tf.argMin(x, 0),
    bincount: ({ i, v }) => tf.bincount(i, tf.slice(v, 0, 3), 4),
    cumprod: ({ x }) => tf.cumprod(x, 1),
    cumsum: ({ x }) => tf.cumsum(x, 1, true),
    denseBincount: ({ i, v }) => tf.denseBincount(i, tf.slice(v, 0, 3), 4),
    euclideanNorm: ({ x }) => tf.euclideanNorm(x),
    logSumExp: ({ x }) => tf.logSumExp(x, 1),
    lowerBound: ({ v, x }) => tf.lowerBound(tf.cumsum(tf.abs(v)), tf.reshape(x, [6])),
    max: ({ x }) => tf.max(x, 0, true),
    mean: ({ i }) => tf.mean(i),
    min: ({ x }) => tf.min(x, 1),
    moments: ({ x }) => Object.values(tf.moments(x, 0)),
    norm: ({ x }) => tf.norm(x, 1),
    prod: ({ x }) => tf.prod(x, 1),
    searchSorted: ({ v, y }) => tf.searchSorted(tf.cumsum(tf.abs(v)), tf.reshape(y, [6]), 'right'),
    sum: ({ b }) => tf.sum(b, 1),
    unsortedSegmentSum: ({ x, i }) => tf.unsortedSegmentSum(tf.transpose(x), i, 3),
    upperBound: ({ v, x }) => tf.upperBound(tf.cumsum(tf.abs(v)), tf.reshape(x, [6])),
  }),
  // Shapes and positions.
  ...compiled({
    batchToSpaceND: ({ filter }) =>
      tf.batchToSpaceND(
        tf.reshape(filter, [4, 2, 2, 1]),
        [2, 2],
        [
          [0, 0],
          [0, 1],
        ],
      ),
    broadcastTo: ({ v }) => tf.broadcastTo(v, [2, 4]),
    concat: ({ x, y }) => tf.concat([x, y], 1),
    concat1d: ({ v }) => tf.concat1d([v, v]),
    concat2d: ({ x, y }) => tf.concat2d([x, y], 0),
    concat3d: (o) => tf.concat3d([line(o), line(o)], 1),
    concat4d: ({ image }) => tf.concat4d([image, image], 3),
    depthToSpace: ({ filter }) => tf.depthToSpace(tf.reshape(filter, [1, 2, 2, 4]), 2, 'NHWC'),
    diag: ({ v }) => tf.diag(v),
    ensureShape: ({ x }) => tf.ensureShape(x, [2, 3]),
    expandDims: ({ x }) => tf.expandDims(x, 1),
    gather: ({ x, i }) => tf.gather(x, i, 1),
    gatherND: ({ x }) => tf.gatherND(x, tf.tensor2d([[1, 2]], [1, 2], 'int32')),
    meshgrid: ({ v }) => tf.meshgrid(v, v),
    mirrorPad: ({ v }) => tf.mirrorPad(v, [[2, 1]], 'reflect'),
    oneHot: ({ i }) => tf.oneHot(i, 4, 2, -1),
    pad: ({ v }) => tf.pad(v, [[1, 2]], 0.5),
    pad1d: ({ v }) => tf.pad1d(v, [1, 2]),
    pad2d: ({ x }) =>
      tf.pad2d(x, [
        [0, 1],
        [2, 0],
      ]),
    pad3d: (o) =>
      tf.pad3d(line(o), [
        [0, 1],
        [2, 0],
        [0, 0],
      ]),
    pad4d: ({ image }) =>
      tf.pad4d(image, [
        [0, 1],
        [2, 0],
        [0, 0],
        [0, 0],
      ]),
    reshape: ({ x }) => tf.reshape(x, [3, -1]),
    reverse: ({ x }) => tf.reverse(x, 1),
    reverse1d: ({ v }) => tf.reverse1d(v),
    reverse2d: ({ x }) => tf.reverse2d(x, [0, 1]),
    reverse3d: (o) => tf.reverse3d(line(o), 1),
    reverse4d: ({ image }) => tf.reverse4d(image, 2),
    scatterND: ({ x, i }) => tf.scatterND(tf.expandDims(i, 1), tf.transpose(x), [4, 2]),
    slice: ({ x }) => tf.slice(x, [0, 1], [1, 2]),
    slice1d: ({ v }) => tf.slice1d(v, 1, 2),
    slice2d: ({ x }) => tf.slice2d(x, [0, 1], [2, 1]),
    slice3d: (o) => tf.slice3d(line(o), [0, 1, 0], [1, 2, 2]),
    slice4d: ({ image }) => tf.slice4d(image, [0, 1, 0, 0], [1, 2, 2, 1]),
    spaceToBatchND: ({ image }) =>
      tf.spaceToBatchND(
        image,
        [2, 2],
        [
          [0, 0],
          [1, 1],
        ],
      ),
    sparseToDense: ({ i, v }) => tf.sparseToDense(i, tf.slice(v, 0, 3), [4], 0.5),
    split: ({ x }) => tf.split(x, 3, 1),
    squeeze: ({ x }) => tf.squeeze(tf.expandDims(x, 0)),
    stack: ({ x, y }) => tf.stack([x, y], 1),
    stridedSlice: ({ x }) => tf.stridedSlice(x, [0, 2], [2, 0], [1, -1]),
    tensorScatterUpdate: ({ x }) =>
      tf.tensorScatterUpdate(x, tf.tensor2d([[1]], [1, 1], 'int32'), tf.ones([1, 3])),
    tile: ({ x }) => tf.tile(x, [2, 2]),
    topk: ({ x }) => Object.values(tf.topk(x, 2)),
    transpose: ({ x }) => tf.transpose(x),
    unstack: ({ x }) => tf.unstack(x, 1),
  }),
  // Made from numbers.
  ...compiled({
    cosineWindow: ({ x }) => tf.mul(tf.slice(tf.signal.hannWindow(4), 0, 3), x),
    eye: ({ y }) => tf.matMul(y, tf.eye(3)),
    fill: ({ x }) => tf.add(x, tf.fill([2, 3], 0.5)),
    linspace: ({ x }) => tf.add(x, tf.linspace(0, 1, 3)),
    ones: ({ x }) => tf.add(x, tf.ones([3], 'int32')),
    range: ({ x }) => tf.add(x, tf.range(0, 3, 1, 'int32')),
    scalar: ({ x }) => tf.mul(x, tf.scalar(3)),
    tensor: ({ x }) => tf.add(x, tf.tensor([1, 2, 3])),
    tensor1d: ({ x }) => tf.add(x, tf.tensor1d([1, 2, 3])),
    tensor2d: ({ x }) => tf.add(x, tf.tensor2d([[1, 2, 3]])),
    tensor3d: ({ x }) => tf.add(x, tf.tensor3d([[[1, 2, 3]]])),
    tensor4d: ({ x }) => tf.add(x, tf.tensor4d([[[[1, 2, 3]]]])),
    tensor5d: ({ x }) => tf.add(x, tf.tensor5d([[[[[1, 2, 3]]]]])),
    tensor6d: ({ x }) => tf.add(x, tf.tensor6d([[[[[[1, 2, 3]]]]]])),
    zeros: ({ x }) => tf.add(x, tf.zeros([2, 3])),
  }),
  // Windows that slide.
  ...compiled({
    avgPool: ({ image }) => tf.avgPool(image, 2, 1, 'same'),
    batchNorm: ({ image, v }) =>
      tf.batchNorm(image, tf.slice(v, 0, 2), tf.abs(tf.slice(v, 1, 2)), tf.slice(v, 2, 2)),
    batchNorm2d: ({ x, y }) =>
      tf.batchNorm2d(x, tf.mean<tf.Tensor1D>(x, 0), tf.mean<tf.Tensor1D>(y, 0)),
    batchNorm3d: (o) =>
      tf.batchNorm3d(line(o), tf.zeros<tf.Rank.R1>([2]), tf.ones<tf.Rank.R1>([2])),
    batchNorm4d: ({ image }) =>
      tf.batchNorm4d(image, tf.zeros<tf.Rank.R1>([2]), tf.ones<tf.Rank.R1>([2])),
    conv1d: (o) => tf.conv1d(line(o), filter3(o) as tf.Tensor3D, 1, 'same'),
    conv2d: ({ image, filter }) => tf.conv2d(image, filter, 2, 'same'),
    conv2dTranspose: ({ image, filter }) =>
      tf.conv2dTranspose(image, filter, [1, 8, 8, 2], 2, 'same'),
    depthwiseConv2d: ({ image, filter }) => tf.depthwiseConv2d(image, filter, 1, 'valid'),
    dilation2d: ({ image, filter }) =>
      tf.dilation2d(image, tf.reshape(tf.slice(filter, 0, [1, 2, 2, 2]), [2, 2, 2]), 1, 'same'),
    localResponseNormalization: ({ image }) => tf.localResponseNormalization(image, 1),
    maxPool: ({ image }) => tf.maxPool(image, 2, 1, 'same'),
    pool: ({ image }) => tf.pool(image, [2, 2], 'max', 'valid', [2, 2]),
    separableConv2d: ({ image, filter }) =>
      tf.separableConv2d(image, filter, tf.ones([1, 1, 4, 1]), 1, 'valid'),
    'fused.conv2d': ({ image, filter }) =>
      tf.fused.conv2d({ x: image, filter, strides: 1, pad: 'same', activation: 'relu' }),
    'fused.depthwiseConv2d': ({ image, filter }) =>
      tf.fused.depthwiseConv2d({ x: image, filter, strides: 1, pad: 'same', activation: 'elu' }),
    'fused.matMul': ({ x, y }) =>
      tf.fused.matMul({ a: x, b: y, transposeA: true, transposeB: false, activation: 'relu6' }),
    'image.flipLeftRight': ({ image }) => tf.image.flipLeftRight(image),
    'image.grayscaleToRGB': ({ image }) =>
      tf.image.grayscaleToRGB(tf.slice(image, 0, [1, 4, 4, 1])),
    'image.resizeBilinear': ({ image }) => tf.image.resizeBilinear(image, [3, 6]),
    'image.resizeNearestNeighbor': ({ image }) => tf.image.resizeNearestNeighbor(image, [3, 6]),
    'image.threshold': ({ image }) =>
      tf.image.threshold(
        tf.abs(tf.slice(tf.reshape(image, [4, 4, 2]), 0, [4, 4, 1])) as tf.Tensor3D,
        'otsu',
      ),
    'image.rgbToGrayscale': ({ x }) =>
      tf.image.rgbToGrayscale(tf.reshape<tf.Rank.R3>(x, [1, 2, 3])),
  }),
  // Whole methods.
  ...compiled({
    basicLSTMCell: ({ x, y }) =>
      tf.basicLSTMCell(
        tf.scalar(1),
        tf
          .concat([y, y], 0)
          .as2D(4, 3)
          .slice([0, 0], [4, 3])
          .concat(tf.ones([1, 3]), 0)
          .tile([1, 4])
          .slice([0, 0], [5, 8]) as tf.Tensor2D,
        tf.ones([8]),
        x,
        tf.slice(y, [0, 0], [2, 2]),
        tf.slice(y, [0, 1], [2, 2]),
      ),
    multiRNNCell: ({ x, y }) =>
      tf
        .multiRNNCell(
          [(data, c, h) => [tf.add(data, c) as tf.Tensor2D, tf.mul(data, h) as tf.Tensor2D]],
          x,
          [y],
          [y],
        )
        .flat(),
    movingAverage: ({ x, y }) => tf.movingAverage(x, y, 0.9, 3),
    'linalg.bandPart': ({ x }) => tf.linalg.bandPart(x, 0, 1),
    'linalg.gramSchmidt': ({ x }) => tf.linalg.gramSchmidt(x),
    'linalg.qr': ({ x }) => tf.linalg.qr(tf.transpose(x)),
    'losses.absoluteDifference': ({ x, y }) => tf.losses.absoluteDifference(x, y),
    'losses.computeWeightedLoss': ({ x, y }) => tf.losses.computeWeightedLoss(x, y),
    'losses.cosineDistance': ({ x, y }) => tf.losses.cosineDistance(x, y, 1),
    'losses.hingeLoss': ({ x, b }) => tf.losses.hingeLoss(b, x),
    'losses.huberLoss': ({ x, y }) => tf.losses.huberLoss(x, y),
    'losses.logLoss': ({ b, y }) => tf.losses.logLoss(b, tf.mul(y, 0.3)),
    'losses.meanSquaredError': ({ x, y }) => tf.losses.meanSquaredError(x, y),
    'losses.sigmoidCrossEntropy': ({ x, b }) => tf.losses.sigmoidCrossEntropy(b, x),
    'losses.softmaxCrossEntropy': ({ x, y }) => tf.losses.softmaxCrossEntropy(y, x),
    'math.confusionMatrix': ({ i }) => tf.math.confusionMatrix(i, tf.reverse(i), 3),
    'signal.frame': ({ v }) => tf.signal.frame(v, 2, 1),
    'signal.hammingWindow': ({ v }) => tf.mul(v, tf.signal.hammingWindow(4)),
    'signal.hannWindow': ({ v }) => tf.mul(v, tf.signal.hannWindow(4)),
  }),
  // Derivatives, and what only arranges.
  ...compiled({
    grad: ({ x }) => tf.grad((p: tf.Tensor) => tf.sum(tf.square(p)))(x),
    grads: ({ x, y }) => tf.grads((p: tf.Tensor, q: tf.Tensor) => tf.sum(tf.mul(p, q)))([x, y]),
    valueAndGrad: ({ x }) =>
      Object.values(tf.valueAndGrad((p: tf.Tensor) => tf.sum(tf.square(p)))(x)),
    valueAndGrads: ({ x, y }) =>
      tf.valueAndGrads((p: tf.Tensor, q: tf.Tensor) => tf.sum(tf.mul(p, q)))([x, y]).grads,
    customGrad: ({ x }) =>
      tf.customGrad((p) => ({ value: tf.sin(p as tf.Tensor), gradFunc: (dy) => dy }))(x),
    keep: ({ x }) => tf.add(tf.keep(tf.neg(x)), 1),
    tidy: ({ x }) => tf.tidy(() => tf.neg(x)),
    dispose: ({ x }) => {
      tf.dispose(tf.neg(x));
      return tf.neg(x);
    },
    op: ({ x }) => tf.op({ twice_: (p: tf.Tensor) => tf.add(p, p) })(x),
    buffer: ({ x }) => tf.add(x, tf.buffer([3], 'float32', Float32Array.of(1, 2, 3)).toTensor()),
  }),
  // What cannot be compiled.
  ...refused(/complex/i, {
    complex: ({ x, y }) => tf.complex(x, y),
    fft: ({ x }) => tf.fft(tf.complex(x, x)),
    ifft: ({ x }) => tf.ifft(tf.complex(x, x)),
    imag: ({ x }) => tf.imag(tf.complex(x, x)),
    irfft: ({ x }) => tf.irfft(tf.complex(x, x)),
    real: ({ x }) => tf.real(tf.complex(x, x)),
    rfft: ({ v }) => tf.rfft(v),
    'signal.stft': ({ v }) => tf.signal.stft(v, 2, 1),
    'spectral.fft': ({ x }) => tf.spectral.fft(tf.complex(x, x)),
    'spectral.ifft': ({ x }) => tf.spectral.ifft(tf.complex(x, x)),
    'spectral.irfft': ({ x }) => tf.spectral.irfft(tf.complex(x, x)),
    'spectral.rfft': ({ v }) => tf.spectral.rfft(v),
  }),
  ...refused(/shape of its result depends on values/, {
    broadcastArgs: ({ i }) => tf.broadcastArgs(i, i),
    raggedGather: ({ i, x }) => tf.raggedGather([i], x, i, 1).outputDenseValues,
    raggedRange: ({ i }) => tf.raggedRange(i, i, i)['rtDenseValues'] as tf.Tensor,
    raggedTensorToTensor: ({ i, v }) =>
      tf.raggedTensorToTensor(i, v, tf.scalar(0), [i], ['ROW_SPLITS']),
    unique: ({ v }) => tf.unique(v).values,
    'image.nonMaxSuppression': ({ x, v }) =>
      tf.image.nonMaxSuppression(
        tf.pad(x, [
          [0, 2],
          [0, 1],
        ]) as tf.Tensor2D,
        v,
        2,
      ),
    'image.nonMaxSuppressionPadded': ({ x, v }) =>
      tf.image.nonMaxSuppressionPadded(
        tf.pad(x, [
          [0, 2],
          [0, 1],
        ]) as tf.Tensor2D,
        v,
        2,
      )['selectedIndices'] as tf.Tensor,
    'image.nonMaxSuppressionWithScore': ({ x, v }) =>
      tf.image.nonMaxSuppressionWithScore(
        tf.pad(x, [
          [0, 2],
          [0, 1],
        ]) as tf.Tensor2D,
        v,
        2,
      )['selectedIndices'] as tf.Tensor,
    'sparse.sparseFillEmptyRows': ({ i, v }) =>
      tf.sparse.sparseFillEmptyRows(
        tf.reshape(tf.concat([i, i]), [3, 2]) as tf.Tensor2D,
        tf.slice(v, 0, 3),
        tf.tensor1d([3, 3], 'int32'),
        0,
      )['outputValues'] as tf.Tensor,
    'sparse.sparseReshape': ({ i }) =>
      tf.sparse.sparseReshape(
        tf.reshape(tf.concat([i, i]), [3, 2]) as tf.Tensor2D,
        tf.tensor1d([3, 3], 'int32'),
        tf.tensor1d([9, 1], 'int32'),
      )['outputIndices'] as tf.Tensor,
    'sparse.sparseSegmentMean': ({ x, i }) => tf.sparse.sparseSegmentMean(x, i, i),
    'sparse.sparseSegmentSum': ({ x, i }) => tf.sparse.sparseSegmentSum(x, i, i),
  }),
  ...refused(/three-dimensional/, {
    avgPool3d: ({ image }) => tf.avgPool3d(tf.expandDims(image) as tf.Tensor5D, 1, 1, 'same'),
    conv3d: ({ image, filter }) =>
      tf.conv3d(
        tf.expandDims(image) as tf.Tensor5D,
        tf.expandDims(filter) as tf.Tensor5D,
        1,
        'same',
      ),
    conv3dTranspose: ({ image, filter }) =>
      tf.conv3dTranspose(
        tf.expandDims(image) as tf.Tensor5D,
        tf.expandDims(filter) as tf.Tensor5D,
        [1, 1, 4, 4, 2],
        1,
        'same',
      ),
    maxPool3d: ({ image }) => tf.maxPool3d(tf.expandDims(image) as tf.Tensor5D, 1, 1, 'same'),
  }),
  ...refused(/images are resized and mirrored/, {
    'image.cropAndResize': ({ image, x }) =>
      tf.image.cropAndResize(
        image,
        tf.slice(
          tf.pad(x, [
            [0, 0],
            [0, 1],
          ]) as tf.Tensor2D,
          0,
          [1, 4],
        ),
        tf.tensor1d([0], 'int32'),
        [2, 2],
      ),
    'image.rotateWithOffset': ({ image }) => tf.image.rotateWithOffset(image, 1),
    'image.transform': ({ image, x }) =>
      tf.image.transform(
        image,
        tf.pad(tf.reshape(x, [1, 6]), [
          [0, 0],
          [0, 2],
        ]) as tf.Tensor2D,
      ),
  }),
  ...refused(/same in every step/, {
    multinomial: ({ x }) => tf.multinomial(x, 2),
    dropout: ({ x }) => tf.dropout(x, 0.5),
    rand: ({ x }) =>
      tf.add(
        x,
        tf.rand([3], () => 1),
      ),
    randomGamma: ({ x }) => tf.add(x, tf.randomGamma([3], 1)),
    randomNormal: ({ x }) => tf.add(x, tf.randomNormal([3])),
    randomStandardNormal: ({ x }) => tf.add(x, tf.randomStandardNormal([3])),
    randomUniform: ({ x }) => tf.add(x, tf.randomUniform([3])),
    randomUniformInt: ({ x }) => tf.add(x, tf.randomUniformInt([3], 0, 9)),
    truncatedNormal: ({ x }) => tf.add(x, tf.truncatedNormal([3])),
  }),
  ...refused(/values of a tensor are read/, {
    print: ({ x }) => {
      tf.print(x);
      return x;
    },
  }),
  ...refused(/variable/, {
    variable: ({ x }) => tf.variable(x),
    variableGrads: ({ x }) =>
      tf.variableGrads(() => tf.sum(tf.mul(x, tf.variable(tf.scalar(1))))).value,
  }),
  ...refused(/Use tf.maxPool|count through the whole batch/, {
    maxPoolWithArgmax: ({ image }) => Object.values(tf.maxPoolWithArgmax(image, 2, 1, 'same')),
  }),
  ...refused(/bits have no derivative/, { bitwiseAnd: ({ i }) => tf.bitwiseAnd(i, i) }),
  ...refused(/string/, {
    'string.staticRegexReplace': () => tf.string.staticRegexReplace(['a'], 'a', 'b'),
    'string.stringNGrams': () =>
      tf.string.stringNGrams(['a'], tf.tensor1d([0, 1], 'int32'), '|', [1], '', '', 0, false)[
        'nGrams'
      ] as tf.Tensor,
    'string.stringSplit': () => tf.string.stringSplit(['a b'], ' ')['values'] as tf.Tensor,
    'string.stringToHashBucketFast': () => tf.string.stringToHashBucketFast(['a'], 3),
  }),
};

/** Functions of `tf` that make or take no tensors of a computation. */
export const notOperations: ReadonlySet<string> = new Set(
  `backend copyRegisteredKernels deprecationWarn deregisterOp disableDeprecationWarnings
  disposeVariables enableDebugMode enableProdMode enclosingPowerOfTwo engine env findBackend
  findBackendFactory forceHalfFloat getBackend getGradient getKernel getKernelsForBackend input
  loadGraphModel loadGraphModelSync loadLayersModel memory model nextFrame profile ready
  registerBackend registerCallbackConstructor registerGradient registerKernel registerOp
  removeBackend sequential setBackend setPlatform setWebGLContext sumOutType time train
  unregisterGradient unregisterKernel upcastType

  booleanMaskAsync inTopKAsync setdiff1dAsync whereAsync
  image.nonMaxSuppressionAsync image.nonMaxSuppressionPaddedAsync
  image.nonMaxSuppressionWithScoreAsync`.split(/\s+/),
);
