import type { Parts } from '../../codecs/core/parts.ts';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import type { Step } from '../channels/step.ts';
import type { ChannelEvent } from '../session/channelEvent.ts';
import type {
  Clock,
  RedirectedDevice,
  RedirectedDeviceIds,
  UsbDeviceIdentity,
  UsbOperation,
  UsbResult,
  UsbTransfer,
} from '../session/ports.ts';
import type { SessionTimers } from '../session/limits.ts';
import { ServerDeviceChannel, type ServerDeviceEvent } from '../session/server/deviceChannel.ts';
import { type HostRequest, HostUrbs } from '../urb/hostUrbs.ts';
import { type DeviceDescription, describeDevice } from './describeDevice.ts';

/** How long a request may take that a device answers at once or never (control, select, reset), ms. */
const CONTROL_DEADLINE = 30_000;

const EMPTY = new Uint8Array(0);
const TEXT_TYPES = { description: 0, locationInformation: 1 } as const;

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
  #whenIdle: (() => void)[] = [];
  #added: AddDevice | undefined;
  #description: DeviceDescription | undefined;

  constructor(requestCompletion: number, link: ServerDeviceLink, timers: SessionTimers) {
    this.#link = link;
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
    return this.#gone.signal.aborted ? Promise.reject(new Error('the device is gone')) : Promise.resolve();
  }

  async close(): Promise<void> {
    for (const pending of [...this.#queue, ...this.#sent.values()]) pending.cancel();
    if (this.#sent.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    const pending: Pending = {
      operation,
      complete,
      request: undefined,
      requestId: undefined,
      cancel: () => {
        this.#cancel(pending);
      },
    };
    if (this.#gone.signal.aborted) {
      complete({ status: 'disconnected', data: EMPTY, transferred: 0 });
    } else if (this.#queue.length === 0 && this.#link.writable()) {
      this.#start(pending);
    } else {
      this.#queue.push(pending);
    }
    return pending;
  }

  queryDeviceText(textType: 'description' | 'locationInformation', localeId: number): Promise<string> {
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
    this.#gone.abort();
    const pending = [...this.#sent.values(), ...this.#queue.splice(0)];
    this.#sent.clear();
    const texts = [...this.#texts.values()];
    this.#texts.clear();
    for (const each of pending) each.complete({ status: 'disconnected', data: EMPTY, transferred: 0 });
    for (const query of texts) query.reject(new Error('the device is gone'));
    this.#idle();
  }

  #described(): DeviceDescription {
    if (this.#description === undefined) throw new Error('the device is not described yet');
    return this.#description;
  }

  #apply(step: Step<ServerDeviceEvent | ChannelEvent>): void {
    if (step.outgoing.length > 0) this.#link.send(step.outgoing);
    for (const event of step.events) this.#handle(event);
    this.#link.rearm();
  }

  #handle(event: ServerDeviceEvent | ChannelEvent): void {
    switch (event.type) {
      case 'deviceAdded':
        this.#added = event.device;
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
        this.#settle(event.requestId, () => ({ status: event.reason, data: EMPTY, transferred: 0 }));
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
    describeDevice(this, device).then(
      (description) => {
        if (this.#gone.signal.aborted) return;
        this.#description = description;
        this.#urbs.setConfigurationDescriptors(description.configurationDescriptors);
        this.#link.ready(this);
      },
      (error: unknown) => {
        this.#link.close(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  #start(pending: Pending): void {
    const request = this.#urbs.request(pending.operation);
    if (request.type === 'refused') {
      pending.complete(request.result);
      return;
    }
    pending.request = request;
    const deadline = this.#deadline(pending.operation);
    const { requestId, step } =
      request.type === 'transfer'
        ? this.#channel.submitTransfer(request, deadline)
        : this.#channel.submitIoControl({ ...request, ioControlCode: request.code }, deadline);
    pending.requestId = requestId;
    this.#sent.set(requestId, pending);
    this.#apply(step);
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
        return this.#link.clock.now() + CONTROL_DEADLINE;
    }
  }

  #settle(requestId: number, finish: (request: HostRequest) => UsbResult | undefined): void {
    const pending = this.#sent.get(requestId);
    if (pending?.request === undefined) return;
    this.#sent.delete(requestId);
    pending.complete(finish(pending.request) ?? { status: 'failed', data: EMPTY, transferred: 0 });
    if (this.#sent.size === 0) this.#idle();
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
      pending.complete({ status: 'cancelled', data: EMPTY, transferred: 0 });
    } else if (pending.requestId !== undefined && this.#sent.get(pending.requestId) === pending) {
      this.#apply(this.#channel.cancel(pending.requestId, this.#link.clock.now()));
    }
  }
}
