// An unmodified FreeRDP under Xvfb brings real devices to urbdrc serve --listen rdp://. The same for each of its versions.
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MassStorage } from '../../dist/src/entryPoints/urbdrc.js';
import { RdpServerConnection } from '../../dist/src/rdp/rdpServerConnection.js';
import {
  IDLE_TIMEOUT,
  KEYBOARD,
  replugStick,
  SLOW,
  Stage,
  startScreen,
  STICK,
  switchStickPort,
} from './freerdpStage.js';
import * as lab from './support.js';

const SECTORS = lab.STICK_HASHED / 512;

/**
 * Describes what holds for a version of FreeRDP.
 * @param {string} program its command
 * @param {RegExp} version what it says of itself
 */
export function describeSessions(program, version) {
  describe(`${program} redirects devices to urbdrc serve`, () => {
    /** @type {ReturnType<typeof lab.spawnProgram>} */
    let screen;
    /** @type {Stage} */
    let stage;

    before(async () => (screen = await startScreen()));
    after(() => screen.stop());

    beforeEach(async () => (stage = await Stage.open(program)));
    afterEach(() => stage.end());

    it('is the version that is meant', async function () {
      const client = stage.start(program, '/version');
      await client.waitForLine(version, SLOW);
      await client.exit;
    });

    it('needs nothing but the line that the server prints, a device and the password', async function () {
      const { server } = await stage.serve();
      const [, line = ''] = await server.waitForLine(/^the other end: \S+ (.*)$/);
      const client = stage.start(program, ...line.replace('VID:PID', STICK).split(' '), '/p:open sesame');
      await server.waitForLine(/^device 46f4:0001/, SLOW);
      await client.stop();
      await server.waitForLine(/^client .* disconnected/, SLOW);
      await replugStick();
    });

    it("32 MiB that the server reads are the stick's bytes; then the kernel has the stick back", async function () {
      const out = join(stage.folder, 'stick.img');
      const { server, port } = await stage.serve('--read-sectors', String(SECTORS), '--out', out);
      const client = stage.freerdp(port, `/usb:id,dev:${STICK}`);
      await server.waitForLine(/^client rdp:\/\/127\.0\.0\.1:\d+ connected/, SLOW);
      await server.waitForLine(/^client rdp:.* is FreeRDP: its deviations are allowed for$/, SLOW);
      await server.waitForLine(/^device 46f4:0001 QEMU.* \(serial LAB0001\)/, SLOW);
      const [line] = await server.waitForLine(/^read 65536 sectors .*SHA-256.*/, 300_000);
      console.log(`      ${line}`);
      expect(await server.exit).to.equal('0');
      expect(await lab.sha256OfDevice(out, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
      await client.exit;
      await lab.waitUntil(() => lab.exists(lab.STICK.disk), SLOW, `${lab.STICK.disk} is back`);
    });

    it('two devices at once: the stick reads, and a key arrives as a report, also after FreeRDP let go of the idle request', async function () {
      const { port, device } = await stage.serveHere();
      const client = stage.freerdp(port, `/usb:id,dev:${STICK}#${KEYBOARD}`);
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
      const { server, port } = await stage.serve();
      const client = stage.freerdp(port, `/usb:id,dev:${STICK}`);
      await server.waitForLine(/^device 46f4:0001/, SLOW);
      for (let round = 0; round < 2; round += 1) {
        await lab.unplugStick();
        await server.waitForLine(/^gone: 46f4:0001/, SLOW);
        await lab.plugStick({ disk: false });
        await server.waitForLine(/^device 46f4:0001/, SLOW);
      }
      for (let round = 0; round < 2; round += 1) {
        await switchStickPort('off');
        await server.waitForLine(/^gone: 46f4:0001/, SLOW);
        await switchStickPort('on');
        await server.waitForLine(/^device 46f4:0001/, SLOW);
      }
      await client.stop();
      await server.waitForLine(/^client .* disconnected/, SLOW);
      await replugStick();
    });

    it('FreeRDP activates its connection again when asked, and its devices go on meanwhile', async function () {
      const { received } = RdpServerConnection.prototype;
      let isDue = false;
      let activations = 0;
      // Nothing in our server makes it do this: so the answer to any packet says it too.
      RdpServerConnection.prototype.received = function (packet) {
        const { outgoing, events } = received.call(this, packet);
        if (events.some(({ type }) => type === 'repaint')) activations += 1;
        if (!isDue || !this.isActive) return { outgoing, events };
        isDue = false;
        return { outgoing: [...outgoing, ...this.reactivate().outgoing], events };
      };
      try {
        const { port, device } = await stage.serveHere();
        const client = stage.freerdp(port, `/usb:id,dev:${STICK}`);
        const storage = await MassStorage.open(await device(STICK), { sectorsPerCommand: 8 });
        const expected = await readFile(lab.STICK.image);
        let sector = 0;
        const readNext = async () => {
          const bytes = await storage.read(sector, 8);
          expect(Buffer.compare(bytes, expected.subarray(sector * 512, (sector + 8) * 512))).to.equal(0);
          sector += 8;
        };
        for (let round = 1; round <= 2; round += 1) {
          isDue = true;
          while (activations < round) await readNext();
          await readNext();
        }
        await storage.close();
        await client.stop();
      } finally {
        RdpServerConnection.prototype.received = received;
        await replugStick();
      }
    });

    it('killed in the middle ends that connection, and the next one is served', async function () {
      const { server, port } = await stage.serve();
      for (const signal of /** @type {const} */ (['SIGKILL', 'SIGTERM'])) {
        const client = stage.freerdp(port, `/usb:id,dev:${STICK}`);
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
        const { server, port } = await stage.serve();
        const client = stage.start(
          program,
          `/v:127.0.0.1:${port}`,
          '/cert:ignore',
          '/u:ali',
          '/p:wrong',
          '/usb:id,dev:1:1',
        );
        await server.waitForLine(/^refused .*: wrong user name or password$/, SLOW);
        await client.waitForLine(/ERRINFO_SERVER_DENIED_CONNECTION/);
        expect(await client.exit).to.not.equal('0');
      });

      it('a client that redirects no USB devices', async function () {
        const { server, port } = await stage.serve();
        const client = stage.freerdp(port, '/sound:sys:fake');
        await server.waitForLine(/^client .* connected$/, SLOW);
        await server.waitForLine(/^client .* disconnected: the client refuses the channel URBDRC/);
        await client.exit;
      });
    });
  });
}
