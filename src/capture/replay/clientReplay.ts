import { UsageError } from '../../../codecs/core/errors.ts';
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  type ServerMessage,
} from '../../../codecs/urbdrc/decode.ts';
import type { Step } from '../../channels/step.ts';
import type { ChannelEvent } from '../../urbdrc/session/channelEvent.ts';
import { ClientControlChannel, type ClientControlEvent } from '../../urbdrc/session/client/controlChannel.ts';
import {
  ClientDeviceChannel,
  type ClientDeviceEvent,
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
  /** Requests without an answer: the URB function, if it is a transfer. */
  readonly #requests = new Map<number, { readonly urbFunction: number | undefined }>();
  readonly #usbDevice: number;
  #requestCompletion: number | undefined;

  constructor(channel: number, journal: ReplayJournal, line: number, announcement: DeviceAnnouncement) {
    super(channel, journal, line);
    this.session = new ClientDeviceChannel(announcement);
    this.#usbDevice = announcement.addDevice.usbDevice;
  }

  protected override decodeOwn(bytes: Uint8Array): ClientMessage {
    const urbFunction = (requestId: number) => this.#requests.get(this.#pendingId(requestId) ?? -1)?.urbFunction;
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
        return this.session.completeIoControl(this.#settle(message), { hResult, information, outputBuffer });
      }
      case 'URB_COMPLETION':
      case 'URB_COMPLETION_NO_DATA': {
        const { tsUrbResult, hResult } = message;
        const data = message.name === 'URB_COMPLETION' ? message.outputBuffer : new Uint8Array(0);
        const transferred = message.name === 'URB_COMPLETION' ? data.byteLength : message.outputBufferSize;
        return this.session.completeTransfer(this.#settle(message), { tsUrbResult, hResult, data, transferred });
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
      case 'transferRequested':
        this.#requests.set(event.request.requestId, { urbFunction: event.request.tsUrb.urbFunction });
        return;
      case 'ioControlRequested':
        this.#requests.set(event.request.requestId, { urbFunction: undefined });
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

  #settle({ requestId }: { readonly requestId: number }): number {
    const pending = this.#pendingId(requestId);
    if (pending === undefined) throw new UsageError(`our engine has no request ${requestId} to answer`);
    this.#requests.delete(pending);
    return pending;
  }

  /** The id of the request that is answered; FreeRDP's answers have 30 bits of it (docs/interop.md). */
  #pendingId(answered: number): number | undefined {
    if (this.#requests.has(answered)) return answered;
    return [...this.#requests.keys()].find((requestId) => (requestId & REQUEST_ID_BITS) === answered);
  }
}
