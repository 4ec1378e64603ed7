// What users' compilers read of the library: the declarations that an exported entry leads to. Those of modules that
// no public type names are two thirds of them.

// @ts-check

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import typescript from 'typescript';

/**
 * Removes the declarations in a folder that none of the entries leads to.
 * @param {string} folder
 * @param {readonly string[]} entries paths of declarations, from the folder
 */
export function keepDeclarations(folder, entries) {
  const kept = new Set(entries.map(entry => resolve(folder, entry)));
  for (const file of kept) {
    const { importedFiles } = typescript.preProcessFile(readFileSync(file, 'utf8'));
    for (const { fileName } of importedFiles) {
      const declaration = resolve(file, '..', fileName.replace(/\.[jt]s$/, '.d.ts'));
      if (fileName.startsWith('.') && existsSync(declaration)) kept.add(declaration);
    }
  }
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = resolve(join(folder, name));
    if (file.endsWith('.d.ts') && !kept.has(file)) rmSync(file);
  }
}
