import type { Node } from '../graph/graph';
import type { OnnxDevice } from '../graph/ops/op';
import type { Program } from '../graph/program';
import { lower } from '../passes/lower';
import { writeOnnx } from './onnx';

/**
 * The whole program, state included, as ONNX bytes: what `Export Step as ONNX` writes to disk.
 *
 * @param device what it is for; right on both, but for the kernels that {@link OnnxDevice} tells of
 */
export function programAsOnnx(program: Program, device: OnnxDevice = 'processor'): Uint8Array {
  return writeOnnx(
    [...program.inputs, ...program.state, ...program.noise.map((source) => source.node)],
    onnxResults(program, device),
  );
}

/** A state's next value needs a name of its own: inputs and outputs share one namespace. */
export function nextName(name: string): string {
  return `next ${name}`;
}

function onnxResults(program: Program, device: OnnxDevice): Record<string, Node> {
  const names = [...Object.keys(program.outputs), ...Object.keys(program.nextState).map(nextName)];
  const results = lower(
    [...Object.values(program.outputs), ...Object.values(program.nextState)],
    device,
  );
  return Object.fromEntries(names.map((name, index) => [name, results[index]!]));
}
