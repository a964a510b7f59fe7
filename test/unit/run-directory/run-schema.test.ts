/** The JSON Schema of `run.json` that is published says what the reader checks. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { z } from 'zod';
import { manifestSchema } from '../../../run-directory/manifest';

const file = 'schemas/run.schema.json';

test('the published schema is the reader’s own; EBM_SCHEMAS=1 writes it anew', async () => {
  const schema = {
    title: 'A run of EBM Lab',
    ...z.toJSONSchema(manifestSchema, { io: 'input', unrepresentable: 'any', target: 'draft-7' }),
  };
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (process.env['EBM_SCHEMAS'] === '1') await writeFile(file, text);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), JSON.parse(text));
  const required: unknown = schema['required'];
  assert.ok(Array.isArray(required) && required.includes('seed') && !required.includes('parent'));
});
