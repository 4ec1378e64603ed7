/** Fields of a director's file. */
export type Fields = Record<string, unknown>;

/** What of another program's file has no counterpart, or another meaning. */
export interface Note {
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Hears of a note. */
export type Tell = (note: Note) => void;

/** A director's file made of another program's. */
export interface Converted {
  readonly file: Fields;
  readonly notes: readonly Note[];
}

/** Notes in the order of their lines, each once: what holds for a group of services is noted for each of them. */
export function inOrder(notes: readonly Note[]): readonly Note[] {
  const unique = new Map(notes.map(note => [`${note.line} ${note.message}`, note]));
  return [...unique.values()].toSorted((one, other) => one.line - other.line);
}

/** An IPv4 address, or an IPv6 one with or without brackets, and a port: `10.0.0.1:80`, `[fd00::1]:80`. */
export function endpointOf(text: string): { readonly address: string; readonly port: number } | undefined {
  const [, address, port] = /^\[?([\da-fA-F.:]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  return address === undefined ? undefined : { address, port: Number(port) };
}

/** Seconds, with a fraction or not, as milliseconds; undefined where it is something else. */
export function milliseconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text)
    ? Math.max(1, Math.round(Number(text) * 1000))
    : undefined;
}

/** Fields without those that are undefined. */
export function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
