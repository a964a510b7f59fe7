import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  copyrightComments,
  noticeOf,
  packageFolder,
  permissiveLicences,
  thirdPartyNotices,
} from '../../../scripts/third-party.mjs';
import { temporaryFolder } from '../../support/temporary';

const somePackage = {
  name: 'left-pad',
  version: '1.0.0',
  licence: 'MIT',
  author: 'A. Person',
  texts: [],
  comments: [],
};

test('a bundled file belongs to the innermost package', () => {
  assert.equal(packageFolder('node_modules/zod/v4/index.js'), 'node_modules/zod');
  assert.equal(packageFolder('node_modules/@a/b/lib/c.js'), 'node_modules/@a/b');
  assert.equal(
    packageFolder('node_modules/a/node_modules/b/c.js'),
    'node_modules/a/node_modules/b',
  );
  assert.equal(packageFolder('C:\\x\\node_modules\\@a\\b\\c.js'), 'C:\\x\\node_modules\\@a\\b');
  assert.equal(packageFolder('trainer-worker/main.ts'), undefined);
  assert.equal(packageFolder('my_node_modules/a/b.ts'), undefined);
});

test('licences that may be passed on are told from those that may not', () => {
  const cases: [expression: unknown, licences: string[] | undefined][] = [
    ['MIT', ['MIT']],
    ['(Apache-2.0 AND BSD-3-Clause)', ['Apache-2.0', 'BSD-3-Clause']],
    ['GPL-3.0-only OR MIT', ['MIT']],
    ['MIT OR GPL-3.0-only', ['MIT']],
    ['MIT AND (GPL-2.0-only OR ISC)', ['MIT', 'ISC']],
    ['MIT AND GPL-3.0-only', undefined],
    ['GPL-3.0-only', undefined],
    ['Apache-2.0 WITH LLVM-exception', undefined],
    ['SEE LICENSE IN LICENSE', undefined],
    ['UNLICENSED', undefined],
    ['(MIT', undefined],
    ['MIT)', undefined],
    ['MIT ISC', undefined],
    ['MIT AND', undefined],
    ['', undefined],
    [undefined, undefined],
    [{ type: 'MIT' }, undefined],
  ];
  for (const [expression, licences] of cases) {
    assert.deepEqual(permissiveLicences(expression), licences, JSON.stringify(expression));
  }
});

test('comments on copyright are taken out of code, and no others', () => {
  const source = `"use strict";
// Copyright 2008 Somebody Inc.
//
// Redistribution and use are free.
const a = 1; // no copyright
/**
 * @license
 * Copyright (c) Another.
 */
/* Of copyrights in general. */
`;
  assert.deepEqual(copyrightComments(source), [
    'Copyright 2008 Somebody Inc.\n\nRedistribution and use are free.',
    'Copyright (c) Another.',
  ]);
});

describe('a notice', () => {
  test('has the own texts of the package and nothing else', () => {
    const notice = noticeOf({ ...somePackage, texts: ['Be nice.'], comments: ['Copyright 1'] });
    assert.equal(notice, 'left-pad 1.0.0 (MIT)\n\nBe nice.\n');
  });

  test('has the holder and the common text where the package has none', () => {
    assert.match(noticeOf(somePackage), /^Copyright \(c\) A\. Person\n\nPermission is hereby/m);
    const named = noticeOf({ ...somePackage, comments: ['Copyright 2001 B.'] });
    assert.match(named, /^Copyright 2001 B\.\n\nPermission is hereby/m);
    assert.doesNotMatch(named, /A\. Person/);
  });

  test('does not repeat a licence that stands above the code', () => {
    const comments = ['Copyright 2001 B.\n\nPermission is hereby granted'];
    assert.equal(noticeOf({ ...somePackage, comments }).match(/Permission/g)?.length, 1);
  });

  test('is refused to whom it cannot be given', () => {
    const refused: [Partial<typeof somePackage> & { licence?: unknown }, RegExp][] = [
      [{ licence: 'GPL-3.0-only' }, /left-pad 1\.0\.0 is not .* "GPL-3\.0-only"/],
      [{ licence: undefined as never }, /is not under a permissive licence/],
      [{ author: undefined as never }, /does not say whose it is/],
      [{ licence: 'BSD-3-Clause' }, /has no text of its licence, BSD-3-Clause/],
    ];
    for (const [change, message] of refused) {
      assert.throws(() => noticeOf({ ...somePackage, ...change }), message);
    }
  });
});

test('all packages of a bundle are named once, and all that lack something at once', async (t) => {
  const root = await temporaryFolder(t);
  const place = async (name: string, manifest: object, licence?: string) => {
    const folder = path.join(root, 'node_modules', name);
    await mkdir(folder, { recursive: true });
    await writeFile(
      path.join(folder, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', ...manifest }),
    );
    await writeFile(path.join(folder, 'index.js'), '// Copyright 1999 C.\n');
    if (licence !== undefined) await writeFile(path.join(folder, 'LICENCE.md'), licence);
    return `node_modules/${name}/index.js`;
  };
  const files = [
    await place('b', { license: 'MIT', author: { name: 'D <d@e.f>' } }),
    await place('@scope/a', { license: 'ISC' }, 'Free.\r\nReally.\r\n'),
    'trainer-worker/main.ts',
  ];
  const text = await thirdPartyNotices(root, [...files, ...files]);
  assert.match(text, /@scope\/a 1\.0\.0 \(ISC\)\n\nFree\.\nReally\.\n\n-+\n\nb 1\.0\.0 \(MIT\)\n/);
  assert.equal(text.match(/^b 1/gm)?.length, 1);
  assert.match(text, /Copyright 1999 C\./);
  const bad = [await place('c', {}), await place('d', { license: 'AGPL-3.0-only' })];
  await assert.rejects(thirdPartyNotices(root, [...files, ...bad]), /c 1\.0\.0 .*\nd 1\.0\.0 /);
});
