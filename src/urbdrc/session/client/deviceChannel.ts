import { ProtocolError, UsageError } from '../../../../codecs/core/errors.ts';
import type { Parts } from '../../../../codecs/core/parts.ts';
import type { AddDevice } from '../../../../codecs/urbdrc/deviceSink.ts';
import { encodeUrbdrcMessage, type UrbdrcMessage } from '../../../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../../../codecs/urbdrc/header.ts';
import { Hresult, UsbdStatus } from '../../../../codecs/urbdrc/status.ts';
import type { TsUrb } from '../../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { UrbFunction } from '../../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { DeviceTextType } from '../../../../codecs/urbdrc/usbDeviceText.ts';
import { nextState, type Step, StepBuilder } from '../../../channels/machine.ts';
import type { UsbOperation, UsbTransfer } from '../../../ports/usb.ts';
import { NO_BYTES } from '../../../usb/results.ts';
import type { IoControlCompletion, IoControlRequest, TransferCompletion, TransferRequest } from '../../exchange.ts';
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

/** What happens to a request at the client. */
interface Progress {
  readonly requestId: number;
  readonly messageId: number;
  /** [MS-RDPEUSB] 2.2.9.1.1: no completion is wanted. */
  readonly isSilent: boolean;
  /** `cancelled`: the server wants its end; it is still to be completed. `over`: completed, or given up. */
  state: 'pending' | 'cancelled' | 'over';
  /** The engine's: what is at the device for it. */
  operation: UsbOperation | undefined;
  transfer: UsbTransfer | undefined;
}

/** All that is known of a request of the server, from its message to its completion. */
export type ClientTransfer = TransferRequest & Progress;
export type ClientIoControl = IoControlRequest & Progress;
export type ClientRequest = ClientTransfer | ClientIoControl;

export type ClientDeviceEvent =
  /** ADD_DEVICE was sent. */
  | { readonly type: 'announced' }
  /** To be completed once, with `completeTransfer` or `completeIoControl`. */
  | { readonly type: 'requested'; readonly request: ClientRequest }
  /** The server no longer wants this request; it is still to be completed once. */
  | { readonly type: 'cancelRequested'; readonly request: ClientRequest }
  /** The server wants no completions any more: these are over, and what they have at the device is to be cancelled. */
  | { readonly type: 'stopped'; readonly requests: readonly ClientRequest[] }
  /** RETRACT_DEVICE: the device goes back, the channel is to be closed. */
  | { readonly type: 'retracted'; readonly reason: number; readonly explanation?: string };

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
  readonly #pending = new Map<number, ClientRequest>();
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

  /**
   * Answers a transfer; nothing happens for one that is over. Data beyond what was asked for closes the channel,
   * [MS-RDPEUSB] 3.3.5.3.6.
   */
  completeTransfer(request: ClientTransfer, completion: TransferCompletion): Step<ClientDeviceEvent | ChannelEvent> {
    const step: DeviceStep = new StepBuilder();
    if (!this.#settle(request) || request.isSilent || typeof this.#state === 'string') return step;
    if (completion.data.byteLength > request.outputBufferSize) {
      const problem = `the device returned ${completion.data.byteLength} bytes, ${request.outputBufferSize} were asked for`;
      const spec = { document: 'MS-RDPEUSB', section: '3.3.5.3.6' };
      step.emit({ type: 'closeRequired', error: new ProtocolError('TRANSFER_IN_REQUEST', this.state, problem, spec) });
      return step;
    }
    step.send(encodeCompletion(this.#state.requestCompletion, request, completion));
    return step;
  }

  /** Answers an IO control; nothing happens for one that is over. */
  completeIoControl(request: ClientIoControl, completion: IoControlCompletion): Step<ClientDeviceEvent | ChannelEvent> {
    const step: DeviceStep = new StepBuilder();
    if (!this.#settle(request) || typeof this.#state === 'string') return step;
    step.send(
      encodeUrbdrcMessage({
        name: 'IOCONTROL_COMPLETION',
        interfaceId: this.#state.requestCompletion,
        messageId: request.messageId,
        requestId: request.requestId,
        ...completion,
      }),
    );
    return step;
  }

  /** The channel is closed, or its completions are not wanted: gives up what is pending, and tells what that was. */
  abandon(): readonly ClientRequest[] {
    const requests = [...this.#pending.values()];
    for (const request of requests) request.state = 'over';
    this.#pending.clear();
    this.#pendingBytes = 0;
    return requests;
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
    if (!this.#advance(isStop ? 'REGISTER_REQUEST_CALLBACK without RequestCompletion' : message.name, message)) {
      this.outOfSequence(message.name, step);
      return;
    }
    switch (message.name) {
      case 'REGISTER_REQUEST_CALLBACK':
        if (isStop) step.emit({ type: 'stopped', requests: this.abandon() });
        return;
      case 'QUERY_DEVICE_TEXT':
        this.#answerText(message, step);
        return;
      case 'CANCEL_REQUEST':
        this.#cancel(message.requestId, step);
        return;
      case 'RETRACT_DEVICE':
        step.emit({ type: 'stopped', requests: this.abandon() });
        step.emit({
          type: 'retracted',
          reason: message.reason,
          ...(message.explanation !== undefined && { explanation: message.explanation }),
        });
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

  /** False when it was over already. */
  #settle(request: ClientRequest): boolean {
    if (request.state === 'over') return false;
    request.state = 'over';
    this.#pending.delete(request.requestId);
    this.#pendingBytes -= request.outputBufferSize;
    return true;
  }

  #cancel(requestId: number, step: DeviceStep): void {
    const request = this.#pending.get(requestId);
    if (request === undefined) return;
    request.state = 'cancelled';
    step.emit({ type: 'cancelRequested', request });
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
    const { requestId, messageId, ioControlCode, outputBufferSize } = message;
    const request: ClientIoControl = {
      type: 'ioControl',
      internal: message.name === 'INTERNAL_IO_CONTROL',
      ioControlCode,
      outputBufferSize,
      requestId,
      messageId,
      isSilent: false,
      state: 'pending',
      operation: undefined,
      transfer: undefined,
    };
    if (!this.#enter(request, message.name, step)) return;
    if (!this.#isOverLimit(outputBufferSize)) {
      step.emit({ type: 'requested', request });
      return;
    }
    const refusal = { hResult: Hresult.ERROR_OUTOFMEMORY, information: 0, outputBuffer: NO_BYTES };
    this.completeIoControl(request, refusal).outgoing.forEach((parts) => step.send(parts));
  }

  #requestTransfer(message: TransferMessage, step: DeviceStep): void {
    const { messageId, tsUrb } = message;
    const isOut = message.name === 'TRANSFER_OUT_REQUEST';
    const outputBufferSize = isOut ? message.outputBuffer.byteLength : message.outputBufferSize;
    const request: ClientTransfer = {
      type: 'transfer',
      direction: isOut ? 'out' : 'in',
      tsUrb,
      outputBuffer: isOut ? message.outputBuffer : NO_BYTES,
      outputBufferSize,
      requestId: tsUrb.requestId,
      messageId,
      isSilent: tsUrb.noAck && isOut && this.#mayBeSilent(tsUrb),
      state: 'pending',
      operation: undefined,
      transfer: undefined,
    };
    if (!this.#enter(request, message.name, step)) return;
    if (tsUrb.noAck && !request.isSilent) {
      // Staying silent is for isochronous OUT alone; a peer that asks for it elsewhere would wait for ever.
      this.#refuse(request, UsbdStatus.USBD_STATUS_INVALID_PARAMETER, Hresult.ERROR_INVALID_PARAMETER, step);
    } else if (this.#isOverLimit(outputBufferSize)) {
      this.#refuse(request, UsbdStatus.USBD_STATUS_INSUFFICIENT_RESOURCES, Hresult.ERROR_OUTOFMEMORY, step);
    } else {
      step.emit({ type: 'requested', request });
    }
  }

  #mayBeSilent(tsUrb: TsUrb): boolean {
    return (
      tsUrb.urbFunction === UrbFunction.URB_FUNCTION_ISOCH_TRANSFER &&
      this.#announcement.addDevice.usbDeviceCapabilities.noAckIsochWriteJitterBufferSizeInMs !== 0
    );
  }

  /** False when its RequestId is in use, which has been told. */
  #enter(request: ClientRequest, messageName: string, step: DeviceStep): boolean {
    const { requestId } = request;
    if (this.#pending.has(requestId)) {
      this.outOfSequence(messageName, step, `RequestId ${requestId} is still in use`);
      return false;
    }
    this.#pending.set(requestId, request);
    this.#pendingBytes += request.outputBufferSize;
    return true;
  }

  #isOverLimit(outputBufferSize: number): boolean {
    return (
      outputBufferSize > this.#limits.maximumTransferSize ||
      this.#pending.size > this.#limits.maximumPendingRequests ||
      this.#pendingBytes > this.#limits.maximumPendingBytes
    );
  }

  #refuse(request: ClientTransfer, usbdStatus: number, hResult: number, step: DeviceStep): void {
    const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus } as const;
    const refused = this.completeTransfer(request, { tsUrbResult, hResult, data: NO_BYTES, transferred: 0 });
    refused.outgoing.forEach((parts) => step.send(parts));
  }
}

/** A completion that no message can hold (a device may have too many endpoints) is told as a failure. */
function encodeCompletion(interfaceId: number, request: ClientTransfer, completion: TransferCompletion): Parts {
  try {
    return encodeUrbdrcMessage(completionMessage(interfaceId, request, completion));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const usbdStatus = UsbdStatus.USBD_STATUS_INSUFFICIENT_RESOURCES;
    const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus } as const;
    const failure = { tsUrbResult, hResult: Hresult.ERROR_OUTOFMEMORY, data: NO_BYTES, transferred: 0 };
    return encodeUrbdrcMessage(completionMessage(interfaceId, request, failure));
  }
}

function completionMessage(
  interfaceId: number,
  { requestId, messageId, direction }: ClientTransfer,
  { tsUrbResult, hResult, data, transferred }: TransferCompletion,
): UrbdrcMessage {
  if (direction === 'in' && data.byteLength > 0) {
    return { name: 'URB_COMPLETION', interfaceId, messageId, requestId, tsUrbResult, hResult, outputBuffer: data };
  }
  const outputBufferSize = direction === 'out' ? transferred : 0;
  return { name: 'URB_COMPLETION_NO_DATA', interfaceId, messageId, requestId, tsUrbResult, hResult, outputBufferSize };
}
