import { joinParts, type Parts } from '../codecs/core/parts.ts';
import { encodeUrbdrcMessage } from '../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../codecs/urbdrc/header.ts';
import { UrbFunction } from '../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { Step } from '../src/channels/machine.ts';
import type { TransferRequest } from '../src/urbdrc/exchange.ts';
import type { ChannelEvent } from '../src/urbdrc/session/channelEvent.ts';
import { ClientControlChannel } from '../src/urbdrc/session/client/controlChannel.ts';
import {
  ClientDeviceChannel,
  type ClientDeviceEvent,
  type ClientRequest,
  type DeviceAnnouncement,
} from '../src/urbdrc/session/client/deviceChannel.ts';
import { RecognisedPeer } from '../src/urbdrc/peers/recognisedPeer.ts';
import { PEER_NAMES } from '../src/urbdrc/peers/profiles.ts';
import { DEFAULT_SESSION_TIMERS } from '../src/urbdrc/session/limits.ts';
import { ServerControlChannel } from '../src/urbdrc/session/server/controlChannel.ts';
import { ServerDeviceChannel } from '../src/urbdrc/session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../src/urbdrc/session/server/deviceEvent.ts';
import type { ServerRequest } from '../src/urbdrc/session/server/requestTable.ts';
import type { Random } from './random.ts';

export const USB_DEVICE = 5;
export const REQUEST_COMPLETION = 16;
const EMPTY = new Uint8Array(0);
/** Bytes of a completion's first word and RequestId. */
const REQUEST_ID_OFFSET = 12;

const ADD_DEVICE = {
  usbDevice: USB_DEVICE,
  deviceInstanceId: 'USB\\VID_1209&PID_0001\\1',
  hardwareIds: ['USB\\VID_1209&PID_0001'],
  compatibilityIds: ['USB\\Class_ff'],
  containerId: '{00000000-0000-0000-0000-000000000000}',
  usbDeviceCapabilities: {
    usbBusInterfaceVersion: 2,
    usbdiVersion: 0x600,
    supportedUsbVersion: 0x200,
    hcdCapabilities: 0,
    deviceIsHighSpeed: 1,
    noAckIsochWriteJitterBufferSizeInMs: 50,
  },
};
export const ANNOUNCEMENT: DeviceAnnouncement = { addDevice: ADD_DEVICE, description: 'd', locationInformation: 'l' };

/** What a peer's bytes made a session do that it must not. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

function require(holds: boolean, what: string): void {
  if (!holds) throw new Violation(what);
}

/**
 * A client's sessions, with a model of what is pending: each request is handed out once while its id is in use, and each
 * answer makes one completion at most. Throws a {@link Violation} where a session and the model differ.
 */
export class ClientSessions {
  readonly #control = new ClientControlChannel();
  readonly #device: ClientDeviceChannel;
  readonly #pending = new Map<number, ClientRequest>();
  #now = 0;

  constructor(device = new ClientDeviceChannel(ANNOUNCEMENT)) {
    this.#device = device;
    for (const message of OPENING) {
      this.#control.receive(message, this.#now);
      this.#apply(this.#device.receive(message, this.#now));
    }
    this.#apply(this.#device.receive(REGISTER, this.#now));
  }

  /** The peer's bytes; afterwards, now and then, a device answers. */
  feed(bytes: Uint8Array, random: Random): void {
    this.#now += random.below(20);
    if (random.oneIn(16)) this.#control.receive(bytes, this.#now);
    this.#apply(this.#device.receive(bytes, this.#now));
    if (random.oneIn(16)) this.#apply(this.#device.handleTimeout(this.#now));
    if (this.#pending.size > 0 && random.oneIn(2)) this.#answer(random);
    require(this.#device.pendingRequests === this.#pending.size, 'requests got lost or stay for ever');
  }

  #apply(step: Step<ClientDeviceEvent | ChannelEvent>): void {
    require(step.outgoing.length <= 2, `${step.outgoing.length} answers to one message`);
    for (const event of step.events) {
      if (event.type === 'requested') this.#enter(event.request);
      else if (event.type === 'cancelRequested')
        require(this.#pending.get(event.request.requestId) === event.request, 'cancelled what is not there');
      else if (event.type === 'stopped') this.#pending.clear();
    }
  }

  #enter(request: ClientRequest): void {
    const { requestId } = request;
    require(!this.#pending.has(requestId), `RequestId ${requestId} was handed out twice`);
    this.#pending.set(requestId, request);
  }

  #answer(random: Random): void {
    const [requestId, request] = random.pick([...this.#pending.entries()].slice(0, 8));
    this.#pending.delete(requestId);
    require(this.#complete(request).length <= 1, 'two completions');
    require(this.#complete(request).length === 0, 'a completion for nothing');
  }

  #complete(request: ClientRequest): readonly Parts[] {
    if (request.type === 'ioControl') {
      return this.#device.completeIoControl(request, { hResult: 0, information: 0, outputBuffer: EMPTY }).outgoing;
    }
    const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 } as const;
    return this.#device.completeTransfer(request, { tsUrbResult, hResult: 0, data: EMPTY, transferred: 0 }).outgoing;
  }
}

/** A server's end of a device channel, to a client of whatever kind. */
export function anyServerDevice(random: Random): ServerDeviceChannel {
  return new ServerDeviceChannel(
    REQUEST_COMPLETION,
    DEFAULT_SESSION_TIMERS,
    new RecognisedPeer(random.pick(PEER_NAMES)),
  );
}

/** A server's sessions, with requests of every kind under way; each ends once, whatever the client sends. */
export class ServerSessions {
  readonly #control = new ServerControlChannel();
  readonly #device: ServerDeviceChannel;
  readonly #pending = new Map<number, ServerRequest<undefined>>();
  #texts = 0;
  /** Requests to cancel, also some that are over. */
  readonly #last: ServerRequest<undefined>[] = [];
  #isOver = false;
  #now = 0;

  constructor(device = new ServerDeviceChannel(REQUEST_COMPLETION)) {
    this.#device = device;
    this.#control.open(0);
    this.#apply(this.#device.open(0));
    for (const message of ANSWERS) {
      this.#control.receive(message, 0);
      this.#apply(this.#device.receive(message, 0));
    }
  }

  /** Whether a driver would have closed the channel by now. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The peer's bytes, in every other case as the answer to a request that is under way. */
  feed(bytes: Uint8Array, random: Random): void {
    this.#now += random.below(20);
    if (this.#device.state === 'active') this.#act(random);
    if (random.oneIn(16)) this.#control.receive(bytes, this.#now);
    this.#apply(
      this.#device.receive(this.#pending.size > 0 && random.oneIn(2) ? this.#aimed(bytes, random) : bytes, this.#now),
    );
    if (random.oneIn(16)) this.#apply(this.#device.handleTimeout(this.#now));
    require(this.#device.pendingRequests === this.#pending.size, 'requests got lost or stay for ever');
  }

  #act(random: Random): void {
    if (this.#pending.size < 32) this.#submit(random);
    if (random.oneIn(8)) {
      const request = this.#last[random.below(this.#last.length)];
      if (request === undefined) return;
      const step = this.#device.cancel(request, this.#now);
      const isPending = this.#pending.get(request.requestId) === request;
      require(step.outgoing.length === 0 || isPending, 'cancelled what is not there');
      this.#apply(step);
    }
    if (random.oneIn(64) && this.#texts === 0) {
      this.#texts += 1;
      this.#device.queryDeviceText(0, 0x409, undefined, this.#now);
    }
  }

  #submit(random: Random): void {
    const deadline = random.oneIn(2) ? this.#now + random.below(5000) : undefined;
    if (random.oneIn(6)) {
      const control = { internal: random.oneIn(2), ioControlCode: 0x220007, outputBufferSize: random.below(16) };
      this.#enter(this.#device.submit({ type: 'ioControl', ...control }, undefined, deadline).request);
      return;
    }
    const isIn = random.oneIn(2);
    const common = { requestId: 0, noAck: false, pipeHandle: 1, transferFlags: isIn ? 3 : 0 };
    const tsUrb = random.oneIn(3)
      ? ({
          name: 'TS_URB_ISOCH_TRANSFER',
          urbFunction: UrbFunction.URB_FUNCTION_ISOCH_TRANSFER,
          ...common,
          startFrame: 0,
          errorCount: 0,
          isoPackets: [{ offset: 0, length: 0, status: 0 }],
        } as const)
      : ({
          name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
          urbFunction: UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
          ...common,
        } as const);
    const outputBuffer = isIn ? EMPTY : random.bytes(random.below(16));
    const outputBufferSize = isIn ? random.below(600) : outputBuffer.byteLength;
    const asked: TransferRequest = {
      type: 'transfer',
      direction: isIn ? 'in' : 'out',
      tsUrb,
      outputBuffer,
      outputBufferSize,
    };
    this.#enter(this.#device.submit(asked, undefined, deadline).request);
  }

  #enter(request: ServerRequest<undefined>): void {
    const { requestId } = request;
    require(!this.#pending.has(requestId), `RequestId ${requestId} is used twice`);
    this.#pending.set(requestId, request);
    this.#last.push(request);
    if (this.#last.length > 64) this.#last.shift();
  }

  #aimed(bytes: Uint8Array, random: Random): Uint8Array {
    if (bytes.byteLength < REQUEST_ID_OFFSET + 4) return bytes;
    const copy = Uint8Array.from(bytes);
    const view = new DataView(copy.buffer);
    view.setUint32(0, 0x4000_0000 | REQUEST_COMPLETION, true);
    view.setUint32(REQUEST_ID_OFFSET, random.pick([...this.#pending.keys()].slice(0, 8)), true);
    return copy;
  }

  #apply(step: Step<ServerDeviceEvent | ChannelEvent>): void {
    for (const event of step.events) {
      switch (event.type) {
        case 'transferCompleted':
        case 'ioControlCompleted':
        case 'abandoned':
          require(this.#pending.delete(event.request.requestId), `RequestId ${event.request.requestId} ended twice`);
          break;
        case 'deviceText':
          require(this.#texts > 0, 'a text that nobody asked for');
          this.#texts -= 1;
          break;
        case 'closeRequired':
          this.#isOver = true;
          break;
        case 'answeredLate':
        case 'deviceAdded':
        case 'peerShown':
        case 'ignored':
          break;
      }
    }
  }
}

const bytesOf = (message: Parameters<typeof encodeUrbdrcMessage>[0]) =>
  Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));
const CREATED = { messageId: 0, majorVersion: 1, minorVersion: 0, capabilities: 0 };

/** What a server sends first on every channel. */
export const OPENING = [
  bytesOf({ name: 'RIM_EXCHANGE_CAPABILITY_REQUEST', interfaceId: 0, messageId: 1, capabilityValue: 1 }),
  bytesOf({ name: 'CHANNEL_CREATED', interfaceId: InterfaceId.CHANNEL_NOTIFICATION_SERVER, ...CREATED }),
  bytesOf({
    name: 'RIMCALL_RELEASE',
    interfaceId: InterfaceId.CHANNEL_NOTIFICATION_SERVER,
    mask: 'STREAM_ID_PROXY',
    messageId: 2,
  }),
];

/** Where completions go. */
export const REGISTER = bytesOf({
  name: 'REGISTER_REQUEST_CALLBACK',
  interfaceId: USB_DEVICE,
  messageId: 3,
  requestCompletion: REQUEST_COMPLETION,
});

/** What a client answers, and its device. */
export const ANSWERS = [
  bytesOf({ name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE', interfaceId: 0, messageId: 1, capabilityValue: 1, result: 0 }),
  bytesOf({ name: 'CHANNEL_CREATED', interfaceId: InterfaceId.CHANNEL_NOTIFICATION_CLIENT, ...CREATED }),
  bytesOf({ name: 'ADD_DEVICE', interfaceId: InterfaceId.DEVICE_SINK, messageId: 0, ...ADD_DEVICE }),
];
