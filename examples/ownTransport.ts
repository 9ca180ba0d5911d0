// The engine inside of an RDP client of your own. What it needs of RDP is the static channel `drdynvc`: its chunks, each
// with a CHANNEL_PDU_HEADER, [MS-RDPBCGR] 2.2.6.1. A Transport adapts what your RDP stack has for that; here it is a stream
// whose objects are chunks.
import { type Duplex, duplexPair } from 'node:stream';
import { HidKeyboard } from 'urbdrc/devices/virtual';
import { joinParts, type Parts, RedirectionClient, RedirectionServer, RemoteUsb } from 'urbdrc';
import type { Transport, TransportHandler } from 'urbdrc';

class StaticChannelTransport implements Transport {
  /** For messages to people. */
  readonly remote = 'rdp:drdynvc';
  readonly #channel: Duplex;

  constructor(channel: Duplex) {
    this.#channel = channel;
  }

  start(handler: TransportHandler): void {
    let reason: Error | undefined;
    this.#channel
      .on('data', (chunk: Uint8Array) => handler.received(chunk))
      .on('drain', () => handler.drained())
      .on('end', () => this.#channel.end())
      .on('error', (error) => (reason = error))
      .on('close', () => handler.closed(reason));
  }

  /** Each frame is a chunk, in parts: they are joined no earlier than must be. False asks for a pause until `drained`. */
  send(frames: readonly Parts[]): boolean {
    if (this.#channel.writableEnded) return true;
    for (const frame of frames) this.#channel.write(joinParts(frame));
    return !this.#channel.writableNeedDrain;
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#channel.closed) resolve();
      else this.#channel.once('close', resolve).end(() => this.#channel.destroy());
    });
  }
}

// In place of RDP: two streams, each of which reads what the other writes.
const [clientChannel, serverChannel] = duplexPair({ objectMode: true });

const usb = new RemoteUsb();
usb.addEventListener('connect', ({ device }) => {
  console.log(`the server has a ${device.productName ?? 'device'}`);
  void client.close();
});
usb.addEventListener('disconnect', () => console.log('the server has it no more'));
const server = new RedirectionServer(new StaticChannelTransport(serverChannel));
server.watch((device) => void usb.attach(device));

const client = new RedirectionClient(new StaticChannelTransport(clientChannel));
const redirection = await client.attach(new HidKeyboard());
console.log(`the client has it back: ${(await redirection.ended).reason}`);
await server.closed;
