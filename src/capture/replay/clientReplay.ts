import { UsageError } from '../../../codecs/core/errors.ts';
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  type ServerMessage,
} from '../../../codecs/urbdrc/decode.ts';
import type { Step } from '../../channels/machine.ts';
import type { ChannelEvent } from '../../urbdrc/session/channelEvent.ts';
import { ClientControlChannel, type ClientControlEvent } from '../../urbdrc/session/client/controlChannel.ts';
import {
  ClientDeviceChannel,
  type ClientDeviceEvent,
  type ClientRequest,
  type DeviceAnnouncement,
} from '../../urbdrc/session/client/deviceChannel.ts';
import { ChannelReplay } from './channelReplay.ts';
import type { ReplayJournal } from './replayReport.ts';

const LENIENT = { lenient: true };
const REQUEST_ID_BITS = 0x3fff_ffff;

/** Our client's control channel in place of the recorded one. */
export class ClientControlReplay extends ChannelReplay<ClientControlEvent> {
  protected override readonly session = new ClientControlChannel();

  protected override decodeOwn(bytes: Uint8Array): ClientMessage {
    return decodeClientMessage(bytes, {}, LENIENT);
  }

  protected override nameOf(bytes: Uint8Array): string {
    return decodeClientMessage(bytes, {}).name;
  }

  protected override peerNameOf(bytes: Uint8Array): string {
    return decodeServerMessage(bytes, LENIENT).name;
  }

  protected override command(bytes: Uint8Array): Step<ClientControlEvent | ChannelEvent> | undefined {
    return this.decodeOwn(bytes).name === 'ADD_VIRTUAL_CHANNEL' ? this.session.addVirtualChannel() : undefined;
  }

  protected override translate(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  protected override handle(): void {}
}

/** Our client's device channel: gets the recorded requests, and its device gives the recorded answers. */
export class ClientDeviceReplay extends ChannelReplay<ClientDeviceEvent> {
  protected override readonly session: ClientDeviceChannel;
  /** Those without an answer. */
  readonly #requests = new Map<number, ClientRequest>();
  readonly #usbDevice: number;
  #requestCompletion: number | undefined;

  constructor(channel: number, journal: ReplayJournal, line: number, announcement: DeviceAnnouncement) {
    super(channel, journal, line);
    this.session = new ClientDeviceChannel(announcement);
    this.#usbDevice = announcement.addDevice.usbDevice;
  }

  protected override decodeOwn(bytes: Uint8Array): ClientMessage {
    const urbFunction = (requestId: number) => {
      const request = this.#requests.get(this.#pendingId(requestId) ?? -1);
      return request?.type === 'transfer' ? request.tsUrb.urbFunction : undefined;
    };
    const requestCompletion = this.#requestCompletion;
    const context = requestCompletion === undefined ? { urbFunction } : { urbFunction, requestCompletion };
    return decodeClientMessage(bytes, context, LENIENT);
  }

  protected override nameOf(bytes: Uint8Array): string {
    return decodeClientMessage(bytes, {}, LENIENT).name;
  }

  protected override peerNameOf(bytes: Uint8Array): string {
    return decodeServerMessage(bytes, LENIENT).name;
  }

  protected override command(bytes: Uint8Array): Step<ClientDeviceEvent | ChannelEvent> | undefined {
    const message = this.decodeOwn(bytes);
    switch (message.name) {
      case 'IOCONTROL_COMPLETION': {
        const { hResult, information, outputBuffer } = message;
        const request = this.#settle(message);
        if (request.type !== 'ioControl') throw new UsageError(`request ${message.requestId} is no IO control`);
        return this.session.completeIoControl(request, { hResult, information, outputBuffer });
      }
      case 'URB_COMPLETION':
      case 'URB_COMPLETION_NO_DATA': {
        const { tsUrbResult, hResult } = message;
        const data = message.name === 'URB_COMPLETION' ? message.outputBuffer : new Uint8Array(0);
        const transferred = message.name === 'URB_COMPLETION' ? data.byteLength : message.outputBufferSize;
        const request = this.#settle(message);
        if (request.type !== 'transfer') throw new UsageError(`request ${message.requestId} is no transfer`);
        return this.session.completeTransfer(request, { tsUrbResult, hResult, data, transferred });
      }
      default:
        return undefined;
    }
  }

  protected override translate(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  protected override handle(event: ClientDeviceEvent): void {
    switch (event.type) {
      case 'requested':
        this.#requests.set(event.request.requestId, event.request);
        return;
      case 'stopped':
        this.#requests.clear();
        return;
      case 'retracted':
        this.end('our engine closed the channel: the device was retracted');
        return;
      case 'announced':
      case 'cancelRequested':
        return;
    }
  }

  /** The peer's message tells where completions go. */
  noteRegistration(message: ServerMessage): void {
    if (message.name === 'REGISTER_REQUEST_CALLBACK' && message.interfaceId === this.#usbDevice) {
      this.#requestCompletion = message.requestCompletion;
    }
  }

  #settle({ requestId }: { readonly requestId: number }): ClientRequest {
    const pending = this.#pendingId(requestId);
    const request = pending === undefined ? undefined : this.#requests.get(pending);
    if (pending === undefined || request === undefined)
      throw new UsageError(`our engine has no request ${requestId} to answer`);
    this.#requests.delete(pending);
    return request;
  }

  /** The id of the request that is answered; FreeRDP's answers have 30 bits of it (docs/interop.md). */
  #pendingId(answered: number): number | undefined {
    if (this.#requests.has(answered)) return answered;
    return [...this.#requests.keys()].find((requestId) => (requestId & REQUEST_ID_BITS) === answered);
  }
}
