// The engine inside of an RDP client or server of your own that has dynamic channels already: a DynamicChannelTransport
// adapts them. Here a channel is a stream whose objects are messages.
import { EventEmitter } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { HidKeyboard } from 'urbdrc/devices/virtual';
import { joinParts, type Parts, RedirectionClient, RedirectionServer, RemoteUsb } from 'urbdrc';
import type { DynamicChannelHandler, DynamicChannelServerTransport } from 'urbdrc';

class RdpChannels implements DynamicChannelServerTransport {
  /** For messages to people. */
  readonly remote = 'rdp';
  readonly #rdp: RdpStack;
  readonly #channels = new Map<number, Duplex>();
  #add: (channel: Duplex) => number = () => 0;

  constructor(rdp: RdpStack) {
    this.#rdp = rdp;
  }

  get writable(): boolean {
    return [...this.#channels.values()].every((channel) => !channel.writableNeedDrain);
  }

  listen(channelName: string, handler: DynamicChannelHandler): void {
    let lastId = 0;
    this.#add = (channel) => {
      const channelId = (lastId += 1);
      this.#channels.set(channelId, channel);
      channel
        .on('data', (message: Uint8Array) => handler.received(channelId, message))
        .on('drain', () => handler.drained())
        .on('end', () => this.#channels.delete(channelId) && handler.closed(channelId));
      queueMicrotask(() => handler.opened(channelId));
      return channelId;
    };
    this.#rdp.on(`channel ${channelName}`, this.#add).on('end', () => handler.ended(undefined));
    // A server's stack says when the client has answered its DYNVC_CAPS.
    queueMicrotask(() => handler.ready());
  }

  createChannel(channelName: string): number {
    return this.#add(this.#rdp.open(channelName));
  }

  sendMessage(channelId: number, message: Parts): void {
    this.#channels.get(channelId)?.write(joinParts(message));
  }

  closeChannel(channelId: number): void {
    this.#channels.get(channelId)?.end();
    this.#channels.delete(channelId);
  }

  pause(): void {
    for (const channel of this.#channels.values()) channel.pause();
  }

  resume(): void {
    for (const channel of this.#channels.values()) channel.resume();
  }

  close(): Promise<void> {
    for (const channelId of [...this.#channels.keys()]) this.closeChannel(channelId);
    this.#rdp.end();
    return Promise.resolve();
  }
}

/** In place of RDP: a channel that one end opens comes to the other end. */
class RdpStack extends EventEmitter {
  other: RdpStack = this;

  open(channelName: string): Duplex {
    const [near, far] = duplexPair({ objectMode: true });
    this.other.emit(`channel ${channelName}`, far);
    return near;
  }

  end(): void {
    setImmediate(() => this.other.emit('end'));
  }
}
const clientStack = new RdpStack();
const serverStack = new RdpStack();
[clientStack.other, serverStack.other] = [serverStack, clientStack];

const usb = new RemoteUsb();
usb.addEventListener('connect', ({ device }) => {
  console.log(`the server has a ${device.productName ?? 'device'}`);
  void client.close();
});
usb.addEventListener('disconnect', () => console.log('the server has it no more'));
const server = new RedirectionServer(new RdpChannels(serverStack));
server.watch((device) => void usb.attach(device));

const client = new RedirectionClient(new RdpChannels(clientStack));
const redirection = await client.attach(new HidKeyboard());
console.log(`the client has it back: ${(await redirection.ended).reason}`);
await server.closed;
