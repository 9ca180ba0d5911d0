import { mkdtemp, readFile, rm, truncate, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BlockStore } from '../../../src/devices/virtual/blockStore.ts';
import { ImageFile } from '../../../src/devices/virtual/imageFile.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { Recorder } from '../recorder.ts';
import { BulkOnlyHost } from './bulkOnlyHost.ts';

const content = () => Uint8Array.from({ length: 8 * 512 }, (_, index) => (index * 7) >> 4);
let folder: string;
let path: string;

const errorOf = (promise: unknown) =>
  Promise.resolve(promise).then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe('block stores', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
    path = join(folder, 'disk.img');
    await writeFile(path, content());
  });
  afterEach(() => rm(folder, { recursive: true }));

  const stores: [string, () => Promise<BlockStore>][] = [
    ['MemoryBlocks', () => Promise.resolve(new MemoryBlocks(content()))],
    ['ImageFile', () => ImageFile.open(path)],
  ];
  for (const [name, open] of stores) {
    it(`${name} reads and writes whole blocks where they belong`, async () => {
      const store = await open();
      expect(store).to.include({ blockCount: 8, readOnly: false });
      expect(Buffer.from(await store.read(2, 3)).equals(content().subarray(1024, 2560))).to.equal(true);
      const before = await store.read(2, 1);
      await store.write(2, new Uint8Array(1024).fill(1));
      await store.flush();
      const expected = content();
      expected.fill(1, 1024, 2048);
      expect(Buffer.from(await store.read(0, 8)).equals(expected)).to.equal(true);
      expect(before[0], 'bytes that were read belong to the reader').to.equal(content()[1024]);
      await store.close();
      await store.close();
    });
  }

  it('MemoryBlocks keeps the blocks in the bytes that it was given', async () => {
    const bytes = content();
    await new MemoryBlocks(bytes).write(0, new Uint8Array(512).fill(5));
    expect(bytes[511]).to.equal(5);
  });

  it('MemoryBlocks refuses what is no blocks', () => {
    expect(() => new MemoryBlocks(new Uint8Array(0))).to.throw('0 bytes are no blocks');
    expect(() => new MemoryBlocks(new Uint8Array(513))).to.throw('513 bytes are no blocks: give a multiple of 512');
  });

  it('ImageFile gives at once what memory has, up to 64 KiB', async () => {
    await truncate(path, 72 * 1024);
    const store = await ImageFile.open(path, { now: () => 0 });
    expect(store.read(0, 128)).to.be.instanceOf(Uint8Array);
    expect(store.write(0, new Uint8Array(512))).to.equal(undefined);
    expect(store.read(0, 129)).to.be.instanceOf(Promise);
    expect((await store.read(0, 129)).byteLength).to.equal(129 * 512);
    await store.close();
  });

  it('ImageFile leaves the next 256 operations to another thread after one that took more than 2 ms', async () => {
    let now = 0;
    const store = await ImageFile.open(path, { now: () => (now += 3) });
    expect(store.read(0, 1), 'the slow one').to.be.instanceOf(Uint8Array);
    for (let index = 0; index < 255; index += 1) await store.read(0, 1);
    const last = store.write(2, new Uint8Array(512).fill(9));
    expect(last).to.be.instanceOf(Promise);
    await last;
    const again = store.read(2, 1);
    expect(again).to.be.instanceOf(Uint8Array);
    expect((await again)[0]).to.equal(9);
    await store.close();
  });

  it('ImageFile writes the file itself', async () => {
    const store = await ImageFile.open(path);
    await store.write(7, new Uint8Array(512).fill(9));
    await store.close();
    const written = await readFile(path);
    expect(written.length).to.equal(8 * 512);
    expect(written[7 * 512]).to.equal(9);
  });

  it('ImageFile opens a file for reading only, and never writes it', async () => {
    await chmod(path, 0o444);
    const store = await ImageFile.open(path, { readOnly: true });
    expect(store.readOnly).to.equal(true);
    expect(await errorOf(store.write(0, new Uint8Array(512)))).not.to.equal('no error');
    await store.flush();
    await store.close();
    expect((await readFile(path)).equals(content())).to.equal(true);
  });

  it('ImageFile says in one line what is wrong with a file', async () => {
    const missing = join(folder, 'missing.img');
    expect(await errorOf(ImageFile.open(missing))).to.equal(
      `image file ${missing}: does not exist; make one, for example with truncate -s 64M`,
    );
    expect(await errorOf(ImageFile.open(folder))).to.equal(`image file ${folder}: is a directory; give a file`);
    expect(await errorOf(ImageFile.open(folder, { readOnly: true }))).to.equal(
      `image file ${folder}: is not a regular file; copy it into one`,
    );
    await truncate(path, 1000);
    expect(await errorOf(ImageFile.open(path))).to.equal(
      `image file ${path}: 1000 bytes are no multiple of 512; make it longer, for example with truncate -s 1024`,
    );
    await truncate(path, 0);
    expect(await errorOf(ImageFile.open(path))).to.contain('0 bytes are no multiple of 512');
  });

  it('an image that is made shorter under a stick is a medium error, and the stick lives on', async () => {
    const stick = new MassStorageStick({ blocks: await ImageFile.open(path) });
    const usb = new Recorder(stick);
    const host = new BulkOnlyHost(usb);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    expect((await host.read('28 00 00000000 00 0008 00', 4096)).status).to.equal(0);
    await truncate(path, 1024);
    expect((await host.read('28 00 00000000 00 0008 00', 4096)).status).to.equal(1);
    expect(await host.sense()).to.equal('03/11/00');
    expect((await host.read('28 00 00000000 00 0002 00', 1024)).status).to.equal(0);
    await stick.dispose();
  });
});
