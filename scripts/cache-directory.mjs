import os from 'node:os';
import path from 'node:path';

/**
 * A folder for what can be made again, by the custom of this system.
 * @param {string[]} parts path inside it
 */
export function cacheDirectory(...parts) {
  const home = os.homedir();
  const caches = {
    darwin: path.join(home, 'Library/Caches'),
    win32: process.env['LOCALAPPDATA'] ?? path.join(home, 'AppData/Local'),
    other: process.env['XDG_CACHE_HOME'] || path.join(home, '.cache'),
  };
  const { platform } = process;
  const system = platform === 'darwin' || platform === 'win32' ? platform : 'other';
  return path.join(caches[system], 'ebm-lab', ...parts);
}
