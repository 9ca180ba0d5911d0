import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { PROTOCOL_VERSION, ShareControlHeader } from './shareControl.ts';
import { struct } from './rdpStructs.generated.ts';

/** Bits of RedirFlags that announce no field, [MS-RDPBCGR] 2.2.13.1. */
export const RedirectionFlag = {
  LB_DONTSTOREUSERNAME: 0x0020,
  LB_SMARTCARD_LOGON: 0x0040,
  /** The packet only informs: the client stays where it is. */
  LB_NOREDIRECT: 0x0080,
  LB_SERVER_TSV_CAPABLE: 0x2000,
  /** The password is for the target alone, which gets it by RDSTLS. */
  LB_PASSWORD_IS_PK_ENCRYPTED: 0x4000,
} as const;

/**
 * RDP_SERVER_REDIRECTION_PACKET, [MS-RDPBCGR] 2.2.13.1: where a client is to go instead. With standard RDP security it is the
 * whole of the PDU behind its security header (2.2.13.2.1). Texts are without their NUL.
 */
export interface ServerRedirection {
  /** The session that the client is to be led to. */
  readonly sessionId: number;
  /** Bits of {@link RedirectionFlag}, and what later versions add. */
  readonly redirFlags: number;
  /** An IP address. */
  readonly targetNetAddress?: string;
  /** Routing token for the X.224 Connection Request, with CR and LF. */
  readonly loadBalanceInfo?: Uint8Array;
  readonly userName?: string;
  readonly domain?: string;
  /** UTF-16 text with its NUL, or bytes that mean something to the target alone. */
  readonly passwordBytes?: Uint8Array;
  readonly targetFqdn?: string;
  readonly targetNetBiosName?: string;
  readonly tsvUrl?: Uint8Array;
  /** In base64, as UTF-16. */
  readonly redirectionGuid?: Uint8Array;
  /** TARGET_CERTIFICATE_CONTAINER in base64, as UTF-16. */
  readonly targetCertificate?: Uint8Array;
  readonly targetNetAddresses?: readonly string[];
}

const SEC_REDIRECTION_PKT = 0x0400;
const Head = struct('RDP_SERVER_REDIRECTION_PACKET', {
  Flags: 'u16',
  Length: 'u16',
  SessionID: 'u32',
  RedirFlags: 'u32',
});
/** Bytes that may follow the last field. */
const PAD = 8;
const ADDRESSES = { bit: 0x0800, field: 'TargetNetAddresses' } as const;

type TextProperty = 'targetNetAddress' | 'userName' | 'domain' | 'targetFqdn' | 'targetNetBiosName';
type BytesProperty = 'loadBalanceInfo' | 'passwordBytes' | 'tsvUrl' | 'redirectionGuid' | 'targetCertificate';
type Field =
  | { readonly bit: number; readonly field: string; readonly text: TextProperty }
  | { readonly bit: number; readonly field: string; readonly bytes: BytesProperty };

/** Fields that the packet may have, in their order; TargetNetAddresses follow them. */
const FIELDS: readonly Field[] = [
  { bit: 0x0001, field: 'TargetNetAddress', text: 'targetNetAddress' },
  { bit: 0x0002, field: 'LoadBalanceInfo', bytes: 'loadBalanceInfo' },
  { bit: 0x0004, field: 'UserName', text: 'userName' },
  { bit: 0x0008, field: 'Domain', text: 'domain' },
  { bit: 0x0010, field: 'Password', bytes: 'passwordBytes' },
  { bit: 0x0100, field: 'TargetFQDN', text: 'targetFqdn' },
  { bit: 0x0200, field: 'TargetNetBiosName', text: 'targetNetBiosName' },
  { bit: 0x1000, field: 'TsvUrl', bytes: 'tsvUrl' },
  { bit: 0x8000, field: 'RedirectionGuid', bytes: 'redirectionGuid' },
  { bit: 0x1_0000, field: 'TargetCertificate', bytes: 'targetCertificate' },
];
const PRESENCE = FIELDS.reduce<number>((all, { bit }) => all | bit, ADDRESSES.bit);

export const ServerRedirection = codec<ServerRedirection>({
  name: 'RDP_SERVER_REDIRECTION_PACKET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.13.1' },
  decode(reader) {
    const { Flags, Length, SessionID, RedirFlags } = Head.decode(reader);
    if (Flags !== SEC_REDIRECTION_PKT) {
      throw reader.error('INVALID_VALUE', 'Flags', `0x${Flags.toString(16)} is no redirection`, Head.size);
    }
    if (Length < Head.size) {
      throw reader.error('LENGTH_MISMATCH', 'Length', `${Length} is less than the header`, Head.back('Length'));
    }
    const body = reader.sub(Length - Head.size, 'fields');
    reader.end();
    const found: Partial<Record<TextProperty, string> & Record<BytesProperty, Uint8Array>> = {};
    for (const each of FIELDS) {
      if ((RedirFlags & each.bit) === 0) continue;
      if ('text' in each) found[each.text] = readText(body, each.field);
      else found[each.bytes] = readBytes(body, each.field);
    }
    const targetNetAddresses = (RedirFlags & ADDRESSES.bit) === 0 ? undefined : readAddresses(body);
    if (body.remaining >= PAD) body.pad(PAD);
    body.end();
    return {
      sessionId: SessionID,
      redirFlags: (RedirFlags & ~PRESENCE) >>> 0,
      ...found,
      ...(targetNetAddresses !== undefined && { targetNetAddresses }),
    };
  },
  write(out, value) {
    const start = out.position;
    const { sessionId, redirFlags, targetNetAddresses } = value;
    const present = FIELDS.filter((each) => value['text' in each ? each.text : each.bytes] !== undefined);
    const bits = present.reduce<number>(
      (all, { bit }) => all | bit,
      targetNetAddresses === undefined ? 0 : ADDRESSES.bit,
    );
    if ((redirFlags & PRESENCE) !== 0) {
      throw new UsageError('RDP_SERVER_REDIRECTION_PACKET.redirFlags: a field is announced by being there');
    }
    Head.write(out, {
      Flags: SEC_REDIRECTION_PKT,
      Length: 0,
      SessionID: sessionId,
      RedirFlags: (redirFlags | bits) >>> 0,
    });
    for (const each of present) {
      if ('text' in each) writeText(out, value[each.text] ?? '', each.field);
      else writeBytes(out, value[each.bytes] ?? new Uint8Array(0), each.field);
    }
    if (targetNetAddresses !== undefined) writeAddresses(out, targetNetAddresses);
    Head.patch(out, start, 'Length', out.position - start);
  },
});

/** Server Redirection PDU of enhanced RDP security, [MS-RDPBCGR] 2.2.13.3.1. */
export interface ServerRedirectionPdu {
  /** The MCS user who sends it. */
  readonly pduSource: number;
  readonly redirection: ServerRedirection;
}

/** PDUTYPE_SERVER_REDIR_PKT, with the version. */
const PDU_TYPE = 10 | PROTOCOL_VERSION;
/** Bytes of pad2Octets before the packet, and of pad1Octet, which may follow it. */
const PAD_BEFORE = 2;
const PAD_BEHIND = 1;

/** Whether a PDU with a TS_SHARECONTROLHEADER is a {@link ServerRedirectionPdu}. */
export function isServerRedirectionPdu(pdu: Uint8Array): boolean {
  return pdu[2] === PDU_TYPE && pdu[3] === 0;
}

/** Whether what a server says in place of its licensing is a {@link ServerRedirection}: its Flags are a security header's. */
export function isBareServerRedirection(data: Uint8Array): boolean {
  return (data[0] ?? 0) + 256 * (data[1] ?? 0) === SEC_REDIRECTION_PKT;
}

export const ServerRedirectionPdu = codec<ServerRedirectionPdu>({
  name: 'SERVER_REDIRECTION_PDU',
  spec: { document: 'MS-RDPBCGR', section: '2.2.13.3.1' },
  decode(reader) {
    const { totalLength, pduType, pduSource } = ShareControlHeader.decode(reader);
    if (totalLength < ShareControlHeader.size) {
      const problem = `${totalLength} is less than the header`;
      throw reader.error('LENGTH_MISMATCH', 'totalLength', problem, ShareControlHeader.size);
    }
    if (pduType !== PDU_TYPE) {
      const problem = `0x${pduType.toString(16)} is no redirection`;
      throw reader.error('INVALID_VALUE', 'pduType', problem, ShareControlHeader.back('pduType'));
    }
    const body = reader.sub(totalLength - ShareControlHeader.size, 'body');
    reader.end();
    body.pad(PAD_BEFORE, 'pad2Octets');
    const length = body.peekU32('Length') >>> 16;
    const redirection = ServerRedirection.decode(body.sub(length, ServerRedirection.name, ServerRedirection.spec));
    if (body.remaining >= PAD_BEHIND) body.pad(PAD_BEHIND, 'pad1Octet');
    body.end();
    return { pduSource, redirection };
  },
  write(out, { pduSource, redirection }) {
    const start = out.position;
    ShareControlHeader.write(out, { totalLength: 0, pduType: PDU_TYPE, pduSource });
    out.zeros(PAD_BEFORE);
    ServerRedirection.write(out, redirection);
    ShareControlHeader.patch(out, start, 'totalLength', out.position - start);
  },
});

function readBytes(reader: Reader, field: string): Uint8Array {
  return reader.take(reader.u32(`${field}Length`), field);
}

function readText(reader: Reader, field: string): string {
  const size = reader.u32(`${field}Length`);
  if (size % 2 !== 0) throw reader.error('INVALID_VALUE', `${field}Length`, `${size} bytes of UTF-16`, 4);
  return reader.fixedUtf16(size, field);
}

/** TARGET_NET_ADDRESSES, [MS-RDPBCGR] 2.2.13.1.1. */
function readAddresses(reader: Reader): string[] {
  const list = reader.sub(reader.u32('TargetNetAddressesLength'), ADDRESSES.field);
  const addressCount = list.u32('addressCount');
  // Each has a length, and its NUL.
  list.checkCount(addressCount, 6, 'addressCount', 4);
  const addresses = Array.from({ length: addressCount }, () => readText(list, 'address'));
  list.end();
  return addresses;
}

function writeBytes(out: Writer, bytes: Uint8Array, field: string): void {
  out.u32(bytes.byteLength, `${field}Length`);
  out.append(bytes);
}

function writeText(out: Writer, text: string, field: string): void {
  out.u32(2 * (text.length + 1), `${field}Length`);
  out.utf16(`${text}\0`);
}

function writeAddresses(out: Writer, addresses: readonly string[]): void {
  const size = addresses.reduce((sum, each) => sum + 4 + 2 * (each.length + 1), 4);
  out.u32(size, `${ADDRESSES.field}Length`);
  out.u32(addresses.length, 'addressCount');
  for (const address of addresses) writeText(out, address, 'address');
}
