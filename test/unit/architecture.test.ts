/** The pictures of docs/architecture.md, and the map of CONTRIBUTING.md, against the folders and imports that they draw. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

/** A flowchart's boxes and arrows; a frame stands for every box in it. */
interface Picture {
  /** Box → its label. */
  readonly labels: ReadonlyMap<string, string>;
  readonly arrows: readonly (readonly [from: string, to: string])[];
  readonly frames: ReadonlyMap<string, readonly string[]>;
}

/** Reads the part of Mermaid that the pictures are written in. */
function pictureOf(source: string): Picture {
  const labels = new Map<string, string>();
  const frames = new Map<string, string[]>();
  const arrows: [string, string][] = [];
  let frame: string[] | undefined;
  const box = (text: string) => {
    const [, id, label] = /^([\w-]+)(?:\[\(?"(.*)"\)?\])?$/.exec(text) ?? [];
    assert.ok(id, `Not understood: ${text}`);
    if (label !== undefined) {
      labels.set(id, label);
      frame?.push(id);
    }
    return id;
  };
  for (const line of source.split('\n').map((line) => line.trim())) {
    const opened = /^subgraph ([\w-]+)/.exec(line);
    const arrow = /^(.+?) (?:-- "?[^"]*"? )?--> (.+)$/.exec(line);
    if (opened) {
      frame = [];
      frames.set(opened[1]!, frame);
    } else if (line === 'end') frame = undefined;
    else if (arrow) arrows.push([box(arrow[1]!), box(arrow[2]!)]);
    else if (line !== '' && !line.startsWith('flowchart')) box(line);
  }
  return { labels, arrows, frames };
}

async function pictures(): Promise<Record<string, Picture[]>> {
  const text = await readFile('docs/architecture.md', 'utf8');
  const bySection: Record<string, Picture[]> = {};
  for (const section of text.split(/^## /m).slice(1)) {
    const title = section.slice(0, section.indexOf('\n'));
    bySection[title] = [...section.matchAll(/```mermaid\n(flowchart[\s\S]*?)```/g)].map((match) =>
      pictureOf(match[1]!),
    );
  }
  return bySection;
}

/** Which folders of `parent` import from which others of it. */
async function importsIn(parent: string, folders: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const folder of folders) {
    const names = await readdir(path.join(parent, folder), { recursive: true });
    for (const name of names.filter((name) => name.endsWith('.ts'))) {
      const file = path.join(parent, folder, name);
      const text = await readFile(file, 'utf8');
      for (const [, target] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
        const imported = path.relative(parent, path.join(path.dirname(file), target!));
        const [other] = imported.split(path.sep);
        if (other !== folder && folders.includes(other!)) found.add(`${folder} → ${other}`);
      }
    }
  }
  return found;
}

const folderOf = ({ labels }: Picture, id: string) => labels.get(id)!.replace(/\/$/, '');

test('the folders that a picture names exist', async () => {
  const { Processes, Folders } = await pictures();
  const [top, ...inner] = Folders!;
  const named = [
    ...[...Processes![0]!.labels.values()].flatMap((label) => /<br>(.+)$/.exec(label)?.[1] ?? []),
    ...top!.labels.values(),
    ...inner
      .flatMap(({ labels }) => [...labels.values()])
      .map((label) => `trainer-worker/${label}`),
  ];
  assert.ok(named.length > 35, `Only these were found: ${named}`);
  for (const folder of named) assert.ok((await stat(folder)).isDirectory(), folder);
});

test('the arrows between the folders at the top are their imports, all of them', async () => {
  const [top] = (await pictures())['Folders']!;
  const drawn = top!.arrows.map(([from, to]) => `${folderOf(top!, from)} → ${folderOf(top!, to)}`);
  const folders = [...top!.labels.keys()].map((id) => folderOf(top!, id));
  assert.deepEqual(drawn.sort(), [...(await importsIn('.', folders))].sort());
});

test('the arrows between the floors of trainer-worker are their imports, all of them', async () => {
  const floors = (await pictures())['Folders']![1]!;
  const drawn = floors.arrows.map(
    ([from, to]) => `${folderOf(floors, from)} → ${folderOf(floors, to)}`,
  );
  const folders = await foldersIn('trainer-worker');
  assert.deepEqual(drawn.sort(), [...(await importsIn('trainer-worker', folders))].sort());
});

for (const [place, floor] of ['trainer', 'methods', 'compiler'].entries()) {
  const parent = `trainer-worker/${floor}`;

  test(`each arrow inside ${parent} is an import`, async () => {
    const picture = (await pictures())['Folders']![2 + place]!;
    const imports = await importsIn(parent, await foldersIn(parent));
    assert.ok(picture.arrows.length > 5);
    for (const ends of picture.arrows) {
      const [from, to] = ends.map((id) => path.basename(folderOf(picture, id)));
      assert.ok(imports.has(`${from} → ${to}`), `${from} → ${to} is drawn, and not imported.`);
    }
  });

  test(`no circle leads through the folders of ${parent}`, async () => {
    const imports = await importsIn(parent, await foldersIn(parent));
    const reached = (folder: string, seen: ReadonlySet<string>): void => {
      for (const arrow of imports) {
        const [from, to] = arrow.split(' → ') as [string, string];
        if (from !== folder) continue;
        assert.ok(!seen.has(to), `${[...seen, to].join(' → ')}`);
        reached(to, new Set([...seen, to]));
      }
    };
    for (const folder of await foldersIn(parent)) reached(folder, new Set([folder]));
  });
}

test('the linter refuses an import from a floor above', async (t) => {
  const upwards = {
    'trainer-worker/compiler/graph': '../../methods/options/numbers',
    'trainer-worker/methods/data': '../../trainer/training/loop',
    'trainer-worker/trainer/training': '../../cli/overrides',
    vocabulary: '../run-directory/files',
    protocol: '../vocabulary/run-status',
  };
  for (const [folder, target] of Object.entries(upwards)) {
    const file = path.join(folder, `refused-import-${process.pid}.ts`);
    t.after(() => rm(file, { force: true }));
    await writeFile(file, `import * as above from '${target}';\n\nexport const all = above;\n`);
    const biome = path.resolve('node_modules/@biomejs/biome/bin/biome');
    const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', file], {
      encoding: 'utf8',
    });
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /noRestrictedImports/);
  }
});

async function foldersIn(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Every folder and file that the map of CONTRIBUTING.md names; one line may name several beside it. */
async function mapped(): Promise<string[]> {
  const text = await readFile('CONTRIBUTING.md', 'utf8');
  const [, map = ''] = /^## The map\n\n```\n([\s\S]*?)```/m.exec(text) ?? [];
  const above: string[] = [];
  return map
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const words = line.trim().split(/ +/);
      const said = words.findIndex((word) => !/^[\w.-]+\//.test(word));
      const depth = line.search(/\S/) / 2;
      const names = words.slice(0, said).map((name) => path.join(...above.slice(0, depth), name));
      assert.notEqual(names.length, 0, `Not understood: ${line}`);
      above.splice(depth, above.length, words[0]!);
      // What is said of a folder may name one inside.
      const inside = words.slice(said).filter((word) => /^[\w-]+\/$/.test(word));
      return [...names, ...inside.map((name) => path.join(names[0]!, name))];
    });
}

test('the map names folders and files that exist, and all rooms of the houses that it opens', async () => {
  const named = await mapped();
  for (const name of named) assert.ok(await stat(name).catch(() => undefined), `no ${name}`);
  const houses = [
    'extension',
    ...['compiler', 'methods', 'trainer'].map((floor) => `trainer-worker/${floor}`),
  ];
  for (const house of ['trainer-worker', ...houses]) {
    const rooms = (await readdir(house, { withFileTypes: true })).filter((at) => at.isDirectory());
    const missing = rooms.filter(({ name }) => !named.includes(path.join(house, name, '/')));
    assert.deepEqual(
      missing.map(({ name }) => `${house}/${name}`),
      [],
    );
  }
});

test('the folders of unit tests are those of the source, the floors of the trainer at the top', async () => {
  const isFolder = (folder: string) =>
    stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
  const names = await readdir('test/unit', { recursive: true });
  const folders = new Set(names.map((name) => path.dirname(name)));
  folders.delete('.');
  assert.ok(folders.size > 10);
  for (const folder of folders) {
    const places = [folder, path.join('trainer-worker', folder)];
    const found = await Promise.all(places.map(isFolder));
    assert.ok(found.includes(true), `test/unit/${folder} is of no folder of the source.`);
  }
});
