import type { Parts } from '../../codecs/core/parts.ts';
import type { ChannelEvent } from '../urbdrc/session/channelEvent.ts';
import {
  ClientDeviceChannel,
  type ClientDeviceEvent,
  type DeviceAnnouncement,
  type IoControlRequest,
  type TransferRequest,
} from '../urbdrc/session/client/deviceChannel.ts';
import type { SessionLimits, SessionTimers } from '../urbdrc/session/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  AttachmentEnd,
  UsbDevice,
  UsbDeviceIdentity,
  UsbOperation,
  UsbResult,
  UsbTransfer,
} from '../ports/usb.ts';
import type { Step } from '../channels/step.ts';
import type { BusFacts } from '../urbdrc/urb/busQueries.ts';
import { DeviceUrbs, type UrbStep } from '../urbdrc/urb/deviceUrbs.ts';
import { type IoControlStep, translateIoControl } from '../urbdrc/urb/ioControl.ts';
import { frameNumber } from './frameNumber.ts';

/** Counters of one redirected device, for people who watch. */
export interface RedirectionStatistics {
  /** Requests that the server sent. */
  readonly requests: number;
  /** Requests that ended with another status than success. */
  readonly failures: number;
  /** Bytes from the device to the server. */
  readonly bytesIn: number;
  /** Bytes from the server to the device. */
  readonly bytesOut: number;
  /** Messages of the server that were dropped. */
  readonly ignored: number;
}

/** How a client device reaches its channel and its owner. */
export interface ClientDeviceLink {
  send(messages: readonly Parts[]): void;
  /** The channel has to be closed; `end` says why. */
  finish(end: AttachmentEnd): void;
  announced(): void;
  ignored(error: Error): void;
}

interface Running {
  readonly direction: 'in' | 'out' | 'none';
  transfer: UsbTransfer | undefined;
  cancelled: boolean;
}

/** Joins one open USB device with its channel session: requests become USB operations, results become completions. */
export class ClientDevice {
  readonly device: UsbDevice;
  readonly #channel: ClientDeviceChannel;
  readonly #urbs: DeviceUrbs;
  readonly #link: ClientDeviceLink;
  readonly #clock: Clock;
  readonly #identity: UsbDeviceIdentity;
  readonly #running = new Map<number, Running>();
  readonly #statistics = { requests: 0, failures: 0, bytesIn: 0, bytesOut: 0, ignored: 0 };

  constructor(
    device: UsbDevice,
    announcement: DeviceAnnouncement,
    link: ClientDeviceLink,
    clock: Clock,
    limits: SessionLimits,
    timers: SessionTimers,
  ) {
    this.device = device;
    this.#link = link;
    this.#clock = clock;
    this.#identity = device.identity;
    this.#channel = new ClientDeviceChannel(announcement, limits, timers);
    this.#urbs = new DeviceUrbs(device.configurations);
  }

  get statistics(): RedirectionStatistics {
    return { ...this.#statistics };
  }

  receive(payload: Uint8Array): void {
    this.#apply(this.#channel.receive(payload, this.#clock.now()));
  }

  nextTimeout(): number | undefined {
    return this.#channel.nextTimeout();
  }

  handleTimeout(now: number): void {
    this.#apply(this.#channel.handleTimeout(now));
  }

  /** Cancels what runs and forgets it; completions that still come are dropped. */
  abandonRequests(): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const each of running) {
      each.cancelled = true;
      each.transfer?.cancel();
    }
  }

  #apply(step: Step<ClientDeviceEvent | ChannelEvent>): void {
    if (step.outgoing.length > 0) this.#link.send(step.outgoing);
    for (const event of step.events) this.#handle(event);
  }

  #handle(event: ClientDeviceEvent | ChannelEvent): void {
    switch (event.type) {
      case 'announced':
        this.#link.announced();
        return;
      case 'transferRequested':
        this.#startTransfer(event.request);
        return;
      case 'ioControlRequested':
        this.#startIoControl(event.request);
        return;
      case 'cancelRequested':
        this.#cancel(event.requestId);
        return;
      case 'stopped':
        this.abandonRequests();
        return;
      case 'retracted':
        this.#link.finish({ reason: 'refused' });
        return;
      case 'ignored':
        this.#statistics.ignored += 1;
        this.#link.ignored(event.error);
        return;
      case 'closeRequired':
        this.#link.finish({ reason: 'failed', error: event.error });
        return;
    }
  }

  #startTransfer(request: TransferRequest): void {
    this.#statistics.requests += 1;
    const running: Running = { direction: request.direction, transfer: undefined, cancelled: false };
    this.#running.set(request.requestId, running);
    this.#stepTransfer(request.requestId, running, this.#urbs.translate(request, this.#busFacts()));
  }

  #stepTransfer(requestId: number, running: Running, step: UrbStep): void {
    if (step.type === 'submit') {
      this.#submit(requestId, running, step.operation, (result) =>
        this.#stepTransfer(requestId, running, step.next(result)),
      );
      return;
    }
    this.#running.delete(requestId);
    const { completion } = step;
    if (completion.tsUrbResult.usbdStatus !== 0) this.#statistics.failures += 1;
    this.#statistics.bytesIn += completion.data.byteLength;
    if (running.direction === 'out') this.#statistics.bytesOut += completion.transferred;
    this.#apply(this.#channel.completeTransfer(requestId, completion));
  }

  #startIoControl(request: IoControlRequest): void {
    this.#statistics.requests += 1;
    const running: Running = { direction: 'none', transfer: undefined, cancelled: false };
    this.#running.set(request.requestId, running);
    const { ioControlCode, outputBufferSize, internal } = request;
    const step = translateIoControl(ioControlCode, outputBufferSize, internal, this.#busFacts());
    this.#stepIoControl(request.requestId, running, step);
  }

  #busFacts(): BusFacts {
    return { identity: this.#identity, frameNumber: frameNumber(this.#clock) };
  }

  #stepIoControl(requestId: number, running: Running, step: IoControlStep): void {
    if (step.type === 'submit') {
      this.#submit(requestId, running, step.operation, (result) =>
        this.#stepIoControl(requestId, running, step.next(result)),
      );
      return;
    }
    this.#running.delete(requestId);
    if (step.completion.hResult !== 0) this.#statistics.failures += 1;
    this.#apply(this.#channel.completeIoControl(requestId, step.completion));
  }

  #submit(requestId: number, running: Running, operation: UsbOperation, next: (result: UsbResult) => void): void {
    if (running.cancelled) {
      // Cancelled between two operations of one request.
      next({ status: 'cancelled', data: new Uint8Array(0), transferred: 0 });
      return;
    }
    const submission = { completed: false };
    const transfer = this.device.submit(operation, (result) => {
      submission.completed = true;
      running.transfer = undefined;
      if (this.#running.get(requestId) === running) next(result);
    });
    // `complete` may have been called already, and may even have started the request's next operation.
    if (!submission.completed) running.transfer = transfer;
  }

  #cancel(requestId: number): void {
    const running = this.#running.get(requestId);
    if (running === undefined) return;
    running.cancelled = true;
    running.transfer?.cancel();
  }
}
