import { crc32, deflateSync } from 'node:zlib';
import type { Browser } from 'playwright-core';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Eight bits a pixel, of a palette, [PNG] 11.2.1. */
const INDEXED = [8, 3, 0, 0, 0];
/** Of so many colours, those of most pixels, all bits count: areas keep theirs, and edges of letters lose a little. */
const EXACT_COLOURS = 64;

/** A picture with 256 colours at most, as a PNG of a quarter of the size. @param png as a browser takes it */
export async function indexedPng(browser: Browser, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage();
  const { width, height, pixels } = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    if (context === null) throw new Error('there is no canvas');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let text = '';
    for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
    return { width: image.width, height: image.height, pixels: btoa(text) };
  }, png.toString('base64'));
  await page.close();
  const rgba = Buffer.from(pixels, 'base64');
  const exact = mostFrequent(rgba);
  for (let bits = 0; ; bits += 1) {
    const found = indexed(rgba, bits, exact);
    if (found !== undefined) return encode(width, height, found);
  }
}

function mostFrequent(rgba: Buffer): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (let at = 0; at < rgba.length; at += 4) {
    const colour = rgba.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return new Set(sorted.slice(0, EXACT_COLOURS).map(([colour]) => colour));
}

/** Undefined when there are too many colours. @param bits of each part of a colour that do not count */
function indexed(
  rgba: Buffer,
  bits: number,
  exact: ReadonlySet<number>,
): { palette: number[]; indices: Buffer } | undefined {
  const colours = new Map<number, number>();
  const indices = Buffer.alloc(rgba.length / 4);
  const half = bits === 0 ? 0 : 1 << (bits - 1);
  const round = (value: number) => Math.min(255, ((value + half) >> bits) << bits);
  for (let at = 0; at < rgba.length; at += 4) {
    const whole = rgba.readUIntBE(at, 3);
    const rounded = (round(whole >> 16) << 16) | (round((whole >> 8) & 0xff) << 8) | round(whole & 0xff);
    const colour = exact.has(whole) ? whole : rounded;
    const index = colours.get(colour) ?? colours.size;
    if (index === 256) return undefined;
    colours.set(colour, index);
    indices[at / 4] = index;
  }
  return {
    palette: [...colours.keys()].flatMap((colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff]),
    indices,
  };
}

function encode(width: number, height: number, { palette, indices }: { palette: number[]; indices: Buffer }): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set(INDEXED, 8);
  const rows = Buffer.alloc((width + 1) * height);
  for (let row = 0; row < height; row += 1) indices.copy(rows, row * (width + 1) + 1, row * width, (row + 1) * width);
  const data = deflateSync(rows, { level: 9 });
  return Buffer.concat([
    SIGNATURE,
    ...[chunk('IHDR', head), chunk('PLTE', Buffer.from(palette)), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))],
  ]);
}

/** [PNG] 5.3 */
function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const chunk = Buffer.alloc(named.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  named.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(named), named.length + 4);
  return chunk;
}
