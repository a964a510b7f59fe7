import { brightness } from '../../../protocol/pixel-values';
import type { ImageLayout } from '../../../protocol/run';
import { Random, streams } from '../../compiler/random/random';

/** Features of an image. */
export const featureCount = 64;
/** What the weights are drawn from: pinned, so that distances of all runs are in the same features. */
const featureSeed = 1903;
/** Channels of the two layers. */
const channels = [16, 32] as const;
const filter = 3;
/** Of leaky ReLU for negative numbers. */
const leak = 0.2;
/** Of the biases, so that units bend at different places. */
const biasDeviation = 0.5;

/** A convolution with 3 × 3 filters, every second pixel, zeros around. */
interface FeatureLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** `[outputs, 3, 3, inputs]` */
  readonly filters: Float64Array;
  /** `[outputs]` */
  readonly biases: Float64Array;
}

/** Two convolutions and a projection. */
interface FeatureNetwork {
  readonly layers: readonly FeatureLayer[];
  /** `[64, what the last layer gives]`: rows from the top, each from the left, channels together. */
  readonly projection: Float64Array;
}

/** A function of images to numbers in which images that look alike lie near each other. */
export interface RandomFeatures {
  readonly network: FeatureNetwork;
  /** `[n, 64]` of `[n, D]` images in model space. */
  of(images: Float32Array): Float32Array;
}

/**
 * 64 features of images by a small network that is never trained: two convolutions with 3 × 3 filters and
 * every second pixel, to 16 and 32 channels, each with leaky ReLU, then a random projection. Random networks
 * see the likeness of images well enough to compare sets of them (Naeem et al. 2020, arXiv:2002.09797, use 64
 * features of a random VGG16). Weights are normal (He et al. 2015) and follow from a pinned seed, so that
 * they are the same for all images of one shape. It sees brightness from -1 (darkest) to 1 (brightest).
 *
 * Distances in these features are not those of an Inception network, and compare with none of other work.
 */
export function randomFeatures(image: ImageLayout): RandomFeatures {
  const network = drawNetwork(image);
  const { height, width, channels: depth } = image;
  const size = height * width * depth;
  return {
    network,
    of(images) {
      const count = images.length / size;
      const features = new Float32Array(count * featureCount);
      const pixels = new Float64Array(size);
      for (let i = 0; i < count; i++) {
        for (let p = 0; p < size; p++) {
          pixels[p] = 2 * brightness(images[i * size + p]!, image) - 1;
        }
        features.set(featuresOf(pixels, network, height, width), i * featureCount);
      }
      return features;
    },
  };
}

function drawNetwork({ height, width, channels: depth }: ImageLayout): FeatureNetwork {
  const random = new Random(featureSeed, streams.diagnostics);
  const normals = (count: number, deviation: number) =>
    Float64Array.from({ length: count }, () => deviation * random.normal());
  const gain = 2 / (1 + leak ** 2);
  const layers = channels.map((outputs, layer) => {
    const inputs = layer === 0 ? depth : channels[layer - 1]!;
    const fan = filter * filter * inputs;
    return {
      inputs,
      outputs,
      filters: normals(outputs * fan, Math.sqrt(gain / fan)),
      biases: normals(outputs, biasDeviation),
    };
  });
  const shrunk = (length: number) => channels.reduce((pixels) => Math.ceil(pixels / 2), length);
  const last = shrunk(height) * shrunk(width) * channels.at(-1)!;
  return { layers, projection: normals(featureCount * last, 1 / Math.sqrt(last)) };
}

function featuresOf(
  pixels: Float64Array,
  { layers, projection }: FeatureNetwork,
  height: number,
  width: number,
): Float64Array {
  let [values, rows, columns] = [pixels, height, width];
  for (const layer of layers) {
    values = convolved(values, layer, rows, columns);
    [rows, columns] = [Math.ceil(rows / 2), Math.ceil(columns / 2)];
  }
  return Float64Array.from({ length: featureCount }, (_, feature) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++)
      sum += projection[feature * values.length + i]! * values[i]!;
    return sum;
  });
}

/** The filter's middle is at every second pixel from the first. */
function convolved(
  values: Float64Array,
  { inputs, outputs, filters, biases }: FeatureLayer,
  height: number,
  width: number,
): Float64Array {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const made = new Float64Array(rows * columns * outputs);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = (row * columns + column) * outputs;
      for (let output = 0; output < outputs; output++) {
        let sum = biases[output]!;
        for (let down = 0; down < filter; down++) {
          const y = 2 * row + down - 1;
          if (y < 0 || y >= height) continue;
          for (let across = 0; across < filter; across++) {
            const x = 2 * column + across - 1;
            if (x < 0 || x >= width) continue;
            const from = (y * width + x) * inputs;
            const weights = ((output * filter + down) * filter + across) * inputs;
            for (let i = 0; i < inputs; i++) sum += filters[weights + i]! * values[from + i]!;
          }
        }
        made[at + output] = sum > 0 ? sum : leak * sum;
      }
    }
  }
  return made;
}
