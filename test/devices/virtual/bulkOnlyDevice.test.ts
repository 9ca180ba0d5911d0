import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import type { BlockStore } from '../../../src/devices/virtual/blockStore.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { closeCleanly, Recorder } from '../recorder.ts';
import { BULK_IN, BULK_OUT, BulkOnlyHost, cbw } from './bulkOnlyHost.ts';

const TEST_UNIT_READY = '00 00 00 00 00 00';
const INQUIRY_36 = '12 00 00 00 24 00';
const READ_2_BLOCKS = '28 00 00000000 00 0002 00';
const WRITE_2_BLOCKS = '2a 00 00000000 00 0002 00';
const UNKNOWN = 'ff 00 00 00 00 00';
const CSW_SIZE = 13;
const bytes = (size: number) => new Uint8Array(size).fill(0xaa);

describe('Bulk-Only Transport of the virtual stick', () => {
  let image: Uint8Array;
  let stick: MassStorageStick;
  let usb: Recorder;
  let host: BulkOnlyHost;

  async function insert(blocks: BlockStore): Promise<void> {
    stick = new MassStorageStick({ blocks });
    usb = new Recorder(stick);
    host = new BulkOnlyHost(usb);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
  }
  beforeEach(async () => {
    image = Uint8Array.from({ length: 64 * 512 }, (_, index) => index >> 8);
    await insert(new MemoryBlocks(image));
  });
  afterEach(() => closeCleanly(usb));

  const expectAlive = async () => {
    expect(await host.run(TEST_UNIT_READY)).to.deep.include({ status: 0, residue: 0 });
  };
  const isHalted = async (endpointAddress: number) => (await usb.read(0x82, 0, 0, endpointAddress, 2)).data[0] === 1;

  describe('the thirteen cases (6.7)', () => {
    it('1: Hn = Dn', async () => {
      expect(await host.read(TEST_UNIT_READY, 0)).to.deep.include({ status: 0, residue: 0 });
    });
    it('2: Hn < Di is a phase error', async () => {
      expect((await host.read(INQUIRY_36, 0)).status).to.equal(2);
      expect((await host.read(READ_2_BLOCKS, 0)).status).to.equal(2);
      await expectAlive();
    });
    it('3: Hn < Do is a phase error, and nothing is written', async () => {
      const before = toHex(image);
      expect((await host.run(WRITE_2_BLOCKS)).status).to.equal(2);
      expect(toHex(image)).to.equal(before);
      await expectAlive();
    });
    it('4: Hi > Dn stalls, and all is residue', async () => {
      expect(await host.read(TEST_UNIT_READY, 36)).to.deep.include({ status: 0, residue: 36, dataStatus: 'stalled' });
      expect(await host.read(UNKNOWN, 512)).to.deep.include({ status: 1, residue: 512, dataStatus: 'stalled' });
      expect(await host.sense()).to.equal('05/20/00');
    });
    it('5: Hi > Di sends what there is, halts behind it, and the rest is residue', async () => {
      const short = await host.read(INQUIRY_36, 100);
      expect(short).to.deep.include({ status: 0, residue: 64, dataStatus: 'completed' });
      expect(short.data.byteLength).to.equal(36);
      const whole = await host.read(READ_2_BLOCKS, 2048);
      expect(whole).to.deep.include({ status: 0, residue: 1024, dataStatus: 'stalled' });
      expect(toHex(whole.data)).to.equal(toHex(image.subarray(0, 1024)));
      await expectAlive();
    });
    it('6: Hi = Di', async () => {
      const result = await host.read(READ_2_BLOCKS, 1024);
      expect(result).to.deep.include({ status: 0, residue: 0, dataStatus: 'completed' });
      expect(toHex(result.data)).to.equal(toHex(image.subarray(0, 1024)));
    });
    it('7: Hi < Di sends what the host expects, and is a phase error', async () => {
      for (const length of [512, 600, 1000]) {
        const result = await host.read(READ_2_BLOCKS, length);
        expect(result).to.deep.include({ status: 2, residue: 0 });
        expect(toHex(result.data)).to.equal(toHex(image.subarray(0, length)));
      }
      expect((await host.read(INQUIRY_36, 8)).status).to.equal(2);
      await expectAlive();
    });
    it('8: Hi <> Do stalls, and is a phase error', async () => {
      expect(await host.read(WRITE_2_BLOCKS, 1024)).to.deep.include({ status: 2, dataStatus: 'stalled' });
      await expectAlive();
    });
    it('9: Ho > Dn takes the data, and all is residue', async () => {
      const result = await host.write(TEST_UNIT_READY, bytes(1000), 300);
      expect(result).to.deep.include({ status: 0, residue: 1000, dataStatus: 'completed' });
      expect(await host.write(UNKNOWN, bytes(512))).to.deep.include({ status: 1, residue: 512 });
      expect(await host.sense()).to.equal('05/20/00');
    });
    it('10: Ho <> Di takes the data, and is a phase error', async () => {
      expect((await host.write(READ_2_BLOCKS, bytes(1024))).status).to.equal(2);
      expect((await host.write(INQUIRY_36, bytes(36))).status).to.equal(2);
      await expectAlive();
    });
    for (const chunk of [4096, 1024, 512, 700]) {
      it(`11: Ho > Do writes what the command wants, and the rest is residue; transfers of ${chunk} bytes`, async () => {
        const result = await host.write(WRITE_2_BLOCKS, bytes(4096), chunk);
        expect(result).to.deep.include({ status: 0, residue: 3072, dataStatus: 'completed' });
        expect(image.findIndex((byte) => byte !== 0xaa)).to.equal(1024);
      });
    }
    it('12: Ho = Do', async () => {
      expect(await host.write(WRITE_2_BLOCKS, bytes(1024))).to.deep.include({ status: 0, residue: 0 });
      expect(image.findIndex((byte) => byte !== 0xaa)).to.equal(1024);
    });
    it('13: Ho < Do is a phase error, and nothing is written', async () => {
      const before = toHex(image);
      expect((await host.write(WRITE_2_BLOCKS, bytes(512))).status).to.equal(2);
      expect(toHex(image)).to.equal(before);
      await expectAlive();
    });
  });

  describe('command wrappers', () => {
    const good = cbw(1, 0, 'out', fromHex(TEST_UNIT_READY));
    const with_ = (offset: number, value: number) => {
      const changed = Uint8Array.from(good);
      changed[offset] = value;
      return changed;
    };
    const invalid: [string, Uint8Array][] = [
      ['of 30 bytes', good.subarray(0, 30)],
      ['of 32 bytes', Uint8Array.from([...good, 0])],
      ['of no bytes', new Uint8Array(0)],
      ['with another signature', with_(3, 0x44)],
    ];
    for (const [name, wrapper] of invalid) {
      it(`one ${name} is not valid: both endpoints halt until reset recovery (6.2.1, 6.6.1)`, async () => {
        expect((await usb.out(BULK_OUT, wrapper).result).status).to.equal('stalled');
        expect([await isHalted(BULK_IN), await isHalted(BULK_OUT)]).to.deep.equal([true, true]);
        await host.clear(BULK_IN);
        await host.clear(BULK_OUT);
        expect([await isHalted(BULK_IN), await isHalted(BULK_OUT)]).to.deep.equal([true, true]);
        expect((await usb.out(BULK_OUT, good).result).status).to.equal('stalled');
        expect((await usb.in(BULK_IN, CSW_SIZE).result).status).to.equal('stalled');
        await host.resetRecovery();
        await expectAlive();
      });
    }
    const meaningless: [string, Uint8Array][] = [
      ['with reserved flags', with_(12, 0x01)],
      ['for LUN 1', with_(13, 1)],
      ['with reserved bits beside the LUN', with_(13, 0x10)],
      ['with an empty command', with_(14, 0)],
      ['with a command of 17 bytes', with_(14, 17)],
    ];
    for (const [name, wrapper] of meaningless) {
      it(`one ${name} is not meaningful: both endpoints halt (6.2.2)`, async () => {
        expect((await usb.out(BULK_OUT, wrapper).result).status).to.equal('stalled');
        expect([await isHalted(BULK_IN), await isHalted(BULK_OUT)]).to.deep.equal([true, true]);
        await host.resetRecovery();
        await expectAlive();
      });
    }

    it('a bus reset ends the refusal too', async () => {
      await usb.out(BULK_OUT, bytes(5)).result;
      await usb.run({ type: 'resetDevice' });
      await expectAlive();
    });
  });

  describe('descriptors (4)', () => {
    const interfaceAt = (packetSize: string) =>
      `09 04 00 00 02 08 06 50 00  07 05 81 02 ${packetSize} 00  07 05 02 02 ${packetSize} 00`;
    const descriptors: [string, number, string][] = [
      ['device', 0x0100, '12 01 0002 00 00 00 40 0912 0100 0001 01 02 03 01'],
      ['configuration', 0x0200, `09 02 2000 01 01 00 80 32 ${interfaceAt('0002')}`],
      ['device qualifier', 0x0600, '0a 06 0002 00 00 00 40 01 00'],
      ['other speed configuration', 0x0700, `09 07 2000 01 01 00 80 32 ${interfaceAt('4000')}`],
      ['serial number, 12 digits', 0x0303, '1a 03 3000 3000 3000 3000 3000 3000 3000 3000 3000 3000 3000 3100'],
    ];
    for (const [name, wValue, expected] of descriptors) {
      it(name, async () => {
        expect(toHex((await usb.read(0x80, 6, wValue, 0, 255)).data)).to.equal(toHex(fromHex(expected)));
      });
    }
  });

  describe('class requests (3)', () => {
    it('Get Max LUN answers 0', async () => {
      expect((await usb.read(0xa1, 0xfe, 0, 0, 1)).data[0]).to.equal(0);
    });
    it('requests with wrong fields stall', async () => {
      expect((await usb.read(0xa1, 0xfe, 0, 1, 1)).status).to.equal('stalled');
      expect((await usb.read(0xa1, 0xfe, 1, 0, 1)).status).to.equal('stalled');
      expect((await usb.read(0xa1, 0xfe, 0, 0, 2)).status).to.equal('stalled');
      expect((await usb.write(0x21, 0xff, 0, 0, bytes(1))).status).to.equal('stalled');
      expect((await usb.read(0xa1, 0xfd, 0, 0, 1)).status).to.equal('stalled');
    });
    it('reset leaves a halt as it is (5.3.4)', async () => {
      await usb.write(0x02, 3, 0, BULK_OUT);
      await usb.write(0x21, 0xff, 0, 0);
      expect(await isHalted(BULK_OUT)).to.equal(true);
    });
    it('reset in the data phase forgets the command', async () => {
      await usb.out(BULK_OUT, cbw(1, 1024, 'in', fromHex(READ_2_BLOCKS))).result;
      await usb.in(BULK_IN, 512).result;
      await host.resetRecovery();
      await expectAlive();
      await usb.out(BULK_OUT, cbw(2, 1024, 'out', fromHex(WRITE_2_BLOCKS))).result;
      await usb.out(BULK_OUT, bytes(512)).result;
      await host.resetRecovery();
      await expectAlive();
    });
  });

  it('takes requests ahead of their turn: data and status asked for before the command comes', async () => {
    const data = usb.in(BULK_IN, 1024);
    const status = usb.in(BULK_IN, CSW_SIZE);
    const command = usb.out(BULK_OUT, cbw(9, 1024, 'in', fromHex(READ_2_BLOCKS)));
    const next = usb.out(BULK_OUT, cbw(10, 0, 'out', fromHex(TEST_UNIT_READY)));
    expect((await command.result).status).to.equal('completed');
    expect((await data.result).transferred).to.equal(1024);
    expect((await status.result).data[4]).to.equal(9);
    expect((await next.result).status).to.equal('completed');
    expect((await usb.in(BULK_IN, CSW_SIZE).result).data[4]).to.equal(10);
  });

  it('does not take a second command before the status of the first is fetched', async () => {
    await usb.out(BULK_OUT, cbw(1, 0, 'out', fromHex(TEST_UNIT_READY))).result;
    const second = usb.out(BULK_OUT, cbw(2, 0, 'out', fromHex(TEST_UNIT_READY)));
    await usb.read(0x80, 0, 0, 0, 2);
    expect(second.seen()).to.equal(undefined);
    await usb.in(BULK_IN, CSW_SIZE).result;
    await second.result;
    await usb.in(BULK_IN, CSW_SIZE).result;
  });

  it('a reset while the store reads or writes: the late answer is forgotten', async () => {
    const waiting: (() => void)[] = [];
    const slow = () => new Promise<void>((resolve) => waiting.push(resolve));
    const store = new MemoryBlocks(image);
    await usb.close();
    await insert({
      blockCount: store.blockCount,
      readOnly: false,
      read: (first, count) => slow().then(() => store.read(first, count)),
      write: (first, data) => slow().then(() => store.write(first, data)),
      flush: slow,
      close: () => Promise.resolve(),
    });
    await usb.out(BULK_OUT, cbw(1, 1024, 'in', fromHex(READ_2_BLOCKS))).result;
    await host.resetRecovery();
    waiting.shift()?.();
    await expectAlive();

    await usb.out(BULK_OUT, cbw(2, 1024, 'out', fromHex(WRITE_2_BLOCKS))).result;
    const data = usb.out(BULK_OUT, bytes(1024));
    await host.resetRecovery();
    data.transfer.cancel();
    waiting.shift()?.();
    expect((await data.result).status).to.equal('completed');
    await expectAlive();

    await usb.out(BULK_OUT, cbw(3, 1024, 'in', fromHex(READ_2_BLOCKS))).result;
    stick.unplug();
    waiting.shift()?.();
  });

  it('unplugged in the middle of a command, and plugged in again', async () => {
    await usb.out(BULK_OUT, cbw(1, 1024, 'in', fromHex(READ_2_BLOCKS))).result;
    await usb.close();
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    await expectAlive();
  });

  it('survives any command: it answers, waits for the host, or halts, and lives on after reset recovery', async () => {
    const operation = fc.oneof(
      fc.constantFrom(0x00, 0x03, 0x08, 0x0a, 0x12, 0x1a, 0x1b, 0x1e, 0x23, 0x25, 0x28, 0x2a, 0x2f, 0x35, 0x5a),
      fc.constantFrom(0x88, 0x8a, 0x91, 0x9e, 0xa0, 0xa8, 0xaa),
      fc.integer({ min: 0, max: 255 }),
    );
    const small = fc.oneof(fc.constantFrom(0, 0, 0, 0, 1, 2, 0x10, 0xff), fc.integer({ min: 0, max: 255 }));
    const block = fc.tuple(operation, fc.array(small, { maxLength: 15 })).map(([first, rest]) => [first, ...rest]);
    const length = fc.oneof(fc.constantFrom(0, 1, 13, 36, 512, 1024, 65536, 0xffffffff), fc.nat(5000));
    const wrapper = fc
      .tuple(block, length, fc.constantFrom('in' as const, 'out' as const))
      .map(([command, size, direction]) => cbw(7, size, direction, Uint8Array.from(command)));
    const steps = fc.oneof(
      fc.record({ type: fc.constant('out' as const), data: fc.oneof(wrapper, fc.uint8Array({ maxLength: 40 })) }),
      fc.record({ type: fc.constant('data' as const), size: fc.nat(3000) }),
      fc.record({ type: fc.constant('in' as const), size: fc.oneof(fc.constantFrom(13, 512, 65536), fc.nat(3000)) }),
      fc.record({ type: fc.constant('clear' as const), endpoint: fc.constantFrom(BULK_IN, BULK_OUT) }),
      fc.constant({ type: 'reset' as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 12 }), async (script) => {
        await insert(new MemoryBlocks(new Uint8Array(64 * 512)));
        for (const step of script) {
          if (step.type === 'out') usb.out(BULK_OUT, step.data);
          if (step.type === 'data') usb.out(BULK_OUT, bytes(step.size));
          if (step.type === 'in') usb.in(BULK_IN, step.size);
          if (step.type === 'clear') await host.clear(step.endpoint);
          if (step.type === 'reset') await usb.write(0x21, 0xff, 0, 0);
          await new Promise(setImmediate);
        }
        await usb.run({ type: 'abortEndpoint', endpointAddress: BULK_OUT });
        await usb.run({ type: 'abortEndpoint', endpointAddress: BULK_IN });
        await host.resetRecovery();
        await host.run('1b 00 00 00 03 00');
        await expectAlive();
        await closeCleanly(usb);
      }),
      { numRuns: 300 },
    );
  });
});
