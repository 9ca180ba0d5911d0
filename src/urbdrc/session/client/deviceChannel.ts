import { ProtocolError, UsageError } from '../../../../codecs/core/errors.ts';
import type { Parts } from '../../../../codecs/core/parts.ts';
import type { AddDevice } from '../../../../codecs/urbdrc/deviceSink.ts';
import { encodeUrbdrcMessage } from '../../../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../../../codecs/urbdrc/header.ts';
import { Hresult, UsbdStatus } from '../../../../codecs/urbdrc/status.ts';
import type { TsUrb } from '../../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { UrbFunction } from '../../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { TsUrbResult } from '../../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { DeviceTextType } from '../../../../codecs/urbdrc/usbDeviceText.ts';
import { type Step, StepBuilder } from '../../../channels/step.ts';
import { nextState } from '../../../channels/transitions.ts';
import type { ChannelEvent } from '../channelEvent.ts';
import { DEFAULT_SESSION_LIMITS, DEFAULT_SESSION_TIMERS, type SessionLimits, type SessionTimers } from '../limits.ts';
import {
  CLIENT_DEVICE_TRANSITIONS,
  type ClientDeviceInput,
  type ClientDeviceState,
  type ClientOpeningInput,
} from '../transitions.ts';
import { ClientChannel, type OperationMessage } from './clientChannel.ts';

/** What a device channel tells the server about its device. */
export interface DeviceAnnouncement {
  readonly addDevice: Omit<AddDevice, 'name' | 'interfaceId' | 'messageId'>;
  /** Answer to QUERY_DEVICE_TEXT type 0. */
  readonly description: string;
  /** Answer to QUERY_DEVICE_TEXT type 1, e.g. `Port_#0002.Hub_#0001`. */
  readonly locationInformation: string;
}

export interface TransferRequest {
  readonly requestId: number;
  readonly direction: 'in' | 'out';
  readonly tsUrb: TsUrb;
  /** OUT data; empty for IN. */
  readonly outputBuffer: Uint8Array;
  /** Most bytes that may come back; for OUT the length of `outputBuffer`. */
  readonly outputBufferSize: number;
}

export interface IoControlRequest {
  readonly requestId: number;
  /** INTERNAL_IO_CONTROL, not IO_CONTROL. */
  readonly internal: boolean;
  readonly ioControlCode: number;
  readonly inputBuffer: Uint8Array;
  readonly outputBufferSize: number;
}

export type ClientDeviceEvent =
  /** ADD_DEVICE was sent. */
  | { readonly type: 'announced' }
  /** To be answered once with `completeTransfer`. */
  | { readonly type: 'transferRequested'; readonly request: TransferRequest }
  /** To be answered once with `completeIoControl`. */
  | { readonly type: 'ioControlRequested'; readonly request: IoControlRequest }
  /** The server no longer wants this request; it is still to be answered once. */
  | { readonly type: 'cancelRequested'; readonly requestId: number }
  /** The server wants no completions any more: what is pending is to be cancelled, answers are dropped. */
  | { readonly type: 'stopped' }
  /** RETRACT_DEVICE: the device goes back, the channel is to be closed. */
  | { readonly type: 'retracted'; readonly reason: number };

/** The outcome of a transfer. */
export interface TransferCompletion {
  readonly tsUrbResult: TsUrbResult;
  readonly hResult: number;
  /** IN data, sent by reference; empty for OUT. */
  readonly data: Uint8Array;
  /** OUT bytes that the device took. */
  readonly transferred: number;
}

export interface IoControlOutcome {
  readonly hResult: number;
  readonly information: number;
  readonly outputBuffer: Uint8Array;
}

interface PendingRequest {
  readonly kind: 'in' | 'out' | 'ioControl';
  readonly messageId: number;
  readonly outputBufferSize: number;
  /** [MS-RDPEUSB] 2.2.9.1.1: no completion is wanted. */
  readonly silent: boolean;
}

type DeviceStep = StepBuilder<ClientDeviceEvent | ChannelEvent>;
type TransferMessage = Extract<OperationMessage, { name: 'TRANSFER_IN_REQUEST' | 'TRANSFER_OUT_REQUEST' }>;
type IoControlMessage = Extract<OperationMessage, { name: 'IO_CONTROL' | 'INTERNAL_IO_CONTROL' }>;

/**
 * The client's end of a device channel, [MS-RDPEUSB] 3.3.5.3: announces the device, hands out the server's requests,
 * and sends each request's one completion, in whatever order they end.
 */
export class ClientDeviceChannel extends ClientChannel<ClientDeviceEvent> {
  readonly #announcement: DeviceAnnouncement;
  readonly #limits: SessionLimits;
  readonly #pending = new Map<number, PendingRequest>();
  #pendingBytes = 0;
  #state: Exclude<ClientDeviceState, 'active'> | { readonly name: 'active'; readonly requestCompletion: number } =
    'awaitingCapabilities';

  constructor(
    announcement: DeviceAnnouncement,
    limits: SessionLimits = DEFAULT_SESSION_LIMITS,
    timers: SessionTimers = DEFAULT_SESSION_TIMERS,
  ) {
    super(timers);
    this.#announcement = announcement;
    this.#limits = limits;
  }

  override get state(): ClientDeviceState {
    return typeof this.#state === 'string' ? this.#state : this.#state.name;
  }

  /** Requests that wait for their completion. */
  get pendingRequests(): number {
    return this.#pending.size;
  }

  /** Answers a `transferRequested`. Data beyond what was asked for closes the channel, [MS-RDPEUSB] 3.3.5.3.6. */
  completeTransfer(requestId: number, completion: TransferCompletion): Step<ClientDeviceEvent | ChannelEvent> {
    const step: DeviceStep = new StepBuilder();
    const pending = this.#settle(requestId);
    if (pending === undefined || pending.silent || typeof this.#state === 'string') return step;
    if (completion.data.byteLength > pending.outputBufferSize) {
      const problem = `the device returned ${completion.data.byteLength} bytes, ${pending.outputBufferSize} were asked for`;
      const spec = { document: 'MS-RDPEUSB', section: '3.3.5.3.6' };
      step.emit({ type: 'closeRequired', error: new ProtocolError('TRANSFER_IN_REQUEST', this.state, problem, spec) });
      return step;
    }
    step.send(encodeCompletion(this.#state.requestCompletion, requestId, pending, completion));
    return step;
  }

  /** Answers an `ioControlRequested`. */
  completeIoControl(requestId: number, outcome: IoControlOutcome): Step<ClientDeviceEvent | ChannelEvent> {
    const step: DeviceStep = new StepBuilder();
    const pending = this.#settle(requestId);
    if (pending === undefined || typeof this.#state === 'string') return step;
    step.send(
      encodeUrbdrcMessage({
        name: 'IOCONTROL_COMPLETION',
        interfaceId: this.#state.requestCompletion,
        messageId: pending.messageId,
        requestId,
        ...outcome,
      }),
    );
    return step;
  }

  protected override advance(input: ClientOpeningInput): boolean {
    return this.#advance(input);
  }

  protected override opened(step: DeviceStep): void {
    step.send(
      encodeUrbdrcMessage({
        name: 'ADD_DEVICE',
        interfaceId: InterfaceId.DEVICE_SINK,
        messageId: 0,
        ...this.#announcement.addDevice,
      }),
    );
    step.emit({ type: 'announced' });
  }

  protected override operate(message: OperationMessage, step: DeviceStep): void {
    if (message.interfaceId !== this.#announcement.addDevice.usbDevice) {
      this.outOfSequence(message.name, step, `interface ${message.interfaceId} is not this device's`);
      return;
    }
    const isStop = message.name === 'REGISTER_REQUEST_CALLBACK' && message.requestCompletion === undefined;
    if (!this.#advance(isStop ? 'stopForm' : message.name, message)) {
      this.outOfSequence(message.name, step);
      return;
    }
    switch (message.name) {
      case 'REGISTER_REQUEST_CALLBACK':
        if (isStop) this.#stop(step);
        return;
      case 'QUERY_DEVICE_TEXT':
        this.#answerText(message, step);
        return;
      case 'CANCEL_REQUEST':
        if (this.#pending.has(message.requestId)) step.emit({ type: 'cancelRequested', requestId: message.requestId });
        return;
      case 'RETRACT_DEVICE':
        this.#stop(step);
        step.emit({ type: 'retracted', reason: message.reason });
        return;
      case 'IO_CONTROL':
      case 'INTERNAL_IO_CONTROL':
        this.#requestIoControl(message, step);
        return;
      case 'TRANSFER_IN_REQUEST':
      case 'TRANSFER_OUT_REQUEST':
        this.#requestTransfer(message, step);
        return;
    }
  }

  #advance(input: ClientDeviceInput, message?: OperationMessage): boolean {
    const next = nextState(CLIENT_DEVICE_TRANSITIONS, this.state, input);
    if (next === undefined) return false;
    if (next !== 'active') this.#state = next;
    else if (message?.name === 'REGISTER_REQUEST_CALLBACK' && message.requestCompletion !== undefined) {
      this.#state = { name: 'active', requestCompletion: message.requestCompletion };
    }
    return true;
  }

  #settle(requestId: number): PendingRequest | undefined {
    const pending = this.#pending.get(requestId);
    if (pending !== undefined) {
      this.#pending.delete(requestId);
      this.#pendingBytes -= pending.outputBufferSize;
    }
    return pending;
  }

  #stop(step: DeviceStep): void {
    this.#pending.clear();
    this.#pendingBytes = 0;
    step.emit({ type: 'stopped' });
  }

  #answerText(message: Extract<OperationMessage, { name: 'QUERY_DEVICE_TEXT' }>, step: DeviceStep): void {
    const { description, locationInformation } = this.#announcement;
    const texts = new Map<number, string>([
      [DeviceTextType.DESCRIPTION, description],
      [DeviceTextType.LOCATION_INFORMATION, locationInformation],
    ]);
    const text = texts.get(message.textType);
    step.send(
      encodeUrbdrcMessage({
        name: 'QUERY_DEVICE_TEXT_RSP',
        interfaceId: message.interfaceId,
        messageId: message.messageId,
        deviceDescription: text ?? '',
        hResult: text === undefined ? Hresult.ERROR_INVALID_PARAMETER : Hresult.S_OK,
      }),
    );
  }

  #requestIoControl(message: IoControlMessage, step: DeviceStep): void {
    const { requestId, outputBufferSize } = message;
    if (!this.#enter(requestId, { kind: 'ioControl', messageId: message.messageId, outputBufferSize, silent: false })) {
      this.outOfSequence(message.name, step, `RequestId ${requestId} is still in use`);
      return;
    }
    if (this.#overLimit(outputBufferSize)) {
      const refused = this.completeIoControl(requestId, {
        hResult: Hresult.ERROR_OUTOFMEMORY,
        information: 0,
        outputBuffer: new Uint8Array(0),
      });
      refused.outgoing.forEach((parts) => step.send(parts));
      return;
    }
    step.emit({
      type: 'ioControlRequested',
      request: {
        requestId,
        internal: message.name === 'INTERNAL_IO_CONTROL',
        ioControlCode: message.ioControlCode,
        inputBuffer: message.inputBuffer,
        outputBufferSize,
      },
    });
  }

  #requestTransfer(message: TransferMessage, step: DeviceStep): void {
    const { tsUrb } = message;
    const { requestId } = tsUrb;
    const direction = message.name === 'TRANSFER_IN_REQUEST' ? 'in' : 'out';
    const outputBuffer = message.name === 'TRANSFER_OUT_REQUEST' ? message.outputBuffer : new Uint8Array(0);
    const outputBufferSize =
      message.name === 'TRANSFER_IN_REQUEST' ? message.outputBufferSize : message.outputBuffer.byteLength;
    const silent = tsUrb.noAck && direction === 'out' && this.#mayBeSilent(tsUrb);
    if (!this.#enter(requestId, { kind: direction, messageId: message.messageId, outputBufferSize, silent })) {
      this.outOfSequence(message.name, step, `RequestId ${requestId} is still in use`);
      return;
    }
    if (tsUrb.noAck && !silent) {
      // Staying silent is for isochronous OUT alone; a peer that asks for it elsewhere would wait for ever.
      this.#refuseTransfer(requestId, UsbdStatus.USBD_STATUS_INVALID_PARAMETER, Hresult.ERROR_INVALID_PARAMETER, step);
    } else if (this.#overLimit(outputBufferSize)) {
      this.#refuseTransfer(requestId, UsbdStatus.USBD_STATUS_INSUFFICIENT_RESOURCES, Hresult.ERROR_OUTOFMEMORY, step);
    } else {
      step.emit({
        type: 'transferRequested',
        request: { requestId, direction, tsUrb, outputBuffer, outputBufferSize },
      });
    }
  }

  #mayBeSilent(tsUrb: TsUrb): boolean {
    return (
      tsUrb.urbFunction === UrbFunction.URB_FUNCTION_ISOCH_TRANSFER &&
      this.#announcement.addDevice.usbDeviceCapabilities.noAckIsochWriteJitterBufferSizeInMs !== 0
    );
  }

  #enter(requestId: number, pending: PendingRequest): boolean {
    if (this.#pending.has(requestId)) return false;
    this.#pending.set(requestId, pending);
    this.#pendingBytes += pending.outputBufferSize;
    return true;
  }

  #overLimit(outputBufferSize: number): boolean {
    return (
      outputBufferSize > this.#limits.maximumTransferSize ||
      this.#pending.size > this.#limits.maximumPendingRequests ||
      this.#pendingBytes > this.#limits.maximumPendingBytes
    );
  }

  #refuseTransfer(requestId: number, usbdStatus: number, hResult: number, step: DeviceStep): void {
    const refused = this.completeTransfer(requestId, {
      tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus },
      hResult,
      data: new Uint8Array(0),
      transferred: 0,
    });
    refused.outgoing.forEach((parts) => step.send(parts));
  }
}

/** A completion that no message can hold (a device may have too many endpoints) is told as a failure. */
function encodeCompletion(
  interfaceId: number,
  requestId: number,
  { kind, messageId }: PendingRequest,
  { tsUrbResult, hResult, data, transferred }: TransferCompletion,
): Parts {
  const common = { interfaceId, messageId, requestId, tsUrbResult, hResult };
  try {
    return encodeUrbdrcMessage(
      kind === 'in' && data.byteLength > 0
        ? { name: 'URB_COMPLETION', ...common, outputBuffer: data }
        : { name: 'URB_COMPLETION_NO_DATA', ...common, outputBufferSize: kind === 'out' ? transferred : 0 },
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return encodeUrbdrcMessage({
      name: 'URB_COMPLETION_NO_DATA',
      ...common,
      tsUrbResult: {
        name: 'TS_URB_RESULT_HEADER',
        usbdStatus: UsbdStatus.USBD_STATUS_INSUFFICIENT_RESOURCES,
      },
      hResult: Hresult.ERROR_OUTOFMEMORY,
      outputBufferSize: 0,
    });
  }
}
