import { createHash, randomBytes, type X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { BerTag, readBer } from '../../codecs/core/ber.ts';
import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { CredSspClient } from '../../src/nla/credSspClient.ts';
import type { Credentials } from '../../src/nla/ntlmClient.ts';
import { channelBindings } from '../../src/nla/ntlmKeys.ts';
import { StreamDeframer } from '../../src/rdp/streamDeframer.ts';
import { expectNoMore, nextFrom, write } from '../handshakeStream.ts';
import { TransportError } from '../transportError.ts';

/** What network level authentication says about a client. */
export interface CredSspOptions {
  readonly credentials: Credentials;
  /** Of the stream's TLS connection. */
  readonly certificate: X509Certificate;
  /** The server's name or address, as it was asked for. */
  readonly host: string;
  /** The other end, for people. */
  readonly remote: string;
  /** Name of this machine. */
  readonly clientName: string;
}

/** Bytes of the largest TSRequest that is taken: a Kerberos token would be the largest thing in one. */
const LARGEST_REQUEST = 0x10000;
const SPEC = { document: 'MS-CSSP', section: '2.2.1' };
const CERTIFICATE_SPEC = { document: 'RFC 5280', section: '4.1' };
/** Milliseconds and ticks of 100 ns: FILETIME begins in 1601. */
const FILETIME_EPOCH = 11_644_473_600_000n;
const TICKS = 10_000n;

/**
 * Proves the user's password to the server before RDP starts, [MS-CSSP]. The server gets the password only after it has
 * proven that it holds the key of its certificate.
 *
 * @throws TransportError LOGON_REFUSED or PROTOCOL_VIOLATED, or what the stream ended with
 */
export async function proveByCredSsp(stream: Duplex, options: CredSspOptions): Promise<void> {
  const { credentials, certificate, host, remote, clientName } = options;
  try {
    const client = new CredSspClient({
      credentials,
      serverPublicKey: subjectPublicKey(certificate),
      nonce: randomBytes(32),
      clientChallenge: randomBytes(8),
      sessionKey: randomBytes(16),
      fileTime: fileTime(Date.now()),
      workstation: clientName,
      targetName: `TERMSRV/${host}`,
      channelBindings: channelBindings(endPointHash(certificate)),
    });
    const deframer = new TsRequestDeframer();
    for (let step = client.start(); ;) {
      if (step.outgoing.length > 0) await write(stream, joinParts(step.outgoing.flat()));
      for (const event of step.events) {
        if (event.type === 'refused') throw refusedBy(remote, event.status);
        expectNoMore(deframer, `${remote} sent more than its half of CredSSP`);
        return;
      }
      const request = await nextFrom(stream, deframer);
      if (request === undefined) throw closedBy(remote, client.state);
      step = client.receive(request);
    }
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof ProtocolError)) throw error;
    throw new TransportError('PROTOCOL_VIOLATED', `${remote}: ${error.message}`, { cause: error });
  }
}

/** Cuts a stream into TSRequests. */
export class TsRequestDeframer {
  readonly #frames = new StreamDeframer(tsRequestSize, 2);

  get hasMore(): boolean {
    return this.#frames.hasMore;
  }

  takeRest(): Uint8Array {
    return this.#frames.takeRest();
  }

  push(chunk: Uint8Array): void {
    this.#frames.push(chunk);
  }

  next(): Uint8Array | undefined {
    const content = this.#frames.next();
    if (content === undefined) return undefined;
    const { header } = this.#frames;
    return joinParts([header.slice(0, headerSize(header[1] ?? 0)), content]);
  }
}

/** Bytes of a DER header whose length begins with `first`. */
function headerSize(first: number): number {
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function tsRequestSize(header: Uint8Array, filled: number): number | undefined {
  const [tag = 0, first = 0, second = 0, third = 0] = header;
  if (tag !== BerTag.SEQUENCE) throw refusal('version', 0, `${tag} begins no TSRequest`);
  if (filled < 2) return undefined;
  const size = headerSize(first);
  if (size > 4 || first === 0x80) throw refusal('length', 1, `it is longer than ${LARGEST_REQUEST} bytes`);
  if (filled < size) return undefined;
  return size === 2 ? first : size === 3 ? second : second * 256 + third;
}

function refusal(field: string, offset: number, problem: string): DecodeError {
  return new DecodeError({ code: 'INVALID_VALUE', offset, path: ['TSRequest', field], spec: SPEC, problem });
}

/** Contents of subjectPublicKey, a BIT STRING without its count of unused bits. @throws DecodeError */
export function subjectPublicKey(certificate: X509Certificate): Uint8Array {
  const der = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const info = readBer(new Reader(der, 'SubjectPublicKeyInfo', CERTIFICATE_SPEC), BerTag.SEQUENCE, 'SEQUENCE');
  readBer(info, BerTag.SEQUENCE, 'algorithm');
  const bits = readBer(info, BerTag.BIT_STRING, 'subjectPublicKey');
  bits.pad(1, 'unusedBits');
  return bits.rest();
}

/** Signature algorithms, as contents of object identifiers in hexadecimal, of which another hash than SHA-256 follows. */
const HASHES: readonly (readonly [identifier: string, hash: string])[] = [
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
];

/** The hash of a certificate for tls-server-end-point, [RFC 5929] 4.1. @throws DecodeError */
export function endPointHash({ raw }: X509Certificate): Uint8Array {
  const content = readBer(new Reader(raw, 'Certificate', CERTIFICATE_SPEC), BerTag.SEQUENCE, 'SEQUENCE');
  readBer(content, BerTag.SEQUENCE, 'tbsCertificate');
  const algorithm = readBer(content, BerTag.SEQUENCE, 'signatureAlgorithm');
  const identifier = Buffer.from(readBer(algorithm, BerTag.OBJECT_IDENTIFIER, 'algorithm').rest()).toString('hex');
  const hash = HASHES.find(([each]) => each === identifier)?.[1] ?? 'sha256';
  return createHash(hash).update(raw).digest();
}

export function fileTime(unixTime: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE((BigInt(unixTime) + FILETIME_EPOCH) * TICKS);
  return bytes;
}

/** NTSTATUS, [MS-ERREF] 2.3.1, of refused logons that a person can do something about. */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [0xc0000022, 'the server does not let this user in'],
  [0xc000005e, 'the server reaches no domain controller'],
  [0xc0000064, 'wrong user name or password'],
  [0xc000006a, 'wrong user name or password'],
  [0xc000006d, 'wrong user name or password'],
  [0xc000006e, 'the account may not be used so: it may have no password, or this computer is not allowed'],
  [0xc000006f, 'the account may not log on at this hour'],
  [0xc0000070, 'the account may not log on from this computer'],
  [0xc0000071, "the account's password has expired: change it there"],
  [0xc0000072, 'the account is disabled'],
  [0xc000015b, 'the user may not log on by remote desktop: add it to the group Remote Desktop Users there'],
  [0xc0000193, 'the account has expired'],
  [0xc0000224, 'the password has to be changed before the first logon'],
  [0xc0000234, 'the account is locked out: too many wrong passwords'],
  [0xc0000413, 'the domain does not let this user authenticate at this server'],
]);

function refusedBy(remote: string, status: number): TransportError {
  const text =
    STATUSES.get(status) ??
    `network level authentication is refused (status 0x${status.toString(16).padStart(8, '0')})`;
  return new TransportError('LOGON_REFUSED', `${remote}: ${text}`);
}

/** A server before CredSSP 3 only closes; so do some newer ones. */
function closedBy(remote: string, state: string): TransportError {
  if (state !== 'proving') {
    const problem = `${remote} closed the connection as soon as network level authentication began`;
    return new TransportError('CONNECTION_LOST', problem);
  }
  return new TransportError('LOGON_REFUSED', `${remote}: wrong user name or password (the server just closed)`);
}
