/** Keys of the licensing protocol, [MS-RDPELE] 5.1: between client and licence server, inside whatever secures the connection. */
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { BerTag, readBer } from '../../../codecs/core/ber.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { asciiBytes } from '../../../codecs/core/text.ts';
import { Writer } from '../../../codecs/core/writer.ts';

const CERTIFICATE = { document: 'MS-RDPBCGR', section: '2.2.1.4.3.1' };
const X509 = { document: 'RFC 5280', section: '4.1' };
const CERT_CHAIN_VERSION_1 = 1;
const CERT_CHAIN_VERSION_2 = 2;
/** The top bit says that the certificate is temporary. */
const VERSION_MASK = 0x7fffffff;
/** `RSA1`. */
const RSA_MAGIC = 0x31415352;
/** dwSigAlgId, dwKeyAlgId and wPublicKeyBlobType; bitlen and datalen. */
const BEFORE_KEY_BLOB = 10;
const LENGTHS_OF_KEY = 8;
/** Bytes: 4096 bits. */
const LARGEST_MODULUS = 512;
const LARGEST_EXPONENT = 4;
const MOST_CERTIFICATES = 16;
/** Bytes of zeros behind a modulus and what was encrypted with it. */
const RSA_PADDING = 8;
const PAD_1 = new Uint8Array(40).fill(0x36);
const PAD_2 = new Uint8Array(48).fill(0x5c);
const SECRET_SIZE = 16;

/** A public key for licensing. */
export interface RsaKey {
  /** Little-endian. */
  readonly modulus: Uint8Array;
  readonly exponent: bigint;
}

/** The key in a server's licensing certificate, a proprietary one or a chain. @throws DecodeError */
export function licensingKey(certificate: Uint8Array): RsaKey {
  const reader = new Reader(certificate, 'SERVER_CERTIFICATE', CERTIFICATE, { lenient: true });
  const version = reader.u32('dwVersion') & VERSION_MASK;
  if (version === CERT_CHAIN_VERSION_1) return proprietaryKey(reader);
  if (version === CERT_CHAIN_VERSION_2) return chainKey(reader);
  throw reader.error('INVALID_VALUE', 'dwVersion', `there is no version ${version}`, 4);
}

function proprietaryKey(reader: Reader): RsaKey {
  reader.pad(BEFORE_KEY_BLOB, 'dwSigAlgId');
  const blob = reader.sub(reader.u16('wPublicKeyBlobLen'), 'PublicKeyBlob');
  if (blob.u32('magic') !== RSA_MAGIC) throw blob.error('INVALID_VALUE', 'magic', 'it is no RSA key', 4);
  const size = blob.u32('keylen') - RSA_PADDING;
  blob.pad(LENGTHS_OF_KEY, 'bitlen');
  const exponent = BigInt(blob.u32('pubExp'));
  return checkedKey(blob, blob.take(Math.max(0, size), 'modulus'), exponent);
}

/** X509_CERTIFICATE_CHAIN: the last certificate has the server's key. Its algorithm identifier is not always a real one. */
function chainKey(reader: Reader): RsaKey {
  const count = reader.u32('NumCertBlobs');
  if (count === 0 || count > MOST_CERTIFICATES) {
    throw reader.error('LIMIT_EXCEEDED', 'NumCertBlobs', `${count}, 1 to ${MOST_CERTIFICATES} are taken`, 4);
  }
  let last = new Uint8Array(0);
  for (let index = 0; index < count; index += 1) last = Uint8Array.from(reader.take(reader.u32('cbCert'), 'abCert'));
  const certificate = readBer(new Reader(last, 'Certificate', X509, { lenient: true }), BerTag.SEQUENCE, 'Certificate');
  const content = readBer(certificate, BerTag.SEQUENCE, 'tbsCertificate');
  if (content.peekU8('version') === 0xa0) readBer(content, 0xa0, 'version');
  readBer(content, BerTag.INTEGER, 'serialNumber');
  for (const field of ['signature', 'issuer', 'validity', 'subject']) readBer(content, BerTag.SEQUENCE, field);
  const info = readBer(content, BerTag.SEQUENCE, 'subjectPublicKeyInfo');
  readBer(info, BerTag.SEQUENCE, 'algorithm');
  const bits = readBer(info, BerTag.BIT_STRING, 'subjectPublicKey');
  bits.pad(1, 'unusedBits');
  const key = readBer(bits, BerTag.SEQUENCE, 'RSAPublicKey');
  const modulus = readBer(key, BerTag.INTEGER, 'modulus').rest();
  const exponent = readBer(key, BerTag.INTEGER, 'publicExponent').rest();
  if (exponent.byteLength > LARGEST_EXPONENT) {
    throw key.error('LIMIT_EXCEEDED', 'publicExponent', `${exponent.byteLength} bytes`, exponent.byteLength);
  }
  const littleEndian = Uint8Array.from(modulus[0] === 0 ? modulus.subarray(1) : modulus).reverse();
  return checkedKey(key, littleEndian, numberOf(Uint8Array.from(exponent).reverse()));
}

function checkedKey(reader: Reader, modulus: Uint8Array, exponent: bigint): RsaKey {
  if (modulus.byteLength > LARGEST_MODULUS || numberOf(modulus) < 2n) {
    throw reader.error(
      'LIMIT_EXCEEDED',
      'modulus',
      `${modulus.byteLength} bytes, at most ${LARGEST_MODULUS} are taken`,
    );
  }
  return { modulus, exponent };
}

/** Textbook RSA, as [MS-RDPELE] 5.1.2.1 has it, followed by its zeros. */
export function encryptForLicensing(secret: Uint8Array, { modulus, exponent }: RsaKey): Uint8Array {
  const n = numberOf(modulus);
  let [result, base] = [1n % n, numberOf(secret) % n];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * base) % n;
    base = (base * base) % n;
  }
  const bytes = new Uint8Array(modulus.byteLength + RSA_PADDING);
  for (let index = 0; index < modulus.byteLength; index += 1) {
    bytes[index] = Number(result & 0xffn);
    result >>= 8n;
  }
  return bytes;
}

/** Little-endian. */
function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** What both ends encrypt and sign licensing data with. */
export interface LicensingKeys {
  /** For RC4, anew for each piece of data. */
  readonly encryptionKey: Uint8Array;
  readonly macSaltKey: Uint8Array;
}

/** [MS-RDPELE] 5.1.3. */
export function licensingKeys(
  premaster: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): LicensingKeys {
  const master = saltedHashes(premaster, clientRandom, serverRandom);
  const blob = saltedHashes(master, serverRandom, clientRandom);
  return {
    macSaltKey: blob.slice(0, SECRET_SIZE),
    encryptionKey: md5(joinParts([blob.subarray(SECRET_SIZE, 2 * SECRET_SIZE), clientRandom, serverRandom])),
  };
}

function saltedHashes(secret: Uint8Array, first: Uint8Array, second: Uint8Array): Uint8Array {
  const salted = (salt: string) => md5(joinParts([secret, sha1(joinParts([asciiBytes(salt), secret, first, second]))]));
  return joinParts([salted('A'), salted('BB'), salted('CCC')]);
}

/** MACData, [MS-RDPELE] 5.1.6. */
export function licensingMac(macSaltKey: Uint8Array, data: Uint8Array): Uint8Array {
  const length = new Writer();
  length.u32(data.byteLength, 'length');
  const inner = sha1(joinParts([macSaltKey, PAD_1, ...length.finish(), data]));
  return md5(joinParts([macSaltKey, PAD_2, inner]));
}
