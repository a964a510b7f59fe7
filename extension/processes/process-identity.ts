/** Questions about processes that this one did not start, or did before it was reloaded. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isProcessAlive } from '../../run-directory/process-alive';

/**
 * Whether the process of this id is the trainer of the run in `directory`, judged by its command
 * line. Process ids are used again, so nothing is ever killed that fails this.
 */
export async function isTrainerOf(pid: number, directory: string): Promise<boolean> {
  if (!(await isProcessAlive(pid))) return false;
  const line = await commandLine(pid);
  return line?.includes(directory) === true;
}

/** The command line of a process, or `undefined` where it cannot be told. */
async function commandLine(pid: number): Promise<string | undefined> {
  const run = promisify(execFile);
  try {
    switch (process.platform) {
      case 'linux':
        return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      case 'win32': {
        const query = `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CommandLine`;
        const { stdout } = await run('powershell.exe', ['-NoProfile', '-Command', query], {
          windowsHide: true,
        });
        return stdout;
      }
      default:
        return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
    }
  } catch {
    // It ended meanwhile, or the system does not tell: either way it is not known to be ours.
    return undefined;
  }
}
