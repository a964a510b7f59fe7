/**
 * Writes the reference of what an experiment imports as `ebm-lab`, as pages for a browser: out/api.
 * Whatever typedoc has to complain of, a knob without a word on it included, is an error.
 *
 *   npm run docs
 *
 * It is made from the declarations that experiment files see. `objective` and its kin are tables of
 * functions there; here each becomes a module of its functions and of the types of their options.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './command.mjs';
import { root, setup } from './setup.mjs';
import { setupTools, tools } from './tools.mjs';

const declarations = path.join(root, 'out/api-declarations');
const pages = path.join(root, 'out/api');
const index = path.join(declarations, 'trainer-worker/api/index.d.ts');

/** The declarations of `ebm-lab`, in which all that a file declares is exported. */
async function emitDeclarations() {
  await rm(declarations, { recursive: true, force: true });
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', 'trainer-worker/api', '--outDir', declarations];
  const { ok, output } = await run(process.execPath, args, { cwd: root });
  if (!ok) throw new Error(`The declarations of ebm-lab do not compile:\n${output}`);
  for (const name of await readdir(declarations, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = path.join(declarations, name);
    const text = await readFile(file, 'utf8');
    const exported = text.replace(/^(?=(?:declare|interface|type) )/gm, 'export ');
    await writeFile(file, exported);
  }
}

/**
 * Writes the modules that typedoc is to document: one a family, and one that has them all.
 * @param {any} ts the compiler's interface for programs, which the project's own no longer has
 * @returns {Promise<{ entry: string, opaque: string[] }>} the file of the last, and types without pages
 */
async function writeModules(ts) {
  const program = ts.createProgram([index], {
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    ...{ strict: true, skipLibCheck: true, types: [] },
  });
  const checker = program.getTypeChecker();
  const own = `${declarations.replaceAll(path.sep, '/')}/`;

  /** Where the project declares what a symbol stands for, if it does. @param {any} symbol */
  const declarationOf = (symbol) => {
    const isAlias = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    const target = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
    const [declaration] = target?.declarations ?? [];
    const isTopLevel = declaration !== undefined && ts.isSourceFile(declaration.parent);
    return isTopLevel && declaration.getSourceFile().fileName.startsWith(own)
      ? declaration
      : undefined;
  };

  /** Exports by the file that they come from. @type {Map<string, Map<string, Set<string>>>} */
  const modules = new Map();
  /** The family of each folder of methods. @type {Map<string, string>} */
  const families = new Map();
  /** @param {string} module @param {string} file @param {string} name */
  const put = (module, file, name) => {
    const files = modules.get(module) ?? new Map();
    modules.set(module, files.set(file, (files.get(file) ?? new Set()).add(name)));
  };

  /** Types that were met. @type {Set<any>} */
  const types = new Set();
  /** What nobody needs to know: what the functions make, and what the tables are. @type {Set<string>} */
  const opaque = new Set();
  /** Collects the types that a declaration names, and those that these name. @param {any} node */
  const collect = (node) => {
    /** @type {any} */
    let name;
    if (ts.isTypeReferenceNode(node)) name = node.typeName;
    else if (ts.isExpressionWithTypeArguments(node)) name = node.expression;
    else if (ts.isImportTypeNode(node)) name = node.qualifier;
    else if (ts.isTypeQueryNode(node)) opaque.add(node.exprName.getText());
    const declaration = name && declarationOf(checker.getSymbolAtLocation(name));
    if (declaration !== undefined && !types.has(declaration)) {
      if (/Spec(Of)?$/.test(declaration.name.text)) {
        opaque.add(declaration.name.text);
      } else {
        types.add(declaration);
        collect(declaration);
      }
    }
    ts.forEachChild(node, collect);
  };

  const exports = checker.getExportsOfModule(
    checker.getSymbolAtLocation(program.getSourceFile(index)),
  );
  const exported = new Set(exports.map((/** @type {any} */ { name }) => name));
  for (const symbol of exports) {
    const variable = symbol.declarations?.find(ts.isVariableDeclaration);
    if (variable === undefined) {
      const declaration = declarationOf(symbol);
      if (ts.isFunctionDeclaration(declaration)) {
        put('', declaration.getSourceFile().fileName, symbol.name);
      } else {
        types.add(declaration);
      }
      collect(declaration);
      continue;
    }
    for (const property of checker.getPropertiesOfType(checker.getTypeOfSymbol(symbol))) {
      const [signature] = checker.getTypeOfSymbol(property).getCallSignatures();
      const declaration = signature.getDeclaration();
      const file = declaration.getSourceFile().fileName;
      const { text } = declaration.name;
      families.set(path.dirname(file), symbol.name);
      put(symbol.name, file, text === property.name ? text : `${text} as ${property.name}`);
      collect(declaration);
    }
  }
  for (const declaration of types) {
    const file = declaration.getSourceFile().fileName;
    put(families.get(path.dirname(file)) ?? '', file, declaration.name.text);
  }

  for (const [module, files] of modules) {
    const lines = [...files].map(
      ([file, names]) =>
        `export { ${[...names].join(', ')} } from '${file.replace(/\.d\.ts$/, '')}';`,
    );
    if (module === '') {
      lines.push(...[...families.values()].map((name) => `export * as ${name} from './${name}';`));
    }
    const file = path.join(declarations, `${module || 'ebm-lab'}.d.ts`);
    await writeFile(file, `${[...new Set(lines)].join('\n')}\n`);
  }
  return {
    entry: path.join(declarations, 'ebm-lab.d.ts'),
    opaque: [...opaque].filter((name) => !exported.has(name)),
  };
}

await setup();
await setupTools();
await emitDeclarations();
const typescript = path.join(tools, 'node_modules/typescript/lib/typescript.js');
const { entry, opaque } = await writeModules(
  (await import(pathToFileURL(typescript).href)).default,
);
const project = path.join(declarations, 'tsconfig.json');
await writeFile(
  project,
  JSON.stringify({ extends: '../../tsconfig.json', include: [], files: [entry], exclude: [] }),
);
const { ok, output } = await run(
  process.execPath,
  [
    path.join(tools, 'node_modules/typedoc/bin/typedoc'),
    ...['--tsconfig', project, '--entryPoints', entry, '--out', pages, '--name', 'EBM Lab'],
    ...['--readme', 'none', '--disableSources', '--excludeExternals', '--logLevel', 'Warn'],
    ...['--treatWarningsAsErrors', '--validation.notDocumented'],
    ...['Function', 'Property', 'TypeAlias'].flatMap((kind) => ['--requiredToBeDocumented', kind]),
    ...opaque.flatMap((name) => ['--intentionallyNotExported', name]),
  ],
  { cwd: root },
);
if (ok) {
  console.log(`${path.relative(root, pages)}/index.html`);
} else {
  console.error(output.trim());
  process.exitCode = 1;
}
