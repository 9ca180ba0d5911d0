import { type BitmapData, BitmapFlag, type BitmapUpdate } from '../../codecs/rdp/bitmapUpdate.ts';
import { COLOR_DEPTH, type DesktopSize } from './capabilities.ts';
import { isDotSet, LETTER_HEIGHT, LETTER_WIDTH } from './letters.ts';

/** What a person sees in the client's window. */
export const DESKTOP_TEXT = 'This session carries USB devices';

/** Five bits of red, six of green, five of blue. */
const BACKGROUND = 0x1a2c;
const FOREGROUND = 0xffff;
/** One gap behind each letter. */
const CELL_WIDTH = LETTER_WIDTH + 1;
const LARGEST_SCALE = 3;
/** What a run of one order can hold. */
const LONGEST_RUN = 0xffff;
/** So many that an update fits into one MCS PDU. */
const STRIPS_IN_UPDATE = 256;
/** Orders of interleaved run-length encoding, [MS-RDPBCGR] 2.2.9.1.1.3.1.2.4. */
const REGULAR_COLOR_RUN = 0x60;
const MEGA_MEGA_COLOR_RUN = 0xf3;
const LONGEST_REGULAR_RUN = 31;

/** The desktop, in the order in which it is painted: one colour, then a line of text in the middle. */
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
  const text = { width: columns * scale, height: LETTER_HEIGHT * scale };
  const left = Math.floor((width - text.width) / 2);
  const top = Math.floor((height - text.height) / 2);
  const colorAt = (x: number, y: number) => {
    const column = Math.floor(x / scale);
    const letter = DESKTOP_TEXT.charAt(Math.floor(column / CELL_WIDTH));
    const isSet = isDotSet(letter, column % CELL_WIDTH, Math.floor(y / scale));
    return column % CELL_WIDTH < LETTER_WIDTH && isSet ? FOREGROUND : BACKGROUND;
  };
  const bitmap = runs(padded(text.width), text.height, colorAt);
  return [...background, { rectangles: [rectangle(left, top, text.width, text.height, bitmap)] }];
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
