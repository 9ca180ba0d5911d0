import { UsageError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import { DeviceTextType } from '../../codecs/urbdrc/usbDeviceText.ts';
import type { Step } from '../channels/step.ts';
import type { ChannelEvent } from '../session/channelEvent.ts';
import type {
  Clock,
  RedirectedDevice,
  RedirectedDeviceIds,
  UsbDeviceIdentity,
  UsbOperation,
  UsbResult,
  UsbStatus,
  UsbTransfer,
} from '../session/ports.ts';
import type { SessionLimits, SessionTimers } from '../session/limits.ts';
import { ServerDeviceChannel } from '../session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../session/server/deviceEvent.ts';
import { type HostRequest, HostUrbs } from '../urb/hostUrbs.ts';
import { type DeviceDescription, describeDevice } from './describeDevice.ts';

/** How long a request may take that a device answers at once or never (control, select, reset), ms. */
const CONTROL_DEADLINE = 30_000;

const EMPTY = new Uint8Array(0);
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

interface Pending extends UsbTransfer {
  readonly operation: UsbOperation;
  readonly complete: (result: UsbResult) => void;
  request: HostRequest | undefined;
  /** Undefined while it waits to be sent. */
  requestId: number | undefined;
  /** The client was asked to end it. */
  isCancelled: boolean;
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
  readonly #urbs = new HostUrbs();
  readonly #gone = new AbortController();
  readonly #queue: Pending[] = [];
  readonly #sent = new Map<number, Pending>();
  readonly #texts = new Map<number, TextQuery>();
  readonly #maximumTransferSize: number;
  #whenIdle: (() => void)[] = [];
  /** From the start it takes operations, for it is open at the client; once it was closed, it must be opened again. */
  #use: 'fresh' | 'open' | 'closed' = 'fresh';
  #added: AddDevice | undefined;
  #description: DeviceDescription | undefined;

  constructor(requestCompletion: number, link: ServerDeviceLink, limits: SessionLimits, timers: SessionTimers) {
    this.#link = link;
    this.#maximumTransferSize = limits.maximumTransferSize;
    this.#channel = new ServerDeviceChannel(requestCompletion, timers);
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
    if (this.#use === 'open') return Promise.reject(new Error('the device is in use: close it first'));
    this.#use = 'open';
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#use = 'closed';
    for (const pending of [...this.#queue, ...this.#sent.values()]) pending.cancel();
    if (this.#sent.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    const pending: Pending = {
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

  // What follows is for the server's engine.

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
    // First of all nothing is pending any more: whoever hears of it may call anything.
    const pending = [...this.#sent.values(), ...this.#queue.splice(0)];
    this.#sent.clear();
    const texts = [...this.#texts.values()];
    this.#texts.clear();
    this.#gone.abort();
    for (const each of pending) each.complete(without('disconnected'));
    for (const query of texts) query.reject(goneError());
    this.#idle();
  }

  #described(): DeviceDescription {
    if (this.#description === undefined) throw new Error('the device is not described yet');
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
        this.#urbs.allowNoAck(event.device.usbDeviceCapabilities.noAckIsochWriteJitterBufferSizeInMs !== 0);
        this.#describe(event.device);
        return;
      case 'transferCompleted':
        this.#settle(event.requestId, (request) =>
          request.type === 'transfer' ? request.finish(event.answer) : undefined,
        );
        return;
      case 'ioControlCompleted':
        this.#settle(event.requestId, (request) =>
          request.type === 'ioControl' ? request.finish(event.answer) : undefined,
        );
        return;
      case 'abandoned':
        this.#settle(event.requestId, () => without(event.reason));
        return;
      case 'deviceText': {
        const query = this.#texts.get(event.messageId);
        this.#texts.delete(event.messageId);
        if (event.hResult === 0) query?.resolve(event.text);
        else query?.reject(new Error(`the client has no such text (HRESULT 0x${event.hResult.toString(16)})`));
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
    describeDevice(this, device, (problem) => this.#link.ignored(problem)).then(
      (description) => {
        if (this.#gone.signal.aborted) return;
        this.#description = description;
        this.#urbs.setConfigurationDescriptors(description.configurationDescriptors);
        this.#link.ready(this);
      },
      (error: unknown) => {
        // That it went is no failure, and its channel id may be another device's by now.
        if (!this.#gone.signal.aborted) this.#link.close(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  #startOrQueue(pending: Pending): void {
    if (this.#queue.length === 0 && this.#link.writable()) this.#start(pending);
    else this.#queue.push(pending);
  }

  #start(pending: Pending): void {
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
    const sent = this.#send(request, this.#deadline(pending.operation));
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

  /** Undefined for what may rightly take for ever. */
  #deadline(operation: UsbOperation): number | undefined {
    switch (operation.type) {
      case 'transferIn':
      case 'transferOut':
      case 'isochronousIn':
      case 'isochronousOut':
        return undefined;
      case 'control':
        return this.#link.clock.now() + operation.timeout + CONTROL_DEADLINE;
      case 'setConfiguration':
      case 'setInterface':
      case 'clearHalt':
      case 'resetEndpoint':
      case 'abortEndpoint':
      case 'resetDevice':
      case 'cyclePort':
      case 'queryBus':
        return this.#link.clock.now() + CONTROL_DEADLINE;
    }
  }

  #settle(requestId: number, finish: (request: HostRequest) => UsbResult | undefined): void {
    const pending = this.#sent.get(requestId);
    if (pending?.request === undefined) return;
    this.#sent.delete(requestId);
    const result = finish(pending.request) ?? without('failed');
    if (result.status === 'timedOut' && result.transferred === 0 && this.#readOn(pending)) return;
    pending.complete(result);
    if (this.#sent.size === 0) this.#idle();
  }

  /**
   * A read lasts as long as it takes, but FreeRDP ends one without data after ten seconds (docs/interop.md): ask again.
   * Data comes for the oldest request of an endpoint, so the reads behind move up and the last of them is sent anew.
   * False where they are not alike; then the program has to see to it.
   */
  #readOn(pending: Pending): boolean {
    const { operation } = pending;
    if (operation.type !== 'transferIn' || pending.isCancelled) return false;
    const behind = [...this.#sent.values()].filter(
      (each) =>
        !each.isCancelled &&
        each.operation.type === 'transferIn' &&
        each.operation.endpointAddress === operation.endpointAddress,
    );
    if (behind.some((each) => each.operation.type === 'transferIn' && each.operation.length !== operation.length)) {
      return false;
    }
    let moving = pending;
    for (const each of behind) {
      const { request, requestId } = each;
      if (requestId === undefined) continue;
      moving.request = request;
      moving.requestId = requestId;
      this.#sent.set(requestId, moving);
      moving = each;
    }
    moving.requestId = undefined;
    this.#startOrQueue(moving);
    return true;
  }

  #idle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  #cancel(pending: Pending): void {
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

/** A result that has nothing but its status. */
function without(status: UsbStatus): UsbResult {
  return { status, data: EMPTY, transferred: 0 };
}

function goneError(): Error {
  return new Error('the device is gone');
}
