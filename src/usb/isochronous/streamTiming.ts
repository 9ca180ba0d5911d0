import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbSpeed } from '../../ports/usb.ts';

/** Milliseconds of a microframe, [USB 2.0] 5.11. */
const MICROFRAME = 0.125;
/** Milliseconds of one transfer of our own: short enough to be in time, long enough to be few. */
const TRANSFER_TIME = 4;
/** Packets of a transfer that Linux takes in one piece. */
const MAXIMUM_PACKETS = 128;

/**
 * Milliseconds that streams of a redirected device keep unless somebody asks for other. A client announces so much as its
 * jitter buffer, [MS-RDPEUSB] 2.2.11, of which 10 to 512 are allowed, for devices that have isochronous endpoints.
 */
export const DEFAULT_STREAM_TARGET = 50;

/** What all streams of a device have in common. */
export interface StreamOptions {
  /** Time for requests that wait, and for the number of the frame in results. */
  readonly clock: Clock;
  /** Milliseconds that are kept to outlast delays of the network. Twice that is the most; 0: nothing is kept. */
  readonly target: number;
  /** Packets were lost, because one end was slower than the other for longer than `target`, or they were late. */
  readonly lost: (loss: StreamLoss) => void;
}

/** Why packets of a stream were dropped. */
export interface StreamLoss {
  /** bEndpointAddress. */
  readonly endpointAddress: number;
  /** `overrun`: the receiver takes less than comes. `underrun`: the sender gives less than is taken. */
  readonly reason: 'overrun' | 'underrun';
  /** Packets: dropped ones, or those in whose place there were none. */
  readonly packets: number;
}

/** Milliseconds from packet to packet of an isochronous endpoint, [USB 2.0] table 9-13. */
export function packetPeriod(speed: UsbSpeed, { interval }: Pick<EndpointSetting, 'interval'>): number {
  const isFull = speed === 'low' || speed === 'full';
  return 2 ** Math.min(Math.max(interval - 1, 0), 15) * (isFull ? 1 : MICROFRAME);
}

/** Packets in this time, at least one. */
export function packetsIn(milliseconds: number, period: number): number {
  return Math.max(1, Math.round(milliseconds / period));
}

/** Packets of one transfer of our own. */
export function packetsPerTransfer(period: number): number {
  return Math.min(packetsIn(TRANSFER_TIME, period), MAXIMUM_PACKETS);
}
