import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The pages that readers see, by their paths from the root: README.md, docs/nat.md. */
export const pages: readonly string[] = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => join('docs', path))
    .sort(),
];

/** The text of a page. */
export function readPage(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** What a comment on the line before a block says of it. */
export type Directive =
  /** `<!-- not run: why -->` */
  | { readonly kind: 'not run'; readonly why: string }
  /** `<!-- on director -->`: a step of the page's set-up, on a host of it. */
  | { readonly kind: 'on'; readonly host: string };

/** A block of code on a page. */
export interface Block {
  readonly page: string;
  /** Where its code begins, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly directive?: Directive;
  readonly code: string;
}

/** The blocks of a page, in order. Throws where one can't be told for sure. */
export function blocksOf(page: string, text = readPage(page)): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(lines[i]!);
    if (fence === null) continue;
    const [, indent, mark, language] = fence;
    if (indent !== '' || mark !== '```' || !/^[a-z]+$/.test(language!)) {
      throw new Error(
        `${page}:${i + 1}: a block opens with three backticks and its language alone, unindented`,
      );
    }
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`${page}:${i + 1}: the block has no end`);
    const directive = readDirective(lines[i - 1] ?? '') ?? readDirective(lines[i - 2] ?? '');
    const code = lines.slice(i + 1, end).map(line => `${line}\n`);
    blocks.push({
      page,
      line: i + 2,
      language: language!,
      ...(directive && { directive }),
      code: code.join(''),
    });
    i = end;
  }
  return blocks;
}

function readDirective(line: string): Directive | undefined {
  const [, why, host] = /^<!-- (?:not run: (.+)|on ([\w-]+)) -->$/.exec(line) ?? [];
  if (why !== undefined) return { kind: 'not run', why };
  return host === undefined ? undefined : { kind: 'on', host };
}

/** A program of a page: a block that imports something, with those that go on where it ended. */
export interface Program {
  readonly page: string;
  readonly line: number;
  /** Empty lines stand where the page has none of the program's: complaints then name the page's lines. */
  readonly code: string;
  readonly isRun: boolean;
}

/** The programs of a page. A block without an import goes on where the one before it ended. */
export function programsOf(page: string, blocks: readonly Block[] = blocksOf(page)): Program[] {
  const programs: { line: number; lines: string[]; isRun: boolean }[] = [];
  for (const { language, line, code, directive } of blocks) {
    if (language !== 'ts') continue;
    if (programs.length === 0 || /^import /m.test(code)) programs.push({ line, lines: [], isRun: true });
    const { lines } = programs.at(-1)!;
    while (lines.length < line - 1) lines.push('');
    lines.push(...code.split('\n').slice(0, -1));
    if (directive?.kind === 'not run') programs.at(-1)!.isRun = false;
  }
  return programs.map(({ line, lines, isRun }) => ({ page, line, code: `${lines.join('\n')}\n`, isRun }));
}
