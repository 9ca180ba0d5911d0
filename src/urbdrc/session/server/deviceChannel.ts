import { UsageError } from '../../../../codecs/core/errors.ts';
import { type ClientMessage, encodeUrbdrcMessage, type UrbdrcMessage } from '../../../../codecs/urbdrc/decode.ts';
import type { AddDevice } from '../../../../codecs/urbdrc/deviceSink.ts';
import { LONGEST_EXPLANATION, UsbRetractReason_BlockedByPolicy } from '../../../../codecs/urbdrc/usbDeviceRequests.ts';
import { nextState, type Step, StepBuilder } from '../../../channels/machine.ts';
import { interfaceSelected } from '../../peers/evidence.ts';
import type { RecognisedPeer } from '../../peers/recognisedPeer.ts';
import type { IoControlRequest, TransferRequest } from '../../exchange.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import { DEFAULT_SESSION_TIMERS, type SessionTimers } from '../limits.ts';
import {
  SERVER_DEVICE_TRANSITIONS,
  type ServerDeviceInput,
  type ServerDeviceState,
  type ServerOpeningInput,
} from '../transitions.ts';
import { answeredRequest, deviationOf } from './deviations.ts';
import type { ServerDeviceEvent } from './deviceEvent.ts';
import { RequestTable, type ServerRequest } from './requestTable.ts';
import { type AnswerMessage, ServerChannel } from './serverChannel.ts';

const EMPTY = new Uint8Array(0);

type DeviceStep<Caller, TextCaller> = StepBuilder<ServerDeviceEvent<Caller, TextCaller> | ChannelEvent>;
type TransferMessage = Extract<ClientMessage, { name: 'URB_COMPLETION' | 'URB_COMPLETION_NO_DATA' }>;

/**
 * The server's end of a device channel, [MS-RDPEUSB] 3.2.5: takes the device over, submits requests and matches their
 * completions by RequestId. What breaks the rules of 3.2.5.4 closes the channel. Whoever asks gives a record of its own
 * with each request (`Caller`) and each query for a text (`TextCaller`): it comes back when that ends, or in {@link end}.
 */
export class ServerDeviceChannel<Caller = undefined, TextCaller = undefined> extends ServerChannel<
  ServerDeviceEvent<Caller, TextCaller>
> {
  readonly #requestCompletion: number;
  readonly #requests = new RequestTable<Caller>();
  /** By MessageId, the earliest deadline first: all wait for the same time. */
  readonly #texts = new Map<number, { readonly caller: TextCaller; readonly deadline: number }>();
  #state: Exclude<ServerDeviceState, 'active'> | { readonly name: 'active'; readonly usbDevice: number } = 'idle';

  protected override readonly carriesDevice = true;
  protected override readonly context = {
    requestCompletion: 0,
    urbFunction: (requestId: number) => {
      const asked = this.#requests.get(requestId)?.asked;
      return asked?.type === 'transfer' ? asked.tsUrb.urbFunction : undefined;
    },
  };

  /** @param requestCompletion the interface id for completions: at least 4, unique in the connection. */
  constructor(requestCompletion: number, timers: SessionTimers = DEFAULT_SESSION_TIMERS, peer?: RecognisedPeer) {
    super(timers, peer);
    this.#requestCompletion = requestCompletion;
    this.context.requestCompletion = requestCompletion;
  }

  override get state(): ServerDeviceState {
    return typeof this.#state === 'string' ? this.#state : this.#state.name;
  }

  get pendingRequests(): number {
    return this.#requests.size;
  }

  /** What waits for its completion, oldest first. */
  requests(): Iterable<ServerRequest<Caller>> {
    return this.#requests.values();
  }

  /**
   * Sends a request. `deadline` (ms) bounds the wait; leave it out where a device may take for ever. A request that is
   * past it is cancelled, for data may lie at the client; it is `abandoned` when that is not answered within the grace
   * time either. With NoAck it is over once it is sent.
   * @throws UsageError when no device is there, and for what no message can hold.
   */
  submit(
    asked: TransferRequest | IoControlRequest,
    caller: Caller,
    deadline?: number,
  ): { request: ServerRequest<Caller>; step: Step<ServerDeviceEvent<Caller, TextCaller>> } {
    const interfaceId = this.#usbDevice('submit');
    const request = this.#requests.add(asked, caller, deadline);
    try {
      const message = encodeUrbdrcMessage(this.#requestMessage(interfaceId, request.requestId, asked));
      if (asked.type === 'transfer' && asked.tsUrb.noAck) this.#requests.settle(request);
      return { request, step: { outgoing: [message], events: [] } };
    } catch (error) {
      this.#requests.settle(request);
      throw error;
    }
  }

  /**
   * Sends CANCEL_REQUEST; the request ends with its completion, or as `abandoned`: after the grace time, or at once where
   * the client is known not to answer. Nothing happens for a request that has ended or is being cancelled already.
   */
  cancel(request: ServerRequest<Caller>, now: number): Step<ServerDeviceEvent<Caller, TextCaller>> {
    const step: StepBuilder<ServerDeviceEvent<Caller, TextCaller>> = new StepBuilder();
    if (this.#requests.get(request.requestId) !== request) return step;
    const isFirst = request.state === 'sent';
    request.state = 'cancelled';
    if (!isFirst) return step;
    step.send(this.#cancelMessage(this.#usbDevice('cancel'), request.requestId));
    if (!this.#awaitsCancelled(request, now)) this.#abandon(request, 'cancelled', step);
    return step;
  }

  /** Sends QUERY_DEVICE_TEXT; the answer comes as `deviceText`. */
  queryDeviceText(
    textType: number,
    localeId: number,
    caller: TextCaller,
    now: number,
  ): { messageId: number; step: Step<ServerDeviceEvent<Caller, TextCaller>> } {
    const interfaceId = this.#usbDevice('queryDeviceText');
    const messageId = this.nextMessageId();
    this.#texts.set(messageId, { caller, deadline: now + this.timers.deviceText });
    const message = encodeUrbdrcMessage({ name: 'QUERY_DEVICE_TEXT', interfaceId, messageId, textType, localeId });
    return { messageId, step: { outgoing: [message], events: [] } };
  }

  /**
   * Sends RETRACT_DEVICE; the dynamic channel is to be closed afterwards, for FreeRDP does not act on the message.
   * @param explanation for a client that says that it reads it
   */
  retract(explanation?: string): Step<ServerDeviceEvent<Caller, TextCaller>> {
    const interfaceId = this.#usbDevice('retract');
    const messageId = this.nextMessageId();
    const message = encodeUrbdrcMessage({
      name: 'RETRACT_DEVICE',
      interfaceId,
      messageId,
      reason: UsbRetractReason_BlockedByPolicy,
      ...(explanation !== undefined && { explanation: explanation.slice(0, LONGEST_EXPLANATION) }),
    });
    return { outgoing: [message], events: [] };
  }

  /** The channel is closed: takes out whoever still waits, also for a request whose completion made it close. */
  end(): { readonly requests: readonly ServerRequest<Caller>[]; readonly texts: readonly TextCaller[] } {
    const texts = [...this.#texts.values()].map(({ caller }) => caller);
    this.#texts.clear();
    return { requests: this.#requests.clear(), texts };
  }

  override nextTimeout(): number | undefined {
    // While the opening goes on, nothing else is waited for.
    const opening = super.nextTimeout();
    if (opening !== undefined || this.#texts.size === 0) return opening ?? this.#requests.earliestDeadline;
    const [text] = this.#texts.values();
    return Math.min(text?.deadline ?? Infinity, this.#requests.earliestDeadline ?? Infinity);
  }

  override handleTimeout(now: number): Step<ServerDeviceEvent<Caller, TextCaller> | ChannelEvent> {
    const handshake = super.handleTimeout(now);
    const step: DeviceStep<Caller, TextCaller> = new StepBuilder();
    handshake.events.forEach((event) => step.emit(event));
    for (const request of this.#requests.takeDue(now)) this.#due(request, now, step);
    const [text] = this.#texts.values();
    if (text !== undefined && text.deadline <= now) {
      const problem = `no answer within ${this.timers.deviceText} ms`;
      this.closeRequired('QUERY_DEVICE_TEXT', problem, '3.1.2', step, 'TIMED_OUT');
    }
    return step;
  }

  protected override advance(input: ServerOpeningInput): boolean {
    return this.#advance(input);
  }

  /** Nobody else would answer: what the client sent instead of a completion counts as one that failed. */
  protected override refused(bytes: Uint8Array, step: DeviceStep<Caller, TextCaller>): void {
    const requestId = answeredRequest(bytes, this.#requestCompletion);
    const request = requestId === undefined ? undefined : this.#requests.get(requestId);
    if (request !== undefined) this.#abandon(request, 'failed', step);
  }

  protected override answer(message: AnswerMessage, bytes: Uint8Array, step: DeviceStep<Caller, TextCaller>): void {
    if (message.name === 'ADD_VIRTUAL_CHANNEL') {
      this.closeRequired(message.name, 'belongs on the control channel', '3.2.5.1.1', step);
      return;
    }
    if (!this.#advance(message.name, message)) {
      this.outOfSequence(message.name, step);
      return;
    }
    switch (message.name) {
      case 'ADD_DEVICE':
        this.#deviceAdded(message, step);
        return;
      case 'QUERY_DEVICE_TEXT_RSP':
        this.#deviceText(message, step);
        return;
      case 'IOCONTROL_COMPLETION':
        this.#ioControlCompleted(message, step);
        return;
      case 'URB_COMPLETION':
      case 'URB_COMPLETION_NO_DATA':
        this.#transferCompleted(message, bytes, step);
        return;
    }
  }

  /** The deadline of a request has passed. */
  #due(request: ServerRequest<Caller>, now: number, step: DeviceStep<Caller, TextCaller>): void {
    const isFirst = request.state === 'sent';
    if (isFirst) {
      request.state = 'overdue';
      if (typeof this.#state !== 'string') step.send(this.#cancelMessage(this.#state.usbDevice, request.requestId));
      if (this.#awaitsCancelled(request, now)) return;
    }
    this.#abandon(request, request.state === 'overdue' ? 'timedOut' : 'cancelled', step);
  }

  /** CANCEL_REQUEST was sent. False when nothing will come of the request any more. */
  #awaitsCancelled(request: ServerRequest<Caller>, now: number): boolean {
    if (this.peer.settings.cancelledRequests === 'endHere') return false;
    this.#requests.expectBy(request, now + this.timers.cancelGrace);
    return true;
  }

  #abandon(
    request: ServerRequest<Caller>,
    reason: 'cancelled' | 'timedOut' | 'failed',
    step: StepBuilder<ServerDeviceEvent<Caller, TextCaller>> | DeviceStep<Caller, TextCaller>,
  ): void {
    this.#requests.abandon(request);
    step.emit({ type: 'abandoned', request, reason });
  }

  #usbDevice(input: ServerDeviceInput): number {
    const state = this.#state;
    if (typeof state === 'string' || !this.#advance(input)) {
      throw new UsageError(`${input}: the device channel is in state ${this.state}`, { code: 'INVALID_STATE' });
    }
    return state.usbDevice;
  }

  #advance(input: ServerDeviceInput, message?: AnswerMessage): boolean {
    const next = nextState(SERVER_DEVICE_TRANSITIONS, this.state, input);
    if (next === undefined) return false;
    if (next !== 'active') this.#state = next;
    else if (message?.name === 'ADD_DEVICE') this.#state = { name: 'active', usbDevice: message.usbDevice };
    return true;
  }

  #requestMessage(interfaceId: number, requestId: number, asked: TransferRequest | IoControlRequest): UrbdrcMessage {
    const messageId = this.nextMessageId();
    const { outputBufferSize } = asked;
    if (asked.type === 'ioControl') {
      const { internal, ioControlCode } = asked;
      const name = internal ? 'INTERNAL_IO_CONTROL' : 'IO_CONTROL';
      return { name, interfaceId, messageId, ioControlCode, inputBuffer: EMPTY, outputBufferSize, requestId };
    }
    const { tsUrb, outputBuffer } = asked;
    tsUrb.requestId = requestId;
    return asked.direction === 'in'
      ? { name: 'TRANSFER_IN_REQUEST', interfaceId, messageId, tsUrb, outputBufferSize }
      : { name: 'TRANSFER_OUT_REQUEST', interfaceId, messageId, tsUrb, outputBuffer };
  }

  #cancelMessage(interfaceId: number, requestId: number) {
    return encodeUrbdrcMessage({ name: 'CANCEL_REQUEST', interfaceId, messageId: this.nextMessageId(), requestId });
  }

  #deviceAdded(message: AddDevice, step: DeviceStep<Caller, TextCaller>): void {
    this.stopHandshakeTimer();
    step.send(
      encodeUrbdrcMessage({
        name: 'REGISTER_REQUEST_CALLBACK',
        interfaceId: message.usbDevice,
        messageId: this.nextMessageId(),
        requestCompletion: this.#requestCompletion,
      }),
    );
    step.emit({ type: 'deviceAdded', device: message });
  }

  #deviceText(
    message: Extract<ClientMessage, { name: 'QUERY_DEVICE_TEXT_RSP' }>,
    step: DeviceStep<Caller, TextCaller>,
  ): void {
    const { messageId, deviceDescription, hResult } = message;
    const query = this.#texts.get(messageId);
    if (query === undefined) {
      this.outOfSequence(message.name, step, `no query with MessageId ${messageId} is pending`);
      return;
    }
    this.#texts.delete(messageId);
    step.emit({ type: 'deviceText', caller: query.caller, text: deviceDescription, hResult });
  }

  /** The request that `message` answers; undefined when there is none, which has been dealt with. */
  #requestOf(
    message: { readonly name: string; readonly requestId: number },
    step: DeviceStep<Caller, TextCaller>,
  ): ServerRequest<Caller> | undefined {
    const request = this.#requests.get(message.requestId);
    if (request !== undefined) return request;
    if (this.#requests.takeAbandoned(message.requestId)) {
      const error = this.protocolError(message.name, `late answer to RequestId ${message.requestId}`);
      step.emit({ type: 'answeredLate', error });
    } else {
      this.closeRequired(message.name, `RequestId ${message.requestId} is not outstanding`, '3.2.5.4', step);
    }
    return undefined;
  }

  #ioControlCompleted(
    message: Extract<ClientMessage, { name: 'IOCONTROL_COMPLETION' }>,
    step: DeviceStep<Caller, TextCaller>,
  ): void {
    const request = this.#requestOf(message, step);
    if (request === undefined) return;
    const { hResult, information } = message;
    const length = message.outputBuffer.byteLength;
    const { outputBufferSize: size } = request.asked;
    if (length > size && this.peer.settings.ioControlSurplus === 'refused') {
      this.closeRequired(message.name, `OutputBufferSize ${length} for a request of ${size}`, '3.2.5.4.1', step);
      return;
    }
    this.#requests.settle(request);
    // FreeRDP claims more than was asked for; the surplus is cut off, the channel lives (docs/interop.md).
    const outputBuffer = message.outputBuffer.subarray(0, size);
    step.emit({ type: 'ioControlCompleted', request, completion: { hResult, information, outputBuffer } });
  }

  /** What makes the channel close ends with it: the request stays here until {@link end}. */
  #transferCompleted(message: TransferMessage, bytes: Uint8Array, step: DeviceStep<Caller, TextCaller>): void {
    const request = this.#requestOf(message, step);
    if (request === undefined) return;
    const { asked } = request;
    const { tsUrbResult, hResult } = message;
    const hasData = message.name === 'URB_COMPLETION';
    const isOut = asked.type === 'transfer' && asked.direction === 'out';
    const length = hasData ? message.outputBuffer.byteLength : message.outputBufferSize;
    const surplusNoData = asked.type === 'transfer' && !isOut && !hasData && length > 0;
    if (length > asked.outputBufferSize || surplusNoData) {
      const problem = `OutputBufferSize ${length} for a request of ${asked.outputBufferSize}`;
      this.closeRequired(message.name, problem, '3.2.5.4', step);
      return;
    }
    this.#requests.settle(request);
    // Nearly all completions are as they should be; those that are not may be so in a way that is not forgiven.
    const isPlain = tsUrbResult.usbdStatus === 0 && !(isOut && hasData);
    const deviation = isPlain ? undefined : deviationOf(message, isOut, this.peer.settings);
    if (deviation !== undefined) {
      this.outOfSequence(message.name, step, deviation.problem, deviation.section);
      step.emit({ type: 'abandoned', request, reason: 'failed' });
      return;
    }
    if (isOut && length > 0 && this.peer.awaits('outCompleted')) {
      step.emit({ type: 'peerShown', evidence: { type: 'outCompleted', withData: hasData } });
    }
    if (tsUrbResult.name === 'TS_URB_SELECT_INTERFACE_RESULT' && this.peer.awaits('interfaceSelected')) {
      step.emit({ type: 'peerShown', evidence: interfaceSelected(bytes, tsUrbResult) });
    }
    // FreeRDP up to 3.30 answers OUT with URB_COMPLETION and the echoed data: only the length counts (docs/interop.md).
    const data = hasData && !isOut ? message.outputBuffer : EMPTY;
    const completion = { tsUrbResult, hResult, data, transferred: isOut ? length : 0 };
    step.emit({ type: 'transferCompleted', request, completion });
  }
}
