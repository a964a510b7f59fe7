import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { printable } from '../../../protocol/printable';
import { problemText } from '../../../trainer-worker/cli/problem-text';
import { sweepTextReporter } from '../../../trainer-worker/cli/sweep-reporter';
import { lineReporter } from '../../../trainer-worker/cli/text-reporter';
import { textTable } from '../../../trainer-worker/cli/text-table';
import { fc } from '../../support/fast-check';
import { temporaryFolder } from '../../support/temporary';

/** What moves a cursor or turns text around: categories of Unicode, less tab and line feed. */
const acting = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

/** Clears the screen, sets the window's title, colours, and runs backwards. */
const foreign = '\u001b[2J\u001b]0;title\u0007\u009b31m\r\u202e';

describe('foreign text', () => {
  test('acts on no terminal, whatever it is, and stays as it is where it never did', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printable(text);
        assert.doesNotMatch(shown, acting);
        if (!acting.test(text)) assert.equal(shown, text);
        assert.equal(printable(shown), shown);
      }),
    );
  });

  test('shows what was there', () => {
    assert.equal(printable('a\u001b[1mé\r\nb\t☃\u202e\0'), 'a\\x1b[1mé\nb\t☃\\u202e\\x00');
  });
});

describe('what a shell is told of foreign text', () => {
  test('a problem in a file of any bytes, with the caret below its place', async (t) => {
    const file = path.join(await temporaryFolder(t), 'data.csv');
    await writeFile(file, `x,y\n1,${foreign}2\n`);
    const text = problemText(
      {
        kind: 'data',
        message: `'${foreign}2' is no number.`,
        remedy: `Correct '${foreign}2'.`,
        location: { file, line: 2, column: 3 + foreign.length },
        detail: `Error: ${foreign}`,
      },
      true,
    );
    assert.doesNotMatch(text, acting);
    const [, line, caret] = text.split('\n') as [string, string, string];
    assert.equal(line.slice(0, caret.indexOf('^')), `  2 | 1,${printable(foreign)}`);
  });

  test('tables, reports of runs and of sweeps', () => {
    const written: string[] = [textTable(['name', 'status'], [[foreign, 'completed']])];
    const write = (text: string) => void written.push(text);
    lineReporter(write).notice?.(foreign);
    sweepTextReporter(write).begin({ name: foreign, runs: [] } as never, []);
    assert.doesNotMatch(written.join(''), acting);
    assert.equal(written.length, 3);
  });
});
