import { expect } from 'chai';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { VirtualDevices } from '../../../src/devices/virtual/virtualDevices.ts';
import { MassStorage } from '../../../src/usb/massStorage/massStorage.ts';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { rejection } from '../../hosts/rejection.ts';

const SECTORS = 4096;
const CONTENT = Uint8Array.from({ length: SECTORS * 512 }, (_, index) => (index >> 9) ^ index);

/** Blocks of which one cannot be read. */
class DamagedBlocks extends MemoryBlocks {
  damaged: number | undefined;

  override read(firstBlock: number, count: number): Uint8Array | Promise<Uint8Array> {
    const { damaged } = this;
    if (damaged !== undefined && damaged >= firstBlock && damaged < firstBlock + count) {
      return Promise.reject(new Error('block is damaged'));
    }
    return super.read(firstBlock, count);
  }
}

function plugIn(options: { readOnly?: boolean } = {}) {
  const memory = CONTENT.slice();
  const blocks = new DamagedBlocks(memory, options);
  const stick = new MassStorageStick({ blocks });
  const source = new VirtualDevices();
  source.add(stick);
  return { memory, blocks, stick, source, device: new RemoteDevice(stick) };
}

for (const pipelined of [true, false]) {
  describe(`MassStorage on the virtual stick, ${pipelined ? 'pipelined' : 'one transfer after the other'}`, () => {
    it('says what it is, and gives every sector', async () => {
      const { memory, device, source } = plugIn();
      const storage = await MassStorage.open(device, { pipelined });
      expect(storage).to.include({ sectorCount: SECTORS, sectorSize: 512 });
      expect(storage.inquiry).to.include({
        deviceType: 0,
        removable: true,
        vendor: 'urbdrc',
        product: 'Virtual Stick',
      });
      expect(device).to.include({
        manufacturerName: 'urbdrc',
        productName: 'Virtual Stick',
        serialNumber: '000000000001',
      });
      expect(Buffer.compare(await storage.read(0, SECTORS), memory)).to.equal(0);
      await storage.close();
      await source.close();
    });

    for (const sectorsPerCommand of [1, 7, 128, 1024]) {
      it(`reads and writes ${sectorsPerCommand} sectors a command`, async () => {
        const { memory, device, source } = plugIn();
        const storage = await MassStorage.open(device, { pipelined, sectorsPerCommand });
        const data = Uint8Array.from({ length: 100 * 512 }, (_, index) => index % 253);
        await storage.write(2000, data);
        await storage.flush();
        expect(Buffer.compare(memory.subarray(2000 * 512, 2100 * 512), data)).to.equal(0);
        expect(Buffer.compare(await storage.read(1999, 102), memory.subarray(1999 * 512, 2101 * 512))).to.equal(0);
        await source.close();
      });
    }

    it('tells which command hit a damaged sector, clears the stall, and goes on', async () => {
      const { memory, blocks, device, source } = plugIn();
      const storage = await MassStorage.open(device, { pipelined });
      blocks.damaged = 300;
      const pieces: Uint8Array[] = [];
      const reading = (async () => {
        for await (const piece of storage.sectors(0, SECTORS)) pieces.push(piece);
      })();
      const error = await rejection(reading);
      expect(error.message).to.match(/^READ\(10\) of sectors 256 to 383: MEDIUM ERROR/);
      expect(pieces).to.have.length(2);
      blocks.damaged = undefined;
      expect(Buffer.compare(await storage.read(256, 128), memory.subarray(256 * 512, 384 * 512))).to.equal(0);
      await source.close();
    });

    it('tells that a stick is write-protected', async () => {
      const { device, source } = plugIn({ readOnly: true });
      const storage = await MassStorage.open(device, { pipelined });
      const error = await rejection(storage.write(0, new Uint8Array(512)));
      expect(error.message).to.match(/^WRITE\(10\) of sectors 0 to 0: DATA PROTECT/);
      expect((await storage.read(0, 1)).byteLength).to.equal(512);
      await source.close();
    });

    it('survives a reset of the device between two commands', async () => {
      const { memory, device, source } = plugIn();
      const storage = await MassStorage.open(device, { pipelined });
      await device.reset();
      expect(Buffer.compare(await storage.read(5, 1), memory.subarray(5 * 512, 6 * 512))).to.equal(0);
      await source.close();
    });

    it('fails at once when the stick is pulled out', async () => {
      const { stick, device, source } = plugIn();
      const storage = await MassStorage.open(device, { pipelined });
      const reading = rejection(storage.read(0, SECTORS));
      source.remove(stick);
      expect((await reading).name).to.be.oneOf(['NetworkError', 'NotFoundError']);
      expect((await rejection(storage.read(0, 1))).name).to.equal('NotFoundError');
      await source.close();
    });
  });
}
