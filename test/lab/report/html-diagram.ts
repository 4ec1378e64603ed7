import type { Box } from './diagram.ts';
import { escapeHtml } from './html-escape.ts';

const LETTER = 7.4;
const LINE = 18;
const PADDING = 10;
const GAP = 24;
const BETWEEN = 90;

interface Placed extends Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Draws hosts in columns from left to right, with the segments between neighbouring columns. */
export function drawSvg(columns: readonly (readonly Box[])[]): string {
  const heights = columns.map(boxes => boxes.reduce((sum, box) => sum + heightOf(box) + GAP, -GAP));
  const height = Math.max(...heights);
  let x = 1;
  const placed = columns.map((boxes, i) => {
    const width = Math.max(...boxes.map(widthOf));
    let y = (height - heights[i]!) / 2 + 1;
    const column = boxes.map((box): Placed => {
      const one = { ...box, x, y, width, height: heightOf(box) };
      y += one.height + GAP;
      return one;
    });
    x += width + BETWEEN;
    return column;
  });
  const cables = placed.slice(1).map((right, i) => drawCables(placed[i]!, right));
  const width = x - BETWEEN + 1;
  return `<svg viewBox="0 0 ${width} ${height + 2}" width="${width}" role="img">${cables.join('')}${placed
    .flat()
    .map(drawBox)
    .join('')}</svg>`;
}

function widthOf({ title, lines }: Box): number {
  return Math.max(...[title, ...lines].map(text => text.length)) * LETTER + 2 * PADDING;
}

function heightOf({ lines }: Box): number {
  return (lines.length + 1) * LINE + PADDING;
}

function drawBox({ x, y, width, height, title, lines }: Placed): string {
  const texts = [title, ...lines].map((text, i) => {
    const style = i === 0 ? ' class="title"' : '';
    return `<text x="${x + PADDING}" y="${y + (i + 1) * LINE}"${style}>${escapeHtml(text)}</text>`;
  });
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" class="box"/>${texts.join('')}`;
}

/** A segment: a line down the middle, with a branch to each host. */
function drawCables(left: readonly Placed[], right: readonly Placed[]): string {
  const middle = ({ y, height }: Placed) => y + height / 2;
  const bus = (left[0]!.x + left[0]!.width + right[0]!.x) / 2;
  const ends = [...left, ...right].map(middle);
  const branches = [
    ...left.map(box => `M${box.x + box.width} ${middle(box)}H${bus}`),
    ...right.map(box => `M${bus} ${middle(box)}H${box.x}`),
  ];
  return `<path class="cable" d="M${bus} ${Math.min(...ends)}V${Math.max(...ends)}${branches.join('')}"/>`;
}
