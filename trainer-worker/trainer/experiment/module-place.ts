import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Loader, Plugin } from 'esbuild';

const loaders: Readonly<Record<string, Loader>> = {
  '.js': 'js',
  '.cjs': 'js',
  '.mjs': 'js',
  '.jsx': 'jsx',
  '.ts': 'ts',
  '.cts': 'ts',
  '.mts': 'ts',
  '.tsx': 'tsx',
};

/** What a module may call its own place. */
const names = /__dirname|__filename|import\s*\.\s*meta/;

/** Where a module lies, by each of the names that it may have for it. */
const placeNames = (file: string): Record<string, string> => ({
  __dirname: path.dirname(file),
  __filename: file,
  'import.meta.dirname': path.dirname(file),
  'import.meta.filename': file,
  'import.meta.url': pathToFileURL(file).href,
});

/**
 * Gives each module of a bundle its own `__dirname`, `import.meta.url` and so on: in one script they
 * would be the entry's, or nothing.
 *
 * @param entry absolute path of the launched file
 * @param original where it lay, if it is a copy: its modules then say where they lay, which is where
 *   the files are that they read
 */
export function modulePlace(entry: string, original: string): Plugin {
  return {
    name: 'module-place',
    setup({ onLoad, esbuild }) {
      onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path: file }) => {
        const contents = await readFile(file, 'utf8');
        if (!names.test(contents)) return undefined;
        const loader = loaders[path.extname(file)]!;
        const place = await originalPlace(file, entry, original);
        const define = Object.fromEntries(
          Object.entries(placeNames(place)).map(([name, value]) => [name, JSON.stringify(value)]),
        );
        try {
          const { code } = await esbuild.transform(contents, {
            define,
            loader,
            logLevel: 'silent',
            sourcefile: path.basename(file),
            sourcemap: 'inline',
            sourcesContent: false,
            target: 'node20',
          });
          return { contents: code, loader };
        } catch {
          // Without this the bundler meets the same mistake, and says where it is.
          return undefined;
        }
      });
    },
  };
}

/** Where a module lay before it was copied together with the entry. Packages are not copied. */
async function originalPlace(file: string, entry: string, original: string): Promise<string> {
  if (entry === original || file.split(path.sep).includes('node_modules')) return file;
  const folder = await realpath(path.dirname(entry));
  return path.resolve(path.dirname(original), path.relative(folder, file));
}
