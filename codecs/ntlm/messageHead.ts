import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './ntlmStructs.generated.ts';

/** `NTLMSSP` and a NUL, as the two numbers that they are on the wire. */
const SIGNATURE = { SignatureLow: 0x4d4c544e, SignatureHigh: 0x00505353 } as const;

const Head = struct('NTLM message', { SignatureLow: 'u32', SignatureHigh: 'u32', MessageType: 'u32' });

/** Bytes before the fields of each NTLM message, [MS-NLMP] 2.2.1. */
export const MESSAGE_HEAD_SIZE = Head.size;

/** MessageType, [MS-NLMP] 2.2.1. */
export const NtlmMessageType = { NEGOTIATE: 1, CHALLENGE: 2, AUTHENTICATE: 3 } as const;

/** @throws DecodeError for another signature or message type */
export function readMessageHead(reader: Reader, messageType: number): void {
  const { SignatureLow, SignatureHigh, MessageType } = Head.decode(reader);
  if (SignatureLow !== SIGNATURE.SignatureLow || SignatureHigh !== SIGNATURE.SignatureHigh) {
    throw reader.error('INVALID_VALUE', 'Signature', 'not "NTLMSSP"', Head.size);
  }
  if (MessageType !== messageType) {
    throw reader.error('UNKNOWN_MESSAGE', 'MessageType', `${MessageType} instead of ${messageType}`, 4);
  }
}

export function writeMessageHead(out: Writer, messageType: number): void {
  Head.write(out, { ...SIGNATURE, MessageType: messageType });
}

/** NegotiateFlags, [MS-NLMP] 2.2.2.5. */
export const NtlmFlag = {
  NTLMSSP_NEGOTIATE_UNICODE: 0x00000001,
  NTLM_NEGOTIATE_OEM: 0x00000002,
  NTLMSSP_REQUEST_TARGET: 0x00000004,
  NTLMSSP_NEGOTIATE_SIGN: 0x00000010,
  NTLMSSP_NEGOTIATE_SEAL: 0x00000020,
  NTLMSSP_NEGOTIATE_LM_KEY: 0x00000080,
  NTLMSSP_NEGOTIATE_NTLM: 0x00000200,
  NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED: 0x00001000,
  NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED: 0x00002000,
  NTLMSSP_NEGOTIATE_ALWAYS_SIGN: 0x00008000,
  NTLMSSP_TARGET_TYPE_DOMAIN: 0x00010000,
  NTLMSSP_TARGET_TYPE_SERVER: 0x00020000,
  NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY: 0x00080000,
  NTLMSSP_NEGOTIATE_TARGET_INFO: 0x00800000,
  NTLMSSP_NEGOTIATE_VERSION: 0x02000000,
  NTLMSSP_NEGOTIATE_128: 0x20000000,
  NTLMSSP_NEGOTIATE_KEY_EXCH: 0x40000000,
  NTLMSSP_NEGOTIATE_56: 0x80000000,
} as const;
