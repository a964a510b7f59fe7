/**
 * Measures what must stay fast, each as a ratio to a bare peer in the same run.
 *
 *   node scripts/bench.mjs [step|scaling|compile|memory|noise|transport|recording|opening|quality]...
 *
 * All of them where none is named, except what takes minutes: quality.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { assembly } from './assembly.mjs';
import { threads } from './threads.mjs';

const root = path.join(import.meta.dirname, '..');
const benches = [
  'step',
  'scaling',
  'compile',
  'memory',
  'noise',
  'transport',
  'recording',
  'opening',
  'quality',
];
const long = ['quality'];
const asked = process.argv.slice(2);
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

let failed = false;
for (const name of chosen) {
  const bench = path.join(root, 'dist/bench', `${name}.mjs`);
  const { status } = spawnSync(process.execPath, ['--expose-gc', bench], {
    cwd: root,
    stdio: 'inherit',
  });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
