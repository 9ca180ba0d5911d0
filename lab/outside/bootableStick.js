// A stick that a virtual machine boots from without an operating system: its program reads sectors 8 to 15 in turns, eighteen a
// second, and writes the first byte of each to the serial port, or `!` where a sector cannot be read.
import { writeFile } from 'node:fs/promises';

/**
 * 16-bit code of the boot sector. INT 13h 42h reads the sector that the packet at 7de2 names, of the drive that the BIOS has
 * booted from (7de0); HLT waits for the next tick of the clock.
 */
const PROGRAM = [
  'fa 31c0 8ed8 8ec0 8ed0 bc007c fb 8816e07d', // cli; ds = es = ss = 0; sp = 7c00; sti; drive = dl
  'fe06ea7d 8026ea7d07 800eea7d08', // next: ++sector; sector &= 7; sector |= 8
  'bee27d 8a16e07d b442 cd13', // si = packet; dl = drive; int 13h, ah = 42h
  'b021 7203 a0007e', // al = '!'; where that failed: skip; al = first byte
  'baf803 ee f4 ebd9', // out 3f8, al; hlt; jmp next
].join(' ');
/** Size, 1 sector, to 0000:7e00, from sector 7: the first one read is 8. */
const PACKET = { offset: 0x1e2, hex: '1000 0100 007e 0000 0700000000000000' };
const SECTOR = 512;
const FIRST = 8;

/** What the program writes while all is well, again and again. */
export const SECTORS = 'abcdefgh';
/** What it writes for a sector that it cannot read. */
export const UNREADABLE = '!';

/** @param {string} hex */
const bytes = (hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** @param {string} path */
export async function writeBootableStick(path) {
  const image = Buffer.alloc(1024 * 1024);
  bytes(PROGRAM).copy(image);
  bytes(PACKET.hex).copy(image, PACKET.offset);
  bytes('55aa').copy(image, SECTOR - 2);
  for (const [index, letter] of [...SECTORS].entries()) {
    image.fill(letter, (FIRST + index) * SECTOR, (FIRST + index + 1) * SECTOR);
  }
  await writeFile(path, image);
}
