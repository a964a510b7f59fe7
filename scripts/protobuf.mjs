/**
 * Writes the TypeScript of each .proto file anew, beside it: `name.proto` becomes `name-proto.ts`.
 *
 *   node scripts/protobuf.mjs            writes them
 *   node scripts/protobuf.mjs --check    says which ones do not match their .proto file, and writes none
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './command.mjs';
import { root, setup } from './setup.mjs';
import { setupTools, tools } from './tools.mjs';

const schemas = ['run-directory/event.proto', 'trainer-worker/compiler/run/onnx.proto'];

/**
 * @param {string[]} args
 * @throws an Error with what the program wrote, where it fails
 */
async function node(...args) {
  const { ok, output } = await run(process.execPath, args, { cwd: root });
  if (!ok) throw new Error(`${args[0]} failed:\n${output}`);
}

/** Writes the TypeScript of every schema into `folder`, in the project's format. */
async function generate(/** @type {string} */ folder) {
  const plugin = path.join(tools, 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es');
  const template = {
    version: 'v2',
    plugins: [
      {
        local: [process.execPath, plugin],
        out: folder,
        // TypeScript's own enums are code, which `erasableSyntaxOnly` forbids.
        opt: ['target=ts', 'erasable_syntax=true'],
      },
    ],
  };
  await node(
    path.join(tools, 'node_modules/@bufbuild/buf/bin/buf'),
    ...['generate', '--template', JSON.stringify(template)],
    ...schemas.flatMap((schema) => ['--path', schema]),
  );
  const files = schemas.map((schema) => path.join(folder, schema.replace('.proto', '_pb.ts')));
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const config = path.join(folder, 'biome.json');
  const { formatter, javascript } = JSON.parse(
    await readFile(path.join(root, 'biome.json'), 'utf8'),
  );
  await writeFile(
    config,
    JSON.stringify({ root: true, formatter, javascript, linter: { enabled: false } }),
  );
  await node(biome, 'check', '--write', `--config-path=${config}`, ...files);
  return Promise.all(files.map((file) => readFile(file, 'utf8')));
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
await setup();
await setupTools();
const folder = await mkdtemp(path.join(os.tmpdir(), 'ebm-protobuf-'));
try {
  const texts = await generate(folder);
  for (const [index, schema] of schemas.entries()) {
    const file = schema.replace('.proto', '-proto.ts');
    const place = path.join(root, file);
    const text = String(texts[index]);
    if (!values.check) {
      await writeFile(place, text);
    } else if (text !== (await readFile(place, 'utf8').catch(() => ''))) {
      console.error(`${file} does not match ${schema}: run node scripts/protobuf.mjs.`);
      process.exitCode = 1;
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
