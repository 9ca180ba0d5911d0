import { constants, createHash, generateKeyPairSync, type KeyObject, privateDecrypt } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import {
  ClientNewLicenseRequest,
  ClientPlatformChallengeResponse,
  LicenseMessageType,
  LicensePacket,
  ServerLicenseRequest,
  ServerPlatformChallenge,
} from '../../codecs/rdp/licenseExchange.ts';
import { Rc4 } from '../../src/nla/rc4.ts';
import { ClientLicensing } from '../../src/rdp/client/clientLicensing.ts';
import { RdpRefusalError } from '../../src/rdp/client/rdpRefusalError.ts';

const HEADER = Uint8Array.of(0x80, 0, 0, 0);
const SERVER_RANDOM = new Uint8Array(32).fill(7);
const RANDOM = {
  clientRandom: new Uint8Array(32).fill(1),
  premasterSecret: Uint8Array.from({ length: 48 }, (_, index) => index + 1),
  hardwareId: new Uint8Array(16).fill(3),
};
const CHALLENGE = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
const SPEC = { document: 'test', section: '-' };
const hash = (name: string, ...parts: readonly Uint8Array[]) => createHash(name).update(joinParts(parts)).digest();
const u32 = (value: number) => Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
const client = () => new ClientLicensing('äli', 'desk', RANDOM);
const server = (type: number, body: readonly Uint8Array[]) =>
  joinParts([HEADER, ...LicensePacket.encode({ type, flags: 3, body: joinParts(body) })]);
const status = (code: number) => joinParts([HEADER, Uint8Array.of(255, 3, 16, 0), u32(code), u32(2), u32(4)]);

/** The keys by [MS-RDPELE] 5.1.3, written with Node's hashes. */
function keys() {
  const salted = (secret: Uint8Array, first: Uint8Array, second: Uint8Array) =>
    joinParts(
      ['A', 'BB', 'CCC'].map((salt) => hash('md5', secret, hash('sha1', Buffer.from(salt), secret, first, second))),
    );
  const master = salted(RANDOM.premasterSecret, RANDOM.clientRandom, SERVER_RANDOM);
  const blob = salted(master, SERVER_RANDOM, RANDOM.clientRandom);
  return { mac: blob.subarray(0, 16), key: hash('md5', blob.subarray(16, 32), RANDOM.clientRandom, SERVER_RANDOM) };
}

function macOf(data: Uint8Array): Uint8Array {
  const { mac } = keys();
  const inner = hash('sha1', mac, new Uint8Array(40).fill(0x36), u32(data.byteLength), data);
  return hash('md5', mac, new Uint8Array(48).fill(0x5c), inner);
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 512 });
const modulus = Buffer.from((publicKey.export({ format: 'jwk' }) as { n: string }).n, 'base64url');

/** [MS-RDPBCGR] 2.2.1.4.3.1.1. */
function proprietary(): Uint8Array {
  const key = joinParts([
    Buffer.from('RSA1'),
    ...[72, 512, 63, 65537].map(u32),
    Uint8Array.from(modulus).reverse(),
    new Uint8Array(8),
  ]);
  return joinParts([u32(1), u32(1), u32(1), Uint8Array.of(6, 0, key.byteLength, 0), key]);
}

const der = (tag: number, ...content: readonly Uint8Array[]) => {
  const bytes = joinParts(content);
  const length = bytes.byteLength < 128 ? [bytes.byteLength] : [0x82, bytes.byteLength >> 8, bytes.byteLength & 255];
  return joinParts([Uint8Array.of(tag, ...length), bytes]);
};

/** A chain whose last certificate has the key; what nobody looks at is empty. */
function chain(): Uint8Array {
  const empty = der(0x30);
  const info = publicKey.export({ type: 'spki', format: 'der' });
  const tbs = der(
    0x30,
    der(0xa0, der(2, Uint8Array.of(2))),
    der(2, Uint8Array.of(1)),
    empty,
    empty,
    empty,
    empty,
    info,
  );
  const certificate = der(0x30, tbs, empty, der(3, Uint8Array.of(0)));
  return joinParts([u32(0x80000002), u32(2), u32(2), empty, u32(certificate.byteLength), certificate]);
}

function licenseRequest(certificate: Uint8Array): Uint8Array {
  const text = new Uint8Array(2);
  return server(
    LicenseMessageType.LICENSE_REQUEST,
    ServerLicenseRequest.encode({
      ...{ serverRandom: SERVER_RANDOM, version: 0x60000, companyName: text, productId: text },
      keyExchangeList: { type: 13, data: u32(1) },
      serverCertificate: { type: 3, data: certificate },
      scopes: [],
    }),
  );
}

function platformChallenge(macData = macOf(CHALLENGE)): Uint8Array {
  const encryptedPlatformChallenge = { type: 9, data: new Rc4(keys().key).crypt(CHALLENGE) };
  const body = ServerPlatformChallenge.encode({ connectFlags: 0, encryptedPlatformChallenge, macData });
  return server(LicenseMessageType.PLATFORM_CHALLENGE, body);
}

/** What the client answered, its header and preamble checked. */
function answerOf(answer: readonly Uint8Array[] | undefined, type: number): Reader {
  const bytes = joinParts(answer ?? []);
  expect(bytes.subarray(0, 4)).to.deep.equal(HEADER);
  const packet = LicensePacket.decode(new Reader(bytes.subarray(4), 'packet', SPEC));
  expect(packet).to.include({ type, flags: 3 });
  return new Reader(packet.body, 'body', SPEC);
}

const decrypted = (secret: Uint8Array, key: KeyObject) =>
  privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, Uint8Array.from(secret.subarray(0, 64)).reverse());

describe('licensing of an RDP client ([MS-RDPELE] 3.3)', () => {
  it('may be over at once: the server has a valid client (2.2.1.12 of [MS-RDPBCGR])', () => {
    const licensing = client();
    expect(licensing.receive(status(7))).to.equal(undefined);
    expect(licensing.isLicensed).to.equal(true);
  });

  for (const [what, certificate] of [
    ['a proprietary certificate', proprietary],
    ['a chain of X.509 certificates', chain],
  ] as const) {
    it(`takes a new licence from a server with ${what}`, () => {
      const licensing = client();
      const request = licensing.receive(licenseRequest(certificate()));
      const asked = ClientNewLicenseRequest.decode(answerOf(request, LicenseMessageType.NEW_LICENSE_REQUEST));
      expect(asked).to.deep.include({ preferredKeyExchangeAlg: 1, clientRandom: RANDOM.clientRandom });
      expect(Buffer.from(asked.clientUserName.data).toString()).to.equal('?li\0');
      expect(asked.encryptedPreMasterSecret.data.byteLength).to.equal(72);
      const secret = decrypted(asked.encryptedPreMasterSecret.data, privateKey).reverse();
      expect(secret.subarray(0, 48)).to.deep.equal(Buffer.from(RANDOM.premasterSecret));
      const response = licensing.receive(platformChallenge());
      const proof = ClientPlatformChallengeResponse.decode(
        answerOf(response, LicenseMessageType.PLATFORM_CHALLENGE_RESPONSE),
      );
      const plain = new Rc4(keys().key).crypt(proof.encryptedPlatformChallengeResponse.data);
      expect(plain).to.deep.equal(joinParts([Uint8Array.of(0, 1, 0, 255, 3, 0, 10, 0), CHALLENGE]));
      const hwid = new Rc4(keys().key).crypt(proof.encryptedHwid.data);
      expect(hwid.subarray(4)).to.deep.equal(RANDOM.hardwareId);
      expect(proof.macData).to.deep.equal(Uint8Array.from(macOf(joinParts([plain, hwid]))));
      expect(licensing.isLicensed).to.equal(false);
      expect(licensing.receive(server(LicenseMessageType.NEW_LICENSE, [new Uint8Array(20)]))).to.equal(undefined);
      expect(licensing.isLicensed).to.equal(true);
    });
  }

  it('is refused in one line', () => {
    expect(() => client().receive(status(2))).to.throw(RdpRefusalError, 'gives this client no licence (error 2)');
  });

  it('does not answer a challenge with a wrong MAC, nor one before the request, nor a licence that nobody asked for', () => {
    const licensing = client();
    licensing.receive(licenseRequest(proprietary()));
    expect(() => licensing.receive(platformChallenge(new Uint8Array(16)))).to.throw(ProtocolError, 'its MAC is wrong');
    expect(() => client().receive(platformChallenge())).to.throw(ProtocolError, 'not allowed now');
    expect(() => client().receive(server(LicenseMessageType.NEW_LICENSE, []))).to.throw(ProtocolError);
    expect(() => client().receive(new Uint8Array(20))).to.throw(ProtocolError, 'licensing has to come first');
  });

  it('refuses keys that are none, or too long to compute with', () => {
    const long = proprietary();
    // keylen
    long.set(u32(0x10000), 20);
    for (const certificate of [new Uint8Array(0), u32(3), long, joinParts([u32(2), u32(17)])]) {
      expect(() => client().receive(licenseRequest(certificate))).to.throw(DecodeError);
    }
  });

  it('throws nothing but its errors, whatever a server changes', () => {
    const messages = [licenseRequest(proprietary()), licenseRequest(chain()), platformChallenge(), status(7)];
    const change = fc.record({ at: fc.nat(400), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.constantFrom(...messages), fc.array(change, { maxLength: 3 }), (message, changes) => {
        const spoiled = Uint8Array.from(message);
        for (const { at, byte } of changes) spoiled[at % spoiled.byteLength] = byte;
        try {
          client().receive(spoiled);
        } catch (error) {
          const isTheirs = error instanceof DecodeError || error instanceof ProtocolError;
          if (!isTheirs && !(error instanceof RdpRefusalError)) throw error;
        }
      }),
    );
  });
});
