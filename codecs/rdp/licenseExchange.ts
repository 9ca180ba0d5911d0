import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { type LicenseBlob, readLicenseBlob, writeLicenseBlob } from './license.ts';
import { struct } from './rdpStructs.generated.ts';

/** bMsgType of a licensing message, [MS-RDPBCGR] 2.2.1.12.1.1. */
export const LicenseMessageType = {
  LICENSE_REQUEST: 0x01,
  PLATFORM_CHALLENGE: 0x02,
  NEW_LICENSE: 0x03,
  UPGRADE_LICENSE: 0x04,
  NEW_LICENSE_REQUEST: 0x13,
  PLATFORM_CHALLENGE_RESPONSE: 0x15,
  ERROR_ALERT: 0xff,
} as const;

/** wBlobType, [MS-RDPBCGR] 2.2.1.12.1.2, of what this client sends. */
export const LicenseBlobType = {
  BB_RANDOM_BLOB: 0x0002,
  BB_ENCRYPTED_DATA_BLOB: 0x0009,
  BB_CLIENT_USER_NAME_BLOB: 0x000f,
  BB_CLIENT_MACHINE_NAME_BLOB: 0x0010,
} as const;

/** Bytes of the random number of each end, and of the MAC of a message. */
export const LICENSE_RANDOM_SIZE = 32;
export const LICENSE_MAC_SIZE = 16;

/** LICENSE_PREAMBLE and what follows it, [MS-RDPBCGR] 2.2.1.12.1.1. */
export interface LicensePacket {
  /** Of {@link LicenseMessageType}. */
  readonly type: number;
  /** Version of the licensing protocol in the low 4 bits. */
  readonly flags: number;
  readonly body: Uint8Array;
}

const Preamble = struct('LICENSE_PREAMBLE', { bMsgType: 'u8', flags: 'u8', wMsgSize: 'u16' });

export const LicensePacket = codec<LicensePacket>({
  name: 'LICENSE_PREAMBLE',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.12.1.1' },
  decode(reader) {
    const { bMsgType, flags, wMsgSize } = Preamble.decode(reader);
    if (wMsgSize < Preamble.size) {
      throw reader.error('LENGTH_MISMATCH', 'wMsgSize', `${wMsgSize} is less than the preamble`, 2);
    }
    const body = reader.take(wMsgSize - Preamble.size, 'body');
    reader.end();
    return { type: bMsgType, flags, body };
  },
  write(out, { type, flags, body }) {
    Preamble.write(out, { bMsgType: type, flags, wMsgSize: Preamble.size + body.byteLength });
    out.append(body);
  },
});

/** SERVER_LICENSE_REQUEST after its preamble, [MS-RDPELE] 2.2.2.1. */
export interface ServerLicenseRequest {
  /** 32 bytes. */
  readonly serverRandom: Uint8Array;
  readonly version: number;
  /** UTF-16 with NUL, as it came. */
  readonly companyName: Uint8Array;
  readonly productId: Uint8Array;
  readonly keyExchangeList: LicenseBlob;
  /** The certificate of the licensing keys, [MS-RDPBCGR] 2.2.1.4.3.1. */
  readonly serverCertificate: LicenseBlob;
  readonly scopes: readonly LicenseBlob[];
}

/** More than any server has. */
const MOST_SCOPES = 64;
const BLOB_HEAD = 4;

export const ServerLicenseRequest = codec<ServerLicenseRequest>({
  name: 'SERVER_LICENSE_REQUEST',
  spec: { document: 'MS-RDPELE', section: '2.2.2.1' },
  decode(reader) {
    const serverRandom = reader.take(LICENSE_RANDOM_SIZE, 'ServerRandom');
    const version = reader.u32('dwVersion');
    const companyName = reader.take(reader.u32('cbCompanyName'), 'pbCompanyName');
    const productId = reader.take(reader.u32('cbProductId'), 'pbProductId');
    const keyExchangeList = readLicenseBlob(reader, 'KeyExchangeList');
    const serverCertificate = readLicenseBlob(reader, 'ServerCertificate');
    const count = reader.u32('ScopeCount');
    if (count > MOST_SCOPES) throw reader.error('LIMIT_EXCEEDED', 'ScopeCount', `${count}, at most ${MOST_SCOPES}`, 4);
    reader.checkCount(count, BLOB_HEAD, 'ScopeArray', 0);
    const scopes = Array.from({ length: count }, () => readLicenseBlob(reader, 'ScopeArray'));
    reader.end();
    return { serverRandom, version, companyName, productId, keyExchangeList, serverCertificate, scopes };
  },
  write(out, value) {
    out.append(value.serverRandom);
    out.u32(value.version, 'dwVersion');
    for (const text of [value.companyName, value.productId]) {
      out.u32(text.byteLength, 'cbText');
      out.append(text);
    }
    writeLicenseBlob(out, value.keyExchangeList);
    writeLicenseBlob(out, value.serverCertificate);
    out.u32(value.scopes.length, 'ScopeCount');
    for (const scope of value.scopes) writeLicenseBlob(out, scope);
  },
});

/** CLIENT_NEW_LICENSE_REQUEST after its preamble, [MS-RDPELE] 2.2.2.2: of a client that has no licence yet. */
export interface ClientNewLicenseRequest {
  /** KEY_EXCHANGE_ALG_RSA is 1. */
  readonly preferredKeyExchangeAlg: number;
  readonly platformId: number;
  /** 32 bytes. */
  readonly clientRandom: Uint8Array;
  readonly encryptedPreMasterSecret: LicenseBlob;
  /** ANSI with NUL. */
  readonly clientUserName: LicenseBlob;
  readonly clientMachineName: LicenseBlob;
}

export const ClientNewLicenseRequest = codec<ClientNewLicenseRequest>({
  name: 'CLIENT_NEW_LICENSE_REQUEST',
  spec: { document: 'MS-RDPELE', section: '2.2.2.2' },
  decode(reader) {
    const value = {
      preferredKeyExchangeAlg: reader.u32('PreferredKeyExchangeAlg'),
      platformId: reader.u32('PlatformId'),
      clientRandom: reader.take(LICENSE_RANDOM_SIZE, 'ClientRandom'),
      encryptedPreMasterSecret: readLicenseBlob(reader, 'EncryptedPreMasterSecret'),
      clientUserName: readLicenseBlob(reader, 'ClientUserName'),
      clientMachineName: readLicenseBlob(reader, 'ClientMachineName'),
    };
    reader.end();
    return value;
  },
  write(out, value) {
    out.u32(value.preferredKeyExchangeAlg, 'PreferredKeyExchangeAlg');
    out.u32(value.platformId, 'PlatformId');
    out.append(value.clientRandom);
    writeLicenseBlob(out, value.encryptedPreMasterSecret);
    writeLicenseBlob(out, value.clientUserName);
    writeLicenseBlob(out, value.clientMachineName);
  },
});

/** SERVER_PLATFORM_CHALLENGE after its preamble, [MS-RDPELE] 2.2.2.4. */
export interface ServerPlatformChallenge {
  readonly connectFlags: number;
  readonly encryptedPlatformChallenge: LicenseBlob;
  /** 16 bytes, of the challenge in the clear. */
  readonly macData: Uint8Array;
}

export const ServerPlatformChallenge = codec<ServerPlatformChallenge>({
  name: 'SERVER_PLATFORM_CHALLENGE',
  spec: { document: 'MS-RDPELE', section: '2.2.2.4' },
  decode(reader) {
    const connectFlags = reader.u32('ConnectFlags');
    const encryptedPlatformChallenge = readLicenseBlob(reader, 'EncryptedPlatformChallenge');
    return { connectFlags, encryptedPlatformChallenge, macData: readMac(reader) };
  },
  write(out, { connectFlags, encryptedPlatformChallenge, macData }) {
    out.u32(connectFlags, 'ConnectFlags');
    writeLicenseBlob(out, encryptedPlatformChallenge);
    out.append(macData);
  },
});

/** CLIENT_PLATFORM_CHALLENGE_RESPONSE after its preamble, [MS-RDPELE] 2.2.2.5. */
export interface ClientPlatformChallengeResponse {
  readonly encryptedPlatformChallengeResponse: LicenseBlob;
  readonly encryptedHwid: LicenseBlob;
  /** 16 bytes, of both in the clear. */
  readonly macData: Uint8Array;
}

export const ClientPlatformChallengeResponse = codec<ClientPlatformChallengeResponse>({
  name: 'CLIENT_PLATFORM_CHALLENGE_RESPONSE',
  spec: { document: 'MS-RDPELE', section: '2.2.2.5' },
  decode(reader) {
    const encryptedPlatformChallengeResponse = readLicenseBlob(reader, 'EncryptedPlatformChallengeResponse');
    const encryptedHwid = readLicenseBlob(reader, 'EncryptedHWID');
    return { encryptedPlatformChallengeResponse, encryptedHwid, macData: readMac(reader) };
  },
  write(out: Writer, { encryptedPlatformChallengeResponse, encryptedHwid, macData }) {
    writeLicenseBlob(out, encryptedPlatformChallengeResponse);
    writeLicenseBlob(out, encryptedHwid);
    out.append(macData);
  },
});

function readMac(reader: Reader): Uint8Array {
  const macData = reader.take(LICENSE_MAC_SIZE, 'MACData');
  reader.end();
  return macData;
}
