import { bytesPerInterval, packetSizeOf } from '../../../codecs/usb/configurationDescriptor.ts';
import type { UsbredirId } from '../../../codecs/usbredir/header.ts';
import { UsbredirStatus } from '../../../codecs/usbredir/transfers.ts';
import type { StartBulkReceiving, StartIsoStream } from '../../../codecs/usbredir/streams.ts';
import type { UsbDevice, UsbResult } from '../../ports/usb.ts';
import type { ActiveConfiguration } from '../../usb/activeConfiguration.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { usbredirStatusOf } from '../../usbredir/status.ts';
import type { LinkPacket } from '../../usbredir/usbredirLink.ts';
import type { GuestLine } from './hostedDevice.ts';
import { InStream } from './inStream.ts';
import { IsochronousOutStream } from './isochronousOutStream.ts';

const DIRECTION_IN = 0x80;
/** Transfers of interrupt endpoints that are at the device at a time, as usbredir's own host has it. */
const INTERRUPT_TRANSFERS = 5;
/** Of an isochronous stream, as usbredir's own host has them. */
const MAXIMUM_PACKETS = 32;
const MAXIMUM_TRANSFERS = 16;
/** Bytes of all transfers of one bulk stream. */
const MAXIMUM_BULK_BYTES = 16 * 1024 * 1024;
/** Bytes that the guest has not taken, from which on interrupt and bulk endpoints are not read. */
const HELD_BACK = 256 * 1024;
/** Times the bytes that an isochronous stream has at the device: from there on its packets are dropped, and until there. */
const DROP_FROM = 3;
const DROP_UNTIL = 1 / 2;

/** What a stream is, to tell the guest that it has ended. */
type Kind = 'isochronous' | 'interrupt' | 'bulk';

interface Stream {
  readonly kind: Kind;
  readonly interfaceNumber: number | undefined;
  refill(): void;
  stop(): void;
  /** Isochronous OUT alone. */
  write?(packet: Uint8Array): void;
}

/** Packets about streams. */
export type StreamPacket = Extract<
  LinkPacket,
  {
    name:
      | 'usb_redir_start_iso_stream'
      | 'usb_redir_stop_iso_stream'
      | 'usb_redir_start_interrupt_receiving'
      | 'usb_redir_stop_interrupt_receiving'
      | 'usb_redir_start_bulk_receiving'
      | 'usb_redir_stop_bulk_receiving'
      | 'usb_redir_iso_packet';
  }
>;

/**
 * The streams of a device that a guest has: endpoints that are read, or written, from a start to a stop. Data of interrupt
 * and bulk endpoints is never dropped: they are not read while the guest takes nothing.
 */
export class GuestStreams {
  readonly #device: UsbDevice;
  readonly #active: ActiveConfiguration;
  readonly #line: GuestLine;
  /** By bEndpointAddress. */
  readonly #streams = new Map<number, Stream>();

  constructor(device: UsbDevice, active: ActiveConfiguration, line: GuestLine) {
    this.#device = device;
    this.#active = active;
    this.#line = line;
  }

  /** Starts or stops a stream, or writes to one. */
  execute(packet: StreamPacket): void {
    const { endpoint } = packet;
    switch (packet.name) {
      case 'usb_redir_start_iso_stream':
        this.#status(
          'isochronous',
          endpoint,
          this.#start(endpoint, () => this.#isochronous(packet)),
          packet,
        );
        return;
      case 'usb_redir_start_interrupt_receiving':
        this.#status(
          'interrupt',
          endpoint,
          this.#start(endpoint, () => this.#interrupt(endpoint)),
          packet,
        );
        return;
      case 'usb_redir_start_bulk_receiving':
        this.#status(
          'bulk',
          endpoint,
          this.#start(endpoint, () => this.#bulk(packet)),
          packet,
        );
        return;
      case 'usb_redir_stop_iso_stream':
        this.#status('isochronous', endpoint, this.#stop(endpoint), packet);
        return;
      case 'usb_redir_stop_interrupt_receiving':
        this.#status('interrupt', endpoint, this.#stop(endpoint), packet);
        return;
      case 'usb_redir_stop_bulk_receiving':
        this.#status('bulk', endpoint, this.#stop(endpoint), packet);
        return;
      case 'usb_redir_iso_packet':
        this.#streams.get(endpoint)?.write?.(packet.data);
        return;
    }
  }

  /** Goes on after the guest has taken something. */
  refill(): void {
    for (const stream of [...this.#streams.values()]) stream.refill();
  }

  /** Ends the streams of an interface, or all, because the device changes, and tells the guest. */
  breakAll(interfaceNumber?: number): void {
    for (const [endpoint, stream] of [...this.#streams]) {
      if (interfaceNumber !== undefined && stream.interfaceNumber !== interfaceNumber) continue;
      stream.stop();
      this.#ended(stream.kind, endpoint);
    }
  }

  /** Ends all and says nothing. */
  stopAll(): void {
    for (const stream of this.#streams.values()) stream.stop();
    this.#streams.clear();
  }

  #start(endpoint: number, make: () => Stream | undefined): number {
    if (this.#streams.has(endpoint)) return UsbredirStatus.inval;
    const stream = make();
    if (stream === undefined) return UsbredirStatus.stall;
    this.#streams.set(endpoint, stream);
    // After the answer to the start.
    queueMicrotask(() => stream.refill());
    return UsbredirStatus.success;
  }

  #stop(endpoint: number): number {
    this.#streams.get(endpoint)?.stop();
    this.#streams.delete(endpoint);
    return UsbredirStatus.success;
  }

  #ended(kind: Kind, endpoint: number): void {
    this.#streams.delete(endpoint);
    this.#status(kind, endpoint, UsbredirStatus.stall, this.#line.link.numbered(0));
  }

  #status(kind: Kind, endpoint: number, status: number, { id, idHigh }: UsbredirId): void {
    const ids = idHigh === undefined ? { id } : { id, idHigh };
    switch (kind) {
      case 'isochronous':
        this.#line.send({ name: 'usb_redir_iso_stream_status', ...ids, status, endpoint });
        return;
      case 'interrupt':
        this.#line.send({ name: 'usb_redir_interrupt_receiving_status', ...ids, status, endpoint });
        return;
      case 'bulk':
        this.#line.send({ name: 'usb_redir_bulk_receiving_status', ...ids, streamId: 0, endpoint, status });
        return;
    }
  }

  #interrupt(endpoint: number): Stream | undefined {
    const setting = this.#active.endpoint(endpoint);
    if (setting?.transferType !== 'interrupt' || (endpoint & DIRECTION_IN) === 0) return undefined;
    const length = bytesPerInterval(setting);
    return this.#reading('interrupt', endpoint, length, INTERRUPT_TRANSFERS, (id, { data, status }) => {
      const fields = { endpoint, status: usbredirStatusOf(status), length: data.byteLength, data };
      this.#line.send({ name: 'usb_redir_interrupt_packet', ...this.#line.link.numbered(id), ...fields });
    });
  }

  #bulk({ endpoint, streamId, bytesPerTransfer, noTransfers }: StartBulkReceiving): Stream | undefined {
    const setting = this.#active.endpoint(endpoint);
    if (setting?.transferType !== 'bulk' || (endpoint & DIRECTION_IN) === 0 || streamId !== 0) return undefined;
    const isWhole = bytesPerTransfer > 0 && bytesPerTransfer % Math.max(packetSizeOf(setting), 1) === 0;
    if (!isWhole || noTransfers === 0 || bytesPerTransfer * noTransfers > MAXIMUM_BULK_BYTES) return undefined;
    return this.#reading('bulk', endpoint, bytesPerTransfer, noTransfers, (id, { data, status }) => {
      const fields = { endpoint, status: usbredirStatusOf(status), length: data.byteLength, data };
      const ids = this.#line.link.numbered(id);
      this.#line.send({ name: 'usb_redir_buffered_bulk_packet', ...ids, streamId, ...fields });
    });
  }

  #reading(
    kind: Kind,
    endpoint: number,
    length: number,
    count: number,
    deliver: (id: number, result: UsbResult) => void,
  ): Stream {
    let id = 0;
    const stream = new InStream({
      device: this.#device,
      operation: { type: 'transferIn', endpointAddress: endpoint, length },
      count,
      isHeldBack: () => this.#line.backlog() > HELD_BACK,
      deliver: (result) => deliver(id++ >>> 0, result),
      restarted: () => (id = 0),
      ended: () => this.#ended(kind, endpoint),
    });
    return { ...this.#facts(kind, endpoint), refill: () => stream.refill(), stop: () => stream.stop() };
  }

  #facts(kind: Kind, endpoint: number): Pick<Stream, 'kind' | 'interfaceNumber'> {
    const owner = this.#active.settings.find(({ endpoints }) =>
      endpoints.some(({ endpointAddress }) => endpointAddress === endpoint),
    );
    return { kind, interfaceNumber: owner?.interfaceNumber };
  }

  #isochronous({ endpoint, pktsPerUrb, noUrbs }: StartIsoStream): Stream | undefined {
    const setting = this.#active.endpoint(endpoint);
    if (setting?.transferType !== 'isochronous') return undefined;
    if (pktsPerUrb < 1 || pktsPerUrb > MAXIMUM_PACKETS || noUrbs < 1 || noUrbs > MAXIMUM_TRANSFERS) return undefined;
    const facts = this.#facts('isochronous', endpoint);
    if ((endpoint & DIRECTION_IN) === 0) {
      const out = new IsochronousOutStream({
        device: this.#device,
        endpointAddress: endpoint,
        packetsPerTransfer: pktsPerUrb,
        transfers: noUrbs,
        failed: (status) =>
          this.#status('isochronous', endpoint, usbredirStatusOf(status), this.#line.link.numbered(0)),
        dropped: (packets) => this.#line.dropped(endpoint, packets),
      });
      const longest = bytesPerInterval(setting);
      const write = (packet: Uint8Array) => {
        if (packet.byteLength <= longest) out.write(packet);
        else this.#status('isochronous', endpoint, UsbredirStatus.inval, this.#line.link.numbered(0));
      };
      return { ...facts, refill: () => {}, stop: () => out.stop(), write };
    }
    const packetLengths = Array.from({ length: pktsPerUrb }, () => bytesPerInterval(setting));
    const valve = new Valve(this.#line, endpoint, pktsPerUrb * noUrbs * bytesPerInterval(setting));
    let id = 0;
    const stream = new InStream({
      device: this.#device,
      operation: { type: 'isochronousIn', endpointAddress: endpoint, packetLengths, startFrame: undefined },
      count: noUrbs,
      isHeldBack: () => false,
      deliver: (result) => (id = this.#deliverPackets(endpoint, id, result, valve)),
      restarted: () => (id = 0),
      ended: () => this.#ended('isochronous', endpoint),
    });
    return { ...facts, refill: () => stream.refill(), stop: () => stream.stop() };
  }

  /** Returns the number of the next packet. A transfer that failed as a whole is one bad packet. */
  #deliverPackets(endpoint: number, first: number, { status, packets, data }: UsbResult, valve: Valve): number {
    const all = status === 'completed' ? (packets ?? []) : [{ status, length: 0 }];
    let offset = 0;
    let id = first;
    for (const packet of all) {
      const end = packet.status === 'completed' ? offset + packet.length : offset;
      const bytes = packet.status === 'completed' ? data.subarray(offset, end) : NO_BYTES;
      offset = end;
      if (valve.isOpen()) {
        const fields = { endpoint, status: usbredirStatusOf(packet.status), length: bytes.byteLength, data: bytes };
        this.#line.send({ name: 'usb_redir_iso_packet', ...this.#line.link.numbered(id), ...fields });
      }
      id = (id + 1) >>> 0;
    }
    return id;
  }
}

/** Drops packets that come too late anyway: from so many unsent bytes on, until there are few. */
class Valve {
  readonly #line: GuestLine;
  readonly #endpoint: number;
  readonly #bytes: number;
  #dropped = 0;

  constructor(line: GuestLine, endpoint: number, bytes: number) {
    this.#line = line;
    this.#endpoint = endpoint;
    this.#bytes = bytes;
  }

  /** Whether the next packet is sent. Those that were not are told when one is again. */
  isOpen(): boolean {
    const isShut = this.#dropped > 0;
    if (this.#line.backlog() >= (isShut ? DROP_UNTIL : DROP_FROM) * this.#bytes) {
      this.#dropped += 1;
      return false;
    }
    if (isShut) this.#line.dropped(this.#endpoint, this.#dropped);
    this.#dropped = 0;
    return true;
  }
}
