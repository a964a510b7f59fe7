/**
 * What can be checked without running anything: types, lint and format, unused code.
 *
 *   node scripts/check.mjs
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './command.mjs';
import { root, setup } from './setup.mjs';
import { stage, summarize } from './stages.mjs';

/** @param {string} file @param {...string} args */
function tool(file, ...args) {
  return { args: [path.join(root, 'node_modules', file), ...args] };
}

const checks = {
  'types (Node)': tool('typescript/bin/tsc', '-p', '.'),
  'types (page)': tool('typescript/bin/tsc', '-p', 'webview'),
  'types (e2e)': tool('typescript/bin/tsc', '-p', 'test/e2e'),
  'lint and format': tool('@biomejs/biome/bin/biome', 'ci', '--colors=off', '.'),
  'unused code': tool('knip/bin/knip.js', '--no-progress'),
};

/** Runs the checks one after the other. */
export async function check() {
  const results = [];
  for (const [name, { args }] of Object.entries(checks)) {
    results.push(
      await stage(name, async () => {
        const { ok, output } = await run(process.execPath, args, { cwd: root });
        return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output };
      }),
    );
  }
  return results;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup();
  process.exitCode = summarize(await check()) ? 0 : 1;
}
