/** Streams of bytes that a process must survive at the other end of a socket. */
import { encodeFrame } from '../../protocol/frame-codec';
import { fc } from './fast-check';

const frameOf = (message: unknown) => Buffer.concat(encodeFrame(message));

/** Values with keys that reach prototypes where they are copied without thought. */
const polluted = JSON.parse(
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}',
) as object;

const value = fc.oneof(
  fc.jsonValue(),
  fc.constant(polluted),
  fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 53, ''),
  fc.float32Array({ maxLength: 8 }),
);

/** JSON-RPC that is right in its outer form, with any of `methods`. */
function call(methods: readonly string[]): fc.Arbitrary<object> {
  return fc.record(
    {
      jsonrpc: fc.constant('2.0'),
      id: fc.oneof(fc.nat(9), value),
      method: fc.oneof(
        fc.constantFrom(...methods, '__proto__', 'constructor', '$/cancelRequest'),
        fc.constantFrom('$/endOfPiece', '$/endOfStream'),
      ),
      params: fc.oneof(value, fc.record({ takeOver: value, whenGone: value, graceMs: value })),
    },
    { requiredKeys: ['jsonrpc'], noNullPrototype: true },
  );
}

/** An answer to a request that may not have been asked. */
const answer = fc.record(
  {
    jsonrpc: fc.constant('2.0'),
    id: fc.oneof(fc.nat(9), value),
    result: fc.oneof(value, fc.record({ manifest: value, state: value, control: value })),
    error: fc.oneof(value, fc.record({ code: value, message: value, data: value })),
  },
  { requiredKeys: ['jsonrpc'], noNullPrototype: true },
);

/** What is done to a whole stream. */
const damage = fc.oneof(
  fc.constant((bytes: Buffer) => bytes),
  fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    const index = at % changed.length;
    changed[index] = (changed[index] ?? 0) ^ mask;
    return changed;
  }),
  fc.nat().map((at) => (bytes: Buffer) => {
    const cut = at % bytes.length;
    return Buffer.concat([bytes.subarray(cut), bytes.subarray(0, cut)]);
  }),
  fc.nat().map((length) => (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    changed.writeUInt32LE(length, 0);
    return changed;
  }),
);

const garbage = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));

/**
 * Streams of one to five frames of any JSON-RPC that names `methods`, whole, cut, flipped, turned or
 * of wrong length, and plain garbage.
 */
export function hostileStreams(methods: readonly string[]): fc.Arbitrary<Buffer> {
  const message = fc.oneof(call(methods), call(methods), answer, value);
  const frames = fc
    .tuple(fc.array(message, { minLength: 1, maxLength: 5 }), damage)
    .map(([messages, change]) => change(Buffer.concat(messages.map(frameOf))));
  return fc.oneof({ weight: 6, arbitrary: frames }, { weight: 1, arbitrary: garbage });
}
