import { type BitmapData, BitmapFlag, type BitmapUpdate } from '../../codecs/rdp/bitmapUpdate.ts';
import { COLOR_DEPTH, type DesktopSize } from './capabilities.ts';

/** The text in the client's window. */
export const DESKTOP_TEXT = 'This session carries USB devices';

/** Five bits of red, six of green, five of blue. */
const BACKGROUND = 0x1a2c;
const FOREGROUND = 0xffff;
/** Columns and rows of a glyph. */
const GLYPH_WIDTH = 5;
const GLYPH_HEIGHT = 7;
/** With the gap after each glyph. */
const CELL_WIDTH = GLYPH_WIDTH + 1;
const LARGEST_SCALE = 3;
/** Pixels that one order of run-length encoding can hold. */
const LONGEST_RUN = 0xffff;
/** Rectangles in an update, so that it fits into one MCS PDU. */
const STRIPS_IN_UPDATE = 256;
/** Orders of interleaved run-length encoding, [MS-RDPBCGR] 2.2.9.1.1.3.1.2.4. */
const REGULAR_COLOR_RUN = 0x60;
const MEGA_MEGA_COLOR_RUN = 0xf3;
const LONGEST_REGULAR_RUN = 31;

/** A bitmap font with the letters of DESKTOP_TEXT: rows from the top, the leftmost column in the highest of 5 bits. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  T: [0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04],
  U: [0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e],
  S: [0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e],
  B: [0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e],
  a: [0x00, 0x00, 0x0e, 0x01, 0x0f, 0x11, 0x0f],
  c: [0x00, 0x00, 0x0e, 0x10, 0x10, 0x11, 0x0e],
  d: [0x01, 0x01, 0x0d, 0x13, 0x11, 0x11, 0x0f],
  e: [0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e],
  h: [0x10, 0x10, 0x16, 0x19, 0x11, 0x11, 0x11],
  i: [0x04, 0x00, 0x0c, 0x04, 0x04, 0x04, 0x0e],
  n: [0x00, 0x00, 0x16, 0x19, 0x11, 0x11, 0x11],
  o: [0x00, 0x00, 0x0e, 0x11, 0x11, 0x11, 0x0e],
  r: [0x00, 0x00, 0x16, 0x19, 0x10, 0x10, 0x10],
  s: [0x00, 0x00, 0x0e, 0x10, 0x0e, 0x01, 0x1e],
  v: [0x00, 0x00, 0x11, 0x11, 0x11, 0x0a, 0x04],
};

/**
 * The desktop that every client is shown: one colour, and a line of text in the middle. Updates are in the order in
 * which they are to be painted.
 */
export function desktopUpdates({ width, height }: DesktopSize): readonly BitmapUpdate[] {
  const rows = Math.max(1, Math.floor(LONGEST_RUN / padded(width)));
  const strips = Array.from({ length: Math.ceil(height / rows) }, (_, index) => {
    const top = index * rows;
    const stripHeight = Math.min(rows, height - top);
    // Not pixel by pixel: a client may have sixty million of them.
    return rectangle(0, top, width, stripHeight, Uint8Array.from(run(BACKGROUND, padded(width) * stripHeight)));
  });
  const columns = DESKTOP_TEXT.length * CELL_WIDTH;
  const scale = Math.min(LARGEST_SCALE, Math.floor(width / columns));
  const background: BitmapUpdate[] = [];
  for (let first = 0; first < strips.length; first += STRIPS_IN_UPDATE) {
    background.push({ rectangles: strips.slice(first, first + STRIPS_IN_UPDATE) });
  }
  if (scale === 0) return background;
  const text = { width: columns * scale, height: GLYPH_HEIGHT * scale };
  const left = Math.floor((width - text.width) / 2);
  const top = Math.floor((height - text.height) / 2);
  const colorAt = (x: number, y: number) => {
    const column = Math.floor(x / scale);
    const letter = DESKTOP_TEXT.charAt(Math.floor(column / CELL_WIDTH));
    return isDotSet(letter, column % CELL_WIDTH, Math.floor(y / scale)) ? FOREGROUND : BACKGROUND;
  };
  const bitmap = runs(padded(text.width), text.height, colorAt);
  return [...background, { rectangles: [rectangle(left, top, text.width, text.height, bitmap)] }];
}

/** Whether a dot of a glyph is set; a character without a glyph, and the column after a glyph, are blank. */
function isDotSet(letter: string, column: number, row: number): boolean {
  const bits = GLYPHS[letter]?.[row] ?? 0;
  return column < GLYPH_WIDTH && ((bits >> (GLYPH_WIDTH - 1 - column)) & 1) === 1;
}

function rectangle(left: number, top: number, width: number, height: number, bitmapDataStream: Uint8Array): BitmapData {
  return {
    destLeft: left,
    destTop: top,
    destRight: left + width - 1,
    destBottom: top + height - 1,
    width: padded(width),
    height,
    bitsPerPixel: COLOR_DEPTH,
    flags: BitmapFlag.BITMAP_COMPRESSION | BitmapFlag.NO_BITMAP_COMPRESSION_HDR,
    bitmapDataStream,
  };
}

/** Clients want rows of a multiple of four pixels; those beyond the rectangle are not shown. */
function padded(width: number): number {
  return Math.ceil(width / 4) * 4;
}

/** The pixels as runs of one colour each, from the lowest row up. */
function runs(width: number, height: number, colorAt: (x: number, y: number) => number): Uint8Array {
  const orders: number[] = [];
  let color = colorAt(0, height - 1);
  let length = 0;
  for (let y = height - 1; y >= 0; y -= 1) {
    for (let x = 0; x < width; x += 1) {
      const next = colorAt(x, y);
      if (next !== color || length === LONGEST_RUN) {
        orders.push(...run(color, length));
        color = next;
        length = 0;
      }
      length += 1;
    }
  }
  orders.push(...run(color, length));
  return Uint8Array.from(orders);
}

/** The order for up to {@link LONGEST_RUN} pixels of one colour. */
function run(color: number, length: number): readonly number[] {
  const order =
    length <= LONGEST_REGULAR_RUN ? [REGULAR_COLOR_RUN | length] : [MEGA_MEGA_COLOR_RUN, length & 0xff, length >> 8];
  return [...order, color & 0xff, color >> 8];
}
