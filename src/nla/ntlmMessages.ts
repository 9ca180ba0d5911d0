/** What both halves of NTLM share, [MS-NLMP] 3.1.1 and 3.2.1. */
import type { SpecRef } from '../../codecs/core/errors.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { NtlmFlag } from '../../codecs/ntlm/messageHead.ts';
import type { NtlmVersion } from '../../codecs/ntlm/version.ts';

/** Both ends have to agree to these: what they say without them is open to everybody on the way. */
export const SEALED_SESSION_FLAGS =
  NtlmFlag.NTLMSSP_NEGOTIATE_UNICODE |
  NtlmFlag.NTLMSSP_NEGOTIATE_SIGN |
  NtlmFlag.NTLMSSP_NEGOTIATE_SEAL |
  NtlmFlag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY |
  NtlmFlag.NTLMSSP_NEGOTIATE_128 |
  NtlmFlag.NTLMSSP_NEGOTIATE_KEY_EXCH;

/** What a client offers, and a server grants where it is offered. */
export const SUPPORTED_FLAGS =
  SEALED_SESSION_FLAGS |
  NtlmFlag.NTLMSSP_REQUEST_TARGET |
  NtlmFlag.NTLMSSP_NEGOTIATE_NTLM |
  NtlmFlag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN |
  NtlmFlag.NTLMSSP_NEGOTIATE_VERSION |
  NtlmFlag.NTLMSSP_NEGOTIATE_56;

/** Windows 10; the other end only logs it. */
export const NTLM_VERSION: NtlmVersion = {
  productMajorVersion: 10,
  productMinorVersion: 0,
  productBuild: 19041,
  ntlmRevisionCurrent: 15,
};

/** A message, or a structure in one, of the other end. @throws DecodeError */
export function decodeToken<V>(
  codec: { readonly name: string; readonly spec: SpecRef; decode(reader: Reader): V },
  bytes: Uint8Array,
): V {
  return codec.decode(new Reader(bytes, codec.name, codec.spec, { lenient: true }));
}
