import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { MassStorage, type MassStorageOptions } from '../../../src/usb/massStorage/massStorage.ts';
import { MassStorageError } from '../../../src/usb/massStorage/massStorageError.ts';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { bytes, CONFIGURATION_1, FakeUsbDevice } from '../../hosts/fakeUsbDevice.ts';
import { rejection } from '../../hosts/rejection.ts';
import { type Command, FakeStick, type Reply, sense, status } from './fakeStick.ts';

type Fault = ((command: Command) => Reply) | undefined;

async function openStick(options: MassStorageOptions = {}, stick = new FakeStick()) {
  const device = new RemoteDevice(stick);
  const storage = await MassStorage.open(device, options);
  stick.log.length = 0;
  stick.commands.length = 0;
  stick.mostPending = 0;
  return { stick, device, storage };
}

/** A failed command, and what REQUEST SENSE then says. */
const failing = (key: number, code = 0, qualifier = 0): Fault[] => [
  () => ({ status: 1 }),
  () => ({ data: sense(key, code, qualifier) }),
];

describe('MassStorage.open', () => {
  it('asks what the device is, whether it is ready, and how large', async () => {
    const stick = new FakeStick();
    const device = new RemoteDevice(stick);
    const storage = await MassStorage.open(device);
    expect(stick.log).to.deep.equal(['12', '00', '25']);
    expect(storage).to.include({ sectorCount: 1024, sectorSize: 512 });
    expect(storage.inquiry).to.deep.equal({
      deviceType: 0,
      removable: true,
      vendor: 'FAKE',
      product: 'STICK',
      revision: '1.0',
    });
    expect(device.configuration?.interfaces[0]?.claimed).to.equal(true);
    await storage.close();
    expect(device.opened).to.equal(false);
  });

  it('closes a device again that it opened and could not claim', async () => {
    const device = new RemoteDevice(new FakeStick());
    device.claimInterface = () => Promise.reject(new Error('taken'));
    expect(await rejection(MassStorage.open(device))).to.have.property('message', 'taken');
    expect(device.opened).to.equal(false);
    await device.open();
    await rejection(MassStorage.open(device));
    expect(device.opened).to.equal(true);
  });

  it('leaves a device open that was open', async () => {
    const device = new RemoteDevice(new FakeStick());
    await device.open();
    const storage = await MassStorage.open(device);
    await storage.close();
    expect(device.opened).to.equal(true);
    expect(device.configuration?.interfaces[0]?.claimed).to.equal(false);
  });

  it('asks for more than 2^32 sectors with READ CAPACITY(16), and reads them with READ(16)', async () => {
    const fresh = new FakeStick();
    fresh.capacity = 2n ** 33n;
    const { stick, storage } = await openStick({}, fresh);
    expect(storage.sectorCount).to.equal(2 ** 33);
    const data = await storage.read(2 ** 32 - 1, 2);
    expect(data).to.deep.equal(new Uint8Array(1024).fill(0x88));
    expect(stick.commands[0]?.opcode).to.equal(0x88);
    expect(stick.commands[0]?.block.getBigUint64(2)).to.equal(2n ** 32n - 1n);
    expect(stick.commands[0]?.block.getUint32(10)).to.equal(2);
  });

  it('does not mind unit attentions and a device that is getting ready', async () => {
    const stick = new FakeStick();
    stick.faults = [undefined, ...failing(6, 0x29), ...failing(6, 0x28), ...failing(2, 4, 1)];
    const clock = new VirtualClock();
    const opening = MassStorage.open(new RemoteDevice(stick), { readyTimeout: 5000, timeout: 0, clock });
    await clock.whenPending();
    expect(stick.log.at(-1)).to.equal('03');
    clock.advance(100);
    await opening;
    expect(stick.log).to.deep.equal(['12', '00', '03', '00', '03', '00', '03', '00', '25']);
  });

  for (const [name, faults, message] of [
    ['no medium', [undefined, ...failing(2, 0x3a)], 'TEST UNIT READY: NOT READY, no medium is inserted (2/3a/00)'],
    [
      'never ready',
      [undefined, ...failing(2, 4, 1)],
      'TEST UNIT READY: NOT READY, the device is becoming ready (2/04/01)',
    ],
    [
      'a printer',
      [() => ({ data: new Uint8Array(36).fill(2) })],
      'INQUIRY: the device is of type 2, which has no sectors; use a disk, a stick or a CD',
    ],
    [
      'no answer to INQUIRY',
      [() => ({ data: new Uint8Array(0) })],
      'INQUIRY: the device does not tell what it is; use another device',
    ],
    [
      'no sector size',
      [undefined, undefined, () => ({ data: new Uint8Array(8) })],
      'READ CAPACITY: 1 sectors of 0 bytes cannot be; use another device',
    ],
    [
      'half a capacity',
      [undefined, undefined, () => ({ data: new Uint8Array(4) })],
      'READ CAPACITY: the device does not tell its size; use another device',
    ],
  ] as [string, Fault[], string][]) {
    it(`refuses ${name}, and gives the device back`, async () => {
      const stick = new FakeStick();
      stick.faults = faults;
      const device = new RemoteDevice(stick);
      expect((await rejection(MassStorage.open(device, { readyTimeout: 0 }))).message).to.equal(message);
      expect(device.opened).to.equal(false);
    });
  }

  it('finds the storage in another configuration and in another alternate setting', async () => {
    const stick = new FakeStick();
    stick.configurationDescriptors = [
      CONFIGURATION_1,
      bytes(
        '09 02 37 00 01 02 00 80 32',
        '09 04 03 00 02 08 06 62 00',
        '07 05 81 02 00 02 00',
        '07 05 02 02 00 02 00',
        '09 04 03 01 02 08 06 50 00',
        '07 05 81 02 00 02 00',
        '07 05 02 02 00 02 00',
      ),
    ];
    const device = new RemoteDevice(stick);
    const storage = await MassStorage.open(device);
    expect(device.configuration?.configurationValue).to.equal(2);
    expect(device.configuration?.interfaces[0]).to.include({ interfaceNumber: 3, claimed: true });
    expect(device.configuration?.interfaces[0]?.alternate.alternateSetting).to.equal(1);
    expect((await storage.read(0, 1)).byteLength).to.equal(512);
  });

  it('refuses a device without a storage interface', async () => {
    const error = await rejection(MassStorage.open(new RemoteDevice(new FakeUsbDevice())));
    expect(error).to.be.instanceOf(MassStorageError).and.include({ code: 'unsupported' });
    expect(error.message).to.contain('no mass storage interface of class 08/06/50');
  });

  for (const options of [{ lun: 16 }, { lun: -1 }, { sectorsPerCommand: 0 }, { sectorsPerCommand: 65536 }]) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      expect(await rejection(MassStorage.open(new RemoteDevice(new FakeStick()), options))).to.be.instanceOf(
        UsageError,
      );
    });
  }

  it('gives up when its signal says so', async () => {
    const stick = new FakeStick();
    stick.faults = [() => ({ silent: true })];
    const controller = new AbortController();
    const opening = rejection(MassStorage.open(new RemoteDevice(stick), { signal: controller.signal }));
    while (stick.commands.length === 0) await new Promise(setImmediate);
    controller.abort();
    expect(await opening).to.equal(controller.signal.reason);
    expect(stick.calls).to.deep.equal(['open', 'close']);
  });
});

for (const pipelined of [true, false]) {
  describe(`MassStorage, ${pipelined ? 'pipelined' : 'one transfer after the other'}`, () => {
    it('reads sectors in commands of 64 KiB', async () => {
      const { stick, storage } = await openStick({ pipelined });
      expect(await storage.read(3, 300)).to.deep.equal(stick.memory.subarray(3 * 512, 303 * 512));
      expect(stick.commands.map(({ block }) => [block.getUint32(2), block.getUint16(7)])).to.deep.equal([
        [3, 128],
        [131, 128],
        [259, 44],
      ]);
      expect(stick.mostPending).to.equal(pipelined ? 3 : 1);
    });

    it('reads any range, in pieces and at once', async () => {
      const { stick, storage } = await openStick({ pipelined, sectorsPerCommand: 7 });
      await fc.assert(
        fc.asyncProperty(fc.nat(1023), fc.nat(40), async (start, length) => {
          const count = Math.min(length, 1024 - start);
          const expected = stick.memory.subarray(start * 512, (start + count) * 512);
          expect(Buffer.compare(await storage.read(start, count), expected)).to.equal(0);
          const pieces: Uint8Array[] = [];
          for await (const piece of storage.sectors(start, count)) pieces.push(piece);
          expect(pieces).to.have.length(Math.ceil(count / 7));
          expect(Buffer.compare(Buffer.concat(pieces), expected)).to.equal(0);
        }),
        { numRuns: 20 },
      );
    });

    it('writes what it then reads, and flushes', async () => {
      const { stick, storage } = await openStick({ pipelined, sectorsPerCommand: 4 });
      const data = Uint8Array.from({ length: 10 * 512 }, (_, index) => index % 251);
      await storage.write(100, data);
      await storage.flush();
      expect(await storage.read(100, 10)).to.deep.equal(data);
      expect(stick.log).to.deep.equal(['2a', '2a', '2a', '35', '28', '28', '28']);
    });

    it('serves overlapping calls in order, one command at a time', async () => {
      const { stick, storage } = await openStick({ pipelined });
      const sectors = await Promise.all(Array.from({ length: 20 }, (_, lba) => storage.read(lba, 1)));
      expect(Buffer.concat(sectors)).to.deep.equal(Buffer.from(stick.memory.subarray(0, 20 * 512)));
      expect(stick.mostPending).to.be.at.most(3);
    });

    /** Each is a fault of the first READ; then the log, and the error when it does not work in the end. */
    const recoveries: [string, Fault[], string[], string?][] = [
      [
        'a stall instead of data, command failed',
        [() => ({ data: 'stall', status: 1 }), () => ({ data: sense(3, 0x11, 0) })],
        ['28', 'clear in', '03'],
        'READ(10) of sectors 0 to 3: MEDIUM ERROR, unrecovered read error (3/11/00)',
      ],
      [
        'a stall in the middle of the data',
        [
          ({ tag }) => ({ data: new Uint8Array(512), stallAfterData: true, rawStatus: status(tag, 1, 1536) }),
          () => ({ data: sense(3, 0x11, 0) }),
        ],
        ['28', 'clear in', '03'],
        'READ(10) of sectors 0 to 3: MEDIUM ERROR, unrecovered read error (3/11/00)',
      ],
      [
        'no data but a failed status',
        [({ tag }) => ({ rawStatus: status(tag, 1, 2048) }), () => ({ data: sense(5, 0x21, 0) })],
        ['28', '03'],
        'READ(10) of sectors 0 to 3: ILLEGAL REQUEST, there is no such sector (5/21/00)',
      ],
      ['a status that stalls once', [() => ({ data: new Uint8Array(2048), statusStalls: 1 })], ['28', 'clear in']],
      [
        'a status that stalls twice',
        [() => ({ data: new Uint8Array(2048), statusStalls: 2 })],
        ['28', 'clear in', 'reset', 'clear in', 'clear out', '28'],
      ],
      [
        'a phase error',
        [() => ({ data: new Uint8Array(2048), status: 2 })],
        ['28', 'reset', 'clear in', 'clear out', '28'],
      ],
      [
        'a status that does not exist',
        [() => ({ data: new Uint8Array(2048), status: 7 })],
        ['28', 'reset', 'clear in', 'clear out', '28'],
      ],
      [
        'the status of another command',
        [({ tag }) => ({ data: new Uint8Array(2048), rawStatus: status(tag + 1, 0, 0) })],
        ['28', 'reset', 'clear in', 'clear out', '28'],
      ],
      [
        'no status but something else',
        [() => ({ data: new Uint8Array(2048), rawStatus: new Uint8Array(13) })],
        ['28', 'reset', 'clear in', 'clear out', '28'],
      ],
      [
        'a residue larger than the data',
        [() => ({ data: new Uint8Array(2048), residue: 4096 })],
        ['28', 'reset', 'clear in', 'clear out', '28'],
      ],
      [
        'more data than were asked for',
        [() => ({ data: new Uint8Array(4096) })],
        ['28', 'reset', 'clear in', 'clear out', '28'],
      ],
      [
        'a stall of the command itself',
        [() => ({ stallCommand: true })],
        ['28', 'reset', 'clear in', 'clear out', '28'],
      ],
      ['a unit attention after a reset', failing(6, 0x29), ['28', '03', '28']],
      ['an aborted command', failing(0xb), ['28', '03', '28']],
      [
        'a recovered error',
        [() => ({ data: new Uint8Array(2048), status: 1 }), () => ({ data: sense(1, 0x17, 1) })],
        ['28', '03'],
      ],
      [
        'another medium',
        failing(6, 0x28),
        ['28', '03'],
        'READ(10) of sectors 0 to 3: UNIT ATTENTION, the medium may have changed (6/28/00)',
      ],
      [
        'no sense',
        [() => ({ status: 1 }), () => ({ status: 1 })],
        ['28', '03'],
        'READ(10) of sectors 0 to 3: the device failed the command and does not tell why',
      ],
      [
        'sense in descriptor format',
        [() => ({ status: 1 }), () => ({ data: Uint8Array.of(0x72, 4, 0x44, 0, 0, 0, 0, 0) })],
        ['28', '03'],
        'READ(10) of sectors 0 to 3: HARDWARE ERROR, the device failed internally (4/44/00)',
      ],
      [
        'sense that nobody knows',
        failing(9, 0x80, 1),
        ['28', '03'],
        'READ(10) of sectors 0 to 3: VENDOR SPECIFIC (9/80/01)',
      ],
      [
        'less data than were asked for',
        [() => ({ data: new Uint8Array(1000), residue: 1048 })],
        ['28'],
        'READ(10) of sectors 0 to 3: the device gave 1000 of 2048 bytes and no reason',
      ],
      [
        'phase errors without end',
        Array.from({ length: 4 }, () => () => ({ data: new Uint8Array(2048), status: 2 })),
        Array.from({ length: 4 }, () => ['28', 'reset', 'clear in', 'clear out']).flat(),
        'READ(10) of sectors 0 to 3: the device reports a phase error',
      ],
    ];
    for (const [name, faults, log, message] of recoveries) {
      it(`${message === undefined ? 'gets over' : 'tells of'} ${name}`, async () => {
        const { stick, storage } = await openStick({ pipelined });
        stick.faults = [...faults];
        const reading = storage.read(0, 4);
        if (message === undefined) await reading;
        else expect((await rejection(reading)).message).to.equal(message);
        expect(stick.log).to.deep.equal(log);
        expect(await storage.read(5, 1), 'the next command').to.deep.equal(stick.memory.subarray(5 * 512, 6 * 512));
      });
    }

    it('resets the device when the reset of the transport is refused', async () => {
      const { stick, storage } = await openStick({ pipelined });
      stick.resetWorks = false;
      stick.faults = [() => ({ data: new Uint8Array(512), status: 2 })];
      await storage.read(0, 1);
      expect(stick.log).to.deep.equal(['28', 'reset', 'device reset', '28']);
    });

    it('tells of a write to a protected medium', async () => {
      const { stick, storage } = await openStick({ pipelined });
      stick.faults = [() => ({ stallOut: true, status: 1, residue: 512 }), () => ({ data: sense(7, 0x27, 0) })];
      const error = await rejection(storage.write(9, new Uint8Array(512)));
      expect(error.message).to.equal(
        'WRITE(10) of sectors 9 to 9: DATA PROTECT, the medium is write-protected (7/27/00)',
      );
      expect(error).to.have.deep.property('sense', { key: 7, additionalCode: 0x27, additionalQualifier: 0 });
      expect(stick.log).to.deep.equal(['2a', 'clear out', '03']);
      await storage.write(9, new Uint8Array(512));
    });

    it('has nothing to flush on a device without a cache', async () => {
      const { stick, storage } = await openStick({ pipelined });
      stick.faults = failing(5, 0x20);
      await storage.flush();
      stick.faults = failing(3, 0x0c);
      expect((await rejection(storage.flush())).message).to.contain('MEDIUM ERROR, write error');
    });

    it('cancels a command, and the device takes the next one', async () => {
      const { stick, storage } = await openStick({ pipelined });
      stick.faults = [() => ({ silent: true })];
      const controller = new AbortController();
      const reading = rejection(storage.read(0, 1, { signal: controller.signal }));
      while (stick.commands.length === 0) await new Promise(setImmediate);
      controller.abort();
      expect(await reading).to.equal(controller.signal.reason);
      expect(await storage.read(0, 1)).to.deep.equal(stick.memory.subarray(0, 512));
      expect(stick.log).to.deep.equal(['28', 'reset', 'clear in', 'clear out', '28']);
    });

    it('gives up on a device that does not answer in time', async () => {
      const clock = new VirtualClock();
      const { stick, storage } = await openStick({ pipelined, timeout: 30, clock });
      stick.faults = [() => ({ silent: true })];
      const reading = rejection(storage.read(0, 1));
      while (stick.commands.length === 0) await new Promise(setImmediate);
      clock.advance(30);
      const error = await reading;
      expect(error).to.include({ code: 'timeout' });
      expect(error.message).to.equal(
        'READ(10) of sectors 0 to 0: no answer within 30 ms; the command was cancelled and the device reset',
      );
      expect(await storage.read(0, 1)).to.deep.equal(stick.memory.subarray(0, 512));
    });

    it('tells when the device is unplugged', async () => {
      const { stick, storage } = await openStick({ pipelined });
      stick.faults = [() => ({ silent: true })];
      const reading = rejection(storage.read(0, 1));
      while (stick.commands.length === 0) await new Promise(setImmediate);
      stick.unplug();
      await stick.close();
      expect((await reading).name).to.equal('NetworkError');
      expect((await rejection(storage.read(0, 1))).name).to.equal('NotFoundError');
    });
  });
}

describe('MassStorage', () => {
  it('takes no more pieces than somebody wants, and leaves nothing under way', async () => {
    const { stick, storage } = await openStick({ sectorsPerCommand: 2 });
    for await (const piece of storage.sectors(0, 1000)) {
      expect(piece.byteLength).to.equal(1024);
      break;
    }
    expect(stick.log).to.deep.equal(['28', '28']);
    await storage.read(0, 1);
    expect(stick.log).to.have.length(3);
  });

  it('an error ends sectors()', async () => {
    const { stick, storage } = await openStick({ sectorsPerCommand: 1 });
    stick.faults = [undefined, ...failing(3, 0x11)];
    const seen: number[] = [];
    const reading = (async () => {
      for await (const piece of storage.sectors(0, 10)) seen.push(piece.byteLength);
    })();
    expect((await rejection(reading)).message).to.contain('sectors 1 to 1: MEDIUM ERROR');
    expect(seen).to.deep.equal([512]);
  });

  for (const [name, call] of [
    ['read behind the end', (s: MassStorage) => s.read(1000, 25)],
    ['read of a negative sector', (s: MassStorage) => s.read(-1, 1)],
    ['read of half a sector', (s: MassStorage) => s.read(0, 0.5)],
    ['sectors behind the end', (s: MassStorage) => s.sectors(1024, 1).next()],
    ['write behind the end', (s: MassStorage) => s.write(1023, new Uint8Array(1024))],
    ['write of half a sector', (s: MassStorage) => s.write(0, new Uint8Array(256))],
  ] as const) {
    it(`refuses a ${name} with UsageError, and the device sees nothing of it`, async () => {
      const { stick, storage } = await openStick();
      expect(await rejection(call(storage))).to.be.instanceOf(UsageError);
      expect(stick.log).to.deep.equal([]);
    });
  }

  it('refuses to read more at once than an array can hold', async () => {
    const fresh = new FakeStick();
    fresh.capacity = 2n ** 33n;
    const { storage } = await openStick({}, fresh);
    const error = await rejection(storage.read(0, 2 ** 22 + 1));
    expect(error).to.be.instanceOf(UsageError);
    expect(error.message).to.contain('use sectors()');
  });

  it('reads nothing when nothing is asked for', async () => {
    const { stick, storage } = await openStick();
    expect(await storage.read(0, 0)).to.deep.equal(new Uint8Array(0));
    await storage.write(0, new Uint8Array(0));
    expect(stick.log).to.deep.equal([]);
  });

  it('one sector has 4096 bytes where the device says so', async () => {
    const fresh = new FakeStick();
    fresh.sectorSize = 4096;
    const { stick, storage } = await openStick({}, fresh);
    expect(storage).to.include({ sectorSize: 4096, sectorCount: 128 });
    await storage.read(0, 32);
    expect(stick.commands.map(({ block }) => block.getUint16(7))).to.deep.equal([16, 16]);
  });
});
