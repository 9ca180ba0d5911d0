import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import { fromHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { CredType, TsCredentials } from '../../codecs/cssp/tsCredentials.ts';
import { TsRequest } from '../../codecs/cssp/tsRequest.ts';
import { AuthenticateMessage } from '../../codecs/ntlm/authenticateMessage.ts';
import { CredSspClient } from '../../src/nla/credSspClient.ts';
import { computeProof, responseKey } from '../../src/nla/ntlmKeys.ts';
import { NtlmSession } from '../../src/nla/ntlmSession.ts';
import { Rc4 } from '../../src/nla/rc4.ts';
import { loadVectors } from '../codecs/vectors.ts';

const CREDENTIALS = { userName: 'User', domainName: 'Domain', password: 'Password' };
const KEY = Uint8Array.from({ length: 270 }, (_, index) => index & 0xff);
const NONCE = new Uint8Array(32).fill(9);
const CHALLENGE = fromHex(
  loadVectors('ntlm', (each) => each === 'CHALLENGE_MESSAGE').find(({ file }) => file.endsWith('/sample'))?.hex ?? '',
);

const client = () =>
  new CredSspClient({
    credentials: CREDENTIALS,
    serverPublicKey: KEY,
    nonce: NONCE,
    clientChallenge: new Uint8Array(8).fill(0xaa),
    sessionKey: new Uint8Array(16).fill(0x55),
    fileTime: new Uint8Array(8),
    workstation: 'COMPUTER',
  });
const request = (value: Omit<TsRequest, 'name'>) => joinParts(TsRequest.encode({ name: 'TSRequest', ...value }));
const read = (bytes: Uint8Array) => TsRequest.decode(new Reader(bytes, TsRequest.name, TsRequest.spec));
const hash = (magic: string) => createHash('sha256').update(`${magic}\0`).update(NONCE).update(KEY).digest();

/** A server's half, written from [MS-CSSP] 3.1.5 alone. */
class Server {
  readonly client = client();
  readonly version: number;
  session: NtlmSession | undefined;

  constructor(version: number) {
    this.version = version;
  }

  exchange(): { readonly proof: TsRequest; readonly binding: Uint8Array | undefined } {
    const [first] = this.client.start().outgoing;
    expect(read(joinParts(first ?? [])).version).to.equal(6);
    const [second] = this.client.receive(request({ version: this.version, negoTokens: [CHALLENGE] })).outgoing;
    const proof = read(joinParts(second ?? []));
    const token = proof.negoTokens?.[0] ?? new Uint8Array();
    const message = AuthenticateMessage.decode(new Reader(token, AuthenticateMessage.name, AuthenticateMessage.spec));
    const temp = message.ntChallengeResponse.subarray(16, -4);
    const { sessionBaseKey } = computeProof(
      responseKey('User', 'Domain', 'Password'),
      fromHex('0123456789abcdef'),
      new Uint8Array(8).fill(0xaa),
      temp,
      false,
    );
    this.session = new NtlmSession(new Rc4(sessionBaseKey).crypt(message.encryptedRandomSessionKey), 'server');
    return { proof, binding: proof.pubKeyAuth && this.session.open(proof.pubKeyAuth) };
  }

  answer(binding: Uint8Array) {
    const pubKeyAuth = this.session?.seal(binding) ?? new Uint8Array();
    return this.client.receive(request({ version: this.version, pubKeyAuth }));
  }
}

describe('CredSspClient ([MS-CSSP] 3.1.5)', () => {
  for (const version of [5, 6]) {
    it(`version ${version}: binds to the public key by hash and nonce, and sends the password only after the proof`, () => {
      const server = new Server(version);
      const { proof, binding } = server.exchange();
      expect(proof.clientNonce).to.deep.equal(NONCE);
      expect(binding).to.deep.equal(new Uint8Array(hash('CredSSP Client-To-Server Binding Hash')));
      const { outgoing, events } = server.answer(hash('CredSSP Server-To-Client Binding Hash'));
      const authInfo = read(joinParts(outgoing[0] ?? [])).authInfo ?? new Uint8Array();
      const credentials = server.session?.open(authInfo) ?? new Uint8Array();
      const reader = new Reader(credentials, TsCredentials.name, TsCredentials.spec);
      expect(TsCredentials.decode(reader)).to.deep.equal({
        ...{ name: 'TSCredentials', credType: CredType.PASSWORD },
        ...CREDENTIALS,
      });
      expect(events).to.deep.equal([{ type: 'authenticated' }]);
    });
  }

  for (const version of [2, 3, 4]) {
    it(`version ${version}: binds to the public key itself, which comes back with its first byte one higher`, () => {
      const server = new Server(version);
      const { proof, binding } = server.exchange();
      expect(proof.clientNonce).to.equal(undefined);
      expect(proof.version).to.equal(version);
      expect(binding).to.deep.equal(KEY);
      expect(server.answer(KEY.with(0, 1)).events).to.deep.equal([{ type: 'authenticated' }]);
    });
  }

  for (const [what, version, binding] of [
    ["the client's own hash sent back", 6, hash('CredSSP Client-To-Server Binding Hash')],
    ['the key as it is', 2, KEY],
    ['the key where a hash is due (CVE-2018-0886)', 6, KEY.with(0, 1)],
    ['nothing', 6, new Uint8Array(0)],
  ] as const) {
    it(`gives no password to a server that proves itself by ${what}`, () => {
      const server = new Server(version);
      server.exchange();
      expect(() => server.answer(binding)).to.throw(ProtocolError, 'somebody is in between');
      expect(server.client.state).to.equal('refused');
      expect(() => server.answer(hash('CredSSP Server-To-Client Binding Hash'))).to.throw(ProtocolError);
    });
  }

  it('tells the NTSTATUS of a refusal, and nothing goes on after it', () => {
    const server = new Server(6);
    server.exchange();
    const refusal = request({ version: 6, errorCode: 0xc000006d });
    expect(server.client.receive(refusal).events).to.deep.equal([{ type: 'refused', status: 0xc000006d }]);
    expect(() => server.client.receive(refusal)).to.throw(ProtocolError, 'not expected');
  });

  it('refuses an answer before it has started, and one without a token', () => {
    expect(() => client().receive(request({ version: 6, negoTokens: [CHALLENGE] }))).to.throw(ProtocolError);
    const started = client();
    started.start();
    expect(() => started.receive(request({ version: 6 }))).to.throw(ProtocolError, 'no token');
  });

  it('throws nothing but DecodeError and ProtocolError, whatever a server sends', () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    const token = fc.oneof(
      bytes,
      fc.constant(CHALLENGE),
      fc.tuple(fc.nat(CHALLENGE.byteLength - 1), fc.nat(255)).map(([at, byte]) => CHALLENGE.with(at, byte)),
    );
    const answers = fc.oneof(
      bytes,
      fc.record({ version: fc.nat(8), negoTokens: fc.array(token, { maxLength: 2 }) }).map(request),
      fc.record({ version: fc.nat(8), pubKeyAuth: bytes }).map(request),
    );
    fc.assert(
      fc.property(fc.array(answers, { maxLength: 4 }), (all) => {
        const attacked = client();
        attacked.start();
        for (const each of all) {
          try {
            const { events } = attacked.receive(each);
            expect(events).to.deep.equal([]);
          } catch (error) {
            if (!(error instanceof DecodeError) && !(error instanceof ProtocolError)) throw error;
          }
        }
        expect(attacked.state).to.not.equal('authenticated');
      }),
    );
  });
});
