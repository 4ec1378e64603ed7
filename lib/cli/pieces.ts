import type { NativePiece } from '../native.ts';

/** native/row_text.h, Piece::Kind. */
const Kind = { text: 0, ofRow: 1, ofWord: 2, endpoint: 3, word: 4, counter: 5, short: 6 } as const;

const nothing = { column: 0, family: 0, width: 0, texts: [] };

/** The same text in each line. */
export function text(same: string): NativePiece {
  return { ...nothing, kind: Kind.text, texts: [same] };
}

/** A text of each row's own. */
export function textOfRow(texts: readonly string[], width = 0): NativePiece {
  return { ...nothing, kind: Kind.ofRow, texts, width };
}

/** The text for a word's value; where there is none, the value. */
export function textOfWord(column: number, texts: readonly string[], width: number): NativePiece {
  return { ...nothing, kind: Kind.ofWord, column, texts, width };
}

/** A row's address and port, IPv6 in brackets. */
export function endpoint(
  { family, port }: { readonly family: number; readonly port: number },
  width: number,
): NativePiece {
  return { ...nothing, kind: Kind.endpoint, column: port, family, width };
}

/** A word, to the left. */
export function word(column: number, width: number): NativePiece {
  return { ...nothing, kind: Kind.word, column, width };
}

/** A counter, to the right. */
export function counter(column: number, width: number): NativePiece {
  return { ...nothing, kind: Kind.counter, column, width };
}

/** A counter, to the right; from nine digits on as ipvsadm shortens it, in thousands (K), millions (M) and so on. */
export function shortCounter(column: number, width: number): NativePiece {
  return { ...nothing, kind: Kind.short, column, width };
}
