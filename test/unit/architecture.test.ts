/** The pictures of docs/architecture.md against the folders and imports that they draw. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
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
  const [top, inner] = Folders!;
  const named = [
    ...[...Processes![0]!.labels.values()].flatMap((label) => /<br>(.+)$/.exec(label)?.[1] ?? []),
    ...top!.labels.values(),
    ...[...inner!.labels.values()].map((label) => `trainer-worker/${label}`),
  ];
  assert.ok(named.length > 25, `Only these were found: ${named}`);
  for (const folder of named) assert.ok((await stat(folder)).isDirectory(), folder);
});

test('the arrows between the folders at the top are their imports, all of them', async () => {
  const [top] = (await pictures())['Folders']!;
  const drawn = top!.arrows.map(([from, to]) => `${folderOf(top!, from)} → ${folderOf(top!, to)}`);
  const folders = [...top!.labels.keys()].map((id) => folderOf(top!, id));
  assert.deepEqual(drawn.sort(), [...(await importsIn('.', folders))].sort());
});

test('each arrow inside trainer-worker is an import', async () => {
  const inner = (await pictures())['Folders']![1]!;
  const entries = await readdir('trainer-worker', { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const imports = await importsIn('trainer-worker', folders);
  const members = (id: string) => inner.frames.get(id) ?? [id];
  assert.ok(inner.arrows.length > 15);
  for (const [from, to] of inner.arrows) {
    const pairs = members(from).flatMap((one) =>
      members(to).map((other) => `${folderOf(inner, one)} → ${folderOf(inner, other)}`),
    );
    assert.ok(
      pairs.some((pair) => imports.has(pair)),
      `${from} → ${to} is drawn, and nothing of it is imported.`,
    );
  }
});
