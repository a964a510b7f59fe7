import path from 'node:path';
import type { Node } from 'typescript/unstable/ast';
import {
  API,
  type Symbol as CheckedSymbol,
  type Checker,
  type Project,
  SignatureKind,
  type Type,
} from 'typescript/unstable/sync';

/** One option as somebody reads of it who writes an experiment. */
interface DocumentedOption {
  /** The function that takes it, `sampler.langevin`, or the type that has it, `PreviewOptions`. */
  readonly of: string;
  readonly name: string;
  /** Its docstring, with one space wherever there are several or a line ends. */
  readonly text: string;
}

/** A function of a table that an experiment imports. */
export interface DocumentedFunction {
  /** `sampler` */
  readonly family: string;
  /** `langevin` */
  readonly name: string;
  /** Its docstring, in paragraphs. */
  readonly text: string;
  /** The code that its docstring gives as an example. */
  readonly example?: string;
  readonly options: readonly DocumentedOption[];
}

/** What `ebm-lab` exports, as its docstrings tell it. */
export interface DocumentedApi {
  /** What each family of functions is for, by its name. */
  readonly families: ReadonlyMap<string, string>;
  readonly functions: readonly DocumentedFunction[];
  /** The options of types, with those of the types of options that they have themselves. */
  readonly options: readonly DocumentedOption[];
}

/** Reads the docstrings of `ebm-lab`; what a type inherits is among its options. */
export function documentedApi(): DocumentedApi {
  const folder = path.resolve('trainer-worker/api');
  const api = new API({ cwd: folder });
  try {
    const config = path.join(folder, 'tsconfig.json');
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config)!;
    const { checker, program } = project;
    const module = checker.getSymbolAtLocation(
      program.getSourceFile(path.join(folder, 'index.ts'))!,
    );
    const families = new Map<string, string>();
    const functions: DocumentedFunction[] = [];
    const options: DocumentedOption[] = [];
    for (const symbol of checker.getExportsOfModule(module!)) {
      if (/(Options|Range)$/.test(symbol.name)) {
        const type = checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol));
        options.push(...optionsIn(checker, symbol.name, type));
      } else {
        const made = functionsOf(project, symbol);
        if (made.length > 0) {
          families.set(symbol.name, checker.getDocumentationCommentOfSymbol(symbol));
        }
        functions.push(...made);
      }
    }
    return { families, functions, options };
  } finally {
    api.close();
  }
}

/** The functions of a table; none where it is something else. */
function functionsOf(project: Project, table: CheckedSymbol): DocumentedFunction[] {
  const { checker } = project;
  const type = checker.getTypeOfSymbol(table);
  return (type ? checker.getPropertiesOfType(type) : []).flatMap((method) => {
    const called = checker.getTypeOfSymbol(method)!;
    const [signature] = checker.getSignaturesOfType(called, SignatureKind.Call);
    const declaration = signature?.declaration?.resolve(project);
    if (!signature || !declaration || !('name' in declaration)) return [];
    const symbol = checker.getSymbolAtLocation(declaration.name as Node);
    if (!symbol) return [];
    const tags = checker.getJsDocTagsOfSymbol(symbol);
    const example = tags.find(({ name }) => name === 'example')?.text;
    const of = `${table.name}.${method.name}`;
    return {
      family: table.name,
      name: method.name,
      text: checker.getDocumentationCommentOfSymbol(symbol),
      ...(example ? { example } : {}),
      options: signature
        .getParameters()
        .map((parameter) => checker.getNonNullableType(checker.getTypeOfSymbol(parameter)!)!)
        .filter((given) => /Options\b/.test(checker.typeToString(given)))
        .flatMap((given) => optionsIn(checker, of, given)),
    };
  });
}

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
