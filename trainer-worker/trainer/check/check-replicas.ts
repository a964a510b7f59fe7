import * as tf from '@tensorflow/tfjs';
import { formatNumber } from '../../../vocabulary/quantities';
import { compileProgram } from '../../compiler/trace/compile-program';
import { carrying } from '../../methods/samplers/carrying';
import { runChainIn } from '../../methods/samplers/chain-in-domain';
import {
  type ParallelTemperingSpec,
  parallelTemperingMethod,
} from '../../methods/samplers/parallel-tempering';
import type { Carried } from '../../methods/samplers/sampler-method';
import { modelWith, parameterSpecs, parametersIn, written } from '../training/model-programs';
import type { TriedChains } from './check-chains';
import type { Findings } from './findings';

/** Turns of exchanges that are forgotten, and that are counted. */
const turns = { before: 50, counted: 100 };
/** Iterations that all of them may take together. */
const mostIterations = 2_000;

/** What a short run of replicas says of their exchanges. */
interface Barrier {
  /** Λ, the sum of the refusals between neighbours, a mean over chains. */
  readonly value: number;
  /** Its standard error over these. */
  readonly error: number;
}

/**
 * The communication barrier of parallel tempering on an energy as it is (Syed et al. 2022,
 * arXiv:1905.02939): replicas run from rows of data until they have had some turns, which are not counted,
 * and on for others, which are.
 *
 * @param starts `[count, D]`, two rows at least
 */
export async function communicationBarrier(
  { backend, parameters, seed, model }: Omit<TriedChains, 'rows' | 'loaded' | 'pixels'>,
  spec: ParallelTemperingSpec,
  starts: Float32Array,
): Promise<Barrier> {
  const { dimensions, domain } = model;
  const sampler = parallelTemperingMethod.build(spec);
  const { ofChain = {}, besideChain = {}, ofAll = {} } = carrying(sampler).keeps ?? {};
  const kept = new Set(Object.keys({ ...ofChain, ...besideChain, ...ofAll }));
  const program = compileProgram({
    inputs: {
      points: { shape: [starts.length / dimensions, dimensions] },
      ...parameterSpecs(model),
    },
    ...written(model),
    step(tensors) {
      const filledIn = modelWith(model, parametersIn(model, tensors));
      const every = spec.exchangeEvery;
      const run = (points: tf.Tensor2D, count: number, from?: Carried) =>
        runChainIn(domain, sampler, filledIn, points, count * every, {
          resume: (begun) =>
            Object.fromEntries(
              Object.entries(begun).map(([name, value]) => [
                name,
                kept.has(name) ? (from?.[name] ?? value) : value,
              ]),
            ),
        });
      const warm = run(tensors['points'] as tf.Tensor2D, turns.before);
      const { carried } = run(warm.ends, turns.counted, warm.carried);
      return { outputs: { barriers: tf.div(tf.sum(carried['refused']!, 1), carried['turns']!) } };
    },
  });
  const execution = await backend.start(program);
  try {
    const { barriers } = await execution.run({ points: starts, ...parameters }, { seed, step: 0 });
    const values = [...(barriers as Float32Array)];
    const value = values.reduce((sum, one) => sum + one, 0) / values.length;
    const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
    return { value, error: Math.sqrt(squares / (values.length - 1) / values.length) };
  } finally {
    await execution.dispose();
  }
}

/** How many temperatures are best at a barrier: round trips are most frequent for what they cost. */
const bestCount = (barrier: number) => Math.max(2, Math.round(2 * barrier) + 1);

/** Tells how many temperatures parallel tempering needs on the energy as the tried steps left it. */
export async function checkReplicas(
  tried: TriedChains,
  spec: ParallelTemperingSpec,
  starts: Float32Array,
  findings: Findings,
): Promise<void> {
  if ((turns.before + turns.counted) * spec.exchangeEvery > mostIterations) return;
  const { value, error } = await communicationBarrier(tried, spec, starts);
  if (!Number.isFinite(value)) return;
  const told = `${formatNumber(Number(value.toPrecision(2)))} ± ${formatNumber(Number(error.toPrecision(1)))}`;
  findings.fact(
    'chains',
    `the communication barrier of ${spec.temperatures} temperatures is ${told} on the energy as these steps left it, where ${bestCount(value)} temperatures are best; it grows as the energy is trained, and a run records it`,
  );
}
