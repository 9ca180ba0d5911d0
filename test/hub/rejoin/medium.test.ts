import { expect } from 'chai';
import { joinParts } from '../../../codecs/core/parts.ts';
import { CommandBlockWrapper } from '../../../codecs/usb/bulkOnlyTransport.ts';
import { OperationCode } from '../../../codecs/usb/scsi.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { Medium } from '../../../src/hub/rejoin/medium.ts';
import { openStorage } from './rejoinFakes.ts';

const SECTOR = 512;
const SECTORS = 4096;

async function mediumOf(bytes: Uint8Array, productName = 'Virtual Stick'): Promise<Medium> {
  const storage = await openStorage(new MassStorageStick({ blocks: new MemoryBlocks(bytes), productName }));
  return Medium.read(storage);
}

/** A command as a host sends it. */
function command(...block: number[]): Uint8Array {
  const CBWCB = Uint8Array.from([...block, ...new Array<number>(16 - block.length).fill(0)]);
  const fields = { dCBWTag: 1, dCBWDataTransferLength: 0, bmCBWFlags: 0, bCBWLUN: 0, bCBWCBLength: 16, CBWCB };
  return joinParts(CommandBlockWrapper.encode({ name: 'CBW', ...fields }));
}

describe('a medium is recognised', () => {
  const original = new Uint8Array(SECTORS * SECTOR);
  for (let sector = 0; sector < SECTORS; sector += 1) original[sector * SECTOR] = sector;
  const bytes = () => original.slice();

  it('by its names, its size and some of its sectors', async () => {
    const before = await mediumOf(bytes());
    expect(before.difference(await mediumOf(bytes()))).to.equal(undefined);
  });

  it('not with other SCSI names, nor with another size', async () => {
    const before = await mediumOf(bytes());
    expect(before.difference(await mediumOf(bytes(), 'Another'))).to.equal('its SCSI names are others');
    expect(before.difference(await mediumOf(bytes().subarray(SECTOR)))).to.match(/^its medium has 4095 sectors/);
  });

  for (const sector of [0, 2, 7, 1024, 2050, 3072, SECTORS - 1]) {
    it(`not when sector ${sector} has changed`, async () => {
      const before = await mediumOf(bytes());
      const changed = bytes();
      changed[sector * SECTOR + 511] = 0xee;
      expect(before.difference(await mediumOf(changed))).to.equal(`sector ${sector} of its medium has changed`);
    });
  }

  it('a medium of one sector, too', async () => {
    const before = await mediumOf(new Uint8Array(SECTOR));
    expect(before.difference(await mediumOf(new Uint8Array(SECTOR)))).to.equal(undefined);
    expect(before.difference(await mediumOf(new Uint8Array(SECTOR).fill(1)))).to.match(/^sector 0/);
  });

  for (const [name, block] of [
    ['WRITE (6)', [OperationCode.WRITE_6, 0, 0, 2, 1]],
    ['WRITE (10)', [OperationCode.WRITE_10, 0, 0, 0, 0, 2, 0, 0, 1]],
    ['WRITE (12)', [OperationCode.WRITE_12, 0, 0, 0, 0, 2, 0, 0, 0, 1]],
    ['WRITE (16)', [OperationCode.WRITE_16, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1]],
  ] as const) {
    it(`what the host writes with ${name} is not compared, and all else is`, async () => {
      const before = await mediumOf(bytes());
      before.sent(command(...block));
      const changed = bytes();
      changed[2 * SECTOR] = 0xee;
      expect(before.difference(await mediumOf(changed))).to.equal(undefined);
      changed[3 * SECTOR] = 0xee;
      expect(before.difference(await mediumOf(changed))).to.equal('sector 3 of its medium has changed');
    });
  }

  it('a WRITE (6) of 0 sectors is one of 256', async () => {
    const before = await mediumOf(bytes());
    before.sent(command(OperationCode.WRITE_6, 0, 0, 0, 0));
    const changed = bytes().fill(0xee, 0, 8 * SECTOR);
    expect(before.difference(await mediumOf(changed))).to.equal(undefined);
  });

  it('reads, and data that only looks like a command, change nothing', async () => {
    const before = await mediumOf(bytes());
    before.sent(command(OperationCode.READ_10, 0, 0, 0, 0, 0, 0, 0, 8));
    before.sent(command(OperationCode.WRITE_10, 0, 0, 0, 0, 0, 0, 0, 8).subarray(1));
    before.sent(new Uint8Array(31));
    const changed = bytes();
    changed[0] = 0xee;
    expect(before.difference(await mediumOf(changed))).to.match(/^sector 0/);
  });

  it('by nothing any more after a command of which nobody knows what it writes', async () => {
    const before = await mediumOf(bytes());
    const FORMAT_UNIT = 0x04;
    before.sent(command(FORMAT_UNIT));
    expect(before.difference(await mediumOf(bytes()))).to.match(/^every sector/);
  });
});
