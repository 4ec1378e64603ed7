/** The width of text where there is no terminal. */
const USUAL_WIDTH = 80;
const NARROWEST = 40;

/** The most of a line that the left of two columns takes. */
const LEFT_SHARE = 0.4;
const INDENT = 2;
const GAP = 2;

/** The width that text is made for. */
export function widthOf({ width }: { readonly width?: number | undefined }): number {
  return Math.max(width ?? USUAL_WIDTH, NARROWEST);
}

/**
 * Breaks a text between its words into lines of at most `width` characters; a longer word has a line of its
 * own.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/**
 * Pads the cells of rows to the width of their columns: those named in `left` on the right, all others on the
 * left.
 */
export function alignColumns(rows: readonly (readonly string[])[], left: readonly number[]): string[][] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map(row =>
    row.map((cell, i) => (left.includes(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))),
  );
}

/**
 * Lays out terms and their explanations in two columns of `width` altogether. An explanation is wrapped; a
 * term that the left column has no room for stands on a line of its own.
 */
export function twoColumns(
  rows: readonly (readonly [term: string, text: string])[],
  width: number,
): string[] {
  const most = Math.floor(width * LEFT_SHARE);
  const left = rows.reduce(
    (widest, [term]) => (term.length <= most ? Math.max(widest, term.length) : widest),
    0,
  );
  const start = INDENT + left + GAP;
  return rows.flatMap(([term, text]) => {
    const [first = '', ...rest] = wrap(text, width - start).map(line => ' '.repeat(start) + line);
    const head = ' '.repeat(INDENT) + term;
    const lines =
      term.length <= left ? [head.padEnd(start) + first.slice(start)] : [...wrapTerm(head, width), first];
    return [...lines, ...rest].map(line => line.trimEnd());
  });
}

/** A term that is longer than a line: what follows its first words is indented. */
function wrapTerm(head: string, width: number): string[] {
  const [first = '', ...rest] = wrap(head.trimStart(), width - 2 * INDENT);
  return [' '.repeat(INDENT) + first, ...rest.map(line => ' '.repeat(2 * INDENT) + line)];
}
