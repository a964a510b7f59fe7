/** The schemas of protobuf files: what is generated is what the .proto files say, and what is read by hand reads the same. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import {
  create,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { decodeScalars, encodeScalars, encodeSnapshot } from '../../../run-directory/event-message';
import {
  DataType,
  EventSchema,
  file_run_directory_event,
  type SessionLog_SessionStatus as SessionStatus,
  type Summary_ValueSchema,
} from '../../../run-directory/event-proto';
import { histogramOf } from '../../../run-directory/histogram';
import { file_trainer_worker_compiler_run_onnx } from '../../../trainer-worker/compiler/run/onnx-proto';
import { fc } from '../../support/fast-check';

/** The declarations of a .proto file of ours, one a line, as the descriptors tell them too. */
function declared(text: string): string[] {
  const lines: string[] = [];
  const path: string[] = [];
  for (const line of text.split('\n').map((line) => line.replace(/\/\/.*/, '').trim())) {
    const block = /^(message|enum|oneof) (\w+) \{$/.exec(line);
    const field = /^(?:(optional|repeated) )?(\w+) (\w+) = (\d+)(?: \[packed = true\])?;$/.exec(
      line,
    );
    const value = /^(\w+) = (\d+);$/.exec(line);
    if (block) path.push(block[1] === 'oneof' ? '' : block[2]!);
    else if (line === '}') path.pop();
    else if (field) {
      const [, label = '', type, name, number] = field;
      const owner = path.filter((part) => part !== '').join('.');
      const member = path.at(-1) === '' ? 'oneof' : label === 'repeated' ? 'repeated' : 'single';
      lines.push(`${owner}.${name} = ${number}: ${member} ${type}`);
    } else if (value) lines.push(`${path.join('.')}: ${value[1]} = ${value[2]}`);
    else assert.match(line, /^$|^(syntax|package) /, `Not understood: ${line}`);
  }
  return lines.sort();
}

function described(file: DescFile): string[] {
  const prefix = `${file.proto.package}.`;
  const short = (name: string) => name.slice(prefix.length);
  const typeOf = (field: DescField) => {
    const type = field.message ?? field.enum;
    return type?.name ?? ScalarType[field.scalar!]!.toLowerCase();
  };
  const ofEnum = (type: DescEnum) =>
    type.values.map(({ name, number }) => `${short(type.typeName)}: ${name} = ${number}`);
  const ofMessage = (message: DescMessage): string[] => [
    ...message.fields.map((field) => {
      const member = field.oneof ? 'oneof' : field.fieldKind === 'list' ? 'repeated' : 'single';
      return `${short(message.typeName)}.${field.name} = ${field.number}: ${member} ${typeOf(field)}`;
    }),
    ...message.nestedEnums.flatMap(ofEnum),
    ...message.nestedMessages.flatMap(ofMessage),
  ];
  return [...file.messages.flatMap(ofMessage), ...file.enums.flatMap(ofEnum)].sort();
}

describe('what is generated is what the file says', () => {
  const schemas: [name: string, file: DescFile][] = [
    ['run-directory/event.proto', file_run_directory_event],
    ['trainer-worker/compiler/run/onnx.proto', file_trainer_worker_compiler_run_onnx],
  ];
  for (const [name, file] of schemas) {
    test(name, async () => {
      const lines = declared(await readFile(name, 'utf8'));
      assert.ok(lines.length > 30);
      assert.deepEqual(described(file), lines);
    });
  }
});

type Value = MessageInitShape<typeof Summary_ValueSchema>['value'] & object;

/** Tensors whose one element lies in a field of its own. */
const tensors = fc.oneof(
  fc.record({ dtype: fc.constant(DataType.DT_FLOAT), floatVal: fc.tuple(fc.float()) }),
  fc.record({ dtype: fc.constant(DataType.DT_DOUBLE), doubleVal: fc.tuple(fc.double()) }),
  fc.record({ dtype: fc.constant(DataType.DT_INT32), intVal: fc.tuple(fc.integer()) }),
  fc.record({
    dtype: fc.constant(DataType.DT_INT64),
    int64Val: fc.tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  }),
  fc.record({ dtype: fc.constant(DataType.DT_BOOL), boolVal: fc.tuple(fc.boolean()) }),
  fc.record({ dtype: fc.constant(DataType.DT_UINT32), uint32Val: fc.tuple(fc.nat()) }),
  fc.record({
    dtype: fc.constant(DataType.DT_UINT64),
    uint64Val: fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  }),
);

const values: fc.Arbitrary<Value> = fc.oneof(
  fc.float().map((value) => ({ case: 'simpleValue', value }) as const),
  tensors.map((value) => ({ case: 'tensor', value }) as const),
  fc.nat().map((width) => ({ case: 'image', value: { width } }) as const),
  fc.double().map((min) => ({ case: 'histo', value: { min } }) as const),
);

/** The number of a value, by the generated schema. */
function numberOf({ case: kind, value }: Value): number | undefined {
  if (kind === 'simpleValue') return value;
  if (kind !== 'tensor') return undefined;
  const { dtype: _, ...lists } = value;
  const element = Object.values(lists).flatMap((list): unknown[] =>
    Array.isArray(list) ? list : [],
  )[0];
  return Number(element);
}

test('scalars are read by hand as they are by the schema', () => {
  const step = fc.bigInt({ min: 0n, max: 2n ** 53n });
  const listed = fc.array(fc.record({ tag: fc.string({ unit: 'grapheme' }), value: values }));
  fc.assert(
    fc.property(step, fc.double(), listed, (step, wallTime, value) => {
      const what = { case: 'summary', value: { value } } as const;
      const event = create(EventSchema, { step, wallTime, what });
      const scalars = value.flatMap(({ tag, value }) => {
        const number = numberOf(value);
        return number === undefined ? [] : [[tag, number] as const];
      });
      assert.deepEqual(decodeScalars(toBinary(EventSchema, event)), {
        step: Number(step),
        wallTime,
        scalars,
      });
    }),
  );
});

test('a restart is read by hand as the schema writes it', () => {
  for (const status of [0, 1, 2, 3, 77] as const) {
    const what = { case: 'sessionLog', value: { status: status as SessionStatus } } as const;
    const bytes = toBinary(EventSchema, create(EventSchema, { step: 5n, what }));
    assert.equal(decodeScalars(bytes).isRestart, status === 1 ? true : undefined, `${status}`);
  }
});

test('scalars beyond single precision are infinite, and nothing is lost of a histogram', () => {
  const event = fromBinary(EventSchema, encodeScalars(3, 2.5, { loss: 1e300, rate: 0 }));
  assert.equal(event.step, 3n);
  assert.equal(event.wallTime, 2.5);
  assert.deepEqual(decodeScalars(encodeScalars(3, 2.5, { loss: 1e300, rate: 0 })).scalars, [
    ['loss', Number.POSITIVE_INFINITY],
    ['rate', 0],
  ]);
  const histogram = histogramOf(Float32Array.of(0, 1, 2, 2))!;
  const snapshot = encodeSnapshot(1, 0, { images: {}, histograms: { energies: histogram } });
  const { what } = fromBinary(EventSchema, snapshot);
  const [value] = what.case === 'summary' ? what.value.value : [];
  assert.equal(value?.tag, 'energies');
  assert.ok(value.value.case === 'histo');
  const { min, max, num, sum, sumSquares, bucket, bucketLimit } = value.value.value;
  assert.deepEqual([min, max, num, sum, sumSquares], [0, 2, 4, 5, 9]);
  assert.deepEqual(bucket, histogram.cells);
  assert.equal(bucketLimit.at(-1), 2);
});
