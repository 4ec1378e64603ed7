/** Quotes one word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command and its arguments as one line for a POSIX shell. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
