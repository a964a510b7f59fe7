import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Message, Metafile } from 'esbuild';
import { ProblemError, type SourceLocation } from '../../../protocol/problem';
import type { ExperimentSource } from './loaded-experiment';
import { modulePlace } from './module-place';

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
  /** What is likely to be a mistake in the project's files, with its place. */
  readonly warnings: readonly string[];
}

/** Builds going on in this process; esbuild's helper process is ended after the last. */
let building = 0;
let bundles = 0;

/**
 * Bundles `file` and the project files it imports. `ebm-lab` and tfjs stay imports, for the
 * trainer's own copies; packages of the project's `node_modules` are bundled.
 *
 * @param file absolute path
 * @param original where the file lay of which this one is a copy, for packages beside it and for what
 *   its modules say of their own place
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
      plugins: [modulePlace(file, original)],
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
      warnings: result.warnings.flatMap((warning) => warningOf(warning, directory)),
    };
  } catch (error) {
    const first = isBuildFailure(error) ? error.errors[0] : undefined;
    if (first === undefined) throw error;
    throw new ProblemError(await problemOfMessage(first, file, directory), { cause: error });
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

/** What the bundler says, in the user's terms. */
interface Reading {
  readonly message: string;
  readonly remedy: string;
  /** The package that it is about, in whose files the user has nothing to correct. */
  readonly package?: string;
}

/** Messages of esbuild that are about bundling, of which a user knows nothing. */
const readings: readonly (readonly [says: RegExp, reading: (...found: string[]) => Reading])[] = [
  [
    /^Could not resolve "(\..*)"/,
    (name) => ({
      message: `The import '${name}' cannot be found.`,
      remedy: 'Correct the path; it is relative to the file that imports it.',
    }),
  ],
  [
    /^Could not resolve "(.+)"/,
    (name) => ({
      message: `The import '${name}' cannot be found.`,
      remedy: 'Correct the name, or install the package in this folder with npm install.',
    }),
  ],
  [
    /^Top-level await|top-level await$/,
    () => ({
      message: 'An experiment is evaluated in one go: nothing can be awaited outside of functions.',
      remedy:
        'Use what does not wait, such as readFileSync of node:fs, or make a file of data beforehand and read it by data.csv or data.npy.',
    }),
  ],
  [
    /^No loader is configured for "\.node" files: .*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/](.*)$/,
    (name, part) => ({
      message: `The package '${name}' has a part in machine code (${part}), which cannot be bundled.`,
      remedy: `Let Node load it: createRequire(import.meta.url)('${name}'), with createRequire of node:module.`,
      package: name,
    }),
  ],
  [
    /^No loader is configured for "(.*)" files: (.*)$/,
    (kind, file) => ({
      message: `${path.basename(file)} cannot be imported: ${kind} is neither code nor JSON.`,
      remedy: 'Name the file in data.csv or data.npy, or read it by readFileSync of node:fs.',
    }),
  ],
];

async function problemOfMessage(message: Message, file: string, directory: string) {
  const { location, text } = message;
  const place: SourceLocation = location
    ? {
        file: path.resolve(directory, location.file),
        line: location.line,
        // esbuild counts bytes of UTF-8 from 0, editors UTF-16 units from 1.
        column: Buffer.from(location.lineText).subarray(0, location.column).toString().length + 1,
      }
    : { file, line: 1, column: 1 };
  const [says, read] = readings.find(([pattern]) => pattern.test(text)) ?? [];
  const reading = read?.(...(says!.exec(text) ?? []).slice(1)) ?? {
    message: `${path.basename(place.file)} does not compile: ${text.replace(/\.?$/, '.')}`,
    remedy: 'Correct the file at this place.',
  };
  return {
    kind: 'experiment' as const,
    message: reading.message,
    remedy: reading.remedy,
    location: reading.package === undefined ? place : await importOf(reading.package, file),
    detail: message.notes.map((note) => note.text).join('\n') || text,
  };
}

/** Where a file names a package; its beginning where another one does. */
async function importOf(name: string, file: string): Promise<SourceLocation> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  const named = ["'", '"'].flatMap((quote) => [`${quote}${name}${quote}`, `${quote}${name}/`]);
  const columnIn = (text: string) => Math.max(...named.map((quoted) => text.indexOf(quoted)));
  const line = lines.findIndex((text) => columnIn(text) >= 0);
  return line === -1
    ? { file, line: 1, column: 1 }
    : { file, line: line + 1, column: columnIn(lines[line]!) + 1 };
}

/** A warning of the bundler with its place; packages are not the user's to correct. */
function warningOf({ id, text, location }: Message, directory: string): string[] {
  if (location?.file.split('/').includes('node_modules')) return [];
  const place = location
    ? `${path.basename(path.resolve(directory, location.file))}:${location.line}: `
    : '';
  // It speaks of a format that the user has not chosen.
  const said =
    id === 'empty-import-meta'
      ? 'Of import.meta only url, dirname and filename are known to an experiment.'
      : text.replace(/\.?$/, '.');
  return [`${place}${said}`];
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
