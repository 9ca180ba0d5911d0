import { createHash, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { Reader } from '../../../codecs/core/reader.ts';
import { utf16Bytes } from '../../../codecs/core/text.ts';
import { AvId } from '../../../codecs/ntlm/avPairs.ts';
import { NtlmClientChallenge } from '../../../codecs/ntlm/clientChallenge.ts';
import { SecurityProtocol } from '../../../codecs/rdp/x224.ts';
import { channelBindings } from '../../../src/nla/ntlmKeys.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import { dialRdp, type DialRdpOptions } from '../../../transports/rdp/dialRdp.ts';
import { TransportError, type TransportErrorCode } from '../../../transports/transportError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { ALI, challengeRequest, type NlaPeer, NlaServer, serverCertificate, tsRequest } from './nlaServer.ts';

const { PROTOCOL_HYBRID, PROTOCOL_HYBRID_EX } = SecurityProtocol;
const AUTHZ_SUCCESS = Uint8Array.of(0, 0, 0, 0);
const AUTHZ_ACCESS_DENIED = Uint8Array.of(5, 0, 0, 0);
const STATUS_LOGON_FAILURE = 0xc000006d;

describe('Network level authentication of dialRdp, at a server on a socket ([MS-CSSP])', () => {
  let server: NlaServer;
  afterEach(() => server.close());

  async function dialled(
    script: (peer: NlaPeer) => Promise<void>,
    options: Partial<DialRdpOptions> = {},
  ): Promise<Transport> {
    server = await NlaServer.open(script);
    const target = { host: '127.0.0.1', port: server.port };
    return dialRdp(target, { credentials: ALI, insecure: true, clock: new VirtualClock(), ...options });
  }

  /** Expects the dialling to fail in one line that begins with the server's name. */
  async function refused(
    script: (peer: NlaPeer) => Promise<void>,
    code: TransportErrorCode,
    text: string,
    options: Partial<DialRdpOptions> = {},
  ): Promise<void> {
    const error = await dialled(script, options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof TransportError)) throw new Error('it was not refused', { cause: error });
    const { message } = error;
    expect([error.code, message]).to.deep.equal([code, message]);
    expect(message)
      .to.match(new RegExp(`^rdp://127\\.0\\.0\\.1:${server.port}[: ]`))
      .and.include(text);
    expect(message).to.not.include('\n');
    await server.done;
  }

  for (const [what, protocol] of [
    ['HYBRID', PROTOCOL_HYBRID],
    ['HYBRID_EX', PROTOCOL_HYBRID_EX],
  ] as const) {
    it(`${what}: the right password leads to the channels`, async () => {
      const transport = await dialled(async (peer) => {
        await peer.negotiate(protocol);
        const { isRight, request } = await peer.proof();
        expect(isRight).to.equal(true);
        expect(request.clientNonce).to.have.length(32);
        peer.send(await peer.keyProof());
        const { userName, domainName, password } = await peer.credentials();
        expect({ userName, domain: domainName, password }).to.deep.equal(ALI);
        if (protocol === PROTOCOL_HYBRID_EX) peer.send(AUTHZ_SUCCESS);
        await peer.untilCredentials();
        await peer.admit();
      });
      await server.done;
      expect(transport.remote).to.equal(`rdp://127.0.0.1:${server.port}`);
      await transport.close();
    });
  }

  for (const [what, trust] of [
    [
      'was judged by its fingerprint',
      (fingerprint: string): Partial<DialRdpOptions> => ({ insecure: false, fingerprint }),
    ],
    [
      'somebody had to be asked about',
      (fingerprint: string): Partial<DialRdpOptions> => ({
        insecure: false,
        judge: (presented) => {
          expect(presented).to.include({ fingerprint, isTrusted: false });
          return Promise.resolve();
        },
      }),
    ],
  ] as const) {
    it(`binds to a certificate that ${what}: Node 20 gives it once`, async () => {
      const { fingerprint256 } = new X509Certificate(await serverCertificate());
      const transport = await dialled(async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        await peer.authenticate();
        await peer.untilCredentials();
        await peer.admit();
      }, trust(fingerprint256));
      await transport.close();
    });
  }

  it('the proof is bound to the certificate of this TLS connection, and to the name of the server ([RFC 5929] 4)', async () => {
    await refused(
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        const { message } = await peer.proof();
        const temp = message.ntChallengeResponse.subarray(16);
        const reader = new Reader(temp, NtlmClientChallenge.name, NtlmClientChallenge.spec, { lenient: true });
        const { pairs } = NtlmClientChallenge.decode(reader).avPairs;
        const valueOf = (id: number) => pairs.find(({ avId }) => avId === id)?.value;
        const hash = createHash('sha256').update(await serverCertificate());
        expect(valueOf(AvId.MsvAvChannelBindings)).to.deep.equal(channelBindings(hash.digest()));
        expect(valueOf(AvId.MsvAvTargetName)).to.deep.equal(utf16Bytes('TERMSRV/127.0.0.1'));
        peer.close();
      },
      'LOGON_REFUSED',
      'the server just closed',
    );
  });

  for (const [status, text] of [
    [STATUS_LOGON_FAILURE, 'wrong user name or password'],
    [0xc0000234, 'the account is locked out'],
    [0xc0001234, 'network level authentication is refused (status 0xc0001234)'],
  ] as const) {
    it(`tells what the status 0x${status.toString(16)} means, and gives no password`, async () => {
      await refused(
        async (peer) => {
          await peer.negotiate(PROTOCOL_HYBRID);
          const { isRight } = await peer.proof();
          expect(isRight).to.equal(false);
          peer.send(tsRequest({ version: 6, errorCode: status }));
          expect(await peer.rest()).to.equal(0);
        },
        'LOGON_REFUSED',
        text,
        { credentials: { ...ALI, password: 'open barley' } },
      );
    });
  }

  it('takes a server that just closes after the proof for one that refuses the password', async () => {
    await refused(
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        expect((await peer.proof(2)).isRight).to.equal(false);
        peer.close();
      },
      'LOGON_REFUSED',
      'wrong user name or password (the server just closed)',
      { credentials: { ...ALI, password: 'open barley' } },
    );
  });

  it('does not blame the password when the server closes before the proof', async () => {
    await refused(
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        await peer.next();
        peer.close();
      },
      'CONNECTION_LOST',
      'as soon as network level authentication began',
    );
  });

  it('gives no password to a server that proves another key than that of its certificate (CVE-2018-0886)', async () => {
    await refused(
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        await peer.proof();
        peer.send(await peer.keyProof(new Uint8Array(65).fill(4)));
        expect(await peer.rest()).to.equal(0);
      },
      'PROTOCOL_VIOLATED',
      'somebody is in between',
    );
  });

  it('takes answers that come byte after byte', async () => {
    const transport = await dialled(async (peer) => {
      await peer.negotiate(PROTOCOL_HYBRID_EX);
      await peer.next();
      peer.sendSlowly(challengeRequest());
      expect((await peer.takeProof()).isRight).to.equal(true);
      peer.sendSlowly(await peer.keyProof());
      await peer.credentials();
      peer.sendSlowly(AUTHZ_SUCCESS);
      await peer.untilCredentials();
      await peer.admit();
    });
    await server.done;
    await transport.close();
  });

  for (const length of [1, 2, 3, 4, 40, challengeRequest().byteLength - 1]) {
    it(`tells of a server that leaves after ${length} bytes of a TSRequest`, async () => {
      await refused(
        async (peer) => {
          await peer.negotiate(PROTOCOL_HYBRID);
          await peer.next();
          peer.send(challengeRequest().subarray(0, length));
          peer.close();
        },
        'CONNECTION_LOST',
        'closed the connection',
      );
    });
  }

  for (const [what, bytes] of [
    ['of 65536 bytes', [0x30, 0x83, 1, 0, 0]],
    ['of 4 GiB', [0x30, 0x84, 0xff, 0xff, 0xff, 0xff]],
    ['without a length', [0x30, 0x80]],
    ['that is no SEQUENCE', [0x31, 0x03]],
    ['that ends inside its version', [0x30, 0x03, 0xa0, 0x03, 0x02]],
    ['with nothing in it', [0x30, 0x00]],
    ['without a token', [0x30, 0x05, 0xa0, 0x03, 0x02, 0x01, 0x06]],
  ] as const) {
    it(`refuses a TSRequest ${what}, without waiting for more`, async () => {
      await refused(
        async (peer) => {
          await peer.negotiate(PROTOCOL_HYBRID);
          await peer.next();
          peer.send(Uint8Array.from(bytes));
          expect(await peer.rest()).to.equal(0);
        },
        'PROTOCOL_VIOLATED',
        'TSRequest',
      );
    });
  }

  it('takes the largest TSRequest, of 65539 bytes with its header', async () => {
    const token = new Uint8Array(0xffff - 25);
    const largest = tsRequest({ version: 6, negoTokens: [token] });
    expect(largest.byteLength).to.equal(0xffff + 4);
    await refused(
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        await peer.next();
        peer.send(largest);
        expect(await peer.rest()).to.equal(0);
      },
      'PROTOCOL_VIOLATED',
      'CHALLENGE_MESSAGE',
    );
  });

  it('refuses a server that says more than its half', async () => {
    await refused(
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        await peer.proof();
        peer.send(await peer.keyProof(), Uint8Array.of(3));
        await peer.rest();
      },
      'PROTOCOL_VIOLATED',
      'more than its half of CredSSP',
    );
  });

  for (const [what, silent] of [
    ['at its first answer', () => {}],
    ['after the proof', (peer: NlaPeer) => peer.proof()],
    ['in the middle of a TSRequest', (peer: NlaPeer) => peer.send(challengeRequest().subarray(0, 20))],
    ['about the authorization', (peer: NlaPeer) => peer.authenticate()],
  ] as const) {
    it(`does not wait for ever for a server that falls silent ${what}`, async () => {
      const clock = new VirtualClock();
      await refused(
        async (peer) => {
          await peer.negotiate(PROTOCOL_HYBRID_EX);
          await silent(peer);
          clock.advance(29_999);
          clock.advance(1);
          await peer.rest();
        },
        'TIMED_OUT',
        'did not let this client in within 30000 ms',
        { clock },
      );
    });
  }

  it('can be aborted meanwhile', async () => {
    const abort = new AbortController();
    const dialling = dialled(
      async (peer) => {
        await peer.negotiate(PROTOCOL_HYBRID);
        await peer.next();
        abort.abort(new Error('enough'));
        await peer.rest();
      },
      { signal: abort.signal },
    );
    expect(await dialling.catch((error: unknown) => error)).to.equal(abort.signal.reason);
    await server.done;
  });

  for (const [what, bytes, code, text] of [
    ['denied', AUTHZ_ACCESS_DENIED, 'LOGON_REFUSED', 'the password is right, but the user may not log on here'],
    ['cut', AUTHZ_ACCESS_DENIED.subarray(0, 3), 'CONNECTION_LOST', 'before its channels stood'],
    ['too long', [...AUTHZ_SUCCESS, 0], 'PROTOCOL_VIOLATED', 'more than the result of the authorization'],
  ] as const) {
    it(`early user authorization that is ${what} ([MS-RDPBCGR] 2.2.10.2)`, async () => {
      await refused(
        async (peer) => {
          await peer.negotiate(PROTOCOL_HYBRID_EX);
          await peer.authenticate();
          peer.send(Uint8Array.from(bytes));
          if (what === 'cut') peer.close();
          expect(await peer.rest()).to.equal(0);
        },
        code,
        text,
      );
    });
  }
});
