import type { Clock } from '../../../src/ports/clock.ts';
import type { UsbDevice, UsbOperation, UsbTransfer } from '../../../src/ports/usb.ts';
import type { Complete } from '../../../src/usb/results.ts';
import { WrappedDevice } from '../../../src/usb/wrappedDevice.ts';

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

/** Virtual time: what is to happen, in order of time, then of entry. */
export class Schedule implements Clock {
  readonly #entries: Entry[] = [];
  #now = 0;
  /** Entries that were run. */
  steps = 0;

  now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): () => void {
    const entry = { at: this.#now + delay, run };
    let position = this.#entries.length;
    while (position > 0 && this.#entries[position - 1]!.at > entry.at) position -= 1;
    this.#entries.splice(position, 0, entry);
    return () => {
      const found = this.#entries.indexOf(entry);
      if (found >= 0) this.#entries.splice(found, 1);
    };
  }

  /** Until nothing is left to happen, or `isOver`. */
  run(isOver: () => boolean = () => false): void {
    for (let next = this.#entries.shift(); next !== undefined; next = this.#entries.shift()) {
      this.#now = next.at;
      this.steps += 1;
      next.run();
      if (isOver()) return;
    }
  }
}

/** A device that is so many milliseconds away; what is sent arrives in order. */
export class DistantDevice extends WrappedDevice {
  readonly #schedule: Schedule;
  readonly #delay: number;

  constructor(device: UsbDevice, schedule: Schedule, delay: number) {
    super(device);
    this.#schedule = schedule;
    this.#delay = delay;
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    let transfer: UsbTransfer | undefined;
    this.#schedule.after(this.#delay, () => {
      transfer = this.device.submit(operation, (result) => {
        this.#schedule.after(this.#delay, () => complete(result));
      });
    });
    return { cancel: () => void this.#schedule.after(this.#delay, () => transfer?.cancel()) };
  }
}
