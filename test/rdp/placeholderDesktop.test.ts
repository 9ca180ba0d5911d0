import { expect } from 'chai';
import fc from 'fast-check';
import { byteLength } from '../../codecs/core/parts.ts';
import { type BitmapData, BitmapUpdate } from '../../codecs/rdp/bitmapUpdate.ts';
import { DESKTOP_TEXT, desktopUpdates } from '../../src/rdp/placeholderDesktop.ts';

/** Undoes the run-length encoding as far as the desktop uses it. */
function pixelsOf({ bitmapDataStream: bytes, width, height }: BitmapData): number[] {
  const pixels: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const order = bytes[at++]!;
    const isLong = order === 0xf3;
    expect(isLong || (order & 0xe0) === 0x60, `order ${order}`).to.equal(true);
    const length = isLong ? bytes[at]! + bytes[at + 1]! * 256 : order & 0x1f;
    if (isLong) at += 2;
    const color = bytes[at]! + bytes[at + 1]! * 256;
    at += 2;
    expect(length).to.be.above(0);
    for (let count = 0; count < length; count += 1) pixels.push(color);
  }
  expect(pixels.length).to.equal(width * height);
  return pixels;
}

describe('the desktop', () => {
  it('shows the sentence', () => {
    const [, line] = desktopUpdates({ width: 200, height: 200 }).map(({ rectangles }) => rectangles);
    const [{ width, height } = expect.fail(), ...others] = line!;
    expect(others).to.deep.equal([]);
    const pixels = pixelsOf(line![0]!);
    const rows = Array.from({ length: height }, (_, row) =>
      pixels
        .slice((height - 1 - row) * width, (height - row) * width)
        .map((color) => (color === 0xffff ? '#' : ' '))
        .join(''),
    );
    expect(rows.map((row) => row.slice(0, 24).trimEnd())).to.deep.equal([
      '##### #       #',
      '  #   #',
      '  #   # ##   ##    ###',
      '  #   ##  #   #   #',
      '  #   #   #   #    ###',
      '  #   #   #   #       #',
      '  #   #   #  ###  ####',
    ]);
    expect(width).to.equal(DESKTOP_TEXT.length * 6);
  });

  it('covers every size of a client, in packets that fit', () => {
    const size = fc.integer({ min: 200, max: 8192 });
    fc.assert(
      fc.property(size, size, (width, height) => {
        const updates = desktopUpdates({ width, height });
        let covered = 0;
        for (const each of updates.slice(0, -1).flatMap(({ rectangles }) => rectangles)) {
          expect([each.destLeft, each.destRight, each.destTop]).to.deep.equal([0, width - 1, covered]);
          expect(each.destBottom - each.destTop + 1).to.equal(each.height);
          expect(each.width * each.height).to.be.at.most(0xffff);
          covered += each.height;
        }
        expect(covered).to.equal(height);
        // With the headers that precede an update in one MCS PDU.
        for (const update of updates) expect(byteLength(BitmapUpdate.encode(update)) + 18).to.be.at.most(0x3fff);
      }),
      { numRuns: 20 },
    );
  });
});
