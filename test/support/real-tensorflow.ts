import path from 'node:path';
import { installRealTensorflow } from '../../scripts/real-tensorflow.mjs';

const found = await installRealTensorflow();

/**
 * Why checks on a real TensorFlow have to be left out here, or false; never in CI, where the machine
 * could have one.
 */
export const withoutTensorflow: string | false = 'missing' in found ? found.missing : false;
if ('missing' in found && found.possible && process.env['CI']) throw new Error(found.missing);

/** The folder whose `node_modules` has `@tensorflow/tfjs-node`, built. */
export function tensorflowFolder(): string {
  if ('missing' in found) throw new Error(found.missing);
  return path.resolve(found.folder);
}
