import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import type { SpecResult } from 'jasmine-core';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { refusedKernels } from '../../trainer-worker/compiler/tfjs-kernels/refused';
import { sources } from '../../trainer-worker/compiler/tfjs-kernels/source';
import { kernels } from '../../trainer-worker/compiler/tfjs-kernels/table';
import { numbersFrom } from '../graph-numbers';
import { makeFolder } from '../support/temporary';
import {
  compiledBackend,
  type Recorded,
  registerCompiledBackend,
} from '../tfjs-suite/compiled-backend';
import { designedRefusals, exceptions } from '../tfjs-suite/exceptions';
import { runSpecs } from '../tfjs-suite/specs';

/** Programs of each kernel that ONNX Runtime computes too: a session costs more than a float64 loop. */
const programsPerKernel = 4;

/** Kernels that no function of tfjs calls: tf.logSoftmax is written in others. */
const withoutSpecs: readonly string[] = ['LogSoftmax'];

/** Kernels that order numbers: what is not a number has a place of its own on each backend. */
const ranking: ReadonlySet<string> = new Set(['ArgMax', 'ArgMin', 'Max', 'Min', 'TopK']);
const hasNaN = (values: Float32Array) => values.some(Number.isNaN);

interface Outcome extends SpecResult {
  /** What was refused on purpose while it ran. */
  readonly refused: readonly string[];
}

const outcomes: Outcome[] = [];
const calls = new Map<string, number>();
const sample = new Map<string, Recorded[]>();
let refused: string[] = [];

/** What a refusal on purpose is counted under. */
function designed({ message }: Error): string[] {
  return designedRefusals.flatMap(([says, name]) => {
    const match = says.exec(message);
    const kernel = match?.groups?.['kernel'];
    if (match === null || (kernel !== undefined && !refusedKernels.has(kernel))) return [];
    return [name ?? kernel!];
  });
}

before(async () => {
  const random = numbersFrom(5);
  registerCompiledBackend({
    called(kernel, recorded) {
      const count = (calls.get(kernel) ?? 0) + 1;
      calls.set(kernel, count);
      if (ranking.has(kernel) && Object.values(recorded.feeds).some(hasNaN)) return;
      const kept = sample.get(kernel) ?? [];
      sample.set(kernel, kept);
      // A uniform sample of all calls (Vitter's algorithm R).
      const place = Math.floor(((random([1])[0]! + 1) / 2) * count);
      if (kept.length < programsPerKernel) kept.push(recorded);
      else if (place < programsPerKernel) kept[place] = recorded;
    },
    refused(error) {
      refused.push(...designed(error));
    },
  });
  const folder = await makeFolder();
  await runSpecs(folder, compiledBackend, {
    started() {
      refused = [];
    },
    done(result) {
      outcomes.push({ ...result, refused });
    },
  });
  await rm(folder, { recursive: true });
});

/** A spec's name without the backend's and its flags. */
const nameOf = ({ fullName }: SpecResult) =>
  fullName.replaceAll(`${compiledBackend} {} `, '').replaceAll(/\s+/g, ' ').trim();

const listed = new Set(exceptions.flatMap(({ specs }) => specs));
const failed = ({ status }: Outcome) => status === 'failed';
const isRefused = (outcome: Outcome) => failed(outcome) && outcome.refused.length > 0;

describe("tfjs's own tests of its operations, on programs of one operation", () => {
  test('hold in float64, but for what is refused on purpose and what is listed with its reason', (t) => {
    const count = (of: (outcome: Outcome) => boolean) => outcomes.filter(of).length;
    const byName = new Map<string, number>();
    for (const { refused: names } of outcomes.filter(isRefused)) {
      byName.set(names[0]!, (byName.get(names[0]!) ?? 0) + 1);
    }
    t.diagnostic(`${count(({ status }) => status === 'passed')} of ${outcomes.length} specs pass`);
    t.diagnostic(`${count((each) => failed(each) && !isRefused(each))} listed ones fail`);
    t.diagnostic(
      `${count(isRefused)} meet a refusal: ${[...byName].map(([name, specs]) => `${name} ${specs}`).join(', ')}`,
    );
    assert.ok(outcomes.length > 3000, 'tfjs has some thousand specs');
    assert.deepEqual(
      outcomes
        .filter((outcome) => failed(outcome) && !isRefused(outcome) && !listed.has(nameOf(outcome)))
        .map((outcome) => `${nameOf(outcome)}: ${outcome.failedExpectations[0]?.message}`),
      [],
    );
  });

  test('fail where they are listed to fail', () => {
    const names = new Set(outcomes.filter(failed).map(nameOf));
    assert.deepEqual(
      [...listed].filter((name) => !names.has(name)),
      [],
    );
  });

  test('call every kernel that is compiled', () => {
    assert.deepEqual(
      [...kernels.keys(), ...Object.keys(sources)].filter((name) => !calls.has(name)),
      withoutSpecs,
    );
  });
});

/** Equal up to what float32 loses, relative to the largest number of the result. */
function requireClose(actual: ArrayLike<number>, expected: Float64Array): void {
  assert.equal(actual.length, expected.length);
  const finite = expected.filter(Number.isFinite);
  const scale = finite.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-2);
  expected.forEach((value, index) => {
    const same = Object.is(actual[index], Math.fround(value));
    assert.ok(
      same || Math.abs(actual[index]! - value) <= 5e-5 * scale,
      `[${index}] is ${actual[index]}, not ${value}`,
    );
  });
}

describe('a sample of the same calls on ONNX Runtime', () => {
  test('gives what float64 gives', async (t) => {
    const wrong: string[] = [];
    let compared = 0;
    for (const [kernel, programs] of sample) {
      for (const { program, feeds, expected } of programs) {
        const execution = await runOnOnnx(program, {}, { threads: 1 });
        try {
          const outputs = await execution.run(feeds, { seed: 0, step: 0 });
          expected.forEach((values, index) => {
            requireClose(outputs[`y${index}`]!, values);
          });
          compared++;
        } catch (error) {
          wrong.push(`${kernel}: ${(error as Error).message}`);
        } finally {
          await execution.dispose();
        }
      }
    }
    t.diagnostic(`${compared} calls of ${sample.size} kernels compared`);
    assert.deepEqual(wrong, []);
  });
});
