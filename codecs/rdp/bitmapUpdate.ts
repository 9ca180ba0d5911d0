import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import { struct } from './rdpStructs.generated.ts';

/** One rectangle, TS_BITMAP_DATA, [MS-RDPBCGR] 2.2.9.1.1.3.1.2.2. */
export interface BitmapData {
  /** Pixels; the right and bottom ones belong to the rectangle. */
  readonly destLeft: number;
  readonly destTop: number;
  readonly destRight: number;
  readonly destBottom: number;
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  /** Bits of {@link BitmapFlag}. */
  readonly flags: number;
  readonly bitmapDataStream: Uint8Array;
}

export const BitmapFlag = { BITMAP_COMPRESSION: 0x0001, NO_BITMAP_COMPRESSION_HDR: 0x0400 } as const;

/** TS_UPDATE_BITMAP_DATA, [MS-RDPBCGR] 2.2.9.1.1.3.1.2. */
export interface BitmapUpdate {
  readonly rectangles: readonly BitmapData[];
}

/** updateType of bitmaps. */
const UPDATETYPE_BITMAP = 1;

const Head = struct('TS_UPDATE_BITMAP_DATA', { updateType: 'u16', numberRectangles: 'u16' });
const Rectangle = struct('TS_BITMAP_DATA', {
  destLeft: 'u16',
  destTop: 'u16',
  destRight: 'u16',
  destBottom: 'u16',
  width: 'u16',
  height: 'u16',
  bitsPerPixel: 'u16',
  flags: 'u16',
  bitmapLength: 'u16',
});

const BitmapData = {
  name: 'TS_BITMAP_DATA',
  spec: { document: 'MS-RDPBCGR', section: '2.2.9.1.1.3.1.2.2' },
  decode(reader: Reader) {
    const { bitmapLength, ...rectangle } = Rectangle.decode(reader);
    return { ...rectangle, bitmapDataStream: reader.take(bitmapLength, 'bitmapDataStream') };
  },
};

export const BitmapUpdate = codec<BitmapUpdate>({
  name: 'TS_UPDATE_BITMAP_DATA',
  spec: { document: 'MS-RDPBCGR', section: '2.2.9.1.1.3.1.2' },
  decode(reader) {
    const { updateType, numberRectangles } = Head.decode(reader);
    if (updateType !== UPDATETYPE_BITMAP) {
      throw reader.error('INVALID_VALUE', 'updateType', `${updateType} is not UPDATETYPE_BITMAP`, Head.size);
    }
    reader.checkCount(numberRectangles, Rectangle.size, 'rectangles', 0);
    const rectangles = Array.from({ length: numberRectangles }, () => reader.structure(BitmapData));
    reader.end();
    return { rectangles };
  },
  write(out, { rectangles }) {
    if (rectangles.length > 0xffff) throw new UsageError('TS_UPDATE_BITMAP_DATA: at most 65535 rectangles');
    Head.write(out, { updateType: UPDATETYPE_BITMAP, numberRectangles: rectangles.length });
    for (const { bitmapDataStream, ...rectangle } of rectangles) {
      Rectangle.write(out, { ...rectangle, bitmapLength: bitmapDataStream.byteLength });
      out.append(bitmapDataStream);
    }
  },
});
