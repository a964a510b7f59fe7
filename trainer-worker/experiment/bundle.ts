import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Message, Metafile } from 'esbuild';
import { ProblemError, type SourceLocation } from '../../protocol/problem';
import type { ExperimentSource } from './loaded-experiment';

/** An experiment and all it imports, as one CommonJS script. */
export interface Bundle {
  readonly code: string;
  /** The script's source map, as JSON. */
  readonly map: string;
  /** The name that the script has in stacks; not a file. */
  readonly scriptName: string;
  readonly sources: readonly ExperimentSource[];
  /** The modules that the script requires. */
  readonly requires: readonly string[];
}

/** Builds going on in this process; esbuild's helper process is ended after the last. */
let building = 0;
let bundles = 0;

/**
 * Bundles `file` and the project files it imports. `ebm-lab` and tfjs stay imports, for the
 * trainer's own copies; packages of the project's `node_modules` are bundled.
 *
 * @param file absolute path
 * @param original where the file lay of which this one is a copy, for packages beside it
 * @throws ProblemError of kind `experiment` at the place of a syntax error or an unresolved import
 */
export async function bundleExperiment(file: string, original = file): Promise<Bundle> {
  requireReadable(file);
  const esbuild = await import('esbuild');
  const directory = path.dirname(file);
  building++;
  try {
    const result = await esbuild.build({
      absWorkingDir: directory,
      entryPoints: [file],
      bundle: true,
      write: false,
      metafile: true,
      // Never written: it gives the source map's relative paths their base.
      outfile: path.join(directory, 'experiment.js'),
      sourcemap: 'external',
      sourcesContent: false,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      external: ['ebm-lab', '@tensorflow/*'],
      nodePaths: packageFolders(original),
      // What a name is stays readable in stacks.
      keepNames: true,
      logLevel: 'silent',
    });
    const output = (suffix: string) =>
      result.outputFiles.find((one) => one.path.endsWith(suffix))?.text ?? '';
    return {
      code: output('.js'),
      map: output('.map'),
      scriptName: path.join(directory, `experiment-bundle-${++bundles}.js`),
      sources: await readSources(file, result.metafile),
      requires: requiresOf(result.metafile),
    };
  } catch (error) {
    const first = isBuildFailure(error) ? error.errors[0] : undefined;
    if (first === undefined) throw error;
    throw new ProblemError(problemOfMessage(first, file, directory), { cause: error });
  } finally {
    if (--building === 0) await esbuild.stop();
  }
}

/** Where packages may lie that a file imports, nearest first. */
function packageFolders(file: string): string[] {
  const folders: string[] = [];
  for (let at = path.dirname(file); ; at = path.dirname(at)) {
    folders.push(path.join(at, 'node_modules'));
    if (path.dirname(at) === at) return folders;
  }
}

/** Says so in our words if `file` cannot be read; esbuild would speak of an import. */
function requireReadable(file: string): void {
  try {
    readFileSync(file);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ProblemError(
      {
        kind: 'experiment',
        message: missing
          ? `The experiment file ${file} does not exist.`
          : `The experiment file ${file} cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
        remedy: 'Give the path of a TypeScript file that exports an experiment.',
      },
      { cause },
    );
  }
}

function isBuildFailure(error: unknown): error is { readonly errors: readonly Message[] } {
  return error instanceof Error && Array.isArray((error as { errors?: unknown }).errors);
}

function problemOfMessage(message: Message, file: string, directory: string) {
  const { location, text } = message;
  const unresolved = /^Could not resolve "(.+)"/.exec(text);
  const place: SourceLocation = location
    ? {
        file: path.resolve(directory, location.file),
        line: location.line,
        // esbuild counts bytes of UTF-8 from 0, editors UTF-16 units from 1.
        column: Buffer.from(location.lineText).subarray(0, location.column).toString().length + 1,
      }
    : { file, line: 1, column: 1 };
  return {
    kind: 'experiment' as const,
    message: unresolved
      ? `The import '${unresolved[1]}' cannot be found.`
      : `${path.basename(place.file)} does not compile: ${text.replace(/\.?$/, '.')}`,
    remedy: unresolved
      ? unresolved[1]?.startsWith('.')
        ? 'Correct the path; it is relative to the file that imports it.'
        : 'Correct the name, or install the package in this folder with npm install.'
      : 'Correct the file at this place.',
    location: place,
    detail: message.notes.map((note) => note.text).join('\n') || text,
  };
}

async function readSources(file: string, metafile: Metafile): Promise<ExperimentSource[]> {
  const directory = path.dirname(file);
  const inputs = Object.keys(metafile.inputs)
    .map((input) => path.resolve(directory, input))
    .filter((input) => !input.split(path.sep).includes('node_modules'))
    // Inputs that esbuild makes itself have a namespace before a colon, and are no files.
    .filter((input) => !/^[a-z-]+:/.test(path.relative(directory, input)));
  const paths = [file, ...inputs.filter((input) => input !== file)];
  return Promise.all(
    paths.map(async (source) => ({
      path: source,
      contents: new Uint8Array(await readFile(source)),
    })),
  );
}

function requiresOf(metafile: Metafile): string[] {
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return [...new Set(imports.filter((one) => one.external).map((one) => one.path))];
}
