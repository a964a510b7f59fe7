/** What the workflows run exists, and they may do no more than they must. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency: { readonly group: string };
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string; readonly vscode: string };
}

const folder = '.github/workflows';

async function workflow(name: string): Promise<Workflow> {
  return parse(await readFile(path.join(folder, name), 'utf8')) as Workflow;
}

async function manifest(): Promise<Manifest> {
  return JSON.parse(await readFile('package.json', 'utf8')) as Manifest;
}

/** The keys of a table that a script declares, whose file cannot be imported without running it. */
async function keysIn(script: string, table: string): Promise<string[]> {
  const text = await readFile(path.join('scripts', script), 'utf8');
  const body = new RegExp(`^const ${table} = \\{\\n([\\s\\S]*?)^\\};`, 'm').exec(text)?.[1];
  assert.ok(body, `scripts/${script} declares no ${table}.`);
  return [...body.matchAll(/^ {2}'?([\w-]+)'?:/gm)].map((match) => match[1]!);
}

const minor = (version: string) => version.replace(/^[^\d]*/, '');

describe('each workflow', async () => {
  const names = await readdir(folder);
  assert.deepEqual(names.sort(), ['ci.yml', 'release.yml']);
  for (const name of names) {
    test(`${name} runs scripts and tiers that exist`, async () => {
      const { scripts } = await manifest();
      const tiers = await keysIn('test.mjs', 'tiers');
      let commands = 0;
      for (const { steps } of Object.values((await workflow(name)).jobs)) {
        for (const { run = '' } of steps) {
          for (const [, npm] of run.matchAll(/\bnpm (test|start|run [\w:-]+)/g)) {
            commands += 1;
            const script = npm!.replace(/^run /, '');
            assert.ok(script in scripts, `There is no script '${script}'.`);
          }
          for (const [, tier] of run.matchAll(/--tier (\S+)/g)) {
            assert.ok(tiers.includes(tier!), `There is no tier '${tier}'.`);
          }
          for (const [, file] of run.matchAll(/\bnode (scripts\/\S+)/g)) {
            assert.ok(existsSync(file!), `There is no ${file}.`);
          }
        }
      }
      assert.ok(commands > 1);
    });

    test(`${name} may only read, but for the job that releases`, async () => {
      const { permissions, concurrency, jobs } = await workflow(name);
      assert.deepEqual(permissions, { contents: 'read' });
      assert.ok(concurrency.group);
      for (const [job, { permissions, 'timeout-minutes': limit }] of Object.entries(jobs)) {
        const own = name === 'release.yml' && job === 'release' ? { contents: 'write' } : undefined;
        assert.deepEqual(permissions, own, job);
        assert.ok(limit, `${job} may run for ever.`);
      }
    });

    test(`${name} names its actions' versions, and keeps what npm fetches`, async () => {
      for (const { steps } of Object.values((await workflow(name)).jobs)) {
        for (const { uses, with: inputs } of steps.filter(({ uses }) => uses !== undefined)) {
          assert.match(uses!, /^actions\/[\w-]+@v\d+$/);
          if (uses!.startsWith('actions/setup-node@')) assert.equal(inputs?.['cache'], 'npm');
        }
      }
    });
  }
});

test('the tests run on every system and Node, the oldest supported one included', async () => {
  const { engines } = await manifest();
  const { jobs } = await workflow('ci.yml');
  const { os, node } = jobs['tests']!.strategy!.matrix;
  assert.deepEqual(os, ['ubuntu-latest', 'macos-latest', 'windows-latest']);
  assert.deepEqual(node, [minor(engines.node), '22', '24', '26']);
  assert.deepEqual(jobs['electron']!.strategy!.matrix['vscode'], ['oldest', 'stable']);
  assert.ok(Number(await readFile('.nvmrc', 'utf8')) >= Number.parseInt(minor(engines.node), 10));
});

test('every tier of the tests runs somewhere', async () => {
  const { jobs } = await workflow('ci.yml');
  const runs = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = '' }) => run));
  const run = runs.flatMap((line) => [...line.matchAll(/--tier (\S+)/g)].map((match) => match[1]));
  assert.deepEqual(run.sort(), (await keysIn('test.mjs', 'tiers')).sort());
});

test('a release has a package for each platform that can be packaged', async () => {
  const { jobs } = await workflow('release.yml');
  const targets = jobs['package']!.strategy!.matrix['target'];
  assert.deepEqual(targets, await keysIn('package.mjs', 'platforms'));
});

test('the forms for issues are whole', async () => {
  for (const name of ['bug.yml', 'feature.yml']) {
    const text = await readFile(path.join('.github/ISSUE_TEMPLATE', name), 'utf8');
    const form = parse(text) as { name: string; description: string; body: { type: string }[] };
    assert.ok(form.name && form.description);
    assert.ok(form.body.some(({ type }) => type === 'textarea'));
  }
});
