import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../../support/temporary';

interface Resolution {
  readonly resolvedModule?: { readonly resolvedFileName: string };
}

interface Host {
  resolveModuleNameLiterals?: (literals: readonly { readonly text: string }[]) => Resolution[];
}

type Plugin = () => {
  create(info: {
    languageServiceHost: Host;
    languageService: object;
    project: { projectService: { logger: { info(message: string): void } } };
  }): object;
};

/** The plugin as an extension in `folder` has it, with or without the declarations that ship. */
async function install(t: TestContext, { built }: { readonly built: boolean }) {
  const folder = await temporaryFolder(t);
  const home = path.join(folder, 'node_modules', 'ebm-lab-typescript-plugin');
  await mkdir(home, { recursive: true });
  await copyFile('typescript-plugin/index.js', path.join(home, 'index.js'));
  await copyFile('typescript-plugin/package.json', path.join(home, 'package.json'));
  const types = path.join(folder, 'dist', 'types');
  if (built) {
    await mkdir(path.join(types, 'trainer-worker', 'api'), { recursive: true });
    await writeFile(path.join(types, 'trainer-worker', 'api', 'index.d.ts'), 'export {};');
  }
  const plugin = createRequire(path.join(folder, 'x.js'))('ebm-lab-typescript-plugin') as Plugin;
  return { plugin, types };
}

/** A project that knows `known` by itself. */
function project(plugin: Plugin, known: Readonly<Record<string, string>> = {}) {
  const logged: string[] = [];
  const languageServiceHost: Host = {
    resolveModuleNameLiterals: (literals) =>
      literals.map(({ text }) => {
        const resolvedFileName = known[text];
        return resolvedFileName === undefined ? {} : { resolvedModule: { resolvedFileName } };
      }),
  };
  const languageService = {};
  const logger = { info: (message: string) => logged.push(message) };
  const created = plugin().create({
    languageServiceHost,
    languageService,
    project: { projectService: { logger } },
  });
  assert.equal(created, languageService);
  const resolve = (text: string) =>
    languageServiceHost.resolveModuleNameLiterals?.([{ text }])[0]?.resolvedModule
      ?.resolvedFileName;
  return { resolve, logged };
}

test('ebm-lab and tfjs resolve to what ships, other names to what they were', async (t) => {
  const { plugin, types } = await install(t, { built: true });
  const { resolve } = project(plugin, { zod: '/work/zod.d.ts' });
  const slashed = types.replaceAll('\\', '/');
  assert.equal(resolve('ebm-lab'), `${slashed}/trainer-worker/api/index.d.ts`);
  assert.match(resolve('@tensorflow/tfjs') ?? '', /dist\/types\/node_modules\/@tensorflow\/tfjs\//);
  assert.equal(resolve('zod'), '/work/zod.d.ts');
  assert.equal(resolve('left-pad'), undefined);
});

test('a project that has its own tfjs keeps it', async (t) => {
  const { plugin } = await install(t, { built: true });
  const { resolve } = project(plugin, { '@tensorflow/tfjs': '/work/tfjs.d.ts' });
  assert.equal(resolve('@tensorflow/tfjs'), '/work/tfjs.d.ts');
});

test('without its declarations it changes nothing and says why in the server’s log', async (t) => {
  const { plugin } = await install(t, { built: false });
  const { resolve, logged } = project(plugin);
  assert.equal(resolve('ebm-lab'), undefined);
  assert.match(logged.join(), /dist\/types is missing/);
});
