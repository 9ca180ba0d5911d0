import { joinParts } from '../../codecs/core/parts.ts';
import {
  CBW_DIRECTION_IN,
  CommandBlockWrapper,
  COMMAND_STATUS_WRAPPER_SIZE,
} from '../../codecs/usb/bulkOnlyTransport.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { getDescriptor } from '../../src/usb/getDescriptor.ts';
import { JudgedDevice } from '../../src/usb/judgedDevice.ts';
import { memoryPair } from '../../transports/memory.ts';
import { FlowClock } from './flowClock.ts';

/** A line on which nothing has to wait for room. */
const WIDE = 1 << 28;
const BULK_IN = 0x81;
const BULK_OUT = 0x02;
const SECTOR = 512;

/** A device of one end of a connection, at the other end, so many milliseconds away. */
export class DistantStack {
  readonly clock: FlowClock;
  readonly server: RedirectionServer;
  /** As sinks of a hub get it. */
  readonly device: UsbDevice;
  /** Milliseconds from the connection to the device. */
  readonly openingTime: number;
  readonly client: RedirectionClient;

  private constructor(clock: FlowClock, server: RedirectionServer, client: RedirectionClient, device: UsbDevice) {
    this.clock = clock;
    this.server = server;
    this.client = client;
    this.device = device;
    this.openingTime = clock.now();
  }

  /** @param roundTrip - milliseconds */
  static async open(
    roundTrip: number,
    create: (clock: FlowClock) => UsbDevice,
    options: { readonly overlap?: boolean } = {},
  ): Promise<DistantStack> {
    const clock = new FlowClock();
    const [near, far] = memoryPair({ latency: roundTrip / 2, clock, highWaterMark: WIDE });
    const server = new RedirectionServer(far, { clock, ...options });
    const client = new RedirectionClient(near, { clock, timers: { releaseWait: 60_000 } });
    const offered = new Promise<UsbDevice>((resolve) => void server.watch(resolve));
    const { result: device } = await clock.measure(client.attach(create(clock)).then(() => offered));
    return new DistantStack(clock, server, client, new JudgedDevice(device, () => {}));
  }

  async close(): Promise<void> {
    await this.clock.measure(Promise.all([this.client.close(), this.server.close()]));
  }

  run(operation: UsbOperation): Promise<UsbResult> {
    return new Promise((resolve) => void this.device.submit(operation, resolve));
  }

  /** Milliseconds that Linux takes from its first request to the selected configuration, as vhci-hcd shows a device. */
  async enumerate(): Promise<number> {
    const { time } = await this.clock.measure(this.#enumerate());
    return time;
  }

  async #enumerate(): Promise<void> {
    await this.device.open();
    const ask = (type: number, length: number, index = 0, language = 0) =>
      this.run(getDescriptor(type, index, length, 5000, language));
    await ask(1, 8);
    await ask(1, 18);
    const [configuration] = this.device.configurations;
    await ask(2, 9);
    await ask(2, configuration?.descriptor.byteLength ?? 0);
    await ask(3, 255);
    for (const index of [2, 1, 3]) await ask(3, 255, index, 0x0409);
    await this.run({ type: 'setConfiguration', configurationValue: 1 });
    if (configuration?.nameIndex) await ask(3, 255, configuration.nameIndex, 0x0409);
  }

  /** Milliseconds of a READ(10) or WRITE(10) as usb-storage does it: command, data and status, one after the other. */
  async command(direction: 'in' | 'out', length: number): Promise<number> {
    const { time } = await this.clock.measure(this.#command(direction, length));
    return time;
  }

  async #command(direction: 'in' | 'out', length: number): Promise<void> {
    const block = new Uint8Array(10);
    block[0] = direction === 'in' ? 0x28 : 0x2a;
    new DataView(block.buffer).setUint16(7, length / SECTOR);
    const wrapper = joinParts(
      CommandBlockWrapper.encode({
        ...{ name: 'CBW', dCBWTag: 1, dCBWDataTransferLength: length, bCBWLUN: 0, bCBWCBLength: 10, CBWCB: block },
        bmCBWFlags: direction === 'in' ? CBW_DIRECTION_IN : 0,
      }),
    );
    const out = (data: Uint8Array) => this.run({ type: 'transferOut', endpointAddress: BULK_OUT, data });
    const input = (size: number) => this.run({ type: 'transferIn', endpointAddress: BULK_IN, length: size });
    await out(wrapper);
    if (direction === 'in') await input(length);
    else await out(new Uint8Array(length));
    const { data } = await input(COMMAND_STATUS_WRAPPER_SIZE);
    if (data[12] !== 0) throw new Error('the command failed');
  }
}

/** What a host reads that always has so many reads under way, in so many milliseconds. */
export async function readFor(
  stack: DistantStack,
  endpointAddress: number,
  length: number,
  depth: number,
  milliseconds: number,
): Promise<UsbResult[]> {
  const results: UsbResult[] = [];
  const end = stack.clock.now() + milliseconds;
  const ask = (): void => {
    if (stack.clock.now() > end) return;
    stack.device.submit({ type: 'transferIn', endpointAddress, length }, (result) => {
      if (result.status !== 'completed') return;
      if (stack.clock.now() <= end) results.push(result);
      ask();
    });
  };
  for (let index = 0; index < depth; index += 1) ask();
  await stack.clock.pass(milliseconds);
  return results;
}

/** Bytes that a host writes that always has so many writes under way, in so many milliseconds. */
export async function writeFor(
  stack: DistantStack,
  endpointAddress: number,
  length: number,
  depth: number,
  milliseconds: number,
): Promise<number> {
  let bytes = 0;
  const end = stack.clock.now() + milliseconds;
  const give = (): void => {
    if (stack.clock.now() > end) return;
    stack.device.submit(
      { type: 'transferOut', endpointAddress, data: new Uint8Array(length) },
      ({ status, transferred }) => {
        if (status !== 'completed') return;
        bytes += transferred;
        // Programs go on in a turn of their own.
        stack.clock.after(0, give);
      },
    );
  };
  for (let index = 0; index < depth; index += 1) give();
  await stack.clock.pass(milliseconds);
  return bytes;
}
