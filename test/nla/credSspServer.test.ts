import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { CredType, TsCredentials } from '../../codecs/cssp/tsCredentials.ts';
import { TsRequest } from '../../codecs/cssp/tsRequest.ts';
import { MIC_OFFSET } from '../../codecs/ntlm/authenticateMessage.ts';
import type { Step } from '../../src/channels/machine.ts';
import { CredSspClient } from '../../src/nla/credSspClient.ts';
import { CredSspServer, type CredSspServerEvent } from '../../src/nla/credSspServer.ts';
import { decodeToken } from '../../src/nla/ntlmMessages.ts';
import { NtlmSession } from '../../src/nla/ntlmSession.ts';

const KEY = Uint8Array.from({ length: 65 }, (_, index) => index);
const SESSION_KEY = new Uint8Array(16).fill(0x55);
const BINDINGS = new Uint8Array(16).fill(4);
const ALI = { userName: 'Ali', domainName: 'Office', password: 'open sesame' };
const LOGON_FAILURE = 0xc000006d;

const request = (value: Omit<TsRequest, 'name'>) => joinParts(TsRequest.encode({ name: 'TSRequest', ...value }));
const bytesOf = ({ outgoing }: Step<unknown>) => joinParts(outgoing.flat());
const read = (bytes: Uint8Array) => decodeToken(TsRequest, bytes);

const serverFor = () =>
  new CredSspServer({
    serverChallenge: new Uint8Array(8).fill(1),
    fileTime: new Uint8Array(8).fill(2),
    computerName: 'DESK',
    channelBindings: BINDINGS,
    publicKey: KEY,
    passwordOf: (userName) => (userName.toLowerCase() === 'ali' ? ALI.password : undefined),
  });
const clientFor = (options: Partial<ConstructorParameters<typeof CredSspClient>[0]> = {}) =>
  new CredSspClient({
    credentials: ALI,
    serverPublicKey: KEY,
    nonce: new Uint8Array(32).fill(9),
    clientChallenge: new Uint8Array(8).fill(0xaa),
    sessionKey: SESSION_KEY,
    fileTime: new Uint8Array(8),
    workstation: 'COMPUTER',
    channelBindings: BINDINGS,
    ...options,
  });

/** As far as the server's answer to the client's proof, which `change` may change on its way. */
function proven(client = clientFor(), change = (proof: TsRequest) => proof) {
  const server = serverFor();
  const challenge = server.receive(bytesOf(client.start()));
  const { name: _, ...proof } = change(read(bytesOf(client.receive(bytesOf(challenge)))));
  return { client, server, answer: server.receive(request(proof)) };
}

/** The client's token with one bit of a byte changed. */
const flipped = (at: number) => (proof: TsRequest) => {
  const token = proof.negoTokens?.[0] ?? new Uint8Array();
  return { ...proof, negoTokens: [token.with(at, (token[at] ?? 0) ^ 1)] };
};

describe('CredSspServer ([MS-CSSP] 3.1.5)', () => {
  it('lets in a client with the right password, and gets the password', () => {
    const { client, server, answer } = proven();
    const accepted = client.receive(bytesOf(answer));
    expect(accepted.events).to.deep.equal([{ type: 'authenticated' }]);
    const { outgoing, events } = server.receive(bytesOf(accepted));
    expect(events).to.deep.equal([{ type: 'authenticated', credentials: ALI }]);
    expect(outgoing).to.deep.equal([]);
    expect(server.state).to.equal('authenticated');
  });

  it('lets in a client that ties its proof to no TLS connection: the public key does', () => {
    const { server } = proven(clientFor({ channelBindings: new Uint8Array(16) }));
    expect(server.state).to.equal('awaitingCredentials');
  });

  for (const [what, attempt] of [
    ['another password', () => proven(clientFor({ credentials: { ...ALI, password: 'open barley' } }))],
    ['an unknown user', () => proven(clientFor({ credentials: { ...ALI, userName: 'bob', password: '' } }))],
    ['a proof for another TLS certificate', () => proven(clientFor({ channelBindings: new Uint8Array(16).fill(5) }))],
    ['another public key', () => proven(clientFor({ serverPublicKey: KEY.with(64, 0) }))],
    [
      'a nonce that is not the one of its proof',
      () => proven(clientFor(), (proof) => ({ ...proof, clientNonce: KEY.subarray(0, 32) })),
    ],
    ['a MIC that is wrong (3.2.5.1.2)', () => proven(clientFor(), flipped(MIC_OFFSET))],
    ['flags that somebody changed, which the MIC tells', () => proven(clientFor(), flipped(62))],
  ] as const) {
    it(`refuses ${what}, tells STATUS_LOGON_FAILURE and nothing more`, () => {
      const { client, server, answer } = attempt();
      expect(answer.events).to.deep.equal([{ type: 'refused' }]);
      expect(read(bytesOf(answer))).to.deep.equal({ name: 'TSRequest', version: 6, errorCode: LOGON_FAILURE });
      expect(client.receive(bytesOf(answer)).events).to.deep.equal([{ type: 'refused', status: LOGON_FAILURE }]);
      expect(() => server.receive(bytesOf(answer))).to.throw(ProtocolError, 'not expected now');
    });
  }

  it('refuses a client before version 5 (CVE-2018-0886)', () => {
    const [token = new Uint8Array()] = read(bytesOf(clientFor().start())).negoTokens ?? [];
    expect(() => serverFor().receive(request({ version: 4, negoTokens: [token] }))).to.throw(ProtocolError, 'not safe');
  });

  it('refuses a client that does not sign and seal with 128 bits', () => {
    const [token = new Uint8Array()] = read(bytesOf(clientFor().start())).negoTokens ?? [];
    for (const [at, bit] of [
      [12, 0x20],
      [14, 0x08],
      [15, 0x20],
      [15, 0x40],
    ] as const) {
      const weak = token.with(at, (token[at] ?? 0) & ~bit);
      expect(() => serverFor().receive(request({ version: 6, negoTokens: [weak] }))).to.throw(ProtocolError, 'too old');
    }
  });

  it('refuses a right proof without the public key, or without the nonce', () => {
    for (const field of ['pubKeyAuth', 'clientNonce'] as const) {
      const without = ({ [field]: _, ...rest }: TsRequest): TsRequest => rest;
      expect(() => proven(clientFor(), without)).to.throw(ProtocolError, 'no pubKeyAuth or no clientNonce');
    }
  });

  it('refuses credentials that it cannot open, and those of a smart card', () => {
    const { server } = proven();
    expect(() => server.receive(request({ version: 6 }))).to.throw(ProtocolError, 'no authInfo');
    expect(() => server.receive(request({ version: 6, authInfo: new Uint8Array(40) }))).to.throw(ProtocolError);
    expect(server.state).to.equal('awaitingCredentials');
    // Behind the client's binding of 32 bytes.
    const session = new NtlmSession(SESSION_KEY);
    session.seal(new Uint8Array(32));
    const card = { credType: CredType.SMART_CARD, pin: '1234', cspData: { keySpec: 1 } } as const;
    const authInfo = session.seal(joinParts(TsCredentials.encode({ name: 'TSCredentials', ...card })));
    expect(() => proven().server.receive(request({ version: 6, authInfo }))).to.throw(ProtocolError, 'smart card');
  });

  it('throws nothing but DecodeError and ProtocolError, and lets nobody in, whatever a client sends', () => {
    const real = () => {
      const client = clientFor({ credentials: { ...ALI, password: 'open barley' } });
      const first = bytesOf(client.start());
      return [first, bytesOf(client.receive(bytesOf(serverFor().receive(first))))];
    };
    const seeds = real();
    const mutated = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), fc.nat(400))
      .map(([bytes, changes, length]) => {
        const copy = bytes.slice(0, Math.max(2, Math.min(bytes.byteLength, length + bytes.byteLength / 2)));
        for (const [at, byte] of changes) copy[at % copy.byteLength] = byte;
        return copy;
      });
    const token = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.constantFrom(...seeds.flatMap((each) => read(each).negoTokens ?? [])),
    );
    const sent = fc.oneof(
      mutated,
      fc.constantFrom(...seeds),
      fc.record({ version: fc.nat(8), negoTokens: fc.array(token, { maxLength: 2 }) }).map(request),
      fc.record({ version: fc.nat(8), authInfo: fc.uint8Array({ maxLength: 64 }) }).map(request),
    );
    let refused = 0;
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 4 }), (all) => {
        const attacked = serverFor();
        for (const each of all) {
          try {
            const events: readonly CredSspServerEvent[] = attacked.receive(each).events;
            refused += events.filter(({ type }) => type === 'refused').length;
          } catch (error) {
            if (!(error instanceof DecodeError) && !(error instanceof ProtocolError)) throw error;
          }
        }
        expect(attacked.state).to.not.equal('authenticated').and.to.not.equal('awaitingCredentials');
      }),
      { numRuns: 400, examples: [[seeds]] },
    );
    expect(refused).to.be.above(0);
  });
});
