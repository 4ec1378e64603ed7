import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GLIBC, type Target } from './targets.ts';

const execute = promisify(execFile);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The needs of a file on a machine, and its faults. */
export interface Inspection {
  readonly size: number;
  readonly needs: string;
  readonly faults: readonly string[];
}

/** The two functions by which Node.js recognizes an addon. */
const addonSymbols = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const libraries = {
  // These are the parts of glibc, all of which are present wherever one is.
  glibc: /^(?:lib(?:c|m|dl|rt|pthread)\.so\.\d+|ld-linux-[\w-]+\.so\.\d+)$/,
  musl: /^libc\.so$/,
};

/** Reads a prebuilt file and compares it with its target's promises. */
export async function inspect(file: string, target: Target): Promise<Inspection> {
  const [content, text] = await Promise.all([readFile(file), readelf(file)]);
  return { size: content.length, ...judge(text, content, file.endsWith('.node'), target) };
}

async function readelf(file: string): Promise<string> {
  const args = ['--wide', '--file-header', '--segments', '--sections', '--dynamic', '--dyn-syms'];
  const env = { ...process.env, LC_ALL: 'C' };
  return (await execute('readelf', [...args, file], { env, maxBuffer: 64 * 1024 * 1024 })).stdout;
}

/** Judges a file by readelf's output. */
function judge(elf: string, content: Buffer, isAddon: boolean, target: Target): Omit<Inspection, 'size'> {
  const faults: string[] = [];
  const fault = (wrong: boolean, text: string) => void (wrong && faults.push(text));

  const machine = field(elf, /^ {2}Machine: +(.+)$/m);
  fault(machine !== target.machine, `is for ${machine}`);
  const needed = all(elf, /\(NEEDED\).*\[(.+)\]/g);
  const dynamic = symbols(elf);
  const defined = dynamic.filter(symbol => symbol.defined).map(symbol => symbol.name);
  const versions = all(elf, /@GLIBC_([\d.]+)/g).sort(compareVersions);
  const newest = versions.at(-1);

  if (isAddon) {
    const strangers = needed.filter(name => !libraries[target.libc].test(name));
    fault(strangers.length > 0, `needs ${strangers.join(', ')}`);
    fault(
      (target.libc === 'musl') !== needed.includes('libc.so'),
      `is linked to another C library than ${target.libc}`,
    );
    const extra = defined.filter(name => !addonSymbols.includes(name));
    fault(extra.length > 0, `lets ${extra.length} symbols out: ${extra.slice(0, 5).join(', ')}`);
    const missing = addonSymbols.filter(name => !defined.includes(name));
    fault(missing.length > 0, `lacks ${missing.join(', ')}`);
    fault(!/Flags:.*\bNODELETE\b/.test(elf), 'may be unloaded while a thread of it runs');
  } else {
    fault(needed.length > 0 || /^ {2}INTERP /m.test(elf), 'is not static');
  }
  fault(
    newest !== undefined && (target.libc === 'musl' || compareVersions(newest, GLIBC) > 0),
    `needs glibc ${newest}${target.libc === 'glibc' ? `, more than ${GLIBC}` : ''}`,
  );
  fault(/\((?:RPATH|RUNPATH)\)/.test(elf), 'has a search path for libraries');
  fault(/\(TEXTREL\)/.test(elf), 'has relocations in its code');
  fault(/ \.symtab /.test(elf), 'is not stripped');
  fault(!/^ {2}GNU_RELRO /m.test(elf), 'lets its tables be written to after it was loaded');
  fault(/^ {2}GNU_STACK .*\bRWE\b/m.test(elf), 'wants a stack that can be executed');
  const alignments = all(elf, /^ {2}LOAD .* 0x([\da-f]+)$/gm).map(text => Number.parseInt(text, 16));
  fault(
    alignments.length === 0 || alignments.some(alignment => alignment < target.pageSize),
    `cannot be loaded by a kernel with pages of ${target.pageSize} bytes`,
  );
  fault(content.includes(root), `names the folder it was built in, ${root}`);

  const needs = newest === undefined ? needed.join(', ') || 'nothing' : `glibc ${newest}`;
  return { needs: `needs ${needs}`, faults };
}

interface DynamicSymbol {
  readonly name: string;
  readonly defined: boolean;
}

/** The dynamic symbols that are not local, without their versions. */
function symbols(elf: string): readonly DynamicSymbol[] {
  return [...elf.matchAll(/^ +\d+: [\da-f]+ +\S+ +\w+ +(?:GLOBAL|WEAK) +\w+ +(\w+) ([^@\s]+)/gm)].map(
    ([, section, name = '']) => ({ name, defined: section !== 'UND' }),
  );
}

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(match => match[1]!);
}

function field(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[1]?.trim() ?? 'nothing known';
}

/** Orders versions such as 2.9 and 2.28 by their numbers. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
