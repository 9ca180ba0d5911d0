/** Computations of NTLMv2, [MS-NLMP] 3.3.2 and 3.4. No other version of NTLM is spoken here. */
import { hmac } from '@noble/hashes/hmac.js';
import { md5 } from '@noble/hashes/legacy.js';
import { joinParts } from '../../codecs/core/parts.ts';
import { asciiBytes, utf16Bytes } from '../../codecs/core/text.ts';
import { Writer } from '../../codecs/core/writer.ts';
import { md4 } from './md4.ts';

/** HMAC-MD5, [RFC 2104]: 16 bytes. */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return hmac(md5, key, joinParts(parts));
}

/** NTOWFv2, [MS-NLMP] 3.3.2: 16 bytes that stand for the password. */
export function responseKey(userName: string, domainName: string, password: string): Uint8Array {
  return hmacMd5(md4(utf16Bytes(password)), utf16Bytes(userName.toUpperCase() + domainName));
}

/** What a client's proof gives. */
export interface NtlmProof {
  /** NTProofStr and the client's challenge. */
  readonly ntChallengeResponse: Uint8Array;
  readonly lmChallengeResponse: Uint8Array;
  /** 16 bytes; with NTLMv2 it is the key exchange key, too. */
  readonly sessionBaseKey: Uint8Array;
}

/** Bytes after NTLMv2_CLIENT_CHALLENGE in `temp`. */
const TEMP_PADDING = new Uint8Array(4);
/** LMv2 response of a client that has the server's time. */
const NO_LM_RESPONSE = new Uint8Array(24);

/**
 * ComputeResponse, [MS-NLMP] 3.3.2.
 *
 * @param key - of {@link responseKey}
 * @param clientChallenge - the 8 bytes that are also in `clientChallengeBytes`
 * @param clientChallengeBytes - NTLMv2_CLIENT_CHALLENGE
 * @param hasServerTime - the server gave MsvAvTimestamp: then no LM response is sent
 */
export function computeProof(
  key: Uint8Array,
  serverChallenge: Uint8Array,
  clientChallenge: Uint8Array,
  clientChallengeBytes: Uint8Array,
  hasServerTime: boolean,
): NtlmProof {
  const temp = joinParts([clientChallengeBytes, TEMP_PADDING]);
  const proof = hmacMd5(key, serverChallenge, temp);
  const lm = joinParts([hmacMd5(key, serverChallenge, clientChallenge), clientChallenge]);
  return {
    ntChallengeResponse: joinParts([proof, temp]),
    lmChallengeResponse: hasServerTime ? NO_LM_RESPONSE : lm,
    sessionBaseKey: hmacMd5(key, proof),
  };
}

/** Which end sends. */
export type Direction = 'client-to-server' | 'server-to-client';

/** SIGNKEY, [MS-NLMP] 3.4.5.2, with extended session security. */
export function signingKey(exportedSessionKey: Uint8Array, direction: Direction): Uint8Array {
  return derived(exportedSessionKey, `session key to ${direction} signing key magic constant\0`);
}

/** SEALKEY, [MS-NLMP] 3.4.5.3, with 128 bits. */
export function sealingKey(exportedSessionKey: Uint8Array, direction: Direction): Uint8Array {
  return derived(exportedSessionKey, `session key to ${direction} sealing key magic constant\0`);
}

function derived(key: Uint8Array, magic: string): Uint8Array {
  return md5(joinParts([key, asciiBytes(magic)]));
}

/** MsvAvChannelBindings for a TLS certificate, [RFC 5929] 4: binds the proof to this connection. 16 bytes. */
export function channelBindings(certificateHash: Uint8Array): Uint8Array {
  const application = joinParts([asciiBytes('tls-server-end-point:'), certificateHash]);
  const out = new Writer();
  // Address types and lengths of the initiator and the acceptor, [RFC 2744] 3.11: none.
  out.zeros(16);
  out.u32(application.byteLength, 'application_data.length');
  out.append(application);
  return md5(joinParts(out.finish()));
}
