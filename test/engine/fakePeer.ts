import {
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type ClientMessage,
  type ServerMessage,
  type UrbdrcMessage,
} from '../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../codecs/urbdrc/header.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { ChannelStack } from '../../src/engine/channelStack.ts';
import { connectionSettings, URBDRC_CHANNEL_NAME } from '../../src/engine/options.ts';
import type { Transport } from '../../src/ports/transport.ts';

type Message = ClientMessage | ServerMessage;

/** An end that sends what the test says, whether that is allowed or not, and remembers what it got. */
abstract class FakePeer {
  readonly messages: { readonly channelId: number; readonly message: Message }[] = [];
  /** Channels that were opened, in order; closed ones stay. */
  readonly opened: number[] = [];
  readonly closed: number[] = [];
  readonly stack: ChannelStack;
  readonly #waiting: { when: () => boolean; resolve: () => void }[] = [];
  readonly #counts = new Map<Message['name'], number>();
  protected ready = false;
  #finished = false;
  /** False: `messages` stays as it is. */
  remembers = true;

  protected constructor(transport: Transport, role: 'client' | 'server') {
    this.stack = new ChannelStack(transport, role, connectionSettings({}), {
      devices: () => [],
      ready: () => {
        this.ready = true;
        this.#check();
      },
      opened: (channelId) => {
        this.opened.push(channelId);
        this.#check();
      },
      message: (channelId, payload) => {
        if (this.remembers) {
          const message = this.decode(payload);
          this.messages.push({ channelId, message });
          this.#counts.set(message.name, this.count(message.name) + 1);
        }
        this.#check();
      },
      closed: (channelId) => {
        this.closed.push(channelId);
        this.#check();
      },
      finished: () => {
        this.#finished = true;
        this.#check();
      },
    });
  }

  /** The connection is over. */
  isOver(): boolean {
    return this.#finished;
  }

  protected abstract decode(payload: Uint8Array): Message;

  send(channelId: number, message: UrbdrcMessage | Uint8Array): void {
    this.stack.send(channelId, [message instanceof Uint8Array ? [message] : encodeUrbdrcMessage(message)]);
  }

  /** The `count`th message of this name. */
  async received<Name extends Message['name']>(name: Name, count = 1): Promise<Extract<Message, { name: Name }>> {
    await this.until(() => this.count(name) >= count);
    const all = this.messages
      .map(({ message }) => message)
      .filter((message): message is Extract<Message, { name: Name }> => message.name === name);
    return all[count - 1]!;
  }

  /** How many messages of this name have come. */
  count(name: Message['name']): number {
    return this.#counts.get(name) ?? 0;
  }

  forget(): void {
    this.messages.length = 0;
    this.#counts.clear();
  }

  until(when: () => boolean): Promise<void> {
    if (when()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ when, resolve }));
  }

  #check(): void {
    for (const each of this.#waiting) if (each.when()) each.resolve();
  }
}

/** A server for tests of the client. */
export class FakeServer extends FakePeer {
  constructor(transport: Transport) {
    super(transport, 'server');
  }

  /** Creates a channel; resolves with its id when the client has taken it. */
  async create(): Promise<number> {
    await this.until(() => this.ready);
    const channelId = this.stack.createChannel(URBDRC_CHANNEL_NAME)!;
    await this.until(() => this.opened.includes(channelId));
    return channelId;
  }

  /** Creates a channel and says what a server says until the client may announce. */
  async open(): Promise<number> {
    const channelId = await this.create();
    const common = { messageId: 1 };
    this.send(channelId, {
      ...common,
      name: 'RIM_EXCHANGE_CAPABILITY_REQUEST',
      interfaceId: InterfaceId.CAPABILITIES,
      capabilityValue: 1,
    });
    this.send(channelId, {
      ...common,
      name: 'CHANNEL_CREATED',
      interfaceId: InterfaceId.CHANNEL_NOTIFICATION_SERVER,
      majorVersion: 1,
      minorVersion: 0,
      capabilities: 0,
    });
    this.send(channelId, {
      ...common,
      name: 'RIMCALL_RELEASE',
      interfaceId: InterfaceId.CHANNEL_NOTIFICATION_SERVER,
      mask: 'STREAM_ID_PROXY',
    });
    return channelId;
  }

  /** Control channel, device channel, and the registration: the first device that the client has takes requests. */
  async takeDevice(requestCompletion = 0x10): Promise<{ channelId: number; usbDevice: number }> {
    await this.open();
    await this.received('ADD_VIRTUAL_CHANNEL');
    return this.takeNext(requestCompletion);
  }

  /** The next device on a channel of its own. */
  async takeNext(requestCompletion: number): Promise<{ channelId: number; usbDevice: number }> {
    const count = this.count('ADD_DEVICE');
    const channelId = await this.open();
    const { usbDevice } = await this.received('ADD_DEVICE', count + 1);
    this.send(channelId, {
      name: 'REGISTER_REQUEST_CALLBACK',
      interfaceId: usbDevice,
      messageId: 2,
      requestCompletion,
    });
    return { channelId, usbDevice };
  }

  protected override decode(payload: Uint8Array): Message {
    return decodeClientMessage(payload, {}, { lenient: true });
  }
}

/** A client for tests of the server. */
export class FakeClient extends FakePeer {
  constructor(transport: Transport) {
    super(transport, 'client');
  }

  /** Waits for the next channel and says what a client says until it may announce. */
  async open(count = this.opened.length + 1): Promise<number> {
    await this.until(() => this.opened.length >= count);
    const channelId = this.opened[count - 1]!;
    this.send(channelId, {
      name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
      interfaceId: InterfaceId.CAPABILITIES,
      messageId: 1,
      capabilityValue: 1,
      result: 0,
    });
    this.send(channelId, {
      name: 'CHANNEL_CREATED',
      interfaceId: InterfaceId.CHANNEL_NOTIFICATION_CLIENT,
      messageId: 2,
      majorVersion: 1,
      minorVersion: 0,
      capabilities: 0,
    });
    return channelId;
  }

  requestChannel(control: number): void {
    this.send(control, { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: InterfaceId.DEVICE_SINK, messageId: 0 });
  }

  announce(channelId: number, usbDevice = 5, text = 'X'): void {
    this.send(channelId, {
      name: 'ADD_DEVICE',
      interfaceId: InterfaceId.DEVICE_SINK,
      messageId: 0,
      usbDevice,
      deviceInstanceId: text,
      hardwareIds: [text],
      compatibilityIds: [text],
      containerId: '{00000000-0000-0000-0000-000000000000}',
      usbDeviceCapabilities: {
        usbBusInterfaceVersion: 2,
        usbdiVersion: 0x600,
        supportedUsbVersion: 0x200,
        hcdCapabilities: 0,
        deviceIsHighSpeed: 1,
        noAckIsochWriteJitterBufferSizeInMs: 0,
      },
    });
  }

  /** Control channel, device channel, and an announced device. */
  async offerDevice(usbDevice = 5): Promise<number> {
    this.requestChannel(await this.open(1));
    const channelId = await this.open(2);
    this.announce(channelId, usbDevice);
    return channelId;
  }

  protected override decode(payload: Uint8Array): Message {
    return decodeServerMessage(payload, { lenient: true });
  }
}

export function bytesOf(message: UrbdrcMessage): Uint8Array {
  return Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));
}
