import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Programs } from './guest/programs.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const cache = join(root, '.cache/bench');

/**
 * The files of the guest: the C programs, its own code and this package as users have it, safe from later
 * builds.
 */
export interface Prepared {
  readonly programs: Programs;
  /** The guest's main file. */
  readonly guest: string;
  /** The package's main file. */
  readonly library: string;
}

export function prepare(): Prepared {
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  return {
    programs: { floor: compileC('floor'), stopwatch: compileC('stopwatch') },
    guest: compileGuest(),
    library: copyPackage(),
  };
}

function compileC(name: string): string {
  const program = join(cache, name);
  const flags = ['-std=gnu11', '-O3', '-Wall', '-Wextra'];
  execFileSync('cc', [...flags, '-o', program, join(here, `${name}.c`)], { stdio: 'inherit' });
  return program;
}

/** Compiles the guest's code here, as the guest is emulated and plain JavaScript is to be measured. */
function compileGuest(): string {
  const output = join(cache, 'js');
  for (const folder of ['', 'guest']) {
    mkdirSync(join(output, folder), { recursive: true });
    for (const file of readdirSync(join(here, folder)).filter(name => name.endsWith('.ts'))) {
      const { outputText } = ts.transpileModule(readFileSync(join(here, folder, file), 'utf8'), {
        fileName: file,
        compilerOptions: {
          target: ts.ScriptTarget.ES2023,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          rewriteRelativeImportExtensions: true,
        },
      });
      writeFileSync(join(output, folder, `${basename(file, '.ts')}.js`), outputText);
    }
  }
  return join(output, 'guest/main.js');
}

function copyPackage(): string {
  const copy = join(cache, 'package');
  for (const part of [
    'package.json',
    'dist',
    'native/build/Release/ipvs.node',
    `native/build/Release/ipvs-quick-${process.arch}`,
  ]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  return join(copy, 'dist/index.js');
}
