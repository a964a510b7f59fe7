/**
 * Measures what must stay fast, each as a ratio to a bare peer in the same run.
 *
 *   node scripts/bench.mjs [step|discrete|scaling|compile|memory|noise|transport|recording|opening|image-page|landscape-page|compare|watching|quality|images|halving|run]...
 *
 * All of them where none is named, except what takes minutes: watching, quality, images, halving and run. With `--record` the figures, the
 * commit and the machine are kept as a file of bench/history.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { assembly } from './assembly.mjs';
import { busyShare, busyWarning, recordFaults, recordFile, thisMachine } from './bench-record.mjs';
import { threads } from './threads.mjs';

const root = path.join(import.meta.dirname, '..');
const benches = [
  'step',
  'discrete',
  'scaling',
  'compile',
  'memory',
  'noise',
  'transport',
  'recording',
  'opening',
  'image-page',
  'landscape-page',
  'compare',
  'watching',
  'quality',
  'images',
  'halving',
  'run',
];
const long = ['watching', 'quality', 'images', 'halving', 'run'];
const { values: options, positionals: asked } = parseArgs({
  options: { record: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = asked.filter((name) => !benches.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench '${unknown[0]}'; there are: ${benches.join(', ')}.`);
  process.exit(2);
}
const chosen = asked.length > 0 ? asked : benches.filter((name) => !long.includes(name));

/**
 * Versions are read out of packages at build time: JSON is no module of its own everywhere.
 *
 * @type {esbuild.Plugin}
 */
const packageJson = {
  name: 'package-json',
  setup(build) {
    const require = createRequire(import.meta.url);
    build.onResolve({ filter: /^[^.].*\/package\.json$/ }, ({ path: name }) => ({
      path: require.resolve(name),
    }));
  },
};

// What is measured is what users have: the trainer and the pages as they are built.
execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
await esbuild.build({
  absWorkingDir: root,
  entryPoints: chosen.map((name) => `bench/${name}.ts`),
  outdir: 'dist/bench',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  plugins: [assembly, threads, packageJson],
  logLevel: 'warning',
});

/** How much else this machine does: by its load average, where it has one, and during a second. */
async function otherWork() {
  const before = os.cpus();
  await delay(1000);
  return { load: os.loadavg()[0] ?? 0, busyShare: busyShare(before, os.cpus()) };
}

/** @param {...string} args */
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

const date = new Date().toISOString();
const before = await otherWork();
const machine = thisMachine();
const warning = busyWarning(before, machine.cores);
if (warning !== undefined) console.warn(`${warning}\n`);

let failed = false;
/** @type {import('./bench-record.mjs').Record['benches']} */
const found = {};
const folder = await mkdtemp(path.join(os.tmpdir(), 'ebm-bench-rows-'));
try {
  for (const name of chosen) {
    const bench = path.join(root, 'dist/bench', `${name}.mjs`);
    const rows = path.join(folder, `${name}.json`);
    const { status } = spawnSync(process.execPath, ['--expose-gc', bench], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, EBM_BENCH_ROWS: rows },
    });
    failed ||= status !== 0;
    if (status === 0) found[name] = JSON.parse(await readFile(rows, 'utf8'));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (options.record && failed) {
  console.error('Nothing is recorded, because a bench failed.');
} else if (options.record) {
  const record = {
    date,
    commit: git('rev-parse', 'HEAD'),
    isCommitted: git('status', '--porcelain') === '',
    node: process.version,
    ...{ machine, before, benches: found },
  };
  const faults = recordFaults(record);
  if (faults.length > 0) throw new Error(`This is no record: ${faults.join('; ')}.`);
  const file = path.join(root, 'bench/history', recordFile(record));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(record, null, 2)}\n`);
  console.log(`Recorded in ${path.relative(root, file)}.`);
}
process.exitCode = failed ? 1 : 0;
