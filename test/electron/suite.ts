/**
 * What only an extension host can say of the extension: it runs inside one, that of the desktop's VS
 * Code (scripts/electron.mjs) or that of the one in the browser (test/e2e/extension-host.test.ts).
 *
 * The window's folder is a copy of the examples whose `two-moons.ebm.ts` trains for {@link steps} steps.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { RunManifest } from '../../protocol/run';
import { readScalars } from '../../run-directory/event-file';
import { listRuns } from '../../run-directory/listing';
import { experimentFile, steps } from '../../scripts/short-run.mjs';
import { isLiving } from '../../vocabulary/run-status';
import { until } from '../support/condition';

function ownExtension(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension('ebm-lab.ebm-lab');
  assert.ok(extension, 'The editor does not know the extension.');
  return extension;
}

function folder(): string {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(first, 'No folder is open.');
  return first.uri.fsPath;
}

async function activates(): Promise<void> {
  await ownExtension().activate();
  assert.ok(ownExtension().isActive);
}

async function registersItsCommands(): Promise<void> {
  const { contributes } = ownExtension().packageJSON as {
    contributes: { commands: { command: string }[] };
  };
  const declared = contributes.commands.map(({ command }) => command);
  assert.ok(declared.length > 0, 'package.json declares no command.');
  // Without those that begin with an underscore, which are internal.
  const registered = new Set(await vscode.commands.getCommands(true));
  assert.deepEqual(
    declared.filter((command) => !registered.has(command)),
    [],
    'Some commands are declared and not registered.',
  );
}

interface FoundRun {
  readonly directory: string;
  readonly manifest: RunManifest;
}

async function trainsToTheEnd(): Promise<FoundRun> {
  const uri = vscode.Uri.file(path.join(folder(), experimentFile));
  await vscode.window.showTextDocument(uri);
  await vscode.commands.executeCommand('ebm.launchRun');
  const run = await until('a run that has ended', async () => {
    const [listing] = await listRuns(path.join(folder(), '.ebm/runs'));
    if (listing === undefined || !('manifest' in listing)) return undefined;
    const { state, worker } = listing.manifest;
    return isLiving(state.status) || worker !== undefined ? undefined : listing;
  });
  const { status, step, problem } = run.manifest.state;
  assert.deepEqual(
    { status, step, problem },
    { status: 'finished', step: steps, problem: undefined },
  );
  return run;
}

async function opensItsPanel({ manifest }: FoundRun): Promise<void> {
  // Called by its experiment's file until the run has a name.
  await until(`the panel of ${manifest.name}`, () =>
    vscode.window.tabGroups.all
      .flatMap(({ tabs }) => tabs)
      // The editor puts a word of its own before the type.
      .some(
        ({ input, label }) =>
          input instanceof vscode.TabInputWebview &&
          /ebm\.run$/.test(input.viewType) &&
          label === manifest.name,
      ),
  );
}

async function leavesAWholeDirectory({ directory }: FoundRun): Promise<void> {
  const losses: number[] = [];
  for await (const { series, problem } of readScalars(directory)) {
    assert.equal(problem, undefined);
    losses.push(...(series['loss']?.steps ?? []));
  }
  assert.deepEqual(
    losses,
    Array.from({ length: steps }, (_, index) => index + 1),
  );
  const source = path.join(directory, 'source', experimentFile);
  const launched = await readFile(path.join(folder(), experimentFile), 'utf8');
  assert.equal(await readFile(source, 'utf8'), launched);
  const last = `${String(steps).padStart(9, '0')}.safetensors`;
  const checkpoints = await readdir(path.join(directory, 'checkpoints'));
  assert.ok(checkpoints.includes(last), `The checkpoints are ${checkpoints}.`);
  const previews = await readdir(path.join(directory, 'samples'));
  assert.ok(
    previews.some((name) => name.endsWith('.npy')),
    'No samples were kept.',
  );
  await readFile(path.join(directory, 'worker.log'));
}

/** VS Code calls this; a suite that rejects has failed. */
export async function run(): Promise<void> {
  let ended: FoundRun | undefined;
  const parts: [name: string, play: () => Promise<void>][] = [
    ['it activates', activates],
    ['it registers every command that it declares', registersItsCommands],
    [
      'it trains an experiment to its end',
      async () => {
        ended = await trainsToTheEnd();
      },
    ],
    ["it opens the run's panel", () => opensItsPanel(ended!)],
    ['it leaves a whole run directory', () => leavesAWholeDirectory(ended!)],
  ];
  for (const [name, play] of parts) {
    try {
      await play();
    } catch (error) {
      // The parts after it build on it.
      throw new Error(`✗ ${name}: ${error instanceof Error ? error.stack : error}`);
    }
    // biome-ignore lint/suspicious/noConsole: a host hands this on to whoever started it
    console.log(`✓ ${name}`);
  }
}
