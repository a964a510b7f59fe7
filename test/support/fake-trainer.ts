import { readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as esbuild from 'esbuild';
import type { Log } from '../../extension/log';

/** Bundles the fake trainer into `folder`; returns its script. */
export async function buildFakeTrainer(folder: string): Promise<string> {
  const script = path.join(folder, 'fake-trainer.mjs');
  await esbuild.build({
    entryPoints: ['test/fixtures/fake-trainer.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    // Bundled packages are CommonJS, which may call `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return script;
}

/** Writes an experiment that tells the fake trainer what to do. */
export async function writeExperiment(folder: string, plan: object = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, 'moons.ebm.ts');
  await writeFile(
    file,
    `// fake-trainer: ${JSON.stringify(plan)}\nimport { experiment } from 'ebm-lab';\n\nexport default experiment({\n  name: 'moons',\n});\n`,
  );
  return file;
}

/** The run directories in a workspace folder. */
export function runDirectories(folder: string): string[] {
  try {
    return readdirSync(path.join(folder, '.ebm', 'runs'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Resolves when `condition` holds. The test's own time limit ends a wait that is in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10);
}

export const silentLog: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
