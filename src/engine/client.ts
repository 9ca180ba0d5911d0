import type { ChannelEvent } from '../urbdrc/session/channelEvent.ts';
import { OWN_CAPABILITIES } from '../urbdrc/ownCapabilities.ts';
import { announce } from '../urbdrc/session/client/announcement.ts';
import { ClientControlChannel, type ClientControlEvent } from '../urbdrc/session/client/controlChannel.ts';
import type { DynamicChannelTransport } from '../ports/dynamicChannels.ts';
import type { ConnectionIdentity, Transport } from '../ports/transport.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink } from '../ports/usb.ts';
import type { Step } from '../channels/machine.ts';
import { DeviceError } from '../usb/deviceError.ts';
import { Alarm } from '../alarm.ts';
import { OrderedDevice } from '../usb/massStorage/orderedDevice.ts';
import { ChannelStack } from './channelStack.ts';
import { ClientDevice, type RedirectionStatistics } from './clientDevice.ts';
import { Distance } from './distance.ts';
import { type ConnectionOptions, type ConnectionSettings, connectionSettings } from './options.ts';
import { RedirectionError } from './redirectionError.ts';

/** Interface ids 0..3 are fixed; FreeRDP counts from 5, and so do we. */
const FIRST_USB_DEVICE = 5;

/** A device that is redirected to the server. */
export interface Redirection extends Attachment {
  /** Resolves when ADD_DEVICE was sent; stays pending when it never comes to that (see `ended`). */
  readonly announced: Promise<void>;
  /** Counted since it was announced. */
  readonly statistics: RedirectionStatistics;
}

interface Entry {
  readonly device: UsbDevice;
  readonly usbDevice: number;
  readonly announced: () => void;
  readonly end: (end: AttachmentEnd) => Promise<void>;
  attached:
    { readonly client: ClientDevice; readonly channelId: number; readonly deviceInstanceId: string } | undefined;
}

/**
 * The client's engine: a sink whose devices are redirected to a server over one transport. Give it a connected transport,
 * then call {@link attach} for each device, or add it to a hub. Devices are closed when they are released, the connection
 * ends or {@link close} is called.
 */
export class RedirectionClient implements UsbDeviceSink {
  readonly name: string;
  readonly connection: ConnectionIdentity;
  /** Resolves, never rejects, when the connection is over: with the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #settings: ConnectionSettings;
  readonly #stack: ChannelStack;
  readonly #alarm: Alarm;
  readonly #entries = new Set<Entry>();
  /** Devices without a channel, in order. */
  readonly #waiting: Entry[] = [];
  readonly #byChannel = new Map<number, Entry>();
  readonly #distance = new Distance();
  /** Since when channels are open through which nothing has come yet. */
  readonly #silent = new Map<number, number>();
  #control: { readonly channelId: number; readonly session: ClientControlChannel } | undefined;
  #nextUsbDevice = FIRST_USB_DEVICE;
  /** Devices that are being opened or given back. */
  readonly #unsettled = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  /** Set when the connection is over. */
  #over: { readonly error: Error | undefined } | undefined;

  constructor(transport: Transport | DynamicChannelTransport, options: ConnectionOptions = {}) {
    this.name = transport.remote;
    this.connection = transport.identity ?? { address: transport.remote };
    this.#settings = connectionSettings(options);
    this.#alarm = new Alarm(this.#settings.clock, (now) => {
      this.#handleTimeout(now);
    });
    let resolveClosed: (error: Error | undefined) => void = () => {};
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.#stack = new ChannelStack(transport, 'client', this.#settings, {
      opened: (channelId) => {
        this.#opened(channelId);
      },
      message: (channelId, payload) => {
        this.#message(channelId, payload);
      },
      closed: (channelId) => {
        this.#channelClosed(channelId);
      },
      devices: () => [...this.#entries].map(({ device }) => device),
      finished: (error) => {
        void this.#finish(error).then(() => {
          resolveClosed(error);
        });
      },
    });
  }

  /** Milliseconds to the server and back, as the first messages of channels show it; undefined before the first. */
  get roundTrip(): number | undefined {
    return this.#distance.roundTrip;
  }

  /**
   * Opens `device` (its rejection is passed on) and offers it to the server.
   * @throws RedirectionError when the connection is over, or being closed.
   */
  attach(device: UsbDevice): Promise<Redirection> {
    if (this.#endOfAll !== undefined)
      return Promise.reject(new RedirectionError('CONNECTION_CLOSED', 'the connection is closed'));
    return this.#track(this.#open(device));
  }

  async #open(device: UsbDevice): Promise<Redirection> {
    await device.open();
    return this.#enter(device);
  }

  /** Releases all devices, also those that are being opened, then closes the transport. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const entry of [...this.#entries]) void this.#detach(entry, { reason: 'released' });
    await this.#settled();
    await this.#stack.close();
    await this.closed;
  }

  /** Why no device is redirected any more; undefined while devices are. */
  get #endOfAll(): AttachmentEnd | undefined {
    if (this.#over !== undefined) return { reason: 'closed', error: this.#over.error };
    return this.#closing === undefined ? undefined : { reason: 'released' };
  }

  /** {@link #settled} waits for it. */
  #track<T>(work: Promise<T>): Promise<T> {
    const done = () => this.#unsettled.delete(work);
    this.#unsettled.add(work);
    work.then(done, done);
    return work;
  }

  /** Resolves when no device is being opened or given back. */
  async #settled(): Promise<void> {
    while (this.#unsettled.size > 0) await Promise.allSettled([...this.#unsettled]);
  }

  #enter(device: UsbDevice): Redirection {
    let announced: () => void = () => {};
    let resolveEnd: (end: AttachmentEnd) => void = () => {};
    const ended = new Promise<AttachmentEnd>((resolve) => (resolveEnd = resolve));
    let ending: Promise<void> | undefined;
    const unplugged = () => {
      void this.#detach(entry, { reason: 'unplugged' });
    };
    const entry: Entry = {
      device,
      usbDevice: this.#nextUsbDevice,
      attached: undefined,
      announced: () => {
        announced();
      },
      end: (end) => {
        device.gone.removeEventListener('abort', unplugged);
        const ended = () => {
          resolveEnd(end);
        };
        // A device must not reject; one that does all the same is as good as given back.
        ending ??= this.#track(device.close().then(ended, ended));
        return ending;
      },
    };
    const redirection: Redirection = {
      device,
      announced: new Promise((resolve) => (announced = resolve)),
      ended,
      get statistics() {
        return entry.attached?.client.statistics ?? NO_STATISTICS;
      },
      release: () => this.#detach(entry, { reason: 'released' }),
    };
    this.#nextUsbDevice += 1;
    this.#entries.add(entry);
    device.gone.addEventListener('abort', unplugged);
    const endOfAll = this.#endOfAll;
    if (endOfAll !== undefined) {
      void this.#detach(entry, endOfAll);
    } else if (device.gone.aborted) {
      unplugged();
    } else {
      this.#waiting.push(entry);
      this.#tellTooMany();
      this.#requestChannel();
    }
    return redirection;
  }

  /** One channel is for control. */
  #tellTooMany(): void {
    const room = this.#settings.limits.maximumChannels - 1;
    if (this.#entries.size <= room) return;
    const problem = `${this.#entries.size} devices for a connection that has channels for ${room}`;
    this.#settings.ignored(
      new DeviceError('TOO_MANY_DEVICES', `${problem}: the last one waits until another one leaves`),
    );
  }

  /** ADD_VIRTUAL_CHANNEL: one for each device. Which device gets which channel, the order in which they come decides. */
  #requestChannel(): void {
    const control = this.#control;
    if (control !== undefined) this.#applyControl(control.channelId, control.session.addVirtualChannel());
  }

  #opened(channelId: number): void {
    this.#silent.set(channelId, this.#settings.clock.now());
    if (this.#control === undefined) {
      this.#control = { channelId, session: new ClientControlChannel(this.#settings.timers) };
      this.#waiting.forEach(() => this.#requestChannel());
      return;
    }
    const entry = this.#waiting.shift();
    // One of the devices for which channels were asked may have left meanwhile.
    if (entry === undefined) this.#stack.closeChannel(channelId);
    else this.#announce(entry, channelId);
  }

  #announce(entry: Entry, channelId: number): void {
    const taken = [...this.#byChannel.values()].flatMap(({ attached }) => attached?.deviceInstanceId ?? []);
    const { addDevice, ...texts } = announce(entry.device, entry.usbDevice, new Set(taken));
    const compatibilityIds = [...addDevice.compatibilityIds, ...OWN_CAPABILITIES];
    const client = new ClientDevice(
      new OrderedDevice(entry.device),
      { ...texts, addDevice: { ...addDevice, compatibilityIds } },
      {
        send: (messages) => {
          this.#stack.send(channelId, messages);
        },
        wakeAt: (deadline) => {
          this.#alarm.set(deadline);
        },
        finish: (end) => {
          void this.#detach(entry, end);
        },
        announced: entry.announced,
        giveBack: (message) => this.#settings.messageMemory.buffers.giveBack(message),
        ignored: this.#settings.ignored,
      },
      this.#settings.clock,
      this.#settings.limits,
      this.#settings.timers,
    );
    entry.attached = { client, channelId, deviceInstanceId: addDevice.deviceInstanceId };
    this.#byChannel.set(channelId, entry);
  }

  #message(channelId: number, payload: Uint8Array): void {
    const since = this.#silent.size === 0 ? undefined : this.#silent.get(channelId);
    if (since !== undefined) {
      this.#silent.delete(channelId);
      this.#distance.answered(this.#settings.clock.now() - since);
    }
    const client = this.#byChannel.get(channelId)?.attached?.client;
    if (client !== undefined) {
      client.receive(payload);
    } else if (this.#control?.channelId === channelId) {
      const { session } = this.#control;
      this.#applyControl(channelId, session.receive(payload, this.#settings.clock.now()));
      this.#alarm.set(session.nextTimeout());
    }
  }

  #applyControl(channelId: number, step: Step<ClientControlEvent | ChannelEvent>): void {
    this.#stack.send(channelId, step.outgoing);
    for (const event of step.events) {
      switch (event.type) {
        case 'ready':
          break;
        case 'ignored':
          this.#settings.ignored(event.error);
          break;
        case 'closeRequired':
          // [MS-RDPEUSB] 3.3.5.2.2 wants the channel closed; without it nothing is left to do on the connection.
          this.#stack.closeChannel(channelId);
          this.#stack.fail(event.error);
          break;
      }
    }
  }

  #channelClosed(channelId: number): void {
    this.#silent.delete(channelId);
    const entry = this.#byChannel.get(channelId);
    if (entry !== undefined) {
      this.#byChannel.delete(channelId);
      void this.#detach(entry, { reason: 'returned' });
    } else if (this.#control?.channelId === channelId) {
      // Without its control channel the feature is over, [MS-RDPEUSB] 3.1.1.
      this.#control = undefined;
      for (const each of [...this.#entries]) void this.#detach(each, { reason: 'returned' });
    }
  }

  /** Ends one redirection: the channel is closed, requests are abandoned, the device goes back. */
  #detach(entry: Entry, end: AttachmentEnd): Promise<void> {
    if (this.#entries.delete(entry)) {
      const position = this.#waiting.indexOf(entry);
      // A channel that was asked for will still come: the next waiting device takes it, or it is closed.
      if (position >= 0) this.#waiting.splice(position, 1);
      if (entry.attached !== undefined) {
        const { client, channelId } = entry.attached;
        if (this.#byChannel.delete(channelId)) this.#stack.closeChannel(channelId);
        client.abandonRequests();
      }
    }
    return entry.end(end);
  }

  #handleTimeout(now: number): void {
    if (this.#control !== undefined) {
      this.#applyControl(this.#control.channelId, this.#control.session.handleTimeout(now));
    }
    for (const entry of [...this.#byChannel.values()]) entry.attached?.client.handleTimeout(now);
    this.#alarm.set(this.#control?.session.nextTimeout());
  }

  async #finish(error: Error | undefined): Promise<void> {
    this.#over = { error };
    this.#alarm.stop();
    this.#byChannel.clear();
    for (const entry of [...this.#entries]) void this.#detach(entry, { reason: 'closed', error });
    await this.#settled();
  }
}

const NO_STATISTICS: RedirectionStatistics = { requests: 0, failures: 0, bytesIn: 0, bytesOut: 0, ignored: 0 };
