// Devices on libusb, with a real USB stack under them: src/devices/libusb.
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { readFile, readlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { inspectUsbDevice } from '../../dist/src/devices/libusb/access.js';
import * as lab from './support.js';

/** @typedef {import('../../dist/src/ports/usb.js').UsbDevice} UsbDevice */
/** @typedef {import('../../dist/src/ports/usb.js').UsbOperation} UsbOperation */
/** @typedef {import('../../dist/src/ports/usb.js').UsbResult} UsbResult */

const KEYBOARD = { vid: 0x0627, pid: 0x0001 };
const SERIAL = { vid: 0x0403, pid: 0x6001 };
const NETWORK = { vid: 0x0525, pid: 0xa4a2 };
const SOUND = { vid: 0x46f4, pid: 0x0002 };
const LIBUSB_DEVICES = new URL('../../dist/src/devices/libusb/libusbDevices.js', import.meta.url).href;
const BULK_IN = 0x81;
const BULK_OUT = 0x02;
const BLOCK = 512;

/**
 * @param {import('../../dist/src/devices/libusb/libusbDevices.js').LibusbDevices} devices
 * @param {{ vid: number, pid: number }} ids
 */
async function find(devices, { vid, pid }) {
  const all = await devices.list();
  const device = all.find(({ identity }) => identity.vendorId === vid && identity.productId === pid);
  if (device === undefined) throw new Error(`no device ${vid.toString(16)}:${pid.toString(16)}`);
  return device;
}

/**
 * @param {UsbDevice} device
 * @param {UsbOperation} operation
 */
function start(device, operation) {
  /** @type {import('../../dist/src/ports/usb.js').UsbTransfer | undefined} */
  let transfer;
  /** @type {Promise<UsbResult>} */
  const result = new Promise((resolve) => (transfer = device.submit(operation, resolve)));
  return { result, cancel: () => transfer?.cancel() };
}

/**
 * @param {UsbDevice} device
 * @param {UsbOperation} operation
 */
const perform = (device, operation) => start(device, operation).result;

/** @param {number} length @returns {UsbOperation} */
const getDeviceDescriptor = (length) => ({
  type: 'control',
  setup: { bmRequestType: 0x80, bRequest: 6, wValue: 0x0100, wIndex: 0, wLength: length },
  data: new Uint8Array(0),
  timeout: 1000,
});

/** The command block wrapper of a SCSI READ(10). @param {number} block @param {number} count @param {number} tag */
function readCommand(block, count, tag) {
  const wrapper = Buffer.alloc(31);
  wrapper.write('USBC');
  wrapper.writeUInt32LE(tag, 4);
  wrapper.writeUInt32LE(count * BLOCK, 8);
  wrapper.set([0x80, 0, 10, 0x28], 12);
  wrapper.writeUInt32BE(block, 17);
  wrapper.writeUInt16BE(count, 22);
  return wrapper;
}

/**
 * Reads from the start of the stick with Bulk-Only Transport; each command's data in several transfers, which are all on
 * their way at once. The status is read after them: QEMU's stick forgets a transfer that waits for it while data is on its way.
 * @param {UsbDevice} device
 * @param {number} bytes
 */
async function readStick(device, bytes) {
  const hash = createHash('sha256');
  const [perCommand, perTransfer] = [512 * 1024, 64 * 1024];
  for (let offset = 0; offset < bytes; offset += perCommand) {
    const command = readCommand(offset / BLOCK, perCommand / BLOCK, offset / perCommand);
    const sent = perform(device, { type: 'transferOut', endpointAddress: BULK_OUT, data: command });
    const parts = [];
    for (let at = 0; at < perCommand; at += perTransfer)
      parts.push(perform(device, { type: 'transferIn', endpointAddress: BULK_IN, length: perTransfer }));
    expect(await sent).to.include({ status: 'completed', transferred: 31 });
    for (const part of await Promise.all(parts)) {
      expect(part).to.include({ status: 'completed', transferred: perTransfer });
      hash.update(part.data);
    }
    const status = await perform(device, { type: 'transferIn', endpointAddress: BULK_IN, length: 13 });
    expect([status.status, status.transferred, status.data[12]]).to.deep.equal(['completed', 13, 0]);
  }
  return hash.digest('hex');
}

/** @typedef {import('../../dist/src/devices/libusb/usbBinding.js').UsbBackend} UsbBackend */

/**
 * A program that opens the stick, and then does this.
 * @param {UsbBackend} backend
 * @param {string} then JavaScript; `stick` is the device, `source` where it comes from
 */
const stickProgramOn = (backend, then) => [
  '--input-type=module',
  '-e',
  `import { openLibusbDevices } from '${LIBUSB_DEVICES}';
   const source = await openLibusbDevices({ backend: '${backend}' });
   const stick = (await source.list()).find(({ identity }) => identity.serialNumber === '${lab.STICK.serial}');
   ${then}`,
];

describe("the port of a device's hub", () => {
  it('keeps drivers off as long as it is claimed, at most until the program is killed', async () => {
    const { path = '' } = (await lab.sysfsDevice(KEYBOARD.vid, KEYBOARD.pid)) ?? {};
    const name = `${basename(path)}:1.0`;
    const probe = () => writeFile('/sys/bus/usb/drivers_probe', name).catch(() => {});
    const driver = () => readlink(`${path}/${name}/driver`).then(basename, () => 'none');
    const [bus, port] = basename(path).split('-');
    const program = lab.spawnProgram(process.execPath, [
      '--input-type=module',
      '-e',
      `import koffi from 'koffi';
       import { claimPort } from '${new URL('koffi/hubPort.js', LIBUSB_DEVICES).href}';
       const release = await claimPort(koffi, { busNumber: ${bus}, portNumbers: [${port}] }, { patience: 60_000 });
       console.log(release === undefined ? 'not claimed' : 'claimed');
       setInterval(() => {}, 1000);`,
    ]);
    expect((await program.waitForLine(/claimed$/))[0]).to.equal('claimed');
    await writeFile('/sys/bus/usb/drivers/usbhid/unbind', name);
    await probe();
    expect(await driver()).to.equal('none');
    await program.stop('SIGKILL');
    await lab.waitUntil(async () => (await probe(), (await driver()) === 'usbhid'), 10_000, 'the driver is back');
  });
});

for (const backend of /** @type {const} */ (['koffi', 'node-usb']))
  describe(`devices on libusb through ${backend}`, () => {
    const stickProgram = (/** @type {string} */ then) => stickProgramOn(backend, then);
    /** @type {import('../../dist/src/devices/libusb/libusbDevices.js').LibusbDevices} */
    let devices;
    beforeEach(async () => {
      devices = await openLibusbDevices({ backend, pollInterval: 100 });
    });
    afterEach(() => devices.close());

    describe('list', () => {
      it('tells identity, true speed and names without opening a device', async () => {
        const { identity } = await find(devices, lab.STICK);
        const truth = await lab.sysfsDevice(lab.STICK.vid, lab.STICK.pid);
        expect(identity).to.include({ speed: 'super', serialNumber: lab.STICK.serial, portPath: truth?.name });
        expect(identity).to.include({ busNumber: truth?.busNumber, deviceAddress: truth?.deviceNumber });
        expect(identity).to.include({ manufacturerName: 'QEMU', productName: 'QEMU USB HARDDRIVE' });
        expect((await find(devices, KEYBOARD)).identity.speed).to.equal('high');
        expect((await find(devices, SERIAL)).identity.speed).to.equal('full');
        expect((await find(devices, SOUND)).identity.speed).to.equal('full');
      });

      it('gives the same object for the same device', async () => {
        expect(await find(devices, lab.STICK)).to.equal(await find(devices, lab.STICK));
      });

      it('has the descriptors that the device itself sends', async () => {
        for (const ids of [lab.STICK, SERIAL, SOUND]) {
          const device = await find(devices, ids);
          await device.open();
          const { data } = await perform(device, getDeviceDescriptor(18));
          expect(Buffer.from(data).toString('hex')).to.equal(Buffer.from(device.deviceDescriptor).toString('hex'));
          for (const [index, configuration] of device.configurationDescriptors.entries()) {
            const setup = { bmRequestType: 0x80, bRequest: 6, wValue: 0x0200 | index, wIndex: 0, wLength: 0xffff };
            const { data } = await perform(device, { type: 'control', setup, data: new Uint8Array(0), timeout: 1000 });
            expect(Buffer.from(data).toString('hex')).to.equal(Buffer.from(configuration).toString('hex'));
          }
          await device.close();
        }
      });

      it('knows the drivers in use and that root may open', async () => {
        const { identity } = await find(devices, lab.STICK);
        expect(inspectUsbDevice(identity)).to.deep.equal({ drivers: ['usb-storage'], canOpen: true });
      });
    });

    describe('the stick', () => {
      it('is taken from usb-storage, read with several transfers in flight, and given back', async function () {
        const device = await find(devices, lab.STICK);
        await device.open();
        expect(inspectUsbDevice(device.identity)).to.include({ canOpen: false });
        expect(inspectUsbDevice(device.identity).drivers).to.deep.equal(['usbfs']);
        expect(await lab.exists(lab.STICK.disk)).to.equal(false);
        const [configuration] = device.configurationDescriptors;
        const select = { type: /** @type {const} */ ('setConfiguration'), configurationValue: configuration?.[5] ?? 0 };
        expect(await perform(device, select)).to.include({ status: 'completed' });
        expect(await readStick(device, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
        await device.close();
        await lab.waitUntil(() => lab.exists(lab.STICK.disk), 20_000, 'the disk comes back');
        expect(inspectUsbDevice(device.identity)).to.deep.equal({ drivers: ['usb-storage'], canOpen: true });
        expect(await lab.sha256OfDevice(lab.STICK.disk, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
      });

      it('can be opened again after it was closed, and by one program at a time', async () => {
        const device = await find(devices, lab.STICK);
        await device.open();
        await device.open().then(
          () => expect.fail('opened twice'),
          (error) =>
            expect(error.message).to.match(/^USB device \S+ \(46f4:0001 QEMU USB HARDDRIVE\) is open already$/),
        );
        const attempt = 'await stick.open().catch(({ message }) => console.log(message)); await source.close()';
        const { stdout } = await lab.run(process.execPath, stickProgram(attempt));
        expect(stdout).to.match(/is in use by another program: end that program\n$/);
        await device.close();
        await device.open();
        expect(await perform(device, getDeviceDescriptor(18))).to.include({ status: 'completed', transferred: 18 });
        await device.close();
        await device.close();
      });

      it('stalls what it does not know, and goes on after clearHalt', async () => {
        const device = await find(devices, lab.STICK);
        await device.open();
        const setup = { bmRequestType: 0xc0, bRequest: 0x77, wValue: 0, wIndex: 0, wLength: 4 };
        const unknown = await perform(device, { type: 'control', setup, data: new Uint8Array(0), timeout: 1000 });
        expect(unknown).to.include({ status: 'stalled', transferred: 0 });
        expect(await perform(device, { type: 'clearHalt', endpointAddress: BULK_IN })).to.include({
          status: 'completed',
        });
        expect(await readStick(device, 1024 * 1024)).to.have.length(64);
        expect(await perform(device, { type: 'resetEndpoint', endpointAddress: BULK_OUT })).to.include({
          status: 'completed',
        });
        expect(await readStick(device, 1024 * 1024)).to.have.length(64);
      });

      it('ends a transfer early with a short packet', async () => {
        const device = await find(devices, lab.STICK);
        await device.open();
        await perform(device, { type: 'transferOut', endpointAddress: BULK_OUT, data: readCommand(0, 1, 1) });
        const short = await perform(device, { type: 'transferIn', endpointAddress: BULK_IN, length: 4096 });
        expect(short).to.include({ status: 'completed', transferred: BLOCK });
        expect(short.data).to.have.length(BLOCK);
      });

      it('is the same device after a reset, with its drivers still away', async () => {
        const device = await find(devices, lab.STICK);
        await device.open();
        for (const type of /** @type {const} */ (['resetDevice', 'cyclePort'])) {
          expect(await perform(device, { type })).to.include({ status: 'completed' });
          expect(inspectUsbDevice(device.identity).drivers).to.deep.equal(['usbfs']);
          expect(await readStick(device, 1024 * 1024)).to.have.length(64);
        }
        expect(device.gone.aborted).to.equal(false);
      });

      it('is unconfigured and configured again, and has its driver back in the end', async () => {
        const device = await find(devices, lab.STICK);
        await device.open();
        const value = device.configurationDescriptors[0]?.[5] ?? 0;
        const path = `/sys/bus/usb/devices/${device.identity.portPath}/bConfigurationValue`;
        expect(await perform(device, { type: 'setConfiguration', configurationValue: 0 })).to.include({
          status: 'completed',
        });
        expect((await readFile(path, 'utf8')).trim()).to.equal('');
        const read = perform(device, { type: 'transferIn', endpointAddress: BULK_IN, length: 13 });
        expect((await read).status).to.equal('notFound');
        // As a control transfer it is the same operation.
        const setup = { bmRequestType: 0, bRequest: 9, wValue: value, wIndex: 0, wLength: 0 };
        const set = await perform(device, { type: 'control', setup, data: new Uint8Array(0), timeout: 1000 });
        expect(set).to.include({ status: 'completed' });
        expect(await readStick(device, 1024 * 1024)).to.have.length(64);
        await perform(device, { type: 'setConfiguration', configurationValue: 0 });
        await device.close();
        await lab.waitUntil(() => lab.exists(lab.STICK.disk), 20_000, 'the disk comes back');
      });

      it('says what to do when this user may not open it', async () => {
        const report = `
        const { inspectUsbDevice } = await import('${new URL('access.js', LIBUSB_DEVICES).href}');
        console.log(JSON.stringify(inspectUsbDevice(stick.identity)));
        await stick.open().catch(({ message }) => console.log(message));`;
        const { stdout } = await lab.run(process.execPath, stickProgram(report), { uid: 65534, gid: 65534 });
        const [access = '', message = ''] = stdout.split('\n');
        expect(JSON.parse(access)).to.deep.include({ drivers: ['usb-storage'], canOpen: false });
        expect(JSON.parse(access).advice).to.match(
          /^no permission to write \/dev\/bus\/usb\/\d{3}\/\d{3}; run as root, or /,
        );
        expect(message).to.match(
          / may not be opened: no permission .* ATTR\{idVendor\}=="46f4", ATTR\{idProduct\}=="0001"/,
        );
      });

      it('is given back when the process ends without closing it', async () => {
        const begin = `await stick.open();
        const keyboard = (await source.list()).find(({ identity }) => identity.vendorId === ${KEYBOARD.vid});
        await keyboard.open();
        keyboard.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, () => {});
        console.log('opened');`;
        for (const [end, code] of [
          ['process.exit(7)', '7'],
          ['setTimeout(() => { throw new Error("crash") })', '1'],
        ]) {
          const program = lab.spawnProgram(process.execPath, stickProgram(`${begin} ${end}`));
          await program.waitForLine(/opened/);
          expect(await program.exit).to.equal(code);
          for (const [ids, driver] of /** @type {const} */ ([
            [lab.STICK, 'usb-storage'],
            [KEYBOARD, 'usbhid'],
          ]))
            expect(inspectUsbDevice((await find(devices, ids)).identity).drivers).to.deep.equal([driver]);
          await lab.waitUntil(() => lab.exists(lab.STICK.disk), 20_000, 'the disk comes back');
        }
      });

      it('is found without a driver after a kill, and can be given back by hand', async () => {
        const program = lab.spawnProgram(process.execPath, stickProgram(`await stick.open(); console.log('opened')`));
        await program.waitForLine(/opened/);
        await program.stop('SIGKILL');
        const { identity } = await find(devices, lab.STICK);
        expect(inspectUsbDevice(identity)).to.deep.equal({ drivers: [], canOpen: true });
        await writeFile('/sys/bus/usb/drivers_probe', `${identity.portPath}:1.0`);
        expect(inspectUsbDevice(identity)).to.deep.equal({ drivers: ['usb-storage'], canOpen: true });
        await lab.waitUntil(() => lab.exists(lab.STICK.disk), 20_000, 'the disk comes back');
      });
    });

    describe('cancelling', () => {
      it('ends an interrupt transfer of the keyboard, and only that one', async () => {
        const device = await find(devices, KEYBOARD);
        await device.open();
        const first = start(device, { type: 'transferIn', endpointAddress: 0x81, length: 8 });
        const second = start(device, { type: 'transferIn', endpointAddress: 0x81, length: 8 });
        first.cancel();
        first.cancel();
        expect(await first.result).to.deep.include({ status: 'cancelled', transferred: 0 });
        await lab.monitor('sendkey a');
        const { status, data } = await second.result;
        expect([status, ...data]).to.deep.equal(['completed', 0, 0, 4, 0, 0, 0, 0, 0]);
        second.cancel();
      });

      it('ends bulk transfers of the serial line', async () => {
        const device = await find(devices, SERIAL);
        await device.open();
        // It sends two bytes of status now and then, so that only transfers after the first wait.
        const all = Array.from({ length: 8 }, () =>
          start(device, { type: 'transferIn', endpointAddress: 0x81, length: 64 }),
        );
        const aborted = perform(device, { type: 'abortEndpoint', endpointAddress: 0x81 });
        expect(await aborted).to.include({ status: 'completed' });
        const statuses = await Promise.all(all.map(async ({ result }) => (await result).status));
        expect(statuses).to.include('cancelled');
        expect(statuses.filter((status) => status !== 'cancelled' && status !== 'completed')).to.deep.equal([]);
      });

      it('ends everything on close', async () => {
        const device = await find(devices, KEYBOARD);
        await device.open();
        const read = start(device, { type: 'transferIn', endpointAddress: 0x81, length: 8 });
        await device.close();
        expect((await read.result).status).to.equal('cancelled');
        expect(inspectUsbDevice(device.identity).drivers).to.deep.equal(['usbhid']);
        expect((await perform(device, getDeviceDescriptor(18))).status).to.equal('disconnected');
      });
    });

    describe('several interfaces', () => {
      before(() => lab.run('modprobe', ['snd-usb-audio']));

      it('are claimed together, and their driver gets all of them back', async () => {
        const device = await find(devices, SOUND);
        const { portPath } = device.identity;
        /** @param {number} number */
        const driver = (number) =>
          readlink(`/sys/bus/usb/devices/${portPath}/${portPath}:1.${number}/driver`).then(basename, () => 'none');
        expect([await driver(0), await driver(1)]).to.deep.equal(['snd-usb-audio', 'snd-usb-audio']);
        await device.open();
        expect(inspectUsbDevice(device.identity).drivers).to.deep.equal(['usbfs']);
        const alternate = { type: /** @type {const} */ ('setInterface'), interfaceNumber: 1, alternateSetting: 1 };
        expect(await perform(device, alternate)).to.include({ status: 'completed' });
        const path = `/sys/bus/usb/devices/${portPath}/${portPath}:1.1/bAlternateSetting`;
        expect((await readFile(path, 'utf8')).trim()).to.equal('1');
        expect(await perform(device, { type: 'setConfiguration', configurationValue: 1 })).to.include({
          status: 'completed',
        });
        expect((await readFile(path, 'utf8')).trim()).to.equal('0');
        await device.close();
        expect([await driver(0), await driver(1)]).to.deep.equal(['snd-usb-audio', 'snd-usb-audio']);
      });

      it('have isochronous transfers on koffi, and say on node-usb that these are not supported', async () => {
        const device = await find(devices, SOUND);
        await device.open();
        await perform(device, { type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
        const packetLengths = [192, 0, 192];
        const operation = { endpointAddress: 1, data: new Uint8Array(384), packetLengths, startFrame: undefined };
        const result = await perform(device, { type: 'isochronousOut', ...operation });
        if (backend === 'node-usb') expect(result.status).to.equal('notSupported');
        else {
          expect(result).to.include({ status: 'completed', transferred: 384 });
          expect(result.packets).to.deep.equal(packetLengths.map((length) => ({ status: 'completed', length })));
        }
      });
    });

    describe('several configurations', () => {
      before(() => lab.monitor('device_add usb-net,id=network0,bus=xhci.0,port=7'));
      after(async () => {
        await lab.monitor('device_del network0');
        await lab.waitUntil(
          async () => (await lab.sysfsDevice(NETWORK.vid, NETWORK.pid)) === undefined,
          10_000,
          'the network adapter is gone',
        );
        // rndis_host uses cdc_ether.
        await lab.run('modprobe', ['-r', 'rndis_host', 'cdc_ether']);
      });

      it('are chosen with all their interfaces, and the first comes back on close', async () => {
        await lab.waitUntil(async () => await lab.sysfsDevice(NETWORK.vid, NETWORK.pid), 10_000, 'the network adapter');
        const device = await find(devices, NETWORK);
        const path = `/sys/bus/usb/devices/${device.identity.portPath}/bConfigurationValue`;
        const active = async () => Number(await readFile(path, 'utf8'));
        await lab.waitUntil(active, 10_000, 'its configuration');
        const first = await active();
        const values = device.configurationDescriptors.map((descriptor) => descriptor[5] ?? 0);
        const other = values.find((value) => value !== first) ?? 0;
        const driversBefore = inspectUsbDevice(device.identity).drivers;
        await device.open();
        expect(await perform(device, { type: 'setConfiguration', configurationValue: other })).to.include({
          status: 'completed',
        });
        expect(await active()).to.equal(other);
        expect(inspectUsbDevice(device.identity).drivers).to.deep.equal(['usbfs']);
        const missing = await perform(device, { type: 'setConfiguration', configurationValue: 77 });
        expect(missing.status).to.equal('notFound');
        await device.close();
        expect(await active()).to.equal(first);
        expect(inspectUsbDevice(device.identity).drivers).to.deep.equal(driversBefore);
      });

      it('have no drivers of this machine on koffi while they are chosen, and on node-usb for a moment', async () => {
        await lab.run('modprobe', ['-a', 'cdc_ether', 'rndis_host']);
        const device = await find(devices, NETWORK);
        const { portPath } = device.identity;
        const driversNow = () => inspectUsbDevice(device.identity).drivers;
        await lab.waitUntil(() => driversNow().length > 0, 10_000, 'the network adapter has a driver');
        const driversBefore = driversNow();
        /** Each driver of a network adapter says so when it takes one. */
        const taken = async () =>
          (await lab.run('dmesg')).stdout
            .split('\n')
            .filter((line) => line.includes(portPath) && /: register '/.test(line)).length;
        const first = Number(await readFile(`/sys/bus/usb/devices/${portPath}/bConfigurationValue`, 'utf8'));
        const values = device.configurationDescriptors.map((descriptor) => descriptor[5] ?? 0);
        const other = values.find((value) => value !== first) ?? 0;
        const atStart = await taken();
        await device.open();
        for (const configurationValue of [other, first, other])
          expect(await perform(device, { type: 'setConfiguration', configurationValue })).to.include({
            status: 'completed',
          });
        expect(await taken()).to.equal(backend === 'koffi' ? atStart : atStart + 3);
        await device.close();
        expect(driversNow()).to.deep.equal(driversBefore);
        expect(await taken()).to.equal(backend === 'koffi' ? atStart + 1 : atStart + 4);
      });
    });

    describe('unplugging', () => {
      const unplugKeyboard = () => lab.monitor('device_del keyboard0');
      const plugKeyboard = () => lab.monitor('device_add usb-kbd,id=keyboard0,bus=xhci.0,port=2');
      after(async () => {
        if ((await lab.sysfsDevice(lab.STICK.vid, lab.STICK.pid)) === undefined) await lab.plugStick();
      });

      /**
       * The keyboard goes while transfers wait, and comes again.
       * @param {() => Promise<unknown>} unplug
       * @param {() => Promise<unknown>} plug
       */
      async function unplugAndPlug(unplug, plug) {
        /** @type {string[]} */
        const events = [];
        const isKeyboard = (/** @type {UsbDevice} */ { identity }) => identity.vendorId === KEYBOARD.vid;
        const stop = devices.watch((device) => isKeyboard(device) && events.push('added'));
        const device = await find(devices, KEYBOARD);
        device.gone.addEventListener('abort', () => events.push('gone'));
        await device.open();
        const reads = [1, 2].map(() => start(device, { type: 'transferIn', endpointAddress: 0x81, length: 8 }));
        await unplug();
        for (const { result } of reads) expect((await result).status).to.equal('disconnected');
        await lab.waitUntil(() => device.gone.aborted && events.length > 0, 5000, 'the device is gone');
        expect((await perform(device, getDeviceDescriptor(18))).status).to.equal('disconnected');
        await device.close();
        await plug();
        await lab.waitUntil(() => events.length > 1, 10_000, 'the device is there again');
        expect(events).to.deep.equal(['gone', 'added']);
        stop();
        const again = await find(devices, KEYBOARD);
        expect(again).not.to.equal(device);
        await again.open();
        expect(await perform(again, getDeviceDescriptor(18))).to.include({ status: 'completed' });
        await again.close();
      }

      it('ends transfers as disconnected, and the device that comes back is seen and opens', async () => {
        await unplugAndPlug(unplugKeyboard, plugKeyboard);
      });

      it('is the same where devices are looked for instead of waited for', async () => {
        await devices.close();
        devices = await openLibusbDevices({ backend, hotplug: 'polling', pollInterval: 100 });
        await unplugAndPlug(unplugKeyboard, plugKeyboard);
      });

      it('is the same where no udevd tells libusb of it', async () => {
        await devices.close();
        const [udevd = ''] = (await lab.run('pgrep', ['-f', 'systemd-udevd'])).stdout.split('\n');
        process.kill(Number(udevd), 'SIGSTOP');
        try {
          devices = await openLibusbDevices({ backend, hotplug: 'polling', pollInterval: 100 });
          await unplugAndPlug(unplugKeyboard, plugKeyboard);
        } finally {
          process.kill(Number(udevd), 'SIGCONT');
        }
      });

      it('is the same for a device whose authorization is taken away', async () => {
        await devices.close();
        devices = await openLibusbDevices({ backend, hotplug: 'polling', pollInterval: 100 }); // no event tells of this
        const { path } = (await lab.sysfsDevice(KEYBOARD.vid, KEYBOARD.pid)) ?? {};
        const authorize = (/** @type {string} */ value) => writeFile(`${path}/authorized`, value);
        await unplugAndPlug(
          () => authorize('0'),
          () => authorize('1'),
        );
      });

      it('stops a reader in the middle', async function () {
        const device = await find(devices, lab.STICK);
        await device.open();
        const reading = readStick(device, lab.STICK_HASHED).catch((error) => error);
        const unplugged = lab.unplugStick();
        expect((await reading).message).to.match(/expected .*disconnected/);
        await unplugged;
        await lab.waitUntil(() => device.gone.aborted, 5000, 'the device is gone');
        await device.close();
        await lab.plugStick();
      });

      it('is noticed of an open device although nobody watches and nothing is on its way', async function () {
        const device = await find(devices, lab.STICK);
        await device.open();
        await lab.unplugStick();
        await lab.waitUntil(() => device.gone.aborted, 5000, 'the device is gone');
        await device.close();
        await lab.plugStick();
      });
    });

    it('outlives the JavaScript that loaded it: its thread that hears udev runs until the process ends', async () => {
      const worker = `
        import { openLibusbDevices } from '${LIBUSB_DEVICES}';
        const source = await openLibusbDevices({ backend: '${backend}', hotplug: 'events' });
        source.watch(() => {});
        const keyboard = (await source.list()).find(({ identity }) => identity.vendorId === ${KEYBOARD.vid});
        await keyboard.open();
        await source.close();`;
      const program = lab.spawnProgram(process.execPath, [
        '--input-type=module',
        '-e',
        `import { Worker } from 'node:worker_threads';
         process.on('SIGTERM', () => process.exit(7));
         const code = 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)});
         new Worker(new URL(code)).once('exit', (code) => console.log('worker ended: ' + code));
         setInterval(() => {}, 1000);`,
      ]);
      await program.waitForLine(/^worker ended: 0$/);
      await lab.unplugStick();
      await lab.plugStick();
      expect(await program.stop()).to.equal('7');
    });

    it('lets the process end once everything is closed', async () => {
      const program = `
      await source.close();
      for (const hotplug of ['events', 'polling']) {
        const source = await openLibusbDevices({ backend: '${backend}', hotplug });
        source.watch(() => {});
        const keyboard = (await source.list()).find(({ identity }) => identity.vendorId === ${KEYBOARD.vid});
        await keyboard.open();
        keyboard.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, ({ status }) => console.log(status));
        await source.close();
      }`;
      const { stdout } = await lab.run(process.execPath, stickProgram(program), { timeout: 20_000 });
      expect(stdout).to.equal('cancelled\ncancelled\n');
    });
  });
