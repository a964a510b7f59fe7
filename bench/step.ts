/**
 * Training steps, compiled and run by ONNX Runtime, against the same steps in eager tfjs and in
 * PyTorch, and against their own matrix products. All are taken in turns: whatever else the machine
 * does falls on all of them alike.
 */
import { compileStep } from './compiled-step';
import { eagerStep, startWasm } from './eager-step';
import { bareProducts } from './products';
import { rows } from './rows';
import { median, milliseconds, ratio, table, timesOf } from './table';
import { TorchPeer, torchRemedy } from './torch-peer';

const rounds = 6;

await startWasm();
const torch = await TorchPeer.start(rows);
const lines: string[][] = [];
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
    const other = median(times[name]!);
    return Number.isNaN(other) ? ['–', '–'] : [milliseconds(other), ratio(other / step)];
  };
  lines.push([
    row.name,
    milliseconds(step),
    milliseconds(bare),
    ratio(step / bare),
    ...against('torch'),
    ...against('eager'),
  ]);
  await compiled.dispose();
  await products.dispose();
}
torch?.close();

console.log('One training step (CD: 20 Langevin iterations), with Adam. Medians, in turns.');
console.log(torch ? torch.description : torchRemedy);
const head = ['step', 'compiled', 'its products', 'over them'];
const peers = ['PyTorch', 'slower by', 'eager wasm', 'slower by'];
console.log(`${table([...head, ...peers], lines)}\n`);
