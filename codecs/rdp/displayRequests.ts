import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import { struct } from './rdpStructs.generated.ts';

/** TS_RECTANGLE16, [MS-RDPBCGR] 2.2.11.1, in pixels; the right and bottom ones belong to it. */
export interface Rectangle16 {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** TS_REFRESH_RECT_PDU, [MS-RDPBCGR] 2.2.11.2.1: a client asks for these areas again. */
export interface RefreshRectPdu {
  readonly areasToRefresh: readonly Rectangle16[];
}

/** TS_SUPPRESS_OUTPUT_PDU, [MS-RDPBCGR] 2.2.11.3.1: whether the client's window is visible. */
export interface SuppressOutputPdu {
  /** 0 or 1, {@link SUPPRESS_DISPLAY_UPDATES} or {@link ALLOW_DISPLAY_UPDATES}; others come through. */
  readonly allowDisplayUpdates: number;
  /** The visible area: with ALLOW_DISPLAY_UPDATES, and only then. */
  readonly desktopRect?: Rectangle16;
}

export const SUPPRESS_DISPLAY_UPDATES = 0;
export const ALLOW_DISPLAY_UPDATES = 1;

/** numberOfAreas has one byte. */
const MOST_AREAS = 0xff;
/** pad3Octets. */
const PADDING_SIZE = 3;

const Rectangle = struct('TS_RECTANGLE16', { left: 'u16', top: 'u16', right: 'u16', bottom: 'u16' });

export const RefreshRectPdu = codec<RefreshRectPdu>({
  name: 'TS_REFRESH_RECT_PDU',
  spec: { document: 'MS-RDPBCGR', section: '2.2.11.2.1' },
  decode(reader) {
    const numberOfAreas = reader.u8('numberOfAreas');
    reader.pad(PADDING_SIZE, 'pad3Octets');
    reader.checkCount(numberOfAreas, Rectangle.size, 'areasToRefresh', 0);
    const areasToRefresh = Array.from({ length: numberOfAreas }, () => Rectangle.decode(reader));
    reader.end();
    return { areasToRefresh };
  },
  write(out, { areasToRefresh }) {
    const { length } = areasToRefresh;
    if (length > MOST_AREAS) throw new UsageError(`TS_REFRESH_RECT_PDU: ${length} areas, at most ${MOST_AREAS} fit`);
    out.u8(length, 'numberOfAreas');
    out.zeros(PADDING_SIZE);
    for (const area of areasToRefresh) Rectangle.write(out, area);
  },
});

export const SuppressOutputPdu = codec<SuppressOutputPdu>({
  name: 'TS_SUPPRESS_OUTPUT_PDU',
  spec: { document: 'MS-RDPBCGR', section: '2.2.11.3.1' },
  decode(reader) {
    const allowDisplayUpdates = reader.u8('allowDisplayUpdates');
    reader.pad(PADDING_SIZE, 'pad3Octets');
    const hasRectangle = allowDisplayUpdates === ALLOW_DISPLAY_UPDATES;
    const value = hasRectangle
      ? { allowDisplayUpdates, desktopRect: Rectangle.decode(reader) }
      : { allowDisplayUpdates };
    reader.end();
    return value;
  },
  write(out, { allowDisplayUpdates, desktopRect }) {
    if ((allowDisplayUpdates === ALLOW_DISPLAY_UPDATES) !== (desktopRect !== undefined)) {
      throw new UsageError('TS_SUPPRESS_OUTPUT_PDU: desktopRect goes with ALLOW_DISPLAY_UPDATES');
    }
    out.u8(allowDisplayUpdates, 'allowDisplayUpdates');
    out.zeros(PADDING_SIZE);
    if (desktopRect !== undefined) Rectangle.write(out, desktopRect);
  },
});
