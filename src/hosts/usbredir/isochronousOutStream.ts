import { joinParts } from '../../../codecs/core/parts.ts';
import type { UsbDevice, UsbStatus, UsbTransfer } from '../../ports/usb.ts';

/** @see {@link IsochronousOutStream} */
export interface IsochronousOutOptions {
  readonly device: UsbDevice;
  readonly endpointAddress: number;
  /** Packets of one transfer. */
  readonly packetsPerTransfer: number;
  /** Transfers at the device at a time. */
  readonly transfers: number;
  /** A transfer, or packets of it, failed. Packets have no answer of their own. */
  readonly failed: (status: UsbStatus) => void;
  /** So many packets were thrown away: the guest sends faster than the device plays. */
  readonly dropped: (packets: number) => void;
}

/**
 * Writes the packets of a guest at the pace of the device, as usbredir's own host does it: the first transfer begins when
 * half of the packets that there is room for have come, so that the device does not run dry at once. When all transfers are
 * at the device and the next is full, half of that number is dropped; when none is there any more, it fills anew.
 */
export class IsochronousOutStream {
  readonly #options: IsochronousOutOptions;
  readonly #transfers = new Set<UsbTransfer>();
  #packets: Uint8Array[] = [];
  #inFlight = 0;
  #dropping = 0;
  #isFilling = true;
  #isOver = false;

  constructor(options: IsochronousOutOptions) {
    this.#options = options;
  }

  /** Takes a packet; it must not change afterwards. */
  write(packet: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#dropping > 0) {
      this.#dropping -= 1;
      return;
    }
    const { packetsPerTransfer, transfers } = this.#options;
    if (this.#packets.length >= (transfers - this.#inFlight) * packetsPerTransfer) {
      const half = this.#half;
      // This one is the first of them.
      this.#dropping = half - 1;
      this.#options.dropped(half);
      return;
    }
    this.#packets.push(packet);
    if (this.#isFilling && this.#packets.length < half(packetsPerTransfer, transfers)) return;
    this.#isFilling = false;
    this.#submitFull();
  }

  /** Ends it: what is at the device is cancelled. */
  stop(): void {
    this.#isOver = true;
    this.#packets = [];
    for (const transfer of [...this.#transfers]) transfer.cancel();
  }

  get #half(): number {
    const { packetsPerTransfer, transfers } = this.#options;
    return half(packetsPerTransfer, transfers);
  }

  #submitFull(): void {
    const { packetsPerTransfer } = this.#options;
    while (!this.#isOver && this.#packets.length >= packetsPerTransfer) {
      this.#submit(this.#packets.splice(0, packetsPerTransfer));
    }
  }

  #submit(packets: readonly Uint8Array[]): void {
    const { device, endpointAddress } = this.#options;
    this.#inFlight += 1;
    const begun: { transfer?: UsbTransfer; isOver: boolean } = { isOver: false };
    const transfer = device.submit(
      {
        type: 'isochronousOut',
        endpointAddress,
        data: joinParts(packets),
        packetLengths: packets.map(({ byteLength }) => byteLength),
        startFrame: undefined,
      },
      (result) => {
        begun.isOver = true;
        if (begun.transfer !== undefined) this.#transfers.delete(begun.transfer);
        this.#inFlight -= 1;
        if (this.#isOver) return;
        const bad = [result, ...(result.packets ?? [])].find(({ status }) => status !== 'completed');
        if (bad !== undefined) this.#options.failed(bad.status);
        if (this.#inFlight === 0 && this.#packets.length < this.#half) this.#isFilling = true;
      },
    );
    if (begun.isOver) return;
    begun.transfer = transfer;
    this.#transfers.add(transfer);
  }
}

function half(packetsPerTransfer: number, transfers: number): number {
  return Math.max(1, Math.floor((packetsPerTransfer * transfers) / 2));
}
