import { joinParts } from '../../codecs/core/parts.ts';
import { isSameProof } from '../../codecs/core/sameProof.ts';
import { Writer } from '../../codecs/core/writer.ts';
import { type Direction, hmacMd5, sealingKey, signingKey } from './ntlmKeys.ts';
import { Rc4 } from './rc4.ts';

/** Bytes of NTLMSSP_MESSAGE_SIGNATURE, [MS-NLMP] 2.2.2.9. */
const SIGNATURE_SIZE = 16;
const SIGNATURE_VERSION = 1;
const CHECKSUM_SIZE = 8;

/** One direction of an NTLM session. */
class Flow {
  readonly #signingKey: Uint8Array;
  readonly #cipher: Rc4;
  #sequence = 0;

  constructor(exportedSessionKey: Uint8Array, direction: Direction) {
    this.#signingKey = signingKey(exportedSessionKey, direction);
    this.#cipher = new Rc4(sealingKey(exportedSessionKey, direction));
  }

  crypt(bytes: Uint8Array): Uint8Array {
    return this.#cipher.crypt(bytes);
  }

  /** MAC with extended session security and key exchange, [MS-NLMP] 3.4.4.2. */
  signature(message: Uint8Array): Uint8Array {
    const sequence = u32(this.#sequence);
    this.#sequence += 1;
    const checksum = hmacMd5(this.#signingKey, sequence, message).subarray(0, CHECKSUM_SIZE);
    return joinParts([u32(SIGNATURE_VERSION), this.#cipher.crypt(checksum), sequence]);
  }
}

/** Seals and opens messages after both ends have proven themselves, [MS-NLMP] 3.4. */
export class NtlmSession {
  readonly #out: Flow;
  readonly #in: Flow;

  /** @param exportedSessionKey - 16 bytes, which both ends know */
  constructor(exportedSessionKey: Uint8Array, role: 'client' | 'server' = 'client') {
    const [outgoing, incoming] = [
      new Flow(exportedSessionKey, 'client-to-server'),
      new Flow(exportedSessionKey, 'server-to-client'),
    ];
    this.#out = role === 'client' ? outgoing : incoming;
    this.#in = role === 'client' ? incoming : outgoing;
  }

  /** GSS_WrapEx: signature and then the encrypted bytes. */
  seal(message: Uint8Array): Uint8Array {
    const sealed = this.#out.crypt(message);
    return joinParts([this.#out.signature(message), sealed]);
  }

  /** The message, or undefined where the signature is wrong. */
  open(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.byteLength < SIGNATURE_SIZE) return undefined;
    const message = this.#in.crypt(sealed.subarray(SIGNATURE_SIZE));
    return isSameProof(this.#in.signature(message), sealed.subarray(0, SIGNATURE_SIZE)) ? message : undefined;
  }
}

function u32(value: number): Uint8Array {
  const out = new Writer();
  out.u32(value, 'SeqNum');
  return joinParts(out.finish());
}
