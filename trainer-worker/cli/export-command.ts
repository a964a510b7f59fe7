import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';

export interface ExportOptions {
  readonly output?: string;
  readonly set: JsonObject;
  readonly json?: true;
}

/**
 * `ebm export-onnx`: compiles the training step of an experiment and writes it as an ONNX file, with
 * its inputs, its state and its noise as the graph's inputs.
 *
 * @returns the process's exit code
 */
export async function exportCommand(file: string, options: ExportOptions): Promise<number> {
  const output = path.resolve(options.output ?? `${file.replace(/(\.ebm)?\.ts$/, '')}.onnx`);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  try {
    const { loadExperiment } = await import('../trainer/experiment/load');
    const loaded = await loadExperiment(path.resolve(file), { overrides: options.set });
    const { prepareTraining } = await import('../trainer/training/prepare');
    // Nothing is trained, so the backend that needs the least will do.
    const { program } = await prepareTraining(loaded, { backend: 'wasm' });
    const { programAsOnnx } = await import('../compiler/run/program-as-onnx');
    const bytes = programAsOnnx(program);
    await writeFile(output, bytes).catch((error: unknown) => {
      throw new ProblemError(
        {
          kind: 'storage',
          message: `${output} cannot be written: ${problemOf(error).message}.`,
          remedy: 'Choose another place.',
        },
        { cause: error },
      );
    });
    const size = `${(bytes.length / 1024).toFixed(0)} kB`;
    say(
      options.json ? JSON.stringify({ file: output, bytes: bytes.length }) : `${output}, ${size}`,
    );
    return exitCode.done;
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (options.json) say(JSON.stringify({ problem }));
    else process.stderr.write(`${problemText(problem)}\n`);
    return exitCode.refused;
  }
}
