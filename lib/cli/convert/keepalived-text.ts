import type { Tell } from './converted.ts';

/** A statement of keepalived.conf: words, and a block where one follows. */
export interface Statement {
  /** Counted from 1. */
  readonly line: number;
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly Statement[];
}

/** A word, a brace, or the end of a line. */
interface Token {
  readonly line: number;
  readonly kind: 'word' | '{' | '}' | 'end';
  readonly text: string;
}

/**
 * Reads keepalived.conf as keepalived does (lib/parser.c): a statement is a line, `#` and `!` begin comments, a block
 * is between braces, which stand on the statement's line or on the next one. `$NAME=` defines what `$NAME` and
 * `${NAME}` stand for from there on; a definition of several lines stays as it is. Braces without their like are told.
 */
export function parseKeepalived(text: string, tell: Tell): readonly Statement[] {
  const definitions = new Map<string, string>();
  const tokens = text.split('\n').flatMap((raw, i) => {
    const line = raw.replace(/\$(?:\{(\w+)\}|(\w+)(?!\s*=))/g, (whole, braced?: string, bare?: string) => {
      return definitions.get(braced ?? bare ?? '') ?? whole;
    });
    const [, name, value] = /^\s*\$(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value!.endsWith('\\')) return tokensOf(line, i + 1);
    definitions.set(name, value!);
    return [];
  });
  const [statements] = parseBlock(tokens, 0, tell);
  return statements;
}

function tokensOf(text: string, line: number): readonly Token[] {
  const tokens: Token[] = [];
  for (const [found, quoted, comment] of text.matchAll(/"([^"]*)"|([#!].*)$|[{}]|(?:\$\{\w+\}|[^\s"{}])+/g)) {
    if (comment !== undefined) continue;
    const kind = found === '{' || found === '}' ? found : 'word';
    tokens.push({ line, kind, text: quoted ?? found });
  }
  return [...tokens, { line, kind: 'end', text: '' }];
}

/**
 * Reads statements up to the brace that ends their block, or of the whole text where there is no `opening`; returns
 * them, and the place of the token that follows.
 */
function parseBlock(
  tokens: readonly Token[],
  first: number,
  tell: Tell,
  opening?: Pick<Statement, 'line' | 'name'>,
): readonly [readonly Statement[], number] {
  const statements: Statement[] = [];
  let at = first;
  for (;;) {
    while (tokens[at]?.kind === 'end') at++;
    const token = tokens[at];
    if (token === undefined && opening !== undefined) {
      const message = `the block of ${opening.name} is not closed: all that follows is in it`;
      tell({ line: opening.line, message });
    }
    if (token === undefined) return [statements, at];
    if (token.kind === '}') {
      at++;
      if (opening !== undefined) return [statements, at];
      tell({ line: token.line, message: 'this brace closes nothing, and is left out' });
      continue;
    }
    const words: string[] = [];
    for (; tokens[at]?.kind === 'word'; at++) words.push(tokens[at]!.text);
    let next = at;
    while (tokens[next]?.kind === 'end') next++;
    const [name = '', ...args] = words;
    let block: readonly Statement[] = [];
    if (tokens[next]?.kind === '{') {
      [block, at] = parseBlock(tokens, next + 1, tell, { line: token.line, name });
    }
    statements.push({ line: token.line, name, args, block });
  }
}

/** The first word behind the last statement that has one of these names. */
export function wordOf(block: readonly Statement[], ...names: readonly string[]): string | undefined {
  return block.findLast(({ name }) => names.includes(name))?.args[0];
}

/** Whether a switch is on: it is named, and not with a word for off behind it. */
export function isOn(block: readonly Statement[], name: string): boolean {
  const found = block.findLast(statement => statement.name === name);
  return found !== undefined && !['no', 'off', 'false'].includes(found.args[0]?.toLowerCase() ?? '');
}
