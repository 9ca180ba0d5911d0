import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { UsageError } from '../../codecs/core/errors.ts';
import { ConnectionLimit } from '../../src/admission/connectionLimit.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { hasFingerprint, normalizeFingerprint } from '../../transports/certificates.ts';
import { dial, type DialOptions } from '../../transports/dial.ts';
import type { ListenOptions } from '../../transports/listen.ts';
import { issueCertificate } from '../../transports/x509.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { TransportEnd as End, frameOf } from '../../src/conformance/transport/transportEnd.ts';
import { turns } from './turns.ts';
import { failureOf, startListening, type Listening } from './listening.ts';
import { getPeerCertificate } from './peerCertificate.ts';

interface Made {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
}

function certificateFor(name: string, days = 1, ca?: Made): Made {
  const day = 86_400_000;
  const { publicKey, privateKey: key } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const cert = issueCertificate(
    {
      subject: name,
      hosts: [name],
      notBefore: new Date(Date.now() - 10 * day),
      notAfter: new Date(Date.now() + days * day),
      publicKey,
      isAuthority: name === 'authority',
    },
    ca ?? { name, key },
  );
  return { name, cert, key };
}

describe('transports: TLS', () => {
  let authority: Made;
  let other: Made;
  const transports: Transport[] = [];
  const listenings: Listening[] = [];

  const start = async (options: ListenOptions = {}, host = '127.0.0.1') => {
    const listening = await startListening(`tls://${host}:0`, options);
    listenings.push(listening);
    return listening;
  };
  /** Connects and shows that frames pass. */
  const works = async (listening: Listening, options: DialOptions, url = listening.listener.url) => {
    const [left, right] = await Promise.all([dial(url, options), listening.accepted()]);
    transports.push(left, right);
    const end = new End(right);
    left.send([[frameOf(100)]]);
    await end.untilFrames(1);
    expect(end.frames).to.deep.equal([frameOf(100)]);
    left.start(new End(left, false));
  };
  const fails = async (listening: Listening, options: DialOptions = {}, url = listening.listener.url) =>
    (await failureOf(dial(url, options))).message;

  before(() => {
    authority = certificateFor('authority');
    other = certificateFor('other');
  });

  afterEach(async () => {
    await Promise.all(transports.splice(0).map((transport) => transport.close()));
    await Promise.all(listenings.splice(0).map(({ listener }) => listener.close()));
  });

  it('makes a certificate of its own and tells its fingerprint', async () => {
    const { listener } = await start();
    expect(listener.certificateFingerprint).to.match(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    const { listener: again } = await start();
    expect(again.certificateFingerprint).to.not.equal(listener.certificateFingerprint);
  });

  it('trusts the fingerprint that was given, in every way to write it', async () => {
    const listening = await start({ token: 'secret' });
    const fingerprint = listening.listener.certificateFingerprint!;
    await works(listening, { fingerprint, token: 'secret' });
    await works(listening, { fingerprint: fingerprint.replaceAll(':', '').toLowerCase(), token: 'secret' });
  });

  it('refuses another fingerprint before the token is sent, and prints the one presented', async () => {
    const listening = await start({ token: 'secret' });
    const message = await fails(listening, { fingerprint: 'ab'.repeat(32), token: 'secret' });
    expect(message).to.include('another fingerprint').and.include(listening.listener.certificateFingerprint!);
    expect(await listening.refused()).to.match(/left during the TLS handshake|before it presented a token/);
  });

  it('compares every digit of a fingerprint', () => {
    const presented = Array.from({ length: 32 }, (_, index) => (0xe0 + index).toString(16).slice(-2).toUpperCase());
    const wanted = normalizeFingerprint(presented.join(':'));
    expect(hasFingerprint(presented.join(':'), wanted)).to.equal(true);
    for (let index = 0; index < 64; index += 1) {
      const other = `${wanted.slice(0, index)}${wanted[index] === '7' ? '8' : '7'}${wanted.slice(index + 1)}`;
      expect(hasFingerprint(presented.join(':'), other), `digit ${index}`).to.equal(false);
    }
    expect(hasFingerprint('', wanted)).to.equal(false);
  });

  it('does not trust an unknown certificate, prints its fingerprint and says what to do', async () => {
    const listening = await start({ token: 'secret' });
    const message = await fails(listening, { token: 'secret' });
    expect(message).to.include('not trusted (self-signed)').and.include(listening.listener.certificateFingerprint!);
    expect(message).to.match(/: if that is what the listener printed, trust that fingerprint, or its authority$/);
    expect(message).to.not.include('--').and.not.include('\n');
    expect(await listening.refused()).to.match(/left during the TLS handshake|before it presented a token/);
  });

  it('trusts anybody when told to', async () => {
    await works(await start(), { insecure: true });
  });

  it('trusts a certificate that the given authority signed for this host', async () => {
    const signed = certificateFor('localhost', 1, authority);
    const listening = await start(signed, 'localhost');
    await works(listening, { ca: authority.cert });
    await works(listening, { ca: authority.cert, fingerprint: listening.listener.certificateFingerprint! });
    expect(await fails(listening, { ca: other.cert })).to.include('not trusted (unknown authority)');
    expect(await fails(listening)).to.include('not trusted (unknown authority)');
    expect(await fails(listening, { ca: authority.cert, fingerprint: '00'.repeat(32) })).to.include(
      'another fingerprint',
    );
    // Nor does the right fingerprint make up for another authority.
    const fingerprint = listening.listener.certificateFingerprint!;
    expect(await fails(listening, { ca: other.cert, fingerprint })).to.include('not trusted (unknown authority)');
  });

  it('trusts a self-signed certificate given as its own authority', async () => {
    const own = certificateFor('localhost');
    await works(await start(own, 'localhost'), { ca: own.cert });
  });

  it('does not trust a certificate for another host or an expired one', async () => {
    const elsewhere = await start(certificateFor('example.org', 1, authority), 'localhost');
    expect(await fails(elsewhere, { ca: authority.cert })).to.include('made for another host name');
    const expired = await start(certificateFor('localhost', -1, authority), 'localhost');
    expect(await fails(expired, { ca: authority.cert })).to.include('expired');
  });

  it('names in its own certificate the loopback addresses and the host it listens at', async () => {
    const { listener } = await start({ token: 'secret' }, '0.0.0.0');
    const names = (await getPeerCertificate(listener.url)).subjectAltName;
    expect(names).to.equal('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:0.0.0.0');
  });

  it('refuses options that contradict each other or the URL', async () => {
    const pin = { fingerprint: '00'.repeat(32) };
    const cases: [string, DialOptions, string][] = [
      ['tcp://127.0.0.1:1', pin, 'use a tls:// URL'],
      ['tcp://127.0.0.1:1', { insecure: true }, 'use a tls:// URL'],
      ['unix:/x', { ca: authority.cert }, 'use a tls:// URL'],
      ['tls://127.0.0.1:1', { ...pin, insecure: true }, 'insecure would make'],
      ['tls://127.0.0.1:1', { fingerprint: 'abc' }, '64 hexadecimal digits'],
    ];
    for (const [url, options, problem] of cases) {
      const error = await failureOf(dial(url, options));
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.include(problem);
    }
  });

  it('refuses a certificate that it cannot use', async () => {
    const cases: [string, ListenOptions, string][] = [
      ['tls://127.0.0.1:0', { cert: authority.cert }, 'cert and key go together'],
      ['tls://127.0.0.1:0', { cert: authority.cert, key: other.key }, 'cannot be used'],
      ['tls://127.0.0.1:0', { cert: 'x', key: 'y' }, 'cannot be used'],
      ['tcp://127.0.0.1:0', { cert: authority.cert, key: authority.key }, 'use a tls:// URL'],
    ];
    for (const [url, options, problem] of cases) {
      const error = await failureOf(startListening(url, options));
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.include(problem);
    }
  });

  it('tells a dialer when the other end does not speak TLS', async () => {
    const plain = await startListening('tcp://127.0.0.1:0', { token: 'x' });
    listenings.push(plain);
    const message = await fails(plain, { insecure: true }, plain.listener.url.replace('tcp:', 'tls:'));
    expect(message).to.match(/^tls:\/\/127\.0\.0\.1:\d+/);
    expect(await plain.refused()).to.include('the peer seems to speak TLS: use tls://');
  });

  it('tells the listener when the dialer does not speak TLS', async () => {
    const listening = await start();
    const left = await dial(listening.listener.url.replace('tls:', 'tcp:'));
    transports.push(left);
    const end = new End(left);
    left.send([[frameOf(50)]]);
    await end.untilClosed();
    expect(await listening.refused()).to.include('does not speak TLS');
  });

  it('drops a peer that says nothing during the handshake, or leaves', async () => {
    const clock = new VirtualClock();
    const listening = await start({ clock });
    const port = Number(/\d+$/.exec(listening.listener.url)?.[0]);
    const silent = connect(port, '127.0.0.1').resume();
    silent.on('error', () => {});
    await clock.whenPending();
    clock.advance(2999);
    expect(listening.refusals).to.deep.equal([]);
    clock.advance(1);
    expect(await listening.refused()).to.include('sent nothing within 3000 ms');
    if (!silent.closed) await new Promise((resolve) => silent.once('close', resolve));
    const slow = connect(port, '127.0.0.1').resume();
    slow.on('error', () => {}).write(Uint8Array.of(0x16));
    await clock.whenPending();
    await turns(5);
    clock.advance(9999);
    expect(listening.refusals.length).to.equal(1);
    clock.advance(1);
    expect(await listening.refused()).to.include('did not finish TLS within 10000 ms');
    if (!slow.closed) await new Promise((resolve) => slow.once('close', resolve));
    connect(port, '127.0.0.1', function (this: Socket) {
      this.destroy();
    });
    expect(await listening.refused()).to.match(/^tls:\/\/127\.0\.0\.1:\d+(:| left)/);
    await works(listening, { insecure: true });
  });

  it('lets nobody keep others out by connecting and saying nothing', async () => {
    const listening = await start();
    const port = Number(/\d+$/.exec(listening.listener.url)?.[0]);
    const silent = Array.from({ length: 32 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    for (let count = 0; count < 3; count += 1) await works(listening, { insecure: true });
    expect(listening.refusals.length).to.be.within(24, 27);
    expect(await listening.refused()).to.match(/gave way to a newer connection/);
    for (const socket of silent) socket.destroy();
  });

  it('refuses versions of TLS before 1.2', async () => {
    const listening = await start();
    const port = Number(/\d+$/.exec(listening.listener.url)?.[0]);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...old });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(await listening.refused()).to.include('TLS failed (unsupported protocol)');
  });

  it('tells a dialer that the listener has too many connections', async () => {
    const listening = await start({ connections: new ConnectionLimit(1) });
    await works(listening, { insecure: true });
    const error = await failureOf(dial(listening.listener.url, { insecure: true }));
    expect(error.message).to.match(/ends TLS at once: it may have too many connections, try again later$/);
    expect(error).to.include({ code: 'TOO_MANY_CONNECTIONS' });
    expect(await listening.refused()).to.include('1 connections are open already');
  });
});
