import assert from 'node:assert/strict';
import { test } from 'node:test';
import { philox4x32 } from '../../../../trainer-worker/compiler/random/philox';
import { philoxAnswers } from '../../../philox-answers';

for (const [i, { counter, key, words }] of philoxAnswers.entries()) {
  test(`Philox4x32-10 gives known answer ${i + 1}`, () => {
    const out = new Uint32Array(4);
    philox4x32(Uint32Array.from(counter), Uint32Array.from(key), out);
    assert.deepEqual([...out], words);
  });
}
