import { X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import { CredSspClient } from '../../../src/nla/credSspClient.ts';
import type { RdpCredentials } from '../../../src/rdp/rdpServerConnection.ts';
import { makeIdentity } from '../../../transports/certificates.ts';
import { nextFrom } from '../../../transports/handshakeStream.ts';
import type { Listener } from '../../../transports/listen.ts';
import { subjectPublicKey, TsRequestDeframer } from '../../../transports/rdp/credSsp.ts';
import { CredSspAcceptor } from '../../../transports/rdp/credSspAcceptor.ts';
import { dialRdp, type DialRdpOptions } from '../../../transports/rdp/dialRdp.ts';
import { listenRdp } from '../../../transports/rdp/listenRdp.ts';
import { listenRdpProxy } from '../../../transports/rdp/listenRdpProxy.ts';
import { parseRdpUrl } from '../../../transports/rdp/rdpUrl.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { failureOf } from '../listening.ts';

const ALI: RdpCredentials = { userName: 'Ali', domain: 'Office', password: 'open sesame' };
const WRONG = { ...ALI, password: 'open barley' };
const NOBODY = { userName: '', domain: '', password: '' };
const identity = makeIdentity('127.0.0.1');
const SILENT = { received() {}, drained() {}, closed() {} };
const passwordOf = (userName: string) => (userName === ALI.userName ? ALI.password : undefined);

/** A listener with network level authentication, and what it sees. */
class Place {
  readonly clock = new VirtualClock();
  readonly refusals: string[] = [];
  readonly asked: RdpCredentials[] = [];
  readonly transports: Transport[] = [];
  /** Of the server behind a proxy. */
  readonly behind: Transport[] = [];
  readonly listeners: Listener[] = [];
  #tell = () => {};

  async open(isProxied: boolean): Promise<this> {
    const { certificate, key } = await identity;
    const options = {
      ...{ cert: certificate, key, clock: this.clock, passwordOf },
      authenticate: (credentials: RdpCredentials) => {
        this.asked.push(credentials);
        return credentials.password === ALI.password;
      },
    };
    const connected = (transport: Transport) => {
      transport.start(SILENT);
      this.transports.push(transport);
      this.#tell();
    };
    const refused = (error: Error) => {
      this.refusals.push(`${error instanceof TransportError ? error.code : ''} ${error.message}`);
      this.#tell();
    };
    if (!isProxied) this.listeners.push(await listenRdp('rdp://127.0.0.1:0', options, connected, refused));
    else {
      const behind = await listenRdp('rdp://127.0.0.1:0', { cert: certificate, key }, (transport) => {
        this.behind.push(transport);
        transport.start(SILENT);
      });
      const server = { target: parseRdpUrl(behind.url), insecure: true };
      const proxy = await listenRdpProxy('rdp://127.0.0.1:0', { ...options, server }, connected, refused);
      this.listeners.push(proxy, behind);
    }
    return this;
  }

  dial(credentials: RdpCredentials, options: Partial<DialRdpOptions> = {}): Promise<Transport> {
    const target = parseRdpUrl(this.listeners[0]?.url ?? '');
    return dialRdp(target, { credentials, insecure: true, clock: new VirtualClock(), ...options });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#tell = resolve));
  }

  /** A wrong password that is told after its pause. */
  async refuse(): Promise<Error> {
    // The last client is gone altogether.
    while (this.clock.pending > 0) await new Promise(setImmediate);
    const error = failureOf(this.dial(WRONG));
    // Beside the limit of the handshake.
    await this.clock.whenPending(2);
    this.clock.advance(4000);
    return error;
  }

  async close(): Promise<void> {
    for (const transport of [...this.transports, ...this.behind]) await transport.close();
    for (const listener of this.listeners) await listener.close();
  }
}

for (const [what, isProxied] of [
  ['listenRdp', false],
  ['listenRdpProxy', true],
] as const) {
  describe(`${what} with network level authentication of its clients ([MS-CSSP])`, () => {
    let place: Place;
    beforeEach(async () => (place = await new Place().open(isProxied)));
    afterEach(() => place.close());

    it('lets in who proves the password, as the user whom that one named', async () => {
      const client = await place.dial(ALI);
      await place.until(() => place.transports.length === 1);
      expect(place.asked).to.deep.equal([ALI]);
      expect(place.transports[0]?.identity?.user).to.deep.equal({ name: 'Ali', provenBy: 'password' });
      await client.close();
    });

    it('tells a wrong password at both ends, after the pause, and counts it', async () => {
      for (let count = 1; count <= 5; count += 1) {
        const error = await place.refuse();
        expect(error.message).to.match(/: wrong user name or password$/);
        await place.until(() => place.refusals.length === count);
      }
      expect(place.refusals[0]).to.match(/^WRONG_PASSWORD rdp:\S+: wrong user name or password$/);
      expect(place.refusals[4]).to.match(/number 5 in a row: its address is shut out for 60 s$/);
      expect(place.asked).to.deep.equal([]);
    });

    it('does not tell whom it has shut out meanwhile that a password is right', async () => {
      let go = () => {};
      const gate = new Promise<void>((resolve) => (go = resolve));
      let atGate = () => {};
      const arrived = new Promise<void>((resolve) => (atGate = resolve));
      // It has TLS, and looks at the certificate.
      const judge = () => {
        atGate();
        return gate;
      };
      const late = failureOf(place.dial(ALI, { insecure: false, judge }));
      await arrived;
      const wrong = Array.from({ length: 5 }, () => failureOf(place.dial(WRONG)));
      await place.clock.whenPending(6 + 5);
      go();
      expect((await late).message).to.match(/: wrong user name or password$/);
      await place.until(() => place.refusals.length === 1);
      expect(place.refusals[0]).to.match(/^ADDRESS_SHUT_OUT rdp:/);
      place.clock.advance(4000);
      await Promise.all(wrong);
    });

    it('refuses a client without a user, and tells it why', async () => {
      const error = await failureOf(place.dial(NOBODY));
      expect(error.message).to.match(/network level authentication/);
      await place.until(() => place.refusals.length === 1);
      expect(place.refusals[0]).to.match(/offers no network level authentication: switch it on there/);
    });
  });
}

describe('CredSspAcceptor', () => {
  it('leaves what follows the credentials to RDP, in whatever pieces it came', async () => {
    const { certificate } = await identity;
    const [near, far] = duplexPair();
    const acceptor = new CredSspAcceptor(certificate, passwordOf);
    const wrongPassword = () => Promise.reject(new Error('it is right'));
    const accepted = acceptor.accept(near, { remote: 'client', isShutOut: () => false, wrongPassword });
    const client = new CredSspClient({
      credentials: { userName: 'Ali', domainName: '', password: ALI.password },
      serverPublicKey: subjectPublicKey(new X509Certificate(certificate)),
      nonce: new Uint8Array(32),
      clientChallenge: new Uint8Array(8),
      sessionKey: new Uint8Array(16),
      fileTime: new Uint8Array(8),
      workstation: 'X',
    });
    const deframer = new TsRequestDeframer();
    far.write(joinParts(client.start().outgoing.flat()));
    for (const rest of [new Uint8Array(0), Uint8Array.of(3, 0, 0, 5, 1)]) {
      const request = (await nextFrom(far, deframer)) ?? new Uint8Array(0);
      far.write(joinParts([...client.receive(request).outgoing.flat(), rest]));
    }
    expect(await accepted).to.deep.equal({ userName: 'Ali', domain: '', password: ALI.password });
    expect(near.read()).to.deep.equal(Buffer.of(3, 0, 0, 5, 1));
  });

  it('is not asked for without a judge of the password', async () => {
    const listening = listenRdp('rdp://127.0.0.1:0', { passwordOf }, () => {});
    expect(await failureOf(listening)).to.be.instanceOf(UsageError);
  });
});
