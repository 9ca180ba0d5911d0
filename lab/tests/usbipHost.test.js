// Devices of this machine through the kernel's usbip-host: taken from their drivers, driven, and given back, also after a
// process was killed.
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../dist/src/entryPoints/urbdrc.js';
import { openUsbipHostDevices } from '../../dist/src/entryPoints/node.js';
import * as lab from './support.js';
import { SLOW, STICK_PORT, VhciStage } from './vhciStage.js';

const KEYBOARD = { vid: 0x0627, pid: 0x0001, port: '1-2' };
const SOUND = { vid: 0x46f4, pid: 0x0002, port: '1-4.1', file: '/lab-out/.sound.wav' };
/** Bytes of the loudspeaker's packets: 48 samples, left and right. */
const PACKET = 192;

/** @param {string} port */
async function take(port) {
  const source = await openUsbipHostDevices({ busids: [port], clock: systemClock });
  const [device] = await source.list();
  if (device === undefined) throw new Error(`no device at ${port}`);
  await device.open();
  /**
   * @param {import('../../dist/src/ports/usb.js').UsbOperation} operation
   * @returns {Promise<import('../../dist/src/ports/usb.js').UsbResult>}
   */
  const perform = (operation) => new Promise((resolve) => device.submit(operation, resolve));
  return { source, device, perform };
}

/** @param {{ vid: number, pid: number }} ids @param {string[]} drivers */
const expectDrivers = ({ vid, pid }, ...drivers) =>
  lab.waitUntil(async () => (await lab.driversOf(vid, pid)).join() === drivers.join(), SLOW, `${drivers} are back`);

describe('usbip-host', function () {
  before(() => lab.run('modprobe', ['usbip-host']).then(() => lab.run('modprobe', ['snd-usb-audio'])));

  it('a keyboard tells its keys, and usbhid has it back', async () => {
    const { source, perform } = await take(KEYBOARD.port);
    const report = perform({ type: 'transferIn', endpointAddress: 0x81, length: 8 });
    await lab.monitor('sendkey a');
    const { status, data } = await report;
    expect([status, data[2]]).to.deep.equal(['completed', 0x04]);
    await source.close();
    await expectDrivers(KEYBOARD, 'usbhid');
  });

  it('a loudspeaker plays every sample of isochronous transfers, and snd-usb-audio has it back', async () => {
    const { source, perform } = await take(SOUND.port);
    const chosen = await perform({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
    expect(chosen.status).to.equal('completed');
    const packets = 400;
    const sent = Buffer.alloc(2 * packets * PACKET);
    for (let at = 0; at < packets * PACKET; at += 4) {
      sent.writeInt16LE(((at / 4) % 30_000) + 1, at);
      sent.writeInt16LE(((at / 4) % 30_000) + 1, at + 2);
    }
    const packetLengths = Array.from({ length: 8 }, () => PACKET);
    let next = 0;
    const play = async () => {
      while (next < sent.length) {
        const data = sent.subarray(next, (next += 8 * PACKET));
        const operation = { endpointAddress: 1, data, packetLengths, startFrame: undefined };
        const result = await perform({ type: 'isochronousOut', ...operation });
        expect(result).to.include({ status: 'completed', transferred: data.length });
      }
    };
    await Promise.all(Array.from({ length: 8 }, play));
    await source.close();
    await expectDrivers(SOUND, 'snd-usb-audio', 'snd-usb-audio');
    // QEMU lowers the volume to 240 of 255. Behind the ramp is silence, which pushes it out of QEMU's buffers.
    const wanted = Array.from({ length: (packets * PACKET) / 4 }, (_, index) => (((index % 30_000) + 1) * 240) / 255);
    const isThere = async () => {
      const file = await readFile(SOUND.file);
      const heard = Array.from({ length: (file.length - 44) >> 2 }, (_, index) => file.readInt16LE(44 + 4 * index));
      return heard.some((_, start) => wanted.every((each, index) => Math.abs((heard[start + index] ?? 0) - each) <= 1));
    };
    await lab.waitUntil(isThere, SLOW, 'every sample is in the file');
  });

  it('a stick arrives at a server; what a killed process left, doctor tells and gives back', async () => {
    const stage = new VhciStage();
    const file = '/lab-out/usbipHost.img';
    const sectors = String((4 * 1024 * 1024) / 512);
    const server = stage.start('serve', '--listen', 'tcp://127.0.0.1:0', '--read-sectors', sectors, '--out', file);
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/, SLOW);
    const client = stage.start('redirect', '--from', `usbip-host:${STICK_PORT}`, '--connect', url);
    expect(await server.exit).to.equal('0');
    expect(await client.exit).to.equal('0');
    const bytes = 4 * 1024 * 1024;
    expect(await lab.sha256OfDevice(file, bytes)).to.equal(await lab.sha256OfDevice(lab.STICK.image, bytes));
    await expectDrivers(lab.STICK, 'usb-storage');

    const listening = stage.start('serve', '--listen', 'tcp://127.0.0.1:0');
    const [, second = ''] = await listening.waitForLine(/^listening on (\S+)/, SLOW);
    const killed = stage.start('redirect', '--from', `usbip-host:${STICK_PORT}`, '--connect', second);
    await listening.waitForLine(/^device 46f4:0001/, SLOW);
    await killed.stop('SIGKILL');
    const doctor = (/** @type {string[]} */ ...args) => {
      const program = stage.start('doctor', '--client', ...args);
      return program.exit.then(() => program.lines.join('\n'));
    };
    expect(await doctor()).to.match(/2-1 was taken from its drivers by a redirect that was killed/);
    expect(await doctor('--mend')).to.match(/the drivers of 2-1 have it back/);
    await expectDrivers(lab.STICK, 'usb-storage');
    await listening.stop();
  });
});
