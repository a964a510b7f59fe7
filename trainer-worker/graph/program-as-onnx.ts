import type { Node } from './graph';
import { lower } from './lower';
import { writeOnnx } from './onnx';
import type { Program } from './program';

/** The whole program, state included, as ONNX bytes: what `Export Step as ONNX` writes to disk. */
export function programAsOnnx(program: Program): Uint8Array {
  return writeOnnx(
    [...program.inputs, ...program.state, ...program.noise.map((source) => source.node)],
    onnxResults(program),
  );
}

/** A state's next value needs a name of its own: inputs and outputs share one namespace. */
export function nextName(name: string): string {
  return `next ${name}`;
}

function onnxResults(program: Program): Record<string, Node> {
  const names = [...Object.keys(program.outputs), ...Object.keys(program.nextState).map(nextName)];
  const results = lower([...Object.values(program.outputs), ...Object.values(program.nextState)]);
  return Object.fromEntries(names.map((name, index) => [name, results[index]!]));
}
