import { expect } from 'chai';
import { KoffiDevice } from '../../src/devices/libusb/koffi/koffiDevice.ts';
import { KoffiTransfer } from '../../src/devices/libusb/koffi/koffiTransfer.ts';
import { LibusbEvents } from '../../src/devices/libusb/koffi/libusbEvents.ts';
import { Transfers } from '../../src/devices/libusb/transfers.ts';
import type { UsbResult } from '../../src/ports/usb.ts';
import { ADDRESS, SoftwareKoffi } from './softwareKoffi.ts';

const BULK_IN = {
  endpointAddress: 0x81,
  attributes: 2,
  maxPacketSize: 512,
  interval: 0,
  transferType: 'bulk',
} as const;
const BULK_OUT = { ...BULK_IN, endpointAddress: 0x02 };
const ISO_IN = { ...BULK_IN, endpointAddress: 0x83, attributes: 5, transferType: 'isochronous' } as const;
const ISO_OUT = { ...ISO_IN, endpointAddress: 0x04 };

describe('libusb through koffi', () => {
  let usb: SoftwareKoffi;
  let device: KoffiDevice;
  let transfers: Transfers;
  let results: UsbResult[];
  const complete = (result: UsbResult) => results.push(result);

  const open = (onThread = false) => {
    usb = new SoftwareKoffi();
    results = [];
    const { library } = usb;
    device = new KoffiDevice(library, new LibusbEvents(library, ADDRESS.context, onThread), ADDRESS.device);
    device.__open();
    const context = { INIT_ERROR: 0, Transfer: KoffiTransfer, hasIsochronous: true, getDeviceList: () => [device] };
    transfers = new Transfers(context, device, { lost: () => {}, isGone: () => false });
  };
  const end = (index: number, status: number, actual: number) => {
    const transfer = usb.submitted[index]!;
    usb.end(transfer, status, actual);
  };

  describe('on the main thread', () => {
    beforeEach(() => open());
    afterEach(() => {
      if (device.isOpen) device.__close();
    });

    it("watches libusb's descriptors while a device is open, and not while one is closed", () => {
      expect(usb.watches.map(({ descriptor, options }) => ({ descriptor, ...options }))).to.deep.equal([
        { descriptor: 7, readable: true, writable: false },
        { descriptor: 9, readable: false, writable: true },
      ]);
      device.__close();
      expect(usb.log).to.deep.equal(['open', 'close']);
    });

    it('finds what ended by the status alone, in the order of submission, and copies what came', () => {
      transfers.receive(BULK_IN, 512, complete);
      transfers.receive(BULK_IN, 512, complete);
      usb.ready();
      expect(results).to.deep.equal([]);
      usb.submitted[0]!.data.set([1, 2, 3]);
      usb.submitted[1]!.data.set([4]);
      usb.whenHandled = () => {
        end(1, 0, 1);
        end(0, 0, 3);
      };
      usb.ready();
      expect(results.map(({ status, data }) => [status, ...data])).to.deep.equal([
        ['completed', 1, 2, 3],
        ['completed', 4],
      ]);
    });

    it('uses a transfer and its memory again, and frees all of it in the end', () => {
      for (let round = 0; round < 20; round += 1) {
        transfers.send(BULK_OUT, Uint8Array.of(round, 1), complete);
        expect([...usb.submitted[0]!.data]).to.deep.equal([round, 1]);
        usb.whenHandled = () => end(0, 0, 2);
        usb.ready();
      }
      expect(results).to.have.length(20);
      expect(usb.allocated).to.equal(2);
      transfers.free();
      expect(usb.allocated).to.equal(0);
    });

    it('frees a control transfer when it is over, and one that was refused', () => {
      const setup = { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 };
      transfers.control(setup, new Uint8Array(0), 100, complete);
      expect(usb.submitted[0]!.fields.getUint32(12, true)).to.equal(100);
      usb.submitted[0]!.data.set([7, 8], 8);
      usb.whenHandled = () => end(0, 0, 2);
      usb.ready();
      expect([...results[0]!.data]).to.deep.equal([7, 8]);
      usb.submitCode = -11;
      transfers.receive(BULK_IN, 512, complete);
      expect(results[1]!.status).to.equal('outOfMemory');
      expect(usb.allocated).to.equal(0);
    });

    it('does not keep large memory', () => {
      transfers.receive(BULK_IN, 2 * 1024 * 1024, complete);
      usb.whenHandled = () => end(0, 0, 1);
      usb.ready();
      expect(usb.allocated).to.equal(0);
    });

    it('frees nothing that libusb still has, and refuses to close the device', () => {
      const { endpointAddress } = BULK_IN;
      const transfer = new KoffiTransfer(device, endpointAddress, 2, 0, () => {});
      transfer.submit(transfer.memory(64));
      transfer.free();
      expect(usb.allocated).to.equal(2);
      expect(() => device.__close()).to.throw('LIBUSB -6');
      usb.whenHandled = () => end(0, 3, 0);
      usb.ready();
      transfer.free();
      expect(usb.allocated).to.equal(0);
    });

    it('refuses memory that is not its own, and a number of packets that it was not made for', () => {
      const transfer = new KoffiTransfer(device, 0x83, 1, 0, () => {}, 2);
      expect(() => transfer.submit(Buffer.alloc(8), [4, 4])).to.throw('LIBUSB -2');
      expect(() => transfer.submit(transfer.memory(8), [8])).to.throw('LIBUSB -2');
      transfer.free();
    });

    it('gives isochronous IN each packet by its place, and their bytes without gaps', () => {
      transfers.isochronous(ISO_IN, [4, 4, 4], undefined, complete);
      const { fields, data } = usb.submitted[0]!;
      expect([0, 1, 2].map((index) => fields.getUint32(60 + 12 * index, true))).to.deep.equal([4, 4, 4]);
      data.set([1, 2, 0, 0, 9, 9, 9, 9, 3, 4, 5, 6]);
      for (const [index, [actual, status]] of [[2, 0], [4, 1], [4, 0]].entries()) {
        fields.setUint32(64 + 12 * index, actual!, true);
        fields.setInt32(68 + 12 * index, status!, true);
      } // prettier-ignore
      usb.whenHandled = () => end(0, 0, 0);
      usb.ready();
      expect(results[0]).to.deep.equal({
        status: 'completed',
        data: Uint8Array.of(1, 2, 3, 4, 5, 6),
        transferred: 6,
        packets: [
          { status: 'completed', length: 2 },
          { status: 'failed', length: 0 },
          { status: 'completed', length: 4 },
        ],
      });
    });

    it('sends isochronous OUT with lengths that differ, also of nothing, and checks their sum', () => {
      transfers.isochronous(ISO_OUT, [3, 0, 2], Uint8Array.of(1, 2, 3, 4, 5), complete);
      const { fields, data } = usb.submitted[0]!;
      expect([...data]).to.deep.equal([1, 2, 3, 4, 5]);
      expect([0, 1, 2].map((index) => fields.getUint32(60 + 12 * index, true))).to.deep.equal([3, 0, 2]);
      usb.whenHandled = () => end(0, 3, 0);
      usb.ready();
      transfers.isochronous(ISO_OUT, [3], Uint8Array.of(1, 2), complete);
      transfers.isochronous(ISO_OUT, [], new Uint8Array(0), complete);
      expect(results.map(({ status }) => status)).to.deep.equal(['cancelled', 'invalidParameter', 'invalidParameter']);
    });

    it('shows what a callback throws, and goes on with the others', async () => {
      transfers.receive(BULK_IN, 8, () => {
        throw new Error('a callback failed');
      });
      transfers.receive(BULK_IN, 8, complete);
      usb.whenHandled = () => {
        end(0, 0, 1);
        end(0, 0, 1);
      };
      const listeners = process.rawListeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      const seen = new Promise<Error>((resolve) => process.once('uncaughtException', resolve));
      usb.ready();
      expect((await seen).message).to.equal('a callback failed');
      for (const listener of listeners) process.on('uncaughtException', listener as () => void);
      expect(results).to.have.length(1);
    });

    it('tells how a call on another thread ended', async () => {
      const ended = (call: (done: (error?: Error) => void) => void) => new Promise<Error | undefined>(call);
      expect(await ended((done) => device.__setConfiguration(1, done))).to.equal(undefined);
      expect(await ended((done) => device.__setInterface(0, 1, done))).to.include({ errno: -99 });
    });
  });

  describe('on a thread, where libusb has no descriptors', () => {
    beforeEach(() => open(true));

    it('looks at transfers only between two calls that wait for events', () => {
      transfers.receive(BULK_IN, 8, complete);
      expect(usb.watches).to.deep.equal([]);
      expect(usb.waiting).to.have.length(1);
      end(0, 0, 3);
      expect(results).to.deep.equal([]);
      usb.waiting.shift()!();
      expect(results[0]).to.include({ status: 'completed', transferred: 3 });
      expect(usb.waiting).to.have.length(1);
      device.__close();
      expect(usb.log).to.include('interrupt');
      usb.waiting.shift()!();
      expect(usb.waiting).to.have.length(0);
    });
  });
});
