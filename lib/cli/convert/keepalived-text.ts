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
 * is between braces, which stand on the statement's line or on the next one.
 */
export function parseKeepalived(text: string): readonly Statement[] {
  const tokens = text.split('\n').flatMap((line, i) => tokensOf(line, i + 1));
  const [statements] = parseBlock(tokens, 0);
  return statements;
}

function tokensOf(text: string, line: number): readonly Token[] {
  const tokens: Token[] = [];
  for (const [found, quoted, comment] of text.matchAll(/"([^"]*)"|([#!].*)$|[{}]|[^\s"{}]+/g)) {
    if (comment !== undefined) continue;
    const kind = found === '{' || found === '}' ? found : 'word';
    tokens.push({ line, kind, text: quoted ?? found });
  }
  return [...tokens, { line, kind: 'end', text: '' }];
}

/** Reads statements up to the brace that ends their block; returns them, and the place of the token that follows. */
function parseBlock(tokens: readonly Token[], first: number): readonly [readonly Statement[], number] {
  const statements: Statement[] = [];
  let at = first;
  for (;;) {
    while (tokens[at]?.kind === 'end') at++;
    const token = tokens[at];
    if (token === undefined || token.kind === '}') return [statements, at + 1];
    const words: string[] = [];
    for (; tokens[at]?.kind === 'word'; at++) words.push(tokens[at]!.text);
    let next = at;
    while (tokens[next]?.kind === 'end') next++;
    let block: readonly Statement[] = [];
    if (tokens[next]?.kind === '{') [block, at] = parseBlock(tokens, next + 1);
    const [name = '', ...args] = words;
    statements.push({ line: token.line, name, args, block });
  }
}
