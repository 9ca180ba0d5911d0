import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { BerTag, wrapBer, writeBerBoolean, writeBerInteger, writeBerOctets } from '../codecs/core/ber.ts';
import { joinParts } from '../codecs/core/parts.ts';
import { Writer } from '../codecs/core/writer.ts';

/** What a new certificate says. */
export interface CertificateRequest {
  /** The common name of its subject. */
  readonly subject: string;
  /** Host names and IP addresses that it is for. */
  readonly hosts: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The subject's public key: SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** Whether it may sign others, instead of identifying a TLS server. Default: no. */
  readonly isAuthority?: boolean;
}

/** Who signs a certificate. */
export interface CertificateIssuer {
  /** Its common name. */
  readonly name: string;
  /** Its private key, on an elliptic curve: PEM. */
  readonly key: string;
}

const VERSION_3 = 2;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SET = 0x31;
/** [0] and [3] of TBSCertificate. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** Choices of GeneralName. */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** Object identifiers, encoded. */
const Oid = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  keyUsage: [0x55, 0x1d, 0x0f],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  extKeyUsage: [0x55, 0x1d, 0x25],
  serverAuth: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
} as const;

/** KeyUsage, a BIT STRING: bits that do not count at its end, and the bits. */
const DIGITAL_SIGNATURE = [7, 0x80];
const KEY_CERT_SIGN = [2, 0x04];

/**
 * Writes and signs an X.509 certificate of version 3, ECDSA with SHA-256: PEM. [RFC 5280] 4.1
 *
 * @throws UsageError when it would have more than 65535 bytes
 */
export function issueCertificate(request: CertificateRequest, issuer: CertificateIssuer): string {
  const signed = bytesOf((out) => writeToBeSigned(out, request, issuer.name));
  const signature = sign('sha256', signed, createPrivateKey(issuer.key));
  const der = bytesOf((out) =>
    element(out, BerTag.SEQUENCE, () => {
      out.append(signed);
      writeSignatureAlgorithm(out);
      writeBitString(out, 0, signature);
    }),
  );
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function writeToBeSigned(out: Writer, request: CertificateRequest, issuer: string): void {
  element(out, BerTag.SEQUENCE, () => {
    element(out, VERSION, () => writeBerInteger(out, VERSION_3, 'version'));
    element(out, BerTag.INTEGER, () => out.append(serialNumber()));
    writeSignatureAlgorithm(out);
    writeName(out, issuer);
    element(out, BerTag.SEQUENCE, () => {
      writeTime(out, request.notBefore);
      writeTime(out, request.notAfter);
    });
    writeName(out, request.subject);
    out.append(request.publicKey);
    element(out, EXTENSIONS, () => element(out, BerTag.SEQUENCE, () => writeExtensions(out, request)));
  });
}

function writeExtensions(out: Writer, { hosts, isAuthority = false }: CertificateRequest): void {
  writeExtension(out, Oid.basicConstraints, true, (value) =>
    element(value, BerTag.SEQUENCE, () => {
      // False is the default, which DER leaves out.
      if (isAuthority) writeBerBoolean(value, true);
    }),
  );
  const [unused = 0, ...usage] = isAuthority ? KEY_CERT_SIGN : DIGITAL_SIGNATURE;
  writeExtension(out, Oid.keyUsage, true, (value) => writeBitString(value, unused, Uint8Array.from(usage)));
  if (!isAuthority) {
    writeExtension(out, Oid.extKeyUsage, false, (value) =>
      element(value, BerTag.SEQUENCE, () => writeOid(value, Oid.serverAuth)),
    );
  }
  const names = hosts.map(generalName).filter(({ content }) => content.byteLength > 0);
  if (names.length === 0) return;
  writeExtension(out, Oid.subjectAltName, false, (value) =>
    element(value, BerTag.SEQUENCE, () => {
      for (const { tag, content } of names) element(value, tag, () => value.append(content));
    }),
  );
}

function writeExtension(
  out: Writer,
  oid: readonly number[],
  isCritical: boolean,
  write: (value: Writer) => void,
): void {
  element(out, BerTag.SEQUENCE, () => {
    writeOid(out, oid);
    if (isCritical) writeBerBoolean(out, true);
    writeBerOctets(out, bytesOf(write));
  });
}

/** A name that is nothing but a common name. */
function writeName(out: Writer, commonName: string): void {
  const text = new TextEncoder().encode(commonName);
  element(out, BerTag.SEQUENCE, () =>
    element(out, SET, () =>
      element(out, BerTag.SEQUENCE, () => {
        writeOid(out, Oid.commonName);
        element(out, UTF8_STRING, () => out.append(text));
      }),
    ),
  );
}

function writeSignatureAlgorithm(out: Writer): void {
  element(out, BerTag.SEQUENCE, () => writeOid(out, Oid.ecdsaWithSha256));
}

/** Seconds, UTC. Years up to 2049 have two digits, [RFC 5280] 4.1.2.5. */
function writeTime(out: Writer, time: Date): void {
  const digits = time.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const isShort = time.getUTCFullYear() < 2050;
  element(out, isShort ? UTC_TIME : GENERALIZED_TIME, () => out.ansi(isShort ? digits.slice(2) : digits, 'time'));
}

/** Positive, of 16 bytes, in the shortest form. */
function serialNumber(): Uint8Array {
  const [first = 0, ...others] = randomBytes(16);
  return Uint8Array.of((first & 0x7f) | 0x40, ...others);
}

interface GeneralName {
  readonly tag: number;
  /** Empty for what is no name at all. */
  readonly content: Uint8Array;
}

function generalName(host: string): GeneralName {
  if (isIP(host) === 0) return { tag: DNS_NAME, content: new TextEncoder().encode(domainToASCII(host)) };
  return { tag: IP_ADDRESS, content: isIPv4(host) ? ipv4Bytes(host) : ipv6Bytes(host) };
}

function ipv4Bytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number);
}

function ipv6Bytes(address: string): Uint8Array {
  const [withoutZone = ''] = address.split('%');
  // The URL parser turns a dotted end into two groups.
  const [head = '', tail = ''] = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [left, right] = [groups(head), groups(tail)];
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return Uint8Array.from([...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]));
}

function element(out: Writer, tag: number, write: () => void): void {
  const start = out.position;
  write();
  wrapBer(out, start, tag);
}

function writeOid(out: Writer, oid: readonly number[]): void {
  element(out, OBJECT_IDENTIFIER, () => out.octets(...oid));
}

/** @param unused how many bits at the end of the last byte do not count */
function writeBitString(out: Writer, unused: number, bytes: Uint8Array): void {
  element(out, BIT_STRING, () => {
    out.octets(unused);
    out.append(bytes);
  });
}

function bytesOf(write: (out: Writer) => void): Uint8Array {
  const out = new Writer();
  write(out);
  return joinParts(out.finish());
}
