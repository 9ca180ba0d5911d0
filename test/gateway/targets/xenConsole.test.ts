import { once } from 'node:events';
import { expect } from 'chai';
import { type Target, targetAt } from '../../../src/gateway/targets/target.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { failureOf } from '../../transports/listening.ts';
import { answerBytes, startXenHost, type XenHost } from './xenHost.ts';

const SESSION = 'OpaqueRef:0b4ad5d2-3f9f-7f7e-7a49-0e5d8c1b2a33';

describe('gateway: a console of a Xen host over TLS', () => {
  let host: XenHost;
  let clock: VirtualClock;
  beforeEach(async () => {
    host = await startXenHost();
    clock = new VirtualClock();
  });
  afterEach(() => host.close());

  const target = (credential = SESSION): Target =>
    targetAt(host.url, { fingerprint: host.fingerprint, credential: () => Promise.resolve(credential), clock });
  const open = (credential?: string, signal = new AbortController().signal) =>
    target(credential).open(signal, { user: 'alice', remote: 'a page' });
  const refusal = async (...answer: Uint8Array[]): Promise<{ code: string; message: string }> => {
    host.answer = answer;
    const error = await failureOf(open());
    if (error instanceof TransportError) return { code: error.code, message: error.message };
    throw error;
  };

  it('200 opens it: what follows the empty line comes first, and then what comes', async () => {
    for (const answer of [['early-bytes'], ['opened', 'opened']]) {
      host.answer = answer.map(answerBytes);
      const stream = await open();
      host.socket?.write('later');
      const expected =
        answer[0] === 'opened' ? `${Buffer.from(answerBytes('opened')).toString()}later` : 'RFB 003.003\nlater';
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.resume();
      while (text.length < expected.length) await once(stream, 'data');
      expect(text).to.equal(expected);
      stream.write('to the console');
      while (host.received === '') await once(host.socket!, 'data');
      expect(host.received).to.equal('to the console');
      expect(host.request).to.match(
        /^CONNECT \/console\?uuid=[\w-]+ HTTP\/1.0\r\nHost: 127.0.0.1:\d+\r\nCookie: session_id=Op/,
      );
      stream.destroy();
    }
  });

  it('each refusal tells its status and whose it is', async () => {
    const cases: [string, string, RegExp][] = [
      ['unauthorized', 'UPSTREAM_FAILED', /answered HTTP 401 \(Unauthorized\); its session is over/],
      ['forbidden', 'UPSTREAM_FAILED', /answered HTTP 403 .*; its session is over, or may not use this console/],
      ['not-found', 'NO_SUCH_TARGET', /answered HTTP 404 \(Not Found\)$/],
      ['limit', 'UPSTREAM_BUSY', /answered HTTP 503 .*alice, bob are connected/],
      ['no-http', 'PROTOCOL_VIOLATED', /not one of HTTP/],
      ['long-head', 'PROTOCOL_VIOLATED', /more than 8192 bytes/],
    ];
    for (const [name, code, message] of cases) {
      const error = await refusal(answerBytes(name));
      expect(error.code, name).to.equal(code);
      expect(error.message).to.match(message).and.not.include(SESSION);
    }
  });

  it('a host that ends without an answer, and one that does not answer in 10 s', async () => {
    host.answer = [];
    const ended = failureOf(open());
    await requested();
    host.socket?.end();
    expect(await ended).to.include({ code: 'CONNECTION_LOST' });

    const late = failureOf(open());
    await requested();
    clock.advance(10_000);
    expect(await late).to.include({ code: 'TIMED_OUT' });
  });

  it('a refusal whose body never comes is one all the same', async () => {
    const head = answerBytes('limit').slice(0, -10);
    host.answer = [head];
    const refused = failureOf(open());
    await requested();
    // The head has to be there first.
    await clock.whenPending();
    host.socket?.end();
    expect(await refused).to.include({ code: 'UPSTREAM_BUSY' });
  });

  it('nothing is asked once the page has left, and nothing is left open', async () => {
    host.answer = [];
    const leaving = new AbortController();
    const failure = failureOf(open(SESSION, leaving.signal));
    await requested();
    const closed = new Promise((resolve) => host.socket?.once('close', resolve));
    leaving.abort();
    await Promise.all([failure, closed]);
    expect(clock.pending).to.equal(0);
  });

  it('a credential that cannot be sent is told before a connection is made', async () => {
    expect(await failureOf(open('OpaqueRef:a\r\nX: y'))).to.include({ code: 'LOGON_REFUSED' });
    expect(host.request).to.equal('');
  });

  /** Resolves when the next request was read. */
  async function requested(): Promise<void> {
    const { socket } = host;
    while (host.socket === socket) await new Promise(setImmediate);
  }
});
