// An unmodified FreeRDP under Xvfb brings real devices to urbdrc serve --listen rdp://.
import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RedirectionServer, RemoteUsb } from '../../dist/src/index.js';
import { listenRdp } from '../../dist/transports/rdp/listenRdp.js';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const STICK = '46f4:0001';
const KEYBOARD = '0627:0001';
const SECTORS = lab.STICK_HASHED / 512;
const DISPLAY = ':77';
/** FreeRDP lets an idle interrupt or bulk IN end after ten seconds. */
const IDLE_TIMEOUT = 10_000;
/** A program starts in two seconds here, or in thirty where the machine has other work. */
const SLOW = 120_000;

describe('FreeRDP redirects devices to urbdrc serve', () => {
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let screen;
  /** @type {string} */
  let folder;
  /** @type {ReturnType<typeof lab.spawnProgram>[]} */
  let programs = [];
  /** @type {(() => Promise<void>)[]} */
  let cleanups = [];

  before(async () => {
    screen = lab.spawnProgram('Xvfb', [DISPLAY, '-screen', '0', '1024x768x24', '-nolisten', 'tcp']);
    await lab.waitUntil(() => lab.exists(`/tmp/.X11-unix/X${DISPLAY.slice(1)}`), 30_000, 'the display');
  });
  after(() => screen.stop());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
  });
  afterEach(async () => {
    for (const program of programs) await program.stop('SIGKILL');
    programs = [];
    for (const cleanup of cleanups) await cleanup();
    cleanups = [];
    await rm(folder, { recursive: true });
  });

  /** @param {string[]} args */
  function start(/** @type {string} */ command, ...args) {
    const program = lab.spawnProgram(command, args, { env: { ...process.env, DISPLAY } });
    programs.push(program);
    return program;
  }

  /** @param {string[]} args */
  async function serve(...args) {
    const password = join(folder, 'password');
    await writeFile(password, 'open sesame\n');
    const who = ['--user', 'ali', '--password-file', password];
    const server = start(process.execPath, MAIN, 'serve', '--listen', 'rdp://127.0.0.1:0', ...who, ...args);
    const [, port = ''] = await server.waitForLine(/^listening on rdp:\/\/127\.0\.0\.1:(\d+)/, SLOW);
    return { server, port: Number(port) };
  }

  /**
   * @param {number} port
   * @param {string[]} args
   */
  function freerdp(port, ...args) {
    return start('xfreerdp', `/v:127.0.0.1:${port}`, '/cert:ignore', '/u:ali', '/p:open sesame', ...args);
  }

  /** A server in this process, for what the program does not do with devices. */
  async function serveHere() {
    const usb = new RemoteUsb();
    /** @type {RedirectionServer[]} */
    const servers = [];
    const listener = await listenRdp('rdp://127.0.0.1:0', {}, (transport) => {
      servers.push(new RedirectionServer(transport, { host: usb }));
    });
    cleanups.push(async () => {
      await listener.close();
      for (const server of servers) await server.close();
    });
    /** @param {string} vidPid */
    const device = (vidPid) =>
      lab.waitUntil(
        async () =>
          (await usb.getDevices()).find(
            ({ vendorId, productId }) => vendorId * 65536 + productId === parseInt(vidPid.replace(':', ''), 16),
          ),
        SLOW,
        `${vidPid} arrives`,
      );
    return { usb, port: Number(new URL(listener.url.replace('rdp:', 'http:')).port), device };
  }

  /** A FreeRDP that was ended by a signal leaves the stick without a driver. */
  async function replugStick() {
    await lab.unplugStick();
    await lab.plugStick();
  }

  it("32 MiB that the server reads are the stick's bytes; then the kernel has the stick back", async function () {
    this.timeout(400_000);
    const out = join(folder, 'stick.img');
    const { server, port } = await serve('--read-sectors', String(SECTORS), '--out', out);
    const client = freerdp(port, `/usb:id,dev:${STICK}`);
    await server.waitForLine(/^client rdp:\/\/127\.0\.0\.1:\d+ connected/, SLOW);
    await server.waitForLine(/^device 46f4:0001 QEMU.* \(serial LAB0001\)/, SLOW);
    const [line] = await server.waitForLine(/^read 65536 sectors .*SHA-256.*/, 300_000);
    console.log(`      ${line}`);
    expect(await server.exit).to.equal('0');
    expect(await lab.sha256OfDevice(out, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
    await client.exit;
    await lab.waitUntil(() => lab.exists(lab.STICK.disk), SLOW, `${lab.STICK.disk} is back`);
  });

  it('two devices at once: the stick reads, and a key arrives as a report, also after FreeRDP let go of the idle request', async function () {
    this.timeout(300_000);
    const { port, device } = await serveHere();
    const client = freerdp(port, `/usb:id,dev:${STICK}#${KEYBOARD}`);
    const keyboard = await device(KEYBOARD);
    const stick = await device(STICK);
    expect(stick.serialNumber).to.equal(lab.STICK.serial);
    await keyboard.open();
    await keyboard.selectConfiguration(1);
    await keyboard.claimInterface(0);
    const report = keyboard.transferIn(1, 8);
    await sleep(IDLE_TIMEOUT + 2000);
    await lab.monitor('sendkey a');
    const { status, data } = await report;
    expect(status).to.equal('ok');
    expect(data?.getUint8(2), 'usage of the key A').to.equal(4);
    const released = await keyboard.transferIn(1, 8);
    expect(released.data?.getUint8(2)).to.equal(0);
    await keyboard.close();
    await client.stop();
    await replugStick();
  });

  it('unplugged and plugged in again, a device goes and comes', async function () {
    this.timeout(300_000);
    const { server, port } = await serve();
    const client = freerdp(port, `/usb:id,dev:${STICK}`);
    await server.waitForLine(/^device 46f4:0001/, SLOW);
    for (let round = 0; round < 2; round += 1) {
      await lab.unplugStick();
      await server.waitForLine(/^gone: 46f4:0001/, SLOW);
      await lab.plugStick({ disk: false });
      await server.waitForLine(/^device 46f4:0001/, SLOW);
    }
    await client.stop();
    await server.waitForLine(/^client .* disconnected/, SLOW);
    await replugStick();
  });

  it('xfreerdp killed in the middle ends that connection, and the next one is served', async function () {
    this.timeout(300_000);
    const { server, port } = await serve();
    for (const signal of /** @type {const} */ (['SIGKILL', 'SIGTERM'])) {
      const client = freerdp(port, `/usb:id,dev:${STICK}`);
      await server.waitForLine(/^device 46f4:0001/, SLOW);
      await client.stop(signal);
      await server.waitForLine(/^gone: 46f4:0001/, SLOW);
      await server.waitForLine(/^client .* disconnected/);
      await replugStick();
    }
    expect(await server.stop('SIGINT')).to.equal('0');
  });

  describe('what does not fit ends in one line', () => {
    it('a wrong password', async function () {
      this.timeout(300_000);
      const { server, port } = await serve();
      const client = start('xfreerdp', `/v:127.0.0.1:${port}`, '/cert:ignore', '/u:ali', '/p:wrong', '/usb:id,dev:1:1');
      await server.waitForLine(/^refused .*: wrong user name or password$/, SLOW);
      await client.waitForLine(/ERRINFO_SERVER_DENIED_CONNECTION/);
      expect(await client.exit).to.not.equal('0');
    });

    it('a client that redirects no USB devices', async function () {
      this.timeout(300_000);
      const { server, port } = await serve();
      const client = freerdp(port, '/sound:sys:fake');
      await server.waitForLine(/^client .* connected$/, SLOW);
      await server.waitForLine(/^client .* disconnected: the client refuses the channel URBDRC/);
      await client.exit;
    });

    it('a port scan: connect and close, random bytes, a TLS hello alone; a client is served afterwards', async function () {
      this.timeout(300_000);
      const { server, port } = await serve();
      for (const bytes of ['', '0102030405', '16030100c8010000c4', '474554202f20485454502f312e310d0a0d0a']) {
        const socket = connect(port, '127.0.0.1').on('error', () => {});
        socket.end(Buffer.from(bytes, 'hex'));
        await server.waitForLine(/^refused rdp:/, SLOW);
      }
      const half = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => {}));
      await server.waitForLine(/^refused .* was dropped/);
      for (const socket of half) socket.destroy();
      const client = freerdp(port, '/usb:id,dev:1:1');
      await server.waitForLine(/^client .* connected$/, SLOW);
      await client.stop();
      expect(server.lines.filter((line) => /^refused/.test(line))).to.have.length(204);
    });
  });
});
