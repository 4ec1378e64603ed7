import {
  ADDRESS_BYTES,
  Layout,
  Line,
  LineEndpoint,
  LineShape,
  LineTemplate,
  NO_SHAPE,
} from '../../addon/layout.ts';
import { native } from '../../addon/load.ts';
import { createBatch } from '../../addon/record.ts';
import type { Write } from '../../calls/writes.ts';
import { writeAddress } from '../../model/address.ts';
import { Family } from '../../model/constants.ts';

/** From this many lines on a shape's template takes less time to make than its lines to read. */
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
 * Makes the records of lines. A rules file has thousands of lines that differ in their endpoints, addresses
 * with ports, alone: two of each such shape are read and checked, and the records of all others are the same
 * but for those. That is as good as reading them: no check looks at which address or port it is, only at its
 * family and whether the port is 0, and a template is made only where a record is seen to depend on its
 * line's endpoints in no other way. A test compares both ways. `read` gives the write that a line is, or
 * undefined where it is none, or wrong.
 */
export function recordLines(text: string, read: (line: string) => Write | undefined): LineRecords {
  const { lines, shapes } = native().shapeLines(text);
  const templateOf = new Uint32Array(shapes.byteLength / LineShape.bytes).fill(NO_SHAPE);
  const templates: Uint8Array[] = [];
  for (let shape = 0; shape < templateOf.length; shape++) {
    const word = wordsAt(shapes, shape * LineShape.bytes);
    if (word(LineShape.count) < WORTHWHILE) continue;
    const parts = partsOf(text, lines, word(LineShape.first));
    const template = makeTemplate(parts, line => recordOf(read(line)));
    if (template === undefined) continue;
    templateOf[shape] = templates.length;
    templates.push(template);
  }
  return {
    ...native().fillTemplates(lines, templateOf, Buffer.concat(templates)),
    place(line) {
      const word = wordsAt(lines, (line - 1) * Line.bytes);
      return [word(Line.start), word(Line.end)];
    },
  };
}

/** Reads the words of the struct that starts at byte `start`, by their offsets within it. */
function wordsAt(words: Uint32Array, start: number): (offset: number) => number {
  return offset => words[(start + offset) >> 2]!;
}

/** A line's endpoints, and what stands before, between and after them. */
interface LineParts {
  readonly pieces: readonly string[];
  /** Of each endpoint. */
  readonly families: readonly number[];
}

function partsOf(text: string, lines: Uint32Array, line: number): LineParts {
  const word = wordsAt(lines, line * Line.bytes);
  const pieces: string[] = [];
  const families: number[] = [];
  let from = word(Line.start);
  for (let i = 0; i < word(Line.endpointCount); i++) {
    const at = Line.endpoints + i * LineEndpoint.bytes;
    pieces.push(text.slice(from, word(at + LineEndpoint.start)));
    families.push(word(at + LineEndpoint.family));
    from = word(at + LineEndpoint.end);
  }
  return { pieces: [...pieces, text.slice(from, word(Line.end))], families };
}

/** A write's record; undefined where the library refuses what it says. */
function recordOf(write: Write | undefined): Uint8Array | undefined {
  if (write === undefined) return undefined;
  const slot = createBatch().open(write.operation);
  try {
    write.encode?.(slot);
  } catch {
    return undefined;
  }
  return slot.bytes;
}

/** The fields of a record that an endpoint may go to, and where its template says which one does. */
const fields = [
  { at: Layout.service.address, length: ADDRESS_BYTES, part: 'address', source: LineTemplate.service },
  { at: Layout.service.port, length: 4, part: 'port', source: LineTemplate.servicePort },
  {
    at: Layout.destination.address,
    length: ADDRESS_BYTES,
    part: 'address',
    source: LineTemplate.destination,
  },
  { at: Layout.destination.port, length: 4, part: 'port', source: LineTemplate.destinationPort },
] as const;

/**
 * Makes a shape's template (native/cli/line_shapes.h's LineTemplate) from the records of two lines that have
 * it: where both records have the value of the same endpoint, it comes from there. Undefined when that does
 * not explain all that differs, or a line has no record.
 *
 * Of the shape `-a -t @ -r @ -g` the two lines are
 *
 *     -a -t 192.0.2.16:16 -r 192.0.2.17:17 -g
 *     -a -t 192.0.2.32:32 -r 192.0.2.33:33 -g
 *
 * The first record has the service 192.0.2.16:16 and the destination 192.0.2.17:16, as -g keeps the service's
 * port; the second 192.0.2.32:32 and 192.0.2.33:32. So that the service's address and port and the
 * destination's port are those of the line's first endpoint (source 0), the destination's address is that of
 * the second (source 1), and no other byte differs.
 */
function makeTemplate(
  parts: LineParts,
  recordOfLine: (line: string) => Uint8Array | undefined,
): Uint8Array | undefined {
  const [first, second] = [probe(parts, 1), probe(parts, 2)];
  const [one, two] = [recordOfLine(first.line), recordOfLine(second.line)];
  if (one === undefined || two === undefined) return undefined;
  const sources = fields.map(({ at, length, part }) => {
    const [a, b] = [one, two].map(record => record.subarray(at, at + length));
    return first.endpoints.findIndex(
      (endpoint, i) => sameBytes(endpoint[part], a!) && sameBytes(second.endpoints[i]![part], b!),
    );
  });
  const explained = (byte: number) =>
    fields.some(({ at, length }, i) => sources[i] !== -1 && byte >= at && byte < at + length);
  if (one.some((byte, at) => byte !== two[at] && !explained(at))) return undefined;
  const template = new Uint8Array(LineTemplate.bytes);
  template.set(one, LineTemplate.record);
  const words = new Uint32Array(template.buffer);
  for (const [i, { source }] of fields.entries()) words[source >> 2] = sources[i]!; // -1 is NO_SHAPE
  return template;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i]);
}

/**
 * A line whose endpoints differ from one another and from those of other numbers; and what a record has of
 * them.
 */
function probe({ pieces, families }: LineParts, number: number) {
  const endpoints = families.map((family, i) => {
    const port = number * 16 + i;
    const host = family === Family.ipv4 ? `192.0.2.${port}` : `2001:db8::${port.toString(16)}`;
    const address = new Uint8Array(ADDRESS_BYTES);
    writeAddress(address, 0, 'address', host);
    const text = family === Family.ipv4 ? `${host}:${port}` : `[${host}]:${port}`;
    return { text, address, port: new Uint8Array(new Uint32Array([port]).buffer) };
  });
  return { line: pieces.map((piece, i) => (endpoints[i - 1]?.text ?? '') + piece).join(''), endpoints };
}
