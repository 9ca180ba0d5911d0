import { type EndpointSetting, packetSizeOf } from '../../../codecs/usb/configurationDescriptor.ts';
import type { UsbResult, UsbStatus } from '../../ports/usb.ts';
import { resultOf } from '../results.ts';

/**
 * The result of a read that the host has not asked for yet. The host may fetch it in several smaller reads: each gets what
 * it would have got from the device.
 */
export class HeldData {
  readonly status: UsbStatus;
  readonly #data: Uint8Array;
  readonly #release: (() => void) | undefined;
  readonly #asked: number;
  readonly #packetSize: number;
  #offset = 0;
  #isOver = false;

  /** @param asked - bytes that the read was for */
  constructor({ status, data, release }: UsbResult, asked: number, endpoint: EndpointSetting) {
    this.status = status;
    this.#data = data;
    this.#release = release;
    this.#asked = asked;
    this.#packetSize = Math.max(1, packetSizeOf(endpoint));
  }

  /** Nothing is left, also no end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  take(length: number): UsbResult {
    const left = this.#data.byteLength - this.#offset;
    const isRest = length >= this.#asked - this.#offset;
    const hasFailed = this.status !== 'completed';
    // A packet that does not fit is lost, [USB 2.0] 5.8.3.
    const doesNotFit = left > length && length % this.#packetSize !== 0;
    const data = this.#data.subarray(this.#offset, this.#offset + length);
    this.#offset += data.byteLength;
    if (doesNotFit) return this.#last('overflowed', data);
    if (hasFailed && (isRest || left < length)) return this.#last(this.status, data);
    // An empty packet ends what ended with a full one, and is a read of its own.
    const endsShort = this.#data.byteLength % this.#packetSize !== 0 && this.#offset === this.#data.byteLength;
    this.#isOver = !hasFailed && (left < length || endsShort || this.#offset >= this.#asked);
    const result = resultOf('completed', data);
    // A piece has no memory of its own.
    const isAll = data.byteLength === this.#data.byteLength && this.#release !== undefined;
    return isAll ? { release: this.#release, ...result } : result;
  }

  #last(status: UsbStatus, data: Uint8Array): UsbResult {
    this.#isOver = true;
    return resultOf(status, data);
  }
}
