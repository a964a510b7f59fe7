// Many noise levels at once: the energy of the data blurred a little, a lot, and all between.
//
// High levels join modes that lie apart, low ones show detail. The shown samples come from annealed
// Langevin dynamics, which walks on the blurred landscape first; see how evenly the modes are filled.
import { data, energy, experiment, objective, optimizer, schedule } from 'ebm-lab';

const steps = 3_000;

export default experiment({
  name: 'Many noise levels',
  data: data.eightGaussians(),
  // E(x, σ). The landscape shows it at the lowest level.
  energy: energy.noiseConditional({ hidden: [64, 64], dataDeviation: 2 }),
  objective: objective.multiNoiseScoreMatching({ highest: 3, lowest: 0.2, levels: 6 }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 3e-3, warmup: 100, steps }),
  }),
  batchSize: 256,
  steps,
});
