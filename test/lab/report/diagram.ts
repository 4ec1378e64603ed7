/** A host in a diagram. */
export interface Box {
  readonly title: string;
  readonly lines: readonly string[];
}

interface Placed {
  readonly top: number;
  /** The row of its cables. */
  readonly port: number;
  readonly rows: readonly string[];
}

const GAP = 6;
const BUS = 3;
/** The characters of lines that go up, down, left and right, by bits 1, 2, 4 and 8. */
const lines = ' ╵╷│╴┘┐┤╶└┌├─┴┬┼';

/** Draws hosts in columns from left to right, with the segments between neighbouring columns. */
export function drawDiagram(columns: readonly (readonly Box[])[]): string[] {
  const heights = columns.map(boxes => boxes.reduce((sum, { lines }) => sum + lines.length + 3, 0));
  const height = Math.max(...heights);
  const placed = columns.map((boxes, i) => placeColumn(boxes, Math.floor((height - heights[i]!) / 2)));
  const parts: string[][] = [];
  placed.forEach((boxes, i) => {
    if (i > 0) parts.push(drawSegment(placed[i - 1]!, boxes, height));
    parts.push(drawColumn(boxes, height, { left: i > 0, right: i < placed.length - 1 }));
  });
  return Array.from({ length: height }, (_, row) => parts.map(part => part[row]!).join('')).filter(
    row => row.trim() !== '',
  );
}

function placeColumn(boxes: readonly Box[], start: number): Placed[] {
  const width = Math.max(...boxes.flatMap(({ title, lines }) => [title, ...lines].map(text => text.length)));
  let top = start;
  return boxes.map(({ title, lines }) => {
    const rows = [title, ...lines].map(text => `│ ${text.padEnd(width)} │`);
    const edge = '─'.repeat(width + 2);
    const box = {
      top,
      port: top + Math.ceil(rows.length / 2),
      rows: [`┌${edge}┐`, ...rows, `└${edge}┘`],
    };
    top += box.rows.length;
    return box;
  });
}

function drawColumn(
  boxes: readonly Placed[],
  height: number,
  cables: { readonly left: boolean; readonly right: boolean },
): string[] {
  const empty = ' '.repeat(boxes[0]!.rows[0]!.length);
  const drawn = Array.from({ length: height }, () => empty);
  for (const { top, port, rows } of boxes) {
    rows.forEach((row, i) => {
      const first = top + i === port && cables.left ? '┤' : row[0]!;
      const last = top + i === port && cables.right ? '├' : row.at(-1)!;
      drawn[top + i] = `${first}${row.slice(1, -1)}${last}`;
    });
  }
  return drawn;
}

function drawSegment(left: readonly Placed[], right: readonly Placed[], height: number): string[] {
  const leftPorts = left.map(({ port }) => port);
  const rightPorts = right.map(({ port }) => port);
  const from = Math.min(...leftPorts, ...rightPorts);
  const to = Math.max(...leftPorts, ...rightPorts);
  return Array.from({ length: height }, (_, row) => {
    if (row < from || row > to) return ' '.repeat(GAP);
    const goesLeft = leftPorts.includes(row);
    const goesRight = rightPorts.includes(row);
    const bits = (row > from ? 1 : 0) | (row < to ? 2 : 0) | (goesLeft ? 4 : 0) | (goesRight ? 8 : 0);
    const before = (goesLeft ? '─' : ' ').repeat(BUS);
    const after = (goesRight ? '─' : ' ').repeat(GAP - BUS - 1);
    return `${before}${lines[bits]}${after}`;
  });
}
