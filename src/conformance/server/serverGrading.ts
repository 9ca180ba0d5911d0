import { RIM_CAPABILITY_VERSION_01 } from '../../../codecs/urbdrc/capabilities.ts';
import { CHANNEL_CREATED_VERSION } from '../../../codecs/urbdrc/channelNotification.ts';
import { InterfaceId } from '../../../codecs/urbdrc/header.ts';
import { Grading, type GradingSettings } from '../grading.ts';
import type { GradingRun } from '../gradingRun.ts';
import type { PduLinkOptions } from '../pduLink.ts';
import type { Peer } from '../peer.ts';
import type { PeerChannel, Received } from '../peerChannel.ts';
import { CheckFailure, establish, NotApplicable } from '../verdict.ts';
import { ScriptedDevice, type ScriptedDeviceOptions } from './scriptedDevice.ts';

/** A pending read of the server's program. */
export interface ProgramRead {
  /** Ends the read early. */
  cancel(): void;
  /** Resolves when the read has ended: true if it succeeded. Never rejects. */
  readonly ended: Promise<boolean>;
}

/**
 * A program on the graded server that uses the redirected device, where the suite can drive one. Each call is about the
 * first device of the last connection.
 */
export interface ServerProgram {
  /** Makes requests of every kind that the server can make. */
  exercise(): void;
  /** Writes to the device's bulk OUT pipe, then reads as much from its bulk IN pipe. Rejects when either fails. */
  echo(data: Uint8Array): Promise<Uint8Array>;
  /** Starts a read from the bulk IN pipe, which has no data. */
  read(): ProgramRead;
  /** Asks for the device's description. Rejects when there is none. */
  deviceText(): Promise<string>;
  /** Refuses the device by policy. */
  retract(): void;
}

export interface ServerGradingSettings extends GradingSettings {
  /** Resolves with the server's program of the last connection when it has configured the device. */
  readonly program?: () => Promise<ServerProgram>;
}

/** An open control channel. */
export interface ControlSide {
  readonly peer: Peer;
  readonly control: PeerChannel;
}

/** Fields of the client's answers while a channel is opened. Each has a correct default. */
export interface OpeningAnswers {
  readonly capabilityValue?: number;
  readonly result?: number;
  readonly majorVersion?: number;
}

/** Messages of the server while a channel was opened. */
export interface Opening {
  readonly request: Received<'RIM_EXCHANGE_CAPABILITY_REQUEST'>;
  readonly created: Received<'CHANNEL_CREATED'>;
}

export const PROGRAM_NEEDED = 'nothing here can make the server do it';

/** A test of a server: the suite is the client. */
export class ServerGrading extends Grading {
  readonly settings: ServerGradingSettings;

  constructor(settings: ServerGradingSettings, run?: GradingRun) {
    super('client', settings, run);
    this.settings = settings;
  }

  /** Connects and opens the control channel as far as devices may be announced. */
  async openControl(options: PduLinkOptions = {}): Promise<ControlSide> {
    const peer = await this.connect(options);
    return establish('an open control channel', async () => {
      const control = await peer.expectChannel(this.openingTimeout);
      await this.open(control);
      return { peer, control };
    });
  }

  /** The client's half of the opening handshake of any URBDRC channel. */
  async open(channel: PeerChannel): Promise<Opening> {
    const start = this.clock.now();
    const request = await this.answerCapabilities(channel);
    const created = await channel.expect('CHANNEL_CREATED', undefined, this.openingTimeout);
    this.opened(this.clock.now() - start);
    sendCreated(channel);
    return { request, created };
  }

  /** The first half of the opening, up to the server's CHANNEL_CREATED. */
  async answerCapabilities(
    channel: PeerChannel,
    answers: OpeningAnswers = {},
  ): Promise<Received<'RIM_EXCHANGE_CAPABILITY_REQUEST'>> {
    const request = await channel.expect('RIM_EXCHANGE_CAPABILITY_REQUEST', undefined, this.openingTimeout);
    channel.send({
      name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
      interfaceId: InterfaceId.CAPABILITIES,
      messageId: request.message.messageId,
      capabilityValue: answers.capabilityValue ?? RIM_CAPABILITY_VERSION_01,
      result: answers.result ?? 0,
    });
    return request;
  }

  /** Asks for a channel for one more device, and opens it as far as the device may be announced. */
  async openDeviceChannel({ peer, control }: ControlSide): Promise<PeerChannel> {
    return establish('an open device channel', async () => {
      sendAddVirtualChannel(control);
      const channel = await peer.expectChannel(this.openingTimeout);
      await this.open(channel);
      return channel;
    });
  }

  /** One more device, announced and registered. Its requests are answered unless `options` say otherwise. */
  async addDevice(side: ControlSide, options: ScriptedDeviceOptions = {}): Promise<ScriptedDevice> {
    const channel = await this.openDeviceChannel(side);
    const device = new ScriptedDevice(channel, this.changes, options);
    device.announce();
    device.serve();
    await establish('a device that the server takes', () => device.registered(this.timeout));
    return device;
  }

  /** A device on a connection of its own. */
  async firstDevice(options: ScriptedDeviceOptions = {}): Promise<{ side: ControlSide; device: ScriptedDevice }> {
    const side = await this.openControl();
    return { side, device: await this.addDevice(side, options) };
  }

  /** A device whose first request is not answered yet. The answer makes a server that is alive send the next request. */
  async waitingDevice(
    side: ControlSide,
  ): Promise<{ device: ScriptedDevice; proveAlive: (when: string) => Promise<void> }> {
    const device = await this.addDevice(side, { holds: () => true });
    const first = await device.nextRequest(this.timeout, () => true);
    const proveAlive = async (when: string) => {
      await device.channel.expectStaysOpen(when);
      device.release();
      await device.nextRequest(this.timeout, ({ message }) => message !== first.message, `request ${when}`);
    };
    return { device, proveAlive };
  }

  /** The server's program. @throws NotApplicable with what is needed where the suite has none */
  async program(what: string): Promise<ServerProgram> {
    const { program } = this.settings;
    if (program === undefined) throw new NotApplicable(`${what}: ${PROGRAM_NEEDED}`);
    return this.told(program(), 'the server takes and configures the device');
  }

  /** The value of a promise of the server's program. @throws CheckFailure when it rejects, or nothing comes in time */
  async told<T>(promise: Promise<T>, what: string, within: number = this.timeout): Promise<T> {
    let settled: { readonly value: T } | { readonly error: unknown } | undefined;
    promise.then(
      (value) => {
        settled = { value };
        this.changes.notify();
      },
      (error: unknown) => {
        settled = { error };
        this.changes.notify();
      },
    );
    const end = await this.changes.until(() => settled, within);
    if (end === undefined) throw new CheckFailure(`${what}: the program on the server was told nothing`);
    if ('error' in end) throw new CheckFailure(`${what}: the program on the server was told ${String(end.error)}`);
    return end.value;
  }

  /** A device with which the server has done all that its program, or the server by itself, can do. */
  async exercised(): Promise<{ side: ControlSide; device: ScriptedDevice }> {
    const both = await this.firstDevice();
    if (this.settings.program !== undefined) {
      const program = await this.program('requests of every kind').catch((error: unknown) => {
        // A request that could not be read is the better explanation.
        throw both.device.failure ?? error;
      });
      program.exercise();
    }
    await both.device.idle(this.quiet);
    if (both.device.requests.length === 0) throw new NotApplicable('the server made no request of the device');
    return both;
  }
}

export function sendCreated(channel: PeerChannel, majorVersion: number = CHANNEL_CREATED_VERSION.majorVersion): void {
  channel.send({
    name: 'CHANNEL_CREATED',
    interfaceId: InterfaceId.CHANNEL_NOTIFICATION_CLIENT,
    messageId: 0,
    ...CHANNEL_CREATED_VERSION,
    majorVersion,
  });
}

export function sendAddVirtualChannel(channel: PeerChannel): void {
  channel.send({ name: 'ADD_VIRTUAL_CHANNEL', interfaceId: InterfaceId.DEVICE_SINK, messageId: 0 });
}
