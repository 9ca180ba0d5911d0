import { expect } from 'chai';
import type { UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import type { ConnectionOptions } from '../../src/engine/options.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { byteLength, type Parts } from '../../codecs/core/parts.ts';
import type { Transport, TransportHandler } from '../../src/ports/transport.ts';
import type { RedirectedDevice } from '../../src/ports/usb.ts';
import { dial } from '../../transports/dial.ts';
import { listen } from '../../transports/listen.ts';
import { memoryPair } from '../../transports/memory.ts';
import { EchoDevice } from './echoDevice.ts';
import { bytesInUse } from './heap.ts';
import { configure, perform, RecordingHost, turns } from './stack.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const TRANSFER = 64 * KIB;
/** Beyond this the transports ask to wait. */
const HIGH_WATER_MARK = 256 * KIB;
/** What is sent before anybody asks, and a transfer on top. */
const BURST = 256 * KIB + 2 * TRANSFER;

/** Another transport, which can refuse to read, and which counts what it is given. */
class WatchedTransport implements Transport {
  readonly #inner: Transport;
  #paused = false;
  #held = false;
  /** Bytes. */
  sent = 0;
  received = 0;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get remote(): string {
    return this.#inner.remote;
  }

  /** Whether its owner does not want to read. */
  get paused(): boolean {
    return this.#paused;
  }

  start(handler: TransportHandler): void {
    this.#inner.start({
      received: (frame) => {
        this.received += frame.byteLength;
        handler.received(frame);
      },
      drained: () => handler.drained(),
      closed: (error) => handler.closed(error),
    });
  }

  send(frames: readonly Parts[]): boolean {
    for (const frame of frames) this.sent += byteLength(frame);
    return this.#inner.send(frames);
  }

  pause(): void {
    this.#paused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#held) this.#inner.resume();
  }

  /** Reads nothing from now on, whatever its owner wants. */
  hold(): void {
    this.#held = true;
    this.#inner.pause();
  }

  release(): void {
    this.#held = false;
    if (!this.#paused) this.#inner.resume();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Always has data, at once or when the test says so. */
class EndlessDevice extends EchoDevice {
  readonly #held: (() => void)[] = [];
  holds = false;
  /** Transfers that were begun. */
  begun = 0;

  get held(): number {
    return this.#held.length;
  }

  completeAll(): void {
    this.holds = false;
    for (const complete of this.#held.splice(0)) complete();
  }

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (operation.type !== 'transferIn' && operation.type !== 'transferOut') return super.submit(operation, complete);
    this.begun += 1;
    const answer = () => {
      const data = new Uint8Array(operation.type === 'transferIn' ? operation.length : 0);
      const transferred = operation.type === 'transferIn' ? operation.length : operation.data.byteLength;
      complete({ status: 'completed', data, transferred });
    };
    if (this.holds) this.#held.push(answer);
    else answer();
    return { cancel() {} };
  }
}

interface Bed {
  readonly clientEnd: WatchedTransport;
  readonly serverEnd: WatchedTransport;
  readonly source: EndlessDevice;
  readonly device: RedirectedDevice;
  close(): Promise<void>;
}

/** A client and a server with one device that is configured. */
async function redirected([near, far]: [Transport, Transport], options: ConnectionOptions = {}): Promise<Bed> {
  const clientEnd = new WatchedTransport(near);
  const serverEnd = new WatchedTransport(far);
  const host = new RecordingHost();
  const server = host.watch(new RedirectionServer(serverEnd));
  const client = new RedirectionClient(clientEnd, options);
  const source = new EndlessDevice();
  await client.attach(source);
  const device = await host.added();
  await configure(device);
  return {
    clientEnd,
    serverEnd,
    source,
    device,
    async close() {
      clientEnd.release();
      serverEnd.release();
      await client.close();
      await server.close();
    },
  };
}

async function tcpPair(): Promise<[Transport, Transport]> {
  let accept: (transport: Transport) => void = () => {};
  const accepted = new Promise<Transport>((resolve) => (accept = resolve));
  const listener = await listen('tcp://127.0.0.1:0', {}, (transport) => accept(transport));
  const pair: [Transport, Transport] = [await dial(listener.url), await accepted];
  await listener.close();
  return pair;
}

/** Until nothing has been sent for some turns. */
async function untilQuiet({ clientEnd, serverEnd }: Bed): Promise<void> {
  for (let before = -1; before !== clientEnd.sent + serverEnd.sent;) {
    before = clientEnd.sent + serverEnd.sent;
    await turns(100);
  }
}

interface Place {
  readonly name: string;
  readonly pair: () => Promise<[Transport, Transport]>;
  /** Bytes that are under way and in nobody's memory but the system's, at most. */
  readonly underWay: number;
}

export const PLACES: readonly Place[] = [
  { name: 'in memory', pair: () => Promise.resolve(memoryPair()), underWay: 0 },
  { name: 'over TCP', pair: tcpPair, underWay: 16 * MIB },
];

/** With so many transfers of 64 KiB, which must be more than what can be under way. */
export function testBackPressure({ name, pair, underWay }: Place, transfers: number): void {
  describe(`back-pressure, ${name}`, () => {
    let bed: Bed;
    /** Also after a failure: an open socket would keep the process alive. */
    afterEach(() => bed.close());

    const reads = (device: RedirectedDevice, count: number) =>
      Array.from({ length: count }, () =>
        perform(device, { type: 'transferIn', endpointAddress: 0x81, length: TRANSFER }),
      );

    it('a server that asks and does not read is not read either: the device stops', async () => {
      bed = await redirected(await pair());
      const { clientEnd, serverEnd, source, device } = bed;
      const before = clientEnd.sent;
      serverEnd.hold();
      const results = reads(device, transfers);
      await untilQuiet(bed);
      expect(clientEnd.paused).to.equal(true);
      expect(clientEnd.sent - before).to.be.within(HIGH_WATER_MARK, underWay + HIGH_WATER_MARK + BURST);
      expect(source.begun).to.be.lessThan(transfers);
      serverEnd.release();
      const lengths = (await Promise.all(results)).map(({ data }) => data.byteLength);
      expect(lengths).to.deep.equal(new Array(transfers).fill(TRANSFER));
      expect(clientEnd.paused).to.equal(false);
    });

    it('what a device completes all the same is bounded by maximumPendingBytes', async () => {
      const maximumPendingBytes = 4 * MIB;
      bed = await redirected(await pair(), { limits: { maximumPendingBytes } });
      const { clientEnd, serverEnd, source, device } = bed;
      source.holds = true;
      const results = reads(device, 200);
      await untilQuiet(bed);
      expect(source.held).to.equal(maximumPendingBytes / TRANSFER);
      const before = clientEnd.sent;
      serverEnd.hold();
      source.completeAll();
      await untilQuiet(bed);
      expect(clientEnd.sent - before).to.be.within(maximumPendingBytes, 1.1 * maximumPendingBytes + HIGH_WATER_MARK);
      serverEnd.release();
      const completed = (await Promise.all(results)).filter(({ status }) => status === 'completed');
      expect(completed.length).to.equal(maximumPendingBytes / TRANSFER);
    });

    it('with a client that does not read OUT transfers wait in the device, where they can be cancelled', async () => {
      bed = await redirected(await pair());
      const { clientEnd, serverEnd, source, device } = bed;
      const before = serverEnd.sent;
      clientEnd.hold();
      const data = new Uint8Array(TRANSFER);
      const begun: UsbTransfer[] = [];
      const results = Array.from(
        { length: transfers },
        () =>
          new Promise<UsbResult>((resolve) => {
            begun.push(device.submit({ type: 'transferOut', endpointAddress: 0x02, data }, resolve));
          }),
      );
      await untilQuiet(bed);
      const sent = serverEnd.sent - before;
      expect(sent).to.be.within(HIGH_WATER_MARK, underWay + HIGH_WATER_MARK + BURST);
      begun.at(-1)?.cancel();
      expect((await results.at(-1))?.status).to.equal('cancelled');
      expect(serverEnd.sent - before).to.equal(sent);
      clientEnd.release();
      const statuses = (await Promise.all(results.slice(0, -1))).map(({ status }) => status);
      expect(statuses).to.deep.equal(new Array(transfers - 1).fill('completed'));
      expect(source.begun).to.equal(transfers - 1);
    });

    it(`${transfers} transfers of 64 KiB each way leave nothing in memory`, async () => {
      bed = await redirected(await pair());
      const { device } = bed;
      const data = new Uint8Array(TRANSFER);
      const rounds = async (count: number) => {
        for (let round = 0; round < count; round += 1) {
          await perform(device, { type: 'transferOut', endpointAddress: 0x02, data });
          await perform(device, { type: 'transferIn', endpointAddress: 0x81, length: TRANSFER });
        }
      };
      await rounds(300);
      const before = await bytesInUse();
      await rounds(transfers);
      const after = await bytesInUse();
      expect(after - before).to.be.lessThan(2 * MIB);
    });
  });
}
