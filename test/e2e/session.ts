import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { format } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';
import { type Host, type HostOptions, startHost } from '../../scripts/vscode-host.mjs';
import { patienceMs, until } from '../support/condition';
import { Panel } from './panel';
import { livingTrainers, runsIn, workerLogs } from './run-files';
import { Workbench } from './workbench';

/** npm and the test runner start us in the repository. */
export const repository = process.cwd();

export interface SessionOptions extends Pick<HostOptions, 'packages' | 'trust' | 'settings'> {
  /** Whether the window has a folder open: a copy of the examples. */
  readonly hasFolder?: boolean;
  /** A file of the examples to open in the editor. */
  readonly file?: string;
  /** Changes the copy of the examples before the window opens. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Runs the extension as F5 does, and this script in its host. */
  readonly tests?: { readonly extension: string; readonly suite: string };
}

/** A VS Code with the extension, a browser that shows it, and a folder of its own. */
export interface Session {
  readonly workbench: Workbench;
  readonly panel: Panel;
  readonly host: Host;
  readonly context: BrowserContext;
  /** A copy of examples/ outside the repository. */
  readonly folder: string;
  /** The address of the window. */
  readonly url: string;
  /** What the host's tests write, and their exit code. */
  readonly hostTests: HostTests;
}

/** Tests that run inside the extension host. */
interface HostTests {
  readonly lines: readonly string[];
  /** When they have ended: 0 where all passed. */
  readonly exitCode: Promise<number>;
}

/** Listens to what the page tells of tests in the extension host. */
async function listen(page: Page): Promise<HostTests> {
  const lines: string[] = [];
  await page.exposeFunction('codeAutomationLog', (_kind: string, words: unknown[]) => {
    lines.push(format(...words));
  });
  let end: (code: number) => void = () => undefined;
  const exitCode = new Promise<number>((resolve) => {
    end = resolve;
  });
  await page.exposeFunction('codeAutomationExit', (code: number) => end(code));
  return { lines, exitCode };
}

/** What a story tells of itself while it goes on. */
interface Tell {
  /** A part of the story, counted as a test. What fails ends the story: the rest builds on it. */
  part(name: string, play: () => Promise<void>): Promise<void>;
  /** Something worth knowing that is no matter of pass or fail. */
  note(text: string): void;
}

function tellOf(t: TestContext): Tell {
  return {
    note: (text) => t.diagnostic(text),
    part: async (name, play) => {
      const outcome: { error?: unknown } = {};
      await t.test(name, async () => {
        try {
          await play();
        } catch (error) {
          outcome.error = error;
          throw error;
        }
      });
      if ('error' in outcome) throw outcome.error;
    },
  };
}

async function launchBrowser(): Promise<Browser> {
  const executablePath = await findChromium();
  if (executablePath === undefined) throw new Error('There is no Chromium: run npm test.');
  return await chromium.launch({
    executablePath,
    // The new headless mode is the same browser; playwright's own flag would ask for the old one.
    headless: false,
    args: [
      ...['--headless=new', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      // Chromium's sandbox cannot be set up by root, as whom containers run.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
}

/** What a user does in a window, and sees. */
export type Play = (session: Session, tell: Tell) => Promise<void>;

/** The experiment that stories are about. */
export const experimentFile = 'two-moons.ebm.ts';

/** Puts a fresh copy of the examples in place of whatever a folder holds. */
async function layOut(folder: string, prepare?: SessionOptions['prepare']): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    await rm(path.join(folder, name), { recursive: true, force: true, maxRetries: 10 });
  }
  await cp(path.join(repository, 'examples'), folder, {
    recursive: true,
    filter: (source) => path.basename(source) !== '.ebm',
  });
  await prepare?.(folder);
}

/** Opens a VS Code, and afterwards ends every process of it and of its runs. */
async function withSession(
  options: SessionOptions,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const { hasFolder = true, file, prepare, tests, ...hostOptions } = options;
  const temporary = await mkdtemp(path.join(tmpdir(), 'ebm-e2e-'));
  // Its name is in the window's title.
  const folder = path.join(temporary, 'examples');
  const closing: (() => Promise<unknown>)[] = [
    () => rm(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
    () => endTrainers(folder),
  ];
  try {
    await layOut(folder, prepare);
    const host = await startHost({
      ...hostOptions,
      extensions: hostOptions.packages || tests ? [] : [repository],
      automation: tests !== undefined,
    });
    closing.push(host.stop);
    const browser = await launchBrowser();
    closing.push(() => browser.close());
    const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    // The extension host lingers for minutes after a browser that was closed with its page open.
    closing.push(() => page.close());
    const workbench = new Workbench(page);
    const url = host.urlOf({
      ...(hasFolder ? { folder } : {}),
      ...(file ? { file: path.join(folder, file) } : {}),
      ...(tests ? { tests } : {}),
    });
    const hostTests = await listen(page);
    await use({ workbench, panel: new Panel(workbench), host, context, folder, url, hostTests });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Plays; where that fails, keeps a picture and logs, and says in the error where. */
async function keepingTraces(
  name: string,
  session: Session,
  play: () => Promise<void>,
): Promise<void> {
  try {
    await play();
  } catch (error) {
    const seen = await whatIsSeen(session).catch(messageOf);
    const kept = await keepTraces(name, session);
    throw new Error(`${messageOf(error)}\n${seen}\nSee ${kept}`, { cause: error });
  }
}

/**
 * A test that drives a real VS Code. When it fails, a picture of the window, the host's log and the
 * trainers' logs are kept, and the message names where. Afterwards no process is left.
 */
export function story(
  name: string,
  options: SessionOptions | (() => Promise<SessionOptions>),
  play: Play,
): void {
  test(name, { timeout: 4 * patienceMs }, async (t) => {
    await withSession(typeof options === 'function' ? await options() : options, (session) =>
      keepingTraces(name, session, async () => {
        await session.workbench.open(session.url);
        await play(session, tellOf(t));
      }),
    );
  });
}

/** A story among others in one window. */
export interface Episode {
  readonly name: string;
  readonly prepare?: SessionOptions['prepare'];
  readonly play: Play;
}

/**
 * Tests that share a window, since to open one takes longer than most stories. Each begins with the
 * experiment in the editor, in a folder as new, and what fails in one hides none of the others.
 */
export function stories(name: string, episodes: readonly Episode[]): void {
  test(name, { timeout: 4 * patienceMs }, async (t) => {
    await withSession({ file: experimentFile }, async (session) => {
      const { workbench, folder } = session;
      await workbench.open(session.url);
      for (const episode of episodes) {
        await t.test(episode.name, (part) =>
          keepingTraces(episode.name, session, async () => {
            await workbench.runCommand('View: Close All Editors');
            await workbench.runCommand('Notifications: Clear All Notifications');
            await endTrainers(folder);
            await layOut(folder, episode.prepare);
            await workbench.openFile(experimentFile);
            await episode.play(session, tellOf(part));
          }),
        );
      }
    });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Trainers outlive their editor by design, so a test that fails half-way leaves one. */
async function endTrainers(folder: string): Promise<void> {
  await until('the trainers have ended', async () => {
    const living = await livingTrainers(folder);
    for (const pid of living) process.kill(pid, 'SIGKILL');
    return living.length === 0;
  });
}

/** What the window shows and which runs there are, in words: a log outlives the pictures. */
async function whatIsSeen({ workbench, folder }: Session): Promise<string> {
  const runs = (await runsIn(folder)).map(({ manifest: { name, state } }) => {
    return `${name}: ${JSON.stringify(state).slice(0, 500)}`;
  });
  return [...(await workbench.inWords()), ...runs.map((run) => `run ${run}`)].join('\n');
}

/** Keeps what tells why a story failed, and answers with the folder. */
async function keepTraces(name: string, { workbench, host, folder }: Session): Promise<string> {
  const kept = path.join(repository, 'out/e2e-failures', name.replaceAll(/[^\w]+/g, '-'));
  await rm(kept, { recursive: true, force: true });
  await mkdir(kept, { recursive: true });
  await workbench.page.screenshot({ path: path.join(kept, 'window.png') });
  await writeFile(path.join(kept, 'host.log'), `${host.log()}\n${await extensionLogs(host)}`);
  await writeFile(path.join(kept, 'worker.log'), await workerLogs(folder));
  return kept;
}

/** What extensions wrote to their output channels, and the extension host itself. */
async function extensionLogs(host: Host): Promise<string> {
  const logs = path.join(host.userData, 'logs');
  const names = await readdir(logs, { recursive: true }).catch(() => []);
  const texts = names
    .filter((name) => name.endsWith('EBM Lab.log') || name.endsWith('remoteexthost.log'))
    .map(async (name) => `==> ${name}\n${await readFile(path.join(logs, name), 'utf8')}`);
  return (await Promise.all(texts)).join('\n');
}
