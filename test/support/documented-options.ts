import path from 'node:path';
import {
  API,
  type Symbol as CheckedSymbol,
  type Checker,
  SignatureKind,
  type Type,
} from 'typescript/unstable/sync';

/** One option as somebody reads of it who writes an experiment. */
export interface DocumentedOption {
  /** The function that takes it, `sampler.langevin`, or the type that has it, `PreviewOptions`. */
  readonly of: string;
  readonly name: string;
  /** Its docstring, with one space wherever there are several or a line ends. */
  readonly text: string;
}

/**
 * The options of all functions of `ebm-lab`, and of the types of options that it exports, with what is
 * inherited.
 */
export function documentedOptions(): DocumentedOption[] {
  const folder = path.resolve('trainer-worker/api');
  const api = new API({ cwd: folder });
  try {
    const config = path.join(folder, 'tsconfig.json');
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    const file = project?.program.getSourceFile(path.join(folder, 'index.ts'));
    const { checker } = project!;
    const module = checker.getSymbolAtLocation(file!)!;
    return checker.getExportsOfModule(module).flatMap((symbol) => {
      if (!/(Options|Range)$/.test(symbol.name)) return optionsOfFunctions(checker, symbol);
      const type = checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol));
      return optionsIn(checker, symbol.name, type);
    });
  } finally {
    api.close();
  }
}

/** The options of each function of a table that an experiment imports: `sampler`. */
function optionsOfFunctions(checker: Checker, table: CheckedSymbol): DocumentedOption[] {
  const type = checker.getTypeOfSymbol(table);
  if (!type) return [];
  return checker.getPropertiesOfType(type).flatMap((method) => {
    const of = `${table.name}.${method.name}`;
    const [signature] = checker.getSignaturesOfType(
      checker.getTypeOfSymbol(method)!,
      SignatureKind.Call,
    );
    return (signature?.getParameters() ?? [])
      .map((parameter) => checker.getNonNullableType(checker.getTypeOfSymbol(parameter)!)!)
      .filter((given) => /Options\b/.test(checker.typeToString(given)))
      .flatMap((given) => optionsIn(checker, of, given));
  });
}

/** The options of a type, and of the types of options that they have themselves. */
function optionsIn(checker: Checker, of: string, type: Type): DocumentedOption[] {
  return checker.getPropertiesOfType(type).flatMap((option) => {
    const text = checker.getDocumentationCommentOfSymbol(option).replace(/\s+/g, ' ');
    const inner = checker.getNonNullableType(checker.getTypeOfSymbol(option)!)!;
    const innerName = checker.typeToString(inner);
    return [
      { of, name: option.name, text },
      ...(/^\w+Options$/.test(innerName) ? optionsIn(checker, innerName, inner) : []),
    ];
  });
}
