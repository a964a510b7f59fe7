/**
 * Code that reads curves of a run from its event files, to go on with elsewhere. Names are other
 * people's text: both languages read a JSON string as the same text.
 */

/** Python with TensorBoard's own reader. */
export function pythonCode(runDirectory: string, metrics: readonly string[]): string {
  return `# pip install tensorboard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = EventAccumulator(${JSON.stringify(runDirectory)}, size_guidance={"scalars": 0})
run.Reload()
curves = {
    metric: [(point.step, point.value) for point in run.Scalars(metric)]
    for metric in [${metrics.map((name) => JSON.stringify(name)).join(', ')}]
}
for metric, points in curves.items():
    print(metric, len(points), "points, the last", points[-1])
`;
}

/** TypeScript for Node that needs no package: the files are framed protobuf messages. */
export function typescriptCode(runDirectory: string, metrics: readonly string[]): string {
  return `import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const run = ${JSON.stringify(runDirectory)};
/** Values by step, of each metric. */
const curves = new Map<string, Map<number, number>>();
for (const metric of [${metrics.map((name) => JSON.stringify(name)).join(', ')}]) {
  curves.set(metric, new Map());
}

/** The fields of a protobuf message: number, and a whole number or bytes. */
function fieldsOf(bytes: Buffer): [number, bigint | Buffer][] {
  const fields: [number, bigint | Buffer][] = [];
  let at = 0;
  const whole = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(whole());
    if ((key & 7) === 0) fields.push([key >> 3, whole()]);
    else {
      const length = (key & 7) === 2 ? Number(whole()) : (key & 7) === 1 ? 8 : 4;
      fields.push([key >> 3, bytes.subarray(at, (at += length))]);
    }
  }
  return fields;
}

const newest = new Map<Map<number, number>, number>();
function forgetFrom(points: Map<number, number>, step: number): void {
  if ((newest.get(points) ?? -1) < step) return;
  for (const known of points.keys()) if (known >= step) points.delete(known);
}

const messages = (fields: [number, bigint | Buffer][], number: number) =>
  fields.flatMap(([field, value]) =>
    field === number && typeof value !== 'bigint' ? [fieldsOf(value)] : [],
  );

for (const name of readdirSync(run).sort()) {
  if (!name.startsWith('events.out.tfevents.')) continue;
  const file = readFileSync(join(run, name));
  // Each record: its length in 8 bytes, 4 of a checksum, an event, 4 of a checksum.
  for (let at = 0; at + 16 <= file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (at + 16 + length > file.length) break;
    const event = fieldsOf(file.subarray(at + 12, at + 12 + length));
    at += 16 + length;
    const step = Number(event.find(([field]) => field === 2)?.[1] ?? 0);
    // A training that begins anew or goes back: what it did from there on is void.
    const isStart = messages(event, 7).some((log) => log.some(([, status]) => status === 1n));
    const values = messages(event, 5).flatMap((summary) => messages(summary, 1));
    if (isStart) for (const points of curves.values()) forgetFrom(points, step);
    for (const value of values) {
      const fields = new Map(value);
      const points = curves.get(String(fields.get(1)));
      const number = fields.get(2);
      if (!points || !number || typeof number === 'bigint') continue;
      forgetFrom(points, step);
      points.set(step, number.readFloatLE());
      newest.set(points, step);
    }
  }
}

for (const [metric, points] of curves) {
  console.log(metric, points.size, 'points, the last', [...points].at(-1));
}
`;
}
