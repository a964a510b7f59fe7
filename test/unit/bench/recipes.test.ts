/** What `npm run bench -- run` gives to `ebm run` are experiments. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { experimentText, recipes } from '../../../bench/recipes';
import { loadExperiment } from '../../../trainer-worker/trainer/experiment/load';
import { experimentFolder } from '../../support/experiment-folder';

describe('a recipe of the bench is an experiment', () => {
  for (const recipe of recipes) {
    test(recipe.name, async (t) => {
      const folder = await experimentFolder(t, {
        'looking.ebm.ts': experimentText(recipe, true),
        'blind.ebm.ts': experimentText(recipe, false),
      });
      const load = (name: string) => loadExperiment(path.join(folder, name));
      const looking = (await load('looking.ebm.ts')).experiment;
      const blind = (await load('blind.ebm.ts')).experiment;
      assert.equal(looking.batchSize, recipe.batch);
      assert.equal(looking.preview.every, null);
      // The same but for the previews: what looking costs is the difference.
      assert.deepEqual({ ...blind, preview: null }, { ...looking, preview: null });
      assert.deepEqual(blind.preview.diagnostics, []);
    });
  }
});
