import { asError, ProtocolError } from '../../codecs/core/errors.ts';
import type { ChannelEvent } from '../urbdrc/session/channelEvent.ts';
import type { PeerName, PeerProfile } from '../urbdrc/peers/profiles.ts';
import type { DynamicChannelServerTransport } from '../ports/dynamicChannels.ts';
import type { ConnectionIdentity, Transport } from '../ports/transport.ts';
import type { RedirectedDevice, RedirectedDeviceIds, UsbDevice, UsbDeviceSource } from '../ports/usb.ts';
import { ServerControlChannel, type ServerControlEvent } from '../urbdrc/session/server/controlChannel.ts';
import type { Step } from '../channels/machine.ts';
import { DeviceError } from '../usb/deviceError.ts';
import { Alarm } from '../alarm.ts';
import { ChannelStack } from './channelStack.ts';
import { type ConnectionOptions, type ConnectionSettings, connectionSettings, URBDRC_CHANNEL_NAME } from './options.ts';
import { RedirectionError } from './redirectionError.ts';
import { ServedClient, type ServerStatistics } from './servedClient.ts';
import { ServerDevice } from './serverDevice.ts';
import type { OverlapStatistics } from './distance.ts';
import { DescribedDevice } from '../usb/describedDevice.ts';
import { OverlappedDevice } from '../usb/overlap/overlappedDevice.ts';

/** Completion interface ids: above the fixed ones, and out of the way of the client's device ids. */
const FIRST_REQUEST_COMPLETION = 0x10;

const SPEC = { document: 'MS-RDPEUSB', section: '3.2.5.1.1' };

export interface RedirectionServerOptions extends ConnectionOptions {
  /** Called when a device could not be taken, or its channel had to be closed, because of an error. */
  readonly onDeviceFailed?: (error: Error) => void;
  /** Forces a peer profile. Default: detected from the client's messages (docs/peer-profiles.md). */
  readonly peer?: PeerName;
  /**
   * Called when the client's first device shows which program it is, and again if its version shows later. Not called for
   * an unknown client, nor if {@link peer} is given.
   */
  readonly onPeerRecognised?: (profile: PeerProfile) => void;
  /**
   * Whether what programs will ask for next is asked for before, of clients that keep the order of what they are sent
   * (docs/latency.md). Default true.
   */
  readonly overlap?: boolean;
}

/**
 * The server's engine: a source of the devices that one client redirects over one transport. It starts by itself; the
 * client announces its devices when it likes. Watch it, or add it to a hub.
 */
export class RedirectionServer implements UsbDeviceSource {
  readonly name: string;
  readonly connection: ConnectionIdentity;
  /** Resolves, never rejects, when the connection is over: with the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #settings: ConnectionSettings;
  readonly #deviceFailed: (error: Error) => void;
  readonly #client: ServedClient;
  readonly #stack: ChannelStack;
  readonly #alarm: Alarm;
  readonly #devices = new Map<number, ServerDevice>();
  /** Devices that are described and can be used. */
  readonly #ready = new Map<ServerDevice, RedirectedDevice>();
  readonly #overlaps: boolean;
  readonly #listeners = new Set<{ readonly added: (device: RedirectedDevice) => unknown }>();
  #control: { readonly channelId: number; readonly session: ServerControlChannel } | undefined;
  #nextRequestCompletion = FIRST_REQUEST_COMPLETION;
  /** Device channels that are still to be created: a number, however many devices a client announces. */
  #wantedChannels = 0;
  /** Of them those that were told to wait for another one's end. */
  #toldWaiting = 0;
  #closing: Promise<void> | undefined;

  constructor(transport: Transport | DynamicChannelServerTransport, options: RedirectionServerOptions = {}) {
    this.name = transport.remote;
    this.connection = transport.identity ?? { address: transport.remote };
    this.#settings = connectionSettings(options);
    const { clock, timers, call } = this.#settings;
    this.#overlaps = options.overlap !== false;
    this.#deviceFailed = (error) => call(options.onDeviceFailed, error);
    this.#client = new ServedClient(options.peer, clock, timers, (profile) => call(options.onPeerRecognised, profile));
    this.#alarm = new Alarm(clock, (now) => {
      this.#handleTimeout(now);
    });
    let resolveClosed: (error: Error | undefined) => void = () => {};
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.#stack = new ChannelStack(transport, 'server', this.#settings, {
      ready: () => {
        this.#createControlChannel();
      },
      opened: (channelId) => {
        this.#opened(channelId);
      },
      refused: (channelId) => {
        this.#refused(channelId);
      },
      message: (channelId, payload) => {
        this.#message(channelId, payload);
      },
      closed: (channelId, error) => {
        this.#channelClosed(channelId, error);
      },
      drained: () => {
        for (const device of [...this.#devices.values()]) device.drained();
        this.#createDeviceChannels();
      },
      devices: () => [...this.#ready.values()],
      finished: (error) => {
        this.#alarm.stop();
        if ([...this.#devices.values()].some(({ isInExchange }) => isInExchange)) this.#client.leftInExchange();
        for (const channelId of [...this.#devices.keys()]) this.#removeDevice(channelId, error);
        resolveClosed(error);
      },
    });
  }

  /** Counted since the connection began. */
  get statistics(): ServerStatistics {
    return this.#client.statistics;
  }

  /** How far the client is, and what hides that. */
  get overlap(): OverlapStatistics {
    return this.#client.distance.statistics;
  }

  list(): Promise<readonly RedirectedDevice[]> {
    return Promise.resolve([...this.#ready.values()]);
  }

  watch(added: (device: RedirectedDevice) => unknown): () => void {
    // An object of its own, so that the same function can be given twice.
    const listener = { added };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * RETRACT_DEVICE, [MS-RDPEUSB] 2.2.6.9, then the device's channel is closed. The protocol has one reason: policy.
   * @param explanation for the person at the client: one of this library reads it
   */
  refuse(device: UsbDevice, _reason?: string, explanation?: string): void {
    for (const [each, offered] of this.#ready) if (offered === device) each.retract(explanation);
  }

  /**
   * Closes the channels of all devices first, so that the client does not take it for a loss of the connection, and then
   * the transport.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#wantedChannels = 0;
    for (const channelId of [...this.#devices.keys()]) {
      this.#stack.closeChannel(channelId);
      this.#removeDevice(channelId);
    }
    await this.#stack.close();
    await this.closed;
  }

  /** The first channel is the control channel, every later one is for one device, [MS-RDPEUSB] 2.1. */
  #createControlChannel(): void {
    const channelId = this.#stack.createChannel(URBDRC_CHANNEL_NAME);
    if (channelId === undefined) return;
    this.#control = { channelId, session: new ServerControlChannel(this.#settings.timers, this.#client.peer) };
  }

  /** The client has one more device; its channel is created as soon as there is room. */
  #requestDeviceChannel(): void {
    const { maximumChannels } = this.#settings.limits;
    if (this.#wantedChannels >= maximumChannels) {
      const problem = `${this.#wantedChannels} devices wait for a channel already`;
      this.#settings.ignored(new ProtocolError('ADD_VIRTUAL_CHANNEL', 'ready', problem, SPEC));
      return;
    }
    this.#wantedChannels += 1;
    this.#createDeviceChannels();
  }

  /** Not while the transport is full: a client that reads nothing could make requests for channels pile up. */
  #createDeviceChannels(): void {
    while (this.#wantedChannels > 0 && this.#stack.writable) {
      const channelId = this.#stack.createChannel(URBDRC_CHANNEL_NAME);
      if (channelId === undefined) break;
      this.#wantedChannels -= 1;
      this.#devices.set(channelId, this.#newDevice(channelId));
    }
    this.#tellWaiting();
  }

  /** Tells once of each device for which there is no room. Many that come together are known as such only in the end. */
  #tellWaiting(): void {
    const room = this.#settings.limits.maximumChannels - 1;
    this.#toldWaiting = Math.min(this.#toldWaiting, this.#wantedChannels);
    if (this.#devices.size < room) return;
    for (; this.#toldWaiting < this.#wantedChannels; this.#toldWaiting += 1) {
      const problem = `the client has one more device than the ${room} that are taken at a time`;
      this.#deviceFailed(new DeviceError('TOO_MANY_DEVICES', `${problem}: it waits until another one leaves`));
    }
  }

  #newDevice(channelId: number): ServerDevice {
    const device: ServerDevice = new ServerDevice(
      this.#nextRequestCompletion,
      {
        clock: this.#settings.clock,
        writable: () => this.#stack.writable,
        send: (messages) => {
          this.#stack.send(channelId, messages);
        },
        wakeAt: (deadline) => {
          this.#alarm.set(deadline);
        },
        ready: () => {
          this.#offer(device);
        },
        close: (error) => {
          if (error !== undefined) this.#deviceFailed(error);
          this.#stack.closeChannel(channelId);
          this.#removeDevice(channelId);
        },
        giveBack: (message) => this.#settings.messageMemory.buffers.giveBack(message),
        ignored: this.#settings.ignored,
      },
      this.#client,
      this.#settings.limits,
      this.#settings.timers,
    );
    this.#nextRequestCompletion += 1;
    return device;
  }

  /** A callback that throws does not get the device; others still get theirs. */
  #offer(device: ServerDevice): void {
    const offered = new OfferedDevice(device, this.#overlapped(device));
    this.#ready.set(device, offered);
    for (const { added } of [...this.#listeners]) {
      if (!this.#ready.has(device)) return;
      const failed = (error: unknown) => {
        this.#deviceFailed(asError(error));
        this.refuse(offered);
      };
      try {
        const returned = added(offered);
        if (returned instanceof Promise) returned.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  #overlapped(device: ServerDevice): UsbDevice {
    if (!this.#overlaps || !device.keepsOrder || this.#client.peer.settings.overlap === 'never') return device;
    const { clock, limits } = this.#settings;
    const { distance } = this.#client;
    const roundTrip = () => distance.roundTrip ?? 0;
    const { maximumTransferSize } = limits;
    return new OverlappedDevice(device, { clock, roundTrip, maximumTransferSize, observer: distance });
  }

  #opened(channelId: number): void {
    if (this.#control?.channelId === channelId) {
      const { session } = this.#control;
      this.#applyControl(session.open(this.#settings.clock.now()));
      this.#alarm.set(session.nextTimeout());
    } else {
      this.#devices.get(channelId)?.opened();
      this.#createDeviceChannels();
    }
  }

  #refused(channelId: number): void {
    if (this.#control?.channelId === channelId) {
      const problem = 'the client refuses the channel URBDRC: USB redirection is not switched on there';
      this.#stack.fail(new RedirectionError('REDIRECTION_REFUSED', problem));
    } else {
      this.#removeDevice(channelId);
    }
  }

  #message(channelId: number, payload: Uint8Array): void {
    if (this.#control?.channelId === channelId) {
      const { session } = this.#control;
      this.#applyControl(session.receive(payload, this.#settings.clock.now()));
      this.#alarm.set(session.nextTimeout());
    } else {
      this.#devices.get(channelId)?.receive(payload);
    }
  }

  #applyControl(step: Step<ServerControlEvent | ChannelEvent>): void {
    if (this.#control === undefined) return;
    this.#stack.send(this.#control.channelId, step.outgoing);
    for (const event of step.events) {
      switch (event.type) {
        case 'virtualChannelRequested':
          this.#client.channelRequested(event.messageId);
          this.#requestDeviceChannel();
          break;
        case 'ignored':
          this.#settings.ignored(event.error);
          break;
        case 'closeRequired':
          // The client is to see the channel's own end, not only that of the connection.
          this.#stack.closeChannel(this.#control.channelId);
          this.#stack.fail(event.error);
          break;
      }
    }
  }

  #channelClosed(channelId: number, error: Error | undefined): void {
    if (this.#control?.channelId === channelId) {
      const problem = 'the client closed the control channel: it redirects no devices any more';
      const closed = new RedirectionError('CONTROL_CHANNEL_CLOSED', problem);
      this.#stack.fail(error ?? closed);
    } else {
      this.#removeDevice(channelId);
    }
  }

  /** @param cause why the connection ended, where that ended the device */
  #removeDevice(channelId: number, cause?: Error): void {
    const device = this.#devices.get(channelId);
    if (device === undefined) return;
    this.#devices.delete(channelId);
    this.#ready.delete(device);
    device.lost(cause);
    this.#createDeviceChannels();
  }

  #handleTimeout(now: number): void {
    if (this.#control !== undefined) this.#applyControl(this.#control.session.handleTimeout(now));
    for (const device of [...this.#devices.values()]) device.handleTimeout(now);
    this.#alarm.set(this.#control?.session.nextTimeout());
  }
}

/** A device as programs of the server get it: what they ask for is answered here, or asked for in advance, where it can be. */
class OfferedDevice extends DescribedDevice implements RedirectedDevice {
  readonly #redirected: ServerDevice;

  constructor(redirected: ServerDevice, overlapped: UsbDevice) {
    super(overlapped, redirected.memory);
    this.#redirected = redirected;
  }

  get ids(): RedirectedDeviceIds {
    return this.#redirected.ids;
  }

  queryDeviceText(textType: 'description' | 'locationInformation', localeId: number): Promise<string> {
    return this.#redirected.queryDeviceText(textType, localeId);
  }
}
