import { DecodeError } from '../../../codecs/core/errors.ts';
import { decodeClientMessage, decodeServerMessage } from '../../../codecs/urbdrc/decode.ts';
import type { DeviceAnnouncement } from '../../urbdrc/session/client/deviceChannel.ts';
import type { Direction } from '../captureLine.ts';
import type { CaptureRecord, RecordedSession } from '../readCapture.ts';
import type { MessageRecord } from './channelReplay.ts';
import { ClientControlReplay, ClientDeviceReplay } from './clientReplay.ts';
import { ReplayJournal, type ReplayReport } from './replayReport.ts';
import { ServerControlReplay, ServerDeviceReplay } from './serverReplay.ts';

type Channel = ServerControlReplay | ServerDeviceReplay | ClientControlReplay | ClientDeviceReplay;

/** A device for channels on which none was announced. */
const NO_DEVICE: DeviceAnnouncement = {
  addDevice: {
    usbDevice: 5,
    deviceInstanceId: '',
    hardwareIds: [],
    compatibilityIds: [],
    containerId: '',
    usbDeviceCapabilities: {
      usbBusInterfaceVersion: 2,
      usbdiVersion: 0x600,
      supportedUsbVersion: 0x200,
      hcdCapabilities: 0,
      deviceIsHighSpeed: 1,
      noAckIsochWriteJitterBufferSizeInMs: 0,
    },
  },
  description: '',
  locationInformation: '',
};

/**
 * Plays one side of a recorded session to our engine, which has the other, `role`: the recorded peer's messages in
 * their order and at their time, on a clock of its own. Gives the same report for the same capture on every machine.
 * Never throws for what a capture holds.
 */
export function replaySession(session: RecordedSession, role: 'client' | 'server'): ReplayReport {
  return new SessionReplay(session, role).run();
}

class SessionReplay {
  readonly #records: readonly CaptureRecord[];
  readonly #role: 'client' | 'server';
  readonly #journal: ReplayJournal;
  readonly #channels = new Map<number, Channel>();
  readonly #finished: Channel[] = [];
  #hasControlChannel = false;

  constructor({ records }: RecordedSession, role: 'client' | 'server') {
    this.#records = records;
    this.#role = role;
    this.#journal = new ReplayJournal(role);
  }

  run(): ReplayReport {
    this.#records.forEach((record, position) => {
      for (const channel of this.#channels.values()) channel.passTime(record.line, record.t);
      if (record.type === 'message') this.#message(record, position);
      else if (record.channel !== undefined) this.#event(record.event, record.channel, record, position);
    });
    for (const channel of [...this.#finished, ...this.#channels.values()]) channel.finish();
    return this.#journal.report();
  }

  #event(event: string, channel: number, record: CaptureRecord & { readonly type: 'event' }, position: number): void {
    if (event === 'created' && (record.status ?? 0) >= 0) {
      const before = this.#channels.get(channel);
      if (before !== undefined) this.#finished.push(before);
      this.#open(channel, record, position);
    } else if (event === 'close') {
      const closer = record.dir === 'c2s' ? 'client' : 'server';
      this.#channels.get(channel)?.end(`the ${closer} closed the channel at line ${record.line}`);
    }
  }

  #message(record: MessageRecord, position: number): void {
    const channel = this.#channels.get(record.channel) ?? this.#open(record.channel, record, position);
    const isOurs: Record<Direction, boolean> = { c2s: this.#role === 'client', s2c: this.#role === 'server' };
    if (isOurs[record.dir]) {
      channel.expect(record);
    } else {
      if (channel instanceof ClientDeviceReplay) ifReadable(() => channel.noteRegistration(serverMessage(record)));
      channel.give(record);
    }
  }

  /** The first channel of a connection is the control channel, [MS-RDPEUSB] 2.1. */
  #open(id: number, { line, t }: CaptureRecord, position: number): Channel {
    const isControl = !this.#hasControlChannel;
    this.#hasControlChannel = true;
    const channel = this.#newChannel(id, isControl, line, t, position);
    this.#channels.set(id, channel);
    return channel;
  }

  #newChannel(id: number, isControl: boolean, line: number, now: number, position: number): Channel {
    const journal = this.#journal;
    if (this.#role === 'server') {
      return isControl
        ? new ServerControlReplay(id, journal, line, now)
        : new ServerDeviceReplay(id, journal, line, now);
    }
    if (isControl) return new ClientControlReplay(id, journal, line);
    return new ClientDeviceReplay(id, journal, line, this.#announcement(id, position));
  }

  /** The announcement that the recorded client makes later on this channel. */
  #announcement(channel: number, position: number): DeviceAnnouncement {
    const later = this.#records.slice(position);
    for (const record of later) {
      if (record.channel !== channel) continue;
      if (record.type === 'event' && record.event === 'close') break;
      if (record.type !== 'message' || record.dir !== 'c2s') continue;
      const message = ifReadable(() => decodeClientMessage(record.bytes, {}, { lenient: true }));
      if (message?.name === 'ADD_DEVICE') return { ...NO_DEVICE, addDevice: message };
    }
    return NO_DEVICE;
  }
}

function serverMessage({ bytes }: MessageRecord) {
  return decodeServerMessage(bytes, { lenient: true });
}

function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
