import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { chooseNode } from '../../../../extension/processes/node-runtime';
import { problemFrom } from '../../../support/problem';
import { temporaryFolder } from '../../../support/temporary';

/** A machine on which only these programs are a Node of that version. */
const machine =
  (programs: Readonly<Record<string, string>>) =>
  async (program: string): Promise<string> => {
    const version = programs[program];
    if (version === undefined) throw Object.assign(new Error('spawn'), { code: 'ENOENT' });
    return version;
  };
const editor = '/opt/editor';

describe('chooseNode', () => {
  test('prefers the setting', async () => {
    const probe = machine({ node: '22.0.0', '/opt/node': '20.1.0', [editor]: '24.0.0' });
    const { path: program, env } = await chooseNode({ configured: '/opt/node', editor, probe });
    assert.equal(program, '/opt/node');
    assert.deepEqual(env, {});
  });

  test('else takes the one on the PATH', async () => {
    const probe = machine({ node: '22.0.0', [editor]: '24.0.0' });
    assert.equal((await chooseNode({ configured: '', editor, probe })).path, 'node');
  });

  for (const [name, programs] of [
    ['none', { [editor]: '24.0.0' }],
    ['an old one', { node: '18.19.1', [editor]: '24.0.0' }],
  ] as const) {
    test(`falls back to the editor’s where the PATH has ${name}`, async () => {
      const chosen = await chooseNode({ configured: '', editor, probe: machine(programs) });
      assert.equal(chosen.path, editor);
      assert.deepEqual(chosen.env, { ELECTRON_RUN_AS_NODE: '1' });
    });
  }

  test('does not fall back from a setting that is wrong, but names it', async () => {
    const probe = machine({ node: '22.0.0', '/opt/old': '18.0.0', '/bin/ls': 'total 0' });
    for (const [configured, why] of [
      ['/opt/none', /there is no such file/],
      ['/opt/old', /Node\.js 18\.0\.0, older than 20/],
      ['/bin/ls', /it is not Node\.js/],
    ] as const) {
      const problem = await problemFrom(chooseNode({ configured, editor, probe }));
      assert.equal(problem.kind, 'environment');
      assert.match(problem.message, why);
      assert.match(problem.message, /ebm\.nodePath/);
      assert.ok(problem.remedy);
    }
  });

  test('says what it tried where there is none', async () => {
    const problem = await problemFrom(chooseNode({ configured: '', editor, probe: machine({}) }));
    assert.match(problem.remedy ?? '', /ebm\.nodePath/);
    assert.match(problem.detail ?? '', /node: .*\n\/opt\/editor: /);
  });

  test('really runs the program', async (t) => {
    const chosen = await chooseNode({ configured: process.execPath, editor });
    assert.equal(chosen.version, process.versions.node);
    const text = path.join(await temporaryFolder(t), 'not-a-program');
    await writeFile(text, 'not a program');
    const problem = await problemFrom(chooseNode({ configured: text, editor }));
    assert.match(problem.message, /it may not be executed/);
  });
});
