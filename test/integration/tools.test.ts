/** What is generated from sources: by programs that only these tests and who changes the sources need. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { patienceMs } from '../support/condition';

const runScript = (...args: string[]) =>
  promisify(execFile)(process.execPath, args, { timeout: patienceMs });

test('the code of protobuf schemas is what their files say', async () => {
  await runScript('scripts/protobuf.mjs', '--check');
});

test('the reference of ebm-lab is made without a warning, and has every knob', async () => {
  await runScript('scripts/api-reference.mjs');
  const page = await readFile('out/api/interfaces/sampler.LangevinOptions.html', 'utf8');
  assert.match(page, /stepSize/);
  const family = await readFile('out/api/modules/data.html', 'utf8');
  assert.match(family, /functions\/data\.twoMoons\.html/);
});
