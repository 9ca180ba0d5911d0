import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../codecs/core/errors.ts';
import { formatTransportUrl, isLoopback, parseTransportUrl } from '../../transports/url.ts';

function problemOf(text: string, purpose: 'dial' | 'listen' = 'dial'): string {
  try {
    parseTransportUrl(text, purpose);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`${text} was understood`);
}

describe('transports: URLs', () => {
  it('reads tcp, tls and unix', () => {
    expect(parseTransportUrl('tcp://127.0.0.1:3000', 'dial')).to.deep.equal({
      scheme: 'tcp',
      host: '127.0.0.1',
      port: 3000,
    });
    expect(parseTransportUrl('tls://example.org:65535', 'dial')).to.deep.equal({
      scheme: 'tls',
      host: 'example.org',
      port: 65535,
    });
    expect(parseTransportUrl('tcp://[::1]:3000', 'dial')).to.deep.equal({ scheme: 'tcp', host: '::1', port: 3000 });
    expect(parseTransportUrl('unix:/run/a b.sock', 'dial')).to.deep.equal({ scheme: 'unix', path: '/run/a b.sock' });
    expect(parseTransportUrl('unix:///run/a.sock', 'dial')).to.deep.equal({ scheme: 'unix', path: '/run/a.sock' });
  });

  it('reads ws and wss, with the ports and the path that the web takes for given', () => {
    const read = (text: string) => parseTransportUrl(text, 'dial');
    expect(read('ws://h')).to.deep.equal({ scheme: 'ws', host: 'h', port: 80, path: '/' });
    expect(read('wss://h/')).to.deep.equal({ scheme: 'wss', host: 'h', port: 443, path: '/' });
    const path = '/websockify?token=a%20b';
    expect(read(`wss://[::1]:8443${path}`)).to.deep.equal({ scheme: 'wss', host: '::1', port: 8443, path });
    expect(problemOf('ws://h:1/a#b')).to.include('ws://host:port/path');
    expect(problemOf('wss://user@h/')).to.include('ws://host:port/path');
    expect(problemOf('ws://h:0')).to.include('port 0 is for listening');
  });

  it('writes what it reads', () => {
    for (const text of [
      'ws://h:80',
      'wss://[::1]:443/a?b',
      'tcp://127.0.0.1:3000',
      'tls://[fe80::1]:1',
      'tcp://localhost:80',
      'unix:/tmp/x',
    ]) {
      expect(formatTransportUrl(parseTransportUrl(text, 'dial'))).to.equal(text);
    }
  });

  it('takes port 0 for listening alone', () => {
    expect(parseTransportUrl('tcp://localhost:0', 'listen')).to.include({ port: 0 });
    expect(problemOf('tcp://localhost:0')).to.include('port 0 is for listening');
  });

  it('says what is wrong and how it is written', () => {
    expect(problemOf('127.0.0.1:3000')).to.include('did you mean tcp://127.0.0.1:3000?');
    expect(problemOf('/run/urbdrc.sock')).to.include('did you mean unix:/run/urbdrc.sock?');
    expect(problemOf('tcp://127.0.0.1')).to.include('the port is missing: tcp://host:port');
    expect(problemOf('tcp://::1:3000')).to.include('brackets: tcp://[::1]:3000');
    expect(problemOf('http://host:80')).to.include('there is no http:// here');
    expect(problemOf('unix:relative')).to.include('absolute');
    expect(problemOf('tcp://host:65536')).to.include('at most 65535');
    expect(problemOf('tcp://[localhost]:1')).to.include('not an IPv6 address');
    expect(problemOf(`unix:/${'x'.repeat(103)}`)).to.include('at most 103 bytes');
    expect(problemOf('')).to.include('use tcp://host:port, tls://host:port or unix:/path');
  });

  it('answers any text with a URL or a UsageError of one line', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `tcp://${rest}`),
      fc.string().map((rest) => `unix:${rest}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseTransportUrl(text, 'listen');
        } catch (error) {
          expect(error).to.be.instanceOf(UsageError);
          expect((error as Error).message).to.not.include('\n');
        }
      }),
    );
  });

  it('knows what other machines cannot reach', () => {
    for (const host of [
      'localhost',
      'LOCALHOST',
      '127.0.0.1',
      '127.9.9.9',
      '127.0.0.0',
      '127.255.255.255',
      '::1',
      '0:0:0:0:0:0:0:1',
      '::ffff:127.0.0.1',
    ]) {
      expect(isLoopback(host), host).to.equal(true);
    }
    for (const host of [
      '0.0.0.0',
      '::',
      '10.0.0.1',
      '126.0.0.7',
      '126.255.255.255',
      '128.0.0.1',
      'example.org',
      'localhost.example.org',
      '::2',
      'fe80::1%lo',
    ]) {
      expect(isLoopback(host), host).to.equal(false);
    }
  });
});
