/** What F5 starts, for whoever starts the same without an editor. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * @typedef {object} LaunchConfiguration
 * @property {string} extensionDevelopmentPath the extension that runs from where it is
 * @property {string} folder the folder that the window opens
 */

/**
 * The configuration that F5 takes: the first one of .vscode/launch.json.
 * @param {string} root the repository
 * @returns {Promise<LaunchConfiguration>}
 * @throws an Error where that does not open an extension on a folder
 */
export async function launchConfiguration(root) {
  const text = await readFile(path.join(root, '.vscode/launch.json'), 'utf8');
  const [first] = JSON.parse(text).configurations;
  const option = '--extensionDevelopmentPath=';
  /** @type {string[]} */
  const args = (first.args ?? []).map((/** @type {string} */ argument) =>
    path.normalize(argument.replace(/\$\{workspaceFolder\}/g, () => root)),
  );
  const extension = args.find((argument) => argument.startsWith(option))?.slice(option.length);
  const folder = args.find((argument) => !argument.startsWith('--'));
  if (first.type !== 'extensionHost' || extension === undefined || folder === undefined) {
    throw new Error('The first configuration of launch.json opens no extension on a folder.');
  }
  return { extensionDevelopmentPath: extension, folder };
}
