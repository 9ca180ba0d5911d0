import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeUtf16 } from '../../../codecs/core/text.ts';
import { encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import type { AddDevice } from '../../../codecs/urbdrc/deviceSink.ts';
import { InterfaceId } from '../../../codecs/urbdrc/header.ts';
import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { Changes } from '../changes.ts';
import type { MessageName, MessageNamed, PeerChannel, Received } from '../peerChannel.ts';
import { CheckFailure } from '../verdict.ts';
import {
  type Answer,
  answerOf,
  cancelledAnswer,
  type IoRequest,
  isBulk,
  pipeOf,
  PIPE_HANDLES,
  requestIdOf,
  type Transfer,
  transferAnswer,
} from './deviceAnswers.ts';
import { BULK_IN, BULK_OUT } from './loopbackDescriptors.ts';

/** Everything that a server sends on a device channel after CHANNEL_CREATED. */
const FROM_SERVER = [
  'RIMCALL_RELEASE',
  'RIMCALL_QUERYINTERFACE',
  'QI_RSP',
  'RIM_EXCHANGE_CAPABILITY_REQUEST',
  'CHANNEL_CREATED',
  'CANCEL_REQUEST',
  'REGISTER_REQUEST_CALLBACK',
  'IO_CONTROL',
  'INTERNAL_IO_CONTROL',
  'QUERY_DEVICE_TEXT',
  'TRANSFER_IN_REQUEST',
  'TRANSFER_OUT_REQUEST',
  'RETRACT_DEVICE',
] as const satisfies readonly MessageName[];

type ServerMessageName = (typeof FROM_SERVER)[number];
export type FromServer = Received<ServerMessageName>;
export type ReceivedRequest = FromServer & { readonly message: IoRequest };

/** Milliseconds: longer than any test. */
const FOREVER = 3_600_000;
const EMPTY = new Uint8Array(0);
const RESPONSE_HEADER_SIZE = 8;

/** UsbDevice with a value in each byte, which no server would choose as an id of its own. */
export const USB_DEVICE = 0x0123_4567;

export interface ScriptedDeviceOptions {
  /** Changes of the announcement. */
  readonly announcement?: Partial<Omit<AddDevice, 'name'>>;
  /** Which requests wait for {@link ScriptedDevice.release}. Default: none. */
  readonly holds?: (request: IoRequest) => boolean;
  /** Reads of the bulk IN pipe that are cancelled are completed. Default true. */
  readonly endsCancelled?: boolean;
  /**
   * The answer to QUERY_DEVICE_TEXT, with its terminator if it has one, less than 256 characters; undefined for no answer.
   * Default: a short text.
   */
  readonly text?: (query: MessageNamed<'QUERY_DEVICE_TEXT'>) => string | undefined;
}

/**
 * A device that the suite redirects: the client's side of its channel. It answers every request, loops its bulk OUT pipe
 * back to its bulk IN pipe, and remembers all messages of the server.
 */
export class ScriptedDevice {
  readonly channel: PeerChannel;
  readonly usbDevice: number;
  readonly #changes: Changes;
  readonly #options: ScriptedDeviceOptions;
  readonly #received: FromServer[] = [];
  readonly #requests: ReceivedRequest[] = [];
  readonly #outstanding = new Map<number, IoRequest>();
  #holds: (request: IoRequest) => boolean;
  #held: IoRequest[] = [];
  #written: Uint8Array[] = [];
  #reads: Transfer[] = [];
  #requestCompletion: number | undefined;
  #problem: CheckFailure | undefined;
  #failure: CheckFailure | undefined;

  constructor(channel: PeerChannel, changes: Changes, options: ScriptedDeviceOptions = {}) {
    this.channel = channel;
    this.usbDevice = options.announcement?.usbDevice ?? USB_DEVICE;
    this.#changes = changes;
    this.#options = options;
    this.#holds = options.holds ?? (() => false);
  }

  /** All messages since the announcement, oldest first. */
  get received(): readonly FromServer[] {
    return this.#received;
  }

  /** The messages that ask for a completion. */
  get requests(): readonly ReceivedRequest[] {
    return this.#requests;
  }

  /** The first wrong use of a RequestId. */
  get idProblem(): CheckFailure | undefined {
    return this.#problem;
  }

  /** Why it has stopped answering; undefined while it answers. */
  get failure(): CheckFailure | undefined {
    return this.#failure;
  }

  get requestCompletion(): number {
    return this.#requestCompletion ?? 0;
  }

  /** ADD_DEVICE as it is announced. */
  get announcement(): AddDevice {
    return {
      name: 'ADD_DEVICE',
      interfaceId: InterfaceId.DEVICE_SINK,
      messageId: 0,
      usbDevice: this.usbDevice,
      deviceInstanceId: 'USB\\VID_1209&PID_000F\\CONFORMANCE',
      hardwareIds: ['USB\\VID_1209&PID_000F&REV_0001', 'USB\\VID_1209&PID_000F'],
      compatibilityIds: ['USB\\Class_FF&SubClass_00&Prot_00', 'USB\\Class_FF&SubClass_00', 'USB\\Class_FF'],
      containerId: '{6e0f4d2a-51c3-4b7e-9a18-2c7d90b3e6f1}',
      usbDeviceCapabilities: {
        usbBusInterfaceVersion: 2,
        usbdiVersion: 0x600,
        supportedUsbVersion: 0x200,
        hcdCapabilities: 0,
        deviceIsHighSpeed: 1,
        noAckIsochWriteJitterBufferSizeInMs: 0,
      },
      ...this.#options.announcement,
    };
  }

  announce(): void {
    this.channel.send(this.announcement);
  }

  /** Answers from now on, until the channel closes. */
  serve(): void {
    void this.#serve();
  }

  /** @throws CheckFailure unless REGISTER_REQUEST_CALLBACK comes in time */
  async registered(within: number): Promise<void> {
    await this.next('REGISTER_REQUEST_CALLBACK', within);
  }

  /** The first message of this name that came, or comes. @throws CheckFailure when none does */
  async next<N extends ServerMessageName>(
    name: N,
    within: number,
    accept: (message: MessageNamed<N>) => boolean = () => true,
  ): Promise<MessageNamed<N>> {
    const isWanted = (message: { readonly name: string }): message is MessageNamed<N> => message.name === name;
    return this.#until(name, within, () => {
      for (const { message } of this.#received) if (isWanted(message) && accept(message)) return message;
      return undefined;
    });
  }

  /** The first request that came, or comes, for which `accept` holds. @throws CheckFailure when none does */
  nextRequest(
    within: number,
    accept: (request: ReceivedRequest) => boolean,
    what = 'request',
  ): Promise<ReceivedRequest> {
    return this.#until(what, within, () => this.#requests.find(accept));
  }

  /** Waits until nothing has come for `quiet` milliseconds. */
  async idle(quiet: number): Promise<void> {
    for (let count = -1; count !== this.#received.length;) {
      count = this.#received.length;
      await this.#changes.pause(quiet);
      if (this.#failure !== undefined && this.channel.isOpen) throw this.#failure;
    }
  }

  /** Answers the requests that were held back, and every later one at once. */
  release(): void {
    this.#holds = () => false;
    const held = this.#held;
    this.#held = [];
    for (const request of held) this.#answer(request);
  }

  /** Sends a completion, on the interface that the server registered. */
  complete(answer: Answer): void {
    this.#outstanding.delete(answer.requestId);
    this.channel.send({ ...answer, interfaceId: this.requestCompletion });
  }

  async #serve(): Promise<void> {
    try {
      for (;;) {
        this.#handle(await this.channel.expectOneOf(FROM_SERVER, () => true, FOREVER, 'message'));
        this.#changes.notify();
      }
    } catch (error) {
      this.#failure = error instanceof CheckFailure ? error : new CheckFailure(String(error));
      this.#changes.notify();
    }
  }

  async #until<T>(what: string, within: number, look: () => T | undefined): Promise<T> {
    const found = await this.#changes.until(() => {
      const seen = look();
      if (seen === undefined && this.#failure !== undefined) throw this.#failure;
      return seen;
    }, within);
    if (found === undefined) throw new CheckFailure(`no ${what} came within ${within} ms`);
    return found;
  }

  #handle(received: FromServer): void {
    this.#received.push(received);
    const { message } = received;
    switch (message.name) {
      case 'REGISTER_REQUEST_CALLBACK':
        this.#requestCompletion = message.requestCompletion;
        return;
      case 'QUERY_DEVICE_TEXT':
        this.#answerText(message);
        return;
      case 'CANCEL_REQUEST':
        this.#cancel(message.requestId);
        return;
      case 'IO_CONTROL':
      case 'INTERNAL_IO_CONTROL':
      case 'TRANSFER_IN_REQUEST':
      case 'TRANSFER_OUT_REQUEST':
        this.#requests.push({ ...received, message });
        this.#enter(message);
        if (this.#holds(message)) this.#held.push(message);
        else this.#answer(message);
        return;
      default:
        return;
    }
  }

  #answerText(query: MessageNamed<'QUERY_DEVICE_TEXT'>): void {
    const text = this.#options.text === undefined ? 'Conformance device\0' : this.#options.text(query);
    if (text === undefined) return;
    const rsp = { name: 'QUERY_DEVICE_TEXT_RSP', interfaceId: this.usbDevice, messageId: query.messageId } as const;
    const empty = joinParts(encodeUrbdrcMessage({ ...rsp, deviceDescription: '', hResult: 0 }));
    const units = encodeUtf16(text).subarray(0, 2 * text.length);
    const bytes = [...empty.subarray(0, RESPONSE_HEADER_SIZE), text.length, 0, 0, 0, ...units, 0, 0, 0, 0];
    this.channel.sendBytes(Uint8Array.from(bytes), rsp.name);
  }

  /** The rules of RequestId, [MS-RDPEUSB] 3.1.1. */
  #enter(request: IoRequest): void {
    const requestId = requestIdOf(request);
    if (this.#outstanding.has(requestId)) {
      this.#problem ??= new CheckFailure(`${request.name} has RequestId ${requestId}, which is outstanding`);
    }
    if (requestId > 0x7fff_ffff) {
      this.#problem ??= new CheckFailure(`${request.name} has RequestId ${requestId}, which has more than 31 bits`);
    }
    this.#outstanding.set(requestId, request);
  }

  #answer(request: IoRequest): void {
    if (!('tsUrb' in request)) {
      this.complete(answerOf(request));
      return;
    }
    const { tsUrb } = request;
    if (tsUrb.noAck) return;
    if (isBulk(request)) {
      this.#bulk(request);
      return;
    }
    if (tsUrb.urbFunction === UrbFunction.URB_FUNCTION_ABORT_PIPE && pipeOf(tsUrb) === PIPE_HANDLES.get(BULK_IN)) {
      for (const read of this.#reads.splice(0)) this.complete(cancelledAnswer(read));
    }
    this.complete(answerOf(request));
  }

  #bulk(request: Transfer): void {
    const handle = pipeOf(request.tsUrb);
    if (request.name === 'TRANSFER_OUT_REQUEST' && handle === PIPE_HANDLES.get(BULK_OUT)) {
      this.#written.push(Uint8Array.from(request.outputBuffer));
      this.complete(transferAnswer(request, EMPTY));
    } else if (request.name === 'TRANSFER_IN_REQUEST' && handle === PIPE_HANDLES.get(BULK_IN)) {
      this.#reads.push(request);
    } else {
      this.complete(answerOf(request));
    }
    this.#loopBack();
  }

  /** Completes reads with the data that was written. */
  #loopBack(): void {
    while (this.#reads.length > 0 && this.#written.length > 0) {
      const [read] = this.#reads.splice(0, 1);
      const [data = EMPTY] = this.#written.splice(0, 1);
      if (read?.name !== 'TRANSFER_IN_REQUEST') continue;
      const rest = data.subarray(read.outputBufferSize);
      if (rest.byteLength > 0) this.#written.unshift(rest);
      this.complete(transferAnswer(read, data.subarray(0, read.outputBufferSize)));
    }
  }

  #cancel(requestId: number): void {
    if (this.#options.endsCancelled === false) return;
    const index = this.#reads.findIndex((read) => requestIdOf(read) === requestId);
    const [read] = index < 0 ? [] : this.#reads.splice(index, 1);
    if (read !== undefined) this.complete(cancelledAnswer(read));
  }
}
