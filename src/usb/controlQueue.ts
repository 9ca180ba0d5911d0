import type { UsbResult, UsbTransfer } from '../ports/usb.ts';
import { type Complete, completeAtOnce, resultOf } from './results.ts';

interface Entry {
  /** Gives an answer that did not need the device; undefined for a request at the device. */
  readonly give: (() => void) | undefined;
  isOver: boolean;
}

/**
 * The order of endpoint 0. A host that queues control requests expects them to complete one after the other,
 * [USB 2.0] 5.5. So an answer that a decorator gives without asking the device waits for the requests before it.
 */
export class ControlQueue {
  readonly #entries: Entry[] = [];

  /** Enters a request that `start` submits to the device. */
  submit(start: (complete: Complete) => UsbTransfer, complete: Complete): UsbTransfer {
    const entry: Entry = { give: undefined, isOver: false };
    this.#entries.push(entry);
    return start((result) => {
      entry.isOver = true;
      complete(result);
      this.#giveAnswers();
    });
  }

  /** Answers a request: at once when no request is before it at the device. */
  answer(result: UsbResult, complete: Complete): UsbTransfer {
    if (this.#entries.length === 0) return completeAtOnce(result, complete);
    const entry: Entry = { give: () => complete(result), isOver: false };
    this.#entries.push(entry);
    return {
      cancel: () => {
        if (entry.isOver) return;
        entry.isOver = true;
        complete(resultOf('cancelled'));
      },
    };
  }

  #giveAnswers(): void {
    for (let first = this.#entries[0]; first !== undefined; first = this.#entries[0]) {
      if (!first.isOver && first.give === undefined) return;
      this.#entries.shift();
      if (first.isOver) continue;
      first.isOver = true;
      first.give?.();
    }
  }
}
