import { join } from 'node:path';
import ts from 'typescript';
import { entries } from '../../support/entries.ts';

const root = join(import.meta.dirname, '../../..');

/** A function, class or method of the public API. */
export interface Callable {
  /** `lint`, `Ipvs.addService`, `Sampler.read`. */
  readonly name: string;
  /** Path from the root, and line counted from 1. */
  readonly place: string;
  readonly comment: string;
  readonly hasExample: boolean;
}

/** Everything that users can call, overloads each for itself, and methods of interfaces. */
export function publicCallables(): Callable[] {
  const files = entries.map(({ source }) => join(root, source));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram(files, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const found = files.flatMap(file => {
    const index = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    return checker.getExportsOfModule(index).flatMap(exported => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const declarations = symbol.declarations ?? [];
      const isOverloaded = declarations.filter(ts.isFunctionDeclaration).length > 1;
      // The implementation of overloads has no comment of its own.
      const called = declarations.filter(
        declaration => !(isOverloaded && ts.isFunctionDeclaration(declaration) && declaration.body),
      );
      return called.flatMap(declaration => callablesOf(exported.name, declaration));
    });
  });
  // Some are exported by several entries.
  return [...new Map(found.map(callable => [`${callable.place} ${callable.name}`, callable])).values()];
}

function callablesOf(name: string, declaration: ts.Declaration): Callable[] {
  if (ts.isFunctionDeclaration(declaration)) return [describe(name, declaration)];
  if (ts.isClassDeclaration(declaration)) {
    return [describe(name, declaration), ...methodsOf(name, declaration.members)];
  }
  if (!ts.isInterfaceDeclaration(declaration)) return [];
  const methods = methodsOf(name, declaration.members);
  // An interface that callers implement has one example for all of its methods.
  const whole = describe(name, declaration);
  return methods.map(method => ({ ...method, hasExample: method.hasExample || whole.hasExample }));
}

function methodsOf(owner: string, members: readonly (ts.ClassElement | ts.TypeElement)[]): Callable[] {
  return members.flatMap(member => {
    const isMethod = ts.isMethodSignature(member) || ts.isMethodDeclaration(member);
    if (!isMethod || !ts.isIdentifier(member.name)) return [];
    const described = describe(`${owner}.${member.name.text}`, member);
    // The implementation of overloads has no comment of its own.
    return ts.isMethodDeclaration(member) && described.comment === '' ? [] : [described];
  });
}

function describe(name: string, node: ts.Declaration): Callable {
  const file = node.getSourceFile();
  const comment = ts
    .getJSDocCommentsAndTags(node)
    .map(doc => doc.getText())
    .join('\n');
  const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  return {
    name,
    place: `${file.fileName.slice(root.length + 1)}:${line}`,
    comment,
    hasExample: comment.includes('@example'),
  };
}
