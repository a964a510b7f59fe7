import type { CarryingSampler, Sampler } from './sampler-method';

/** Any sampler as one that carries something, be it nothing. */
export function carrying(sampler: Sampler): CarryingSampler {
  if (!('step' in sampler)) return sampler;
  return {
    ...sampler,
    init: () => ({}),
    advance: (x, carried, model, iteration) => ({ x: sampler.step(x, model, iteration), carried }),
  };
}
