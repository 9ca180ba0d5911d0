import { asError, UsageError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import { DeviceTextType } from '../../codecs/urbdrc/usbDeviceText.ts';
import type { Step } from '../channels/step.ts';
import type { ChannelEvent } from '../urbdrc/session/channelEvent.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  RedirectedDevice,
  RedirectedDeviceIds,
  UsbDeviceIdentity,
  UsbOperation,
  UsbResult,
  UsbTransfer,
} from '../ports/usb.ts';
import type { SessionLimits, SessionTimers } from '../urbdrc/session/limits.ts';
import { ServerDeviceChannel } from '../urbdrc/session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../urbdrc/session/server/deviceEvent.ts';
import { type HostRequest, HostUrbs } from '../urbdrc/urb/hostUrbs.ts';
import { DeviceError } from '../usb/deviceError.ts';
import { type DeviceDescription, describeDevice } from './describeDevice.ts';
import { readToSendAgain } from './idleReads.ts';
import { type PendingOperation, without } from './pendingOperation.ts';
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
  /** Deadlines changed. */
  rearm(): void;
  /** The device is described and may be handed to the host. */
  ready(device: ServerDevice): void;
  /** The channel must be closed. */
  close(error: Error | undefined): void;
  ignored(error: Error): void;
}

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
  readonly #channel: ServerDeviceChannel;
  readonly #client: ServedClient;
  readonly #urbs: HostUrbs;
  readonly #gone = new AbortController();
  readonly #queue: PendingOperation[] = [];
  readonly #sent = new Map<number, PendingOperation>();
  readonly #texts = new Map<number, TextQuery>();
  readonly #maximumTransferSize: number;
  #whenIdle: (() => void)[] = [];
  /** From the start it takes operations, for it is open at the client; once it was closed, it must be opened again. */
  #use: 'fresh' | 'open' | 'closed' = 'fresh';
  #added: AddDevice | undefined;
  #description: DeviceDescription | undefined;

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
    return { deviceInstanceId, hardwareIds, compatibilityIds, containerId };
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
    for (const pending of [...this.#queue, ...this.#sent.values()]) pending.cancel();
    if (this.#sent.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    const pending: PendingOperation = {
      operation,
      complete,
      request: undefined,
      requestId: undefined,
      isCancelled: false,
      cancel: () => {
        this.#cancel(pending);
      },
    };
    if (this.#gone.signal.aborted || this.#use === 'closed') complete(without('disconnected'));
    else this.#startOrQueue(pending);
    return pending;
  }

  queryDeviceText(textType: 'description' | 'locationInformation', localeId: number): Promise<string> {
    if (this.#gone.signal.aborted) return Promise.reject(goneError());
    return new Promise((resolve, reject) => {
      const now = this.#link.clock.now();
      const { messageId, step } = this.#channel.queryDeviceText(TEXT_TYPES[textType], localeId, now);
      this.#texts.set(messageId, { resolve, reject });
      this.#apply(step);
    });
  }

  retract(): void {
    if (this.#gone.signal.aborted) return;
    this.#apply(this.#channel.retract());
    this.#link.close(undefined);
  }

  // The methods below are for the server.

  /** The dynamic channel is open. */
  opened(): void {
    this.#apply(this.#channel.open(this.#link.clock.now()));
  }

  receive(payload: Uint8Array): void {
    this.#apply(this.#channel.receive(payload, this.#link.clock.now()));
  }

  /** The transport takes more: what waited is sent. */
  drained(): void {
    while (this.#link.writable()) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#start(next);
    }
  }

  nextTimeout(): number | undefined {
    return this.#channel.nextTimeout();
  }

  handleTimeout(now: number): void {
    this.#apply(this.#channel.handleTimeout(now));
  }

  /** The channel is closed: everything that is pending ends now. */
  lost(): void {
    if (this.#gone.signal.aborted) return;
    // End all pending requests first: a listener may call any method.
    const sent = [...this.#sent.keys()].flatMap((requestId) => this.#take(requestId) ?? []);
    const pending = [...sent, ...this.#queue.splice(0)];
    const texts = [...this.#texts.values()];
    this.#texts.clear();
    this.#gone.abort();
    for (const each of pending) each.complete(without('disconnected'));
    for (const query of texts) query.reject(goneError());
    this.#idle();
  }

  #described(): DeviceDescription {
    if (this.#description === undefined)
      throw new UsageError('the device is not described yet', { code: 'INVALID_STATE' });
    return this.#description;
  }

  #apply(step: Step<ServerDeviceEvent | ChannelEvent>): void {
    if (step.outgoing.length > 0) this.#link.send(step.outgoing);
    for (const event of step.events) this.#handle(event);
    if (!this.#gone.signal.aborted) this.#link.rearm();
  }

  #handle(event: ServerDeviceEvent | ChannelEvent): void {
    switch (event.type) {
      case 'deviceAdded':
        this.#added = event.device;
        this.#client.announced(event.device);
        this.#urbs.allowNoAck(event.device.usbDeviceCapabilities.noAckIsochWriteJitterBufferSizeInMs !== 0);
        this.#describe(event.device);
        return;
      case 'transferCompleted':
        this.#answered(event.requestId, event.isOverdue, ({ request }) =>
          request?.type === 'transfer' ? request.finish(event.answer) : undefined,
        );
        return;
      case 'ioControlCompleted':
        this.#answered(event.requestId, event.isOverdue, ({ request }) =>
          request?.type === 'ioControl' ? request.finish(event.answer) : undefined,
        );
        return;
      case 'abandoned': {
        if (event.reason === 'timedOut') this.#client.unanswered();
        const pending = this.#take(event.requestId);
        if (pending !== undefined) this.#end(pending, without(event.reason));
        return;
      }
      case 'answeredLate':
        this.#client.answeredLate();
        this.#link.ignored(event.error);
        return;
      case 'peerShown':
        this.#client.shown(event.evidence);
        return;
      case 'deviceText': {
        const query = this.#texts.get(event.messageId);
        this.#texts.delete(event.messageId);
        if (event.hResult === 0) query?.resolve(event.text);
        else {
          const problem = `the client has no such text (HRESULT 0x${event.hResult.toString(16)})`;
          query?.reject(new DeviceError('TEXT_MISSING', problem));
        }
        return;
      }
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

  #startOrQueue(pending: PendingOperation): void {
    if (this.#queue.length === 0 && this.#link.writable()) this.#start(pending);
    else this.#queue.push(pending);
  }

  #start(pending: PendingOperation): void {
    const request = this.#urbs.request(pending.operation);
    if (request.type === 'refused') {
      pending.complete(request.result);
      return;
    }
    // Neither end takes a message much larger than this: it would close the channel over it.
    if (request.outputBufferSize > this.#maximumTransferSize) {
      pending.complete(without('outOfMemory'));
      return;
    }
    const sent = this.#send(request, this.#client.deadline(pending.operation, request.outputBufferSize));
    if (sent === undefined) {
      pending.complete(without('invalidParameter'));
      return;
    }
    if (request.type === 'transfer' && request.tsUrb.noAck) {
      this.#apply(sent.step);
      pending.complete({ ...without('completed'), transferred: request.outputBufferSize });
      return;
    }
    pending.request = request;
    pending.requestId = sent.requestId;
    this.#sent.set(sent.requestId, pending);
    this.#client.began(pending.operation, request.outputBufferSize);
    this.#apply(sent.step);
  }

  /** Undefined when the operation has a value that no message can hold. */
  #send(request: Exclude<HostRequest, { type: 'refused' }>, deadline: number | undefined) {
    try {
      return request.type === 'transfer'
        ? this.#channel.submitTransfer(request, deadline)
        : this.#channel.submitIoControl({ ...request, ioControlCode: request.code }, deadline);
    } catch (error) {
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  }

  /** The answer to a request: its operation has ended, unless it is to be sent again. */
  #answered(requestId: number, isOverdue: boolean, finish: (pending: PendingOperation) => UsbResult | undefined): void {
    const pending = this.#take(requestId);
    if (pending === undefined) return;
    let result = finish(pending) ?? without('failed');
    // It was not the program that asked for the end.
    if (isOverdue && result.status === 'cancelled') result = { ...result, status: 'timedOut' };
    if (result.status === 'timedOut' && result.transferred === 0 && this.#readOn(pending)) return;
    this.#end(pending, result);
  }

  #take(requestId: number): PendingOperation | undefined {
    const pending = this.#sent.get(requestId);
    if (pending?.request === undefined) return undefined;
    this.#sent.delete(requestId);
    this.#client.ended(pending.operation, pending.request.outputBufferSize);
    return pending;
  }

  #end(pending: PendingOperation, result: UsbResult): void {
    pending.complete(result);
    if (this.#sent.size === 0) this.#idle();
  }

  #readOn(pending: PendingOperation): boolean {
    if (this.#client.peer.settings.idleReads === 'ended') return false;
    const again = readToSendAgain(pending, this.#sent);
    if (again !== undefined) this.#startOrQueue(again);
    return again !== undefined;
  }

  #idle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  #cancel(pending: PendingOperation): void {
    const position = this.#queue.indexOf(pending);
    if (position >= 0) {
      this.#queue.splice(position, 1);
      pending.complete(without('cancelled'));
    } else if (pending.requestId !== undefined && this.#sent.get(pending.requestId) === pending) {
      pending.isCancelled = true;
      this.#apply(this.#channel.cancel(pending.requestId, this.#link.clock.now()));
    }
  }
}

function goneError(): DeviceError {
  return new DeviceError('DEVICE_GONE', 'the device is gone');
}
