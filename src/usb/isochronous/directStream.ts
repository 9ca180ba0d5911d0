import type { Clock } from '../../ports/clock.ts';
import type { UsbDevice, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, completeAtOnce, resultOf } from '../results.ts';
import { frameAt, FrameTimeline } from './frameTimeline.ts';
import type { IsochronousIn } from './inStream.ts';
import type { IsochronousOut } from './outStream.ts';

/** A request that waits for its frame. */
interface Held {
  readonly operation: IsochronousIn | IsochronousOut;
  /** Milliseconds of the clock. */
  readonly start: number;
  /** The device must not have it before. */
  readonly at: number | undefined;
  readonly complete: Complete;
  /** Once the device has it. */
  transfer: UsbTransfer | undefined;
}

/**
 * An isochronous endpoint without a buffer: a transfer is given to the device as it comes, but not before its frame, and says
 * in which frame it was.
 */
export class DirectStream {
  readonly #device: UsbDevice;
  readonly #clock: Clock;
  readonly #period: number;
  readonly #timeline = new FrameTimeline();
  readonly #held: Held[] = [];
  #stopTimer: (() => void) | undefined;

  /** @param period - milliseconds from packet to packet */
  constructor(device: UsbDevice, period: number, clock: Clock) {
    this.#device = device;
    this.#period = period;
    this.#clock = clock;
  }

  submit(operation: IsochronousIn | IsochronousOut, complete: Complete): UsbTransfer {
    const duration = operation.packetLengths.length * this.#period;
    const place = this.#timeline.place(operation.startFrame, this.#clock.now(), duration);
    if (place === undefined) return completeAtOnce('badStartFrame', complete);
    const { start, isApart } = place;
    const held: Held = { operation, start, at: isApart ? start : undefined, complete, transfer: undefined };
    this.#held.push(held);
    this.#pass();
    return { cancel: () => this.#cancel(held) };
  }

  /** Ends what waits for its frame; the device ends what it has. */
  end(status: UsbStatus): void {
    this.#timeline.restart();
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    for (const { complete } of this.#held.splice(0)) complete(resultOf(status));
  }

  #pass(): void {
    if (this.#stopTimer !== undefined) return;
    for (let [first] = this.#held; first !== undefined; [first] = this.#held) {
      const now = this.#clock.now();
      // As soon as possible is the next frame.
      const wait = (first.at ?? now) - 1 - now;
      if (wait > 0) {
        this.#stopTimer = this.#clock.after(wait, () => {
          this.#stopTimer = undefined;
          this.#pass();
        });
        return;
      }
      this.#held.shift();
      this.#give(first);
    }
  }

  #give(held: Held): void {
    const startFrame = frameAt(held.start);
    held.transfer = this.#device.submit({ ...held.operation, startFrame: undefined }, (result) => {
      held.complete(result.packets === undefined ? result : { ...result, startFrame });
    });
  }

  #cancel(held: Held): void {
    const index = this.#held.indexOf(held);
    if (index < 0) {
      held.transfer?.cancel();
      return;
    }
    this.#held.splice(index, 1);
    held.complete(resultOf('cancelled'));
  }
}
