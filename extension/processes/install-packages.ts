import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import { isProcessAlive } from '../../run-directory/process-alive';
import { installFailure } from './install-failure';
import type { NodeRuntime } from './node-runtime';
import { type ProcessOutcome, runProcess } from './run-process';

/** A package with a native part that a script of its own fetches. */
export interface NativePackage {
  /** `name@version`. */
  readonly spec: string;
  readonly name: string;
  /** The script in the package that fetches its native part, and its arguments. */
  readonly script: readonly [file: string, ...args: string[]];
  /** The folder in the package into which that goes, to see how far it is. */
  readonly target: string;
}

export interface InstallOptions {
  /** Where the packages are to be: replaced as a whole, by one rename. */
  readonly folder: string;
  readonly native: NativePackage;
  /** The Node that will load it: its Node-API decides which native part is fetched. */
  readonly node: NodeRuntime;
  readonly env: NodeJS.ProcessEnv;
  /** Ends what is running and leaves nothing behind; the promise then rejects with its reason. */
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

/** How often it is looked how far a download is. */
const lookMs = 1_000;

/**
 * Installs a package with npm into a folder of its own. All is made beside the folder and renamed at
 * the end, so that whatever goes wrong leaves what was there before, and no half of the new.
 *
 * npm runs no scripts: newer ones want a consent to each, which the user has given us already, and so
 * the one script that is needed is run by itself.
 *
 * @throws ProblemError `environment` where npm is missing or fails, `storage` where the folder cannot
 * be written; or the signal's reason
 */
export async function installPackage(options: InstallOptions): Promise<void> {
  const { folder, native, node, env, signal, onProgress } = options;
  const making = await makingFolder(folder);
  try {
    await writeFile(path.join(making, 'package.json'), '{ "private": true }\n');
    onProgress(`npm fetches ${native.spec} and what it needs`);
    await npmInstall(making, native, env, signal);
    const place = path.join(making, 'node_modules', native.name);
    const bin = path.join(making, 'node_modules/.bin');
    const looking = setInterval(() => {
      sizeOf(path.join(place, native.target)).then(
        (bytes) => onProgress(`downloading its native library, ${Math.round(bytes / 1e6)} MB`),
        // Not there yet, or renamed under our eyes: the next look will tell.
        () => undefined,
      );
    }, lookMs);
    try {
      onProgress('downloading its native library');
      const [script, ...args] = native.script;
      const outcome = await runProcess({
        program: node.path,
        args: [script, ...args],
        cwd: place,
        env: { ...withPath(env, bin), ...node.env },
        signal,
      });
      requireSuccess(outcome, `The native library of ${native.spec} could not be installed`);
    } finally {
      clearInterval(looking);
    }
    await replaceFolder(making, folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** A new folder beside the final one; what installations that died left there is removed. */
async function makingFolder(folder: string): Promise<string> {
  const parent = path.dirname(folder);
  const prefix = `${path.basename(folder)}.installing-`;
  try {
    await mkdir(parent, { recursive: true });
    for (const name of await readdir(parent)) {
      const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
      if (pid > 0 && !(await isProcessAlive(pid))) {
        await rm(path.join(parent, name), { recursive: true, force: true });
      }
    }
    return await mkdtemp(path.join(parent, `${prefix}${process.pid}-`));
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'storage',
        message: `${parent} cannot be written: ${(error as Error).message}.`,
        remedy: 'Free some space, or make the folder writable.',
      },
      { cause: error },
    );
  }
}

async function npmInstall(
  cwd: string,
  { spec }: NativePackage,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const program = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  let outcome: ProcessOutcome;
  try {
    outcome = await runProcess({
      program,
      args: ['install', '--ignore-scripts', '--no-audit', '--no-fund', spec],
      cwd,
      env,
      signal,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ProblemError(
      {
        kind: 'environment',
        message:
          'npm was not found on the PATH of the editor, and it is what installs the package.',
        remedy:
          'Install Node.js with npm (https://nodejs.org), then start the editor anew so that it sees them.',
      },
      { cause: error },
    );
  }
  requireSuccess(outcome, `npm could not install ${spec}`);
}

function requireSuccess(outcome: ProcessOutcome, what: string): void {
  if (outcome.code === 0) return;
  const { why, remedy } = installFailure(outcome);
  throw new ProblemError({
    kind: 'environment',
    message: `${what}: ${why}.`,
    remedy,
    detail: `${outcome.out}\n${outcome.errors}`.trim().split('\n').slice(-40).join('\n'),
  });
}

function withPath(env: NodeJS.ProcessEnv, first: string): NodeJS.ProcessEnv {
  // Windows writes it in one case or another.
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...env, [name]: [first, env[name]].filter(Boolean).join(path.delimiter) };
}

async function replaceFolder(made: string, folder: string): Promise<void> {
  const former = `${made}.former`;
  await rename(folder, former).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  try {
    await rename(made, folder);
  } catch (error) {
    await rename(former, folder);
    throw error;
  }
  await rm(former, { recursive: true, force: true });
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
