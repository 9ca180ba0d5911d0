import { UsageError } from '../../../../codecs/core/errors.ts';
import type { Parts } from '../../../../codecs/core/parts.ts';
import { type ClientMessage, encodeUrbdrcMessage, type UrbdrcMessage } from '../../../../codecs/urbdrc/decode.ts';
import type { AddDevice } from '../../../../codecs/urbdrc/deviceSink.ts';
import { UsbRetractReason_BlockedByPolicy } from '../../../../codecs/urbdrc/usbDeviceRequests.ts';
import { type Step, StepBuilder } from '../../../channels/step.ts';
import { nextState } from '../../../channels/transitions.ts';
import { interfaceSelected } from '../../peers/evidence.ts';
import type { Peer } from '../../peers/peer.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import { Deadlines, earliestOf } from '../deadlines.ts';
import { DEFAULT_SESSION_TIMERS, type SessionTimers } from '../limits.ts';
import {
  SERVER_DEVICE_TRANSITIONS,
  type ServerDeviceInput,
  type ServerDeviceState,
  type ServerOpeningInput,
} from '../transitions.ts';
import { answeredRequest, deviationOf } from './deviations.ts';
import type { IoControlSubmission, ServerDeviceEvent, TransferSubmission } from './deviceEvent.ts';
import { RequestTable } from './requestTable.ts';
import { type AnswerMessage, ServerChannel } from './serverChannel.ts';

const EMPTY = new Uint8Array(0);

type Request = {
  readonly kind: 'in' | 'out' | 'ioControl';
  readonly urbFunction: number | undefined;
  readonly size: number;
  /** The client was told to cancel it. */
  cancelled: boolean;
  /** Its deadline was the reason for that. */
  overdue: boolean;
};
type DeviceStep = StepBuilder<ServerDeviceEvent | ChannelEvent>;
type TransferMessage = Extract<ClientMessage, { name: 'URB_COMPLETION' | 'URB_COMPLETION_NO_DATA' }>;

/**
 * The server's end of a device channel, [MS-RDPEUSB] 3.2.5: takes the device over, submits requests and matches their
 * completions by RequestId. What breaks the rules of 3.2.5.4 closes the channel.
 */
export class ServerDeviceChannel extends ServerChannel<ServerDeviceEvent> {
  readonly #requestCompletion: number;
  readonly #requests = new RequestTable<Request>();
  readonly #texts = new Deadlines<number>();
  readonly #textsPending = new Set<number>();
  #state: Exclude<ServerDeviceState, 'active'> | { readonly name: 'active'; readonly usbDevice: number } = 'idle';

  protected override readonly awaitsMore = true;
  protected override readonly context = {
    requestCompletion: 0,
    urbFunction: (requestId: number) => this.#requests.get(requestId)?.urbFunction,
  };

  /** @param requestCompletion the interface id for completions: at least 4, unique in the connection. */
  constructor(requestCompletion: number, timers: SessionTimers = DEFAULT_SESSION_TIMERS, peer?: Peer) {
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

  /**
   * Sends a TRANSFER_IN_REQUEST or TRANSFER_OUT_REQUEST. `deadline` (ms) bounds the wait; leave it out where a device
   * may take for ever. A request that is past it is cancelled, for data may lie at the client; it is `abandoned` when that
   * is not answered within the grace time either.
   * @throws UsageError when no device is there, and for what no message can hold.
   */
  submitTransfer(
    submission: TransferSubmission,
    deadline?: number,
  ): { requestId: number; step: Step<ServerDeviceEvent> } {
    const usbDevice = this.#usbDevice('submit');
    const { direction, outputBuffer, outputBufferSize } = submission;
    const size = direction === 'in' ? outputBufferSize : outputBuffer.byteLength;
    const { urbFunction } = submission.tsUrb;
    const requestId = this.#requests.add(
      { kind: direction, urbFunction, size, cancelled: false, overdue: false },
      deadline,
    );
    const tsUrb = { ...submission.tsUrb, requestId };
    const header = { interfaceId: usbDevice, messageId: this.nextMessageId() };
    const message = this.#encodeRequest(
      requestId,
      direction === 'in'
        ? { name: 'TRANSFER_IN_REQUEST', ...header, tsUrb, outputBufferSize }
        : { name: 'TRANSFER_OUT_REQUEST', ...header, tsUrb, outputBuffer },
    );
    if (tsUrb.noAck) this.#requests.settle(requestId);
    return { requestId, step: { outgoing: [message], events: [] } };
  }

  /** Sends an IO_CONTROL or INTERNAL_IO_CONTROL. @throws UsageError as {@link submitTransfer} does. */
  submitIoControl(
    submission: IoControlSubmission,
    deadline?: number,
  ): { requestId: number; step: Step<ServerDeviceEvent> } {
    const interfaceId = this.#usbDevice('submit');
    const { internal, ioControlCode, outputBufferSize } = submission;
    const requestId = this.#requests.add(
      { kind: 'ioControl', urbFunction: undefined, size: outputBufferSize, cancelled: false, overdue: false },
      deadline,
    );
    const message = this.#encodeRequest(requestId, {
      name: internal ? 'INTERNAL_IO_CONTROL' : 'IO_CONTROL',
      interfaceId,
      messageId: this.nextMessageId(),
      ioControlCode,
      inputBuffer: new Uint8Array(0),
      outputBufferSize,
      requestId,
    });
    return { requestId, step: { outgoing: [message], events: [] } };
  }

  /**
   * Sends CANCEL_REQUEST; the request ends with its completion, or as `abandoned`: after the grace time, or at once where
   * the client is known not to answer. Nothing happens for a request that has ended or is being cancelled already.
   */
  cancel(requestId: number, now: number): Step<ServerDeviceEvent> {
    const request = this.#requests.get(requestId);
    if (request !== undefined) request.overdue = false;
    if (request === undefined || request.cancelled) return { outgoing: [], events: [] };
    const step: StepBuilder<ServerDeviceEvent> = new StepBuilder();
    step.send(this.#cancelMessage(this.#usbDevice('cancel'), requestId));
    if (!this.#awaitsCancelled(requestId, request, now)) this.#abandon(requestId, 'cancelled', step);
    return step;
  }

  /** Sends QUERY_DEVICE_TEXT; the answer comes as `deviceText` with this messageId. */
  queryDeviceText(
    textType: number,
    localeId: number,
    now: number,
  ): { messageId: number; step: Step<ServerDeviceEvent> } {
    const interfaceId = this.#usbDevice('queryDeviceText');
    const messageId = this.nextMessageId();
    this.#textsPending.add(messageId);
    this.#texts.set(messageId, now + this.timers.deviceText);
    const message = encodeUrbdrcMessage({ name: 'QUERY_DEVICE_TEXT', interfaceId, messageId, textType, localeId });
    return { messageId, step: { outgoing: [message], events: [] } };
  }

  /** Sends RETRACT_DEVICE; the dynamic channel is to be closed afterwards, for FreeRDP does not act on the message. */
  retract(): Step<ServerDeviceEvent> {
    const interfaceId = this.#usbDevice('retract');
    const messageId = this.nextMessageId();
    const message = encodeUrbdrcMessage({
      name: 'RETRACT_DEVICE',
      interfaceId,
      messageId,
      reason: UsbRetractReason_BlockedByPolicy,
    });
    return { outgoing: [message], events: [] };
  }

  override nextTimeout(): number | undefined {
    return earliestOf(super.nextTimeout(), this.#requests.earliestDeadline, this.#texts.earliest);
  }

  override handleTimeout(now: number): Step<ServerDeviceEvent | ChannelEvent> {
    const handshake = super.handleTimeout(now);
    const step: DeviceStep = new StepBuilder();
    handshake.events.forEach((event) => step.emit(event));
    for (const requestId of this.#requests.takeDue(now)) this.#due(requestId, now, step);
    if (this.#texts.takeDue(now).length > 0) {
      this.closeRequired(
        'QUERY_DEVICE_TEXT',
        `no answer within ${this.timers.deviceText} ms`,
        '3.1.2',
        step,
        'TIMED_OUT',
      );
    }
    return step;
  }

  protected override advance(input: ServerOpeningInput): boolean {
    return this.#advance(input);
  }

  /** Nobody else would answer: what the client sent instead of a completion counts as one that failed. */
  protected override refused(bytes: Uint8Array, step: DeviceStep): void {
    const requestId = answeredRequest(bytes, this.#requestCompletion);
    if (requestId === undefined || this.#requests.get(requestId) === undefined) return;
    this.#abandon(requestId, 'failed', step);
  }

  protected override answer(message: AnswerMessage, bytes: Uint8Array, step: DeviceStep): void {
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
  #due(requestId: number, now: number, step: DeviceStep): void {
    const request = this.#requests.get(requestId);
    if (request === undefined) return;
    const isFirst = !request.cancelled;
    if (isFirst && typeof this.#state !== 'string') {
      step.send(this.#cancelMessage(this.#state.usbDevice, requestId));
    }
    if (isFirst) request.overdue = true;
    if (isFirst && this.#awaitsCancelled(requestId, request, now)) return;
    this.#abandon(requestId, request.overdue ? 'timedOut' : 'cancelled', step);
  }

  /** CANCEL_REQUEST was sent. False when nothing will come of the request any more. */
  #awaitsCancelled(requestId: number, request: Request, now: number): boolean {
    if (this.peer.settings.cancelledRequests === 'endHere') return false;
    request.cancelled = true;
    this.#requests.expectBy(requestId, now + this.timers.cancelGrace);
    return true;
  }

  #abandon(
    requestId: number,
    reason: 'cancelled' | 'timedOut' | 'failed',
    step: StepBuilder<ServerDeviceEvent> | DeviceStep,
  ): void {
    this.#requests.abandon(requestId);
    step.emit({ type: 'abandoned', requestId, reason });
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

  /** The message of a request that was entered; one that cannot be encoded is not outstanding. @throws UsageError */
  #encodeRequest(requestId: number, message: UrbdrcMessage): Parts {
    try {
      return encodeUrbdrcMessage(message);
    } catch (error) {
      this.#requests.settle(requestId);
      throw error;
    }
  }

  #cancelMessage(interfaceId: number, requestId: number) {
    return encodeUrbdrcMessage({ name: 'CANCEL_REQUEST', interfaceId, messageId: this.nextMessageId(), requestId });
  }

  #deviceAdded(message: AddDevice, step: DeviceStep): void {
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

  #deviceText(message: Extract<ClientMessage, { name: 'QUERY_DEVICE_TEXT_RSP' }>, step: DeviceStep): void {
    const { messageId, deviceDescription, hResult } = message;
    if (!this.#textsPending.delete(messageId)) {
      this.outOfSequence(message.name, step, `no query with MessageId ${messageId} is pending`);
      return;
    }
    this.#texts.delete(messageId);
    step.emit({ type: 'deviceText', messageId, text: deviceDescription, hResult });
  }

  /** The request that `message` answers; undefined when there is none, which has been dealt with. */
  #take(message: { readonly name: string; readonly requestId: number }, step: DeviceStep): Request | undefined {
    const request = this.#requests.get(message.requestId);
    if (request !== undefined) {
      this.#requests.settle(message.requestId);
    } else if (this.#requests.takeAbandoned(message.requestId)) {
      const error = this.protocolError(message.name, `late answer to RequestId ${message.requestId}`);
      step.emit({ type: 'answeredLate', error });
    } else {
      this.closeRequired(message.name, `RequestId ${message.requestId} is not outstanding`, '3.2.5.4', step);
    }
    return request;
  }

  #ioControlCompleted(message: Extract<ClientMessage, { name: 'IOCONTROL_COMPLETION' }>, step: DeviceStep): void {
    const request = this.#take(message, step);
    if (request === undefined) return;
    const { requestId, hResult, information } = message;
    const length = message.outputBuffer.byteLength;
    if (length > request.size && this.peer.settings.ioControlSurplus === 'refused') {
      this.closeRequired(
        message.name,
        `OutputBufferSize ${length} for a request of ${request.size}`,
        '3.2.5.4.1',
        step,
      );
      return;
    }
    // FreeRDP claims more than was asked for; the surplus is cut off, the channel lives (docs/interop.md).
    const outputBuffer = message.outputBuffer.subarray(0, request.size);
    const answer = { hResult, information, outputBuffer };
    step.emit({ type: 'ioControlCompleted', requestId, answer, isOverdue: request.overdue });
  }

  #transferCompleted(message: TransferMessage, bytes: Uint8Array, step: DeviceStep): void {
    const request = this.#take(message, step);
    if (request === undefined) return;
    const { requestId, tsUrbResult, hResult } = message;
    const isOut = request.kind === 'out';
    const length = message.name === 'URB_COMPLETION' ? message.outputBuffer.byteLength : message.outputBufferSize;
    const surplusNoData = request.kind === 'in' && message.name === 'URB_COMPLETION_NO_DATA' && length > 0;
    if (length > request.size || surplusNoData) {
      this.closeRequired(message.name, `OutputBufferSize ${length} for a request of ${request.size}`, '3.2.5.4', step);
      return;
    }
    const deviation = deviationOf(message, isOut, this.peer.settings);
    if (deviation !== undefined) {
      this.outOfSequence(message.name, step, deviation.problem, deviation.section);
      step.emit({ type: 'abandoned', requestId, reason: 'failed' });
      return;
    }
    if (isOut && length > 0 && this.peer.awaits('outCompleted')) {
      step.emit({ type: 'peerShown', evidence: { type: 'outCompleted', withData: message.name === 'URB_COMPLETION' } });
    }
    if (tsUrbResult.name === 'TS_URB_SELECT_INTERFACE_RESULT' && this.peer.awaits('interfaceSelected')) {
      step.emit({ type: 'peerShown', evidence: interfaceSelected(bytes, tsUrbResult) });
    }
    // FreeRDP up to 3.30 answers OUT with URB_COMPLETION and the echoed data: only the length counts (docs/interop.md).
    const data = message.name === 'URB_COMPLETION' && !isOut ? message.outputBuffer : EMPTY;
    const answer = { tsUrbResult, hResult, data, transferred: isOut ? length : 0 };
    step.emit({ type: 'transferCompleted', requestId, answer, isOverdue: request.overdue });
  }
}
