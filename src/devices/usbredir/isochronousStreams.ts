import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbSpeed } from '../../ports/usb.ts';

/** Milliseconds of packets that are under way at the host: what usbredir's guests ask for. */
const TARGET = 60;
/** Milliseconds by which packets may be sent ahead of the device; the host keeps twice the target. */
const LEAD = 80;
const MAXIMUM_PACKETS = 32;
const MAXIMUM_URBS = 16;
const LARGEST_EXPONENT = 15;

/** How a host is to stream. */
export interface StreamShape {
  readonly pktsPerUrb: number;
  readonly noUrbs: number;
}

/** Milliseconds from packet to packet, [USB 2.0] 9.6.6. */
export function packetPeriod({ interval }: EndpointSetting, speed: UsbSpeed): number {
  const frame = speed === 'full' || speed === 'low' ? 1 : 0.125;
  return frame * 2 ** Math.min(Math.max(interval - 1, 0), LARGEST_EXPONENT);
}

/** So many packets that the device always has some to go on with. */
export function streamShape(endpoint: EndpointSetting, speed: UsbSpeed): StreamShape {
  const period = packetPeriod(endpoint, speed);
  const isOut = endpoint.endpointAddress < 0x80;
  const pktsPerUrb = Math.min(Math.max(Math.round(10 / period), 1), MAXIMUM_PACKETS);
  const wanted = Math.ceil((isOut ? 2 : 1) * (TARGET / (period * pktsPerUrb)));
  return { pktsPerUrb, noUrbs: Math.min(Math.max(wanted, 1), MAXIMUM_URBS) };
}

/**
 * The pace of packets to a device: the host does not answer them, and throws them away when they come faster than the device
 * takes them. So a transfer counts as done when the device should have most of it.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #period: number;
  /** When the device will have taken all that was sent. */
  #taken = 0;

  constructor(clock: Clock, period: number) {
    this.#clock = clock;
    this.#period = period;
  }

  /** So many packets are sent. Returns the milliseconds until more may be. */
  sent(packets: number): number {
    const now = this.#clock.now();
    this.#taken = Math.max(this.#taken, now) + packets * this.#period;
    return Math.max(0, this.#taken - LEAD - now);
  }
}
