import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { ServerRedirection } from '../../codecs/rdp/serverRedirection.ts';
import { SecurityProtocol } from '../../codecs/rdp/x224.ts';
import { channelPacket, IO_CHANNEL_ID } from '../../src/rdp/rdpPacket.ts';
import { makeIdentity } from '../../transports/certificates.ts';
import { placeToConnect } from '../../src/cli/rdpConnect.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import { NlaServer } from '../transports/rdp/nlaServer.ts';
import { complaints, Scene } from './connections.ts';
import type { RunOptions } from './program.ts';

const SECTORS = 300;
const image = randomBytes(SECTORS * 512);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('urbdrc redirect --connect rdp://', () => {
  let scene: Scene;
  let stick: string[];

  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('stick.img'), image);
    writeFileSync(scene.file('password'), 'open sesame\n', { mode: 0o600 });
    writeFileSync(scene.file('wrong'), 'open barley\n', { mode: 0o600 });
    stick = ['redirect', '--virtual', `stick:${scene.file('stick.img')}`];
  });
  afterEach(async () => {
    await scene.end();
  });

  /** A server that reads the stick; `address` is the rest of its URL. */
  async function serve(port = 0, ...args: string[]) {
    const reading = ['--read-sectors', String(SECTORS), '--out', scene.file('out.img')];
    const who = ['--user', 'ali', '--password-file', scene.file('password')];
    const { running, url } = await scene.listen(['serve', ...reading, ...who, ...args], `rdp://127.0.0.1:${port}`);
    return { server: running, address: url.replace('rdp://', '') };
  }
  const connectWith = (options: RunOptions, url: string, password: string, ...args: string[]) =>
    scene.start(
      [
        ...[...stick, '--connect', url, '--password-file', scene.file(password)],
        ...(args.length > 0 ? args : ['--known-hosts', scene.file('known')]),
      ],
      options,
    );
  const connect = (url: string, password = 'password', ...args: string[]) => connectWith({}, url, password, ...args);

  it('redirects a stick, whole, and remembers the certificate', async () => {
    const { server, address } = await serve();
    const client = connect(`rdp://ali@${address}`);
    const [, fingerprint = ''] = await client.line(/ is new: its certificate, fingerprint (\S+), is remembered in /);
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(await client.exit, client.stderr.text).to.equal(0);
    expect(sha256(readFileSync(scene.file('out.img')))).to.equal(sha256(image));
    expect(client.stderr.lines.slice(1)).to.satisfy((lines: string[]) => lines[0] === `connected to rdp://${address}`);
    expect(client.stderr.lines.at(-1)).to.equal('the server closed the connection: everything is given back');
    expect([...complaints(server), ...complaints(client)]).to.deep.equal([]);
    expect(readFileSync(scene.file('known'), 'utf8')).to.equal(`${address} ${fingerprint}\n`);
  });

  for (const option of ['--fingerprint', '--cert-fingerprint']) {
    it(`takes the certificate that ${option} names, and no other, and remembers none`, async () => {
      const { server, address } = await serve();
      const [, fingerprint = ''] = await server.line(/^certificate fingerprint \(SHA-256\): (\S+)$/);
      const other = connect(`rdp://ali@${address}`, 'password', option, 'ab'.repeat(32));
      expect(await other.exit).to.equal(1);
      expect(complaints(other)[0]).to.include('presented a certificate with another fingerprint');
      const client = connect(`rdp://ali@${address}`, 'password', option, fingerprint);
      expect(await server.exit, server.stderr.text).to.equal(0);
      expect(await client.exit, client.stderr.text).to.equal(0);
      expect(client.stderr.text).to.not.include('is remembered');
    });
  }

  const QUESTION = /^(\S+) is new\. Is this the fingerprint of its certificate: (\S+)\? \[yes\/no\]$/;

  it('asks at a terminal about a new certificate, and after a yes never again', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const { server, address } = await serve();
    const client = connectWith({ stdin }, `rdp://ali@${address}`, 'wrong');
    const [, host, fingerprint = ''] = await client.line(QUESTION);
    expect(host).to.equal(address);
    stdin.write('perhaps\n');
    await client.line(/^type yes or no$/);
    stdin.write('yes\n');
    await server.line(/^refused rdp:.*: wrong user name or password$/);
    await client.exit;
    expect(readFileSync(scene.file('known'), 'utf8')).to.equal(`${address} ${fingerprint}\n`);
    const again = connectWith({ stdin }, `rdp://ali@${address}`, 'password');
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(await again.exit, again.stderr.text).to.equal(0);
    expect(again.stderr.text).to.not.include('is new');
  });

  for (const [what, say] of [
    ['a no', (stdin: PassThrough) => void stdin.write('n\n')],
    ['the end of the terminal', (stdin: PassThrough) => void stdin.end()],
  ] as const) {
    it(`sends nothing and remembers nothing after ${what}`, async () => {
      const stdin = Object.assign(new PassThrough(), { isTTY: true });
      const { address } = await serve();
      const client = connectWith({ stdin }, `rdp://ali@${address}`, 'password');
      await client.line(QUESTION);
      say(stdin);
      expect(await client.exit).to.equal(1);
      expect(complaints(client)).to.have.length(1);
      expect(complaints(client)[0]).to.include(': nobody confirmed its certificate, fingerprint ');
      expect(() => readFileSync(scene.file('known'))).to.throw('ENOENT');
    });
  }

  it('a question that nobody answers is withdrawn when the program is to end', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const { address } = await serve();
    const client = connectWith({ stdin }, `rdp://ali@${address}`, 'password');
    await client.line(QUESTION);
    client.stop();
    expect(await client.exit).to.equal(0);
    expect(() => readFileSync(scene.file('known'))).to.throw('ENOENT');
  });

  it('is told in one line that the password is wrong', async () => {
    const { server, address } = await serve();
    const client = connect(`rdp://ali@${address}`, 'wrong');
    await server.line(/^refused rdp:.*: wrong user name or password$/);
    expect(await client.exit).to.equal(1);
    expect(complaints(client)).to.deep.equal([
      `urbdrc: rdp://${address}: the server denies the connection: wrong user name or password, or it takes no more clients`,
    ]);
  });

  it('sends nothing to a server whose certificate is another one than before', async () => {
    const { address } = await serve();
    const { fingerprint } = await makeIdentity('127.0.0.1');
    writeFileSync(scene.file('known'), `# servers\nother:3389 ${fingerprint}\n${address} ${fingerprint}\n`);
    const client = connect(`rdp://ali@${address}`);
    expect(await client.exit).to.equal(1);
    expect(complaints(client)).to.have.length(1);
    expect(complaints(client)[0]).to.match(
      /^urbdrc: 127\.0\.0\.1:\d+ presented another certificate than before, fingerprint \S+: somebody may be in between\. .*remove line 3 of /,
    );
  });

  it('takes a fingerprint in place of the known hosts, and no other certificate then', async () => {
    const { fingerprint } = await makeIdentity('127.0.0.1');
    const { address } = await serve();
    const client = connect(`rdp://ali@${address}`, 'password', '--fingerprint', fingerprint);
    expect(await client.exit).to.equal(1);
    expect(complaints(client)[0]).to.include('presented a certificate with another fingerprint');
  });

  it('goes where a broker sends it on to, says so, and remembers both certificates', async () => {
    const broker = await NlaServer.open(async (peer) => {
      await peer.negotiate(SecurityProtocol.PROTOCOL_SSL);
      await peer.untilCredentials();
      const redirection = ServerRedirection.encode({ sessionId: 1, redirFlags: 0, targetNetAddress: '127.0.0.2' });
      peer.send(...channelPacket(IO_CHANNEL_ID, redirection));
    });
    try {
      const reading = ['serve', '--read-sectors', String(SECTORS), '--out', scene.file('out.img')];
      const who = ['--user', 'ali', '--password-file', scene.file('password')];
      const { running: server } = await scene.listen([...reading, ...who], `rdp://127.0.0.2:${broker.port}`);
      const client = connect(`rdp://ali@127.0.0.1:${broker.port}`);
      expect(await server.exit, server.stderr.text).to.equal(0);
      expect(await client.exit, client.stderr.text).to.equal(0);
      const [first, desk] = ['127.0.0.1', '127.0.0.2'].map((host) => `${host}:${broker.port}`);
      expect(client.stderr.lines.slice(0, 3).map((line) => line.replace(/: its certificate.*/, ''))).to.deep.equal([
        `${first} is new`,
        `rdp://${first} sends this client on to rdp://${desk}`,
        `${desk} is new`,
      ]);
      expect(sha256(readFileSync(scene.file('out.img')))).to.equal(sha256(image));
      expect(readFileSync(scene.file('known'), 'utf8').split('\n')).to.have.length(3);
    } finally {
      broker.close();
    }
  });

  it('takes the address and the user from an .rdp file, in UTF-16 as Windows writes it', async () => {
    const { server, address } = await serve();
    const lines = [`full address:s:${address}`, 'username:s:OFFICE\\bob', 'usbdevicestoredirect:s:*', ''];
    writeFileSync(scene.file('desk.rdp'), `\ufeff${lines.join('\r\n')}`, 'utf16le');
    const client = scene.start(
      [
        ...['redirect', '--rdp', scene.file('desk.rdp'), '--wait', '--password-file', scene.file('password')],
        ...['--known-hosts', scene.file('known')],
      ],
      { devices: new VirtualDevices() },
    );
    await server.line(/^refused rdp:.*: wrong user name or password$/);
    expect(await client.exit).to.equal(1);
    expect(complaints(client)[0]).to.include(`urbdrc: rdp://${address}: the server denies the connection`);
  });

  it('an .rdp file that wants a gateway is refused before anything is sent', async () => {
    const gateway = 'gatewayhostname:s:gate\ngatewayusagemethod:i:1\n';
    writeFileSync(scene.file('desk.rdp'), `full address:s:desk\nusbdevicestoredirect:s:*\n${gateway}`);
    const client = scene.start(['redirect', '--rdp', scene.file('desk.rdp')]);
    expect(await client.exit).to.equal(2);
    expect(complaints(client)).to.have.length(1);
    expect(complaints(client)[0]).to.match(
      /desk\.rdp: the gateway gate is not used, because gateways are not supported; /,
    );
  });

  for (const [given, expected] of [
    [{}, 'rdp://OFFICE%5Cali@desk'],
    [{ connect: 'rdp://other' }, 'rdp://OFFICE%5Cali@other'],
    [{ connect: 'rdp://bob@other' }, 'rdp://bob@other'],
    [{ connect: 'tcp://other:1' }, 'tcp://other:1'],
    [{ listen: 'tcp://127.0.0.1:0' }, undefined],
    [{ attach: ['vhci'] }, undefined],
  ] as const) {
    it(`${JSON.stringify(given)} with an .rdp file connects to ${expected ?? 'nothing'}`, async () => {
      const rdp = scene.file('desk.rdp');
      const gateway = 'gatewayhostname:s:gate\ngatewayusagemethod:i:2\n';
      writeFileSync(rdp, `full address:s:desk\nusername:s:ali\ndomain:s:OFFICE\n${gateway}`);
      const lines: string[] = [];
      expect(await placeToConnect({ rdp, ...given }, (line) => lines.push(line))).to.equal(expected);
      expect(lines).to.have.length('connect' in given || expected === undefined ? 0 : 1);
    });
  }

  const wrong: Record<string, [args: string[], message: RegExp]> = {
    'a password in the URL': [['--connect', 'rdp://ali:x@desk'], /a password in a URL can be seen by others/],
    'a user without a password': [['--connect', 'rdp://ali@desk'], /the password of ali is missing/],
    'a port of 0': [['--connect', 'rdp://desk:0'], /port 0 is for listening/],
    'a token': [['--connect', 'rdp://desk', '--token', 'x'], /rdp:\/\/ has no token/],
    'a wish to be alone': [['--connect', 'rdp://desk', '--exclusive'], /--exclusive: an RDP server decides by itself/],
    'a domain elsewhere': [['--connect', 'tcp://desk:1', '--domain', 'x'], /--domain .* only for rdp:\/\//],
  };
  for (const [what, [args, message]] of Object.entries(wrong)) {
    it(`refuses ${what}, in one line`, async () => {
      const client = scene.start([...stick, ...args]);
      expect(await client.exit).to.equal(2);
      expect(complaints(client)).to.have.length(1);
      expect(complaints(client)[0]).to.match(message);
    });
  }
});
