import { expect } from 'chai';
import fc from 'fast-check';
import { type CmdSubmit, UrbTransferFlags } from '../../../codecs/usbip/submit.ts';
import type { CmdUnlink } from '../../../codecs/usbip/unlink.ts';
import { ExportedDevice } from '../../../src/hosts/usbip/exportedDevice.ts';
import type { UsbStatus } from '../../../src/ports/usb.ts';
import { bytes, FakeUsbDevice, result } from '../fakeUsbDevice.ts';
import { bulkIn, bulkOut, packets, Replies, submit, unlink } from './commands.ts';

const { URB_SHORT_NOT_OK, URB_ZERO_PACKET } = UrbTransferFlags;
const MIB = 1024 * 1024;

/** Bulk 2 OUT with packets of 512 bytes, and of 1024 in alternate setting 1. */
const TWO_PACKET_SIZES = bytes(
  '09 02 29 00 01 01 00 80 32',
  '09 04 00 00 01 ff 00 00 00',
  '07 05 02 02 00 02 00',
  '09 04 00 01 01 ff 00 00 00',
  '07 05 02 02 00 04 00',
);

/** A device that answers nothing by itself, exported. */
function exported(answer: ConstructorParameters<typeof FakeUsbDevice>[0] = () => undefined) {
  const device = new FakeUsbDevice(answer);
  const replies = new Replies();
  const target = new ExportedDevice(device, replies.take);
  const execute = (...commands: (CmdSubmit | CmdUnlink)[]) => {
    for (const command of commands) replies.expect(command);
    target.execute(commands);
  };
  return { device, replies, target, execute };
}

describe('a device exported by USB/IP', () => {
  describe('CMD_SUBMIT', () => {
    it('on endpoint 0 is a control request with the setup packet as it is', () => {
      const { device, replies, execute } = exported(() => result('completed', Uint8Array.of(1, 2, 3)));
      const setup = Uint8Array.from([0x80, 6, 0x00, 0x02, 0x09, 0x04, 0xff, 0x00]);
      execute(submit({ setup, transferBufferLength: 255 }));
      expect(device.submitted).to.deep.equal([
        {
          type: 'control',
          setup: { bmRequestType: 0x80, bRequest: 6, wValue: 0x0200, wIndex: 0x0409, wLength: 255 },
          data: new Uint8Array(0),
          timeout: 0,
        },
      ]);
      expect(replies.submits).to.have.length(1);
      expect(replies.submits[0]).to.include({ status: 0, actualLength: 3 });
      expect([...(replies.submits[0]?.transferBuffer ?? [])]).to.deep.equal([1, 2, 3]);
    });

    it('with data on endpoint 0 sends them with the request', () => {
      const { device, execute } = exported();
      const data = Uint8Array.of(9, 8);
      execute(submit({ direction: 'out', setup: Uint8Array.from([0x21, 9, 0, 2, 0, 0, 2, 0]), transferBuffer: data }));
      expect(device.submitted[0]).to.include({ type: 'control', data });
    });

    it('IN reads from the endpoint with bit 7, and gives back what came', () => {
      const { device, replies, execute } = exported(() => result('completed', Uint8Array.of(5)));
      execute(bulkIn(1, 512));
      expect(device.submitted).to.deep.equal([{ type: 'transferIn', endpointAddress: 0x81, length: 512 }]);
      expect(replies.submits[0]).to.include({ status: 0, actualLength: 1 });
    });

    it('OUT writes by reference, and tells how much went', () => {
      const { device, replies, execute } = exported(() => result('completed', new Uint8Array(0), 3));
      const data = Uint8Array.of(1, 2, 3);
      execute(bulkOut(2, data));
      expect(device.submitted[0]).to.deep.equal({ type: 'transferOut', endpointAddress: 2, data });
      expect(replies.submits[0]).to.include({ status: 0, actualLength: 3 });
      expect(replies.submits[0]?.transferBuffer.byteLength).to.equal(0);
    });

    it('OUT tells no more than it brought, whatever the device claims: vhci-hcd ends the connection over more', () => {
      const { replies, execute } = exported(() => result('completed', new Uint8Array(0), 4));
      execute(bulkOut(2, Uint8Array.of(1, 2, 3)));
      expect(replies.submits[0]).to.include({ status: 0, actualLength: 3 });
    });

    it('with URB_SHORT_NOT_OK ends with EREMOTEIO when less came, and keeps the data', () => {
      const { replies, execute } = exported(() => result('completed', Uint8Array.of(1, 2)));
      execute(bulkIn(1, 4, URB_SHORT_NOT_OK), bulkIn(1, 2, URB_SHORT_NOT_OK));
      expect(replies.submits.map(({ status, actualLength }) => [status, actualLength])).to.deep.equal([
        [-121, 2],
        [0, 2],
      ]);
    });

    it('that gets more than it has room for ends with EOVERFLOW, cut to its room', () => {
      const { replies, execute } = exported(() => result('completed', Uint8Array.of(1, 2, 3)));
      execute(bulkIn(1, 2));
      expect(replies.submits[0]).to.include({ status: -75, actualLength: 2 });
    });

    const statuses: [UsbStatus, number][] = [
      ['completed', 0],
      ['stalled', -32],
      ['cancelled', -104],
      ['timedOut', -110],
      ['disconnected', -108],
      ['overflowed', -75],
      ['notSupported', -32],
      ['invalidParameter', -22],
      ['badStartFrame', -22],
      ['noBandwidth', -28],
      ['notFound', -71],
      ['busy', -71],
      ['outOfMemory', -12],
      ['failed', -71],
    ];
    for (const [status, errno] of statuses) {
      it(`that ends ${status} has the status ${errno}, error-codes.rst`, () => {
        const { replies, execute } = exported(() => result(status));
        execute(bulkIn(1, 0));
        expect(replies.submits[0]).to.include({ status: errno });
      });
    }

    it('with the number of one that is pending is refused with EINVAL, and the first goes on', () => {
      const { device, replies, execute } = exported();
      const first = bulkIn(1, 8);
      execute(first);
      execute({ ...bulkIn(1, 8), seqnum: first.seqnum });
      expect(replies.submits[0]).to.include({ status: -22, seqnum: first.seqnum });
      expect(device.given).to.have.length(1);
    });

    it('beyond 64 MiB that are pending is refused with ENOMEM, and accepted when room is there again', () => {
      const { device, replies, execute } = exported();
      for (let index = 0; index < 5; index += 1) execute(bulkIn(1, 15 * MIB));
      expect(replies.submits.map(({ status }) => status)).to.deep.equal([-12]);
      device.given[0]?.complete(result('completed'));
      execute(bulkIn(1, 15 * MIB));
      expect(replies.submits.map(({ status }) => status)).to.deep.equal([-12, 0]);
    });
  });

  describe('URB_ZERO_PACKET', () => {
    it('follows whole packets with one of no bytes, and the URB ends with that', () => {
      const { device, replies, execute } = exported();
      execute(bulkOut(2, new Uint8Array(1024), URB_ZERO_PACKET));
      expect(device.submitted.map((each) => each.type === 'transferOut' && each.data.byteLength)).to.deep.equal([
        1024, 0,
      ]);
      device.given[0]?.complete(result('completed', undefined, 1024));
      expect(replies.submits).to.have.length(0);
      device.given[0]?.complete(result('completed'));
      expect(replies.submits[0]).to.include({ status: 0, actualLength: 1024 });
    });

    it('changes nothing for data that end with a short packet, or for none', () => {
      const { device, execute } = exported();
      execute(bulkOut(2, new Uint8Array(1000), URB_ZERO_PACKET), bulkOut(2, new Uint8Array(0), URB_ZERO_PACKET));
      expect(device.submitted).to.have.length(2);
    });

    it('goes by the packet size of the alternate setting in force', () => {
      const device = new FakeUsbDevice((operation) =>
        operation.type === 'transferOut' ? undefined : result('completed'),
      );
      device.configurationDescriptors = [TWO_PACKET_SIZES];
      const sizes = () =>
        device.submitted.flatMap((each) => (each.type === 'transferOut' ? [each.data.byteLength] : []));
      const target = new ExportedDevice(device, () => {});
      target.execute([bulkOut(2, new Uint8Array(512), URB_ZERO_PACKET)]);
      expect(sizes()).to.deep.equal([512, 0]);
      target.execute([submit({ direction: 'out', setup: bytes('01 0b 01 00 00 00 00 00') })]);
      target.execute([bulkOut(2, new Uint8Array(512), URB_ZERO_PACKET)]);
      target.execute([bulkOut(2, new Uint8Array(1024), URB_ZERO_PACKET)]);
      expect(sizes()).to.deep.equal([512, 0, 512, 1024, 0]);
      target.execute([submit({ direction: 'out', setup: bytes('00 09 01 00 00 00 00 00') })]);
      target.execute([bulkOut(2, new Uint8Array(512), URB_ZERO_PACKET)]);
      expect(sizes().slice(5)).to.deep.equal([512, 0]);
    });

    it('does not follow an alternate setting that the device refused', () => {
      const device = new FakeUsbDevice((operation) =>
        operation.type === 'transferOut' ? undefined : result('stalled'),
      );
      device.configurationDescriptors = [TWO_PACKET_SIZES];
      const target = new ExportedDevice(device, () => {});
      target.execute([submit({ direction: 'out', setup: bytes('01 0b 01 00 00 00 00 00') })]);
      target.execute([bulkOut(2, new Uint8Array(512), URB_ZERO_PACKET)]);
      expect(device.submitted).to.have.length(3);
    });

    it('is cancelled when the data could not be sent', () => {
      const { device, replies, execute } = exported();
      execute(bulkOut(2, new Uint8Array(512), URB_ZERO_PACKET));
      device.given[0]?.complete(result('stalled'));
      expect(device.given).to.have.length(0);
      expect(replies.submits.map(({ status }) => status)).to.deep.equal([-32]);
    });

    it('is not sent when the data were refused at once', () => {
      const { device, replies, execute } = exported(() => result('stalled'));
      execute(bulkOut(2, new Uint8Array(512), URB_ZERO_PACKET));
      expect(device.submitted).to.have.length(1);
      expect(replies.submits.map(({ status }) => status)).to.deep.equal([-32]);
    });
  });

  describe('CMD_UNLINK', () => {
    it('cancels, and answers with ECONNRESET instead of a RET_SUBMIT', () => {
      const { device, replies, execute } = exported();
      const read = bulkIn(1, 512);
      const undo = unlink(read);
      execute(read, undo);
      expect(device.given).to.have.length(0);
      expect(replies.submits).to.have.length(0);
      expect(replies.unlinks).to.deep.equal([{ name: 'USBIP_RET_UNLINK', seqnum: undo.seqnum, status: -104 }]);
    });

    it('of one that has ended is answered with 0', () => {
      const { replies, execute } = exported(() => result('completed'));
      const read = bulkIn(1, 512);
      execute(read, unlink(read));
      expect(replies.submits).to.have.length(1);
      expect(replies.unlinks.map(({ status }) => status)).to.deep.equal([0]);
    });

    it('waits for the device to let go, and gives data that came in between before its own answer', () => {
      const { device, replies, execute } = exported();
      device.holdCancelled = true;
      const read = bulkIn(1, 512);
      const undo = unlink(read);
      execute(read, undo);
      expect(replies.order).to.deep.equal([]);
      device.given[0]?.complete(result('completed', Uint8Array.of(1)));
      expect(replies.order).to.deep.equal([read.seqnum, undo.seqnum]);
      expect(replies.unlinks[0]).to.include({ status: 0 });
    });

    it('loses no byte that came before the cancellation', () => {
      const { device, replies, execute } = exported();
      device.holdCancelled = true;
      const read = bulkIn(1, 512);
      execute(read, unlink(read));
      device.given[0]?.complete(result('cancelled', Uint8Array.of(1, 2)));
      expect(replies.submits[0]).to.include({ status: -104, actualLength: 2 });
    });

    it('of one that waits for its turn takes it back at once', () => {
      const { device, replies, execute } = exported();
      const second = bulkIn(1, 8);
      execute(bulkIn(1, 2 * MIB), second, unlink(second));
      expect(device.submitted).to.have.length(1);
      expect(replies.unlinks.map(({ status }) => status)).to.deep.equal([-104]);
    });
  });

  describe('isochronous', () => {
    const contents = Uint8Array.of(1, 2, 3, 4, 5, 6);

    it('OUT by reference where packets follow each other, with the result of each', () => {
      const sent = { status: 'completed', length: 4 } as const;
      const lost = { status: 'failed', length: 0 } as const;
      const { device, replies, execute } = exported(() => ({
        ...result('completed', undefined, 4),
        packets: [sent, lost],
      }));
      execute(
        submit({ direction: 'out', ep: 5, interval: 1, transferBuffer: contents, isoPacketDescriptors: packets(4, 2) }),
      );
      expect(device.submitted[0]).to.deep.include({
        type: 'isochronousOut',
        endpointAddress: 5,
        packetLengths: [4, 2],
      });
      expect(device.submitted[0]).to.have.property('startFrame', undefined);
      expect(replies.submits[0]).to.include({ status: 0, errorCount: 1, actualLength: 4 });
      expect(replies.submits[0]?.isoPacketDescriptors).to.deep.equal([
        { offset: 0, length: 4, actualLength: 4, status: 0 },
        { offset: 4, length: 2, actualLength: 0, status: -71 },
      ]);
    });

    it('OUT closes the gaps between packets', () => {
      const { device, execute } = exported();
      const gaps = [
        { offset: 0, length: 1, actualLength: 0, status: 0 },
        { offset: 4, length: 2, actualLength: 0, status: 0 },
      ];
      execute(submit({ direction: 'out', ep: 5, interval: 1, transferBuffer: contents, isoPacketDescriptors: gaps }));
      expect(device.submitted[0]).to.deep.include({ packetLengths: [1, 2], data: Uint8Array.of(1, 5, 6) });
    });

    it('IN gives the good packets one after the other, without the padding between them', () => {
      const got = [
        { status: 'completed', length: 1 },
        { status: 'failed', length: 0 },
        { status: 'completed', length: 2 },
      ] as const;
      const { replies, execute } = exported(() => ({
        ...result('completed', Uint8Array.of(7, 8, 9)),
        packets: got,
        startFrame: 77,
      }));
      execute(submit({ ep: 4, interval: 1, transferBufferLength: 12, isoPacketDescriptors: packets(4, 4, 4) }));
      const [reply] = replies.submits;
      expect(reply).to.include({ status: 0, errorCount: 1, actualLength: 3, startFrame: 77 });
      expect([...(reply?.transferBuffer ?? [])]).to.deep.equal([7, 8, 9]);
      expect(reply?.isoPacketDescriptors.map(({ offset, actualLength }) => [offset, actualLength])).to.deep.equal([
        [0, 1],
        [4, 0],
        [8, 2],
      ]);
    });

    it('that asks for more than its buffer holds is refused with EINVAL', () => {
      const { device, replies, execute } = exported();
      const twice = { offset: 0, length: 8, actualLength: 0, status: 0 };
      execute(submit({ ep: 4, interval: 1, transferBufferLength: 8, isoPacketDescriptors: [twice, twice] }));
      expect(replies.submits[0]).to.include({ status: -22 });
      expect(device.submitted).to.have.length(0);
    });
  });

  describe('order', () => {
    it('control and periodic transfers that came together with bulk go first; bulk keeps its order', () => {
      const { device, execute } = exported();
      execute(bulkOut(2, Uint8Array.of(1)), bulkOut(2, Uint8Array.of(2)), submit({ ep: 3, interval: 4 }), submit({}));
      const addresses = device.submitted.map((each) => ('endpointAddress' in each ? each.endpointAddress : 0));
      expect(addresses).to.deep.equal([0x83, 0, 2, 2]);
    });

    it('at most 1 MiB of an endpoint is at the device, and other endpoints go on', () => {
      const { device, execute } = exported();
      for (let index = 0; index < 8; index += 1) execute(bulkIn(1, MIB / 2 - 256));
      expect(device.given).to.have.length(2);
      execute(bulkOut(2, new Uint8Array(64)));
      expect(device.given).to.have.length(3);
      device.given[0]?.complete(result('completed'));
      expect(device.submitted).to.have.length(4);
    });

    it('every command is answered exactly once, whatever the order of submissions, unlinks and endings', () => {
      const step = fc.record({
        what: fc.constantFrom('in', 'out', 'unlink', 'end'),
        pick: fc.nat(),
        size: fc.nat(2 * MIB),
      });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, holdCancelled) => {
          const { device, replies, execute } = exported();
          device.holdCancelled = holdCancelled;
          const submitted: CmdSubmit[] = [];
          const undone = new Map<number, number>();
          for (const { what, pick, size } of steps) {
            const target = submitted[pick % Math.max(1, submitted.length)];
            if (what === 'end') device.given[pick % Math.max(1, device.given.length)]?.complete(result('completed'));
            else if (what === 'unlink') {
              if (target === undefined) continue;
              const command = unlink(target);
              undone.set(command.seqnum, target.seqnum);
              execute(command);
            } else {
              const command = what === 'in' ? bulkIn(1, size) : bulkOut(2, new Uint8Array(size % 4096));
              submitted.push(command);
              execute(command);
            }
          }
          while (device.given[0] !== undefined) device.given[0].complete(result('cancelled'));
          const cancelled = new Set(
            replies.unlinks.filter(({ status }) => status !== 0).map(({ seqnum }) => undone.get(seqnum)),
          );
          const answered = replies.submits.map(({ seqnum }) => seqnum);
          expect(replies.unlinks).to.have.length(undone.size);
          expect(new Set(answered).size).to.equal(answered.length);
          expect(answered.some((seqnum) => cancelled.has(seqnum))).to.equal(false);
          expect(answered.length + cancelled.size).to.equal(submitted.length);
        }),
      );
    });
  });

  describe('the reset of its port, which a virtual controller keeps to itself', () => {
    const readDevice = () => submit({ setup: Uint8Array.from([0x80, 6, 0, 1, 0, 0, 18, 0]), transferBufferLength: 18 });
    const readConfiguration = () =>
      submit({ setup: Uint8Array.from([0x80, 6, 0, 2, 0, 0, 32, 0]), transferBufferLength: 32 });
    const setConfiguration = (value: number) =>
      submit({ direction: 'out', setup: Uint8Array.from([0, 9, value, 0, 0, 0, 0, 0]) });
    const types = (device: FakeUsbDevice) => device.submitted.map(({ type }) => type);

    it('is passed on when the descriptors are read and the same configuration is set again', () => {
      const { device, replies, execute } = exported(() => result('completed'));
      execute(readDevice());
      execute(setConfiguration(1));
      expect(types(device)).to.deep.equal(['control', 'control']);
      execute(bulkIn(1, 8));
      execute(readDevice());
      execute(readConfiguration());
      execute(setConfiguration(1));
      expect(types(device).slice(2)).to.deep.equal(['transferIn', 'control', 'control', 'resetDevice', 'control']);
      expect(replies.submits.map(({ status }) => status)).to.deep.equal([0, 0, 0, 0, 0, 0]);
    });

    it('is passed on before the configuration, which is set whatever became of it', () => {
      const { device, replies, execute } = exported();
      for (const command of [readDevice(), setConfiguration(1)]) {
        execute(command);
        device.given[0]?.complete(result('completed'));
      }
      for (const command of [readDevice(), readConfiguration()]) {
        execute(command);
        device.given[0]?.complete(result('completed'));
      }
      execute(setConfiguration(1));
      expect(device.given.map(({ operation }) => operation.type)).to.deep.equal(['resetDevice']);
      device.given[0]?.complete(result('notSupported'));
      expect(device.given.map(({ operation }) => operation.type)).to.deep.equal(['control']);
      device.given[0]?.complete(result('completed'));
      expect(replies.submits.at(-1)).to.include({ status: 0 });
    });

    for (const [what, commands] of [
      ['the first configuration', () => [readDevice(), readConfiguration(), setConfiguration(1)]],
      ['another configuration', () => [setConfiguration(1), readDevice(), readConfiguration(), setConfiguration(2)]],
      ['no configuration', () => [setConfiguration(0), readDevice(), readConfiguration(), setConfiguration(0)]],
      [
        'the same one, where a program read the device descriptor alone',
        () => [setConfiguration(1), readDevice(), setConfiguration(1)],
      ],
      [
        'the same one, where a program read the configuration descriptor alone',
        () => [setConfiguration(1), readConfiguration(), setConfiguration(1)],
      ],
      [
        'the same one, where the configuration descriptor was read before',
        () => [setConfiguration(1), readConfiguration(), readDevice(), setConfiguration(1)],
      ],
      ['the same configuration, where nothing was read', () => [setConfiguration(1), setConfiguration(1)]],
      [
        'the same one, where data went since',
        () => [setConfiguration(1), readDevice(), readConfiguration(), bulkIn(1, 8), setConfiguration(1)],
      ],
    ] as const) {
      it(`is not seen in ${what}`, () => {
        const { device, execute } = exported(() => result('completed'));
        for (const command of commands()) execute(command);
        expect(types(device)).not.to.include('resetDevice');
      });
    }

    it('can be unlinked while it lasts, and the configuration is not set then', () => {
      const { device, replies, execute } = exported();
      for (const command of [readDevice(), setConfiguration(1), readDevice(), readConfiguration()]) {
        execute(command);
        device.given[0]?.complete(result('completed'));
      }
      const again = setConfiguration(1);
      execute(again);
      execute(unlink(again));
      expect(device.given).to.have.length(0);
      expect(replies.unlinks.map(({ status }) => status)).to.deep.equal([-104]);
    });
  });

  it('closed, it cancels what is pending and answers nothing any more', () => {
    const { device, replies, target, execute } = exported();
    execute(bulkIn(1, 2 * MIB), bulkIn(1, 8), bulkOut(2, Uint8Array.of(1)));
    target.close();
    expect(device.given).to.have.length(0);
    execute(bulkIn(1, 8));
    expect(device.submitted).to.have.length(2);
    expect(replies.order).to.deep.equal([]);
  });
});
