import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { boundedDiff } from '../../../../trainer-worker/trainer/storage/bounded-diff';
import { readGitState } from '../../../../trainer-worker/trainer/storage/git-state';
import { experimentFolder } from '../../../support/experiment-folder';
import { temporaryFolder } from '../../../support/temporary';

const withoutGit = ((): string | false => {
  try {
    execFileSync('git', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'git is not installed here';
  }
})();

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** A repository with these files in its one commit. */
async function repository(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = await experimentFolder(t, files);
  git(folder, 'init', '-q');
  git(folder, 'add', '.');
  git(folder, 'commit', '-qm', 'one');
  return folder;
}

const textOf = (diff: Uint8Array | undefined) => Buffer.from(diff ?? []).toString();

describe('the state of a repository', { skip: withoutGit }, () => {
  test('has the commit, and what differs from it as a patch', async (t) => {
    const files = { 'a.ts': 'one\ntwo\n', 'b c.ts': 'gone\n', 'sub/x.bin': Buffer.of(0, 1, 2) };
    const folder = await repository(t, files);
    const commit = git(folder, 'rev-parse', 'HEAD').trim();
    // Runs are no change, wherever their folder is.
    await mkdir(path.join(folder, 'sub/.ebm'));
    await writeFile(path.join(folder, 'sub/.ebm/run'), '');
    assert.deepEqual(await readGitState(folder), { commit, dirty: false });

    await writeFile(path.join(folder, 'new.ts'), 'untracked\n');
    assert.deepEqual(await readGitState(folder), { commit, dirty: true });

    // What a user may have set makes no other patch of it.
    for (const setting of ['diff.noprefix', 'diff.mnemonicPrefix', 'diff.relative']) {
      git(folder, 'config', setting, 'true');
    }
    git(folder, 'config', 'color.ui', 'always');
    await writeFile(path.join(folder, 'a.ts'), 'one\nthree\n');
    await rm(path.join(folder, 'b c.ts'));
    await writeFile(path.join(folder, 'sub/x.bin'), Buffer.of(0, 1, 3));
    git(folder, 'add', 'a.ts');
    const state = await readGitState(path.join(folder, 'sub'));
    assert.equal(state?.dirty, true);
    const text = textOf(state.diff);
    assert.match(text, /^-two$/m);
    assert.match(text, /Binary files a\/sub\/x\.bin and b\/sub\/x\.bin differ/);
    // The commit with the patch is what lies there, but for what is binary.
    const copy = await temporaryFolder(t);
    git(folder, 'clone', '-q', folder, copy);
    const patch = path.join(copy, '.git/kept.diff');
    const parts = text.split(/^(?=diff --git )/m);
    await writeFile(patch, parts.filter((part) => !part.includes('Binary files')).join(''));
    git(copy, 'apply', patch);
    assert.equal(await readFile(path.join(copy, 'a.ts'), 'utf8'), 'one\nthree\n');
    assert.deepEqual(
      (await readdir(copy)).filter((name) => name !== '.git'),
      ['a.ts', 'sub'],
    );
  });

  test('is nothing where there is none, and no word on it', async (t) => {
    const folder = await temporaryFolder(t);
    const read = () => readGitState(folder, (text) => assert.fail(text));
    assert.equal(await read(), undefined);
    git(folder, 'init', '-q');
    assert.equal(await read(), undefined);
  });

  test('that belongs to another user is told, and the remedy works', {
    skip: process.getuid?.() !== 0 && 'only root can give a folder away',
  }, async (t) => {
    const folder = await repository(t, { 'a.ts': 'one\n' });
    const commit = git(folder, 'rev-parse', 'HEAD').trim();
    for (const place of [folder, path.join(folder, '.git')]) await chown(place, 12345, 12345);
    const home = await temporaryFolder(t);
    const before = process.env['GIT_CONFIG_GLOBAL'];
    t.after(() => {
      if (before === undefined) delete process.env['GIT_CONFIG_GLOBAL'];
      else process.env['GIT_CONFIG_GLOBAL'] = before;
    });
    process.env['GIT_CONFIG_GLOBAL'] = path.join(home, 'config');
    const warnings: string[] = [];
    const read = () => readGitState(folder, (text) => warnings.push(text));
    assert.equal(await read(), undefined);
    const [warning = '', ...more] = warnings;
    assert.deepEqual(more, []);
    assert.match(warning, /commit .* is not recorded: git trusts no repository .* another user/);
    const [, remedy = ''] = /git (config .*)$/.exec(warning) ?? [];
    execFileSync('sh', ['-c', `git ${remedy}`]);
    assert.deepEqual(await read(), { commit, dirty: false });
    assert.equal(warnings.length, 1);
  });

  test('that is broken is told in the words of git', async (t) => {
    const folder = await repository(t, { 'a.ts': 'one\n' });
    await writeFile(path.join(folder, '.git/config'), '[core\n');
    const warnings: string[] = [];
    assert.equal(await readGitState(folder, (text) => warnings.push(text)), undefined);
    assert.match(warnings.join(), /not recorded: git says: bad config line 1 in file/);
  });

  test('is read without running anything that a hostile repository names', {
    skip: process.platform === 'win32' && 'its programs are shell scripts',
  }, async (t) => {
    const folder = await repository(t, {
      'a.ts': 'one\n',
      'b.txt': 'two\n',
      '.gitattributes': '*.ts diff=evil filter=evil\n*.txt filter=slow.one\n',
    });
    const inner = path.join(folder, 'inner');
    await mkdir(inner);
    git(inner, 'init', '-q');
    await writeFile(path.join(inner, 'c.ts'), 'three\n');
    git(inner, 'add', '.');
    git(inner, 'commit', '-qm', 'inner');
    git(folder, 'add', 'inner');
    git(folder, 'commit', '-qm', 'a module');
    const ran = path.join(await temporaryFolder(t), 'ran');
    const evil = (name: string) => `sh -c 'echo ${name} >> ${ran}; cat'`;
    const settings = {
      'core.fsmonitor': evil('fsmonitor'),
      'core.pager': evil('pager'),
      'pager.diff': evil('pager'),
      'pager.status': evil('pager'),
      'diff.external': evil('external'),
      'diff.evil.command': evil('driver'),
      'diff.evil.textconv': evil('textconv'),
      'filter.evil.clean': evil('clean'),
      'filter.evil.required': 'true',
      'filter.slow.one.process': evil('process'),
      'core.sshCommand': evil('ssh'),
      'diff.submodule': 'diff',
      'status.submoduleSummary': 'true',
      'core.hooksPath': 'hooks',
      'extensions.partialClone': 'origin',
      'remote.origin.url': `ext::${evil('fetch')}`,
      'remote.origin.promisor': 'true',
      'protocol.ext.allow': 'always',
    };
    for (const at of [folder, inner]) {
      git(at, 'config', 'core.repositoryFormatVersion', '1');
      for (const [key, value] of Object.entries(settings)) git(at, 'config', key, value);
    }
    await appendFile(path.join(folder, 'a.ts'), 'more\n');
    await appendFile(path.join(folder, 'b.txt'), 'more\n');
    await appendFile(path.join(inner, 'c.ts'), 'more\n');
    const state = await readGitState(folder);
    assert.match(textOf(state?.diff), /^\+more$/m);
    await assert.rejects(readFile(ran), /ENOENT/);

    // One of its objects is missing: git would fetch it.
    const blob = execFileSync('git', ['-C', folder, 'rev-parse', 'HEAD:a.ts'], {
      encoding: 'utf8',
    });
    await rm(path.join(folder, '.git/objects', blob.slice(0, 2), blob.trim().slice(2)));
    assert.equal((await readGitState(folder))?.diff, undefined);
    await assert.rejects(readFile(ran), /ENOENT/);

    // Who looks without these precautions runs them.
    try {
      git(folder, 'diff', 'HEAD');
    } catch {
      // It may fail of what they print.
    }
    assert.match(await readFile(ran, 'utf8'), /fsmonitor|external|clean|fetch/);

    git(folder, 'config', 'filter.a=b.clean', evil('named'));
    assert.equal(await readGitState(folder), undefined);
  });

  test('is not read where there are more filters than can be listed', {
    skip: process.platform === 'win32' && 'its programs are shell scripts',
  }, async (t) => {
    const folder = await repository(t, { 'a.ts': 'one\n', '.gitattributes': '*.ts filter=last\n' });
    const ran = path.join(await temporaryFolder(t), 'ran');
    // Longer than what is read of git, so that the last one is not seen.
    const long = `[filter "${'x'.repeat(17 * 2 ** 20)}"]\n\tclean = cat\n`;
    const last = `[filter "last"]\n\tclean = "echo ran >> ${ran}; cat"\n`;
    await appendFile(path.join(folder, '.git/config'), long + last);
    await appendFile(path.join(folder, 'a.ts'), 'more\n');
    assert.equal(await readGitState(folder), undefined);
    await assert.rejects(readFile(ran), /ENOENT/);
  });
});

describe('a diff of bounded size', () => {
  const part = (name: string, bytes: number) =>
    `diff --git a/${name} b/${name}\n--- a/${name}\n+++ b/${name}\n@@ -0,0 +1 @@\n+${'x'.repeat(bytes)}\n`;

  test('is kept as it is where it is small', () => {
    const text = part('a', 10) + part('b', 20);
    assert.equal(textOf(boundedDiff(Buffer.from(text), true)), text);
  });

  test('leaves out whole files that do not fit, and says which', () => {
    const [a, b, c] = [part('a', 10), part('b', 2 ** 20), part('c', 30)];
    const bounded = textOf(boundedDiff(Buffer.from(a + b + c), true));
    assert.equal(bounded, `# left out: a/b b/b (${b.length} bytes)\n${a}${c}`);
  });

  test('leaves out the file in which it was cut', () => {
    const [a, b] = [part('a', 10), part('b', 20).slice(0, -5)];
    const bounded = textOf(boundedDiff(Buffer.from(a + b), false));
    const size = `${b.length} bytes or more, and maybe others after it`;
    assert.equal(bounded, `# left out: a/b b/b (${size})\n${a}`);
  });

  test('names only so many', () => {
    const all = Array.from({ length: 150 }, (_, index) => part(`f${index}`, 2 ** 20)).join('');
    const bounded = textOf(boundedDiff(Buffer.from(all), true));
    assert.match(bounded, /# left out: 50 more\n$/);
    assert.equal(bounded.split('\n').length, 102);
  });
});
