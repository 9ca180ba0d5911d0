import { expect } from 'chai';
import { BlobBlocks } from '../../../src/devices/virtual/blobBlocks.ts';
import { DeviceError } from '../../../src/usb/deviceError.ts';

const image = () => Uint8Array.from({ length: 512 * 6 }, (_, index) => index >> 9);
const filled = (count: number, value: number) => new Uint8Array(512 * count).fill(value);

describe('blocks of a file that a page was given', () => {
  it('are read, also where they were written, and the file stays as it is', async () => {
    const file = new Blob([image()]);
    const blocks = new BlobBlocks(file);
    expect(blocks.blockCount).to.equal(6);
    expect(await blocks.read(1, 4)).to.deep.equal(image().subarray(512, 512 * 5));
    const data = filled(2, 0xaa);
    blocks.write(2, data);
    data.fill(0);
    blocks.write(5, filled(1, 0xbb));
    expect(blocks.changedBytes).to.equal(512 * 3);
    const expected = image();
    expected.set(filled(2, 0xaa), 512 * 2);
    expected.set(filled(1, 0xbb), 512 * 5);
    expect(await blocks.read(0, 6)).to.deep.equal(expected);
    expect(new Uint8Array(await blocks.copy().arrayBuffer())).to.deep.equal(expected);
    expect(new Uint8Array(await file.arrayBuffer())).to.deep.equal(image());
  });

  it('are whole ones', () => {
    for (const size of [0, 511, 513]) {
      expect(() => new BlobBlocks(new Blob([new Uint8Array(size)]))).to.throw(DeviceError, `has ${size} bytes`);
    }
  });
});
