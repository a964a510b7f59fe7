/** What every backend has to compute, on TensorFlow's own library. */
import { before, describe } from 'node:test';
import { packagesVariable } from '../../protocol/backends';
import { backendMethod } from '../../trainer-worker/compiler/backends';
import { lookAtMachine } from '../../trainer-worker/compiler/backends/machine';
import { testAgreement } from '../backend-agreement';
import { type Start, testOperations, testSteps } from '../backend-operations';
import { tensorflowFolder, withoutTensorflow } from '../support/real-tensorflow';

describe('tfjs-node', { skip: withoutTensorflow }, () => {
  let method: { readonly start: Start };
  const start: Start = (program, state) => method.start(program, state);
  before(async () => {
    process.env[packagesVariable] = tensorflowFolder();
    method = await backendMethod('tfjs-node').load(lookAtMachine());
  });
  describe('computes what the processor does', () => testAgreement(start));
  describe('computes every operation, against float64', () => testOperations(start));
  describe('trains', () => testSteps(start));
});
