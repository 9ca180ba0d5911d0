import { expect } from 'chai';
import { DistantStack, readFor, writeFor } from '../../bench/distance/distantStack.ts';
import { REPORT_IN, SERIAL_IN, SERIAL_OUT, StreamDevice } from '../../bench/distance/streamDevices.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';

const ROUND_TRIP = 50;
const stick = () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(4 << 20)) });

describe('round trips, counted in virtual time', () => {
  it('a device is there after 9, and a host has selected its configuration after 2 more', async () => {
    const stack = await DistantStack.open(ROUND_TRIP, stick);
    expect(stack.openingTime / ROUND_TRIP).to.be.within(8, 9);
    expect(stack.client.roundTrip).to.equal(ROUND_TRIP);
    expect((await stack.enumerate()) / ROUND_TRIP).to.be.within(1, 2);
    await stack.close();
  });

  for (const direction of ['in', 'out'] as const) {
    for (const size of [4 << 10, 64 << 10, 1 << 20]) {
      it(`a SCSI command that moves ${size} bytes ${direction} takes one`, async () => {
        const stack = await DistantStack.open(ROUND_TRIP, stick);
        await stack.enumerate();
        for (let round = 0; round < 3; round += 1) {
          expect((await stack.command(direction, size)) / ROUND_TRIP).to.be.within(1, 1.1);
        }
        expect(stack.server.overlap).to.deep.equal({
          roundTrip: ROUND_TRIP,
          commands: 3,
          overlapped: 3,
          fallenBack: {},
        });
        await stack.close();
      });
    }
  }

  it('a SCSI command takes three without overlap', async () => {
    const stack = await DistantStack.open(ROUND_TRIP, stick, { overlap: false });
    await stack.enumerate();
    expect((await stack.command('in', 4096)) / ROUND_TRIP).to.equal(3);
    expect(stack.server.overlap).to.include({ commands: 0, overlapped: 0 });
    await stack.close();
  });

  for (const [interval, rate] of [
    [8, 125],
    [1, 1000],
  ] as const) {
    it(`a mouse that moves every ${interval} ms gives ${rate} reports a second, and none is lost`, async () => {
      const mice: StreamDevice[] = [];
      const stack = await DistantStack.open(ROUND_TRIP, (clock) => {
        const mouse = new StreamDevice(clock, interval, 1);
        mice.push(mouse);
        return mouse;
      });
      await stack.enumerate();
      await readFor(stack, REPORT_IN, 8, 1, 0);
      await stack.clock.pass(4 * ROUND_TRIP);
      const [stop = () => {}] = mice.map((mouse) => mouse.move());
      const results = await readFor(stack, REPORT_IN, 8, 1, 1000);
      stop();
      expect(results.length).to.be.within(rate * 0.95, rate);
      const arrived = results.reduce((sum, { data }) => sum + (data[0] ?? 0), 0);
      expect(arrived).to.equal(results.length);
      await stack.close();
    });
  }

  it('a serial line of 115200 baud is as fast as nearby, with two reads and two writes at a time', async () => {
    const perMillisecond = 11.52;
    const stack = await DistantStack.open(ROUND_TRIP, (clock) => new StreamDevice(clock, 8, perMillisecond));
    await stack.enumerate();
    const results = await readFor(stack, SERIAL_IN, 64, 2, 1000);
    expect((results.length * 64) / 1000).to.be.within(perMillisecond * 0.9, perMillisecond);
    const bytes = Buffer.concat(results.map(({ data }) => data));
    expect(bytes.every((byte, index) => byte === (index & 0xff))).to.equal(true);
    const written = await writeFor(stack, SERIAL_OUT, 64, 2, 1000);
    expect(written / 1000).to.be.at.least(perMillisecond);
    await stack.close();
  });

  it('nearby a slow serial line is not taken for a distance: writes are over when the device has them', async () => {
    const stack = await DistantStack.open(0, (clock) => new StreamDevice(clock, 8, 11.52));
    await stack.enumerate();
    expect((await writeFor(stack, SERIAL_OUT, 64, 2, 1000)) / 1000).to.be.at.most(11.6);
    await stack.close();
  });
});
