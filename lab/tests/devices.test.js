// Other devices than the stick through the redirection: `urbdrc redirect` has the real one, a server of ours in this
// process drives it as WebUSB does, and TCP is between them.
import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import { listen } from '../../dist/src/entryPoints/node.js';
import { RedirectionServer, RemoteUsb } from '../../dist/src/entryPoints/urbdrc.js';
import * as lab from './support.js';

/** @typedef {import('../../dist/src/entryPoints/urbdrc.js').RemoteDevice} RemoteDevice */

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const KEYBOARD = { vid: 0x0627, pid: 0x0001, drivers: ['usbhid'] };
const SERIAL = { vid: 0x0403, pid: 0x6001, drivers: ['ftdi_sio'] };
const SOUND = { vid: 0x46f4, pid: 0x0002, drivers: ['snd-usb-audio', 'snd-usb-audio'] };

/** The bytes of a transfer that must have ended well. @param {USBInTransferResult} result */
function bytes({ status, data }) {
  expect(status).to.equal('ok');
  return data === undefined ? [] : [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

describe('real devices through the redirection', function () {
  // One program for all tests of a device.
  /** @type {RedirectionServer[]} */
  const servers = [];
  /** @type {Awaited<ReturnType<typeof listen>> | undefined} */
  let listener;
  /** @type {ReturnType<typeof lab.spawnProgram> | undefined} */
  let client;

  /**
   * Redirects the device, and opens it at the server.
   * @param {{ vid: number, pid: number, drivers: string[] }} ids
   * @param {string[]} options
   */
  async function redirect({ vid, pid, drivers }, ...options) {
    await waitForDrivers({ vid, pid, drivers });
    const usb = new RemoteUsb();
    listener = await listen('tcp://127.0.0.1:0', {}, (transport) => {
      const server = new RedirectionServer(transport);
      server.watch((device) => void usb.attach(device));
      servers.push(server);
    });
    /** @type {Promise<RemoteDevice>} */
    const arrival = new Promise((resolve) => {
      usb.addEventListener('connect', ({ device }) => resolve(device), { once: true });
    });
    const name = [vid, pid].map((id) => id.toString(16).padStart(4, '0')).join(':');
    const command = ['redirect', '--device', name, '--connect', listener.url, ...options];
    client = lab.spawnProgram(process.execPath, [MAIN, ...command]);
    await client.waitForLine(/^redirecting /, 120_000);
    const device = await arrival;
    await device.open();
    expect([device.vendorId, device.productId]).to.deep.equal([vid, pid]);
    expect(await lab.driversOf(vid, pid)).to.deep.equal(drivers.map(() => 'usbfs'));
    await device.selectConfiguration(1);
    for (const { interfaceNumber } of device.configuration?.interfaces ?? [])
      await device.claimInterface(interfaceNumber);
    return device;
  }

  /**
   * Ends the redirection: the kernel's drivers have the device again.
   * @param {{ vid: number, pid: number, drivers: string[] }} ids
   */
  async function expectDriversBack(ids) {
    expect(await client?.stop('SIGINT'), client?.lines.join('\n')).to.equal('0');
    await waitForDrivers(ids);
  }

  /** @param {{ vid: number, pid: number, drivers: string[] }} ids */
  const waitForDrivers = ({ vid, pid, drivers }) =>
    lab.waitUntil(
      async () => (await lab.driversOf(vid, pid)).join() === drivers.join(),
      60_000,
      `${drivers.join()} has the device`,
    );

  async function end() {
    await client?.stop('SIGKILL');
    for (const server of servers.splice(0)) await server.close();
    await listener?.close();
  }

  describe('the keyboard', () => {
    /** The boot report of one key, or of none, [HID] B.1. @param {number} [usage] */
    const report = (usage = 0) => [0, 0, usage, 0, 0, 0, 0, 0];
    /** @type {RemoteDevice} */
    let keyboard;

    before(async () => (keyboard = await redirect(KEYBOARD)));
    after(end);

    it('sends the report of a key that is typed, and that of its release', async () => {
      const pressed = keyboard.transferIn(1, 8);
      await lab.monitor('sendkey a');
      expect(bytes(await pressed)).to.deep.equal(report(0x04));
      expect(bytes(await keyboard.transferIn(1, 8))).to.deep.equal(report());
    });

    it('loses no key and keeps their order, with several reads waiting', async () => {
      const word = 'redirect';
      const reads = Array.from({ length: 2 * word.length }, () => keyboard.transferIn(1, 8));
      for (const key of word) await lab.monitor(`sendkey ${key}`);
      const reports = (await Promise.all(reads)).map(bytes);
      const usages = [...word].map((key) => 4 + key.charCodeAt(0) - 'a'.charCodeAt(0));
      expect(reports).to.deep.equal(usages.flatMap((usage) => [report(usage), report()]));
    });

    it('has the class requests of its interface: protocol, idle rate and lamps', async () => {
      const hid = /** @type {const} */ ({ requestType: 'class', recipient: 'interface', index: 0 });
      const protocol = async () => bytes(await keyboard.controlTransferIn({ ...hid, request: 0x03, value: 0 }, 1));
      for (const value of [0, 1]) {
        expect((await keyboard.controlTransferOut({ ...hid, request: 0x0b, value })).status).to.equal('ok');
        expect(await protocol()).to.deep.equal([value]);
      }
      const idle = { ...hid, request: 0x0a, value: 0x7d00 };
      expect((await keyboard.controlTransferOut(idle)).status).to.equal('ok');
      expect(bytes(await keyboard.controlTransferIn({ ...hid, request: 0x02, value: 0 }, 1))).to.deep.equal([0x7d]);
      expect((await keyboard.controlTransferOut({ ...hid, request: 0x0a, value: 0 })).status).to.equal('ok');
      const lamps = { ...hid, request: 0x09, value: 0x0200 };
      expect(await keyboard.controlTransferOut(lamps, new Uint8Array([2]))).to.include({ bytesWritten: 1 });
    });

    it("is the kernel's again in the end", () => expectDriversBack(KEYBOARD));
  });

  describe('the serial adapter', () => {
    const PACKET = 64;
    const toDevice = /** @type {const} */ ({ requestType: 'vendor', recipient: 'device', index: 0 });
    /** @type {Awaited<ReturnType<typeof lab.openLine>>} */
    let line;
    /** @type {RemoteDevice} */
    let serial;

    before(async () => {
      await lab.run('modprobe', ['ftdi_sio']);
      serial = await redirect(SERIAL);
      line = await lab.openLine();
      await setUp();
    });
    after(async () => {
      await line?.close();
      await end();
    });

    /** What a driver sends before it uses the line: reset, 9600 baud, 8 data bits, DTR and RTS, no flow control. */
    async function setUp() {
      for (const [request, value] of /** @type {const} */ ([
        [0x00, 0],
        [0x03, 0x4138],
        [0x04, 0x0008],
        [0x01, 0x0303],
        [0x02, 0],
      ])) {
        const { status } = await serial.controlTransferOut({ ...toDevice, request, value });
        expect([request, status]).to.deep.equal([request, 'ok']);
      }
    }

    /**
     * Reads until so many bytes have come over the line. Each packet begins with two bytes of status, of the modem and of
     * the line; one that has no more than these says that nothing came.
     * @param {number} count
     */
    async function receive(count) {
      /** @type {number[]} */
      const received = [];
      while (received.length < count) {
        const packets = bytes(await serial.transferIn(1, 8 * PACKET));
        for (let start = 0; start < packets.length; start += PACKET) {
          expect((packets[start] ?? 0) & 0x0f, 'the first byte of a packet').to.equal(1);
          received.push(...packets.slice(start + 2, start + PACKET));
        }
      }
      return Buffer.from(received);
    }

    it('has taken the vendor requests of its driver, and tells the state of its lines', async () => {
      const state = bytes(await serial.controlTransferIn({ ...toDevice, request: 0x05, value: 0 }, 2));
      expect(state).to.have.length(2);
      expect((state[0] ?? 0) & 0x0f).to.equal(1);
    });

    it('sends over the line what is written to it', async () => {
      const sent = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));
      for (const part of [sent.subarray(0, 1), sent.subarray(1, 65), sent.subarray(65)])
        expect(await serial.transferOut(2, part)).to.include({ status: 'ok', bytesWritten: part.length });
      expect((await line.read(sent.length)).toString('hex')).to.equal(sent.toString('hex'));
    });

    it('reads what comes over the line, a few bytes and many', async () => {
      for (const length of [1, 5, 62, 63, 1000]) {
        const coming = Buffer.from(Array.from({ length }, (_, index) => (index * 7) % 256));
        await line.write(coming);
        expect((await receive(length)).toString('hex')).to.equal(coming.toString('hex'));
      }
    });

    it("is the kernel's again in the end", () => expectDriversBack(SERIAL));
  });

  describe("the audio device's control part", () => {
    /** Class requests of the feature unit, [USB Audio 1.0] 5.2.2.4: the unit's id and the interface, then the control. */
    const UNIT = 0x0200;
    const MUTE = 0x0100;
    const VOLUME = 0x0200;
    const CURRENT = { set: 0x01, get: 0x81 };
    const [MINIMUM, MAXIMUM, RESOLUTION] = [0x82, 0x83, 0x84];

    /** @type {RemoteDevice} */
    let sound;

    before(async () => {
      await lab.run('modprobe', ['snd-usb-audio']);
      sound = await redirect(SOUND);
    });
    after(end);

    /**
     * @param {number} request
     * @param {number} value the control and its channel
     * @param {number} length
     */
    async function get(request, value, length) {
      const setup = /** @type {const} */ ({ requestType: 'class', recipient: 'interface', index: UNIT });
      return bytes(await sound.controlTransferIn({ ...setup, request, value }, length));
    }

    /**
     * @param {number} value the control and its channel
     * @param {number[]} data
     */
    async function set(value, data) {
      const setup = /** @type {const} */ ({ requestType: 'class', recipient: 'interface', index: UNIT });
      const result = await sound.controlTransferOut({ ...setup, request: CURRENT.set, value }, new Uint8Array(data));
      expect(result).to.include({ status: 'ok', bytesWritten: data.length });
    }

    it('is described by its descriptors: a control interface with a feature unit, and a stream', async () => {
      const setup = /** @type {const} */ ({ requestType: 'standard', recipient: 'device', request: 6, index: 0 });
      const device = bytes(await sound.controlTransferIn({ ...setup, value: 0x0100 }, 18));
      expect(device.slice(8, 12)).to.deep.equal([0xf4, 0x46, 0x02, 0x00]);
      const head = bytes(await sound.controlTransferIn({ ...setup, value: 0x0200 }, 9));
      const whole = bytes(
        await sound.controlTransferIn({ ...setup, value: 0x0200 }, (head[2] ?? 0) | ((head[3] ?? 0) << 8)),
      );
      const units = [];
      for (let at = 0; at < whole.length; at += whole[at] ?? 0)
        if (whole[at + 1] === 0x24 && whole[at + 2] === 0x06) units.push(whole[at + 3]);
      expect(units).to.deep.equal([UNIT >> 8]);
      const [control, stream] = sound.configuration?.interfaces ?? [];
      expect([control?.alternate.interfaceClass, control?.alternate.interfaceSubclass]).to.deep.equal([1, 1]);
      expect([stream?.alternate.interfaceClass, stream?.alternate.interfaceSubclass]).to.deep.equal([1, 2]);
      expect(stream?.alternates.map(({ endpoints }) => endpoints.length).slice(0, 2)).to.deep.equal([0, 1]);
      expect(sound.productName).to.match(/QEMU/);
    });

    it('is asked where it is plugged in: behind the hub', async () => {
      /** @param {import('../../dist/src/entryPoints/urbdrc.js').UsbBusQuery} query */
      const ask = (query) =>
        new Promise((resolve) => sound.port.submit({ type: 'queryBus', query }, ({ busAnswer }) => resolve(busAnswer)));
      const { name = '' } = (await lab.sysfsDevice(SOUND.vid, SOUND.pid)) ?? {};
      expect(await ask('hubCount')).to.deep.equal({ query: 'hubCount', hubCount: 2 });
      expect(await ask('hubName')).to.deep.equal({ query: 'hubName', name: `USB#HUB#${name.split('.')[0]}` });
      expect(await ask('portStatus')).to.deep.equal({ query: 'portStatus', isConnected: true, isEnabled: true });
    });

    it('keeps what is set: mute, and the volume of each channel', async () => {
      for (const muted of [1, 0]) {
        await set(MUTE, [muted]);
        expect(await get(CURRENT.get, MUTE, 1)).to.deep.equal([muted]);
      }
      // Steps that the device has exactly: 51 and 204 of its 255.
      for (const [channel, volume] of /** @type {const} */ ([
        [1, [0x33, 0x9b]],
        [2, [0xcd, 0xec]],
      ]))
        await set(VOLUME | channel, [...volume]);
      expect(await get(CURRENT.get, VOLUME | 1, 2)).to.deep.equal([0x33, 0x9b]);
      expect(await get(CURRENT.get, VOLUME | 2, 2)).to.deep.equal([0xcd, 0xec]);
      const range = [];
      for (const request of [MINIMUM, MAXIMUM, RESOLUTION]) {
        const [low = 0, high = 0] = await get(request, VOLUME | 1, 2);
        range.push(((low | (high << 8)) << 16) >> 16);
      }
      const [minimum = 0, maximum = 0, resolution = 0] = range;
      expect(minimum).to.be.lessThan(0);
      expect(maximum).to.be.greaterThan(minimum);
      expect(resolution).to.be.greaterThan(0);
    });

    it('stalls a request that it does not know, and goes on', async () => {
      const unknown = { requestType: 'class', recipient: 'interface', index: UNIT, request: 0x7f, value: 0 };
      const { status } = await sound.controlTransferIn(/** @type {USBControlTransferParameters} */ (unknown), 1);
      expect(status).to.equal('stall');
      expect(await get(CURRENT.get, MUTE, 1)).to.have.length(1);
    });

    it('switches its stream on and off, and plays what comes by isochronous transfers', async () => {
      const setup = /** @type {const} */ ({ requestType: 'standard', recipient: 'interface', request: 0x0a, index: 1 });
      const alternate = async () => bytes(await sound.controlTransferIn({ ...setup, value: 0 }, 1));
      expect(await alternate()).to.deep.equal([0]);
      await sound.selectAlternateInterface(1, 1);
      expect(await alternate()).to.deep.equal([1]);
      const { packets } = await sound.isochronousTransferOut(1, new Uint8Array(384), [192, 192]);
      expect(packets.map(({ status, bytesWritten }) => [status, bytesWritten])).to.deep.equal([
        ['ok', 192],
        ['ok', 192],
      ]);
      await sound.selectAlternateInterface(1, 0);
      expect(await alternate()).to.deep.equal([0]);
    });

    it("is the kernel's again in the end", () => expectDriversBack(SOUND));
  });

  it('says of isochronous transfers that they do not go through node-usb, where this was asked for', async () => {
    await lab.run('modprobe', ['snd-usb-audio']);
    const sound = await redirect(SOUND, '--backend', 'node-usb');
    try {
      await sound.selectAlternateInterface(1, 1);
      const refused = await sound.isochronousTransferOut(1, new Uint8Array(384), [192, 192]).then(
        () => 'it was taken',
        (/** @type {DOMException} */ { name, message }) => `${name}: ${message}`,
      );
      expect(refused).to.equal('NetworkError: isochronousTransferOut(1): the end that has the device cannot do this');
      await expectDriversBack(SOUND);
    } finally {
      await end();
    }
  });
});
