import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OptionPath } from '../../../../trainer-worker/methods/options/option-error';
import { locateOption } from '../../../../trainer-worker/trainer/experiment/option-location';

/** The text from where the option at `path` of the first `call` was found. */
function found(text: string, path: OptionPath): string {
  const column = text.indexOf('call') + 1;
  const place = locateOption(text, { file: 'f', line: 1, column }, path);
  return text.split('\n')[place.line - 1]!.slice(place.column - 1);
}

describe('the place of an option', () => {
  test('is its key', () => {
    assert.equal(found('x = call({ a: 1, hiden: [2] })', ['hiden']), 'hiden: [2] })');
  });

  test('is on its own line', () => {
    assert.equal(found('call({\n  a: 1,\n  b: 2,\n})', ['b']), 'b: 2,');
  });

  test('is found past strings, comments and nested values with the same key', () => {
    const text =
      "call({ a: 'b: 1, {', /* b: */ c: { b: 2 }, // b\n d: (x, y) => [b, {b}], 'b': 3 })";
    assert.equal(found(text, ['b']), "'b': 3 })");
  });

  test('goes into objects and arrays', () => {
    assert.equal(found('call({ a: { b: [1, -2] } })', ['a', 'b', 1]), '-2] } })');
  });

  test('looks into the first argument that is an object', () => {
    assert.equal(
      found("call('file, {x}.csv', { standardise: true })", ['standardise']),
      'standardise: true })',
    );
  });

  test('is the call itself, or the outermost part that is written, otherwise', () => {
    assert.equal(found('y = call(options)', ['a']), 'call(options)');
    assert.equal(found('y = call({ b: 1 })', ['a']), 'call({ b: 1 })');
    assert.equal(found('y = call({ a: other })', ['a', 'b']), 'a: other })');
    assert.equal(found('y = call({ a: ', ['z']), 'call({ a: ');
  });
});
