import { UsbredirStatus } from '../../../codecs/usbredir/transfers.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import type { IsochronousPacketResult, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, resultOf } from '../../usb/results.ts';
import { usbStatusOfUsbredir } from '../../usbredir/status.ts';

/** A packet that the host has received from the device. */
export interface ReceivedPacket {
  /** One of {@link UsbredirStatus}. */
  readonly status: number;
  readonly data: Uint8Array;
}

/** Packets, and bytes of them, that are kept while nobody reads; beyond that the oldest are dropped: newer ones matter more. */
const MAXIMUM_PACKETS = 1024;
const MAXIMUM_BYTES = 4 * 1024 * 1024;

/** A read that waits for packets. */
interface Read {
  /** Packets that it takes; undefined: until a short one, or `length` bytes. */
  readonly packetLengths: readonly number[] | undefined;
  readonly length: number;
  readonly complete: Complete;
  readonly parts: Uint8Array[];
  readonly packets: IsochronousPacketResult[];
}

/**
 * What the host receives by itself from a periodic endpoint, interrupt or isochronous: packets and reads, each in order.
 * Sans I/O.
 */
export class Receiving {
  readonly #packetSize: number;
  readonly #packets: ReceivedPacket[] = [];
  #bytes = 0;
  readonly #reads: Read[] = [];

  /** @param packetSize - bytes of the endpoint's packets: a shorter one ends an interrupt transfer */
  constructor(packetSize: number) {
    this.#packetSize = packetSize;
  }

  /** @param packetLengths - of an isochronous read; undefined for an interrupt transfer */
  read(length: number, packetLengths: readonly number[] | undefined, complete: Complete): UsbTransfer {
    const read: Read = { packetLengths, length, complete, parts: [], packets: [] };
    this.#reads.push(read);
    this.#deliver();
    return {
      cancel: () => {
        const index = this.#reads.indexOf(read);
        if (index >= 0) this.#end(read, 'cancelled');
      },
    };
  }

  received(packet: ReceivedPacket): void {
    // What is kept must not hold the whole chunk of the connection that it came in.
    const data = this.#reads.length > 0 ? packet.data : new Uint8Array(packet.data);
    this.#packets.push({ status: packet.status, data });
    this.#bytes += data.byteLength;
    this.#deliver();
    while (this.#packets.length > MAXIMUM_PACKETS || this.#bytes > MAXIMUM_BYTES) this.#shift();
  }

  /** Ends all reads, and forgets what was received. */
  end(status: 'cancelled' | 'disconnected' | 'stalled' | 'failed'): void {
    this.#packets.length = 0;
    this.#bytes = 0;
    for (const read of [...this.#reads]) this.#end(read, status);
  }

  #deliver(): void {
    for (let [read, packet] = this.#next(); read !== undefined && packet !== undefined; [read, packet] = this.#next()) {
      this.#shift();
      if (read.packetLengths === undefined) this.#takeInterrupt(read, packet);
      else this.#takeIsochronous(read, packet, read.packetLengths);
    }
  }

  #shift(): void {
    this.#bytes -= this.#packets.shift()?.data.byteLength ?? 0;
  }

  #next(): [Read | undefined, ReceivedPacket | undefined] {
    return [this.#reads[0], this.#packets[0]];
  }

  #takeInterrupt(read: Read, { status, data }: ReceivedPacket): void {
    const moved = read.parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const room = read.length - moved;
    read.parts.push(data.subarray(0, room));
    if (status !== UsbredirStatus.success) this.#end(read, usbStatusOfUsbredir(status));
    else if (data.byteLength > room) this.#end(read, 'overflowed');
    else if (data.byteLength < this.#packetSize || data.byteLength === room) this.#end(read, 'completed');
  }

  #takeIsochronous(read: Read, { status, data }: ReceivedPacket, packetLengths: readonly number[]): void {
    const room = packetLengths[read.packets.length] ?? 0;
    const isGood = status === UsbredirStatus.success && data.byteLength <= room;
    if (isGood) read.parts.push(data);
    const bad = status === UsbredirStatus.success ? 'overflowed' : usbStatusOfUsbredir(status);
    read.packets.push(isGood ? { status: 'completed', length: data.byteLength } : { status: bad, length: 0 });
    if (read.packets.length === packetLengths.length) this.#end(read, 'completed');
  }

  #end(read: Read, status: Parameters<typeof resultOf>[0]): void {
    this.#reads.splice(this.#reads.indexOf(read), 1);
    const [only] = read.parts;
    const data = read.parts.length === 1 && only !== undefined ? only : joinParts(read.parts);
    const result = resultOf(status, data);
    if (read.packetLengths === undefined) {
      read.complete(result);
      return;
    }
    const missing = read.packetLengths.slice(read.packets.length).map(() => ({ status, length: 0 }));
    read.complete({ ...result, packets: [...read.packets, ...missing] });
  }
}
