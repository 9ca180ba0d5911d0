import { DecodeError, UsageError } from '../../../codecs/core/errors.ts';
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  type ServerMessage,
} from '../../../codecs/urbdrc/decode.ts';
import type { Step } from '../../channels/machine.ts';
import type { ChannelEvent } from '../../urbdrc/session/channelEvent.ts';
import { ServerControlChannel, type ServerControlEvent } from '../../urbdrc/session/server/controlChannel.ts';
import { ServerDeviceChannel } from '../../urbdrc/session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../../urbdrc/session/server/deviceEvent.ts';
import type { ServerRequest } from '../../urbdrc/session/server/requestTable.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { ChannelReplay } from './channelReplay.ts';
import { withMessageId, withRequest } from './patch.ts';
import type { ReplayJournal } from './replayReport.ts';

const LENIENT = { lenient: true };
/** FreeRDP keeps so much of a RequestId (docs/interop.md). */
const REQUEST_ID_BITS = 0x3fff_ffff;
/** Never outstanding: our ids count up from 1. */
const NOT_OUTSTANDING = REQUEST_ID_BITS;
const REQUEST_COMPLETION = 0x10;

/** Our server's control channel in place of the recorded one. */
export class ServerControlReplay extends ChannelReplay<ServerControlEvent> {
  protected override readonly session = new ServerControlChannel();

  constructor(channel: number, journal: ReplayJournal, line: number, now: number) {
    super(channel, journal, line);
    this.opened(this.session.open(now));
  }

  protected override decodeOwn(bytes: Uint8Array): ServerMessage {
    return decodeServerMessage(bytes, LENIENT);
  }

  protected override nameOf(bytes: Uint8Array): string {
    return decodeServerMessage(bytes).name;
  }

  protected override peerNameOf(bytes: Uint8Array): string {
    return decodeClientMessage(bytes, {}, LENIENT).name;
  }

  /** A server has nothing to do here but what the opening brings. */
  protected override command(): undefined {}

  protected override translate(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  protected override handle(): void {}
}

/** Our server's device channel: submits what the recorded server submitted, and gets the recorded answers. */
export class ServerDeviceReplay extends ChannelReplay<ServerDeviceEvent> {
  protected override readonly session = new ServerDeviceChannel(REQUEST_COMPLETION);
  /** Our engine's requests by the ids of the recorded ones, oldest first. */
  readonly #requests = new Map<number, ServerRequest<undefined>[]>();
  readonly #urbFunctions = new Map<number, number>();
  readonly #texts = new Map<number, number>();
  #recordedCompletion: number | undefined;
  #usbDevice: number | undefined;

  constructor(channel: number, journal: ReplayJournal, line: number, now: number) {
    super(channel, journal, line);
    this.opened(this.session.open(now));
  }

  protected override decodeOwn(bytes: Uint8Array): ServerMessage {
    const message = decodeServerMessage(bytes, LENIENT);
    if (message.name === 'REGISTER_REQUEST_CALLBACK') this.#recordedCompletion ??= message.requestCompletion;
    return message;
  }

  protected override nameOf(bytes: Uint8Array): string {
    return decodeServerMessage(bytes).name;
  }

  protected override peerNameOf(bytes: Uint8Array): string {
    return this.#decodePeers(bytes).name;
  }

  protected override command(bytes: Uint8Array, now: number): Step<ServerDeviceEvent | ChannelEvent> | undefined {
    const message = decodeServerMessage(bytes, LENIENT);
    if (this.#usbDevice !== undefined && isForDevice(message) && message.interfaceId !== this.#usbDevice) {
      throw new UsageError(`interface ${message.interfaceId} is not this channel's device`);
    }
    switch (message.name) {
      case 'TRANSFER_IN_REQUEST':
      case 'TRANSFER_OUT_REQUEST': {
        const isIn = message.name === 'TRANSFER_IN_REQUEST';
        // The session puts its own id into the TS_URB.
        const { requestId, urbFunction } = message.tsUrb;
        const { request, step } = this.session.submit(
          {
            type: 'transfer',
            direction: isIn ? 'in' : 'out',
            tsUrb: message.tsUrb,
            outputBuffer: isIn ? NO_BYTES : message.outputBuffer,
            outputBufferSize: isIn ? message.outputBufferSize : message.outputBuffer.byteLength,
          },
          undefined,
        );
        this.#urbFunctions.set(requestId, urbFunction);
        this.#enter(requestId, request);
        return step;
      }
      case 'IO_CONTROL':
      case 'INTERNAL_IO_CONTROL': {
        const { ioControlCode, outputBufferSize } = message;
        const internal = message.name === 'INTERNAL_IO_CONTROL';
        const asked = { type: 'ioControl', internal, ioControlCode, outputBufferSize } as const;
        const { request, step } = this.session.submit(asked, undefined);
        this.#enter(message.requestId, request);
        return step;
      }
      case 'CANCEL_REQUEST': {
        const [request] = this.#requests.get(message.requestId) ?? [];
        if (request === undefined) throw new UsageError(`RequestId ${message.requestId} is not outstanding`);
        return this.session.cancel(request, now);
      }
      case 'QUERY_DEVICE_TEXT': {
        const { messageId, step } = this.session.queryDeviceText(message.textType, message.localeId, undefined, now);
        this.#texts.set(message.messageId, messageId);
        return step;
      }
      case 'RETRACT_DEVICE':
        return this.session.retract();
      default:
        return undefined;
    }
  }

  protected override translate(bytes: Uint8Array): Uint8Array {
    try {
      const message = this.#decodePeers(bytes);
      switch (message.name) {
        case 'URB_COMPLETION':
        case 'URB_COMPLETION_NO_DATA':
        case 'IOCONTROL_COMPLETION':
          return withRequest(bytes, REQUEST_COMPLETION, this.#leave(message.requestId));
        case 'QUERY_DEVICE_TEXT_RSP':
          return withMessageId(bytes, this.#texts.get(message.messageId) ?? 0);
        default:
          return bytes;
      }
    } catch (error) {
      // It is for our engine to refuse.
      if (error instanceof DecodeError) return bytes;
      throw error;
    }
  }

  protected override handle(event: ServerDeviceEvent): void {
    if (event.type === 'deviceAdded') this.#usbDevice = event.device.usbDevice;
  }

  #decodePeers(bytes: Uint8Array): ClientMessage {
    const urbFunction = (requestId: number) => this.#urbFunctions.get(this.#recordedId(requestId));
    const requestCompletion = this.#recordedCompletion;
    const context = requestCompletion === undefined ? { urbFunction } : { urbFunction, requestCompletion };
    return decodeClientMessage(bytes, context, LENIENT);
  }

  #enter(recorded: number, ours: ServerRequest<undefined>): void {
    this.#requests.set(recorded, [...(this.#requests.get(recorded) ?? []), ours]);
  }

  /** Our engine's id for the oldest request with this recorded one, which is answered now. */
  #leave(recorded: number): number {
    const key = this.#recordedId(recorded);
    const [ours, ...others] = this.#requests.get(key) ?? [];
    if (others.length > 0) this.#requests.set(key, others);
    else this.#requests.delete(key);
    return ours?.requestId ?? NOT_OUTSTANDING;
  }

  /** The id with which it was asked, of which the answer may have kept 30 bits. */
  #recordedId(answered: number): number {
    if (this.#requests.has(answered)) return answered;
    const asked = [...this.#requests.keys()].find((requestId) => (requestId & REQUEST_ID_BITS) === answered);
    return asked ?? answered;
  }
}

function isForDevice({ name }: ServerMessage): boolean {
  return !['RIM_EXCHANGE_CAPABILITY_REQUEST', 'CHANNEL_CREATED', 'RIMCALL_RELEASE', 'QI_RSP'].includes(name);
}
