import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import {
  commandIds,
  comparePanelType,
  contextKeys,
  runPanelType,
  runsFolder,
  runsViewId,
  settingDefaults,
} from '../../../extension/manifest';
import { backendNames } from '../../../protocol/backends';

interface PackageJson {
  readonly activationEvents: readonly string[];
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
  readonly icon: string;
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly menus: Readonly<
      Record<string, readonly { readonly command: string; readonly when?: string }[]>
    >;
    readonly keybindings: readonly { readonly command: string; readonly when: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly configuration: {
      readonly properties: Readonly<
        Record<
          string,
          {
            readonly default: unknown;
            readonly enum?: readonly string[];
            readonly markdownEnumDescriptions?: readonly string[];
          }
        >
      >;
    };
  };
}

// The tests run in the project's root, where its package.json is.
const text = await readFile('package.json', 'utf8');
const packageJson = JSON.parse(text) as PackageJson;
const titles = JSON.parse(await readFile('package.nls.json', 'utf8')) as Record<string, string>;
const { contributes } = packageJson;

describe('package.json and the typed constants agree on', () => {
  test('commands', () => {
    assert.deepEqual(
      contributes.commands.map(({ command }) => command).sort(),
      [...commandIds].sort(),
    );
  });

  test('the commands that menus and keys name', () => {
    const named = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
    for (const { command } of named)
      assert.ok((commandIds as readonly string[]).includes(command), command);
  });

  test('settings and their defaults', () => {
    const defaults = Object.entries(contributes.configuration.properties).map(([id, property]) => [
      id,
      property.default,
    ]);
    assert.deepEqual(Object.fromEntries(defaults), settingDefaults);
  });

  test('context keys: each one is used, and none is used that nobody writes', () => {
    const used = new Set(text.match(/\bebm\.(?:can|has)[A-Z]\w*/g));
    assert.deepEqual([...used].sort(), [...contextKeys].sort());
  });

  test('backends, each with its description', () => {
    const { enum: names, markdownEnumDescriptions: texts } =
      contributes.configuration.properties['ebm.backend']!;
    assert.deepEqual(names, ['auto', ...backendNames]);
    assert.equal(texts?.length, names?.length);
  });

  test('the tree of runs, by which its menus are chosen', () => {
    assert.deepEqual(
      Object.values(contributes.views).flatMap((views) => views.map(({ id }) => id)),
      [runsViewId],
    );
    const menus = Object.entries(contributes.menus).filter(([place]) => place.startsWith('view/'));
    assert.ok(menus.length > 0);
    for (const { command, when } of menus.flatMap(([, items]) => items)) {
      assert.ok(when?.startsWith(`view == ${runsViewId}`), command);
    }
  });

  test('the panel’s view type', () => {
    for (const type of [runPanelType, comparePanelType]) {
      assert.ok(packageJson.activationEvents.includes(`onWebviewPanel:${type}`));
    }
    assert.ok(text.includes(`activeWebviewPanelId == '${runPanelType}'`));
  });
});

test('the extension wakes for experiments, runs and its own panel, and for nothing else', () => {
  // Its commands and its view wake it without being named. Nothing here may be of all TypeScript, or
  // of every window.
  assert.deepEqual(
    [...packageJson.activationEvents].sort(),
    [
      `onWebviewPanel:${runPanelType}`,
      `onWebviewPanel:${comparePanelType}`,
      'workspaceContains:**/*.ebm.ts',
      `workspaceContains:${runsFolder}`,
    ].sort(),
  );
  // So what begins a run may not wait for it to be awake.
  const launching = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].filter(
    ({ command }) => command === 'ebm.launchRun',
  );
  assert.equal(launching.length, 4);
  for (const { when } of launching) assert.doesNotMatch(when ?? '', /\bebm\.(?:can|has)/);
});

test('every text of package.json is in package.nls.json, and nothing else is', () => {
  const used = [...text.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key);
  assert.deepEqual(new Set(used), new Set(Object.keys(titles)));
});

test('a workspace that is not trusted cannot choose the program that runs the trainer', () => {
  const restricted = packageJson.capabilities.untrustedWorkspaces.restrictedConfigurations;
  assert.ok(restricted.includes('ebm.nodePath'));
});

test('the icon that package.json names is there', () => {
  assert.ok(existsSync(packageJson.icon));
});
