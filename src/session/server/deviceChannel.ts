import { UsageError } from '../../../codecs/core/errors.ts';
import type { Parts } from '../../../codecs/core/parts.ts';
import { type ClientMessage, encodeUrbdrcMessage, type UrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import type { AddDevice } from '../../../codecs/urbdrc/deviceSink.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { UsbRetractReason_BlockedByPolicy } from '../../../codecs/urbdrc/usbDeviceRequests.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { type Step, StepBuilder } from '../../channels/step.ts';
import { nextState } from '../../channels/transitions.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import { Deadlines, earliestOf } from '../deadlines.ts';
import { DEFAULT_SESSION_TIMERS, type SessionTimers } from '../limits.ts';
import {
  SERVER_DEVICE_TRANSITIONS,
  type ServerDeviceInput,
  type ServerDeviceState,
  type ServerOpeningInput,
} from '../transitions.ts';
import { RequestTable } from './requestTable.ts';
import { type AnswerMessage, ServerChannel } from './serverChannel.ts';

const EMPTY = new Uint8Array(0);

/** A TS_URB to submit; the channel puts the RequestId in. */
export interface TransferSubmission {
  readonly direction: 'in' | 'out';
  readonly tsUrb: TsUrb;
  /** OUT data, sent by reference; empty for IN. */
  readonly outputBuffer: Uint8Array;
  /** IN: most bytes wanted. */
  readonly outputBufferSize: number;
}

export interface IoControlSubmission {
  readonly internal: boolean;
  readonly ioControlCode: number;
  readonly outputBufferSize: number;
}

/** A completed transfer, checked against its request. */
export interface TransferAnswer {
  readonly tsUrbResult: TsUrbResult;
  readonly hResult: number;
  /** IN data, a view of the received message. */
  readonly data: Uint8Array;
  /** OUT bytes that the device took. */
  readonly transferred: number;
}

export interface IoControlAnswer {
  readonly hResult: number;
  readonly information: number;
  readonly outputBuffer: Uint8Array;
}

export type ServerDeviceEvent =
  /** ADD_DEVICE arrived; REGISTER_REQUEST_CALLBACK goes out in the same step. */
  | { readonly type: 'deviceAdded'; readonly device: AddDevice }
  | { readonly type: 'transferCompleted'; readonly requestId: number; readonly answer: TransferAnswer }
  | { readonly type: 'ioControlCompleted'; readonly requestId: number; readonly answer: IoControlAnswer }
  /** Ended here, without an answer: cancelled and not answered in time, or past its deadline. */
  | { readonly type: 'abandoned'; readonly requestId: number; readonly reason: 'cancelled' | 'timedOut' }
  | { readonly type: 'deviceText'; readonly messageId: number; readonly text: string; readonly hResult: number };

type Request = {
  readonly kind: 'in' | 'out' | 'ioControl';
  readonly urbFunction: number | undefined;
  readonly size: number;
  cancelled: boolean;
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
  constructor(requestCompletion: number, timers: SessionTimers = DEFAULT_SESSION_TIMERS) {
    super(timers);
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
   * may take for ever. @throws UsageError when no device is there, and for what no message can hold.
   */
  submitTransfer(
    submission: TransferSubmission,
    deadline?: number,
  ): { requestId: number; step: Step<ServerDeviceEvent> } {
    const usbDevice = this.#usbDevice('submit');
    const { direction, outputBuffer, outputBufferSize } = submission;
    const size = direction === 'in' ? outputBufferSize : outputBuffer.byteLength;
    const requestId = this.#requests.add(
      { kind: direction, urbFunction: submission.tsUrb.urbFunction, size, cancelled: false },
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
      { kind: 'ioControl', urbFunction: undefined, size: outputBufferSize, cancelled: false },
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
   * Sends CANCEL_REQUEST; the request ends with its completion, or as `abandoned` after the grace time. Nothing happens
   * for a request that has ended or is being cancelled already.
   */
  cancel(requestId: number, now: number): Step<ServerDeviceEvent> {
    const request = this.#requests.get(requestId);
    if (request === undefined || request.cancelled) return { outgoing: [], events: [] };
    const interfaceId = this.#usbDevice('cancel');
    request.cancelled = true;
    this.#requests.expectBy(requestId, now + this.timers.cancelGrace);
    return { outgoing: [this.#cancelMessage(interfaceId, requestId)], events: [] };
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
    for (const requestId of this.#requests.takeDue(now)) {
      const cancelled = this.#requests.get(requestId)?.cancelled ?? false;
      this.#requests.abandon(requestId);
      if (!cancelled && typeof this.#state !== 'string')
        step.send(this.#cancelMessage(this.#state.usbDevice, requestId));
      step.emit({ type: 'abandoned', requestId, reason: cancelled ? 'cancelled' : 'timedOut' });
    }
    if (this.#texts.takeDue(now).length > 0) {
      this.closeRequired('QUERY_DEVICE_TEXT', `no answer within ${this.timers.deviceText} ms`, '3.1.2', step);
    }
    return step;
  }

  protected override advance(input: ServerOpeningInput): boolean {
    return this.#advance(input);
  }

  protected override answer(message: AnswerMessage, _now: number, step: DeviceStep): void {
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
        this.#transferCompleted(message, step);
        return;
    }
  }

  #usbDevice(input: ServerDeviceInput): number {
    const state = this.#state;
    if (typeof state === 'string' || !this.#advance(input)) {
      throw new UsageError(`${input}: the device channel is in state ${this.state}`);
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
      this.outOfSequence(message.name, step, `late answer to RequestId ${message.requestId}`);
    } else {
      this.closeRequired(message.name, `RequestId ${message.requestId} is not outstanding`, '3.2.5.4', step);
    }
    return request;
  }

  #ioControlCompleted(message: Extract<ClientMessage, { name: 'IOCONTROL_COMPLETION' }>, step: DeviceStep): void {
    const request = this.#take(message, step);
    if (request === undefined) return;
    const { requestId, hResult, information } = message;
    // FreeRDP claims more than was asked for; the surplus is cut off, the channel lives (docs/interop.md).
    const outputBuffer = message.outputBuffer.subarray(0, request.size);
    step.emit({ type: 'ioControlCompleted', requestId, answer: { hResult, information, outputBuffer } });
  }

  #transferCompleted(message: TransferMessage, step: DeviceStep): void {
    const request = this.#take(message, step);
    if (request === undefined) return;
    const length = message.name === 'URB_COMPLETION' ? message.outputBuffer.byteLength : message.outputBufferSize;
    const surplusNoData = request.kind === 'in' && message.name === 'URB_COMPLETION_NO_DATA' && length > 0;
    if (length > request.size || surplusNoData) {
      this.closeRequired(message.name, `OutputBufferSize ${length} for a request of ${request.size}`, '3.2.5.4', step);
      return;
    }
    // FreeRDP up to 3.30 answers OUT with URB_COMPLETION and the echoed data: only the length counts (docs/interop.md).
    const data = message.name === 'URB_COMPLETION' && request.kind === 'in' ? message.outputBuffer : EMPTY;
    step.emit({
      type: 'transferCompleted',
      requestId: message.requestId,
      answer: {
        tsUrbResult: message.tsUrbResult,
        hResult: message.hResult,
        data,
        transferred: request.kind === 'out' ? length : 0,
      },
    });
  }
}
