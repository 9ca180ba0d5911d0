/** The picture of a virtual camera: coloured columns, a white mark that walks, and the frame's number in squares. */

/** Pixels. */
export const PICTURE = { width: 160, height: 120 } as const;
/** Squares of 8 by 8 pixels have one brightness, two side by side one colour: what 4:2:2 and JPEG's blocks can keep. */
const SQUARE = 8;
const COLUMNS = PICTURE.width / SQUARE;
const ROWS = PICTURE.height / SQUARE;
/** The row of squares with the mark. */
const MARK_ROW = 11;
/** The two rows with the number, 16 bits in each, the most significant first, black is 0. */
const NUMBER_ROW = 13;
const BITS_PER_ROW = 16;

/** Y, Cb and Cr of the columns: white, yellow, cyan, green, magenta, red, blue, and three greys. */
const COLOURS = [
  ...[[235, 128, 128], [210, 16, 146], [170, 166, 16], [145, 54, 34], [106, 202, 222]],
  ...[[81, 90, 240], [41, 240, 110], [60, 128, 128], [120, 128, 128], [180, 128, 128]],
] as const; // prettier-ignore
const WHITE = 235;
const BLACK = 16;
const GREY = 128;

/** One picture: a byte for each square, and a byte of each colour component for each two squares, row by row. */
export interface Picture {
  readonly luma: Uint8Array;
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
}

/** Paints frame number `number`, 32 bits. */
export function paint(number: number): Picture {
  const luma = new Uint8Array(COLUMNS * ROWS);
  const cb = new Uint8Array(luma.length / 2);
  const cr = new Uint8Array(luma.length / 2);
  for (let row = 0; row < ROWS; row += 1) {
    for (let column = 0; column < COLUMNS; column += 1) {
      const [y = 0, blue = GREY, red = GREY] = COLOURS[column >> 1] ?? [];
      const at = row * COLUMNS + column;
      const isNumber = row >= NUMBER_ROW;
      luma[at] = isNumber ? numberSquare(number, row - NUMBER_ROW, column) : isMark(number, row, column) ? WHITE : y;
      cb[at >> 1] = isNumber ? GREY : blue;
      cr[at >> 1] = isNumber ? GREY : red;
    }
  }
  return { luma, cb, cr };
}

function isMark(number: number, row: number, column: number): boolean {
  return row === MARK_ROW && column === number % COLUMNS;
}

function numberSquare(number: number, row: number, column: number): number {
  if (column >= BITS_PER_ROW) return GREY;
  const bit = BITS_PER_ROW * (1 - row) + (BITS_PER_ROW - 1 - column);
  return ((number >>> bit) & 1) === 1 ? WHITE : BLACK;
}

/** The picture as YUY2: two pixels in four bytes, Y Cb Y Cr. */
export function toYuy2({ luma, cb, cr }: Picture): Uint8Array {
  const lineSize = 2 * PICTURE.width;
  const bytes = new Uint8Array(lineSize * PICTURE.height);
  for (let row = 0; row < ROWS; row += 1) {
    const start = row * SQUARE * lineSize;
    for (let x = 0; x < PICTURE.width; x += 2) {
      const square = row * COLUMNS + (x >> 3);
      const y = luma[square] ?? 0;
      bytes.set([y, cb[square >> 1] ?? 0, y, cr[square >> 1] ?? 0], start + 2 * x);
    }
    for (let line = 1; line < SQUARE; line += 1) bytes.copyWithin(start + line * lineSize, start, start + lineSize);
  }
  return bytes;
}

/** The number in a YUY2 picture. */
export function numberInYuy2(bytes: Uint8Array): number {
  let number = 0;
  for (let index = 0; index < 32; index += 1) {
    const row = NUMBER_ROW + Math.floor(index / BITS_PER_ROW);
    const x = (index % BITS_PER_ROW) * SQUARE + SQUARE / 2;
    const y = bytes[2 * ((row * SQUARE + SQUARE / 2) * PICTURE.width + x)] ?? 0;
    number = (number << 1) | (y > GREY ? 1 : 0);
  }
  return number >>> 0;
}

/** Markers of JPEG, [ITU-T T.81] table B.1. */
const Marker = { SOI: 0xd8, DQT: 0xdb, SOF0: 0xc0, DHT: 0xc4, SOS: 0xda, EOI: 0xd9 } as const;
/** Sizes of differences, 0 to 8 bits, that have a code: all of them of 4 bits. */
const SIZES = Array.from({ length: 9 }, (_, index) => index);
const SIZE_CODE_LENGTH = 4;

/** The picture as a baseline JPEG of 4:2:2. Blocks have one brightness, so that only their mean (DC) is coded. */
export function toJpeg({ luma, cb, cr }: Picture): Uint8Array {
  const { width, height } = PICTURE;
  const bits = new BitWriter();
  const last = [0, 0, 0];
  const block = (component: number, value: number) => {
    // With a quantization of 8 the DC coefficient is the mean itself.
    const mean = value - 128;
    bits.difference(mean - (last[component] ?? 0));
    last[component] = mean;
  };
  for (const [unit, blue] of cb.entries()) {
    block(0, luma[2 * unit] ?? 0);
    block(0, luma[2 * unit + 1] ?? 0);
    block(1, blue);
    block(2, cr[unit] ?? 0);
  }
  return Uint8Array.of(
    ...[0xff, Marker.SOI],
    ...segment(Marker.DQT, [0, ...new Uint8Array(64).fill(8)]),
    ...segment(Marker.SOF0, [
      ...[8, height >> 8, height & 0xff, width >> 8, width & 0xff, 3],
      ...[1, 0x21, 0, 2, 0x11, 0, 3, 0x11, 0], // component, sampling factors, quantization table
    ]),
    ...segment(Marker.DHT, [0x00, ...codeCounts(SIZE_CODE_LENGTH, SIZES.length), ...SIZES]),
    ...segment(Marker.DHT, [0x10, ...codeCounts(1, 1), 0]), // only the end of a block
    ...segment(Marker.SOS, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
    ...bits.end(),
    ...[0xff, Marker.EOI],
  );
}

function segment(marker: number, data: readonly number[]): number[] {
  const length = data.length + 2;
  return [0xff, marker, length >> 8, length & 0xff, ...data];
}

/** How many codes there are of each length, 1 to 16 bits. */
function codeCounts(length: number, count: number): number[] {
  return Array.from({ length: 16 }, (_, index) => (index + 1 === length ? count : 0));
}

/** The entropy-coded bytes, [ITU-T T.81] F.1.2. */
class BitWriter {
  readonly #bytes: number[] = [];
  #current = 0;
  #free = 8;

  /** A difference of DC coefficients, and the end of its block. */
  difference(value: number): void {
    const size = 32 - Math.clz32(Math.abs(value));
    this.#put(size, SIZE_CODE_LENGTH); // the codes are the sizes, one after the other
    this.#put(value < 0 ? value + 2 ** size - 1 : value, size);
    this.#put(0, 1);
  }

  end(): number[] {
    if (this.#free < 8) this.#put((1 << this.#free) - 1, this.#free);
    return this.#bytes;
  }

  #put(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit -= 1) {
      this.#free -= 1;
      this.#current |= ((value >> bit) & 1) << this.#free;
      if (this.#free > 0) continue;
      this.#bytes.push(this.#current);
      if (this.#current === 0xff) this.#bytes.push(0); // else it would begin a marker
      this.#current = 0;
      this.#free = 8;
    }
  }
}
