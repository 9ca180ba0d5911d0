import { codec } from '../core/message.ts';
import { joinParts } from '../core/parts.ts';
import { Reader } from '../core/reader.ts';
import { UsageError } from '../core/errors.ts';
import { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';

/** Bytes of a cookie, both ways. */
const COOKIE_SIZE = 28;
const COOKIE_VERSION = 1;
/** Bytes of what proves that a client is the one that was there before, and of what it is made of. */
export const RECONNECT_SECRET_SIZE = 16;

const CookieHead = struct('ARC_PRIVATE_PACKET', { cbLen: 'u32', Version: 'u32', LogonId: 'u32' });

/** ARC_CS_PRIVATE_PACKET, [MS-RDPBCGR] 2.2.4.3: with this a client comes back without a password. */
export interface ClientReconnectCookie {
  /** Of the server's cookie. */
  readonly logonId: number;
  /** HMAC-MD5, keyed by the server's random bits, over the client's random; over 32 zeros with TLS. 16 bytes. */
  readonly securityVerifier: Uint8Array;
}

export const ClientReconnectCookie = codec<ClientReconnectCookie>({
  name: 'ARC_CS_PRIVATE_PACKET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.4.3' },
  decode(reader) {
    const logonId = readHead(reader);
    return { logonId, securityVerifier: reader.take(RECONNECT_SECRET_SIZE, 'SecurityVerifier') };
  },
  write(out, { logonId, securityVerifier }) {
    CookieHead.write(out, { cbLen: COOKIE_SIZE, Version: COOKIE_VERSION, LogonId: logonId });
    out.append(secret(securityVerifier, 'SecurityVerifier'));
  },
});

/** ARC_SC_PRIVATE_PACKET, [MS-RDPBCGR] 2.2.4.2: what a server gives a client to come back with. */
export interface ServerReconnectCookie {
  readonly logonId: number;
  /** A secret of both ends, 16 bytes. */
  readonly arcRandomBits: Uint8Array;
}

export const ServerReconnectCookie = codec<ServerReconnectCookie>({
  name: 'ARC_SC_PRIVATE_PACKET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.4.2' },
  decode(reader) {
    const logonId = readHead(reader);
    return { logonId, arcRandomBits: reader.take(RECONNECT_SECRET_SIZE, 'ArcRandomBits') };
  },
  write(out, { logonId, arcRandomBits }) {
    CookieHead.write(out, { cbLen: COOKIE_SIZE, Version: COOKIE_VERSION, LogonId: logonId });
    out.append(secret(arcRandomBits, 'ArcRandomBits'));
  },
});

/** TS_SAVE_SESSION_INFO_PDU_DATA with TS_LOGON_INFO_EXTENDED, [MS-RDPBCGR] 2.2.10.1.1, of which this has the cookie. */
export interface SaveSessionInfo {
  readonly autoReconnectCookie: ServerReconnectCookie;
}

/** INFOTYPE_LOGON_EXTENDED_INFO. */
const EXTENDED_INFO = 3;
/** LOGON_EX_AUTORECONNECTCOOKIE. */
const HAS_COOKIE = 1;
/** Bytes of zeros behind the fields. */
const PADDING = 570;
const Extended = struct('TS_LOGON_INFO_EXTENDED', {
  infoType: 'u32',
  Length: 'u16',
  FieldsPresent: 'u32',
  cbFieldData: 'u32',
});

export const SaveSessionInfo = codec<SaveSessionInfo>({
  name: 'TS_SAVE_SESSION_INFO_PDU_DATA',
  spec: { document: 'MS-RDPBCGR', section: '2.2.10.1.1' },
  decode(reader) {
    const { infoType, FieldsPresent, cbFieldData } = Extended.decode(reader);
    if (infoType !== EXTENDED_INFO) {
      throw reader.error('INVALID_VALUE', 'infoType', `${infoType}, only ${EXTENDED_INFO} is read`, Extended.size);
    }
    if (FieldsPresent !== HAS_COOKIE) {
      throw reader.error('INVALID_VALUE', 'FieldsPresent', `${FieldsPresent}, only ${HAS_COOKIE} is read`, 8);
    }
    if (cbFieldData !== COOKIE_SIZE) {
      throw reader.error('LENGTH_MISMATCH', 'cbFieldData', `${cbFieldData}, a cookie has ${COOKIE_SIZE}`, 4);
    }
    const autoReconnectCookie = reader.structure(ServerReconnectCookie);
    reader.pad(PADDING, 'Pad');
    return { autoReconnectCookie };
  },
  write(out, { autoReconnectCookie }) {
    Extended.write(out, {
      infoType: EXTENDED_INFO,
      Length: Extended.size - 4 + COOKIE_SIZE + PADDING,
      FieldsPresent: HAS_COOKIE,
      cbFieldData: COOKIE_SIZE,
    });
    ServerReconnectCookie.write(out, autoReconnectCookie);
    out.zeros(PADDING);
  },
});

const EXTRA = { document: 'MS-RDPBCGR', section: '2.2.1.11.1.1.1' };
/** Bytes of TIME_ZONE_INFORMATION. */
const TIME_ZONE_SIZE = 172;

/**
 * The cookie in TS_EXTENDED_INFO_PACKET, [MS-RDPBCGR] 2.2.1.11.1.1.1, if there is one. Older clients end the packet earlier.
 * @throws DecodeError
 */
export function reconnectCookieIn(extraInfo: Uint8Array): ClientReconnectCookie | undefined {
  const reader = new Reader(extraInfo, 'TS_EXTENDED_INFO_PACKET', EXTRA);
  if (reader.remaining === 0) return undefined;
  reader.pad(2, 'clientAddressFamily');
  reader.pad(reader.u16('cbClientAddress'), 'clientAddress');
  reader.pad(reader.u16('cbClientDir'), 'clientDir');
  if (reader.remaining < TIME_ZONE_SIZE + 10) return undefined;
  reader.pad(TIME_ZONE_SIZE, 'clientTimeZone');
  reader.pad(4, 'clientSessionId');
  reader.pad(4, 'performanceFlags');
  const size = reader.u16('cbAutoReconnectCookie');
  if (size === 0) return undefined;
  if (size !== COOKIE_SIZE) {
    throw reader.error('LENGTH_MISMATCH', 'cbAutoReconnectCookie', `${size}, a cookie has ${COOKIE_SIZE}`, 2);
  }
  return reader.structure(ClientReconnectCookie);
}

/** AF_INET, where a client says no address. */
const ADDRESS_FAMILY = 2;

/** TS_EXTENDED_INFO_PACKET of a client that tells neither its address nor its time zone. @param performanceFlags bits of {@link PerformanceFlag} */
export function extendedInfo(performanceFlags: number, cookie?: ClientReconnectCookie): Uint8Array {
  const out = new Writer();
  out.u16(ADDRESS_FAMILY, 'clientAddressFamily');
  for (const field of ['clientAddress', 'clientDir']) {
    // An empty text, whose NUL counts.
    out.u16(2, `cb${field}`);
    out.zeros(2);
  }
  out.zeros(TIME_ZONE_SIZE);
  out.u32(0, 'clientSessionId');
  out.u32(performanceFlags, 'performanceFlags');
  out.u16(cookie === undefined ? 0 : COOKIE_SIZE, 'cbAutoReconnectCookie');
  if (cookie !== undefined) ClientReconnectCookie.write(out, cookie);
  // reserved1 and reserved2.
  out.zeros(4);
  return joinParts(out.finish());
}

/** Bits of performanceFlags, [MS-RDPBCGR] 2.2.1.11.1.1.1: what a client does not want to see. */
export const PerformanceFlag = {
  PERF_DISABLE_WALLPAPER: 0x01,
  PERF_DISABLE_FULLWINDOWDRAG: 0x02,
  PERF_DISABLE_MENUANIMATIONS: 0x04,
  PERF_DISABLE_THEMING: 0x08,
  PERF_DISABLE_CURSOR_SHADOW: 0x20,
  PERF_DISABLE_CURSORSETTINGS: 0x40,
} as const;

/**
 * The cookie in TS_SAVE_SESSION_INFO_PDU_DATA, where it has one: most of them tell who has logged on.
 * @throws DecodeError
 */
export function serverCookieIn(saveSessionInfo: Uint8Array): ServerReconnectCookie | undefined {
  const { name, spec } = SaveSessionInfo;
  const reader = new Reader(saveSessionInfo, name, spec, { lenient: true });
  if (reader.as(name, spec).u32('infoType') !== EXTENDED_INFO) return undefined;
  const { FieldsPresent, cbFieldData } = Extended.decode(reader);
  if ((FieldsPresent & HAS_COOKIE) === 0) return undefined;
  if (cbFieldData !== COOKIE_SIZE) {
    throw reader.error('LENGTH_MISMATCH', 'cbFieldData', `${cbFieldData}, a cookie has ${COOKIE_SIZE}`, 4);
  }
  return reader.structure(ServerReconnectCookie);
}

/** LogonId. @throws DecodeError where it is no cookie of the version that there is */
function readHead(reader: Reader): number {
  const { cbLen, Version, LogonId } = CookieHead.decode(reader);
  if (cbLen !== COOKIE_SIZE) throw reader.error('LENGTH_MISMATCH', 'cbLen', `${cbLen}, must be ${COOKIE_SIZE}`, 12);
  if (Version !== COOKIE_VERSION) throw reader.error('INVALID_VALUE', 'Version', `${Version}, must be 1`, 8);
  return LogonId;
}

function secret(bytes: Uint8Array, field: string): Uint8Array {
  if (bytes.byteLength === RECONNECT_SECRET_SIZE) return bytes;
  throw new UsageError(`${field} has ${bytes.byteLength} bytes, it must have ${RECONNECT_SECRET_SIZE}`);
}
