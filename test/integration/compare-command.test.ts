/** `ebm compare` on runs that were trained for it. Needs `dist/ebm.js`. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { lastValues } from '../../run-directory/last-values';
import { readManifest } from '../../run-directory/manifest';
import { command, refuse, runsIn, succeed } from '../support/shell-runs';
import { temporaryFolder } from '../support/temporary';

const source = `
import { data, energy, experiment, objective, optimizer } from 'ebm-lab';
export default experiment({
  name: 'Little, and quick',
  data: data.twoMoons({ samples: 64, heldOut: 16 }),
  energy: energy.mlp({ hidden: [8] }),
  objective: objective.slicedScoreMatching(),
  optimizer: optimizer.adam({ learningRate: 1e-3 }),
  batchSize: 16,
  steps: 3,
  preview: { diagnostics: [], chainSteps: 0, samples: 8 },
});
`;

test('runs side by side: only what differs, the best first, as table, CSV and JSON', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(path.join(folder, 'quick.ebm.ts'), source);
  for (const rate of ['0.001', '0.1', '0.01']) {
    const set = ['--set', `optimizer.learningRate=${rate}`];
    await succeed(command(t, folder, 'run', 'quick.ebm.ts', ...set));
  }
  const directories = await runsIn(folder);
  const ids = await Promise.all(directories.map(async (each) => (await readManifest(each)).id));
  const losses = await Promise.all(
    directories.map(async (each) => (await lastValues(each))['loss']!),
  );
  const best = [0, 1, 2].sort((a, b) => losses[a]! - losses[b]!);

  const table = command(t, folder, 'compare', ...ids, '--metric', 'loss');
  await succeed(table);
  const [head, ...lines] = table.out().trimEnd().split('\n');
  assert.match(head!, /^id +name +status +step +trained +optimizer\.learningRate +loss/);
  assert.deepEqual(
    lines.map((line) => line.split(/ +/)[0]),
    best.map((index) => ids[index]),
  );

  const csv = command(t, folder, 'compare', ...ids, '--csv');
  await succeed(csv);
  const [titles, ...rows] = csv.out().trimEnd().split('\n');
  const column = titles!.split(',').indexOf('loss');
  rows.forEach((row, index) => {
    // The name of the experiment has a comma, and is quoted.
    const cells = row.replace('"Little, and quick"', 'name').split(',');
    assert.equal(Math.fround(Number(cells[column])), losses[index]);
    assert.deepEqual(cells.slice(0, 4), [ids[index], 'name', 'finished', '3']);
  });

  const json = command(t, folder, 'compare', ...ids, '--json', '--all');
  await succeed(json);
  const objects = json
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    objects.map(({ parameters }) => parameters['optimizer.learningRate']),
    [0.001, 0.1, 0.01],
  );
  assert.equal(objects[0].parameters['batchSize'], 16);
  assert.equal(objects[1].metrics.loss, losses[1]);

  await refuse(command(t, folder, 'compare', ids[0]!), /only one run/);
  await refuse(
    command(t, folder, 'compare', ids[0]!, ids[1]!, '--metric', 'los'),
    /None of these runs has a metric 'los'[\s\S]*'loss'/,
  );
  await refuse(command(t, folder, 'compare', ids[0]!, 'nothing'), /nothing is no run/);
});
