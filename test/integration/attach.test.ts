/** `ebm attach`: the trainer's own socket, over the standard input and output of a process beside it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import 'vscode-jsonrpc/node';
import { DistantRun } from '../../extension/runs/distant-run';
import { Run } from '../../extension/runs/run';
import { slurmJobOf } from '../../extension/runs/slurm-relay';
import { Peer } from '../../protocol/peer';
import { socketTransport } from '../../protocol/socket-transport';
import type { EditorSide, TrainerSide } from '../../protocol/trainer';
import { readManifest, writeManifest } from '../../run-directory/manifest';
import { until } from '../support/condition';
import { elsewhere, environmentElsewhere, noElsewhere } from '../support/elsewhere';
import { experimentFolder } from '../support/experiment-folder';
import { silentLog } from '../support/fake-trainer';
import { manifest as someManifest } from '../support/manifest';
import { runsIn } from '../support/shell-runs';
import { makeFolder, removeAfter } from '../support/temporary';
import { ebm, experimentSource, serve, start } from '../support/trainer';

/** A relay to the trainer of a run, as a process of its own; `where` begins its command line. */
function relay(
  t: TestContext,
  directory: string,
  where: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
) {
  const [program, ...args] = [...where, process.execPath, ebm, 'attach', directory];
  const child = spawn(program!, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.on('error', () => undefined);
  return { child, stream, errors: () => errors, exited: once(child, 'exit') };
}

test('who is relayed hears and asks the trainer as who is connected to it', async (t) => {
  const trainer = await serve(t, experimentSource());
  await until('its record is there', () => readManifest(trainer.directory));
  const { stream, exited, errors } = relay(t, trainer.directory);
  const peer = new Peer<EditorSide, TrainerSide>(...socketTransport(stream));
  let step = 0;
  peer.on('state', (state) => {
    step = state.step;
  });
  const { state } = await peer.request('attach', {}).catch(async (error: unknown) => {
    throw new Error(`It ended with ${await exited}: ${errors()}`, { cause: error });
  });
  await until('it is heard', () => step > state.step);
  assert.equal((await peer.request('stop', {})).status, 'stopped');
  assert.equal(await trainer.exited, 0);
  assert.deepEqual((await exited)[0], 0);
});

test('nonsense ends the relay that it comes through, and nothing else', async (t) => {
  const trainer = await serve(t, experimentSource());
  const peer = await trainer.connect();
  let step = 0;
  peer.on('state', (state) => {
    step = state.step;
  });
  await peer.request('attach', {});
  const { child, exited } = relay(t, trainer.directory);
  child.stdin.write(Buffer.alloc(100_000, 0xff));
  assert.deepEqual((await exited)[0], 0);
  const before = step;
  await until('the trainer trains on', () => step > before);
  // Who hangs up ends the relay as well.
  const other = relay(t, trainer.directory);
  other.child.stdin.end();
  assert.deepEqual((await other.exited)[0], 0);
  assert.equal((await peer.request('stop', {})).status, 'stopped');
  assert.equal(await trainer.exited, 0);
});

test('no record of a run makes it talk to a socket that is no trainer’s', async (t) => {
  const folder = await makeFolder();
  removeAfter(t, folder);
  const directory = path.join(folder, 'run');
  await mkdir(directory);
  const socket = path.join(folder, 'agent.sock');
  let connections = 0;
  const server = createServer(() => {
    connections += 1;
  }).listen(socket);
  t.after(() => server.close());
  await once(server, 'listening');
  const worker = { pid: process.pid, socket };
  await writeManifest(directory, { ...someManifest, worker });
  const { exited, errors } = relay(t, directory);
  assert.deepEqual((await exited)[0], 2);
  assert.match(errors(), /No trainer of .* listens on this host/);
  assert.equal(connections, 0);
});

test('what becomes an argument of srun is the id of a job, whatever the record says', () => {
  const of = (system: string, step: string) =>
    slurmJobOf({
      ...someManifest,
      worker: { pid: 1, socket: '/s', job: { system, id: '7', step } },
    });
  assert.equal(of('Slurm', '77'), '77');
  assert.equal(of('PBS', '77'), undefined);
  for (const id of ['', '-77', '77 --uid=0', '77_3', '7;8'])
    assert.equal(of('Slurm', id), undefined);
});

test('a run elsewhere that is shown is heard through a relay, and by its files when that breaks', {
  skip: noElsewhere,
}, async (t) => {
  const folder = await experimentFolder(t, { 'quick.ebm.ts': experimentSource() });
  const env = await environmentElsewhere(folder);
  const [program, ...args] = [...elsewhere, process.execPath, ebm, 'run', 'quick.ebm.ts'] as const;
  const outer = start(t, [program!, ...args, '--runs', 'runs'], { cwd: folder, env });
  const directory = await until('it trains', async () => {
    const [one] = await runsIn(folder);
    return one !== undefined && (await readManifest(one)).state.status === 'running' && one;
  });
  const children = await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8');
  const there = ['nsenter', `--target=${children.trim()}`, '--pid', '--mount'];
  const run = new Run(directory, await readManifest(directory));
  const relays: ReturnType<typeof relay>[] = [];
  const follower = new DistantRun(run, {
    ...{ log: silentLog, shown: 50, listed: 50 },
    relay: async () => {
      const made = relay(t, directory, there, env);
      relays.push(made);
      return made.stream;
    },
  });
  t.after(() => follower.dispose());
  assert.equal(relays.length, 0, 'nobody looks');
  const attachments: number[] = [];
  let gaps = 0;
  let points = 0;
  follower.onGap(() => {
    gaps += 1;
  });
  follower.onAttached(({ eventBytes }) => attachments.push(eventBytes));
  const watching = follower.onSeries((series) => {
    points += Object.values(series)[0]?.steps.length ?? 0;
  });
  await until('it is heard', () => attachments.length === 1 && points > 0);
  assert.equal(relays.length, 1);
  assert.equal(run.state.status, 'running');

  relays[0]!.child.kill('SIGKILL');
  await until('its files are read instead', () => gaps === 1 && attachments.length === 2);
  const before = points;
  await until('they tell what comes', () => points > before);
  watching.dispose();
  follower.onSeries(() => undefined).dispose();
  assert.equal(relays.length, 1, 'a way that broke is not tried again at once');
  outer.process.kill('SIGKILL');
  await outer.exited;
});
