/**
 * Programs that only those need who change a schema or make the API reference: tools/ has a package.json
 * of its own, so that nobody else waits for them. Here also lives the TypeScript whose interface for
 * programs typedoc needs; the project's own compiler no longer has one.
 */
import path from 'node:path';
import { root, setup } from './setup.mjs';

export const tools = path.join(root, 'tools');

/** Installs the tools where they are missing or another commit's. */
export async function setupTools() {
  return await setup(tools);
}
