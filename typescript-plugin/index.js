/**
 * A plugin of the editor's TypeScript server: `import … from 'ebm-lab'` and `'@tensorflow/tfjs'`
 * resolve to the declarations that the extension ships, in any folder, with nothing installed.
 * A project that resolves these names by itself keeps its own answer.
 *
 * Plain CommonJS, because the server loads it as it is.
 */

const fs = require('node:fs');
const path = require('node:path');

/** The declarations of each name, relative to `dist/types`. */
const declarations = {
  'ebm-lab': 'trainer-worker/api/index.d.ts',
  '@tensorflow/tfjs': 'node_modules/@tensorflow/tfjs/dist/index.d.ts',
  '@tensorflow/tfjs-core': 'node_modules/@tensorflow/tfjs-core/dist/index.d.ts',
  '@tensorflow/tfjs-layers': 'node_modules/@tensorflow/tfjs-layers/dist/index.d.ts',
};

/**
 * The extension's `dist/types`: beside this package in the repository, two folders up in an
 * installed extension. `undefined` where the extension was not built.
 */
function findTypes() {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const types = path.join(folder, 'dist', 'types');
    if (fs.existsSync(path.join(types, declarations['ebm-lab']))) return types;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** Adds the extension's declarations to what `host` resolves by itself. */
function resolveShipped(host, types) {
  const original = host.resolveModuleNameLiterals?.bind(host);
  if (!original) return;
  host.resolveModuleNameLiterals = (literals, ...rest) =>
    original(literals, ...rest).map((resolved, index) => {
      const shipped = declarations[literals[index].text];
      if (resolved.resolvedModule || shipped === undefined) return resolved;
      return {
        ...resolved,
        resolvedModule: {
          resolvedFileName: path.join(types, shipped).replaceAll('\\', '/'),
          extension: '.d.ts',
          isExternalLibraryImport: true,
        },
      };
    });
}

module.exports = () => ({
  create(info) {
    const types = findTypes();
    if (types) resolveShipped(info.languageServiceHost, types);
    else
      info.project.projectService.logger.info(
        'ebm-lab: dist/types is missing; build the extension.',
      );
    return info.languageService;
  },
});
