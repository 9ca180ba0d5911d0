import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { ClientInfo } from '../../codecs/rdp/clientInfo.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { ACTIVATION, CONNECTION_REQUEST, sent, UP_TO_CREDENTIALS } from '../transports/rdp/capturedClient.ts';
import { run, start } from './program.ts';

describe('urbdrc serve --listen rdp://', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'urbdrc-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const passwordFile = () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'p\r\nmore\n');
    return file;
  };

  /** FreeRDP up to its channels, with another user and password; resolves with a function that ends it. */
  async function client(port: number, userName: string, password: string): Promise<() => void> {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(CONNECTION_REQUEST);
    await once(socket, 'data');
    const secure = connectTls({ socket, rejectUnauthorized: false }).on('error', () => {});
    await once(secure, 'secureConnect');
    secure.resume();
    const info = { codePage: 0, flags: 0x10, domain: '', userName, password, alternateShell: '', workingDir: '' };
    const securityHeader = Uint8Array.of(0x40, 0, 0, 0);
    const credentials = joinParts([securityHeader, ...ClientInfo.encode({ ...info, extraInfo: new Uint8Array(0) })]);
    for (const packet of [...UP_TO_CREDENTIALS.slice(0, -1), sent(1003, credentials), ...ACTIVATION]) {
      secure.write(packet);
    }
    return () => socket.destroy();
  }

  it('lets in who names the user, in whatever case, and the password of the file, and nobody else', async () => {
    const who = ['--user', 'Ali', '--password-file', passwordFile()];
    const server = start(['serve', '--listen', 'rdp://127.0.0.1:0', ...who]);
    const port = Number((await server.line(/^listening on rdp:\/\/127\.0\.0\.1:(\d+)$/))[1]);
    const [, fingerprint = ''] = await server.line(
      /^certificate fingerprint \(SHA-256\): ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/,
    );
    const words = `/v:127.0.0.1:${port} /u:Ali /cert:fingerprint:sha256:${fingerprint} /usb:id,dev:VID:PID`;
    expect((await server.line(/^the other end: (.*)$/))[1]).to.equal(`xfreerdp ${words}`);
    for (const [user, password] of [
      ['Ali', 'P'],
      ['Bob', 'p'],
    ] as const) {
      const end = await client(port, user, password);
      await server.line(/^refused rdp:\/\/127\.0\.0\.1:\d+: wrong user name or password$/);
      end();
    }
    const end = await client(port, 'aLI', 'p');
    await server.line(/^client rdp:.* connected$/);
    end();
    await server.line(/^client rdp:.* disconnected/);
    server.stop();
    expect(await server.exit).to.equal(0);
  });

  const programs: Record<string, [programs: string[], named: string]> = {
    'xfreerdp3, where it is': [['xfreerdp', 'xfreerdp3'], 'xfreerdp3'],
    'xfreerdp, where that is alone': [['xfreerdp'], 'xfreerdp'],
    'xfreerdp, where there is none': [[], 'xfreerdp'],
  };
  for (const [what, [names, named]] of Object.entries(programs)) {
    it(`names ${what}, for the other end`, async () => {
      for (const name of names) writeFileSync(join(folder, name), '', { mode: 0o755 });
      writeFileSync(join(folder, 'xfreerdp3.txt'), '');
      const environment = { PATH: `${join(folder, 'none')}${delimiter}${folder}` };
      const server = start(['serve', '--listen', 'rdp://127.0.0.1:0'], { environment });
      expect((await server.line(/^the other end: (\S+) /))[1]).to.equal(named);
      server.stop();
      expect(await server.exit).to.equal(0);
    });
  }

  it('records no password', async () => {
    const [password, capture] = [join(folder, 'secret'), join(folder, 'a.jsonl')];
    writeFileSync(password, 'swordfish\n', { mode: 0o600 });
    const who = ['--user', 'Ali', '--password-file', password, '--capture', capture];
    const server = start(['serve', '--listen', 'rdp://127.0.0.1:0', ...who]);
    const port = Number((await server.line(/^listening on rdp:\/\/127\.0\.0\.1:(\d+)$/))[1]);
    const end = await client(port, 'Ali', 'swordfish');
    await server.line(/^client rdp:.* connected$/);
    end();
    await server.line(/^client rdp:.* disconnected/);
    server.stop();
    expect(await server.exit).to.equal(0);
    const content = readFileSync(capture);
    expect(content.byteLength).to.be.above(100);
    for (const bytes of [Buffer.from('swordfish'), Buffer.from('swordfish', 'utf16le')]) {
      for (const text of [bytes, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)]) {
        expect(content.includes(text)).to.equal(false);
      }
    }
  });

  const wrong: Record<string, [args: () => string[], message: RegExp]> = {
    'everybody from everywhere': [() => ['serve', '--listen', 'rdp://0.0.0.0:0'], /ask for a user and a password/],
    'a user without a password': [
      () => ['serve', '--listen', 'rdp://127.0.0.1:0', '--user', 'a'],
      /--user NAME and --password-file FILE go together/,
    ],
    'a file that is not there': [
      () => ['serve', '--listen', 'rdp://127.0.0.1:0', '--user', 'a', '--password-file', join(folder, 'none')],
      /cannot read .*none/,
    ],
    'a token': [
      () => ['serve', '--listen', 'rdp://127.0.0.1:0', '--token', 'x'],
      /rdp:\/\/ has no token: use --user NAME and --password-file FILE/,
    ],
    'a password where there is a token': [
      () => ['serve', '--listen', 'tcp://127.0.0.1:0', '--user', 'a', '--password-file', passwordFile()],
      /are only for rdp:\/\/: use --token-file FILE/,
    ],
    'a URL that is none': [() => ['serve', '--listen', 'rdp://:::'], /use rdp:\/\/host:port/],
  };
  for (const [what, [args, message]] of Object.entries(wrong)) {
    it(`refuses ${what}, in one line`, async () => {
      const { status, stderr } = await run(args());
      expect(status).to.equal(2);
      expect(stderr)
        .to.match(message)
        .and.match(/^urbdrc: [^\n]+\n$/);
    });
  }
});
