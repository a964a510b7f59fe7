/** The `ebm` command in a shell. Needs `dist/ebm.js`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { CheckReport } from '../../protocol/check';
import { connectToTrainer } from '../../protocol/socket-transport';
import { listRuns } from '../../run-directory/listing';
import { readManifest } from '../../run-directory/manifest';
import { until } from '../support/condition';
import { makeFolder, removeAfter } from '../support/temporary';
import { ebm, experimentSource, readCurve, start } from '../support/trainer';

/** A folder with an experiment in it, and the command run there. */
async function shell(t: TestContext, source = experimentSource()) {
  const folder = await makeFolder();
  await writeFile(path.join(folder, 'quick.ebm.ts'), source);
  const run = (...args: string[]) => {
    const program = start(t, [process.execPath, ebm, ...args], {
      cwd: folder,
      // What the command looks for outside the folder must not decide a test.
      env: { ...process.env, GIT_CEILING_DIRECTORIES: path.dirname(folder) },
    });
    return program;
  };
  return {
    folder,
    run,
    cleanUp: () => removeAfter(t, folder),
    runs: path.join(folder, '.ebm/runs'),
  };
}

type Line = { event: string; [field: string]: unknown };
const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

test('whoever reads the output may hang up', async (t) => {
  const folder = await makeFolder();
  removeAfter(t, folder);
  await writeFile(path.join(folder, 'quick.ebm.ts'), experimentSource());
  const program = spawn(process.execPath, [ebm, 'run', 'quick.ebm.ts', '--steps', '20', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Closed before the command has begun to write.
  program.stdout.destroy();
  let errors = '';
  program.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
  });
  const [code] = (await once(program, 'close')) as [number | null];
  assert.equal(code, 0, errors);
  const [listed] = await listRuns(path.join(folder, '.ebm/runs'));
  assert.ok(listed && 'manifest' in listed && listed.manifest.state.status === 'finished');
});

describe('ebm run', () => {
  test('--steps 20 --json tells start, metrics, previews and end, one object a line', async (t) => {
    const { run, cleanUp, runs } = await shell(
      t,
      experimentSource({ preview: '{ every: 10, samples: 8, resolution: 8, chainSteps: 0 }' }),
    );
    const program = run('run', 'quick.ebm.ts', '--steps', '20', '--seed', '3', '--json');
    cleanUp();
    assert.equal(await program.exited, 0, program.errors());
    const said = lines(program.out());
    const [first, last] = [said[0], said.at(-1)];
    const [listed] = await listRuns(runs);
    assert.ok(listed && 'manifest' in listed);
    const { manifest, directory } = listed;
    assert.equal(first?.event, 'start');
    assert.equal(first?.['id'], manifest.id);
    assert.equal(first?.['seed'], 3);
    assert.equal(first?.['steps'], 20);
    assert.deepEqual(first?.['backend'], manifest.backend);
    assert.equal(await readFile(path.join(runs, '../.gitignore'), 'utf8'), '*\n');
    assert.equal(last?.event, 'end');
    assert.equal(last?.['status'], 'finished');
    assert.equal(last?.['step'], 20);
    assert.deepEqual(
      said.filter(({ event }) => event === 'preview').map(({ step }) => step),
      [0, 10, 20],
    );
    const metrics = said.filter(({ event }) => event === 'metrics').at(-1);
    assert.equal(metrics?.['step'], 20);
    const curve = await readCurve(directory);
    const values = metrics?.['values'] as { loss: number } | undefined;
    assert.equal(Math.fround(values?.loss ?? Number.NaN), curve.values.at(-1));
    assert.equal(curve.steps.length, 20);
    assert.equal(manifest.state.status, 'finished');
    assert.equal(manifest.config['steps'], 20);
    assert.equal(manifest.git, undefined, 'there is no repository');
    assert.deepEqual(await readdir(path.join(directory, 'checkpoints')), ['000000020.safetensors']);
  });

  test('without a terminal prints plain lines, and changes what --set says', async (t) => {
    const { run, cleanUp, runs } = await shell(t);
    const program = run(
      ...['run', 'quick.ebm.ts', '--steps', '3', '--set', 'optimizer.learningRate=0.5'],
      ...['--set', 'name=fast one'],
    );
    cleanUp();
    assert.equal(await program.exited, 0, program.errors());
    const [listed] = await listRuns(runs);
    assert.ok(listed && 'manifest' in listed);
    assert.deepEqual(listed.manifest.overrides, {
      'optimizer.learningRate': 0.5,
      name: 'fast one',
      steps: 3,
    });
    assert.equal(listed.manifest.name, 'fast one');
    assert.match(program.out(), /^experiment {2}fast one \(quick\.ebm\.ts\)$/m);
    assert.match(program.out(), /^backend +onnx-cpu/m);
    assert.match(program.out(), /^finished after 3 of 3 steps/m);
    assert.match(program.out(), /^ {2}loss +-?\d/m);
    assert.ok(!program.out().includes('\u001b'), 'no escape codes');
  });

  test('interrupted stops with a checkpoint, and an editor can attach meanwhile', async (t) => {
    const { run, cleanUp, runs } = await shell(t);
    const program = run('run', 'quick.ebm.ts', '--json');
    cleanUp();
    await until('it trains', () => program.out().includes('"metrics"'));
    const [listed] = await listRuns(runs);
    assert.ok(listed && 'manifest' in listed && listed.manifest.worker);
    const editor = await connectToTrainer(listed.manifest.worker.socket);
    assert.equal((await editor.request('attach', {})).manifest.id, listed.manifest.id);
    program.process.kill('SIGINT');
    assert.equal(await program.exited, 0, program.errors());
    editor.close();
    const final = await readManifest(listed.directory);
    assert.equal(final.state.status, 'stopped');
    assert.equal((await readdir(path.join(listed.directory, 'checkpoints'))).length, 1);
    assert.equal(lines(program.out()).at(-1)?.['status'], 'stopped');
  });

  test('that becomes NaN ends as failed with what was lost and 1', async (t) => {
    const { run, cleanUp, runs } = await shell(
      t,
      experimentSource({
        // Steps of this size along a quartic overshoot further each time.
        optimizer: 'optimizer.sgd({ learningRate: 1000 })',
        energy: `energy.custom({
          init: (rng) => ({ w: rng.normal([2, 1]) }),
          energy: ({ w }, x) => x.matMul(w).square().square().sum(1),
        })`,
      }),
    );
    const program = run('run', 'quick.ebm.ts');
    cleanUp();
    assert.equal(await program.exited, 1, program.out() + program.errors());
    assert.match(program.errors(), /error: .*(NaN|infinite|finite)/);
    const [listed] = await listRuns(runs);
    assert.ok(listed && 'manifest' in listed);
    assert.equal(listed.manifest.state.status, 'failed');
    assert.equal(listed.manifest.state.problem?.kind, 'training');
  });

  const refused: [what: string, args: string[], source: string, message: RegExp][] = [
    ['a file that is not there', ['run', 'none.ebm.ts'], '', /none\.ebm\.ts/],
    [
      'a syntax error',
      ['run', 'quick.ebm.ts'],
      'const a = ;\n',
      /quick\.ebm\.ts:1:11: error: .*\n {2}1 \| const a = ;\n {4}\| {11}\^/,
    ],
    [
      'a misspelled --set',
      ['run', 'quick.ebm.ts', '--set', 'optimizer.learningrate=1'],
      experimentSource(),
      /learningRate/,
    ],
    ['a --set without a value', ['run', 'quick.ebm.ts', '--set', 'steps'], '', /key=value/],
    [
      'a --set twice',
      ['run', 'quick.ebm.ts', '--set', 'steps=1', '--set', 'steps=2'],
      '',
      /'steps' is set twice/,
    ],
    ['steps that are no number', ['run', 'quick.ebm.ts', '--steps', 'many'], '', /whole number/],
    ['an unknown option', ['run', 'quick.ebm.ts', '--stepps', '3'], '', /--steps/],
    ['no command', ['frobnicate'], '', /unknown command/],
    ['a trial without a cluster', ['run', 'quick.ebm.ts', '--dry-run'], '', /--on slurm/],
    [
      'packed runs without a cluster',
      ['sweep', 'quick.ebm.ts', '--trials-per-job', '2'],
      '',
      /--trials-per-job goes with --on slurm/,
    ],
  ];
  for (const [what, args, source, message] of refused) {
    test(`for ${what} prints one message, exits with 2 and leaves nothing`, async (t) => {
      const { folder, run, cleanUp } = await shell(t, source);
      const program = run(...args);
      cleanUp();
      assert.equal(await program.exited, 2, program.errors());
      assert.match(program.errors(), message);
      assert.doesNotMatch(program.errors(), /\n\s+at /, 'no stack');
      assert.deepEqual(await readdir(folder), ['quick.ebm.ts']);
    });
  }

  test('with --verbose prints the stack of a defect in the experiment', async (t) => {
    const { run, cleanUp } = await shell(t, "throw new Error('mine');\n");
    const program = run('run', 'quick.ebm.ts', '--verbose');
    cleanUp();
    assert.equal(await program.exited, 2);
    assert.match(program.errors(), /quick\.ebm\.ts:1:7: error: .*mine/);
    assert.match(program.errors(), /\n\s+at /);
  });

  test('where runs cannot be kept says so once and leaves nothing', async (t) => {
    const { folder, run, cleanUp } = await shell(t);
    await writeFile(path.join(folder, 'file'), '');
    const program = run('run', 'quick.ebm.ts', '--runs', 'file/runs');
    cleanUp();
    assert.equal(await program.exited, 2);
    assert.match(program.errors(), /^error: Cannot make the run directory .*file.runs/);
    assert.equal(program.errors().trim().split('\n').length, 2, 'the message and the remedy');
    assert.deepEqual((await readdir(folder)).sort(), ['file', 'quick.ebm.ts']);
  });

  test('in a folder without rights says so once and leaves nothing', {
    skip: process.getuid?.() === 0 ? 'root has every right' : false,
  }, async (t) => {
    const { folder, run, cleanUp } = await shell(t);
    await mkdir(path.join(folder, 'mine'));
    await chmod(path.join(folder, 'mine'), 0o500);
    const program = run('run', 'quick.ebm.ts', '--runs', 'mine/runs');
    cleanUp();
    assert.equal(await program.exited, 2);
    assert.match(program.errors(), /EACCES.*\n.*rights/);
    assert.deepEqual(await readdir(path.join(folder, 'mine')), []);
  });

  test('keeps the experiment and all it imports, and the commit they are at', async (t) => {
    const { folder, run, cleanUp, runs } = await shell(t);
    await mkdir(path.join(folder, 'experiments'));
    await writeFile(path.join(folder, 'shared.ts'), 'export const rate: number = 0.01;\n');
    await writeFile(
      path.join(folder, 'experiments/a.ebm.ts'),
      `import { rate } from '../shared';\n${experimentSource({
        optimizer: 'optimizer.adam({ learningRate: rate })',
      })}`,
    );
    const git = start(
      t,
      [
        'sh',
        '-c',
        'git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm a && git rev-parse HEAD',
      ],
      { cwd: folder },
    );
    const withGit = (await git.exited) === 0;
    await appendFile(path.join(folder, 'shared.ts'), '// faster\n');
    const program = run('run', 'experiments/a.ebm.ts', '--steps', '2');
    cleanUp();
    assert.equal(await program.exited, 0, program.errors());
    const [listed] = await listRuns(runs);
    assert.ok(listed && 'manifest' in listed);
    const { directory, manifest } = listed;
    assert.equal(manifest.experiment.source, 'source/experiments/a.ebm.ts');
    const kept = await readFile(path.join(directory, 'source/shared.ts'), 'utf8');
    assert.equal(kept, 'export const rate: number = 0.01;\n// faster\n');
    if (withGit) {
      assert.deepEqual(manifest.git, { commit: git.out().trim(), dirty: true });
      const diff = await readFile(path.join(directory, 'git.diff'), 'utf8');
      assert.match(diff, /^diff --git a\/shared\.ts[\s\S]*^\+\/\/ faster$/m);
    }
  });
});

test('ebm --help and --version say what they should', async (t) => {
  const { run, cleanUp } = await shell(t);
  const help = run('run', '--help');
  const version = run('--version');
  cleanUp();
  assert.equal(await help.exited, 0);
  assert.match(help.out(), /Exit codes:/);
  assert.equal(await version.exited, 0);
  assert.match(version.out(), /^\d+\.\d+\.\d+\n$/);
});

test('an experiment is written, checked, refused a second time and trained', async (t) => {
  const { run, cleanUp, folder } = await shell(t);
  const wrote = run('new', 'twoMoons', '--objective', 'slicedScoreMatching', '--json');
  const nothingSaid = run('new');
  const listed = run('new', 'twoMoons', '--list', '--json');
  await Promise.all([wrote.exited, nothingSaid.exited, listed.exited]);
  const again = run('new', 'twoMoons');
  const checked = run('check', 'two-moons.ebm.ts');
  const checkedAsJson = run('check', 'quick.ebm.ts', '--set', 'optimizer.learningRate=5', '--json');
  const trained = run('run', 'two-moons.ebm.ts', '--steps', '3');
  cleanUp();
  assert.equal(await wrote.exited, 0, wrote.errors());
  const { file } = JSON.parse(wrote.out()) as { file: string };
  assert.equal(path.basename(file), 'two-moons.ebm.ts');
  assert.equal(path.dirname(file), await realpath(folder));
  assert.equal(await nothingSaid.exited, 2);
  assert.match(nothingSaid.errors(), /ebm new --list says which/);
  const { methods } = JSON.parse(listed.out()) as { methods: { name: string }[] };
  assert.ok(methods.some(({ name }) => name === 'jem'));
  assert.equal(await again.exited, 2);
  assert.match(again.errors(), /is there already/);
  assert.equal(await checked.exited, 0, checked.out());
  assert.match(checked.out(), /^nothing wrong or doubtful was found$/m);
  assert.ok(checked.out().trim().split('\n').length <= 10, checked.out());
  assert.equal(await checkedAsJson.exited, 1);
  const { findings } = JSON.parse(checkedAsJson.out()) as CheckReport;
  assert.match(findings.map(({ message }) => message).join('\n'), /One update moves/);
  assert.equal(await trained.exited, 0, trained.errors());
});
