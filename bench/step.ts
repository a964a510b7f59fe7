/**
 * Training steps, compiled and run by ONNX Runtime, against the same steps in eager tfjs and in
 * PyTorch, and against their own matrix products. All are taken in turns: whatever else the machine
 * does falls on all of them alike.
 */
import { ledgerOf } from '../trainer-worker/compiler/graph/ledger';
import { compileStep } from './compiled-step';
import { eagerStep, startWasm } from './eager-step';
import { bareProducts } from './products';
import { rows } from './rows';
import { type Line, measure, median, report, timesOf } from './table';
import { TorchPeer, torchRemedy } from './torch-peer';

const rounds = 6;

await startWasm();
const torch = await TorchPeer.start(rows);
const lines: Line[] = [];
const ledger: Line[] = [];
for (const [index, row] of rows.entries()) {
  const compiled = await compileStep(row);
  const products = await bareProducts(compiled.program, row.chainSteps);
  const eager = eagerStep(row);
  const times = { compiled: [], products: [], torch: [], eager: [] } as Record<string, number[]>;
  for (let round = 0; round < rounds; round++) {
    times['compiled']!.push(...(await timesOf(compiled.run, 5)));
    times['products']!.push(...(await timesOf(products.run, 5)));
    if (torch) times['torch']!.push(...(await torch.run(index, 5)).slice(1));
    // Eager steps are slow and vary little.
    if (eager && round % 2 === 0) times['eager']!.push(...(await timesOf(eager, 2)));
  }
  const [step, bare] = [median(times['compiled']!), median(times['products']!)];
  const against = (name: string) => {
    const others = times[name]!;
    if (others.length === 0) return [undefined, undefined];
    return [measure('ms', others), measure('ratio', median(others) / step)];
  };
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
      measure('ms', times['compiled']!),
      measure('ms', times['products']!),
      measure('ratio', step / bare),
      ...against('torch'),
      ...against('eager'),
    ],
  });
  await compiled.dispose();
  await products.dispose();
}
torch?.close();

report([
  {
    title: 'One training step (CD: 20 Langevin iterations), with Adam. Medians, in turns.',
    remarks: [torch ? torch.description : torchRemedy],
    head: [
      ...['step', 'compiled', 'its products', 'over them'],
      ...['PyTorch', 'PyTorch slower by', 'eager wasm', 'eager wasm slower by'],
    ],
    rows: lines,
  },
  {
    title: 'What these steps compute: the same on every machine.',
    head: ['step', 'products', 'numbers of other operations', 'operations, loops written once'],
    rows: ledger,
  },
]);
