import { byteLength, joinParts, type Parts } from '../codecs/core/parts.ts';
import { Drdynvc } from '../src/channels/drdynvc.ts';
import type { DynamicChannelEvent } from '../src/channels/dynamicChannelOptions.ts';
import { fragmentMessage } from '../src/channels/fragmentation.ts';
import type { Step } from '../src/channels/machine.ts';
import { GadgetZero } from '../src/devices/virtual/gadgetZero.ts';
import { VirtualDevices } from '../src/devices/virtual/virtualDevices.ts';
import { RedirectionClient } from '../src/engine/client.ts';
import { RedirectionServer } from '../src/engine/server.ts';
import { RemoteUsb } from '../src/hosts/remoteDevice/remoteUsb.ts';
import type { Transport, TransportHandler } from '../src/ports/transport.ts';
import type { Layer } from './corpus.ts';
import { ManualClock } from './manualClock.ts';
import type { Random } from './random.ts';
import { ANSWERS, OPENING, REGISTER, Violation } from './sessions.ts';

const CONTROL_CHANNEL = 1;
const DEVICE_CHANNEL = 2;
const NAME = 'URBDRC';

/** A transport whose peer is the fuzzer; what the engine sends is counted. */
class FuzzedTransport implements Transport {
  readonly remote = 'fuzz';
  handler: TransportHandler | undefined;
  /** Called for each frame of the engine. */
  onFrame: (frame: Uint8Array) => void = () => {};
  sentBytes = 0;
  isClosed = false;

  start(handler: TransportHandler): void {
    this.handler = handler;
  }

  send(frames: readonly Parts[]): boolean {
    for (const frame of frames) {
      this.sentBytes += byteLength(frame);
      this.onFrame(joinParts(frame).slice());
    }
    return true;
  }

  pause(): void {}

  resume(): void {}

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

/** Everything from the static channel up to a device or a host, for one connection with a peer that sends anything. */
export class Engine {
  readonly #role: 'client' | 'server';
  readonly #transport = new FuzzedTransport();
  readonly #clock = new ManualClock();
  /** The peer's end of the channels. */
  readonly #peer: Drdynvc;
  readonly #devices = new VirtualDevices();
  readonly #end: RedirectionClient | RedirectionServer;

  constructor(role: 'client' | 'server') {
    this.#role = role;
    const options = { clock: this.#clock };
    this.#peer = new Drdynvc(role === 'client' ? { role: 'server' } : { role: 'client', listeners: () => true });
    // Never from within `send`, as with any transport.
    this.#transport.onFrame = (frame) => queueMicrotask(() => this.#deliver(this.#heard(frame)));
    if (role === 'client') {
      this.#end = new RedirectionClient(this.#transport, options);
    } else {
      const usb = new RemoteUsb();
      this.#end = new RedirectionServer(this.#transport, options);
      this.#end.watch((each) => void usb.attach(each).catch(() => {}));
    }
  }

  get isOver(): boolean {
    return this.#transport.isClosed;
  }

  /** Bytes that it sent. */
  get sentBytes(): number {
    return this.#transport.sentBytes;
  }

  /** Opens a control channel and a device's channel, as a decent peer would. */
  async open(): Promise<void> {
    if (this.#end instanceof RedirectionClient) {
      const device = new GadgetZero({ clock: this.#clock });
      this.#devices.add(device);
      await this.#end.attach(device);
      this.#deliver(this.#peer.start(0));
      for (const channelId of [CONTROL_CHANNEL, DEVICE_CHANNEL]) {
        await nextTurn();
        this.#deliver(this.#peer.create(NAME, 0) ?? { outgoing: [] });
        for (const message of OPENING) this.#message(channelId, message);
      }
      this.#message(DEVICE_CHANNEL, REGISTER);
      return;
    }
    for (const channelId of [CONTROL_CHANNEL, DEVICE_CHANNEL]) {
      // Both ends answer each other's PDUs of the channel's creation.
      await nextTurn();
      for (const message of ANSWERS.slice(0, 2)) this.#message(channelId, message);
      if (channelId === CONTROL_CHANNEL) this.#message(channelId, Buffer.from('010000400000000000010000', 'hex'));
      else for (const message of ANSWERS.slice(2)) this.#message(channelId, message);
    }
  }

  /** The peer's bytes, at the layer that they are meant for. */
  feed(layer: Layer, bytes: Uint8Array, random: Random): void {
    switch (layer) {
      case 'svc':
        this.#transport.handler?.received(Uint8Array.from(bytes));
        break;
      case 'dvc':
        this.#pdu([bytes]);
        break;
      default:
        if (bytes.byteLength > 0) this.#message(random.oneIn(8) ? CONTROL_CHANNEL : DEVICE_CHANNEL, bytes);
        break;
    }
    if (random.oneIn(8)) this.#clock.advance(random.below(400));
  }

  /** Lets what is under way end; the device is given back. */
  async close(): Promise<void> {
    const closed = this.#end.close();
    // The device's own timers have to go off for its transfers to end.
    for (let turn = 0; turn < 3; turn += 1) {
      this.#clock.advance(60_000);
      await nextTurn();
    }
    await closed;
    await this.#devices.close();
  }

  get role(): 'client' | 'server' {
    return this.#role;
  }

  /** Whatever the state of the channel. */
  #message(channelId: number, message: Uint8Array): void {
    for (const pdu of fragmentMessage(channelId, [message])) this.#pdu(pdu);
  }

  #pdu(pdu: Parts): void {
    if (byteLength(pdu) > 0) this.#deliver({ outgoing: this.#peer.sendPdus([pdu]) });
  }

  #deliver({ outgoing }: Pick<Step<DynamicChannelEvent>, 'outgoing'>): void {
    for (const frame of outgoing) this.#transport.handler?.received(Uint8Array.from(joinParts(frame)));
  }

  /** What the engine sends has to be readable, however it was provoked. */
  #heard(frame: Uint8Array): Step<DynamicChannelEvent> {
    const step = this.#peer.receive(frame);
    for (const event of step.events) {
      if (event.type === 'failed') throw new Violation(`the engine broke drdynvc: ${event.error.message}`);
    }
    return step;
  }
}

/** One turn of the event loop, in which what was queued is done. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
