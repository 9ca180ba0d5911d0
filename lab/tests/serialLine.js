// What the tests share that write to the serial adapter, and read from it.
import { expect } from 'chai';
import { openNode } from './keyboards.js';
import * as lab from './support.js';
import { SLOW } from './vhciStage.js';

/** The serial adapter that is plugged in. */
export const SERIAL = { vid: 0x0403, pid: 0x6001, port: '1-3' };

/**
 * What is written to a node of the adapter comes out of the line, and the other way round.
 * @param {string} path
 */
export async function expectBothWays(path) {
  const line = await lab.openLine();
  const tty = await openNode(path);
  try {
    await lab.run('stty', ['-F', path, '115200', 'raw', '-echo', '-crtscts', 'clocal']);
    const there = Buffer.from(Array.from({ length: 2000 }, (_, index) => index % 251));
    const { bytesWritten } = await tty.file.write(there);
    expect(bytesWritten).to.equal(there.length);
    expect((await line.read(there.length)).equals(there)).to.equal(true);
    const back = Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 7) % 256));
    await line.write(back);
    let bytes = Buffer.alloc(0);
    await lab.waitUntil(async () => (bytes = await tty.readSome()).length >= back.length, SLOW, 'bytes from the line');
    expect(bytes.equals(back)).to.equal(true);
  } finally {
    await tty.file.close();
    await line.close();
  }
}
