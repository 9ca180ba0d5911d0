import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import { type ClientReconnectCookie, extendedInfo, PerformanceFlag } from '../../../codecs/rdp/autoReconnect.ts';
import { ClientInfo, InfoFlag } from '../../../codecs/rdp/clientInfo.ts';
import { SecurityFlag, SecurityHeader } from '../../../codecs/rdp/securityHeader.ts';
import { sendDataPacket } from '../rdpPacket.ts';
import type { RdpCredentials } from '../rdpServerConnection.ts';
import type { ClientConference } from './clientConference.ts';

/** As whom a client logs on. */
export interface LogonOptions {
  /** Without a password the server shows its own logon screen. */
  readonly credentials: RdpCredentials;
  /** Of an earlier connection that was cut. */
  readonly cookie?: ClientReconnectCookie;
}

/** INFO_MOUSE to INFO_MAXIMIZESHELL: xrdp refuses a client that does not say all of them. */
const FLAGS =
  InfoFlag.INFO_MOUSE |
  InfoFlag.INFO_DISABLECTRLALTDEL |
  InfoFlag.INFO_UNICODE |
  InfoFlag.INFO_MAXIMIZESHELL |
  InfoFlag.INFO_LOGONNOTIFY |
  InfoFlag.INFO_LOGONERRORS |
  InfoFlag.INFO_NOAUDIOPLAYBACK;
/** All that this client could be shown, it does not want to see. */
const PERFORMANCE = Object.values(PerformanceFlag).reduce((all, flag) => all | flag, 0);

/** TS_INFO_PACKET, [MS-RDPBCGR] 2.2.1.11: the password goes in the clear inside TLS. */
export function clientInfoPacket({ credentials, cookie }: LogonOptions, conference: ClientConference): Parts {
  const { domain, userName, password } = credentials;
  const hasProof = password !== '' || cookie !== undefined;
  const info = ClientInfo.encode({
    codePage: 0,
    flags: FLAGS | (hasProof ? InfoFlag.INFO_AUTOLOGON : 0),
    domain,
    userName,
    password,
    alternateShell: '',
    workingDir: '',
    extraInfo: extendedInfo(PERFORMANCE, cookie),
  });
  const header = SecurityHeader.encode({ flags: SecurityFlag.SEC_INFO_PKT, flagsHi: 0 });
  const { userId: initiator, ioChannelId: channelId } = conference;
  return sendDataPacket({ name: 'SEND_DATA_REQUEST', initiator, channelId }, [joinParts([...header, ...info])]);
}
