import { UsageError } from '../../codecs/core/errors.ts';
import { byteLength, joinParts, type Parts } from '../../codecs/core/parts.ts';
import type { CapabilitySet } from '../../codecs/rdp/capabilitySet.ts';
import { LicenseErrorMessage, LicenseStatus, LicenseTransition } from '../../codecs/rdp/license.ts';
import { DomainMcsPdu, sendDataHeader } from '../../codecs/rdp/mcsDomain.ts';
import { SecurityFlag, SecurityHeader } from '../../codecs/rdp/securityHeader.ts';
import { ShareControlPdu, STREAM_LOW } from '../../codecs/rdp/shareControl.ts';
import { ControlPdu, PduType2 } from '../../codecs/rdp/shareData.ts';
import { X224_DATA_HEADER } from '../../codecs/rdp/x224.ts';

const TPKT_HEADER_SIZE = 4;
/** PREAMBLE_VERSION_3_0. */
const LICENSE_VERSION = 3;
const BB_ERROR_BLOB = 4;

/** The server as an MCS user: the source of all it sends. */
export const SERVER_USER_ID = 1002;
/** The channel of all PDUs that belong to no virtual channel. */
export const IO_CHANNEL_ID = 1003;
/** The client as an MCS user; above all channels, whose ids follow that of the I/O channel. */
export const CLIENT_USER_ID = 1100;
/** The one share of a connection. */
export const SHARE_ID = 0x0001_0000 | SERVER_USER_ID;

const SOURCE_DESCRIPTOR = Uint8Array.from('RDP\0', (letter) => letter.charCodeAt(0));

/** A TPKT packet, [RFC 1006] section 6. */
export function tpktPacket(payload: Parts): Parts {
  const length = TPKT_HEADER_SIZE + byteLength(payload);
  if (length > 0xffff) throw new UsageError(`a TPKT packet has at most 65535 bytes, not ${length}`);
  return [Uint8Array.of(3, 0, length >> 8, length & 0xff), ...payload];
}

export function mcsPacket(pdu: DomainMcsPdu): Parts {
  return tpktPacket([X224_DATA_HEADER, ...DomainMcsPdu.encode(pdu)]);
}

/** What the server sends to one channel. @throws UsageError beyond 16383 bytes */
export function channelPacket(channelId: number, data: Parts): Parts {
  const header = sendDataHeader('SEND_DATA_INDICATION', SERVER_USER_ID, channelId, byteLength(data));
  return tpktPacket([X224_DATA_HEADER, header, ...data]);
}

export function demandActivePacket(capabilitySets: readonly CapabilitySet[]): Parts {
  return sharePacket({
    name: 'TS_DEMAND_ACTIVE_PDU',
    pduSource: SERVER_USER_ID,
    shareId: SHARE_ID,
    sourceDescriptor: SOURCE_DESCRIPTOR,
    capabilitySets,
    sessionId: 0,
  });
}

export function deactivateAllPacket(): Parts {
  const sourceDescriptor = SOURCE_DESCRIPTOR;
  return sharePacket({ name: 'TS_DEACTIVATE_ALL_PDU', pduSource: SERVER_USER_ID, shareId: SHARE_ID, sourceDescriptor });
}

/** A data PDU of the kind `pduType2`. */
export function dataPacket(pduType2: number, body: Parts): Parts {
  return sharePacket({
    name: 'TS_DATA_PDU',
    pduSource: SERVER_USER_ID,
    shareId: SHARE_ID,
    streamId: STREAM_LOW,
    pduType2,
    compressedType: 0,
    data: joinParts(body),
  });
}

function sharePacket(pdu: ShareControlPdu): Parts {
  return channelPacket(IO_CHANNEL_ID, ShareControlPdu.encode(pdu));
}

/** The licence: there is none to be had, [MS-RDPBCGR] 2.2.1.12. */
export function licensePacket(): Parts {
  const header = SecurityHeader.encode({ flags: SecurityFlag.SEC_LICENSE_PKT, flagsHi: 0 });
  const message = LicenseErrorMessage.encode({
    flags: LICENSE_VERSION,
    errorCode: LicenseStatus.STATUS_VALID_CLIENT,
    stateTransition: LicenseTransition.ST_NO_TRANSITION,
    blobType: BB_ERROR_BLOB,
    blobData: new Uint8Array(0),
  });
  return channelPacket(IO_CHANNEL_ID, [joinParts([...header, ...message])]);
}

/** TS_CONTROL_PDU; `action` is of `ControlAction`. */
export function controlPacket(action: number, grantId: number, controlId: number): Parts {
  return dataPacket(PduType2.PDUTYPE2_CONTROL, ControlPdu.encode({ action, grantId, controlId }));
}
