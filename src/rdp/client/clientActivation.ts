import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import { asciiBytes } from '../../../codecs/core/text.ts';
import { type CapabilitySet, CapabilityType } from '../../../codecs/rdp/capabilitySet.ts';
import { SUPPRESS_DISPLAY_UPDATES, SuppressOutputPdu } from '../../../codecs/rdp/displayRequests.ts';
import {
  BitmapCapability,
  FontCapability,
  GeneralCapability,
  InputCapability,
  InputFlag,
  OrderFlag,
  PointerCapability,
  ShareCapability,
} from '../../../codecs/rdp/serverCapabilities.ts';
import {
  ControlAction,
  ControlPdu,
  FONTLIST_WHOLE,
  FontListPdu,
  PduType2,
  SYNCMSGTYPE_SYNC,
  SynchronizePdu,
} from '../../../codecs/rdp/shareData.ts';
import { type DemandActive, ShareControlPdu, STREAM_LOW } from '../../../codecs/rdp/shareControl.ts';
import { bitmapSet, type DesktopSize, generalSet, orderSet, set, virtualChannelData } from '../capabilities.ts';
import { decodeWith, sendDataPacket } from '../rdpPacket.ts';
import type { ClientConference } from './clientConference.ts';

/** originatorId, [MS-RDPBCGR] 2.2.1.13.2.1. */
const ORIGINATOR_ID = 1002;
const SOURCE_DESCRIPTOR = asciiBytes('URBDRC\0');
const FONT_ENTRY_SIZE = 50;
/**
 * Bytes of capability sets in which nothing but zeros means that nothing of it is supported; servers insist on the sets,
 * [MS-RDPBCGR] 2.2.7.1.4 to 2.2.7.1.11.
 */
const UNSUPPORTED: readonly (readonly [type: number, size: number])[] = [
  [CapabilityType.CAPSTYPE_BITMAPCACHE, 36],
  [CapabilityType.CAPSTYPE_BRUSH, 4],
  [CapabilityType.CAPSTYPE_GLYPHCACHE, 48],
  [CapabilityType.CAPSTYPE_OFFSCREENCACHE, 8],
  [CapabilityType.CAPSTYPE_SOUND, 4],
];

/** What this client sends within one share: from the server's Demand Active to its Deactivate All. */
export class ClientShare {
  readonly #demand: DemandActive;
  readonly #conference: ClientConference;

  constructor(demand: DemandActive, conference: ClientConference) {
    this.#demand = demand;
    this.#conference = conference;
  }

  /** Confirm Active, and all of the client's finalization: a server takes it without waiting in between. */
  activation(): readonly Parts[] {
    const { pduSource } = this.#demand;
    const control = (action: number) => ControlPdu.encode({ action, grantId: 0, controlId: 0 });
    const synchronize = { messageType: SYNCMSGTYPE_SYNC, targetUser: pduSource };
    const fonts = { numberFonts: 0, totalNumFonts: 0, listFlags: FONTLIST_WHOLE, entrySize: FONT_ENTRY_SIZE };
    return [
      this.#confirmActive(),
      this.#data(PduType2.PDUTYPE2_SYNCHRONIZE, SynchronizePdu.encode(synchronize)),
      this.#data(PduType2.PDUTYPE2_CONTROL, control(ControlAction.CTRLACTION_COOPERATE)),
      this.#data(PduType2.PDUTYPE2_CONTROL, control(ControlAction.CTRLACTION_REQUEST_CONTROL)),
      this.#data(PduType2.PDUTYPE2_FONTLIST, FontListPdu.encode(fonts)),
    ];
  }

  /** Asks for no graphics, of a server that can do so: what comes all the same is thrown away. */
  suppressOutput(): readonly Parts[] {
    const general = this.#capability(CapabilityType.CAPSTYPE_GENERAL);
    if (general === undefined || decodeWith(GeneralCapability, general).suppressOutputSupport === 0) return [];
    const body = SuppressOutputPdu.encode({ allowDisplayUpdates: SUPPRESS_DISPLAY_UPDATES });
    return [this.#data(PduType2.PDUTYPE2_SUPPRESS_OUTPUT, body)];
  }

  /** Tells the server that the client wants to leave. */
  shutdownRequest(): Parts {
    return this.#data(PduType2.PDUTYPE2_SHUTDOWN_REQUEST, []);
  }

  #confirmActive(): Parts {
    const { shareId } = this.#demand;
    return this.#share({
      name: 'TS_CONFIRM_ACTIVE_PDU',
      pduSource: this.#conference.userId,
      shareId,
      originatorId: ORIGINATOR_ID,
      sourceDescriptor: SOURCE_DESCRIPTOR,
      capabilitySets: clientCapabilities(this.#desktop()),
    });
  }

  /** The server's, which a client has to repeat. */
  #desktop(): DesktopSize {
    const bitmap = this.#capability(CapabilityType.CAPSTYPE_BITMAP);
    if (bitmap === undefined) return { width: 0, height: 0 };
    const { desktopWidth, desktopHeight } = decodeWith(BitmapCapability, bitmap);
    return { width: desktopWidth, height: desktopHeight };
  }

  #capability(type: number): Uint8Array | undefined {
    return this.#demand.capabilitySets.find((each) => each.type === type)?.data;
  }

  #data(pduType2: number, body: Parts): Parts {
    const { shareId } = this.#demand;
    const { userId: pduSource } = this.#conference;
    const head = { name: 'TS_DATA_PDU', pduSource, shareId, streamId: STREAM_LOW } as const;
    return this.#share({ ...head, pduType2, compressedType: 0, data: joinParts(body) });
  }

  #share(pdu: ShareControlPdu): Parts {
    const { userId: initiator, ioChannelId: channelId } = this.#conference;
    return sendDataPacket({ name: 'SEND_DATA_REQUEST', initiator, channelId }, ShareControlPdu.encode(pdu));
  }
}

/** A client that shows nothing. */
function clientCapabilities(desktop: DesktopSize): readonly CapabilitySet[] {
  return [
    generalSet(0),
    bitmapSet(desktop),
    orderSet(OrderFlag.NEGOTIATEORDERSUPPORT | OrderFlag.ZEROBOUNDSDELTASSUPPORT),
    set(
      CapabilityType.CAPSTYPE_POINTER,
      PointerCapability.encode({ colorPointerFlag: 1, colorPointerCacheSize: 20, pointerCacheSize: 20 }),
    ),
    set(
      CapabilityType.CAPSTYPE_INPUT,
      InputCapability.encode({
        inputFlags: InputFlag.INPUT_FLAG_SCANCODES,
        keyboardLayout: 0x0409,
        keyboardType: 4,
        keyboardSubType: 0,
        keyboardFunctionKey: 12,
        imeFileName: '',
      }),
    ),
    set(CapabilityType.CAPSTYPE_VIRTUALCHANNEL, virtualChannelData()),
    set(CapabilityType.CAPSTYPE_SHARE, ShareCapability.encode({ nodeId: 0 })),
    set(CapabilityType.CAPSTYPE_FONT, FontCapability.encode({ fontSupportFlags: 1 })),
    ...UNSUPPORTED.map(([type, size]) => ({ type, data: new Uint8Array(size) })),
  ];
}
