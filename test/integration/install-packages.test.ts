/** Installing a package on the user's consent, with a stand-in for npm: nothing is downloaded. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { installPackage, type NativePackage } from '../../extension/processes/install-packages';
import { ebmAnswer } from '../../extension/processes/trainer-command';
import type { BackendReport } from '../../protocol/backends';
import { isProcessAlive } from '../../run-directory/process-alive';
import { until } from '../support/condition';
import { problemFrom } from '../support/problem';
import { temporaryFolder } from '../support/temporary';
import { ebm, experimentSource } from '../support/trainer';

const node = { path: process.execPath, version: process.versions.node, env: {} };
const native: NativePackage = {
  name: '@scope/native',
  spec: '@scope/native@1.2.3',
  script: ['scripts/install.js', 'gpu'],
  target: 'deps',
};

/** Makes the package that is asked for, with this script in it, as npm would. */
const fetching = (installScript: string) => `
  const fs = require('node:fs');
  const path = require('node:path');
  const place = path.join(process.cwd(), 'node_modules/@scope/native/scripts');
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(path.join(place, 'install.js'), ${JSON.stringify(installScript)});
  fs.writeFileSync(path.join(place, '../arguments.json'), JSON.stringify(process.argv.slice(2)));
`;

/** What the install script does: writes its native part where it is expected. */
const nativePart = `
  const fs = require('node:fs');
  fs.mkdirSync('deps');
  fs.writeFileSync('deps/library', process.argv.slice(2).join());
  if (!process.env.PATH.split(require('node:path').delimiter)[0].endsWith('.bin')) process.exit(9);
`;

/** Installs with a program called npm that does what `npm` says; without one where it is absent. */
async function install(
  t: TestContext,
  npm: string | undefined,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
) {
  const root = await temporaryFolder(t);
  const bin = path.join(root, 'bin');
  await mkdir(bin);
  if (npm !== undefined) {
    await writeFile(path.join(bin, 'npm'), `#!${process.execPath}\n${npm}`);
    await chmod(path.join(bin, 'npm'), 0o755);
  }
  const storage = path.join(root, 'storage');
  const folder = path.join(storage, 'packages');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'former'), 'what was there before');
  const messages: string[] = [];
  const done = installPackage({
    folder,
    native,
    node,
    env: { PATH: bin },
    signal,
    onProgress: (message) => messages.push(message),
  });
  return { done, storage, folder, messages };
}

/** Only what was there before is there. */
async function assertUnchanged(storage: string): Promise<void> {
  assert.deepEqual(await readdir(storage), ['packages']);
  assert.deepEqual(await readdir(path.join(storage, 'packages')), ['former']);
}

const onWindows = process.platform === 'win32' && 'the stand-in for npm is a script with a #! line';

describe('installing a package', { skip: onWindows }, () => {
  test('fetches it without scripts, then its native part, and replaces what was there', async (t) => {
    const { done, storage, folder, messages } = await install(t, fetching(nativePart));
    await done;
    assert.deepEqual(await readdir(storage), ['packages']);
    const place = path.join(folder, 'node_modules/@scope/native');
    assert.equal(await readFile(path.join(place, 'deps/library'), 'utf8'), 'gpu');
    assert.deepEqual(JSON.parse(await readFile(path.join(place, 'arguments.json'), 'utf8')), [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '@scope/native@1.2.3',
    ]);
    assert.match(messages[0]!, /npm fetches @scope\/native@1\.2\.3/);
    assert.ok((await readdir(folder)).every((name) => name !== 'former'));
  });

  test('without npm says where npm comes from', async (t) => {
    const { done, storage } = await install(t, undefined);
    const problem = await problemFrom(done);
    assert.equal(problem.kind, 'environment');
    assert.match(problem.message, /npm was not found on the PATH/);
    assert.match(problem.remedy!, /nodejs\.org/);
    await assertUnchanged(storage);
  });

  test('that npm refuses says why, in its words, and changes nothing', async (t) => {
    const { done, storage } = await install(
      t,
      `console.error('npm error code ENOTFOUND\\nnpm error network request to https://registry failed\\nnpm error A complete log of this run can be found in: x.log'); process.exit(1);`,
    );
    const problem = await problemFrom(done);
    assert.equal(
      problem.message,
      'npm could not install @scope/native@1.2.3: network request to https://registry failed.',
    );
    assert.match(problem.remedy!, /network, a proxy or the disk/);
    assert.match(problem.detail!, /ENOTFOUND/);
    await assertUnchanged(storage);
  });

  test('whose download fails says so and leaves no half of it', async (t) => {
    const { done, storage } = await install(
      t,
      fetching("require('node:fs').mkdirSync('deps'); throw new Error('connect ECONNREFUSED');"),
    );
    const problem = await problemFrom(done);
    assert.match(problem.message, /^The native library of @scope\/native@1\.2\.3 could not be/);
    assert.match(problem.message, /connect ECONNREFUSED\.$/);
    await assertUnchanged(storage);
  });

  for (const [what, script, expected] of [
    [
      'is answered by a page that says so',
      `console.log('https://downloads/tensorflow.tar.gz');
      throw Object.assign(new Error('TAR_BAD_ARCHIVE: Unrecognized archive format'), { code: 'TAR_BAD_ARCHIVE' });`,
      'its download is not there: what https://downloads/tensorflow.tar.gz answers is no archive.',
    ],
    [
      'is not there for its binding, which cannot be compiled',
      `console.log(\`https://downloads/tensorflow.tar.gz
node-pre-gyp install failed with error: Error: Command failed: node-pre-gyp install --fallback-to-build
node-pre-gyp ERR! install response status 404 Not Found on https://bindings/CPU-linux-4.22.0.tar.gz\x20
gyp ERR! stack Error: not found: make\`);
      process.exit(1);`,
      'its binding is not at https://bindings/CPU-linux-4.22.0.tar.gz (404 Not Found), and could not be compiled here either.',
    ],
    [
      'of its binding is not reached',
      `console.log('node-pre-gyp ERR! install request to https://bindings/x.tar.gz failed, reason: getaddrinfo ENOTFOUND bindings ');
      process.exit(1);`,
      'request to https://bindings/x.tar.gz failed, reason: getaddrinfo ENOTFOUND bindings.',
    ],
  ] as const) {
    test(`whose download ${what}: that is what is said`, async (t) => {
      const { done, storage } = await install(t, fetching(script));
      const problem = await problemFrom(done);
      assert.equal(
        problem.message,
        `The native library of @scope/native@1.2.3 could not be installed: ${expected}`,
      );
      const [url] = /https:\S+z/.exec(expected)!;
      assert.ok(
        expected.startsWith('request') || problem.remedy!.startsWith(`Open ${url} in a browser`),
      );
      assert.match(problem.remedy!, /Nothing was changed\.$/);
      await assertUnchanged(storage);
    });
  }

  test('that is cancelled ends all that it started and leaves nothing', async (t) => {
    const cancellation = new AbortController();
    const file = path.join(await temporaryFolder(t), 'pids');
    // A child of the child, as npm and the script have them; both refuse to go when asked.
    const stubborn = `
      process.on('SIGTERM', () => {});
      require('node:fs').appendFileSync(${JSON.stringify(file)}, process.pid + '\\n');
      setInterval(() => {}, 1000);`;
    const { done, storage } = await install(
      t,
      fetching(
        `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}]);${stubborn}`,
      ),
      { signal: cancellation.signal },
    );
    const outcome = done.then(
      () => 'installed',
      (error: unknown) => error,
    );
    const pids = await until('both processes run', async () => {
      const lines = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n');
      return lines.length === 2 && lines.map(Number);
    });
    cancellation.abort(new Error('cancelled'));
    assert.match(String(await outcome), /cancelled/);
    for (const pid of pids) {
      await until(`${pid} has ended`, async () => !(await isProcessAlive(pid)));
    }
    await assertUnchanged(storage);
  });

  test('removes what an installation left behind that died', async (t) => {
    const root = await temporaryFolder(t);
    const folder = path.join(root, 'packages');
    // No process has this id: it is above the largest that systems give.
    await mkdir(path.join(root, 'packages.installing-999999999-abc/node_modules'), {
      recursive: true,
    });
    const bin = await temporaryFolder(t);
    await writeFile(path.join(bin, 'npm'), `#!${process.execPath}\n${fetching(nativePart)}`);
    await chmod(path.join(bin, 'npm'), 0o755);
    await installPackage({
      folder,
      native,
      node,
      env: { PATH: bin },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    assert.deepEqual(await readdir(root), ['packages']);
  });
});

describe('what the editor asks the ebm command', () => {
  const asking = (t: TestContext, args: readonly string[], cwd: string) => {
    const cancellation = new AbortController();
    t.after(() => cancellation.abort());
    return ebmAnswer({
      ...{ node, script: ebm, args, cwd, signal: cancellation.signal },
      packages: path.join(cwd, 'packages'),
    });
  };

  test('whether a backend works', async (t) => {
    const folder = await temporaryFolder(t);
    const report = (await asking(t, ['backends', 'onnx-cpu', '--json'], folder)) as BackendReport;
    assert.equal(report.name, 'onnx-cpu');
    assert.ok(report.works);
    assert.match(report.description, /ONNX Runtime .* on the processor/);
  });

  test('to export a step, and what is wrong with an experiment has its place', async (t) => {
    const folder = await temporaryFolder(t);
    const file = path.join(folder, 'quick.ebm.ts');
    const output = path.join(folder, 'step.onnx');
    await writeFile(file, experimentSource());
    const args = ['export-onnx', file, '--output', output, '--json'];
    const { bytes } = (await asking(t, args, folder)) as { bytes: number };
    const model = await readFile(output);
    assert.equal(model.length, bytes);
    const session = await InferenceSession.create(model);
    assert.ok(session.inputNames.includes('data'));
    assert.ok(session.outputNames.includes('metrics'));
    await session.release();
    await writeFile(file, experimentSource({ batchSize: '0' }));
    const problem = await problemFrom(asking(t, args, folder));
    assert.equal(problem.kind, 'experiment');
    assert.equal(problem.location?.file, file);
  });

  test('something that it does not know: a problem with its last words', async (t) => {
    const folder = await temporaryFolder(t);
    const problem = await problemFrom(asking(t, ['no-such-command'], folder));
    assert.equal(problem.kind, 'worker');
    assert.match(problem.detail!, /unknown command/);
  });
});
