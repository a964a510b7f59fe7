/** Tests that run again when what they are made of changes. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from './setup.mjs';
import { seconds, tell } from './stages.mjs';
import { inTurns, runTestFile } from './test-files.mjs';

/** Where sources lie. What is made from them lies elsewhere, and changes when tests run. */
const sources = [
  'extension',
  'protocol',
  'run-directory',
  'trainer-worker',
  'typescript-plugin',
  'vocabulary',
  'webview',
  'examples',
  'test',
];

/**
 * @typedef {object} Watched
 * @property {() => Promise<readonly import('./test-files.mjs').TestFile[]>} filesOf the built files
 * @property {() => Promise<unknown>} rebuild
 */

/**
 * Runs the tests, and at each change of a source those whose build it changes, until interrupted.
 * @param {Watched} watched
 */
export async function watchTests({ filesOf, rebuild }) {
  let digests = await runChanged(filesOf, new Map());
  for await (const changed of changesOf(sources)) {
    console.log(`\n${changed.join(', ')} changed`);
    try {
      await rebuild();
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      continue;
    }
    digests = await runChanged(filesOf, digests);
  }
}

/**
 * A built test names the chunks it is made of by their contents, so it changes whenever they do.
 * @param {Watched['filesOf']} filesOf
 * @param {ReadonlyMap<string, string>} before the digest of each file when it was run last
 */
async function runChanged(filesOf, before) {
  const began = performance.now();
  const files = await filesOf();
  const digests = new Map(before);
  const changed = [];
  for (const testFile of files) {
    const digest = createHash('sha256')
      .update(await readFile(testFile.file))
      .digest('hex');
    if (digests.get(testFile.file) !== digest) changed.push(testFile);
    digests.set(testFile.file, digest);
  }
  let passed = 0;
  let failed = 0;
  await inTurns(changed, 2, async (testFile) => {
    const outcome = await runTestFile(testFile, {});
    passed += outcome.passed;
    failed += outcome.failed;
    if (outcome.failed > 0) tell(testFile.name, outcome.output);
  });
  const time = seconds(performance.now() - began);
  console.log(`${changed.length} files in ${time}: ${passed} passed, ${failed} failed`);
  return digests;
}

/**
 * The files that change in some folders, as often as they do; what changes at once comes at once.
 * @param {readonly string[]} folders
 */
async function* changesOf(folders) {
  /** @type {Set<string>} */
  const changed = new Set();
  const changes = new EventEmitter();
  for (const folder of folders) {
    watch(path.join(root, folder), { recursive: true }, (_, name) => {
      // What tests and examples that run write beside their sources.
      if (name === null || /(^|[\\/])(\.ebm|node_modules)([\\/]|$)/.test(name)) return;
      changed.add(path.join(folder, name));
      changes.emit('change');
    });
  }
  while (true) {
    if (changed.size === 0) await once(changes, 'change');
    // An editor writes a file in several steps.
    await delay(100);
    const names = [...changed];
    changed.clear();
    yield names;
  }
}
