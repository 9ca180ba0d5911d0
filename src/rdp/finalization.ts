import type { Parts } from '../../codecs/core/parts.ts';
import {
  ControlAction,
  ControlPdu,
  FONTLIST_WHOLE,
  FontListPdu,
  FontMapPdu,
  PduType2,
  SYNCMSGTYPE_SYNC,
  SynchronizePdu,
} from '../../codecs/rdp/shareData.ts';
import { CLIENT_USER_ID, dataPacket, decodeWith, SERVER_USER_ID } from './rdpPacket.ts';

/**
 * The server's half of connection finalization, [MS-RDPBCGR] 1.3.1.1: it answers each PDU of the client once in an
 * activation, whatever the client repeats. FreeRDP 2 waits for all four answers.
 */
export class Finalization {
  #hasSynchronized = false;
  #hasControl = false;

  /** TS_SYNCHRONIZE_PDU. @throws DecodeError */
  synchronize(data: Uint8Array): readonly Parts[] {
    decodeWith(SynchronizePdu, data);
    if (this.#hasSynchronized) return [];
    this.#hasSynchronized = true;
    const answer = { messageType: SYNCMSGTYPE_SYNC, targetUser: CLIENT_USER_ID };
    return [
      dataPacket(PduType2.PDUTYPE2_SYNCHRONIZE, SynchronizePdu.encode(answer)),
      controlPacket(ControlAction.CTRLACTION_COOPERATE, 0, 0),
    ];
  }

  /** TS_CONTROL_PDU. @throws DecodeError */
  control(data: Uint8Array): readonly Parts[] {
    const { action } = decodeWith(ControlPdu, data);
    if (action !== ControlAction.CTRLACTION_REQUEST_CONTROL || this.#hasControl) return [];
    this.#hasControl = true;
    return [controlPacket(ControlAction.CTRLACTION_GRANTED_CONTROL, CLIENT_USER_ID, SERVER_USER_ID)];
  }
}

/** The answer to TS_FONT_LIST_PDU, which ends the finalization. @throws DecodeError */
export function fontMapFor(fontList: Uint8Array): Parts {
  decodeWith(FontListPdu, fontList);
  const map = { numberEntries: 0, totalNumEntries: 0, mapFlags: FONTLIST_WHOLE, entrySize: 4 };
  return dataPacket(PduType2.PDUTYPE2_FONTMAP, FontMapPdu.encode(map));
}

function controlPacket(action: number, grantId: number, controlId: number): Parts {
  return dataPacket(PduType2.PDUTYPE2_CONTROL, ControlPdu.encode({ action, grantId, controlId }));
}
