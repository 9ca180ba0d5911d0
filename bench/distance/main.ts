import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { print, table } from '../table.ts';
import { DistantStack, readFor, writeFor } from './distantStack.ts';
import { REPORT_IN, SERIAL_IN, SERIAL_OUT, StreamDevice } from './streamDevices.ts';

const ROUND_TRIPS = [0, 1, 10, 50, 100];
const SIZES = [
  ['4 KiB', 4 << 10],
  ['64 KiB', 64 << 10],
  ['1 MiB', 1 << 20],
] as const;
/** Milliseconds of virtual time for what is counted by the second. */
const SECOND = 1000;
/** Bytes a millisecond: 115200 baud. */
const BAUD = 11.52;

const stick = () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(4 << 20)) });

/** Prints how many round trips things take, and what passes in a second, over distances in virtual time. */
async function main(): Promise<void> {
  print('round trips; with overlap / without');
  table(['', ...ROUND_TRIPS.filter((time) => time > 0).map((time) => `${time} ms`)], await trips());
  print('');
  print('a second; with overlap / without');
  table(['', ...ROUND_TRIPS.map((time) => `${time} ms`)], await rates());
}

async function trips(): Promise<string[][]> {
  const rows = [['opening'], ['enumeration by Linux']];
  for (const direction of ['READ', 'WRITE']) for (const [name] of SIZES) rows.push([`${direction} ${name}`]);
  for (const time of ROUND_TRIPS.filter((each) => each > 0)) {
    const columns = await Promise.all([true, false].map((overlap) => tripsAt(time, overlap)));
    rows.forEach((row, index) => row.push(columns.map((column) => column[index]?.toFixed(1) ?? '').join(' / ')));
  }
  return rows;
}

async function tripsAt(time: number, overlap: boolean): Promise<number[]> {
  const stack = await DistantStack.open(time, stick, { overlap });
  const counts = [stack.openingTime, await stack.enumerate()];
  for (const direction of ['in', 'out'] as const) {
    for (const [, size] of SIZES) counts.push(await stack.command(direction, size));
  }
  await stack.close();
  return counts.map((count) => count / time);
}

async function rates(): Promise<string[][]> {
  const rows = [
    ['reports of a mouse, 8 ms'],
    ['reports of a mouse, 1 ms'],
    ['serial line in, bytes'],
    ['serial line out, bytes'],
  ];
  for (const time of ROUND_TRIPS) {
    const columns = await Promise.all([true, false].map((overlap) => ratesAt(time, overlap)));
    rows.forEach((row, index) => row.push(columns.map((column) => column[index]?.toFixed(0) ?? '').join(' / ')));
  }
  return rows;
}

async function ratesAt(time: number, overlap: boolean): Promise<number[]> {
  return [
    await reports(time, overlap, 8),
    await reports(time, overlap, 1),
    await serial(time, overlap, async (stack) => (await readFor(stack, SERIAL_IN, 64, 2, SECOND)).length * 64),
    await serial(time, overlap, (stack) => writeFor(stack, SERIAL_OUT, 64, 2, SECOND)),
  ];
}

async function reports(time: number, overlap: boolean, interval: number): Promise<number> {
  const mice: StreamDevice[] = [];
  const create = (clock: ConstructorParameters<typeof StreamDevice>[0]) => {
    const mouse = new StreamDevice(clock, interval, BAUD);
    mice.push(mouse);
    return mouse;
  };
  const stack = await DistantStack.open(time, create, { overlap });
  await stack.enumerate();
  const [stop = () => {}] = mice.map((mouse) => mouse.move());
  // The first reports are on their way.
  await readFor(stack, REPORT_IN, 8, 1, 4 * time);
  const results = await readFor(stack, REPORT_IN, 8, 1, SECOND);
  stop();
  await stack.close();
  return results.length;
}

async function serial(
  time: number,
  overlap: boolean,
  count: (stack: DistantStack) => Promise<number>,
): Promise<number> {
  const stack = await DistantStack.open(time, (clock) => new StreamDevice(clock, 8, BAUD), { overlap });
  await stack.enumerate();
  const bytes = await count(stack);
  await stack.close();
  return bytes;
}

await main();
