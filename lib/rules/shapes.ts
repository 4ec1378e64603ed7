import { native } from '../binding.ts';
import { createBatch, Layout } from '../record.ts';
import type { Write } from '../writes.ts';

/** Words of native/line_shapes.h's structs, and their sizes in words. */
export const LineLayout = {
  words: 12,
  start: 0,
  end: 1,
  shape: 2,
  endpointCount: 3,
  endpoints: 4,
  endpointWords: 4,
  shapeWords: 2,
  templateBytes: Layout.bytes + 16,
} as const;

const NO_SHAPE = 0xffff_ffff;

/** From so many lines on, to make a shape's template takes less time than to read them. */
const WORTHWHILE = 8;

/** Records of lines, one after another. */
export interface LineRecords {
  readonly records: Uint8Array;
  /** The line of each, counted from 1. */
  readonly lines: Uint32Array;
  /** Lines that must be read, counted from 1. */
  readonly rest: Uint32Array;
  /** Tells where a line starts and ends in the text. */
  place(line: number): readonly [start: number, end: number];
}

/**
 * Makes the records of lines. A rules file has thousands of lines that differ in their endpoints, IPv4 addresses with ports, alone: two of each
 * such shape are read and checked, and the records of all others are the same but for those. That is as good as reading them: no check looks
 * at which IPv4 address or port it is, unless the port is 0, and a template is made only where a record is seen to depend on its line's
 * endpoints in no other way. A test compares both ways. `read` gives the write that a line is, or undefined where it is none, or wrong.
 */
export function recordLines(text: string, read: (line: string) => Write | undefined): LineRecords {
  const { lines, shapes } = native().shapeLines(text);
  const templateOf = new Uint32Array(shapes.length / LineLayout.shapeWords).fill(NO_SHAPE);
  const templates: Uint8Array[] = [];
  for (let shape = 0; shape < templateOf.length; shape++) {
    const [first, count] = shapes.subarray(shape * LineLayout.shapeWords);
    if (count! < WORTHWHILE) continue;
    const template = makeTemplate(piecesOf(text, lines, first!), line => recordOf(read(line)));
    if (template === undefined) continue;
    templateOf[shape] = templates.length;
    templates.push(template);
  }
  return {
    ...native().fillTemplates(lines, templateOf, Buffer.concat(templates)),
    place(line) {
      const at = (line - 1) * LineLayout.words;
      return [lines[at + LineLayout.start]!, lines[at + LineLayout.end]!];
    },
  };
}

/** What stands before, between and after a line's endpoints. */
function piecesOf(text: string, lines: Uint32Array, line: number): readonly string[] {
  const words = lines.subarray(line * LineLayout.words, (line + 1) * LineLayout.words);
  const pieces: string[] = [];
  let from = words[LineLayout.start]!;
  for (let i = 0; i < words[LineLayout.endpointCount]!; i++) {
    const at = LineLayout.endpoints + i * LineLayout.endpointWords;
    pieces.push(text.slice(from, words[at]));
    from = words[at + 1]!;
  }
  return [...pieces, text.slice(from, words[LineLayout.end])];
}

/** A write's record; undefined where the library refuses what it says. */
function recordOf(write: Write | undefined): Uint8Array | undefined {
  if (write === undefined) return undefined;
  const batch = createBatch();
  try {
    const slot = batch.open(write.operation);
    if (write.encode?.(slot) !== undefined) return undefined;
  } catch {
    return undefined;
  }
  batch.commit();
  return batch.take().slice();
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The fields of a record that an endpoint may go to, in the order of LineTemplate's. Addresses are in network order, other words in the host's. */
const fields = [
  { at: Layout.service.address, part: 'address', littleEndian: false },
  { at: Layout.service.port, part: 'port', littleEndian: LITTLE_ENDIAN },
  { at: Layout.destination.address, part: 'address', littleEndian: false },
  { at: Layout.destination.port, part: 'port', littleEndian: LITTLE_ENDIAN },
] as const;

/**
 * Makes a shape's template (native/line_shapes.h's LineTemplate) from the records of two lines that have it: where both records have the value
 * of the same endpoint, it comes from there. Undefined when that does not explain all that differs, or a line has no record.
 */
function makeTemplate(
  pieces: readonly string[],
  recordOfLine: (line: string) => Uint8Array | undefined,
): Uint8Array | undefined {
  const [first, second] = [probe(pieces, 1), probe(pieces, 2)];
  const [record, other] = [recordOfLine(first.line), recordOfLine(second.line)];
  if (record === undefined || other === undefined) return undefined;
  const [one, two] = [new DataView(record.buffer), new DataView(other.buffer)];
  const sources = fields.map(({ at, part, littleEndian }) => {
    const [a, b] = [one.getUint32(at, littleEndian), two.getUint32(at, littleEndian)];
    return first.endpoints.findIndex(
      (endpoint, i) => endpoint[part] === a && second.endpoints[i]![part] === b,
    );
  });
  const explained = new Set(fields.filter((_, i) => sources[i] !== -1).map(({ at }): number => at));
  for (let at = 0; at < Layout.bytes; at += 4) {
    if (one.getUint32(at) !== two.getUint32(at) && !explained.has(at)) return undefined;
  }
  const template = new Uint8Array(LineLayout.templateBytes);
  template.set(record);
  new Uint32Array(template.buffer).set(sources, Layout.bytes / 4); // -1 is NO_SHAPE
  return template;
}

/** A line whose endpoints are all different, and different from another probe's. */
function probe(pieces: readonly string[], number: number) {
  const endpoints = pieces.slice(1).map((_, i) => {
    const last = number * 16 + i;
    return { text: `192.0.2.${last}:${last}`, address: 0xc000_0200 + last, port: last };
  });
  return { line: pieces.map((piece, i) => (endpoints[i - 1]?.text ?? '') + piece).join(''), endpoints };
}
