import type { DataFacts } from './facts';
import { rounded } from './source-text';

/** The parts of an experiment that follow from method and data, as TypeScript, each with a comment. */
export interface WrittenMethod {
  readonly energy: Part;
  readonly objective: Part;
  readonly optimizer: Part;
  readonly batchSize: number;
  readonly steps: number;
  readonly preview?: Part;
}

/** An option: what is said above it, and its code. */
interface Part {
  readonly comment?: string;
  readonly code: string;
}

/** A method that an experiment can be begun with. */
export interface Recipe {
  readonly label: string;
  /** A clause: what it is good at, and what it costs. */
  readonly detail: string;
  /** How well it suits data, above 0; 0 where it cannot be used. */
  suits(facts: DataFacts): number;
  write(facts: DataFacts): WrittenMethod;
}

/** Whether whole landscapes can be seen, and chains get everywhere. */
const isLow = ({ dimensions }: DataFacts) => dimensions <= 3;
const isHigh = ({ dimensions }: DataFacts) => dimensions > 20;
const isReal = ({ domain }: DataFacts) => domain === 'real';
const isDiscrete = ({ domain }: DataFacts) => domain === 'binary' || domain === 'categorical';

/** What suits real data: in few dimensions, in some, in many. */
const rank = (facts: DataFacts, few: number, some: number, many: number) =>
  !isReal(facts) ? 0 : isLow(facts) ? few : isHigh(facts) ? many : some;

/** Wider for more dimensions; two layers see what one does not. */
function hidden({ dimensions }: DataFacts): string {
  const width = dimensions <= 8 ? 64 : dimensions <= 64 ? 128 : 256;
  return `[${width}, ${width}]`;
}

/** Twice as many hidden units as columns, within bounds. */
const boltzmannMachine = ({ dimensions }: DataFacts) =>
  `energy.rbm({ hidden: ${Math.max(16, Math.min(512, 2 * dimensions))} })`;

/** Not more than half of the rows: a batch is to be drawn anew. */
function batchOf({ rows }: DataFacts, wanted: number): number {
  return Math.max(1, Math.min(wanted, 2 ** Math.floor(Math.log2(Math.max(2, rows / 2)))));
}

const mlp = (facts: DataFacts): Part => ({
  comment:
    'p(x) = exp(-E(x)) / Z. Smooth activations make smooth landscapes, and have all derivatives.',
  code: `energy.mlp({ hidden: ${hidden(facts)}, activation: 'swish' })`,
});

/** Where chains are kept, and how cold they are, on pixels; nothing of it elsewhere. */
const domainOf = ({ image }: DataFacts) =>
  image?.range ? `, domain: { low: ${image.range[0]}, high: ${image.range[1]} }` : '';

/** Noise of an iteration on pixels: what an energy holds against it grows with their number. */
const pixelNoise = ({ dimensions }: DataFacts) => (dimensions > 1000 ? 0.01 : 0.02);

function langevin(facts: DataFacts): string {
  const { deviation, image } = facts;
  if (!image) return `sampler.langevin({ steps: 10, stepSize: ${rounded(0.12 * deviation)} })`;
  return `sampler.langevin({ steps: 20, stepSize: ${rounded(3 * deviation)}, noise: ${pixelNoise(facts)}${domainOf(facts)} })`;
}

/** What is said of {@link langevin}. */
const aboutLangevin = (facts: DataFacts) =>
  facts.image
    ? `// Cold chains (temperature ${pixelNoise(facts)}²): noise of temperature 1 on so many pixels is more than an energy can
  // hold.${facts.image.range ? ' They are reflected where pixels end.' : ''}`
    : '// stepSize is the noise of one iteration, in units of the data.';

/** Options of a residual network for images of this size: large ones are seen at half of it. */
function residualOptions({ shape: [height, width, channels] }: NonNullable<DataFacts['image']>) {
  const isLarge = height * width > 256;
  return `shape: [${height}, ${width}, ${channels}], channels: [16, 32${isLarge ? ', 64' : ''}], blocks: 1${isLarge ? ', stride: 2' : ''}`;
}

/** The energy of chains. */
const energyOf = (facts: DataFacts): Part =>
  facts.image
    ? {
        comment:
          'p(x) = exp(-E(x)) / Z. Residual blocks on ever smaller images, then the sum over all places.',
        code: `energy.residualConvolutional({ ${residualOptions(facts.image)} })`,
      }
    : mlp(facts);

/** Chains live on for as long as there are several times as many as a step moves. */
const bufferOf = (batch: number) => Math.max(256, 8 * batch);

const decaying: Part = {
  comment: 'Rises within 100 steps, and falls to nothing at the end.',
  code: 'optimizer.adam({ learningRate: schedule.cosine({ peak: 3e-3, warmup: 100 }) })',
};

const withoutMomentum: Part = {
  comment:
    'Without momentum (beta1): the chains need a moment to follow a change of the landscape.',
  code: 'optimizer.adam({ learningRate: 1e-3, beta1: 0 })',
};

/** What is shown of models whose training has no chains. */
const shownByLangevin = (facts: DataFacts): Part => ({
  comment: 'Training has no chains; these are for looking at.',
  code: `{ sampler: sampler.langevin({ stepSize: ${rounded(0.08 * facts.deviation)}${domainOf(facts)} }), chainSteps: 200 }`,
});

/** Every method that an experiment can be begun with, by the name of its objective. */
export const recipes = {
  persistentContrastiveDivergence: {
    label: 'Persistent contrastive divergence',
    detail: 'maximum likelihood by Markov chains that live on from step to step',
    // Grey images are the hardest for chains that live on: score matching at many levels is surer there.
    suits: (facts) => (isDiscrete(facts) ? 100 : rank(facts, 100, 100, facts.image ? 50 : 80)),
    write(facts) {
      const batchSize = batchOf(facts, facts.image ? 32 : 128);
      const buffer = facts.image ? Math.max(1024, bufferOf(batchSize)) : bufferOf(batchSize);
      if (isDiscrete(facts)) {
        return {
          energy: {
            comment: 'A restricted Boltzmann machine; its hidden units are summed out exactly.',
            code: boltzmannMachine(facts),
          },
          objective: {
            comment:
              'Each step lowers the energy of data and raises that of the samples of chains, which draw the hidden units, and then all numbers, anew.',
            code: `objective.persistentContrastiveDivergence({
  sampler: sampler.gibbs({ steps: 4, scan: 'sweep' }),
  bufferSize: ${buffer},
  reinitialize: 0,
})`,
          },
          optimizer: {
            ...withoutMomentum,
            code: 'optimizer.adam({ learningRate: 2e-3, beta1: 0 })',
          },
          batchSize,
          steps: 3_000,
        };
      }
      return {
        energy: energyOf(facts),
        objective: {
          comment:
            'Each step lowers the energy of data and raises that of the samples of chains. Now and then a chain begins anew; the penalty keeps energies from drifting.',
          code: `objective.persistentContrastiveDivergence({
  ${aboutLangevin(facts)}
  sampler: ${langevin(facts)},
  bufferSize: ${buffer},
  reinitialize: ${facts.image ? 0.05 : 0.02},
  energyPenalty: ${facts.image ? 0.1 : 0.01},
})`,
        },
        optimizer: facts.image
          ? {
              ...withoutMomentum,
              code: 'optimizer.adam({ learningRate: 2e-4, beta1: 0, average: 0.99 })',
            }
          : withoutMomentum,
        batchSize,
        steps: 3_000,
      };
    },
  },
  jem: {
    label: 'Joint energy-based model (JEM)',
    detail: 'a classifier of the classes of the rows that is a density as well',
    suits: (facts) => (facts.classes > 1 ? rank(facts, 95, 95, facts.image ? 45 : 85) : 0),
    write(facts) {
      const batchSize = batchOf(facts, 128);
      return {
        energy: {
          comment: 'Logits f(x)[y] of the classes; E(x) = -log Σ exp f(x)[y].',
          code: `energy.classifier({ classes: ${facts.classes}, hidden: ${hidden(facts)} })`,
        },
        objective: {
          comment:
            'Cross-entropy of the classes, and persistent contrastive divergence on the energy.',
          code: `objective.jem({
  sampler: ${langevin(facts)},
  bufferSize: ${bufferOf(batchSize)},
  energyPenalty: 0.01,
})`,
        },
        optimizer: { ...withoutMomentum, code: 'optimizer.adam({ learningRate: 5e-4, beta1: 0 })' },
        batchSize,
        steps: 3_000,
      };
    },
  },
  multiNoiseScoreMatching: {
    label: 'Score matching at many noise levels',
    detail: 'learns the data blurred a little, a lot, and all between; samples fill all modes',
    suits: (facts) => rank(facts, 80, 85, 100),
    write: (facts) => ({
      energy: {
        comment: 'E(x, σ): the energy of the data with noise σ. It is shown at the lowest level.',
        code: facts.image
          ? `energy.noiseConditionalConvolutional({ ${residualOptions(facts.image)}, dataDeviation: ${rounded(facts.deviation)} })`
          : `energy.noiseConditional({ hidden: ${hidden(facts)}, dataDeviation: ${rounded(facts.deviation)} })`,
      },
      objective: {
        comment: 'The highest level joins all modes, the lowest is the detail that is left.',
        code: `objective.multiNoiseScoreMatching({
  highest: ${rounded(1.5 * facts.deviation * Math.max(1, Math.sqrt(facts.dimensions) / 4))},
  lowest: ${rounded(0.1 * facts.deviation)},
  levels: ${isHigh(facts) ? 10 : 6},
})`,
      },
      optimizer: decaying,
      batchSize: batchOf(facts, facts.image ? 64 : 256),
      steps: 3_000,
    }),
  },
  slicedScoreMatching: {
    label: 'Sliced score matching',
    detail: 'makes the slope of the model that of the data, without any chains',
    suits: (facts) => rank(facts, 90, 80, 70),
    write: (facts) => ({
      energy: mlp(facts),
      objective: {
        comment: 'Along one random direction for each row, which costs the same in any dimension.',
        code: 'objective.slicedScoreMatching()',
      },
      optimizer: decaying,
      batchSize: batchOf(facts, 256),
      steps: 3_000,
      preview: shownByLangevin(facts),
    }),
  },
  denoisingScoreMatching: {
    label: 'Denoising score matching',
    detail: 'the quickest: learns to take away noise of one size',
    suits: (facts) => rank(facts, 50, 70, 90),
    write: (facts) => ({
      energy: mlp(facts),
      objective: {
        comment: 'The model is of the data with this noise: less is sharper, and harder to learn.',
        code: `objective.denoisingScoreMatching({ sigma: ${rounded(0.15 * facts.deviation)} })`,
      },
      optimizer: decaying,
      batchSize: batchOf(facts, 256),
      steps: 3_000,
      preview: shownByLangevin(facts),
    }),
  },
  energyDiscrepancy: {
    label: 'Energy discrepancy',
    detail: 'compares energies at rows and at perturbed ones; neither chains nor derivatives',
    suits: (facts) => rank(facts, 60, 60, 60),
    write: (facts) => ({
      energy: mlp(facts),
      objective: {
        comment:
          'Each row is perturbed, and perturbed again 16 times. Small sigma is like score matching, large like maximum likelihood.',
        code: `objective.energyDiscrepancy({ sigma: ${rounded(0.5 * facts.deviation)}, samples: 16 })`,
      },
      optimizer: decaying,
      batchSize: batchOf(facts, 128),
      steps: 3_000,
      ...(facts.image ? { preview: shownByLangevin(facts) } : {}),
    }),
  },
  noiseContrastiveEstimation: {
    label: 'Noise contrastive estimation',
    detail: 'tells data from a Gaussian, and learns log Z beside; for few dimensions',
    // In many dimensions data and noise are told apart at a glance, and nothing is learned.
    suits: (facts) => (facts.dimensions <= 10 ? rank(facts, 70, 50, 0) : 0),
    write: (facts) => ({
      energy: mlp(facts),
      objective: {
        comment: 'A Gaussian with the moments of the data, four draws for each row.',
        code: "objective.noiseContrastiveEstimation({ noise: 'gaussian', noiseRatio: 4 })",
      },
      optimizer: decaying,
      batchSize: batchOf(facts, 256),
      steps: 3_000,
    }),
  },
  pseudoLikelihood: {
    label: 'Pseudo-likelihood',
    detail: 'predicts each column from all others; no chains, consistent',
    suits: (facts) => (isDiscrete(facts) ? 90 : 0),
    write: (facts) => discreteWithoutChains(facts, 'pseudoLikelihood'),
  },
  ratioMatching: {
    label: 'Ratio matching',
    detail: 'score matching for zeros and ones, and for categories',
    suits: (facts) => (isDiscrete(facts) ? 80 : 0),
    write: (facts) => discreteWithoutChains(facts, 'ratioMatching'),
  },
  minimumProbabilityFlow: {
    label: 'Minimum probability flow',
    detail: 'keeps probability from flowing out of the data into their neighbours',
    suits: (facts) => (isDiscrete(facts) ? 70 : 0),
    write: (facts) => discreteWithoutChains(facts, 'minimumProbabilityFlow'),
  },
} satisfies Readonly<Record<string, Recipe>>;

export type RecipeName = keyof typeof recipes;

function discreteWithoutChains(facts: DataFacts, objective: string): WrittenMethod {
  return {
    energy: {
      comment: 'A restricted Boltzmann machine; its hidden units are summed out exactly.',
      code: boltzmannMachine(facts),
    },
    objective: {
      comment: 'Compares each row with those that differ from it in a single column.',
      code: `objective.${objective}()`,
    },
    optimizer: decaying,
    batchSize: batchOf(facts, 128),
    steps: 3_000,
  };
}

/** The methods that data allow, best first. */
export function suitableRecipes(facts: DataFacts): readonly RecipeName[] {
  const suits = (name: RecipeName) => (recipes[name] as Recipe).suits(facts);
  return (Object.keys(recipes) as RecipeName[])
    .filter((name) => suits(name) > 0)
    .sort((a, b) => suits(b) - suits(a));
}
