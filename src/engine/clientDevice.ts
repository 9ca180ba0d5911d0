import type { Parts } from '../../codecs/core/parts.ts';
import type { Step } from '../channels/machine.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttachmentEnd, UsbDevice } from '../ports/usb.ts';
import type { IoControlCompletion, TransferCompletion } from '../urbdrc/exchange.ts';
import type { ChannelEvent } from '../urbdrc/session/channelEvent.ts';
import {
  ClientDeviceChannel,
  type ClientDeviceEvent,
  type ClientRequest,
  type DeviceAnnouncement,
} from '../urbdrc/session/client/deviceChannel.ts';
import type { SessionLimits, SessionTimers } from '../urbdrc/session/limits.ts';
import type { BusFacts } from '../urbdrc/urb/busQueries.ts';
import type { IoControlStep, UrbStep } from '../urbdrc/urb/completions.ts';
import { DeviceUrbs } from '../urbdrc/urb/deviceUrbs.ts';
import { translateIoControl } from '../urbdrc/urb/ioControl.ts';
import { resultOf } from '../usb/results.ts';

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
  /** Asks for `handleTimeout` at `deadline` or before. */
  wakeAt(deadline: number): void;
  /** The channel has to be closed; `end` says why. */
  finish(end: AttachmentEnd): void;
  announced(): void;
  /** Nobody reads a message that was received any more. */
  giveBack(message: Uint8Array): void;
  ignored(error: Error): void;
}

/** Joins one open USB device with its channel session: requests become USB operations, results become completions. */
export class ClientDevice {
  readonly device: UsbDevice;
  readonly #channel: ClientDeviceChannel;
  readonly #urbs: DeviceUrbs;
  readonly #link: ClientDeviceLink;
  readonly #clock: Clock;
  readonly #facts: BusFacts;
  /** The message of a request, while the device reads the data in it. */
  readonly #messages = new WeakMap<ClientRequest, Uint8Array>();
  /** What is being received. */
  #message: Uint8Array | undefined;
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
    this.#facts = {
      identity: device.identity,
      // One a millisecond, as the bus counts.
      get frameNumber() {
        return Math.floor(clock.now()) >>> 0;
      },
    };
    this.#channel = new ClientDeviceChannel(announcement, limits, timers);
    this.#urbs = new DeviceUrbs(device.configurations);
  }

  get statistics(): RedirectionStatistics {
    return { ...this.#statistics };
  }

  receive(payload: Uint8Array): void {
    this.#message = payload;
    this.#apply(this.#channel.receive(payload, this.#clock.now()));
    this.#message = undefined;
    this.#rearm();
  }

  handleTimeout(now: number): void {
    this.#apply(this.#channel.handleTimeout(now));
    this.#rearm();
  }

  /** Cancels what runs and forgets it; completions that still come are dropped. */
  abandonRequests(): void {
    cancelAll(this.#channel.abandon());
  }

  #rearm(): void {
    const deadline = this.#channel.nextTimeout();
    if (deadline !== undefined) this.#link.wakeAt(deadline);
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
      case 'requested':
        this.#start(event.request);
        return;
      case 'cancelRequested':
        event.request.transfer?.cancel();
        return;
      case 'stopped':
        cancelAll(event.requests);
        return;
      case 'retracted':
        this.#link.finish({
          reason: 'refused',
          ...(event.explanation !== undefined && { explanation: event.explanation }),
        });
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

  #start(request: ClientRequest): void {
    this.#statistics.requests += 1;
    if (request.type === 'transfer') {
      if (request.direction === 'out' && this.#message !== undefined) this.#messages.set(request, this.#message);
      this.#follow(request, this.#urbs.translate(request, this.#facts));
    } else {
      const { ioControlCode, outputBufferSize, internal } = request;
      this.#follow(request, translateIoControl(ioControlCode, outputBufferSize, internal, this.#facts));
    }
  }

  #follow(request: ClientRequest, step: UrbStep | IoControlStep): void {
    if (step.type === 'complete') this.#complete(request, step.completion);
    // Cancelled between two operations of one request.
    else if (request.state === 'cancelled') this.#follow(request, step.next(resultOf('cancelled')));
    else this.#submit(request, step);
  }

  #submit(request: ClientRequest, step: Extract<UrbStep | IoControlStep, { type: 'submit' }>): void {
    const { operation } = step;
    request.operation = operation;
    const transfer = this.device.submit(operation, (result) => {
      request.operation = undefined;
      request.transfer = undefined;
      if (request.state !== 'over') this.#follow(request, step.next(result));
    });
    // It may have ended already, and the request's next operation may be at the device.
    if (request.operation === operation) request.transfer = transfer;
  }

  #complete(request: ClientRequest, completion: TransferCompletion | IoControlCompletion): void {
    const statistics = this.#statistics;
    if (request.type === 'transfer' && 'tsUrbResult' in completion) {
      if (completion.tsUrbResult.usbdStatus !== 0) statistics.failures += 1;
      statistics.bytesIn += completion.data.byteLength;
      if (request.direction === 'out') statistics.bytesOut += completion.transferred;
      this.#apply(this.#channel.completeTransfer(request, completion));
      const message = this.#messages.get(request);
      // A device that failed, or was told to stop, may have been asked for an answer before it was done with the data.
      if (message !== undefined && completion.tsUrbResult.usbdStatus === 0) this.#link.giveBack(message);
    } else if (request.type === 'ioControl' && 'information' in completion) {
      if (completion.hResult !== 0) statistics.failures += 1;
      this.#apply(this.#channel.completeIoControl(request, completion));
    }
  }
}

function cancelAll(requests: readonly ClientRequest[]): void {
  for (const { transfer } of requests) transfer?.cancel();
}
