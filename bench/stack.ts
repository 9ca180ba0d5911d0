import { RequestType, StandardRequest } from '../codecs/usb/setupPacket.ts';
import { RedirectionClient } from '../src/engine/client.ts';
import { RedirectionServer } from '../src/engine/server.ts';
import type { Transport } from '../src/ports/transport.ts';
import type { RedirectedDevice, UsbOperation } from '../src/ports/usb.ts';
import { dial } from '../transports/dial.ts';
import { listen } from '../transports/listen.ts';
import { memoryPair } from '../transports/memory.ts';
import { measure, type Case, type Measurement } from './measure.ts';
import { BULK_IN, BULK_OUT, NullDevice } from './nullDevice.ts';
import { pingPong, rawPair, writeThrough } from './raw.ts';

/** Bytes of a bulk transfer. */
export const TRANSFER_SIZE = 64 * 1024;
/** Transfers that are under way at the same time, as a storage driver would have it. */
const IN_FLIGHT = 8;

const BULK: { readonly [direction in 'IN' | 'OUT']: UsbOperation } = {
  IN: { type: 'transferIn', endpointAddress: BULK_IN, length: TRANSFER_SIZE },
  OUT: { type: 'transferOut', endpointAddress: BULK_OUT, data: new Uint8Array(TRANSFER_SIZE) },
};

/** GET_DESCRIPTOR of the device: 18 bytes. */
const SMALL_CONTROL: UsbOperation = {
  type: 'control',
  setup: {
    bmRequestType: RequestType.directionIn,
    bRequest: StandardRequest.GET_DESCRIPTOR,
    wValue: 0x100,
    wIndex: 0,
    wLength: 18,
  },
  data: new Uint8Array(0),
  timeout: 1000,
};

export interface StackResult {
  /** Per 64 KiB transfer; the ratios are to a raw socket's write. */
  readonly bulk: readonly Measurement[];
  /** Per transfer, one after the other; the ratios are to a raw socket's round trip. */
  readonly control: readonly Measurement[];
}

/** The whole stack, client and server in one process and on one thread, as are the raw sockets it is compared with. */
export async function benchStack(): Promise<StackResult> {
  const raw = await rawPair();
  const memory = await stackOver(memoryPair());
  const tcp = await stackOver(await tcpPair());
  const buffer = new Uint8Array(TRANSFER_SIZE);
  // As many bytes as the frames of the request and its completion have.
  const request = new Uint8Array(66);
  const answer = new Uint8Array(68);
  try {
    const bulk = await measure(
      [
        { name: 'raw socket write', baseline: true, run: (count) => writeThrough(raw, buffer, count) },
        transfers('stack over TCP, OUT', tcp.device, BULK.OUT, IN_FLIGHT),
        transfers('stack over TCP, IN', tcp.device, BULK.IN, IN_FLIGHT),
        transfers('stack in memory, OUT', memory.device, BULK.OUT, IN_FLIGHT),
        transfers('stack in memory, IN', memory.device, BULK.IN, IN_FLIGHT),
      ],
      { roundTime: 150 },
    );
    const control = await measure(
      [
        { name: 'raw socket round trip', baseline: true, run: (count) => pingPong(raw, request, answer, count) },
        transfers('stack over TCP', tcp.device, SMALL_CONTROL, 1),
        transfers('stack in memory', memory.device, SMALL_CONTROL, 1),
      ],
      { roundTime: 150 },
    );
    return { bulk, control };
  } finally {
    raw.close();
    await Promise.all([memory.close(), tcp.close()]);
  }
}

/** `count` times the same operation, so many at a time. */
function transfers(name: string, device: RedirectedDevice, operation: UsbOperation, atATime: number): Case {
  return {
    name,
    run: (count) =>
      new Promise((resolve, reject) => {
        let submitted = 0;
        let completed = 0;
        const submit = () => {
          submitted += 1;
          device.submit(operation, ({ status }) => {
            completed += 1;
            if (status !== 'completed') reject(new Error(`${name}: a transfer ended as ${status}`));
            else if (completed === count) resolve();
            else if (submitted < count) submit();
          });
        };
        for (let index = 0; index < Math.min(count, atATime); index += 1) submit();
      }),
  };
}

/** A client with one device and a server that has received it. */
export async function stackOver([near, far]: readonly [Transport, Transport]): Promise<{
  readonly device: RedirectedDevice;
  close(): Promise<void>;
}> {
  let client: RedirectionClient | undefined;
  let server: RedirectionServer | undefined;
  const device = await new Promise<RedirectedDevice>((resolve, reject) => {
    server = new RedirectionServer(far, {
      onDeviceFailed: reject,
      onIgnored: reject,
    });
    server.watch(resolve);
    client = new RedirectionClient(near, { onIgnored: reject });
    client.attach(new NullDevice(TRANSFER_SIZE)).catch(reject);
  });
  await new Promise((resolve) => device.submit({ type: 'setConfiguration', configurationValue: 1 }, resolve));
  return {
    device,
    async close() {
      await client?.close();
      await server?.close();
    },
  };
}

export async function tcpPair(): Promise<[Transport, Transport]> {
  let accept: (transport: Transport) => void = () => {};
  const accepted = new Promise<Transport>((resolve) => (accept = resolve));
  const listener = await listen('tcp://127.0.0.1:0', {}, (transport) => accept(transport));
  const near = await dial(listener.url);
  const far = await accepted;
  await listener.close();
  return [near, far];
}
