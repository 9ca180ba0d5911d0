import { asError, UsageError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import { DeviceTextType } from '../../codecs/urbdrc/usbDeviceText.ts';
import { LARGE_PDU_SIZE } from '../channels/dynamicChannelOptions.ts';
import type { Step } from '../channels/machine.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  RedirectedDevice,
  RedirectedDeviceIds,
  UsbDeviceIdentity,
  UsbOperation,
  UsbResult,
  UsbTransfer,
} from '../ports/usb.ts';
import type { ChannelEvent } from '../urbdrc/session/channelEvent.ts';
import type { SessionLimits, SessionTimers } from '../urbdrc/session/limits.ts';
import { ServerDeviceChannel } from '../urbdrc/session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../urbdrc/session/server/deviceEvent.ts';
import type { ServerRequest } from '../urbdrc/session/server/requestTable.ts';
import { KEEPS_ORDER, OWN_CAPABILITIES, READS_EXPLANATIONS } from '../urbdrc/ownCapabilities.ts';
import { type HostIoControl, type HostTransfer, HostUrbs } from '../urbdrc/urb/hostUrbs.ts';
import type { DescriptorMemory } from '../usb/describedDevice.ts';
import { DeviceError } from '../usb/deviceError.ts';
import { type Complete, completeAtOnce, resultOf } from '../usb/results.ts';
import { describeDevice, type RedirectedDescription } from './describeDevice.ts';
import { readToSendAgain, type Submission } from './idleReads.ts';
import type { ServedClient } from './servedClient.ts';

const TEXT_TYPES = {
  description: DeviceTextType.DESCRIPTION,
  locationInformation: DeviceTextType.LOCATION_INFORMATION,
} as const;

/** How a server device reaches its channel and its owner. */
export interface ServerDeviceLink {
  readonly clock: Clock;
  /** False while the transport wants no more: submitted operations wait here. */
  writable(): boolean;
  send(messages: readonly Parts[]): void;
  /** Asks for `handleTimeout` at `deadline` or before. */
  wakeAt(deadline: number): void;
  /** The device is described and may be handed to the host. */
  ready(device: ServerDevice): void;
  /** The channel must be closed. */
  close(error: Error | undefined): void;
  /** Nobody reads a message that was received any more. */
  giveBack(message: Uint8Array): void;
  ignored(error: Error): void;
}

type DeviceEvent = ServerDeviceEvent<Submission, TextQuery> | ChannelEvent;

interface TextQuery {
  resolve(text: string): void;
  reject(error: Error): void;
}

/**
 * A client's device as the server's programs hold it: the {@link RedirectedDevice} port on top of one device channel.
 * It exists from the channel's creation on and is handed out when ADD_DEVICE and the descriptors have arrived.
 */
export class ServerDevice implements RedirectedDevice {
  readonly #link: ServerDeviceLink;
  readonly #channel: ServerDeviceChannel<Submission, TextQuery>;
  readonly #client: ServedClient;
  readonly #urbs: HostUrbs;
  readonly #gone = new AbortController();
  /** Waits until the transport is writable. */
  readonly #queue: Submission[] = [];
  readonly #maximumTransferSize: number;
  #whenIdle: (() => void)[] = [];
  /** From the start it takes operations, for it is open at the client; once it was closed, it must be opened again. */
  #use: 'fresh' | 'open' | 'closed' = 'fresh';
  #added: AddDevice | undefined;
  #description: RedirectedDescription | undefined;

  constructor(
    requestCompletion: number,
    link: ServerDeviceLink,
    client: ServedClient,
    limits: SessionLimits,
    timers: SessionTimers,
  ) {
    this.#link = link;
    this.#client = client;
    this.#maximumTransferSize = limits.maximumTransferSize;
    this.#urbs = new HostUrbs(client.peer);
    this.#channel = new ServerDeviceChannel(requestCompletion, timers, client.peer);
  }

  get identity(): UsbDeviceIdentity {
    return this.#described().identity;
  }

  get deviceDescriptor(): Uint8Array {
    return this.#described().deviceDescriptor;
  }

  get configurationDescriptors(): readonly Uint8Array[] {
    return this.#described().configurationDescriptors;
  }

  get configurations(): readonly Configuration[] {
    return this.#described().configurations;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get ids(): RedirectedDeviceIds {
    const { deviceInstanceId = '', hardwareIds = [], compatibilityIds = [], containerId = '' } = this.#added ?? {};
    const compatible = compatibilityIds.filter((id) => !OWN_CAPABILITIES.includes(id));
    return { deviceInstanceId, hardwareIds, compatibilityIds: compatible, containerId };
  }

  get memory(): DescriptorMemory {
    return this.#described().memory;
  }

  /** The client gives mass storage one transfer at a time, in order. */
  get keepsOrder(): boolean {
    return this.#added?.compatibilityIds.includes(KEEPS_ORDER) === true;
  }

  /** The protocol has no such step: the client opened the device before it announced it. */
  open(): Promise<void> {
    if (this.#gone.signal.aborted) return Promise.reject(goneError());
    if (this.#use === 'open')
      return Promise.reject(new DeviceError('DEVICE_IN_USE', 'the device is in use: close it first'));
    this.#use = 'open';
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#use = 'closed';
    const sent = [...this.#channel.requests()].map(({ caller }) => caller);
    for (const pending of [...this.#queue, ...sent]) pending.cancel();
    if (this.#channel.pendingRequests > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#gone.signal.aborted || this.#use === 'closed') return completeAtOnce('disconnected', complete);
    const pending: Submission = {
      operation,
      complete,
      request: undefined,
      sentAt: 0,
      sent: undefined,
      cancel: () => {
        this.#cancel(pending);
      },
    };
    this.#startOrQueue(pending);
    return pending;
  }

  queryDeviceText(textType: 'description' | 'locationInformation', localeId: number): Promise<string> {
    if (this.#gone.signal.aborted) return Promise.reject(goneError());
    return new Promise((resolve, reject) => {
      const query = { resolve, reject };
      this.#apply(this.#channel.queryDeviceText(TEXT_TYPES[textType], localeId, query, this.#link.clock.now()).step);
    });
  }

  retract(explanation?: string): void {
    if (this.#gone.signal.aborted) return;
    const isRead = this.#added?.compatibilityIds.includes(READS_EXPLANATIONS) === true;
    this.#apply(this.#channel.retract(isRead ? explanation : undefined));
    this.#link.close(undefined);
  }

  /** The dynamic channel is open. This and the methods below are for the server. */
  opened(): void {
    this.#apply(this.#channel.open(this.#link.clock.now()));
  }

  receive(payload: Uint8Array): void {
    this.#apply(this.#channel.receive(payload, this.#link.clock.now()), payload);
  }

  /** The transport takes more: what waited is sent. */
  drained(): void {
    while (this.#link.writable()) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#start(next);
    }
  }

  handleTimeout(now: number): void {
    this.#apply(this.#channel.handleTimeout(now));
  }

  /** The client has not answered the capability exchange yet. */
  get isInExchange(): boolean {
    return this.#channel.state === 'awaitingCapabilities';
  }

  /** The channel is closed: everything that is pending ends now. With `cause` the connection has failed, not the device. */
  lost(cause?: Error): void {
    if (this.#gone.signal.aborted) return;
    // End all pending requests first: a listener may call any method.
    const { requests, texts } = this.#channel.end();
    for (const { caller } of requests) this.#settled(caller);
    const pending = [...requests.map(({ caller }) => caller), ...this.#queue.splice(0)];
    this.#gone.abort(cause && new DeviceError('CONNECTION_LOST', 'the connection to the device is lost', { cause }));
    for (const each of pending) each.complete(resultOf('disconnected'));
    for (const query of texts) query.reject(goneError());
    this.#idle();
  }

  #described(): RedirectedDescription {
    if (this.#description === undefined)
      throw new UsageError('the device is not described yet', { code: 'INVALID_STATE' });
    return this.#description;
  }

  /** @param message that was received */
  #apply(step: Step<DeviceEvent>, message?: Uint8Array): void {
    if (step.outgoing.length > 0) this.#link.send(step.outgoing);
    for (const event of step.events) this.#handle(event, message);
    const deadline = this.#channel.nextTimeout();
    if (deadline !== undefined) this.#link.wakeAt(deadline);
  }

  #handle(event: DeviceEvent, message: Uint8Array | undefined): void {
    switch (event.type) {
      case 'deviceAdded':
        this.#added = event.device;
        this.#client.announced(event.device);
        this.#urbs.allowNoAck(event.device.usbDeviceCapabilities.noAckIsochWriteJitterBufferSizeInMs !== 0);
        this.#describe(event.device);
        return;
      case 'transferCompleted': {
        const { request } = event.request.caller;
        const result = request?.type === 'transfer' ? request.finish(event.completion) : undefined;
        this.#answered(event.request, result && this.#lent(event.request.caller, result, message));
        return;
      }
      case 'ioControlCompleted': {
        const { request } = event.request.caller;
        this.#answered(event.request, request?.type === 'ioControl' ? request.finish(event.completion) : undefined);
        return;
      }
      case 'abandoned':
        if (event.reason === 'timedOut') this.#client.unanswered();
        this.#settled(event.request.caller);
        this.#end(event.request.caller, resultOf(event.reason));
        return;
      case 'answeredLate':
        this.#client.answeredLate();
        this.#link.ignored(event.error);
        return;
      case 'peerShown':
        this.#client.shown(event.evidence);
        return;
      case 'deviceText':
        if (event.hResult === 0) event.caller.resolve(event.text);
        else {
          const problem = `the client has no such text (HRESULT 0x${event.hResult.toString(16)})`;
          event.caller.reject(new DeviceError('TEXT_MISSING', problem));
        }
        return;
      case 'ignored':
        this.#link.ignored(event.error);
        return;
      case 'closeRequired':
        this.#link.close(event.error);
        return;
    }
  }

  #describe(device: AddDevice): void {
    const { deviceIsHighSpeed } = this.#client.peer.settings;
    describeDevice(this, device, deviceIsHighSpeed, (problem) => this.#link.ignored(problem)).then(
      (description) => {
        if (this.#gone.signal.aborted) return;
        this.#description = description;
        this.#urbs.setConfigurations(description.configurations);
        this.#link.ready(this);
      },
      (error: unknown) => {
        // Unplugged while being described: not an error. Do not close: the id may be reused.
        if (!this.#gone.signal.aborted) this.#link.close(asError(error));
      },
    );
  }

  #startOrQueue(pending: Submission): void {
    if (this.#queue.length === 0 && this.#link.writable()) this.#start(pending);
    else this.#queue.push(pending);
  }

  #start(pending: Submission): void {
    const { operation } = pending;
    const request = this.#urbs.request(operation);
    if (request.type === 'refused') {
      pending.complete(request.result);
      return;
    }
    // Neither end takes a message much larger than this: it would close the channel over it.
    if (request.outputBufferSize > this.#maximumTransferSize) {
      pending.complete(resultOf('outOfMemory'));
      return;
    }
    const step = this.#send(pending, request);
    if (step === undefined) {
      this.#settled(pending);
      pending.complete(resultOf('invalidParameter'));
      return;
    }
    this.#link.send(step.outgoing);
    if (request.type === 'transfer' && request.tsUrb.noAck) {
      this.#settled(pending);
      pending.complete(resultOf('completed', undefined, request.outputBufferSize));
    }
  }

  /** Undefined when the operation has a value that no message can hold. */
  #send(pending: Submission, request: HostTransfer | HostIoControl): Step<DeviceEvent> | undefined {
    pending.request = request;
    pending.sentAt = this.#link.clock.now();
    const deadline = this.#client.began(pending.operation, request.outputBufferSize);
    try {
      const { request: sent, step } = this.#channel.submit(request, pending, deadline);
      pending.sent = sent;
      if (deadline !== undefined) this.#link.wakeAt(deadline);
      return step;
    } catch (error) {
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  }

  /** The answer to a request: its operation has ended, unless it is to be sent again. */
  #answered(sent: ServerRequest<Submission>, answer: UsbResult = resultOf('failed')): void {
    const { caller, state } = sent;
    this.#settled(caller);
    if (answer.status === 'completed') this.#client.answered(caller.operation, caller.sentAt);
    const ended = state !== 'sent' && this.#endedEmpty(caller, answer) ? resultOf('cancelled') : answer;
    // It was not the program that asked for the end.
    const isOverdue = state === 'overdue' && ended.status === 'cancelled';
    const result: UsbResult = isOverdue ? { ...ended, status: 'timedOut' } : ended;
    if (result.status !== 'timedOut' || result.transferred > 0 || !this.#readsOn(sent)) this.#end(caller, result);
  }

  /** What a read gave lies in its message, whose memory can be used again where it came in several blocks. */
  #lent({ operation }: Submission, result: UsbResult, message: Uint8Array | undefined): UsbResult {
    if (operation.type !== 'transferIn' || message === undefined || message.byteLength < LARGE_PDU_SIZE) return result;
    return { release: () => this.#link.giveBack(message), ...result };
  }

  /** A cancelled transfer that a client of this kind answers as if it had succeeded (docs/interop.md). */
  #endedEmpty({ operation }: Submission, { status, transferred }: UsbResult): boolean {
    if (status !== 'completed' || transferred > 0) return false;
    if (this.#client.peer.settings.emptyAfterCancel === 'completed') return false;
    if (operation.type === 'transferIn') return operation.length > 0;
    return operation.type === 'transferOut' && operation.data.byteLength > 0;
  }

  /** The client has nothing more to do for it. */
  #settled({ operation, request }: Submission): void {
    if (request !== undefined) this.#client.ended(operation, request.outputBufferSize);
  }

  #end(pending: Submission, result: UsbResult): void {
    pending.complete(result);
    if (this.#channel.pendingRequests === 0) this.#idle();
  }

  #readsOn(sent: ServerRequest<Submission>): boolean {
    if (this.#client.peer.settings.idleReads === 'ended') return false;
    const again = readToSendAgain(sent, this.#channel.requests());
    if (again !== undefined) this.#startOrQueue(again);
    return again !== undefined;
  }

  #idle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  #cancel(pending: Submission): void {
    const position = this.#queue.indexOf(pending);
    if (position >= 0) {
      this.#queue.splice(position, 1);
      pending.complete(resultOf('cancelled'));
    } else if (pending.sent !== undefined) {
      this.#apply(this.#channel.cancel(pending.sent, this.#link.clock.now()));
    }
  }
}

function goneError(): DeviceError {
  return new DeviceError('DEVICE_GONE', 'the device is gone');
}
