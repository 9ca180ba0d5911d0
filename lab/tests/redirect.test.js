// The program itself, with a real stick: urbdrc redirect to urbdrc serve, over TCP, TLS and RDP, and everything given back.
import { expect } from 'chai';
import { mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const STICK_IDS = '46f4:0001';
const SECTORS = lab.STICK_HASHED / 512;

/** @param {string[]} args */
const urbdrc = (...args) => lab.spawnProgram(process.execPath, [MAIN, ...args]);

/** @param {string[]} args */
const runUrbdrc = (...args) => lab.run(process.execPath, [MAIN, ...args]);

/** The kernel driver that has the stick's interface now. */
async function stickDriver() {
  const stick = await lab.sysfsDevice(lab.STICK.vid, lab.STICK.pid);
  if (stick === undefined) return 'no stick';
  const driver = await readlink(`${stick.path}/${stick.name}:1.0/driver`).catch(() => 'none');
  return driver.split('/').at(-1);
}

/** The stick is the kernel's again, and its bytes can be read. */
async function expectStickBack() {
  await lab.waitUntil(async () => (await stickDriver()) === 'usb-storage', 20_000, 'usb-storage has the stick back');
  await lab.waitUntil(() => lab.exists(lab.STICK.disk), 20_000, `${lab.STICK.disk} is back`);
  await lab.waitUntil(
    async () =>
      (await lab.sha256OfDevice(lab.STICK.disk, lab.STICK_HASHED).catch(() => '')) === (await lab.stickSha256()),
    30_000,
    `${lab.STICK.disk} reads`,
  );
}

describe('urbdrc redirects a real stick to urbdrc serve', () => {
  /** @type {string} */
  let folder;
  /** @type {ReturnType<typeof urbdrc>[]} */
  let programs = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
  });

  afterEach(async () => {
    for (const program of programs) await program.stop('SIGKILL');
    programs = [];
    await rm(folder, { recursive: true });
  });

  /** @param {string[]} args */
  function start(...args) {
    const program = urbdrc(...args);
    programs.push(program);
    return program;
  }

  /** @param {string[]} args */
  async function serve(...args) {
    const server = start('serve', ...args);
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/);
    return { server, url };
  }

  it('urbdrc list shows it: speed, driver, and that it can be opened', async () => {
    const { stdout } = await runUrbdrc('list', '--json');
    const stick = JSON.parse(stdout).find((/** @type {{ device: string }} */ row) => row.device === STICK_IDS);
    expect(stick).to.include({ speed: 'super', serial: lab.STICK.serial, canOpen: true });
    expect(stick.drivers).to.deep.equal(['usb-storage']);
    const { stdout: table } = await runUrbdrc('list');
    expect(table).to.match(/46f4:0001 .*super .*usb-storage .*yes/);
  });

  for (const scheme of ['tcp', 'tls', 'rdp']) {
    it(`32 MiB read by the server over ${scheme} are the stick's bytes; then the kernel has it back`, async function () {
      const out = join(folder, 'stick.img');
      const secretFile = join(folder, 'secret');
      await writeFile(secretFile, 'a shared secret\n', { mode: 0o600 });
      const secret = scheme === 'tcp' ? [] : [scheme === 'tls' ? '--token-file' : '--password-file', secretFile];
      const user = scheme === 'rdp' ? ['--user', 'alice'] : [];
      const job = ['--read-sectors', String(SECTORS), '--out', out];
      const { server, url } = await serve('--listen', `${scheme}://127.0.0.1:0`, ...job, ...secret, ...user);
      const pin = [];
      if (scheme !== 'tcp') {
        const [, fingerprint = ''] = await server.waitForLine(/fingerprint .*: (\S+)$/);
        pin.push('--fingerprint', fingerprint);
      }
      const place = url.replace('rdp://', 'rdp://alice@');
      const client = start('redirect', '--device', STICK_IDS, '--connect', place, ...secret, ...pin);
      await client.waitForLine(/^redirecting 46f4:0001/);
      await server.waitForLine(/^device 46f4:0001/);
      expect(await stickDriver()).to.equal('usbfs');
      await server.waitForLine(/^read 65536 sectors .*SHA-256/, 200_000);
      expect(await server.exit).to.equal('0');
      expect(await client.exit, client.lines.join('\n')).to.equal('0');
      expect(await lab.sha256OfDevice(out, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
      await expectStickBack();
    });
  }

  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    it(`${signal} ends the client with status 0, and the kernel has the stick back`, async () => {
      const { url } = await serve('--listen', 'tcp://127.0.0.1:0');
      const client = start('redirect', '--device', STICK_IDS, '--connect', url);
      await client.waitForLine(/^redirecting/);
      expect(await client.stop(signal)).to.equal('0');
      await expectStickBack();
    });
  }

  it('a server that dies in the middle leaves nothing claimed, and the client says what happened', async () => {
    const { server, url } = await serve('--listen', 'tcp://127.0.0.1:0', '--hold', '0');
    const client = start('redirect', '--device', STICK_IDS, '--connect', url);
    await client.waitForLine(/^redirecting/);
    await server.stop('SIGKILL');
    await client.exit;
    await expectStickBack();
  });

  it('unplug and replug while redirected is survived by both ends, and the stick is redirected again', async () => {
    const { server, url } = await serve('--listen', 'tcp://127.0.0.1:0');
    const client = start('redirect', '--device', STICK_IDS, '--connect', url);
    await client.waitForLine(/^redirecting/);
    await server.waitForLine(/^device 46f4:0001/);
    for (let round = 0; round < 2; round += 1) {
      await lab.unplugStick();
      await client.waitForLine(/unplugged/);
      await server.waitForLine(/^gone: 46f4:0001/);
      await lab.plugStick({ disk: false });
      await client.waitForLine(/^redirecting 46f4:0001/);
      await server.waitForLine(/^device 46f4:0001/);
    }
    expect(await client.stop('SIGINT')).to.equal('0');
    expect(await server.stop('SIGINT')).to.equal('0');
    await expectStickBack();
  });

  it('unplug in the middle of a read ends the job with one line and status 1', async () => {
    const job = ['--read-sectors', String(SECTORS), '--out', join(folder, 'stick.img')];
    const { server, url } = await serve('--listen', 'tcp://127.0.0.1:0', ...job);
    const client = start('redirect', '--device', STICK_IDS, '--connect', url);
    await server.waitForLine(/^device 46f4:0001/);
    await lab.unplugStick();
    expect(await server.exit).to.equal('1');
    expect(server.lines.filter((line) => line.startsWith('urbdrc:'))).to.have.length(1);
    await client.stop('SIGINT');
    await lab.plugStick();
    await expectStickBack();
  });

  it('deauthorizing the stick in sysfs and authorizing it again is survived by both ends', async () => {
    const { server, url } = await serve('--listen', 'tcp://127.0.0.1:0');
    const client = start('redirect', '--device', STICK_IDS, '--connect', url);
    await server.waitForLine(/^device 46f4:0001/);
    const stick = await lab.sysfsDevice(lab.STICK.vid, lab.STICK.pid);
    await writeFile(`${stick?.path}/authorized`, '0');
    try {
      await client.waitForLine(/unplugged/);
      await server.waitForLine(/^gone: 46f4:0001/);
    } finally {
      await writeFile(`${stick?.path}/authorized`, '1');
    }
    await client.waitForLine(/^redirecting 46f4:0001/);
    await server.waitForLine(/^device 46f4:0001/);
    expect(await client.stop('SIGINT')).to.equal('0');
    await expectStickBack();
  });

  it('says in one line that no such device is plugged in, and touches nothing', async () => {
    const error = await runUrbdrc('redirect', '--device', '1209:0001', '--connect', 'tcp://127.0.0.1:1').catch(
      (/** @type {Error} */ problem) => problem.message,
    );
    expect(error).to.match(/ended with 1: urbdrc: no device 1209:0001; these are here: .*46f4:0001/);
    expect(await stickDriver()).to.equal('usb-storage');
  });

  it('says in one line that nobody listens, and gives nothing away', async () => {
    const error = await runUrbdrc('redirect', '--device', STICK_IDS, '--connect', 'tcp://127.0.0.1:1').catch(
      (/** @type {Error} */ problem) => problem.message,
    );
    expect(error).to.match(/ended with 1: urbdrc: connection refused/);
    expect(await stickDriver()).to.equal('usb-storage');
  });

  it('without the right to the device node it says in one line what to do, and gives nothing away', async () => {
    const { url } = await serve('--listen', 'tcp://127.0.0.1:0');
    const nobody = { uid: 65534, gid: 65534, cwd: '/' };
    const args = [MAIN, 'redirect', '--device', STICK_IDS, '--connect', url];
    const error = await lab
      .run(process.execPath, args, nobody)
      .catch((/** @type {Error} */ problem) => problem.message);
    expect(error).to.match(/ended with 1: .*urbdrc: .*46f4:0001.*may not be opened: .*udev/s);
    expect(await stickDriver()).to.equal('usb-storage');
  });

  it('a device in use by another program is refused in one line', async () => {
    const { url } = await serve('--listen', 'tcp://127.0.0.1:0');
    const first = start('redirect', '--device', STICK_IDS, '--connect', url);
    await first.waitForLine(/^redirecting/);
    const error = await runUrbdrc('redirect', '--device', STICK_IDS, '--connect', url).catch(
      (/** @type {Error} */ problem) => problem.message,
    );
    expect(error).to.match(/ended with 1: .*urbdrc: .*in use by another program/s);
    await first.stop('SIGINT');
    await expectStickBack();
  });

  it('the keyboard can be redirected too, and comes back with its driver', async () => {
    const { server, url } = await serve('--listen', 'tcp://127.0.0.1:0');
    const client = start('redirect', '--device', '0627:0001', '--connect', url);
    await server.waitForLine(/^device 0627:0001/);
    expect(await client.stop('SIGINT')).to.equal('0');
    const keyboard = await lab.sysfsDevice(0x0627, 0x0001);
    const driver = () => readlink(`${keyboard?.path}/${keyboard?.name}:1.0/driver`).catch(() => '');
    await lab.waitUntil(async () => (await driver()).endsWith('/usbhid'), 10_000, 'usbhid has the keyboard back');
  });

  it('the stick can be written to through the API and holds what was written', async () => {
    const { stdout } = await lab.run(process.execPath, [
      fileURLToPath(new URL('./writeThroughRedirection.js', import.meta.url)),
    ]);
    const written = JSON.parse(stdout);
    expect(written.readBack).to.equal(written.sha256);
    const image = await readFile(lab.STICK.image);
    const { createHash } = await import('node:crypto');
    const onHost = image.subarray(written.offset, written.offset + written.length);
    expect(createHash('sha256').update(onHost).digest('hex')).to.equal(written.sha256);
    await expectStickBack();
  });
});
