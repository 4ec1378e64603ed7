import { join } from 'node:path';
import ts from 'typescript';
import { entries } from './entries.ts';

const root = join(import.meta.dirname, '../..');

/** The options of a strict user whose `ipvs` is this checkout. */
const options: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  paths: Object.fromEntries(entries.map(({ name, source }) => [name, [join(root, source)]])),
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/**
 * The compiler's complaints about modules of users' that are given by their paths from the root, where there
 * need be no such files: `docs/nat.md.ts:12: …`.
 */
export function compile(modules: ReadonlyMap<string, string>): string[] {
  const texts = new Map([...modules].map(([path, text]) => [join(root, path), text]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = path => texts.has(path) || fileExists.call(host, path);
  host.readFile = path => texts.get(path) ?? readFile.call(host, path);
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap(path => {
    const file = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(found => {
      const line = file.getLineAndCharacterOfPosition(found.start ?? 0).line + 1;
      const text = ts.flattenDiagnosticMessageText(found.messageText, '\n');
      return `${path.slice(root.length + 1)}:${line}: ${text}`;
    });
  });
}
