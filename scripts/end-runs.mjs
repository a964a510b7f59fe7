/** Ends the trainers of a folder's runs, which by design outlive the editor that started them. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './command.mjs';

/**
 * Whether a process is the trainer of this run: a run that died without a word leaves its process
 * id behind, which by now may be somebody else's.
 * @param {number} pid
 * @param {string} directory
 */
async function isTrainerOf(pid, directory) {
  const { ok, output } =
    process.platform === 'win32'
      ? await run('powershell', [
          ...['-NoProfile', '-Command'],
          `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`,
        ])
      : await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  return ok && output.includes(directory);
}

/**
 * The trainers of a folder's runs that live.
 * @param {string} folder
 */
async function livingTrainers(folder) {
  const runs = path.join(folder, '.ebm/runs');
  const trainers = [];
  for (const name of await readdir(runs).catch(() => [])) {
    const directory = path.join(runs, name);
    const text = await readFile(path.join(directory, 'run.json'), 'utf8').catch(() => '{}');
    const pid = JSON.parse(text).worker?.pid;
    if (Number.isInteger(pid) && (await isTrainerOf(pid, directory))) {
      trainers.push({ name, pid, directory });
    }
  }
  return trainers;
}

/**
 * Asks the trainers of a folder's runs to end, and ends by force what has not after ten seconds.
 * @param {string} folder
 */
export async function endRuns(folder) {
  for (const { name, pid, directory } of await livingTrainers(folder)) {
    process.kill(pid, 'SIGTERM');
    const deadline = Date.now() + 10_000;
    while (await isTrainerOf(pid, directory)) {
      if (Date.now() > deadline) {
        process.kill(pid, 'SIGKILL');
        break;
      }
      await delay(100);
    }
    console.log(`Ended the run ${name}.`);
  }
}
