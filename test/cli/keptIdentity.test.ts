import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { keptIdentity, stateFolder } from '../../src/cli/keptIdentity.ts';
import { makeIdentity } from '../../transports/certificates.ts';
import { start } from './program.ts';

const DAY = 24 * 60 * 60 * 1000;

describe('the certificate that is kept', () => {
  let root: string;
  let folder: string;
  let file: string;
  let lines: string[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'urbdrc-'));
    folder = join(root, 'some', 'state');
    file = join(folder, 'identity.pem');
    lines = [];
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const startOnce = (now?: () => number) => keptIdentity(folder, '127.0.0.1', (line) => lines.push(line), now);

  it('is made at the first start, for its owner alone, and is the same from then on', async () => {
    const first = await startOnce();
    expect(lines).to.deep.equal([`a certificate was made and is kept in ${file}`]);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(statSync(folder).mode & 0o777).to.equal(0o700);
    const second = await startOnce();
    expect(second.fingerprint).to.equal(first.fingerprint);
    expect(lines).to.have.length(1);
    expect(readdirSync(folder)).to.deep.equal(['identity.pem']);
  });

  it('is one for all that start at once', async () => {
    const identities = await Promise.all(Array.from({ length: 8 }, () => startOnce()));
    expect(new Set(identities.map(({ fingerprint }) => fingerprint)).size).to.equal(1);
    expect(lines).to.have.length(1);
    expect(readdirSync(folder)).to.deep.equal(['identity.pem']);
  });

  it('is good for ten years; then another one is made, and that is said', async () => {
    const first = await startOnce();
    expect((await startOnce(() => Date.now() + 3649 * DAY)).fingerprint).to.equal(first.fingerprint);
    lines = [];
    const later = await startOnce(() => Date.now() + 3651 * DAY);
    expect(later.fingerprint).to.not.equal(first.fingerprint);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^the certificate in .*identity\.pem ended .*: it is now .*\.old, and a new certificate/);
    expect(new X509Certificate(readFileSync(`${file}.old`)).fingerprint256).to.equal(first.fingerprint);
    expect((await startOnce()).fingerprint).to.equal(later.fingerprint);
  });

  for (const [what, content] of [
    ['empty', () => ''],
    ['something else', () => 'not PEM\n'],
    ['a certificate without its key', (_: string, certificate: string) => certificate],
    ['a certificate with the key of another', (key: string, certificate: string) => key + certificate],
  ] as const) {
    it(`is made anew when the file is ${what}, and the file is set aside`, async () => {
      const before = await startOnce();
      const { key } = await makeIdentity('127.0.0.1');
      const broken = content(key, before.certificate);
      writeFileSync(file, broken);
      lines = [];
      const after = await startOnce();
      expect(after.fingerprint).to.not.equal(before.fingerprint);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(/^.*identity\.pem cannot be used \(.*\): it is now .*\.old, and a new certificate/);
      expect(lines[0]).to.not.include('\n');
      expect(readFileSync(`${file}.old`, 'utf8')).to.equal(broken);
      expect((await startOnce()).fingerprint).to.equal(after.fingerprint);
    });
  }

  it('is one for all that find it broken at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      await startOnce();
      writeFileSync(file, `broken ${round}`);
      const identities = await Promise.all(Array.from({ length: 6 }, () => startOnce()));
      const { fingerprint } = await startOnce();
      expect(new Set(identities.map((each) => each.fingerprint))).to.deep.equal(new Set([fingerprint]));
    }
    expect(readdirSync(folder).sort()).to.deep.equal(['identity.pem', 'identity.pem.old']);
  });

  it('is used all the same when others can read its key, and that is said', async () => {
    const { fingerprint } = await startOnce();
    chmodSync(file, 0o640);
    lines = [];
    expect((await startOnce()).fingerprint).to.equal(fingerprint);
    expect(lines).to.deep.equal([`${file} has the private key and can be read by others: chmod 600 ${file}`]);
  });

  it('is another one each time where nothing can be kept, and that is said', async () => {
    writeFileSync(join(root, 'some'), 'a file in the place of a folder');
    const [first, second] = [await startOnce(), await startOnce()];
    expect(first.fingerprint).to.not.equal(second.fingerprint);
    expect(lines).to.have.length(2);
    expect(lines[0]).to.match(/^the certificate is another one at each start: it cannot be kept in .*: E\w+/);
    await keptIdentity(undefined, '127.0.0.1', (line) => lines.push(line));
    expect(lines[2]).to.equal(
      'the certificate is another one at each start: there is no folder for it; say one with --state-dir',
    );
  });

  it('is the same for tls:// and rdp://, for serve and redirect', async () => {
    const fingerprints: string[] = [];
    for (const args of [
      ['serve', '--listen', 'tls://127.0.0.1:0', '--state-dir', folder],
      ['serve', '--listen', 'rdp://127.0.0.1:0', '--state-dir', folder],
      ['redirect', '--virtual', 'keyboard', '--listen', 'tls://localhost:0'],
    ]) {
      const running = start(args, { environment: { URBDRC_STATE_DIR: folder } });
      const [, fingerprint = ''] = await running.line(/^certificate fingerprint \(SHA-256\): (.*)$/);
      fingerprints.push(fingerprint);
      running.stop();
      await running.exit;
    }
    expect(fingerprints).to.deep.equal(Array(3).fill(new X509Certificate(readFileSync(file)).fingerprint256));
  });
});

describe('the folder for what is kept', () => {
  const all = {
    URBDRC_STATE_DIR: '/ours',
    STATE_DIRECTORY: '/var/lib/urbdrc:/var/lib/other',
    XDG_STATE_HOME: '/state',
    HOME: '/people/ali',
  };

  it('is what the user says, else what the environment says, the most special first', () => {
    expect(stateFolder('/mine', all)).to.equal('/mine');
    expect(stateFolder(undefined, all)).to.equal('/ours');
    expect(stateFolder(undefined, { ...all, URBDRC_STATE_DIR: '' })).to.equal('/var/lib/urbdrc');
    expect(stateFolder(undefined, { HOME: '/people/ali', XDG_STATE_HOME: '/state' })).to.equal('/state/urbdrc');
    expect(stateFolder(undefined, { HOME: '/people/ali', XDG_STATE_HOME: 'state' })).to.equal(
      '/people/ali/.local/state/urbdrc',
    );
    expect(stateFolder(undefined, {})).to.equal(undefined);
  });
});
