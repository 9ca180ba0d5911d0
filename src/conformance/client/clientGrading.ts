import { CHANNEL_CREATED_VERSION } from '../../../codecs/urbdrc/channelNotification.ts';
import { RIM_CAPABILITY_VERSION_01 } from '../../../codecs/urbdrc/capabilities.ts';
import { InterfaceId } from '../../../codecs/urbdrc/header.ts';
import { Grading, type GradingSettings } from '../grading.ts';
import type { GradingRun } from '../gradingRun.ts';
import type { Peer } from '../peer.ts';
import type { PeerChannel, Received } from '../peerChannel.ts';
import { establish, NotApplicable } from '../verdict.ts';
import { GradedDevice } from './gradedDevice.ts';

/**
 * Behaviour of a device that its descriptors do not tell. `loopback`: data written to the first bulk OUT pipe can be read
 * from the first bulk IN pipe. `babbles`: a read from the first bulk IN pipe gives more than was asked for. `writesShort`:
 * the first bulk OUT pipe takes less than it is given. `hangs`: control request {@link HANG_REQUEST} is never answered.
 * `echoesSetup`: see {@link SETUP_ECHO_REQUEST}.
 */
export const TRAITS = ['loopback', 'babbles', 'writesShort', 'hangs', 'echoesSetup'] as const;

/** One of {@link TRAITS}. */
export type Trait = (typeof TRAITS)[number];

/** Vendor request, IN, of devices that are known to never answer it. */
export const HANG_REQUEST = 0x5e;

/**
 * Devices with the trait `echoesSetup` answer every control request with data IN that they do not know by its own setup
 * packet, accept every other, and give the last one that they accepted (setup packet, then data) to this vendor request.
 */
export const SETUP_ECHO_REQUEST = 0x5d;

export interface ClientGradingSettings extends GradingSettings {
  /** Devices that the client redirects, where that is known. */
  readonly devices?: number;
  /** Behaviours of the devices that tests can rely on. */
  readonly traits?: readonly Trait[];
  /** Unplugs the redirected device, where the suite can do that. */
  readonly unplug?: () => void;
}

/** An open control channel. */
export interface ControlSide {
  readonly peer: Peer;
  readonly control: PeerChannel;
}

/** Answers of the client while a channel was opened. */
export interface Opening {
  readonly response: Received<'RIM_EXCHANGE_CAPABILITY_RESPONSE'>;
  readonly created: Received<'CHANNEL_CREATED'>;
}

/** Traits of well-known USB devices, by `idVendor:idProduct`. */
const KNOWN_TRAITS: ReadonlyMap<string, readonly Trait[]> = new Map([
  // The OSR USB-FX2 learning kit returns on its bulk IN what its bulk OUT is given.
  ['0547:1002', ['loopback']],
]);

/** MessageIds of the opening: values that no client would use by chance. */
export const CAPABILITY_MESSAGE_ID = 0x5ca1_ab1e;
export const CREATED_MESSAGE_ID = 0x0ddb_a115;

/** A test of a client: the suite is the server. */
export class ClientGrading extends Grading {
  readonly settings: ClientGradingSettings;

  constructor(settings: ClientGradingSettings, run?: GradingRun) {
    super('server', settings, run);
    this.settings = settings;
  }

  /** Connects and opens the control channel as far as the client may announce devices. */
  async openControl(): Promise<ControlSide> {
    const peer = await this.connect();
    return establish('an open control channel', async () => {
      const control = await peer.openChannel();
      await this.open(control);
      return { peer, control };
    });
  }

  /** The opening handshake of any URBDRC channel, with the release for which some clients wait. */
  async open(channel: PeerChannel): Promise<Opening> {
    const start = this.clock.now();
    sendCapabilityRequest(channel);
    const response = await channel.expect('RIM_EXCHANGE_CAPABILITY_RESPONSE', undefined, this.openingTimeout);
    sendCreated(channel);
    const created = await channel.expect('CHANNEL_CREATED', undefined, this.openingTimeout);
    this.opened(this.clock.now() - start);
    release(channel, InterfaceId.CHANNEL_NOTIFICATION_SERVER);
    return { response, created };
  }

  /** Opens a channel for a device that the client asked for, up to ADD_DEVICE. */
  async openDevice({ peer }: ControlSide): Promise<GradedDevice> {
    return establish('a device channel with ADD_DEVICE', async () => {
      const channel = await peer.openChannel();
      await this.open(channel);
      const announcement = await channel.expect('ADD_DEVICE');
      return new GradedDevice(channel, announcement, this.timeout);
    });
  }

  /** The next device that the client asks a channel for. @throws NotApplicable when there is none */
  async nextDevice(side: ControlSide, within: number = this.timeout): Promise<GradedDevice> {
    const asked = await this.changes.until(() => {
      const waits = side.control.waiting.some(({ message }) => message.name === 'ADD_VIRTUAL_CHANNEL');
      return waits || !side.control.isOpen ? true : undefined;
    }, within);
    if (asked === undefined) throw new NotApplicable('the client redirects no device');
    await side.control.expect('ADD_VIRTUAL_CHANNEL');
    return this.openDevice(side);
  }

  /** The first device, registered. @throws NotApplicable when there is none */
  async firstDevice(): Promise<{ readonly side: ControlSide; readonly device: GradedDevice }> {
    const side = await this.openControl();
    const device = await this.nextDevice(side);
    device.register();
    return { side, device };
  }

  /** Every device that the client asks a channel for, registered. @throws NotApplicable when there is none */
  async allDevices(side: ControlSide): Promise<GradedDevice[]> {
    const devices = [await this.nextDevice(side)];
    const asks = () => side.control.waiting.find(({ message }) => message.name === 'ADD_VIRTUAL_CHANNEL');
    while ((await this.changes.until(asks, this.quiet)) !== undefined) devices.push(await this.nextDevice(side));
    for (const device of devices) device.register();
    return devices;
  }

  /**
   * The first device in which `find` finds something, with what it found.
   * @throws NotApplicable with `needed` when there is none
   */
  async deviceWith<T>(
    needed: string,
    find: (device: GradedDevice) => Promise<T | undefined>,
  ): Promise<{ readonly side: ControlSide; readonly device: GradedDevice; readonly found: T }> {
    const side = await this.openControl();
    for (let isFirst = true; ; isFirst = false) {
      const device = await this.nextDevice(side, isFirst ? this.timeout : this.quiet).catch((error: unknown) => {
        if (error instanceof NotApplicable && !isFirst) throw new NotApplicable(needed);
        throw error;
      });
      device.register();
      const found = await find(device);
      if (found !== undefined) return { side, device, found };
    }
  }

  /** Whether a device has a trait, by the settings or because it is a well-known one. */
  async hasTrait(device: GradedDevice, trait: Trait): Promise<boolean> {
    if (this.settings.traits?.includes(trait) === true) return true;
    const { idVendor, idProduct } = (await device.facts()).device;
    return KNOWN_TRAITS.get(`${hex(idVendor)}:${hex(idProduct)}`)?.includes(trait) === true;
  }
}

export function sendCapabilityRequest(channel: PeerChannel): void {
  channel.send({
    name: 'RIM_EXCHANGE_CAPABILITY_REQUEST',
    interfaceId: InterfaceId.CAPABILITIES,
    messageId: CAPABILITY_MESSAGE_ID,
    capabilityValue: RIM_CAPABILITY_VERSION_01,
  });
}

export function sendCreated(
  channel: PeerChannel,
  version: Partial<typeof CHANNEL_CREATED_VERSION> | { majorVersion: number } = {},
): void {
  channel.send({
    name: 'CHANNEL_CREATED',
    interfaceId: InterfaceId.CHANNEL_NOTIFICATION_SERVER,
    messageId: CREATED_MESSAGE_ID,
    ...CHANNEL_CREATED_VERSION,
    ...version,
  });
}

/** RIMCALL_RELEASE of an interface. */
export function release(channel: PeerChannel, interfaceId: number): void {
  const mask = interfaceId === InterfaceId.CAPABILITIES ? 'STREAM_ID_NONE' : 'STREAM_ID_PROXY';
  channel.send({ name: 'RIMCALL_RELEASE', interfaceId, mask, messageId: 0 });
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}
