import { complain, type Findings } from '../problem.ts';

/**
 * The longest line. No rule comes near it: the longest that makes sense has about 300 characters. ipvsadm
 * splits words at it, and writes beyond its buffer.
 */
const MAX_LINE = 4096;

const TAB = 9;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === CARRIAGE_RETURN;
}

/**
 * Splits a line into words, as a shell would that knows quotes, backslashes and comments but expands nothing.
 * ipvsadm itself means to have comments and does not: it looks for the `#` in the blank before it, so that
 * only ipvsadm-restore, which filters lines, has them.
 */
export function splitWords(text: string, start: number, end: number, findings: Findings): string[] {
  let at = start;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  if (at === end || text.charCodeAt(at) === HASH) return [];
  if (end - start > MAX_LINE) {
    complain(findings, undefined, `a line has ${MAX_LINE} characters at most, not ${end - start}`);
    return [];
  }
  const words: string[] = [];
  while (at < end) {
    const code = text.charCodeAt(at);
    if (isBlank(code)) {
      at++;
    } else if (code === HASH) {
      break;
    } else {
      const stop = endOfPlainWord(text, at, end);
      if (stop === end || isBlank(text.charCodeAt(stop))) {
        words.push(text.slice(at, stop));
        at = stop;
      } else {
        at = quotedWord(text, at, end, words, findings);
      }
    }
  }
  return words;
}

/** Where a word ends, or its first quote is. */
function endOfPlainWord(text: string, start: number, end: number): number {
  let at = start;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (isBlank(code) || code === DOUBLE_QUOTE || code === SINGLE_QUOTE || code === BACKSLASH) break;
  }
  return at;
}

/** Adds a word with quotes in it, and returns where it ends. */
function quotedWord(text: string, start: number, end: number, words: string[], findings: Findings): number {
  let word = '';
  let quote = 0;
  let at = start;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      quote = 0;
    } else if (code === BACKSLASH && quote !== SINGLE_QUOTE && at + 1 < end) {
      word += text[++at];
    } else if (quote === 0 && (code === DOUBLE_QUOTE || code === SINGLE_QUOTE)) {
      quote = code;
    } else if (quote === 0 && isBlank(code)) {
      break;
    } else {
      word += text[at];
    }
  }
  if (quote !== 0) complain(findings, undefined, `a quote (${String.fromCharCode(quote)}) is not closed`);
  words.push(word);
  return at;
}
