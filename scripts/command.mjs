/**
 * Child processes for the scripts: each in a process group of its own, none of which outlives the
 * script, however that ends.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** @type {Set<ChildProcess>} */
const living = new Set();
/** @type {(() => Promise<void>)[]} */
const endings = [];
/** A program that has the terminal to itself. @type {ChildProcess | undefined} */
let foreground;
let isWatching = false;
let isEnding = false;

/** Ends the children when a signal ends this process, and kills those that live when it ends. */
function watchOwnEnd() {
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const child of living) signalGroup(child, 'SIGKILL');
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (foreground !== undefined) {
        // The terminal sends its own SIGINT to the program too, which then ends as it sees fit.
        if (signal !== 'SIGINT') foreground.kill(signal);
        return;
      }
      const exit = () => process.exit(128 + os.constants.signals[signal]);
      // Whoever asks twice does not want to wait.
      if (isEnding) exit();
      isEnding = true;
      endAll().then(exit, exit);
    });
  }
}

async function endAll() {
  await Promise.all([...living].map(stop));
  for (const work of endings) await work();
}

/**
 * Has this done when a signal ends this process, after its children have ended.
 * @param {() => Promise<void>} work
 */
export function atEnd(work) {
  watchOwnEnd();
  endings.push(work);
}

/**
 * Signals a child and all that it started.
 * @param {ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // The group has ended by itself.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/**
 * Starts a program in a process group of its own, which ends with this process at the latest.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function start(program, args, options = {}) {
  watchOwnEnd();
  const child = spawn(program, args, { ...options, detached: process.platform !== 'win32' });
  living.add(child);
  // A group may outlive its leader; `stop` ends it, or the end of this process does.
  child.once('error', () => living.delete(child));
  return child;
}

/**
 * Ends a child and all that it started: politely, and after five seconds by force.
 * @param {ChildProcess} child
 */
export async function stop(child) {
  const gone = hasExited(child)
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));
  signalGroup(child, 'SIGTERM');
  const force = setTimeout(() => signalGroup(child, 'SIGKILL'), 5000);
  await gone;
  clearTimeout(force);
  // What the leader left behind.
  signalGroup(child, 'SIGKILL');
  living.delete(child);
}

/** @param {ChildProcess} child */
export function hasExited(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * @typedef {object} Outcome
 * @property {boolean} ok whether the program ended with 0
 * @property {string} output what it wrote to stdout and stderr, in order
 */

/**
 * Runs a program to its end and collects what it writes.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<Outcome>}
 */
export async function run(program, args, { cwd, env, timeoutMs } = {}) {
  let output = '';
  const child = start(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const tooLate = () => {
    output += `\nEnded: it took longer than ${(timeoutMs ?? 0) / 1000} s.\n`;
    signalGroup(child, 'SIGKILL');
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(tooLate, timeoutMs);
  try {
    const ok = await new Promise((resolve) => {
      child.once('error', (error) => {
        output += `${program}: ${error.message}\n`;
        resolve(false);
      });
      child.once('close', (code) => resolve(code === 0));
    });
    return { ok, output };
  } finally {
    clearTimeout(timer);
    living.delete(child);
  }
}

/**
 * Runs a program that has this terminal to itself, to its end.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
export async function runInForeground(program, args) {
  watchOwnEnd();
  const child = spawn(program, args, { stdio: 'inherit' });
  foreground = child;
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        resolve(code ?? 128 + os.constants.signals[signal ?? 'SIGKILL']),
      );
    });
  } finally {
    foreground = undefined;
  }
}

/**
 * Runs npm with the Node that runs this script.
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export async function npm(args, cwd) {
  const besideNode = path.dirname(process.execPath);
  const script = [
    process.env['npm_execpath'] ?? '',
    path.join(besideNode, '../lib/node_modules/npm/bin/npm-cli.js'),
    path.join(besideNode, 'node_modules/npm/bin/npm-cli.js'),
  ].find((file) => path.basename(file) === 'npm-cli.js' && existsSync(file));
  return script === undefined
    ? run('npm', args, { cwd })
    : run(process.execPath, [script, ...args], { cwd });
}

/**
 * The first of these programs that lies on the `PATH`.
 * @param {readonly string[]} names
 */
export function findOnPath(names) {
  const suffixes =
    process.platform === 'win32' ? (process.env['PATHEXT'] ?? '.EXE;.CMD').split(';') : [''];
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    for (const name of names) {
      for (const suffix of suffixes) {
        const file = path.join(folder, name + suffix);
        if (folder !== '' && existsSync(file)) return file;
      }
    }
  }
  return undefined;
}
