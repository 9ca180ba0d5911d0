import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { asciiBytes } from '../../codecs/core/text.ts';
import { CAPABILITY_HEAD_SIZE, type CapabilitySet, CapabilityType } from '../../codecs/rdp/capabilitySet.ts';
import {
  BitmapCapability,
  CAPS_PROTOCOL_VERSION,
  FontCapability,
  GeneralCapability,
  GeneralExtraFlag,
  InputCapability,
  InputFlag,
  ORDER_SUPPORT_SIZE,
  OrderCapability,
  OrderFlag,
  PointerCapability,
  ShareCapability,
  TERMINAL_DESCRIPTOR_SIZE,
} from '../../codecs/rdp/serverCapabilities.ts';
import { CHANNEL_CHUNK_LENGTH } from '../../codecs/svc/channelPduHeader.ts';
import { VirtualChannelCapabilitySet } from '../../codecs/svc/virtualChannelCapabilitySet.ts';
import { SERVER_USER_ID, SHARE_ID, sharePacket } from './rdpPacket.ts';

/** Pixels. */
export interface DesktopSize {
  readonly width: number;
  readonly height: number;
}

/** Bits per pixel of the session: every client can show this, and a pixel is two bytes. */
export const COLOR_DEPTH = 16;

const SOURCE_DESCRIPTOR = asciiBytes('RDP\0');

/** Begins the capability exchange, [MS-RDPBCGR] 2.2.1.13.1. The client answers with TS_CONFIRM_ACTIVE_PDU. */
export function demandActivePacket(desktop: DesktopSize): Parts {
  return sharePacket({
    name: 'TS_DEMAND_ACTIVE_PDU',
    pduSource: SERVER_USER_ID,
    shareId: SHARE_ID,
    sourceDescriptor: SOURCE_DESCRIPTOR,
    capabilitySets: serverCapabilities(desktop),
    sessionId: 0,
  });
}

/** Ends an activation: before another capability exchange, or before the end of the connection, [MS-RDPBCGR] 1.3.1.3. */
export function deactivateAllPacket(): Parts {
  const sourceDescriptor = SOURCE_DESCRIPTOR;
  return sharePacket({ name: 'TS_DEACTIVATE_ALL_PDU', pduSource: SERVER_USER_ID, shareId: SHARE_ID, sourceDescriptor });
}

/** A desktop that is painted with bitmaps, and virtual channels. */
function serverCapabilities(desktop: DesktopSize): readonly CapabilitySet[] {
  return [
    set(CapabilityType.CAPSTYPE_SHARE, ShareCapability.encode({ nodeId: SERVER_USER_ID })),
    generalSet(1),
    set(CapabilityType.CAPSTYPE_VIRTUALCHANNEL, virtualChannelData()),
    set(CapabilityType.CAPSTYPE_FONT, FontCapability.encode({ fontSupportFlags: 1 })),
    bitmapSet(desktop),
    orderSet(OrderFlag.NEGOTIATEORDERSUPPORT | OrderFlag.ZEROBOUNDSDELTASSUPPORT | OrderFlag.COLORINDEXSUPPORT),
    set(
      CapabilityType.CAPSTYPE_POINTER,
      PointerCapability.encode({ colorPointerFlag: 1, colorPointerCacheSize: 25, pointerCacheSize: 25 }),
    ),
    set(
      CapabilityType.CAPSTYPE_INPUT,
      InputCapability.encode({
        inputFlags:
          InputFlag.INPUT_FLAG_SCANCODES |
          InputFlag.INPUT_FLAG_MOUSEX |
          InputFlag.INPUT_FLAG_UNICODE |
          InputFlag.INPUT_FLAG_FASTPATH_INPUT2,
        keyboardLayout: 0,
        keyboardType: 0,
        keyboardSubType: 0,
        keyboardFunctionKey: 0,
        imeFileName: '',
      }),
    ),
  ];
}

/** @param refreshRectSupport - 1: parts of the desktop are painted again on request. [MS-RDPBCGR] 2.2.7.1.1 */
export function generalSet(refreshRectSupport: number): CapabilitySet {
  return set(
    CapabilityType.CAPSTYPE_GENERAL,
    GeneralCapability.encode({
      osMajorType: 1,
      osMinorType: 3,
      protocolVersion: CAPS_PROTOCOL_VERSION,
      generalCompressionTypes: 0,
      // Our server sends no fast-path output, but freerdp-proxy ends a session without this flag.
      extraFlags:
        GeneralExtraFlag.FASTPATH_OUTPUT_SUPPORTED |
        GeneralExtraFlag.NO_BITMAP_COMPRESSION_HDR |
        GeneralExtraFlag.LONG_CREDENTIALS_SUPPORTED |
        GeneralExtraFlag.AUTORECONNECT_SUPPORTED,
      updateCapabilityFlag: 0,
      remoteUnshareFlag: 0,
      generalCompressionLevel: 0,
      refreshRectSupport,
      suppressOutputSupport: 1,
    }),
  );
}

/** [MS-RDPBCGR] 2.2.7.1.2 */
export function bitmapSet(desktop: DesktopSize): CapabilitySet {
  return set(
    CapabilityType.CAPSTYPE_BITMAP,
    BitmapCapability.encode({
      preferredBitsPerPixel: COLOR_DEPTH,
      receive1BitPerPixel: 1,
      receive4BitsPerPixel: 1,
      receive8BitsPerPixel: 1,
      desktopWidth: desktop.width,
      desktopHeight: desktop.height,
      desktopResizeFlag: 1,
      bitmapCompressionFlag: 1,
      highColorFlags: 0,
      drawingFlags: 0,
      multipleRectangleSupport: 1,
    }),
  );
}

/** No drawing order at all. @param orderFlags - `OrderFlag`. [MS-RDPBCGR] 2.2.7.1.3 */
export function orderSet(orderFlags: number): CapabilitySet {
  return set(
    CapabilityType.CAPSTYPE_ORDER,
    OrderCapability.encode({
      terminalDescriptor: new Uint8Array(TERMINAL_DESCRIPTOR_SIZE),
      desktopSaveXGranularity: 1,
      desktopSaveYGranularity: 20,
      maximumOrderLevel: 1,
      numberFonts: 0,
      orderFlags,
      orderSupport: new Uint8Array(ORDER_SUPPORT_SIZE),
      textFlags: 0,
      orderSupportExFlags: 0,
      desktopSaveSize: 0,
      textANSICodePage: 0,
    }),
  );
}

/** A set with an encoded capability in it. */
export function set(type: number, data: Parts): CapabilitySet {
  return { type, data: joinParts(data) };
}

/** Chunks of 1600 bytes, not compressed. That codec writes type and length too. */
export function virtualChannelData(): Parts {
  const whole = VirtualChannelCapabilitySet.encode({ flags: 0, vcChunkSize: CHANNEL_CHUNK_LENGTH });
  return [joinParts(whole).subarray(CAPABILITY_HEAD_SIZE)];
}
