import { codec } from '../core/message.ts';
import { struct } from './rdpStructs.generated.ts';

/** TS_GENERAL_CAPABILITYSET after type and length, [MS-RDPBCGR] 2.2.7.1.1. */
export interface GeneralCapability {
  readonly osMajorType: number;
  readonly osMinorType: number;
  readonly protocolVersion: number;
  readonly generalCompressionTypes: number;
  /** Bits of {@link GeneralExtraFlag}. */
  readonly extraFlags: number;
  readonly updateCapabilityFlag: number;
  readonly remoteUnshareFlag: number;
  readonly generalCompressionLevel: number;
  readonly refreshRectSupport: number;
  readonly suppressOutputSupport: number;
}

/** TS_CAPS_PROTOCOLVERSION. */
export const CAPS_PROTOCOL_VERSION = 0x0200;

/** extraFlags, [MS-RDPBCGR] 2.2.7.1.1. */
export const GeneralExtraFlag = {
  FASTPATH_OUTPUT_SUPPORTED: 0x0001,
  LONG_CREDENTIALS_SUPPORTED: 0x0004,
  AUTORECONNECT_SUPPORTED: 0x0008,
  NO_BITMAP_COMPRESSION_HDR: 0x0400,
} as const;

const General = struct('TS_GENERAL_CAPABILITYSET', {
  osMajorType: 'u16',
  osMinorType: 'u16',
  protocolVersion: 'u16',
  pad2octetsA: 'u16',
  generalCompressionTypes: 'u16',
  extraFlags: 'u16',
  updateCapabilityFlag: 'u16',
  remoteUnshareFlag: 'u16',
  generalCompressionLevel: 'u16',
  refreshRectSupport: 'u8',
  suppressOutputSupport: 'u8',
});

export const GeneralCapability = codec<GeneralCapability>({
  name: 'TS_GENERAL_CAPABILITYSET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.7.1.1' },
  decode(reader) {
    const { pad2octetsA, ...value } = General.decode(reader);
    reader.end();
    return value;
  },
  write: (out, value) => General.write(out, { ...value, pad2octetsA: 0 }),
});

/** TS_BITMAP_CAPABILITYSET after type and length, [MS-RDPBCGR] 2.2.7.1.2. */
export interface BitmapCapability {
  /** From a server: the colour depth of the session. */
  readonly preferredBitsPerPixel: number;
  readonly receive1BitPerPixel: number;
  readonly receive4BitsPerPixel: number;
  readonly receive8BitsPerPixel: number;
  readonly desktopWidth: number;
  readonly desktopHeight: number;
  readonly desktopResizeFlag: number;
  readonly bitmapCompressionFlag: number;
  readonly highColorFlags: number;
  readonly drawingFlags: number;
  readonly multipleRectangleSupport: number;
}

const Bitmap = struct('TS_BITMAP_CAPABILITYSET', {
  preferredBitsPerPixel: 'u16',
  receive1BitPerPixel: 'u16',
  receive4BitsPerPixel: 'u16',
  receive8BitsPerPixel: 'u16',
  desktopWidth: 'u16',
  desktopHeight: 'u16',
  pad2octets: 'u16',
  desktopResizeFlag: 'u16',
  bitmapCompressionFlag: 'u16',
  highColorFlags: 'u8',
  drawingFlags: 'u8',
  multipleRectangleSupport: 'u16',
  pad2octetsB: 'u16',
});

export const BitmapCapability = codec<BitmapCapability>({
  name: 'TS_BITMAP_CAPABILITYSET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.7.1.2' },
  decode(reader) {
    const { pad2octets, pad2octetsB, ...value } = Bitmap.decode(reader);
    reader.end();
    return value;
  },
  write: (out, value) => Bitmap.write(out, { ...value, pad2octets: 0, pad2octetsB: 0 }),
});

/** TS_ORDER_CAPABILITYSET after type and length, [MS-RDPBCGR] 2.2.7.1.3. */
export interface OrderCapability {
  readonly terminalDescriptor: Uint8Array;
  readonly desktopSaveXGranularity: number;
  readonly desktopSaveYGranularity: number;
  readonly maximumOrderLevel: number;
  readonly numberFonts: number;
  /** Bits of {@link OrderFlag}. */
  readonly orderFlags: number;
  /** One byte for each drawing order. */
  readonly orderSupport: Uint8Array;
  readonly textFlags: number;
  readonly orderSupportExFlags: number;
  readonly desktopSaveSize: number;
  readonly textANSICodePage: number;
}

export const OrderFlag = {
  NEGOTIATEORDERSUPPORT: 0x0002,
  ZEROBOUNDSDELTASSUPPORT: 0x0008,
  COLORINDEXSUPPORT: 0x0020,
} as const;

export const TERMINAL_DESCRIPTOR_SIZE = 16;
export const ORDER_SUPPORT_SIZE = 32;

const OrderHead = struct('TS_ORDER_CAPABILITYSET', {
  pad4octetsA: 'u32',
  desktopSaveXGranularity: 'u16',
  desktopSaveYGranularity: 'u16',
  pad2octetsA: 'u16',
  maximumOrderLevel: 'u16',
  numberFonts: 'u16',
  orderFlags: 'u16',
});
const OrderTail = struct('TS_ORDER_CAPABILITYSET', {
  textFlags: 'u16',
  orderSupportExFlags: 'u16',
  pad4octetsB: 'u32',
  desktopSaveSize: 'u32',
  pad2octetsC: 'u16',
  pad2octetsD: 'u16',
  textANSICodePage: 'u16',
  pad2octetsE: 'u16',
});

export const OrderCapability = codec<OrderCapability>({
  name: 'TS_ORDER_CAPABILITYSET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.7.1.3' },
  decode(reader) {
    const terminalDescriptor = reader.take(TERMINAL_DESCRIPTOR_SIZE, 'terminalDescriptor');
    const { pad4octetsA, pad2octetsA, ...head } = OrderHead.decode(reader);
    const orderSupport = reader.take(ORDER_SUPPORT_SIZE, 'orderSupport');
    const { pad4octetsB, pad2octetsC, pad2octetsD, pad2octetsE, ...tail } = OrderTail.decode(reader);
    reader.end();
    return { terminalDescriptor, ...head, orderSupport, ...tail };
  },
  write(out, value) {
    out.append(value.terminalDescriptor);
    OrderHead.write(out, { ...value, pad4octetsA: 0, pad2octetsA: 0 });
    out.append(value.orderSupport);
    OrderTail.write(out, { ...value, pad4octetsB: 0, pad2octetsC: 0, pad2octetsD: 0, pad2octetsE: 0 });
  },
});

/** TS_POINTER_CAPABILITYSET after type and length, [MS-RDPBCGR] 2.2.7.1.5. */
export interface PointerCapability {
  readonly colorPointerFlag: number;
  readonly colorPointerCacheSize: number;
  /** Clients may leave it out. */
  readonly pointerCacheSize?: number;
}

const Pointer = struct('TS_POINTER_CAPABILITYSET', { colorPointerFlag: 'u16', colorPointerCacheSize: 'u16' });
const PointerCache = struct('TS_POINTER_CAPABILITYSET', { pointerCacheSize: 'u16' });

export const PointerCapability = codec<PointerCapability>({
  name: 'TS_POINTER_CAPABILITYSET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.7.1.5' },
  decode(reader) {
    const value = Pointer.decode(reader);
    const cache = reader.remaining === 0 ? {} : PointerCache.decode(reader);
    reader.end();
    return { ...value, ...cache };
  },
  write(out, { pointerCacheSize, ...value }) {
    Pointer.write(out, value);
    if (pointerCacheSize !== undefined) PointerCache.write(out, { pointerCacheSize });
  },
});

/** TS_INPUT_CAPABILITYSET after type and length, [MS-RDPBCGR] 2.2.7.1.6. */
export interface InputCapability {
  /** Bits of {@link InputFlag}. */
  readonly inputFlags: number;
  readonly keyboardLayout: number;
  readonly keyboardType: number;
  readonly keyboardSubType: number;
  readonly keyboardFunctionKey: number;
  readonly imeFileName: string;
}

export const InputFlag = {
  INPUT_FLAG_SCANCODES: 0x0001,
  INPUT_FLAG_MOUSEX: 0x0004,
  INPUT_FLAG_UNICODE: 0x0010,
  INPUT_FLAG_FASTPATH_INPUT2: 0x0020,
} as const;

const IME_FILE_NAME_SIZE = 64;

const Input = struct('TS_INPUT_CAPABILITYSET', {
  inputFlags: 'u16',
  pad2octetsA: 'u16',
  keyboardLayout: 'u32',
  keyboardType: 'u32',
  keyboardSubType: 'u32',
  keyboardFunctionKey: 'u32',
});

export const InputCapability = codec<InputCapability>({
  name: 'TS_INPUT_CAPABILITYSET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.7.1.6' },
  decode(reader) {
    const { pad2octetsA, ...value } = Input.decode(reader);
    const imeFileName = reader.fixedUtf16(IME_FILE_NAME_SIZE, 'imeFileName');
    reader.end();
    return { ...value, imeFileName };
  },
  write(out, { imeFileName, ...value }) {
    Input.write(out, { ...value, pad2octetsA: 0 });
    out.fixedUtf16(imeFileName, IME_FILE_NAME_SIZE, 'imeFileName');
  },
});

/** TS_SHARE_CAPABILITYSET after type and length, [MS-RDPBCGR] 2.2.7.2.4. */
export interface ShareCapability {
  readonly nodeId: number;
}

const Share = struct('TS_SHARE_CAPABILITYSET', { nodeId: 'u16', pad2octets: 'u16' });

export const ShareCapability = codec<ShareCapability>({
  name: 'TS_SHARE_CAPABILITYSET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.7.2.4' },
  decode(reader) {
    const { nodeId } = Share.decode(reader);
    reader.end();
    return { nodeId };
  },
  write: (out, { nodeId }) => Share.write(out, { nodeId, pad2octets: 0 }),
});

/** TS_FONT_CAPABILITYSET after type and length, [MS-RDPBCGR] 2.2.7.2.5. */
export interface FontCapability {
  /** FONTSUPPORT_FONTLIST is 1. */
  readonly fontSupportFlags: number;
}

const Font = struct('TS_FONT_CAPABILITYSET', { fontSupportFlags: 'u16', pad2octets: 'u16' });

export const FontCapability = codec<FontCapability>({
  name: 'TS_FONT_CAPABILITYSET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.7.2.5' },
  decode(reader) {
    const { fontSupportFlags } = Font.decode(reader);
    reader.end();
    return { fontSupportFlags };
  },
  write: (out, { fontSupportFlags }) => Font.write(out, { fontSupportFlags, pad2octets: 0 }),
});
