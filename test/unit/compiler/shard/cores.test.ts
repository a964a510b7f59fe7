import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availableCores } from '../../../../trainer-worker/compiler/shard/cores';

test('a batch job keeps to its cores, anything else has those of the machine', () => {
  assert.equal(availableCores({}, 64), 64);
  assert.equal(availableCores({ SLURM_CPUS_PER_TASK: '4' }, 64), 64, 'a shell that only submits');
  const job = { SLURM_JOB_ID: '7' };
  assert.equal(
    availableCores({ ...job, SLURM_CPUS_PER_TASK: '4', SLURM_CPUS_ON_NODE: '9' }, 64),
    4,
  );
  assert.equal(availableCores({ ...job, SLURM_CPUS_ON_NODE: '9' }, 64), 9);
  assert.equal(availableCores({ ...job, SLURM_CPUS_PER_TASK: '9' }, 8), 8);
  for (const SLURM_CPUS_PER_TASK of ['', '0', '-1', 'all', '1.5']) {
    assert.equal(availableCores({ ...job, SLURM_CPUS_PER_TASK }, 8), 8);
  }
});
