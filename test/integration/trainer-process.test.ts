/** Real trainer processes, as the extension starts them. Needs `dist/ebm.js`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Peer } from '../../protocol/peer';
import { ProblemError } from '../../protocol/problem';
import type { RunState } from '../../protocol/run';
import { connectToTrainer, socketTransport } from '../../protocol/socket-transport';
import type { EditorSide, TrainerSide } from '../../protocol/trainer';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { thisHost } from '../../run-directory/host';
import { listRuns } from '../../run-directory/listing';
import { readManifest } from '../../run-directory/manifest';
import { readData, readPreview } from '../../run-directory/previews';
import { readSafetensors } from '../../run-directory/safetensors';
import { until } from '../support/condition';
import { problemFrom } from '../support/problem';
import { attachAndFollow, Curve, experimentSource, readCurve, serve } from '../support/trainer';

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** When all that the other end sent has been taken up: its process may be gone before that. */
const ended = (peer: Peer<EditorSide, TrainerSide>) =>
  new Promise<void>((resolve) => peer.onClose(() => resolve()));

/** Whether this machine can raise the limits of a running process. */
const withoutPrlimit: string | false = (() => {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'prlimit is not installed here';
  }
})();

describe('a trainer', () => {
  test('attaches, pauses, resumes and stops; all of it is on disk then', async (t) => {
    const trainer = await serve(
      t,
      experimentSource({
        preview: '{ every: 10, samples: 16, resolution: 8, chainSteps: 0, diagnostics: [] }',
      }),
      { told: { overrides: { seed: 5 }, parent: 'abcdefghjk' } },
    );
    if (process.platform !== 'win32') {
      await until('it listens', () => stat(trainer.socket).catch(() => undefined));
      assert.equal((await stat(trainer.socket)).mode & 0o077, 0, 'others cannot connect');
    }
    const peer = await trainer.connect();
    const states: RunState[] = [];
    peer.on('state', (state) => states.push(state));
    const previews: number[] = [];
    peer.on('preview', ({ step }) => previews.push(step));
    const { attachment, later } = await attachAndFollow(peer);
    const { manifest } = attachment;
    assert.equal(manifest.seed, 5);
    assert.deepEqual(manifest.overrides, { seed: 5 });
    assert.equal(manifest.parent, 'abcdefghjk');
    assert.deepEqual(manifest.worker, {
      pid: trainer.pid,
      socket: trainer.socket,
      host: thisHost(),
    });
    assert.ok(path.basename(trainer.directory).endsWith(manifest.id));
    await until('previews come', () => previews.length >= 2);

    const paused = await peer.request('pause', {});
    assert.equal(paused.status, 'paused');
    // The loop stands still: signs of life keep coming, with the same step.
    const heard = states.length;
    await until('three signs of life', () => states.length >= heard + 3);
    assert.deepEqual(new Set(states.slice(heard).map(({ step }) => step)), new Set([paused.step]));
    assert.equal(states.at(-1)?.status, 'paused');
    await until('run.json says so', async () => {
      const { state } = await readManifest(trainer.directory);
      return state.status === 'paused' && state.step === paused.step;
    });

    const stepped = await peer.request('step', {});
    assert.deepEqual([stepped.status, stepped.step], ['paused', paused.step + 1]);

    const resumed = await peer.request('resume', {});
    assert.equal(resumed.status, 'running');
    await until('it goes on', () => (states.at(-1)?.step ?? 0) > paused.step);

    const stopped = await peer.request('stop', {});
    assert.equal(stopped.status, 'stopped');
    const final = await readManifest(trainer.directory);
    assert.deepEqual(final.state, stopped);
    assert.equal(final.worker, undefined);
    assert.ok(final.endedAt);
    assert.ok(final.trainingSeconds > 0);
    assert.equal(await trainer.exited, 0);
    await ended(peer);
    assert.equal(states.at(-1)?.status, 'stopped', 'whoever listens hears of the end');
    await assert.rejects(connectToTrainer(trainer.socket));

    const curve = await readCurve(trainer.directory);
    assert.deepEqual(curve.steps, range(1, stopped.step));
    const early = await readCurve(trainer.directory, attachment.eventBytes);
    assert.deepEqual([...early.steps, ...later.steps], range(1, stopped.step));
    assert.deepEqual([...early.values, ...later.values], curve.values);

    const name = `${String(stopped.step).padStart(9, '0')}.safetensors`;
    const checkpoint = await readFile(path.join(trainer.directory, 'checkpoints', name));
    assert.ok(readSafetensors(checkpoint).tensors.length > 0);
    assert.ok(final.preview);
    assert.ok((await readPreview(trainer.directory, 10, final.preview)).field);
    assert.equal((await readData(trainer.directory))?.count, 200);
    const source = await readFile(path.join(trainer.directory, final.experiment.source), 'utf8');
    assert.match(source, /name: 'quick'/);
  });

  test('keeps ONNX Runtime from reporting how it is used', {
    skip: process.platform === 'linux' ? false : 'needs /proc',
  }, async (t) => {
    const trainer = await serve(t, experimentSource(), { told: { backend: 'onnx-cpu' } });
    const peer = await trainer.connect();
    const { manifest } = await peer.request('attach', {});
    assert.equal(manifest.backend?.name, 'onnx-cpu');
    const files = await readdir(`/proc/${trainer.pid}/fd`);
    const open = await Promise.all(
      files.map((file) => readlink(`/proc/${trainer.pid}/fd/${file}`).catch(() => '')),
    );
    // What it has open where it reports: a database of what is to be sent, and its own log.
    assert.deepEqual(
      open.filter((file) => /onnxruntime\.db|mat-debug/.test(file)),
      [],
    );
    assert.ok(open.some((file) => /events\.out\.tfevents/.test(file)));
    await peer.request('stop', {});
    assert.equal(await trainer.exited, 0);
  });

  test('gives each of many readers every value once, whenever they come', async (t) => {
    const trainer = await serve(t, experimentSource());
    const first = await trainer.connect();
    let step = 0;
    first.on('state', (state) => {
      step = state.step;
    });
    await first.request('attach', {});
    const peers: Peer<EditorSide, TrainerSide>[] = [];
    const readers: Awaited<ReturnType<typeof attachAndFollow>>[] = [];
    for (let reader = 0; reader < 20; reader += 1) {
      // All at once and one after the other, while steps go on.
      const some = await Promise.all([trainer.connect(), trainer.connect()]);
      peers.push(...some);
      readers.push(...(await Promise.all(some.map(attachAndFollow))));
      const before = step;
      await until('some steps are done', () => step > before);
    }
    const { step: last } = await first.request('stop', {});
    assert.equal(await trainer.exited, 0);
    await Promise.all(peers.map(ended));
    for (const { attachment, later } of readers) {
      const early = await readCurve(trainer.directory, attachment.eventBytes);
      assert.deepEqual([...early.steps, ...later.steps], range(1, last));
    }
    assert.ok(
      readers.some(({ attachment, later }) => attachment.state.step > 1 && later.steps.length > 1),
      'some came in the middle',
    );
  });

  test('has its readers attach anew when the manifest tells of something new', async (t) => {
    // Beyond the limit in each step, and rolled back as often.
    const guard = "{ gradientNorm: 1e-9, action: 'rollBack', factor: 0.99, most: 1000 }";
    const trainer = await serve(t, experimentSource({ guard }));
    const peer = await trainer.connect();
    let told = 0;
    peer.on('lagging', () => {
      told += 1;
    });
    await peer.request('attach', {});
    await until('it is told', () => told > 0);
    const { manifest } = await peer.request('attach', {});
    const [first] = manifest.warnings ?? [];
    assert.match(
      String(first),
      /Step \d+: The gradient norm is .*learning rate × 0\.\d+ from here on/,
    );
    // Whoever rolls back without end keeps the newest of its warnings only.
    assert.ok((manifest.warnings?.length ?? 0) <= 50);
    await peer.request('stop', {});
    assert.equal(await trainer.exited, 0);
  });

  test('does not wait for a reader that is too slow, and lets it catch up', async (t) => {
    // 24 000 samples are 192 kB a preview: some fifty of them exceed what may wait.
    const trainer = await serve(
      t,
      experimentSource({
        // Without measures: what cannot be known is told, and then all attach anew.
        preview: '{ every: 2, samples: 24_000, resolution: 8, chainSteps: 0, diagnostics: [] }',
      }),
    );
    const quick = await trainer.connect();
    let previews = 0;
    quick.on('preview', () => {
      previews += 1;
    });
    await quick.request('attach', {});

    const socket = connect(trainer.socket);
    const slow = new Peer<EditorSide, TrainerSide>(...socketTransport(socket));
    t.after(() => slow.close());
    let lagging = 0;
    slow.on('lagging', () => {
      lagging += 1;
    });
    const { attachment } = await attachAndFollow(slow);
    socket.pause();
    const readBefore = socket.bytesRead;
    const previewsBefore = previews;
    // The others go on meanwhile, far beyond what may wait for the slow one.
    await until('others got 24 MB', () => (previews - previewsBefore) * 192_000 > 24e6);
    socket.resume();
    await until('it hears that it is too slow', () => lagging > 0);
    // What waited for it was bounded: 8 MiB, one preview, and what the system itself holds.
    assert.ok(socket.bytesRead - readBefore < 12e6, `${socket.bytesRead - readBefore} bytes`);

    // From here on a step at a time, which any machine is quick enough to read.
    await quick.request('pause', {});
    const caughtUp = new Curve();
    slow.on('metrics', (series) => caughtUp.add(series));
    const again = await slow.request('attach', {});
    assert.ok(again.eventBytes > attachment.eventBytes);
    const missed = await readCurve(trainer.directory, again.eventBytes, attachment.eventBytes);
    const seen = await readCurve(trainer.directory, attachment.eventBytes);
    for (let step = 0; step < 5; step += 1) await quick.request('step', {});
    const { step: last } = await quick.request('stop', {});
    assert.equal(await trainer.exited, 0);
    await ended(slow);
    assert.ok(caughtUp.steps.length >= 5);
    assert.deepEqual([...seen.steps, ...missed.steps, ...caughtUp.steps], range(1, last));
    assert.equal(lagging, 1);
  });

  test('killed at any moment leaves a directory that opens', async (t) => {
    const trainer = await serve(
      t,
      experimentSource({
        preview: '{ every: 5, samples: 16, resolution: 8, chainSteps: 0, diagnostics: [] }',
      }),
    );
    const peer = await trainer.connect();
    const { attachment } = await attachAndFollow(peer);
    await until('curves are on disk', async () => {
      return (await readCurve(trainer.directory)).steps.length > 20;
    });
    const pending = peer.request('pause', {}).catch((error: unknown) => error);
    trainer.process.kill('SIGKILL');
    assert.equal(await trainer.exited, 'SIGKILL');
    assert.ok((await pending) !== undefined, 'a call ends with the connection');
    const [run] = await listRuns(path.dirname(trainer.directory));
    assert.ok(run && 'manifest' in run);
    assert.equal(run.manifest.id, attachment.manifest.id);
    const { steps } = await readCurve(trainer.directory);
    assert.deepEqual(steps, range(1, steps.length));
    assert.ok(steps.length > 20);
    assert.ok(run.manifest.preview);
    assert.ok(await readPreview(trainer.directory, 5, run.manifest.preview));
  });

  test('that loses its editor trains on, and another attaches', async (t) => {
    const trainer = await serve(t, experimentSource());
    const editor = await trainer.connect();
    const { attachment } = await attachAndFollow(editor);
    editor.close();
    const next = await trainer.connect();
    let step = 0;
    next.on('state', (state) => {
      step = state.step;
    });
    await next.request('attach', {});
    await until('it trains on', () => step > attachment.state.step + 10);
    await next.request('stop', {});
    assert.equal(await trainer.exited, 0);
  });

  test('stops with a checkpoint when its owner is gone for good, and says why', async (t) => {
    const trainer = await serve(t, experimentSource());
    const owner = await trainer.connect();
    const wish = { whenGone: 'stop', graceMs: 3_000, takeOver: false } as const;
    assert.equal(await owner.request('own', wish), 'mine');
    await owner.request('attach', {});
    owner.close();
    // As an editor that is reloaded.
    const reloaded = await trainer.connect();
    // The trainer may hear of the new connection before it hears that the old one has ended.
    await until('it owns the run', async () => (await reloaded.request('own', wish)) === 'mine');
    const { control, state } = await reloaded.request('attach', {});
    assert.deepEqual([control, state.status], ['mine', 'running']);
    reloaded.close();
    assert.equal(await trainer.exited, 0);
    const { state: final, warnings } = await readManifest(trainer.directory);
    assert.equal(final.status, 'stopped');
    assert.match(String(warnings), /its editor was closed \(setting ebm\.whenEditorCloses\)/);
    assert.deepEqual((await readCurve(trainer.directory)).steps, range(1, final.step));
    assert.deepEqual(await listCheckpoints(trainer.directory), [final.step]);
  });

  test('lets its owner alone control it, and anybody have a checkpoint', async (t) => {
    const trainer = await serve(t, experimentSource());
    const [owner, other] = [await trainer.connect(), await trainer.connect()];
    const wish = { whenGone: 'train', graceMs: 0, takeOver: false } as const;
    await owner.request('own', wish);
    await assert.rejects(other.request('own', { ...wish, graceMs: Number.NaN }));
    assert.equal(await other.request('own', wish), 'others');
    await owner.request('attach', {});
    for (const method of ['pause', 'resume', 'step', 'stop'] as const) {
      await assert.rejects(other.request(method, {}), /Another window controls this run/);
    }
    const change = { option: 'optimizer.learningRate', value: 1e-2 };
    await assert.rejects(other.request('change', change), /Another window controls this run/);
    assert.equal((await other.request('checkpoint', {})).status, 'running');
    const lagging = new Promise((resolve) => owner.on('lagging', resolve));
    await owner.request('change', change);
    await lagging;
    const { manifest } = await owner.request('attach', {});
    assert.equal(manifest.changes?.[0]?.to, 1e-2, 'who follows the run is told to look anew');
    let control: string | undefined;
    other.on('control', (now) => {
      control = now.control;
    });
    owner.close();
    await until('the other one may control it', () => control === 'free' || control === 'mine');
    await other.request('stop', {});
    assert.equal(await trainer.exited, 0);
  });

  test('told to end by the system stops with a checkpoint', async (t) => {
    const trainer = await serve(t, experimentSource());
    const peer = await trainer.connect();
    await peer.request('attach', {});
    trainer.process.kill('SIGTERM');
    assert.equal(await trainer.exited, 0);
    assert.equal((await readManifest(trainer.directory)).state.status, 'stopped');
    assert.equal((await readdir(path.join(trainer.directory, 'checkpoints'))).length, 1);
  });

  test('writes a checkpoint when asked, also while it is paused', async (t) => {
    const trainer = await serve(t, experimentSource());
    const peer = await trainer.connect();
    await peer.request('attach', {});
    const { status } = await peer.request('checkpoint', {});
    assert.equal(status, 'running');
    const [first] = await listCheckpoints(trainer.directory);
    assert.equal((await readCheckpoint(trainer.directory, first!)).step, first);
    const paused = await peer.request('pause', {});
    assert.equal((await peer.request('checkpoint', {})).status, 'paused');
    assert.equal((await listCheckpoints(trainer.directory)).at(-1), paused.step);
    await peer.request('stop', {});
    assert.equal(await trainer.exited, 0);
  });

  test('pauses when the disk takes no more, loses nothing, and goes on', {
    skip: process.platform === 'linux' ? withoutPrlimit : 'needs the limits of Linux',
  }, async (t) => {
    // No file may grow beyond 48 kB: the event file gets there first, in the middle of a record.
    const trainer = await serve(t, experimentSource(), {
      prefix: ['prlimit', '--fsize=48000:unlimited'],
    });
    const peer = await trainer.connect();
    const states: RunState[] = [];
    peer.on('state', (state) => states.push(state));
    const { attachment, later } = await attachAndFollow(peer);
    const paused = await until('it pauses', () =>
      states.find(({ status, problem }) => status === 'paused' && problem),
    );
    assert.equal(paused.problem?.kind, 'storage');
    assert.match(paused.problem?.message ?? '', /events\.out\.tfevents/);
    assert.ok(paused.problem?.remedy);
    await assert.rejects(
      peer.request('resume', {}),
      (error) => error instanceof ProblemError && error.problem.kind === 'storage',
    );
    // Who attaches now gets what is on disk from there, and the rest as events.
    const late = await trainer.connect();
    const { attachment: lateAttachment, later: rest } = await attachAndFollow(late);
    assert.equal(lateAttachment.state.problem?.kind, 'storage');
    const onDisk = await readCurve(trainer.directory, lateAttachment.eventBytes);
    await until('the rest has come', () => rest.steps.at(-1) === paused.step);
    assert.deepEqual([...onDisk.steps, ...rest.steps], range(1, paused.step));

    execFileSync('prlimit', ['--pid', String(trainer.pid), '--fsize=unlimited']);
    assert.equal((await peer.request('resume', {})).status, 'running');
    await until('it goes on', () => (states.at(-1)?.step ?? 0) > paused.step);
    assert.equal(states.at(-1)?.problem, undefined);
    const stopped = await peer.request('stop', {});
    assert.equal(await trainer.exited, 0);
    assert.deepEqual((await readCurve(trainer.directory)).steps, range(1, stopped.step));
    const early = await readCurve(trainer.directory, attachment.eventBytes);
    assert.deepEqual([...early.steps, ...later.steps], range(1, stopped.step));
  });

  // What an experiment's file may leave running beside the compiled step.
  const defects: [what: string, statement: string][] = [
    ['throws', "throw new Error('not today');"],
    ['rejects with nobody listening', "Promise.reject(new Error('not today'));"],
  ];
  for (const [what, statement] of defects) {
    test(`whose experiment ${what} in the middle records why and ends with 1`, async (t) => {
      // Once the preview of step 10 is there, so that this is some steps in.
      const trainer = await serve(
        t,
        `${experimentSource({ preview: '{ every: 10, samples: 8, resolution: 8, chainSteps: 0, diagnostics: [] }' })}
import { readdirSync } from 'node:fs';
const runs = new URL('.ebm/runs', 'file://' + __dirname + '/');
const shown = () => readdirSync(runs, { recursive: true }).some((file) => /0{7}10\\.samples/.test(String(file)));
const timer = setInterval(() => {
  if (!shown()) return;
  clearInterval(timer);
  ${statement}
}, 5);
`,
      );
      const peer = await trainer.connect();
      const states: RunState[] = [];
      peer.on('state', (state) => states.push(state));
      await peer.request('attach', {});
      assert.equal(await trainer.exited, 1, trainer.errors());
      const { state, worker } = await readManifest(trainer.directory);
      assert.equal(state.status, 'failed');
      assert.equal(state.problem?.kind, 'internal');
      assert.match(state.problem?.message ?? '', /not today/);
      assert.ok(state.step > 0);
      assert.equal(worker, undefined);
      assert.deepEqual(states.at(-1), state, 'whoever listens hears the same');
      assert.ok((await readCurve(trainer.directory)).steps.length > 0);
      assert.match(trainer.errors(), /not today/);
    });
  }
});

describe('a trainer that cannot begin', () => {
  test('whose task is none says why to whoever attaches, and leaves no run', async (t) => {
    const place = path.resolve('quick.ebm.ts');
    for (const [task, why] of [
      ['', /it is not JSON/],
      [JSON.stringify({ kind: 'begin', experiment: place, overrides: {}, shell: 'x' }), /shell/],
      ['{"kind":"resume","steps":-1}', /'steps' is wrong/],
    ] as const) {
      const trainer = await serve(t, experimentSource(), { task });
      const peer = await trainer.connect();
      const problem = await problemFrom(peer.request('attach', {}));
      assert.match(problem.message, why);
      assert.equal(await trainer.exited, 2);
      assert.deepEqual(await readdir(trainer.directory), []);
    }
  });

  const bad: [what: string, source: string, line: number, message: RegExp][] = [
    [
      'a syntax error',
      experimentSource().replace('experiment({', 'experiment({\n  name: = 3,'),
      3,
      /Unexpected|Expected/,
    ],
    ['a value out of range', experimentSource({ batchSize: '-1' }), 8, /batchSize/],
    [
      'an energy with nothing to train',
      experimentSource().replace(
        /energy: .*/,
        'energy: energy.custom({ init: () => ({}), energy: (_, x) => x }),',
      ),
      5,
      /no parameters/,
    ],
    ['an endless loop', `${experimentSource()}\nfor (;;) {}\n`, 1, /did not finish loading/],
  ];
  for (const [what, source, line, message] of bad) {
    test(`for ${what} says where and ends with 2`, async (t) => {
      const trainer = await serve(t, source);
      const peer = await trainer.connect();
      const tried: boolean[] = [];
      peer.on('state', ({ isTried = false }) => tried.push(isTried));
      await assert.rejects(peer.request('attach', {}), (error) => {
        assert.ok(error instanceof ProblemError, String(error));
        assert.equal(error.problem.kind, 'experiment');
        assert.match(error.message, message);
        if (what !== 'an endless loop') {
          assert.equal(error.problem.location?.line, line);
          assert.match(error.problem.location?.file ?? '', /quick\.ebm\.ts$/);
        }
        return true;
      });
      assert.equal(await trainer.exited, 2);
      assert.ok(!tried.includes(true), 'it is told as tried');
      assert.deepEqual(await readdir(trainer.directory), [], 'nothing half-made is left');
      assert.match(trainer.errors(), message, 'the log says it too');
    });
  }

  test('where the run directory cannot be written says so', async (t) => {
    const trainer = await serve(t, experimentSource());
    // The folder for sources is a file.
    await writeFile(path.join(trainer.directory, 'source'), '');
    const peer = await trainer.connect();
    await assert.rejects(
      peer.request('attach', {}),
      (error) => error instanceof ProblemError && error.problem.kind === 'storage',
    );
    assert.equal(await trainer.exited, 2);
  });

  test('without anybody who asks ends by itself', async (t) => {
    const trainer = await serve(t, experimentSource({ batchSize: '-1' }));
    assert.equal(await trainer.exited, 2);
    assert.match(trainer.errors(), /batchSize/);
  });
});
