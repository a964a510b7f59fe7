import type { RunManifest } from '../../protocol/run';

/** A manifest with every field. */
export const manifest: RunManifest = {
  formatVersion: 1,
  id: 'abcdefghjk',
  name: 'two moons',
  state: {
    status: 'paused',
    step: 12,
    steps: 100,
    problem: {
      kind: 'training',
      message: 'The loss is NaN.',
      remedy: 'Lower the learning rate.',
      location: { file: '/work/a.ebm.ts', line: 3, column: 5 },
    },
  },
  createdAt: '2026-02-03T04:05:06.789Z',
  endedAt: '2026-02-03T05:05:06.789Z',
  trainingSeconds: 12.5,
  experiment: { file: '/work/a.ebm.ts', source: 'source/a.ebm.ts', sha256: 'ab'.repeat(32) },
  config: { steps: 100, optimizer: { type: 'adam', betas: [0.9, null, true] } },
  overrides: { steps: 100 },
  parent: 'kjhgfedcba',
  group: {
    id: 'a1b2',
    name: 'rates',
    index: 2,
    of: 3,
    metric: 'loss',
    goal: 'minimize',
    halving: { eta: 3, rungs: [10, 100] },
  },
  rungs: [{ step: 10, value: 0.5 }],
  seed: 7,
  backend: { name: 'onnx-cpu', reason: 'nothing else is installed' },
  versions: { node: '20.0.0' },
  git: { commit: 'cd'.repeat(20), dirty: true },
  preview: {
    dimensions: 2,
    axes: ['x1', 'x2'],
    bounds: [
      [-1, 1],
      [-2, 2],
    ],
    resolution: 3,
  },
  transform: { mean: [0, 1], scale: [1, 2] },
  dataFiles: [{ file: 'rows.csv', sha256: '01'.repeat(32) }],
  initialize: { file: 'weights.safetensors', sha256: 'ef'.repeat(32) },
  metrics: [{ name: 'loss', label: 'Loss', group: 'Loss', unit: 'nats' }],
  worker: { pid: 4321, socket: '/tmp/x.sock' },
};
