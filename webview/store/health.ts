import type { JsonObject } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { formatValue } from './number-format';

/** What gauges are read from. */
export interface HealthContext {
  /** The experiment's configuration, as `run.json` has it. */
  readonly config: JsonObject;
  /** The value of a metric at the step that is looked at, if it has one. */
  metric(name: string): number | undefined;
  /** Energies of the preview that is looked at. */
  readonly energies?:
    | {
        readonly samples: Float32Array;
        readonly data: Float32Array;
        readonly heldOut?: Float32Array;
      }
    | undefined;
}

export type Verdict = 'good' | 'attention' | 'bad';

/** One measure of how a run is, read. */
export interface Gauge {
  readonly name: string;
  readonly value: number;
  /** The value as it is told. */
  readonly text: string;
  readonly verdict: Verdict;
  /** Where all is well, in words: `at most 1.01`. */
  readonly healthy: string;
  /** What it means, in one sentence. */
  readonly sentence: string;
  /** What may be tried; nothing where all is well. */
  readonly remedies: readonly string[];
}

type Reading = Omit<Gauge, 'name' | 'text'> & { readonly text?: string };

/** A row of the table of gauges: read where what it needs was recorded. */
interface GaugeMethod {
  readonly name: string;
  read(context: HealthContext): Reading | undefined;
}

/**
 * Split R-hat is 1 where chains have met. Below 1.01 they may be used (Vehtari, Gelman, Simpson, Carpenter
 * and Bürkner 2021); 1.1 is the older bound (Gelman and Rubin 1992), beyond which they are plainly apart.
 */
const rHat: GaugeMethod = {
  name: 'R-hat',
  read(context) {
    const value = context.metric('chains/r-hat');
    if (value === undefined) return undefined;
    const verdict = below(value, 1.01, 1.1);
    return {
      value,
      text: short(value),
      verdict,
      healthy: 'at most 1.01',
      sentence: {
        good: `R-hat ${short(value)}: the shown chains have met.`,
        attention: `R-hat ${short(value)}: the shown chains have nearly met.`,
        bad: `R-hat ${short(value)}: the chains have not met.`,
      }[verdict],
      remedies: movingFurther(context),
    };
  },
};

/** An effective size of 400 is enough for the estimates of R-hat and of itself (Vehtari et al. 2021). */
const effectiveSize: GaugeMethod = {
  name: 'Effective sample size',
  read(context) {
    const value = context.metric('chains/effective-sample-size');
    if (value === undefined) return undefined;
    const verdict = above(value, 400, 100);
    const worth = `The recorded iterations of all chains are worth ${formatCount(value)} independent samples`;
    return {
      value,
      text: formatCount(value),
      verdict,
      healthy: 'at least 400',
      sentence: verdict === 'good' ? `${worth}.` : `${worth}: they hardly move on.`,
      remedies: movingFurther(context),
    };
  },
};

/**
 * Shares of accepted proposals at which chains move on fastest in many dimensions: 0.574 of MALA (Roberts
 * and Rosenthal 1998), 0.651 of Hamiltonian trajectories (Beskos, Pillai, Roberts, Sanz-Serna and Stuart
 * 2013), 0.8 of the no-U-turn sampler (Hoffman and Gelman 2014). The optimum is flat: from 0.4 to 0.8 MALA
 * keeps most of its speed, and in few dimensions more is well too.
 */
const acceptances: Readonly<Record<string, { best: number; low: number; high: number }>> = {
  metropolisAdjustedLangevin: { best: 0.574, low: 0.4, high: 0.9 },
  hamiltonian: { best: 0.651, low: 0.5, high: 0.95 },
  noUTurn: { best: 0.8, low: 0.6, high: 0.97 },
};
const otherAcceptance = { best: 0.574, low: 0.2, high: 0.97 };

const acceptance: GaugeMethod = {
  name: 'Acceptance',
  read({ config, metric }) {
    const value = metric('sampler/acceptance');
    if (value === undefined) return undefined;
    const place = 'objective.sampler';
    const type = optionAt(config, `${place}.type`);
    const { best, low, high } = acceptances[String(type)] ?? otherAcceptance;
    const verdict: Verdict =
      value < low / 2 ? 'bad' : value < low || value > high ? 'attention' : 'good';
    const isLow = value < low;
    const percent = `${Math.round(100 * value)} % of the proposals are accepted`;
    return {
      value,
      text: `${Math.round(100 * value)} %`,
      verdict,
      healthy: `${Math.round(100 * low)} to ${Math.round(100 * high)} %`,
      sentence:
        verdict === 'good'
          ? `${percent}.`
          : isLow
            ? `${percent}: chains stand still most of the time.`
            : `${percent}: steps are so small that chains hardly move.`,
      remedies: [
        ...(optionAt(config, `${place}.targetAcceptance`) === null
          ? [`Set ${place}.targetAcceptance to ${best}: the step adapts itself.`]
          : []),
        ...(typeof optionAt(config, `${place}.stepSize`) === 'number'
          ? [
              `${isLow ? 'A smaller' : 'A larger'} ${place}.stepSize${nowAt(config, `${place}.stepSize`)}.`,
            ]
          : []),
      ],
    };
  },
};

/**
 * Neighbouring temperatures exchange their chains best where about 23 % of the exchanges are accepted (Kone
 * and Kofke 2005; Atchadé, Roberts and Rosenthal 2011); much less, and what is hot never reaches what is cold.
 */
const exchanges: GaugeMethod = {
  name: 'Exchange rate',
  read({ config, metric }) {
    const value = metric('sampler/exchange rate');
    if (value === undefined) return undefined;
    const verdict = above(value, 0.1, 0.02);
    const place = 'objective.sampler';
    return {
      value,
      text: `${Math.round(100 * value)} %`,
      verdict,
      healthy: 'at least 10 %',
      sentence: `${Math.round(100 * value)} % of the exchanges between temperatures are accepted${
        verdict === 'good' ? '.' : ': hot chains hardly help the cold ones.'
      }`,
      remedies: ['temperatures', 'highest'].flatMap((option) =>
        optionAt(config, `${place}.${option}`) === undefined
          ? []
          : [
              `${option === 'temperatures' ? 'More' : 'A smaller'} ${place}.${option}${nowAt(config, `${place}.${option}`)}.`,
            ],
      ),
    };
  },
};

/**
 * Energies of samples of the model and of data that it fits have the same mean. How far apart they may be
 * is told in deviations: the energy of D Gaussian numbers deviates by √(D/2). Half of what the energies of
 * data deviate by is little, and so is what is within two standard errors; two deviations are far.
 */
const energyGap: GaugeMethod = {
  name: 'Energy gap',
  read({ energies, config }) {
    if (energies === undefined) return undefined;
    const { heldOut } = energies;
    const rows = heldOut && heldOut.length > 1 ? heldOut : energies.data;
    const [ofSamples, ofRows] = [momentsOf(energies.samples), momentsOf(rows)];
    if (ofSamples === undefined || ofRows === undefined) return undefined;
    const value = ofSamples.mean - ofRows.mean;
    const error = Math.hypot(
      ofSamples.deviation / Math.sqrt(energies.samples.length),
      ofRows.deviation / Math.sqrt(rows.length),
    );
    if (!Number.isFinite(value) || !Number.isFinite(error)) return undefined;
    const little = Math.max(2 * error, ofRows.deviation / 2);
    const size = Math.abs(value);
    const verdict = below(size, little, 4 * little);
    const what = rows === heldOut ? 'held-out rows' : 'the data';
    const far = `Samples are ${formatValue(size)} nats ${value > 0 ? 'above' : 'below'} ${what}`;
    return {
      value,
      text: `${formatValue(value)} ± ${formatValue(error)} nats`,
      verdict,
      healthy: `${formatValue(little)} at most, up or down`,
      sentence:
        verdict === 'good'
          ? `Samples have about the energies of ${what}.`
          : value > 0
            ? `${far}: chains have not come down to where the model has its mass.`
            : `${far}: the model likes other points better than the data.`,
      remedies:
        value > 0
          ? movingFurther({ config })
          : optionAt(config, 'objective.sampler.steps') === undefined
            ? []
            : [
                `More objective.sampler.steps${nowAt(config, 'objective.sampler.steps')}, so that it sees these points.`,
              ],
    };
  },
};

/**
 * A chain of the buffer that was never moved is still the noise that it began as. Each step moves
 * `batchSize` of `bufferSize` chains, so that a chain of age a was moved a · batchSize / bufferSize times.
 */
const bufferAge: GaugeMethod = {
  name: 'Age of the buffer',
  read({ config, metric }) {
    const age = metric('buffer/mean age');
    const [batch, size] = ['batchSize', 'objective.bufferSize'].map((name) =>
      optionAt(config, name),
    );
    if (age === undefined || typeof batch !== 'number' || typeof size !== 'number')
      return undefined;
    const value = (age * batch) / size;
    const verdict = above(value, 5, 1);
    const moved = `A chain of the buffer is ${formatCount(age)} steps old and was moved ${formatValue(value)} times on average`;
    return {
      value,
      text: `${formatCount(age)} steps`,
      verdict,
      healthy: 'moved at least 5 times',
      sentence: verdict === 'good' ? `${moved}.` : `${moved}: much of the buffer is still noise.`,
      remedies: [
        `A smaller objective.bufferSize${nowAt(config, 'objective.bufferSize')}.`,
        `A larger batchSize${nowAt(config, 'batchSize')}.`,
        ...(Number(optionAt(config, 'objective.reinitialize')) > 0
          ? [`A smaller objective.reinitialize${nowAt(config, 'objective.reinitialize')}.`]
          : []),
      ],
    };
  },
};

/** exp(-E) is the model at temperature 1; chains at T draw from exp(-E/T), where T < 1 its sharper peaks. */
const temperature: GaugeMethod = {
  name: 'Temperature',
  read({ config, metric }) {
    const value = metric('sampler/temperature');
    if (value === undefined) return undefined;
    const isOne = Math.abs(value - 1) < 1e-6;
    const place = 'objective.sampler';
    return {
      value,
      verdict: isOne ? 'good' : 'attention',
      healthy: '1',
      sentence: isOne
        ? 'Chains draw from exp(−E), the model.'
        : `Chains draw from exp(−E/${formatValue(value)}): ${value < 1 ? 'sharper' : 'flatter'} than exp(−E), so that likelihoods are not of what they draw.`,
      remedies: ['temperature', 'noise'].flatMap((option) =>
        optionAt(config, `${place}.${option}`) === undefined
          ? []
          : [`Set ${place}.${option} to 1, where a density is wanted and not pictures alone.`],
      ),
    };
  },
};

/**
 * Samples that are nearer to training rows than held-out rows are were learned by heart. Of independent
 * draws of one law the ratio is 1; half of it is far beyond chance for the 32 rows at least that are looked at.
 */
const memorization: GaugeMethod = {
  name: 'Memorisation',
  read({ config, metric }) {
    const value = metric('memorization/ratio');
    if (value === undefined) return undefined;
    const verdict = above(value, 0.8, 0.5);
    return {
      value,
      verdict,
      healthy: 'at least 0.8',
      sentence: `Samples are ${formatValue(value)} times as far from the nearest training row as held-out rows are${
        verdict === 'good' ? '.' : ': some training rows are learned by heart.'
      }`,
      remedies:
        optionAt(config, 'steps') === undefined ? [] : [`Fewer steps${nowAt(config, 'steps')}.`],
    };
  },
};

/** All gauges, in the order in which they are shown. */
const gauges: readonly GaugeMethod[] = [
  rHat,
  effectiveSize,
  acceptance,
  exchanges,
  energyGap,
  bufferAge,
  temperature,
  memorization,
];

/** What a run's records say of its health, the gauges of which there is something to read. */
export function healthOf(context: HealthContext): readonly Gauge[] {
  return gauges.flatMap(({ name, read }) => {
    const reading = read(context);
    if (reading === undefined || Number.isNaN(reading.value)) return [];
    const { text = formatValue(reading.value), ...rest } = reading;
    return [{ ...rest, name, text, remedies: rest.verdict === 'good' ? [] : rest.remedies }];
  });
}

/** What moves the shown chains further, of the options that the experiment has. */
function movingFurther({ config }: Pick<HealthContext, 'config'>): string[] {
  return [
    ...(typeof optionAt(config, 'preview.chainSteps') === 'number'
      ? [`More preview.chainSteps${nowAt(config, 'preview.chainSteps')}.`]
      : []),
    ...(typeof optionAt(config, 'preview.sampler.stepSize') === 'number'
      ? [`Another preview.sampler.stepSize${nowAt(config, 'preview.sampler.stepSize')}.`]
      : []),
    ...(typeof optionAt(config, 'objective.bufferSize') === 'number' &&
    typeof optionAt(config, 'objective.sampler.steps') === 'number'
      ? [
          `More objective.sampler.steps${nowAt(config, 'objective.sampler.steps')}: the shown chains are those of the buffer.`,
        ]
      : []),
  ];
}

/** The option at a dotted path; `undefined` where there is none. */
function optionAt(config: JsonObject, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => {
    const isHolder = typeof part === 'object' && part !== null && Object.hasOwn(part, name);
    return isHolder ? (part as Readonly<Record<string, unknown>>)[name] : undefined;
  }, config);
}

function nowAt(config: JsonObject, path: string): string {
  const value = optionAt(config, path);
  return typeof value === 'number' ? ` (now ${value})` : '';
}

function below(value: number, good: number, bad: number): Verdict {
  return value <= good ? 'good' : value <= bad ? 'attention' : 'bad';
}

function above(value: number, good: number, bad: number): Verdict {
  return value >= good ? 'good' : value >= bad ? 'attention' : 'bad';
}

/** R-hat as people write it: two decimals near 1, where the second one counts. */
function short(value: number): string {
  return Number.isFinite(value) ? value.toFixed(value < 1.1 ? 2 : 1) : formatValue(value);
}

function momentsOf(values: Float32Array) {
  if (values.length < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
