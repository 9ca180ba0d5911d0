import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { LicenseErrorMessage, LicenseStatus, LicenseTransition } from '../../codecs/rdp/license.ts';
import { SecurityFlag, SecurityHeader } from '../../codecs/rdp/securityHeader.ts';
import { channelPacket, IO_CHANNEL_ID } from './rdpPacket.ts';

/** PREAMBLE_VERSION_3_0. */
const LICENSE_VERSION = 3;
const BB_ERROR_BLOB = 4;

/**
 * The whole licensing sequence of a server that issues no licences: the client may stay without one, [MS-RDPBCGR]
 * 2.2.1.12. Clients insist on this packet.
 */
export function validClientPacket(ioChannelId = IO_CHANNEL_ID): Parts {
  const header = SecurityHeader.encode({ flags: SecurityFlag.SEC_LICENSE_PKT, flagsHi: 0 });
  const message = LicenseErrorMessage.encode({
    flags: LICENSE_VERSION,
    errorCode: LicenseStatus.STATUS_VALID_CLIENT,
    stateTransition: LicenseTransition.ST_NO_TRANSITION,
    blobType: BB_ERROR_BLOB,
    blobData: new Uint8Array(0),
  });
  return channelPacket(ioChannelId, [joinParts([...header, ...message])]);
}
