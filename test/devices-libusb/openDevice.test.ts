import { expect } from 'chai';
import {
  CONFIGURATIONS,
  configuration,
  SoftwarePlatform,
  type SoftwareTransfer,
  start,
  statusOf,
} from './softwareLibusb.ts';
import type { UsbDevice, UsbOperation } from '../../src/ports/usb.ts';

const readBulk = (length = 512): UsbOperation => ({ type: 'transferIn', endpointAddress: 0x81, length });
const setup = (bmRequestType: number, bRequest: number, wValue = 0, wIndex = 0, wLength = 0) => ({
  ...{ bmRequestType, bRequest, wValue, wIndex, wLength },
});
const control = (packet: ReturnType<typeof setup>, data = new Uint8Array(0), timeout = 0): UsbOperation => ({
  ...{ type: 'control', setup: packet, data, timeout },
});

describe('a libusb device', () => {
  let platform: SoftwarePlatform;
  const pending = (index: number): SoftwareTransfer => {
    const transfer = platform.native.pending[index];
    if (transfer === undefined) throw new Error(`no transfer ${index}`);
    return transfer;
  };
  beforeEach(() => (platform = new SoftwarePlatform()));
  afterEach(() => platform.source.close());

  describe('open', () => {
    it('claims every interface by its number, not by its place', async () => {
      await (await platform.device()).open();
      expect(platform.native.log).to.deep.equal(['open', 'claim 0', 'claim 2', 'claim 5']);
    });

    it('claims nothing of a device without a configuration', async () => {
      platform.native.active = 0;
      await (await platform.device()).open();
      expect(platform.native.log).to.deep.equal(['open']);
    });

    it('asks the device for its configuration where libusb cannot read the descriptor', async () => {
      platform.native.errors.set('configuration', -1);
      const device = await platform.device();
      const opened = device.open();
      const asked = pending(0);
      expect([...(asked.buffer?.subarray(0, 8) ?? [])]).to.deep.equal([0x80, 8, 0, 0, 0, 0, 1, 0]);
      expect(asked.timeout).to.be.greaterThan(0);
      asked.end(0, Uint8Array.of(2));
      await opened;
      expect(platform.native.log).to.deep.equal(['open', 'claim 1']);
    });

    it('takes a device for unconfigured that answers 0', async () => {
      platform.native.errors.set('configuration', -1);
      const opened = (await platform.device()).open();
      pending(0).end(0, Uint8Array.of(0));
      await opened;
      expect(platform.native.log).to.deep.equal(['open']);
    });

    it('says what libusb says when the device does not answer either', async () => {
      platform.native.errors.set('configuration', -1);
      const opened = (await platform.device()).open().catch((reason: unknown) => reason as Error);
      pending(0).end(2);
      expect(await opened)
        .to.have.property('message')
        .that.matches(/cannot be opened: LIBUSB -1$/);
      expect(platform.native.log.at(-1)).to.equal('close');
    });

    it('gives back what it took before an interface refused, and says what to do', async () => {
      platform.native.drivers.add(0);
      platform.native.errors.set('claim 2', -6);
      const device = await platform.device();
      const error = await device.open().then(
        () => undefined,
        (reason: unknown) => reason as Error,
      );
      expect(error?.message).to.equal(
        'USB device 1-2.3 (1234:5678 Thing) is in use by another program: end that program',
      );
      expect([...platform.native.drivers]).to.deep.equal([0]);
      expect(platform.native.log.at(-1)).to.equal('close');
      platform.native.errors.clear();
      await device.open();
    });

    for (const [errno, problem] of [
      [-3, /may not be opened: /],
      [-4, /is no longer there; plug it in again$/],
      [-99, /cannot be opened: LIBUSB -99$/],
    ] as const)
      it(`explains error ${errno} in one line`, async () => {
        platform.native.errors.set('open', errno);
        const error = await (await platform.device()).open().catch((reason: unknown) => reason as Error);
        expect(error).to.have.property('message').that.matches(problem);
        expect(error).to.have.property('message').that.does.not.include('\n');
      });

    it('refuses a second time while open, and works again after close', async () => {
      const device = await platform.openDevice();
      const error = await device.open().catch((reason: unknown) => reason as Error);
      expect(error)
        .to.have.property('message')
        .that.matches(/is open already$/);
      await device.close();
      await device.open();
    });
  });

  describe('transfers', () => {
    let device: UsbDevice;
    beforeEach(async () => (device = await platform.openDevice()));

    it('read what the device sent and not more', async () => {
      const { result } = start(device, readBulk());
      pending(0).end(0, Uint8Array.of(1, 2, 3));
      expect(await result).to.deep.equal({ status: 'completed', data: Uint8Array.of(1, 2, 3), transferred: 3 });
    });

    for (const size of [13, 4096])
      it(`hand up ${size} bytes that no later transfer changes`, async () => {
        const first = start(device, readBulk(4096));
        pending(0).end(0, new Uint8Array(size).fill(1));
        const { data } = await first.result;
        const second = start(device, readBulk(4096));
        pending(0).end(0, new Uint8Array(size).fill(2));
        expect((await second.result).data[0]).to.equal(2);
        expect(data).to.deep.equal(new Uint8Array(size).fill(1));
      });

    it('ask for exactly the length that the caller wants', () => {
      start(device, readBulk(100));
      expect(pending(0).buffer?.byteLength).to.equal(100);
      pending(0).end(0, 10);
      start(device, readBulk(30));
      expect(pending(0).buffer?.byteLength).to.equal(30);
    });

    it("write from the caller's own bytes", async () => {
      const data = Uint8Array.of(0, 1, 2, 3).subarray(1);
      const { result } = start(device, { type: 'transferOut', endpointAddress: 2, data });
      expect(pending(0).buffer?.buffer).to.equal(data.buffer);
      expect([...(pending(0).buffer ?? [])]).to.deep.equal([1, 2, 3]);
      pending(0).end(0, 3);
      expect(await result).to.deep.equal({ status: 'completed', data: new Uint8Array(0), transferred: 3 });
    });

    it("use libusb's objects again, and never two at once", async () => {
      const both = [start(device, readBulk()), start(device, readBulk())];
      expect(platform.native.made).to.have.length(2);
      pending(1).end(0);
      pending(0).end(0);
      await Promise.all(both.map(({ result }) => result));
      for (let round = 0; round < 3; round++) {
        start(device, readBulk());
        pending(0).end(0);
      }
      expect(platform.native.made).to.have.length(2);
    });

    it('have the type that the chosen alternate setting gives their endpoint', async () => {
      start(device, readBulk());
      expect(pending(0).type).to.equal(2);
      await statusOf(device, { type: 'setConfiguration', configurationValue: 2 });
      start(device, readBulk());
      expect(pending(0).type).to.equal(3);
    });

    for (const [status, name] of [
      [1, 'failed'],
      [2, 'timedOut'],
      [4, 'stalled'],
      [6, 'overflowed'],
    ] as const)
      it(`end as ${name} on status ${status}, with the bytes that came before`, async () => {
        const { result } = start(device, readBulk());
        pending(0).end(status, Uint8Array.of(7));
        expect(await result).to.deep.equal({ status: name, data: Uint8Array.of(7), transferred: 1 });
      });

    it('that libusb refuses end at once, and leave nothing behind', async () => {
      platform.native.submitError = -11;
      expect(await statusOf(device, readBulk())).to.equal('outOfMemory');
      platform.native.submitError = undefined;
      const { result } = start(device, readBulk());
      pending(0).end(0);
      expect((await result).status).to.equal('completed');
    });

    it('of unknown, reversed and isochronous endpoints do not reach libusb', async () => {
      expect(await statusOf(device, { type: 'transferIn', endpointAddress: 0x8f, length: 1 })).to.equal('notFound');
      expect(await statusOf(device, { type: 'transferIn', endpointAddress: 0x02, length: 1 })).to.equal(
        'invalidParameter',
      );
      expect(await statusOf(device, { type: 'transferIn', endpointAddress: 0x84, length: 1 })).to.equal('notSupported');
      const isochronous = { endpointAddress: 0x84, packetLengths: [8], startFrame: undefined };
      expect(await statusOf(device, { type: 'isochronousIn', ...isochronous })).to.equal('notSupported');
      expect(platform.native.made).to.have.length(0);
    });

    it('that are cancelled end once, and a late cancel does not hit the next one', async () => {
      const first = start(device, readBulk());
      first.cancel();
      first.cancel();
      expect((await first.result).status).to.equal('cancelled');
      const second = start(device, readBulk());
      first.cancel();
      pending(0).end(0, 5);
      expect((await second.result).status).to.equal('completed');
      expect(first.count()).to.equal(1);
    });

    it('of one endpoint are aborted without touching another', async () => {
      const reads = [start(device, readBulk()), start(device, readBulk())];
      const write = start(device, { type: 'transferOut', endpointAddress: 2, data: new Uint8Array(4) });
      const order: string[] = [];
      for (const { result } of reads) void result.then(({ status }) => order.push(status));
      expect(await statusOf(device, { type: 'abortEndpoint', endpointAddress: 0x81 })).to.equal('completed');
      expect(order).to.deep.equal(['cancelled', 'cancelled']);
      expect(write.count()).to.equal(0);
      expect(await statusOf(device, { type: 'abortEndpoint', endpointAddress: 0x81 })).to.equal('completed');
    });
  });

  describe('control transfers', () => {
    let device: UsbDevice;
    beforeEach(async () => (device = await platform.openDevice()));

    it('carry the setup packet before their data, and their own timeout', async () => {
      const out = start(device, control(setup(0x21, 9, 0x0200, 1, 2), Uint8Array.of(0xaa, 0xbb), 250));
      expect(pending(0)).to.include({ endpointAddress: 0, type: 0, timeout: 250 });
      expect(pending(0).buffer?.toString('hex')).to.equal('2109000201000200aabb');
      pending(0).end(0, 2);
      expect(await out.result).to.deep.equal({ status: 'completed', data: new Uint8Array(0), transferred: 2 });
      const into = start(device, control(setup(0xa1, 1, 0x0100, 0, 8)));
      pending(0).end(0, Uint8Array.of(1, 2));
      expect(await into.result).to.deep.equal({ status: 'completed', data: Uint8Array.of(1, 2), transferred: 2 });
    });

    it('can be cancelled', async () => {
      const transfer = start(device, control(setup(0xc0, 1, 0, 0, 8)));
      transfer.cancel();
      expect((await transfer.result).status).to.equal('cancelled');
    });

    it('ask for no more than libusb can, and are refused when data and wLength differ', async () => {
      start(device, control(setup(0x80, 6, 0x0200, 0, 0xffff)));
      expect(pending(0).buffer?.subarray(6, 8).toString('hex')).to.equal('0010');
      expect(await statusOf(device, control(setup(0x40, 1, 0, 0, 3), new Uint8Array(2)))).to.equal('invalidParameter');
    });

    it('that change what the host must know become the operation that they mean', async () => {
      expect(await statusOf(device, control(setup(0, 9, 2)))).to.equal('completed');
      expect(await statusOf(device, control(setup(1, 11, 1, 2)))).to.equal('completed');
      expect(await statusOf(device, control(setup(2, 1, 0, 0x81)))).to.equal('completed');
      expect(platform.native.made).to.have.length(0);
      expect(platform.native.log.filter((call) => !/claim|release/.test(call))).to.deep.equal([
        'configure 2',
        'alternate 2 1',
        'clear 129',
      ]);
    });

    it('do not change the address', async () => {
      expect(await statusOf(device, control(setup(0, 5, 9)))).to.equal('invalidParameter');
      expect(platform.native.made).to.have.length(0);
    });
  });

  describe('a configuration descriptor of 5000 bytes', () => {
    const long = new Uint8Array(5000).fill(2);
    long.set([9, 2, 0x88, 0x13, 0, 1, 0, 0x80, 50]);
    let device: UsbDevice;
    beforeEach(async () => {
      platform.present = [{ ...platform.facts, configurationDescriptors: [configuration(2, []), long] }];
      device = await platform.openDevice();
    });

    it('is answered from what is known, because one transfer cannot read it', async () => {
      for (const [wLength, expected] of [
        [0xffff, 5000],
        [4500, 4500],
      ] as const) {
        const result = await start(device, control(setup(0x80, 6, 0x0201, 0, wLength))).result;
        expect(result).to.include({ status: 'completed', transferred: expected });
        expect(Buffer.compare(result.data, long.subarray(0, expected))).to.equal(0);
        expect(result.data.buffer).not.to.equal(long.buffer);
      }
      expect(platform.native.made).to.have.length(0);
    });

    for (const [what, packet] of [
      ['its beginning', setup(0x80, 6, 0x0201, 0, 4096)],
      ['a short configuration descriptor', setup(0x80, 6, 0x0200, 0, 0xffff)],
      ['a configuration descriptor that is not known', setup(0x80, 6, 0x0202, 0, 0xffff)],
      ['another descriptor', setup(0x80, 6, 0x0f01, 0, 0xffff)],
      ['a vendor request', setup(0xc0, 6, 0x0201, 0, 0xffff)],
    ] as const)
      it(`the device itself is asked for ${what}`, () => {
        start(device, control(packet));
        expect(platform.native.made).to.have.length(1);
      });
  });

  describe('setConfiguration', () => {
    it('sends nothing for the configuration that is active, but chooses the first alternate settings', async () => {
      const device = await platform.openDevice();
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 1 })).to.equal('completed');
      expect(platform.native.log).to.deep.equal([]);
      await statusOf(device, { type: 'setInterface', interfaceNumber: 2, alternateSetting: 1 });
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 1 })).to.equal('completed');
      expect(platform.native.log).to.deep.equal(['alternate 2 1', 'alternate 2 0']);
    });

    it('releases all, chooses another, claims all; close brings the first one back', async () => {
      const device = await platform.openDevice();
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 2 })).to.equal('completed');
      const released = ['release 0', 'release 2', 'release 5'];
      expect(platform.native.log).to.deep.equal([...released, 'configure 2', 'claim 1']);
      platform.native.log.length = 0;
      await device.close();
      expect(platform.native.log).to.deep.equal(['release 1', 'configure 1', 'close']);
    });

    it("keeps this machine's drivers off the new interfaces until they are claimed, and lets them have the first again", async () => {
      const { native } = platform;
      let isReleased = () => {};
      native.holdPort = () => {
        native.log.push('hold');
        return Promise.resolve(() => {
          native.log.push('let go');
          return new Promise((resolve) => (isReleased = resolve));
        });
      };
      const device = await platform.openDevice();
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 2 })).to.equal('completed');
      const released = ['release 0', 'release 2', 'release 5'];
      expect(native.log).to.deep.equal(['hold', ...released, 'configure 2', 'claim 1', 'let go']);
      native.log.length = 0;
      const closed = device.close();
      await new Promise(setImmediate);
      expect(native.log).to.deep.equal([]); // no driver could come back yet
      isReleased();
      await closed;
      expect(native.log).to.deep.equal(['release 1', 'configure 1', 'close']);
    });

    it('lets go of the port when the new configuration is refused', async () => {
      const { native } = platform;
      native.holdPort = () => Promise.resolve(() => Promise.resolve(void native.log.push('let go')));
      native.errors.set('configure 2', -1);
      const device = await platform.openDevice();
      await statusOf(device, { type: 'setConfiguration', configurationValue: 2 });
      expect(native.log.slice(-4)).to.deep.equal(['claim 0', 'claim 2', 'claim 5', 'let go']);
    });

    it('tells a setting for whose isochronous endpoints the bus has no bandwidth', async () => {
      const device = await platform.openDevice();
      const set = (interfaceNumber: number, alternateSetting: number) =>
        statusOf(device, { type: 'setInterface', interfaceNumber, alternateSetting });
      platform.native.errors.set('alternate 5 0', -99);
      expect(await set(5, 0)).to.equal('noBandwidth');
      platform.native.errors.set('alternate 2 1', -99);
      expect(await set(2, 1)).to.equal('failed');
    });

    it('puts back an alternate setting of which no descriptor tells', async () => {
      const device = await platform.openDevice();
      await statusOf(device, { type: 'setInterface', interfaceNumber: 0, alternateSetting: 7 });
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 1 })).to.equal('completed');
      expect(platform.native.log).to.deep.equal(['alternate 0 7', 'alternate 0 0']);
    });

    it('selects with 0 a configuration of that value', async () => {
      const [first = new Uint8Array(0)] = CONFIGURATIONS;
      const zero = configuration(0, [[1, 0, [[0x81, 2]]]]);
      platform.present = [{ ...platform.facts, configurationDescriptors: [first, zero] }];
      const device = await platform.openDevice();
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 0 })).to.equal('completed');
      expect(platform.native.log.slice(-2)).to.deep.equal(['configure 0', 'claim 1']);
      platform.native.log.length = 0;
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 0 })).to.equal('completed');
      expect(platform.native.log).to.deep.equal([]);
      await device.close();
      expect(platform.native.log).to.deep.equal(['release 1', 'configure 1', 'close']);
    });

    it('unconfigures with 0, which libusb calls -1', async () => {
      const device = await platform.openDevice();
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 0 })).to.equal('completed');
      expect(platform.native.log.at(-1)).to.equal('configure -1');
      expect(await statusOf(device, readBulk())).to.equal('notFound');
    });

    it('does not give up what works for a configuration that does not exist', async () => {
      const device = await platform.openDevice();
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 9 })).to.equal('notFound');
      expect(platform.native.log).to.deep.equal([]);
    });

    it('claims the old interfaces again when the device refuses', async () => {
      const device = await platform.openDevice();
      platform.native.errors.set('configure 2', -9);
      expect(await statusOf(device, { type: 'setConfiguration', configurationValue: 2 })).to.equal('stalled');
      expect(platform.native.log.slice(-3)).to.deep.equal(['claim 0', 'claim 2', 'claim 5']);
    });
  });

  describe('resets', () => {
    for (const type of ['resetDevice', 'cyclePort'] as const)
      it(`${type} cancels what is under way and resets the device`, async () => {
        const device = await platform.openDevice();
        const read = start(device, readBulk());
        expect(await statusOf(device, { type })).to.equal('completed');
        expect((await read.result).status).to.equal('cancelled');
        expect(platform.native.log).to.deep.equal(['cancel', 'reset']);
      });

    it('claim again what libusb could not, and lose a device that became another', async () => {
      const device = await platform.openDevice();
      platform.native.errors.set('reset', -5);
      expect(await statusOf(device, { type: 'resetDevice' })).to.equal('completed');
      expect(device.gone.aborted).to.equal(false);
      platform.native.errors.set('claim 0', -4);
      expect(await statusOf(device, { type: 'resetDevice' })).to.equal('disconnected');
      expect(device.gone.aborted).to.equal(true);
    });
  });

  describe('close', () => {
    it('gives the drivers back that were there, after all interfaces are free', async () => {
      platform.native.drivers.add(2).add(5);
      const device = await platform.openDevice();
      expect([...platform.native.drivers]).to.deep.equal([]);
      await device.close();
      expect(platform.native.log).to.deep.equal([
        ...['release 0', 'release 2', 'release 5'],
        ...['claim 2', 'release 2 and attach', 'claim 5', 'release 5 and attach', 'close'],
      ]);
      expect([...platform.native.drivers]).to.deep.equal([2, 5]);
    });

    it('ends every operation before it resolves, and later ones at once', async () => {
      const device = await platform.openDevice();
      const operations = [
        start(device, readBulk()),
        start(device, { type: 'setInterface', interfaceNumber: 2, alternateSetting: 1 }),
        start(device, { type: 'clearHalt', endpointAddress: 0x81 }),
        start(device, { type: 'abortEndpoint', endpointAddress: 0x81 }),
      ];
      await Promise.all([device.close(), device.close()]);
      expect(operations.map(({ count }) => count())).to.deep.equal([1, 1, 1, 1]);
      expect(await statusOf(device, readBulk())).to.equal('disconnected');
      expect(platform.native.log.filter((call) => call === 'close')).to.have.length(1);
    });

    it('does not wait forever for a transfer that the kernel keeps', async () => {
      platform = new SoftwarePlatform(0);
      const device = await platform.openDevice();
      platform.native.hangs = true;
      const read = start(device, readBulk());
      await device.close();
      expect((await read.result).status).to.equal('cancelled');
      pending(0).end(3);
      expect(read.count()).to.equal(1);
    });

    it('is not opened again before a transfer that the kernel kept has come back', async () => {
      platform = new SoftwarePlatform(0);
      const device = await platform.openDevice();
      platform.native.hangs = true;
      start(device, readBulk());
      await device.close();
      const error = await device.open().catch((reason: unknown) => reason as Error);
      expect(error)
        .to.have.property('message')
        .that.matches(/not yet closed/);
      expect(platform.native.log).not.to.include('open');
      pending(0).end(3);
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      expect(platform.native.log.at(-1)).to.equal('close');
      await device.open();
      platform.native.hangs = false;
      await device.close();
    });
  });

  describe('that is unplugged', () => {
    it('ends its transfers as disconnected, aborts gone, and closes', async () => {
      platform.native.drivers.add(0);
      const device = await platform.openDevice();
      const read = start(device, readBulk());
      platform.native.errors.set('ask', -4);
      for (const call of ['release 0', 'release 2', 'release 5', 'claim 0']) platform.native.errors.set(call, -4);
      pending(0).end(5);
      expect((await read.result).status).to.equal('disconnected');
      expect(device.gone.aborted).to.equal(true);
      expect(await statusOf(device, readBulk())).to.equal('disconnected');
      await device.close();
      expect(platform.native.log.at(-1)).to.equal('close');
    });

    it('is told from an interface that was released under a transfer', async () => {
      const device = await platform.openDevice();
      const read = start(device, readBulk());
      pending(0).end(5);
      expect((await read.result).status).to.equal('cancelled');
      expect(device.gone.aborted).to.equal(false);
      const second = start(device, readBulk());
      platform.present = [];
      pending(0).end(3);
      expect((await second.result).status).to.equal('disconnected');
      expect(device.gone.aborted).to.equal(true);
    });

    it('is noticed when a call is refused', async () => {
      const device = await platform.openDevice();
      platform.native.submitError = -4;
      expect(await statusOf(device, readBulk())).to.equal('disconnected');
      expect(device.gone.aborted).to.equal(true);
    });
  });
});
