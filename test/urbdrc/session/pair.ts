import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import { readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import type { TransferCompletion } from '../../../src/urbdrc/exchange.ts';
import type { ChannelEvent } from '../../../src/urbdrc/session/channelEvent.ts';
import { RecognisedPeer } from '../../../src/urbdrc/peers/recognisedPeer.ts';
import { announce } from '../../../src/urbdrc/session/client/announcement.ts';
import {
  ClientDeviceChannel,
  type ClientDeviceEvent,
  type ClientTransfer,
  type DeviceAnnouncement,
} from '../../../src/urbdrc/session/client/deviceChannel.ts';
import {
  DEFAULT_SESSION_LIMITS,
  DEFAULT_SESSION_TIMERS,
  type SessionLimits,
} from '../../../src/urbdrc/session/limits.ts';
import type { UsbDeviceIdentity } from '../../../src/ports/usb.ts';
import { ServerDeviceChannel } from '../../../src/urbdrc/session/server/deviceChannel.ts';
import type { ServerDeviceEvent } from '../../../src/urbdrc/session/server/deviceEvent.ts';
import type { Step } from '../../../src/channels/machine.ts';

export const COMPLETION_INTERFACE = 0x10;
export const USB_DEVICE = 5;

export const identity: UsbDeviceIdentity = {
  vendorId: 0x46f4,
  productId: 0x0001,
  deviceVersion: 0x0100,
  usbVersion: 0x0200,
  deviceClass: 0,
  deviceSubclass: 0,
  deviceProtocol: 0,
  speed: 'high',
  busNumber: 1,
  deviceAddress: 2,
  portPath: '1-2.3',
  productName: 'A stick',
};

/** One interface of class ff, bulk 0x81 and 0x02. */
export const configuration = Buffer.from('0902200001010080320904000002ff0000000705810200020007050202000200', 'hex');

/** What our client tells about a device with one configuration. */
export function announcementOf(
  of: UsbDeviceIdentity,
  descriptor: Uint8Array,
  usbDevice = USB_DEVICE,
  taken?: ReadonlySet<string>,
): DeviceAnnouncement {
  const configurationDescriptors = [descriptor];
  const configurations = readConfigurations(configurationDescriptors);
  return announce({ identity: of, configurationDescriptors, configurations }, usbDevice, taken);
}

/** Both ends of one device channel, with virtual time; messages travel when `drive` is called. */
export class DevicePair {
  readonly client: ClientDeviceChannel;
  readonly server: ServerDeviceChannel;
  readonly clientEvents: (ClientDeviceEvent | ChannelEvent)[] = [];
  readonly serverEvents: (ServerDeviceEvent | ChannelEvent)[] = [];
  readonly toClient: Uint8Array[] = [];
  readonly toServer: Uint8Array[] = [];
  now = 1000;

  /** @param peer what the server takes the client for. */
  constructor(
    limits: Partial<SessionLimits> = {},
    descriptor: Uint8Array = configuration,
    peer = new RecognisedPeer(),
  ) {
    this.server = new ServerDeviceChannel(COMPLETION_INTERFACE, DEFAULT_SESSION_TIMERS, peer);
    const announcement = announcementOf(identity, descriptor);
    this.client = new ClientDeviceChannel(
      announcement,
      { ...DEFAULT_SESSION_LIMITS, ...limits },
      DEFAULT_SESSION_TIMERS,
    );
  }

  fromServer(step: Step<ServerDeviceEvent | ChannelEvent>): void {
    this.toClient.push(...step.outgoing.map(bytes));
    this.serverEvents.push(...step.events);
  }

  fromClient(step: Step<ClientDeviceEvent | ChannelEvent>): void {
    this.toServer.push(...step.outgoing.map(bytes));
    this.clientEvents.push(...step.events);
  }

  /** Delivers messages both ways until none is left. */
  drive(): void {
    for (let count = 0; this.toClient.length + this.toServer.length > 0; count += 1) {
      if (count > 10_000) throw new Error('the pair does not come to rest');
      const down = this.toClient.shift();
      if (down !== undefined) this.fromClient(this.client.receive(down, this.now));
      const up = this.toServer.shift();
      if (up !== undefined) this.fromServer(this.server.receive(up, this.now));
    }
  }

  /** Lets time pass and fires what is due at both ends. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.fromClient(this.client.handleTimeout(this.now));
    this.fromServer(this.server.handleTimeout(this.now));
    this.drive();
  }

  /** Through the handshake to a device that takes requests. */
  open(): this {
    this.fromServer(this.server.open(this.now));
    this.drive();
    return this;
  }

  /** The request that reached the client, as its session has it. */
  transferAtClient(requestId: number): ClientTransfer {
    const found = this.clientEvents.findLast(
      (event) => event.type === 'requested' && event.request.requestId === requestId,
    );
    if (found?.type !== 'requested' || found.request.type !== 'transfer') throw new Error(`no transfer ${requestId}`);
    return found.request;
  }

  /** The client's device is done with a transfer. */
  complete({ requestId }: { readonly requestId: number }, completion: TransferCompletion): void {
    this.fromClient(this.client.completeTransfer(this.transferAtClient(requestId), completion));
  }

  /** Events of one type that the server reported. */
  atServer<T extends (ServerDeviceEvent | ChannelEvent)['type']>(type: T) {
    return this.serverEvents.filter((event): event is Extract<typeof event, { type: T }> => event.type === type);
  }

  atClient<T extends (ClientDeviceEvent | ChannelEvent)['type']>(type: T) {
    return this.clientEvents.filter((event): event is Extract<typeof event, { type: T }> => event.type === type);
  }
}

function bytes(parts: Parts): Uint8Array {
  return Uint8Array.from(joinParts(parts));
}
