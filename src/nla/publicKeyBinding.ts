/** How the ends of CredSSP prove that they are on one TLS connection, from version 5 on, [MS-CSSP] 3.1.5: CVE-2018-0886. */
import { sha256 } from '@noble/hashes/sha2.js';
import { joinParts } from '../../codecs/core/parts.ts';
import { asciiBytes } from '../../codecs/core/text.ts';

/** CredSSP's version here, [MS-CSSP] 2.2.1. */
export const CREDSSP_VERSION = 6;
/** From here on the public key goes as a hash with a nonce. */
export const HASHED_BINDING_VERSION = 5;

/**
 * What an end seals: 32 bytes.
 * @param nonce - of the client, 32 bytes
 * @param publicKey - subjectPublicKey of the server's certificate
 */
export function publicKeyBinding(from: 'client' | 'server', nonce: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const direction = from === 'client' ? 'Client-To-Server' : 'Server-To-Client';
  return sha256(joinParts([asciiBytes(`CredSSP ${direction} Binding Hash\0`), nonce, publicKey]));
}
