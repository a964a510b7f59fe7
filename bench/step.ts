/**
 * Training steps, compiled and run by ONNX Runtime, against the same steps in eager tfjs, in PyTorch (as
 * one writes it, and the whole step compiled) and in JAX (the whole step compiled), and against their own matrix products. All are taken in turns: whatever else the machine
 * does falls on all of them alike.
 */
import { ledgerOf } from '../trainer-worker/compiler/graph/ledger';
import { compileStep } from './compiled-step';
import { eagerStep, startWasm } from './eager-step';
import { bareProducts } from './products';
import { rows } from './rows';
import { peersRemedy, type StepPeer, StepPeers } from './step-peers';
import { type Line, measure, median, report, steadyTimesOf, timesOf } from './table';

const rounds = 6;
/** How long each is measured in its turn, after as long again: as in a training, where all is warm. */
const seconds = 0.4;

await startWasm();
const peers = await StepPeers.start(rows);
const names: readonly StepPeer[] = ['eager', 'compiled', 'jax'];
const lines: Line[] = [];
const ledger: Line[] = [];
for (const [index, row] of rows.entries()) {
  const compiled = await compileStep(row);
  const products = await bareProducts(compiled.program, row.chainSteps);
  const eager = eagerStep(row);
  const times: Record<string, number[]> = { ours: [], products: [], wasm: [] };
  const take = (name: string, more: readonly number[]) => {
    times[name] = [...(times[name] ?? []), ...more];
  };
  for (let round = 0; round < rounds; round++) {
    take('ours', await steadyTimesOf(compiled.run, seconds));
    take('products', await steadyTimesOf(products.run, seconds));
    for (const name of names) take(name, (await peers?.run(name, index, seconds)) ?? []);
    // Eager steps are slow and vary little.
    if (eager && round % 2 === 0) take('wasm', await timesOf(eager, 2));
  }
  const [step, bare] = [median(times['ours']!), median(times['products']!)];
  const against = (name: string) => {
    const others = times[name] ?? [];
    return others.length === 0 ? undefined : measure('ratio', median(others) / step);
  };
  const best = Math.min(...names.map((name) => median(times[name] ?? [])).filter(Number.isFinite));
  const { flops, elements, nodes } = ledgerOf(compiled.program, row.chainSteps);
  ledger.push({
    name: row.name,
    measures: [
      measure('GFLOP', flops / 1e9),
      measure('M', elements / 1e6),
      measure('operations', nodes),
    ],
  });
  lines.push({
    name: row.name,
    measures: [
      measure('ms', times['ours']!),
      measure('ratio', step / bare),
      ...[...names, 'wasm'].map(against),
      Number.isFinite(best) ? measure('ratio', best / step) : undefined,
    ],
  });
  await compiled.dispose();
  await products.dispose();
}
peers?.close();

report([
  {
    title: 'One training step (CD: 20 Langevin iterations), with Adam. Medians, in turns.',
    remarks: [peers ? peers.description : peersRemedy, 'Others: how many times as long they take.'],
    head: [
      ...['step', 'ours', 'over its products', 'PyTorch', 'torch.compile', 'jax.jit', 'tfjs wasm'],
      'best of PyTorch and JAX',
    ],
    rows: lines,
  },
  {
    title: 'What these steps compute: the same on every machine.',
    head: ['step', 'products', 'numbers of other operations', 'operations, loops written once'],
    rows: ledger,
  },
]);
