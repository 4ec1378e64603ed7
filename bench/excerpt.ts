import { readFileSync, writeFileSync } from 'node:fs';

const START = '<!-- npm run bench -- --excerpt: start -->';
const END = '<!-- npm run bench -- --excerpt: end -->';

/** Replaces the text between two marks in a Markdown file, so that no figure there is written by hand. */
export function writeExcerpt(file: string, content: string): void {
  const text = readFileSync(file, 'utf8');
  const [before, rest] = split(text, START, file);
  const [, after] = split(rest, END, file);
  writeFileSync(file, `${before}${START}\n\n${content}\n${END}${after}`);
}

/** Throws where one of the two marks is missing. */
export function checkExcerpt(file: string): void {
  const [, rest] = split(readFileSync(file, 'utf8'), START, file);
  split(rest, END, file);
}

function split(text: string, mark: string, file: string): [string, string] {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`${file} has no mark ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
