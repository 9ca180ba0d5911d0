import { expect } from 'chai';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import type { BlockStore } from '../../../src/devices/virtual/blockStore.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { Recorder } from '../recorder.ts';
import { BulkOnlyHost } from './bulkOnlyHost.ts';

const BLOCKS = 300;
const hex = (text: string) => toHex(fromHex(text));
const filled = () => Uint8Array.from({ length: BLOCKS * 512 }, (_, index) => (index >> 9) + index);

/** A store that is in no memory, for capacities that no test has. */
function huge(blockCount: number): BlockStore {
  return {
    blockCount,
    readOnly: false,
    read: (_first, count) => Promise.resolve(new Uint8Array(count * 512)),
    write: () => Promise.resolve(),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

describe('SCSI commands of the virtual stick', () => {
  let image: Uint8Array;
  let stick: MassStorageStick;
  let usb: Recorder;
  let host: BulkOnlyHost;

  async function insert(blocks: BlockStore, options = {}): Promise<void> {
    stick = new MassStorageStick({ blocks, ...options });
    usb = new Recorder(stick);
    host = new BulkOnlyHost(usb);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
  }

  beforeEach(async () => {
    image = filled();
    await insert(new MemoryBlocks(image));
  });
  afterEach(async () => {
    await usb.close();
    await stick.dispose();
    expect(usb.complaints).to.deep.equal([]);
    expect(usb.pending).to.equal(0);
  });

  const VENDOR = '7572626472632020'; // urbdrc
  const PRODUCT = '5669727475616c20537469636b202020'; // Virtual Stick
  const answers: [name: string, command: string, length: number, answer: string][] = [
    ['INQUIRY (SPC-4 6.4.2)', '12 00 00 00 24 00', 36, `00 80 05 02 1f 000000 ${VENDOR} ${PRODUCT} 312e3020`],
    ['INQUIRY of 5 bytes (SPC-4 6.4.2)', '12 00 00 00 05 00', 5, '00 80 05 02 1f'],
    ['INQUIRY, supported pages (SPC-4 7.8.15)', '12 01 00 00 ff 00', 7, '00 00 0003 00 80 83'],
    ['INQUIRY, serial number (SPC-4 7.8.14)', '12 01 80 00 ff 00', 16, '00 80 000c 303030303030303030303031'],
    ['INQUIRY, identification (SPC-4 7.8.6)', '12 01 83 00 ff 00', 44, `00 83 0028 02 01 00 24 ${VENDOR} ${PRODUCT} 303030303030303030303031`], // prettier-ignore
    ['READ CAPACITY (10) (SBC-3 5.12)', '25 00 00000000 00 0000 00 00', 8, '0000012b 00000200'],
    ['READ CAPACITY (16) (SBC-3 5.13)', '9e 10 0000000000000000 00000020 00 00', 32, `000000000000012b 00000200 ${'00'.repeat(20)}`], // prettier-ignore
    ['READ FORMAT CAPACITIES (MMC-6 6.24)', '23 00 00 00 00 00 00 00fc 00', 12, '00000008 0000012c 02 000200'],
    ['REPORT LUNS (SPC-4 6.33)', 'a0 00 00 000000 00000010 00 00', 16, '00000008 00000000 0000000000000000'],
    ['MODE SENSE (6), all pages (SPC-4 6.11)', '1a 00 3f 00 ff 00', 24, `17 00 00 00 08 12 04 ${'00'.repeat(17)}`],
    ['MODE SENSE (6), caching page (SBC-3 6.4.5)', '1a 08 08 00 ff 00', 24, `17 00 00 00 08 12 04 ${'00'.repeat(17)}`],
    [
      'MODE SENSE (6), what can be changed: nothing',
      '1a 00 48 00 ff 00',
      24,
      `17 00 00 00 08 12 00 ${'00'.repeat(17)}`,
    ],
    ['MODE SENSE (6), the header alone', '1a 00 3f 00 04 00', 4, '17 00 00 00'],
    ['MODE SENSE (10) (SPC-4 6.12)', '5a 00 3f 00 00 00 00 00ff 00', 28, `001a 00 00 00 00 0000 08 12 04 ${'00'.repeat(17)}`], // prettier-ignore
    ['REQUEST SENSE without a failure (SPC-4 6.39)', '03 00 00 00 12 00', 18, '70 00 00 00000000 0a 00000000 00 00 00 00 0000'], // prettier-ignore
    ['REQUEST SENSE, descriptor format', '03 01 00 00 ff 00', 8, '72 00 00 00 00 00 00 00'],
  ];
  for (const [name, command, length, answer] of answers) {
    it(name, async () => {
      const { status, residue, data } = await host.read(command, length);
      expect(toHex(data)).to.equal(hex(answer));
      expect({ status, residue }).to.deep.equal({ status: 0, residue: 0 });
    });
  }

  const good: [name: string, command: string][] = [
    ['TEST UNIT READY (SPC-4 6.47)', '00 00 00 00 00 00'],
    ['PREVENT ALLOW MEDIUM REMOVAL (SBC-3 5.11)', '1e 00 00 00 01 00'],
    ['START STOP UNIT, start (SBC-3 5.25)', '1b 00 00 00 01 00'],
    ['START STOP UNIT, stop (SBC-3 5.25)', '1b 00 00 00 00 00'],
    ['SYNCHRONIZE CACHE (10) (SBC-3 5.26)', '35 00 00000000 00 0000 00'],
    ['SYNCHRONIZE CACHE (16) (SBC-3 5.27)', '91 00 0000000000000000 00000000 00 00'],
    ['VERIFY (10) without bytes to compare (SBC-3 5.34)', '2f 00 00000000 00 012c 00'],
    ['READ (10) of no blocks (SBC-3 5.8)', '28 00 00000000 00 0000 00'],
    ['READ (10) of no blocks at the very end', '28 00 0000012c 00 0000 00'],
    ['WRITE (10) of no blocks (SBC-3 5.36)', '2a 00 00000000 00 0000 00'],
    ['a command block with bytes behind it', '00 00 00 00 00 00 00 00 00 00 00 00'],
  ];
  for (const [name, command] of good) {
    it(name, async () => {
      expect(await host.run(command)).to.deep.include({ status: 0, residue: 0 });
      expect(await host.sense()).to.equal('00/00/00');
    });
  }

  const refused: [name: string, command: string, sense: string][] = [
    ['an unknown operation code', 'ff 00 00 00 00 00', '05/20/00'],
    ['MODE SELECT (6), which it does not have', '15 10 00 00 00 00', '05/20/00'],
    ['a command block that is too short', '28 00 00000000 00 00', '05/24/00'],
    ['INQUIRY of a page that does not exist', '12 01 b0 00 ff 00', '05/24/00'],
    ['INQUIRY with a page and without EVPD', '12 00 80 00 ff 00', '05/24/00'],
    ['MODE SENSE of a page that does not exist', '1a 00 1c 00 ff 00', '05/24/00'],
    ['MODE SENSE of a subpage', '1a 00 08 01 ff 00', '05/24/00'],
    ['MODE SENSE of saved values', '1a 00 c8 00 ff 00', '05/39/00'],
    ['READ CAPACITY (10) of a part', '25 00 00000001 00 0000 00 00', '05/24/00'],
    ['SERVICE ACTION IN with another action', '9e 12 0000000000000000 00000020 00 00', '05/24/00'],
    ['REPORT LUNS with room for less than 16 bytes', 'a0 00 00 000000 0000000f 00 00', '05/24/00'],
    ['VERIFY with bytes to compare', '2f 02 00000000 00 0001 00', '05/24/00'],
    ['VERIFY behind the end', '2f 00 0000012c 00 0001 00', '05/21/00'],
    ['READ (6) behind the end', '08 00 012c 01 00', '05/21/00'],
    ['READ (10) behind the end', '28 00 0000012b 00 0002 00', '05/21/00'],
    ['READ (10) of no blocks behind the end', '28 00 0000012d 00 0000 00', '05/21/00'],
    ['READ (10) with protection', '28 20 00000000 00 0001 00', '05/24/00'],
    ['READ (12) behind the end', 'a8 00 ffffffff 00000001 00 00', '05/21/00'],
    ['READ (16) behind the end', '88 00 0000000100000000 00000001 00 00', '05/21/00'],
    ['READ (16) at the largest address', '88 00 ffffffffffffffff ffffffff 00 00', '05/21/00'],
    ['WRITE (10) behind the end', '2a 00 0000012c 00 0001 00', '05/21/00'],
    ['SYNCHRONIZE CACHE behind the end', '35 00 0000012c 00 0001 00', '05/21/00'],
  ];
  for (const [name, command, sense] of refused) {
    it(`refuses ${name}`, async () => {
      expect(await host.run(command)).to.deep.include({ status: 1, residue: 0 });
      expect(await host.sense()).to.equal(sense);
      expect(await host.sense(), 'reported once').to.equal('00/00/00');
    });
  }

  const ranges: [name: string, command: string, first: number, count: number][] = [
    ['READ (6)', '08 00 0005 03 00', 5, 3],
    ['READ (6), where 0 means 256', '08 00 0001 00 00', 1, 256],
    ['READ (10)', '28 00 00000005 00 0080 00', 5, 128],
    ['READ (10), the whole disk', '28 00 00000000 00 012c 00', 0, 300],
    ['READ (12)', 'a8 00 00000007 00000002 00 00', 7, 2],
    ['READ (16)', '88 00 0000000000000009 00000004 00 00', 9, 4],
  ];
  for (const [name, command, first, count] of ranges) {
    it(`${name} reads blocks`, async () => {
      const { status, residue, data } = await host.read(command, count * 512);
      expect({ status, residue }).to.deep.equal({ status: 0, residue: 0 });
      expect(Buffer.from(data).equals(image.subarray(first * 512, (first + count) * 512))).to.equal(true);
    });

    const write = command.replace(/^(..)/, (code) => (parseInt(code, 16) + 2).toString(16).padStart(2, '0'));
    for (const chunk of [count * 512, 512, 1000]) {
      it(`${name.replace('READ', 'WRITE')} writes blocks that come in transfers of ${chunk} bytes`, async () => {
        const data = Uint8Array.from({ length: count * 512 }, (_, index) => index * 7);
        const expected = filled();
        expected.set(data, first * 512);
        expect(await host.write(write, data, chunk)).to.deep.include({ status: 0, residue: 0 });
        expect(Buffer.from(image).equals(expected)).to.equal(true);
      });
    }
  }

  it('reads more than a mebibyte in one command, also in small transfers', async () => {
    const size = 3 * 1024 * 1024;
    await usb.close();
    await insert(new MemoryBlocks(Uint8Array.from({ length: size }, (_, index) => index % 251)));
    const { data, status } = await host.read(`28 00 00000000 00 1800 00`, size);
    expect(status).to.equal(0);
    expect(data.every((byte, index) => byte === index % 251)).to.equal(true);
  });

  it('what was read stays as it was when the blocks are written', async () => {
    const { data } = await host.read('28 00 00000000 00 0001 00', 512);
    const before = toHex(data);
    await host.write('2a 00 00000000 00 0001 00', new Uint8Array(512).fill(0xee));
    expect(toHex(data)).to.equal(before);
  });

  it('says ffffffff when READ CAPACITY (10) has no room, and the truth in READ CAPACITY (16)', async () => {
    await usb.close();
    await insert(huge(2 ** 40));
    expect(toHex((await host.read('25 00 00000000 00 0000 00 00', 8)).data)).to.equal('ffffffff00000200');
    const long = await host.read('9e 10 0000000000000000 0000000c 00 00', 12);
    expect(toHex(long.data)).to.equal('000000ffffffffff00000200');
    expect((await host.read('88 00 000000ffffffffff 00000001 00 00', 512)).status).to.equal(0);
  });

  it('a failure is forgotten with the next command (SPC-4 6.39)', async () => {
    await host.run('ff 00 00 00 00 00');
    await host.run('00 00 00 00 00 00');
    expect(await host.sense()).to.equal('00/00/00');
  });

  it('ejects and loads (SBC-3 5.25)', async () => {
    expect((await host.run('1b 00 00 00 02 00')).status).to.equal(0);
    expect((await host.run('00 00 00 00 00 00')).status).to.equal(1);
    expect(await host.sense()).to.equal('02/3a/00');
    expect((await host.read('28 00 00000000 00 0001 00', 512)).status).to.equal(1);
    expect((await host.read('12 00 00 00 24 00', 36)).status).to.equal(0);
    expect((await host.run('ff 00 00 00 00 00')).status).to.equal(1);
    expect(await host.sense()).to.equal('05/20/00');
    const capacities = await host.read('23 00 00 00 00 00 00 00fc 00', 12);
    expect(toHex(capacities.data)).to.equal('000000080000012c03000200');
    expect((await host.run('1b 00 00 00 03 00')).status).to.equal(0);
    expect((await host.run('00 00 00 00 00 00')).status).to.equal(0);
  });

  it('does not eject while removal is prevented (SBC-3 5.11)', async () => {
    await host.run('1e 00 00 00 01 00');
    expect((await host.run('1b 00 00 00 02 00')).status).to.equal(1);
    expect(await host.sense()).to.equal('05/53/02');
    await host.run('1e 00 00 00 00 00');
    expect((await host.run('1b 00 00 00 02 00')).status).to.equal(0);
  });

  it('a read-only store is write-protected, and nothing is written', async () => {
    await usb.close();
    await insert(new MemoryBlocks(image, { readOnly: true }));
    const before = toHex(image);
    const { status, residue, dataStatus } = await host.write('2a 00 00000000 00 0002 00', new Uint8Array(1024));
    expect({ status, residue, dataStatus }).to.deep.equal({ status: 1, residue: 1024, dataStatus: 'completed' });
    expect(await host.sense()).to.equal('07/27/00');
    expect(toHex((await host.read('1a 00 3f 00 04 00', 4)).data)).to.equal('17008000');
    expect(toHex((await host.read('5a 00 3f 00 00 00 00 0008 00', 8)).data)).to.equal('001a008000000000');
    expect(toHex(image)).to.equal(before);
  });

  it('a store that fails gives medium errors, and the stick goes on', async () => {
    const broken = () => Promise.reject(new Error('broken'));
    await usb.close();
    await insert({ ...huge(100), read: broken, write: broken, flush: broken });
    expect(await host.read('28 00 00000000 00 0002 00', 1024)).to.deep.include({
      status: 1,
      residue: 1024,
      dataStatus: 'stalled',
    });
    expect(await host.sense()).to.equal('03/11/00');
    const written = await host.write('2a 00 00000000 00 0002 00', new Uint8Array(1024), 512);
    expect(written).to.deep.include({ status: 1, residue: 1024 });
    expect(await host.sense()).to.equal('03/0c/00');
    expect((await host.run('35 00 00000000 00 0000 00')).status).to.equal(1);
    expect(await host.sense()).to.equal('03/0c/00');
  });

  it('flushes for SYNCHRONIZE CACHE, for FUA and before an eject, and not otherwise', async () => {
    let flushes = 0;
    await usb.close();
    const flush = () => {
      flushes += 1;
      return Promise.resolve();
    };
    await insert({ ...huge(100), flush });
    await host.write('2a 00 00000000 00 0001 00', new Uint8Array(512));
    expect(flushes).to.equal(0);
    await host.write('2a 08 00000000 00 0001 00', new Uint8Array(512));
    expect(flushes).to.equal(1);
    await host.run('35 00 00000000 00 0000 00');
    expect(flushes).to.equal(2);
    await host.run('1b 00 00 00 02 00');
    expect(flushes).to.equal(3);
  });

  it('shows the names that it was given, cut to their places', async () => {
    await usb.close();
    const names = { manufacturerName: 'Acme Industries', productName: 'Überlong product name', removable: false };
    await insert(new MemoryBlocks(image), {
      ...names,
      serialNumber: 'ABCDEF012345',
      vendorId: 0x1234,
      productId: 0x5678,
    });
    const inquiry = await host.read('12 00 00 00 24 00', 36);
    expect(Buffer.from(inquiry.data.subarray(8)).toString()).to.equal('Acme Ind?berlong product1.0 ');
    expect(inquiry.data[1]).to.equal(0);
    expect(stick.identity).to.deep.include({
      vendorId: 0x1234,
      productId: 0x5678,
      ...{ serialNumber: 'ABCDEF012345' },
    });
    expect(stick.identity).to.deep.include({
      manufacturerName: 'Acme Industries',
      productName: 'Überlong product name',
    });
  });
});
