import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './tarball.ts';

// What README tells users to type, up to the section for those who work on the package.

const userPart = readFileSync(join(root, 'README.md'), 'utf8').split(/^## Working on it$/m)[0]!;

function blocks(language: string): readonly string[] {
  const found = [...userPart.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(match => match[1] === language);
  if (found.length === 0) throw new Error(`README.md has no ${language} for users`);
  return found.map(match => match[2]!);
}

/** How the package is installed. */
export const installCommand = blocks('sh')[0]!.trim();

/** All that README has the command do, a line each. */
export const commandLines = blocks('sh')
  .slice(1)
  .flatMap(block => block.trim().split('\n'));

/** The first example, as JavaScript that every Node.js runs. */
export function firstExample(): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(blocks('ts')[0]!, { compilerOptions }).outputText;
}
