import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect } from 'chai';
import { isOwn } from '../../src/capture/privateFile.ts';
import { complaints, Scene } from './connections.ts';
import { run } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const TOKEN = 'a-token-that-nobody-guesses';
const mode = (path: string) => statSync(path).mode & 0o777;

describe('files that hold secrets', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('stick.img'), Buffer.alloc(64 * 512, 0x5a));
  });
  afterEach(() => scene.end());

  const redirect = (url: string, ...args: string[]) =>
    scene.start(['redirect', '--virtual', `stick:${scene.file('stick.img')}`, ...args, '--connect', url]);

  it('captures and sectors are for their owner alone, also where the files were open to all before', async () => {
    for (const file of ['out.img', 'server.jsonl', 'client.pcapng'])
      writeFileSync(scene.file(file), 'old', { mode: 0o644 });
    const { running: server, url } = await scene.listen(
      ['serve', '--read-sectors', '64', '--out', scene.file('out.img'), '--capture', scene.file('server.jsonl')],
      LOOPBACK,
    );
    const client = redirect(url, '--capture', scene.file('client.pcapng'));
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(await client.exit, client.stderr.text).to.equal(0);
    for (const file of ['out.img', 'server.jsonl', 'client.pcapng'])
      expect(mode(scene.file(file)), file).to.equal(0o600);
    expect(readFileSync(scene.file('out.img'))).to.deep.equal(readFileSync(scene.file('stick.img')));
  });

  for (const [what, name, expected, args] of [
    ['captures', 'link.jsonl', 2, (file: string) => ['--capture', file]],
    ['sectors', 'link.img', 1, (file: string) => ['--read-sectors', '1', '--out', file]],
  ] as const) {
    it(`${what} do not go where a symbolic link leads`, async () => {
      writeFileSync(scene.file('other'), 'precious');
      symlinkSync(scene.file('other'), scene.file(name));
      const { status, stderr } = await run(['serve', '--listen', LOOPBACK, ...args(scene.file(name))]);
      expect(status).to.equal(expected);
      expect(stderr).to.match(/^urbdrc: .*link.* is a symbolic link, .*: name the file itself\n$/);
      expect(readFileSync(scene.file('other'), 'utf8')).to.equal('precious');
    });
  }

  it('are not written into the file of another user', () => {
    expect(isOwn({ uid: statSync(scene.folder).uid })).to.equal(true);
    expect(isOwn({ uid: statSync(scene.folder).uid + 1 })).to.equal(false);
  });

  it('a token that others can read is told, with the command that mends it', async () => {
    const file = scene.file('token');
    writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
    const first = await scene.listen(['serve', '--token-file', file], LOOPBACK);
    expect(first.running.stderr.text).not.to.include('chmod');
    chmodSync(file, 0o640);
    const second = await scene.listen(['serve', '--token-file', file], LOOPBACK);
    expect(second.running.stderr.lines[0]).to.equal(
      `${file} has a secret and can be read by others: chmod 600 ${file}`,
    );
  });

  it('a password that others can read is told', async () => {
    const file = scene.file('password');
    writeFileSync(file, 'p\n', { mode: 0o604 });
    const who = ['--user', 'me', '--password-file', file, '--state-dir', scene.file('state')];
    const server = scene.start(['serve', '--listen', 'rdp://127.0.0.1:0', ...who]);
    await server.line(/password has a secret and can be read by others: chmod 600 /);
    await server.line(/^listening on /);
  });

  it('the key of a certificate that others can read is told', async () => {
    const folder = scene.file('state');
    await scene.listen(['serve', '--state-dir', folder], 'tls://127.0.0.1:0');
    const own = scene.file('own.pem');
    writeFileSync(own, readFileSync(`${folder}/identity.pem`), { mode: 0o600 });
    const serve = () => scene.listen(['serve', '--cert', own, '--key', own], 'tls://127.0.0.1:0');
    expect((await serve()).running.stderr.text).not.to.include('chmod');
    chmodSync(own, 0o644);
    expect((await serve()).running.stderr.lines[0]).to.equal(
      `${own} has a secret and can be read by others: chmod 600 ${own}`,
    );
  });

  it('a folder that every user may write to keeps no key', async () => {
    const folder = scene.file('state');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const server = scene.start(['serve', '--listen', 'tls://127.0.0.1:0', '--state-dir', folder]);
    await server.line(/^the certificate is another one at each start: .*every user may write there: chmod o-w /);
  });

  it('a folder of another user keeps no key', async () => {
    const folder = scene.file('state');
    mkdirSync(folder);
    const { getuid } = process;
    const uid = statSync(folder).uid;
    // Only root can give a folder away; for everybody else this process is another user.
    if (uid === 0) chownSync(folder, 12345, 12345);
    else process.getuid = () => uid + 1;
    try {
      const server = scene.start(['serve', '--listen', 'tls://127.0.0.1:0', '--state-dir', folder]);
      await server.line(/^the certificate is another one at each start: .*the folder belongs to another user$/);
    } finally {
      if (getuid !== undefined) process.getuid = getuid;
    }
    expect(existsSync(`${folder}/identity.pem`)).to.equal(false);
  });

  it('a key is not read where a symbolic link leads', async () => {
    const folder = scene.file('state');
    const start = () => scene.listen(['serve', '--state-dir', folder], 'tls://127.0.0.1:0');
    await start();
    renameSync(`${folder}/identity.pem`, scene.file('elsewhere.pem'));
    symlinkSync(scene.file('elsewhere.pem'), `${folder}/identity.pem`);
    const { running } = await start();
    expect(running.stderr.lines[0]).to.match(
      /identity\.pem cannot be read .*: it is now .*\.old, and a new certificate/,
    );
  });

  for (const format of ['jsonl', 'pcapng']) {
    it(`a capture holds no token: .${format}, at both ends`, async () => {
      const files = ['server', 'client'].map((end) => scene.file(`${end}.${format}`));
      const [serverFile = '', clientFile = ''] = files;
      const { running: server, url } = await scene.listen(
        ['serve', '--read-sectors', '64', '--out', scene.file('out.img'), '--token', TOKEN, '--capture', serverFile],
        LOOPBACK,
      );
      const client = redirect(url, '--token', TOKEN, '--capture', clientFile);
      expect(await server.exit, server.stderr.text).to.equal(0);
      expect(await client.exit, client.stderr.text).to.equal(0);
      for (const file of files) {
        const content = readFileSync(file);
        expect(content.byteLength).to.be.above(1000);
        for (const text of [TOKEN, Buffer.from(TOKEN).toString('hex'), Buffer.from(TOKEN).toString('base64')]) {
          expect(content.includes(text), `${text} in ${file}`).to.equal(false);
        }
      }
      expect([...complaints(server), ...complaints(client)]).to.deep.equal([]);
    });
  }
});
