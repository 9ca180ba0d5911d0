import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { RedirectionServer } from '../../src/engine/server.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { dial } from '../../transports/dial.ts';
import { listen } from '../../transports/listen.ts';
import { makeIdentity, type ServerIdentity } from '../../transports/certificates.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { complaints, Scene } from './connections.ts';
import { type Running, run } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const SECURE = 'tls://127.0.0.1:0';
const SECTORS = 300;
const image = randomBytes(SECTORS * 512);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Ended as it should when it could not do what it was told. */
async function expectFailure(running: Running, message: RegExp, status = 1): Promise<void> {
  expect(await running.exit, running.stderr.text).to.equal(status);
  expect(complaints(running), running.stderr.text).to.have.length(1);
  expect(complaints(running)[0]).to.match(message);
  expect(running.stdout.text).to.equal('');
}

describe('urbdrc redirect and serve', () => {
  let scene: Scene;
  let stick: string[];

  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('stick.img'), image);
    stick = ['redirect', '--virtual', `stick:${scene.file('stick.img')}`];
  });

  afterEach(async () => {
    await scene.end();
  });

  /** Starts a server that reads the stick, and gives what the test has to wait for. */
  const reader = (url: string, ...args: string[]) =>
    scene.listen(['serve', '--read-sectors', String(SECTORS), '--out', scene.file('out.img'), ...args], url);

  async function expectRead(server: Running, client: Running): Promise<void> {
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(await client.exit, client.stderr.text).to.equal(0);
    expect(sha256(readFileSync(scene.file('out.img')))).to.equal(sha256(image));
    expect(server.stderr.text).to.include(`read ${SECTORS} sectors (150.0 KiB, `);
    expect(server.stderr.text).to.include(`SHA-256 ${sha256(image)}`);
    expect(client.stderr.lines.at(-1)).to.equal('the server closed the connection: everything is given back');
    expect([...complaints(server), ...complaints(client)]).to.deep.equal([]);
  }

  describe('a stick is read', () => {
    it('over TCP, and each end tells what happens', async () => {
      const { running: server, url } = await reader(LOOPBACK);
      const client = scene.start([...stick, '--connect', url]);
      await expectRead(server, client);
      expect(client.stderr.lines.map((line) => line.replace(/\d+ requests/, 'N requests'))).to.deep.equal([
        `connected to ${url}`,
        'redirecting 1209:0001 at port 0-1 (urbdrc Virtual Stick, serial number 000000000001)',
        client.stderr.lines[2]?.replace(/\d+ requests/, 'N requests'),
        'the server closed the connection: everything is given back',
      ]);
      expect(client.stderr.lines[2]).to.match(
        /^1209:0001 at port 0-1 \(.*\): given back: the server let go of it \(\d+ requests, 0 failed, 15\d\.\d KiB in, /,
      );
      const said = server.stderr.lines.map((line) => line.replace(/tcp:\/\/127.0.0.1:\d+/, 'URL'));
      expect(said.slice(0, 4)).to.deep.equal([
        'listening on URL',
        'the other end: urbdrc redirect --device VID:PID --connect URL',
        'client URL connected',
        'device 1209:0001 urbdrc Virtual Stick (serial 000000000001)',
      ]);
      expect(said[4]).to.match(/^read 300 sectors/);
      expect(said.slice(5).sort()).to.deep.equal([
        'client URL disconnected',
        'gone: 1209:0001 urbdrc Virtual Stick (serial 000000000001)',
      ]);
    });

    it('over TLS, by fingerprint and token, as the listener says', async () => {
      writeFileSync(scene.file('token'), 'a shared secret\r\nmore\n');
      const token = ['--token-file', scene.file('token')];
      const { running: server, url } = await reader(SECURE, ...token);
      const [, fingerprint = ''] = await server.line(/fingerprint \(SHA-256\): (\S+)$/);
      const [, hint = ''] = await server.line(/^the other end: urbdrc redirect --device VID:PID (.*)$/);
      expect(hint).to.equal(`--connect ${url} --token-file FILE --fingerprint ${fingerprint}`);
      const args = hint.replace('FILE', scene.file('token')).split(' ');
      await expectRead(server, scene.start([...stick, ...args]));
    });

    it('over a unix socket, which is gone afterwards', async () => {
      const { running: server, url } = await reader(`unix:${scene.file('socket')}`);
      await expectRead(server, scene.start([...stick, '--connect', url]));
      expect(existsSync(scene.file('socket'))).to.equal(false);
    });

    it('when the client listens and the server dials', async () => {
      const { running: client, url } = await scene.listen(stick, LOOPBACK);
      await client.line(/^the other end: urbdrc serve --connect tcp:/);
      for (const round of [1, 2]) {
        const out = scene.file(`out${round}.img`);
        const server = scene.start(['serve', '--connect', url, '--read-sectors', String(SECTORS), '--out', out]);
        expect(await server.exit, server.stderr.text).to.equal(0);
        expect(sha256(readFileSync(out))).to.equal(sha256(image));
        await client.line(/^the server closed the connection/);
      }
      client.stop();
      expect(await client.exit).to.equal(0);
    });

    it('with the token in the environment', async () => {
      const environment = { URBDRC_TOKEN: 'secret' };
      const job = ['--read-sectors', String(SECTORS), '--out', scene.file('out.img')];
      const { running: server, url } = await scene.listen(['serve', ...job], LOOPBACK, { environment });
      await expectRead(server, scene.start([...stick, '--connect', url], { environment }));
    });

    it('that is write-protected', async () => {
      const { running: server, url } = await reader(LOOPBACK);
      await expectRead(server, scene.start([...stick, '--read-only', '--connect', url]));
    });
  });

  it('--wait says what it waits for', async () => {
    const { url } = await scene.listen(['serve'], LOOPBACK);
    const args = ['redirect', '--device', '1209:0002', '--wait', '--connect', url];
    const client = scene.start(args, { devices: new VirtualDevices() });
    await client.line(/^waiting for device 1209:0002 to be plugged in$/);
    client.stop();
    expect(await client.exit).to.equal(0);
  });

  it('several virtual devices are redirected together', async () => {
    const { running: server, url } = await scene.listen(['serve'], LOOPBACK);
    const client = scene.start([...stick, '--virtual', 'keyboard', '--virtual', 'mouse', '--connect', url]);
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.push((await server.line(/^device ([\da-f:]+)/))[1]);
    expect(new Set(ids)).to.have.property('size', 3);
    client.stop();
    expect(await client.exit).to.equal(0);
  });

  it('a keyboard is redirected until the client is stopped; then the server waits for the next', async () => {
    const { running: server, url } = await scene.listen(['serve'], LOOPBACK);
    for (let round = 1; round <= 2; round += 1) {
      const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]);
      await server.line(/^device 1209:0002 urbdrc Virtual Keyboard$/);
      await client.line(/^redirecting 1209:0002 at port 0-1/);
      client.stop();
      expect(await client.exit).to.equal(0);
      expect(client.stderr.lines.at(-1)).to.equal('stopped: everything is given back');
      await server.line(/^gone: 1209:0002/);
      await server.line(/disconnected$/);
    }
    server.stop();
    expect(await server.exit).to.equal(0);
    expect(server.stderr.lines.at(-1)).to.equal('stopped');
  });

  it('a server takes several clients, and its end is told to all of them', async () => {
    const { running: server, url } = await scene.listen(['serve'], LOOPBACK);
    const clients = [1, 2].map(() => scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]));
    await Promise.all(clients.map((client) => client.line(/^redirecting/)));
    await server.line(/^device /);
    await server.line(/^device /);
    server.stop();
    for (const client of clients) {
      expect(await client.exit).to.equal(0);
      expect(client.stderr.lines.at(-1)).to.equal('the server closed the connection: everything is given back');
    }
    expect(await server.exit).to.equal(0);
  });

  it('a second server is turned away as long as the first has the devices', async () => {
    const { running: client, url } = await scene.listen(['redirect', '--virtual', 'keyboard'], LOOPBACK);
    const first = scene.start(['serve', '--connect', url]);
    await first.line(/^device 1209:0002/);
    const second = scene.start(['serve', '--connect', url]);
    await client.line(/: turned away, another server has the devices$/);
    expect(await second.exit).to.equal(0);
    expect(second.stderr.text).not.to.include('device');
    first.stop();
    expect(await first.exit).to.equal(0);
    await client.line(/^the server closed the connection/);
    const third = scene.start(['serve', '--connect', url]);
    await third.line(/^device 1209:0002/);
  });

  it('a listening client gives the device back when it is stopped in the middle', async () => {
    const { running: client, url } = await scene.listen(['redirect', '--virtual', 'keyboard'], LOOPBACK);
    const server = scene.start(['serve', '--connect', url]);
    await server.line(/^device 1209:0002/);
    client.stop();
    expect(await client.exit).to.equal(0);
    expect(await server.exit).to.equal(0);
    expect(server.stderr.text).to.include('gone: 1209:0002');
  });

  describe('what goes wrong ends in one line', () => {
    it('nobody listens', async () => {
      const unused = await listen(LOOPBACK, {}, () => {});
      await unused.close();
      await expectFailure(
        scene.start([...stick, '--connect', unused.url]),
        /connection refused by tcp:.*running there\?/,
      );
      const path = `unix:${scene.file('nothing')}`;
      await expectFailure(scene.start([...stick, '--connect', path]), /there is no socket at unix:/);
    });

    it('somebody else listens', async () => {
      const { url } = await scene.listen(['serve'], LOOPBACK);
      await expectFailure(scene.start(['serve', '--listen', url]), /is in use already: stop what listens there/);
    });

    it('the image is missing, of odd size, empty or a folder', async () => {
      writeFileSync(scene.file('odd.img'), Buffer.alloc(1000));
      writeFileSync(scene.file('empty.img'), '');
      const cases: [string, RegExp][] = [
        ['missing.img', /missing.img: does not exist; make one, for example with truncate -s 64M/],
        ['odd.img', /odd.img: 1000 bytes are no multiple of 512; make it longer.*truncate -s 1024/],
        ['empty.img', /empty.img: 0 bytes are no multiple of 512/],
        ['.', /is a directory; give a file/],
      ];
      for (const [name, message] of cases) {
        const args = ['redirect', '--virtual', `stick:${scene.file(name)}`, '--connect', 'tcp://127.0.0.1:1'];
        await expectFailure(scene.start(args), message);
      }
    });

    it('no such device is plugged in', async () => {
      const args = ['redirect', '--device', '1209:fff0', '--connect', 'tcp://127.0.0.1:1'];
      await expectFailure(scene.start(args), /no device 1209:fff0; .*\(--wait waits until it is plugged in\)/);
    });

    it('the token is wrong', async () => {
      const { running: server, url } = await scene.listen(['serve', '--token', 'right'], LOOPBACK);
      await expectFailure(scene.start([...stick, '--connect', url, '--token', 'wrong']), /wrong token for tcp:/);
      await server.line(/^refused tcp:.* presented a wrong token$/);
    });

    it('there is no token', async () => {
      const refusals: string[] = [];
      const clock = new VirtualClock();
      const listener = await listen(
        LOOPBACK,
        { token: 'right', clock },
        () => {},
        (error) => refusals.push(error.message),
      );
      const client = scene.start([...stick, '--connect', listener.url]);
      await clock.whenPending();
      clock.advance(10_000);
      await expectFailure(client, /wants a token: give the one that the listener has/);
      expect(refusals).to.have.length(1);
      await listener.close();
    });

    it('the token file is empty', async () => {
      writeFileSync(scene.file('token'), '\nsecond\n');
      const args = [...stick, '--connect', 'tcp://127.0.0.1:1', '--token-file', scene.file('token')];
      await expectFailure(scene.start(args), /the first line is empty/, 2);
    });

    describe('about the certificate', () => {
      let identity: ServerIdentity;
      before(async () => {
        identity = await makeIdentity('127.0.0.1');
      });

      async function secureServer() {
        writeFileSync(scene.file('cert.pem'), identity.certificate);
        writeFileSync(scene.file('key.pem'), identity.key);
        const files = ['--cert', scene.file('cert.pem'), '--key', scene.file('key.pem')];
        return scene.listen(['serve', ...files], SECURE);
      }

      it('nothing is said: it is not trusted, and the fingerprint is shown', async () => {
        const { running: server, url } = await secureServer();
        const message = new RegExp(`not trusted \\(self-signed\\), fingerprint ${identity.fingerprint}: .*--ca`);
        await expectFailure(scene.start([...stick, '--connect', url]), message);
        await server.line(/^refused tls:/);
      });

      it('another fingerprint', async () => {
        const { url } = await secureServer();
        const args = [...stick, '--connect', url, '--fingerprint', 'ab'.repeat(32)];
        await expectFailure(scene.start(args), /certificate with another fingerprint: /);
      });

      it('a fingerprint that is none', async () => {
        const { url } = await secureServer();
        await expectFailure(scene.start([...stick, '--connect', url, '--fingerprint', 'abc']), /fingerprint/, 2);
      });

      it('the listener does not speak TLS', async () => {
        const { url } = await scene.listen(['serve'], LOOPBACK);
        const args = [...stick, '--connect', url.replace('tcp', 'tls'), '--insecure'];
        await expectFailure(scene.start(args), /tls:\/\/.*(does not speak TLS|closed|reset)/);
      });

      it('and with --ca, --fingerprint or --insecure it works', async () => {
        const { running: server, url } = await secureServer();
        const trust = [['--ca', scene.file('cert.pem')], ['--fingerprint', identity.fingerprint], ['--insecure']];
        for (const args of trust) {
          const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', url, ...args]);
          await server.line(/^device 1209:0002/);
          client.stop();
          expect(await client.exit).to.equal(0);
        }
      });
    });

    it('the stick has fewer sectors: nothing is written', async () => {
      const job = ['--read-sectors', String(SECTORS + 1), '--out', scene.file('out.img')];
      const { running: server, url } = await scene.listen(['serve', ...job], LOOPBACK);
      const client = scene.start([...stick, '--connect', url]);
      await expectFailure(server, /the device has 300 sectors, 301 were asked for/);
      expect(await client.exit).to.equal(0);
      expect(existsSync(scene.file('out.img'))).to.equal(false);
    });

    it('the output cannot be written: that is said before anything else', async () => {
      for (const [path, why] of [
        [scene.file('no/out.img'), /cannot write .*out.img: there is no such file or folder/],
        [scene.folder, /cannot write .*: it is a directory/],
      ] as const) {
        const args = ['serve', '--listen', LOOPBACK, '--read-sectors', '1', '--out', path];
        const server = scene.start(args);
        await expectFailure(server, why);
        expect(server.stderr.text).not.to.include('listening');
      }
    });

    it('stopped before a stick came', async () => {
      const { running: server, url } = await reader(LOOPBACK);
      const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]);
      await server.line(/^device 1209:0002/);
      server.stop();
      await expectFailure(server, /stopped before 300 sectors were read from a mass-storage device/);
      expect(await client.exit).to.equal(0);
    });

    it('a server that dialled, and whose client goes before the sectors were read', async () => {
      const { running: client, url } = await scene.listen(['redirect', '--virtual', 'keyboard'], LOOPBACK);
      const job = ['--read-sectors', '1', '--out', scene.file('out.img')];
      const server = scene.start(['serve', '--connect', url, ...job]);
      await server.line(/^device 1209:0002/);
      client.stop();
      await expectFailure(server, /the connection ended before 1 sectors were read/);
    });

    it('a server that is gone with the devices is told from one that closed', async () => {
      let connected: (transport: Transport) => void = () => {};
      const connection = new Promise<Transport>((resolve) => (connected = resolve));
      const listener = await listen(LOOPBACK, {}, (transport) => {
        new RedirectionServer(transport);
        connected(transport);
      });
      const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', listener.url]);
      await client.line(/^connected/);
      await (await connection).close();
      await expectFailure(client, /is gone: everything is given back/);
      await listener.close();
    });

    it('a port that says nothing is no server: that is told after six seconds, and no device goes there', async () => {
      const listener = createServer((socket) => void socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const address = listener.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', `tcp://127.0.0.1:${port}`]);
      await expectFailure(client, /takes connections, but nothing that `urbdrc serve` says came within 6 s: /);
      expect(client.stderr.text).not.to.include('connected to');
      listener.close();
    });

    it('a web server is no server', async () => {
      const listener = createServer((socket) => {
        socket.on('error', () => {});
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      }).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const address = listener.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', `tcp://127.0.0.1:${port}`]);
      await expectFailure(client, /127\.0\.0\.1:\d+/);
      expect(client.stderr.text).not.to.include('connected to');
      listener.close();
    });

    it('a missing token is told as soon as the server says so', async () => {
      const { url } = await scene.listen(['serve', '--token', 'secret'], LOOPBACK);
      const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]);
      await expectFailure(client, /token/);
      expect(client.stderr.text).not.to.include('connected to');
    });

    it('a peer that speaks something else is dropped, and the server goes on', async () => {
      const { running: server, url } = await scene.listen(['serve'], LOOPBACK);
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.end('GET / HTTP/1.1\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      await server.line(/disconnected: /);
      const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]);
      await server.line(/^device 1209:0002/);
      client.stop();
      await client.exit;
    });
  });

  it('--reconnect waits for a server that is not there yet, and for the next one when it has gone', async () => {
    const first = await scene.listen(['serve'], LOOPBACK);
    first.running.stop();
    await first.running.exit;
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--reconnect', '--connect', first.url]);
    await client.line(/^connection refused by .*; it is tried again until it works$/);
    for (let round = 0; round < 2; round += 1) {
      const { running: server } = await scene.listen(['serve'], first.url);
      await server.line(/^device 1209:0002/);
      await client.line(/^connected to /);
      server.stop();
      await server.exit;
    }
    client.stop();
    expect(await client.exit).to.equal(0);
    expect(client.stderr.lines.filter((line) => line.startsWith('connection refused'))).to.have.length.within(1, 3);
  });

  it('a service (NOTIFY_SOCKET is set) waits for a server that is not there yet, unless --no-reconnect is given', async () => {
    const { running, url } = await scene.listen(['serve'], LOOPBACK);
    running.stop();
    await running.exit;
    const job = ['redirect', '--virtual', 'keyboard', '--connect', url];
    const environment = { NOTIFY_SOCKET: '/run/systemd/notify' };
    const service = scene.start(job, { environment });
    await service.line(/it is tried again until it works$/);
    service.stop();
    expect(await service.exit).to.equal(0);
    const ended = scene.start([...job, '--no-reconnect'], { environment });
    expect(await ended.exit).to.equal(1);
    const byHand = scene.start(job);
    expect(await byHand.exit).to.equal(1);
  });

  it('--reconnect does not try again what cannot work', async () => {
    const { url } = await scene.listen(['serve', '--token', 'secret'], LOOPBACK);
    const { status, stderr } = await run([
      'redirect',
      '--virtual',
      'keyboard',
      '--token',
      'no',
      '--reconnect',
      '--connect',
      url,
    ]);
    expect([status, stderr.includes('tried again')]).to.deep.equal([1, false]);
  });

  it('--verbose tells at both ends how far the other one is', async () => {
    const { running: server, url } = await scene.listen(['serve', '--verbose'], LOOPBACK);
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--verbose', '--connect', url]);
    await client.line(/^tcp:.* is [\d.]+ ms away and back$/);
    await server.line(/^client .* is [\d.]+ ms away and back$/);
  });

  it('--verbose tells what was ignored', async () => {
    const { running: server, url } = await scene.listen(['serve', '--verbose'], LOOPBACK);
    const transport = await dial(url);
    const send = (pdu: string) => {
      const header = Buffer.from('0000000003000000', 'hex');
      header.writeUInt32LE(pdu.length / 2);
      transport.send([[header, Buffer.from(pdu, 'hex')]]);
    };
    const received = (frame: Uint8Array) => {
      const [command = 0, channelId = 0] = frame.subarray(8);
      const id = Buffer.of(channelId).toString('hex');
      if (command >> 4 === 5) send('50000300');
      // The channel is created; its first message has no end.
      if (command >> 4 === 1) [`10${id}00000000`, `30${id}00000000ffff`].forEach(send);
    };
    transport.start({ received, drained: () => {}, closed: () => {} });
    await server.line(/: ignored: .*needs 4 bytes, 2 left \(offset 4, /);
    await transport.close();
  });
});
