/** One URB on its way: queued, then at the device. */
export interface QueuedUrb {
  /** Bytes that it holds while it is at the device. */
  readonly cost: number;
  /** Gives it to the device. */
  start(): void;
}

/**
 * The URBs of one endpoint, in order: so many bytes of them are at the device at a time, and at least one URB. Each
 * endpoint has its own: reads that wait for ever on one must not stop the writes on another.
 */
export class EndpointQueue {
  readonly #maximumBytes: number;
  readonly #waiting: QueuedUrb[] = [];
  #bytesAtDevice = 0;
  #urbsAtDevice = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  get isIdle(): boolean {
    return this.#urbsAtDevice === 0 && this.#waiting.length === 0;
  }

  /** Starts it now or when there is room. */
  add(urb: QueuedUrb): void {
    this.#waiting.push(urb);
    this.#startNext();
  }

  /** An URB that was started has ended. */
  ended(urb: QueuedUrb): void {
    this.#bytesAtDevice -= urb.cost;
    this.#urbsAtDevice -= 1;
    this.#startNext();
  }

  /** Takes back an URB that was not started. False when it was. */
  remove(urb: QueuedUrb): boolean {
    const index = this.#waiting.indexOf(urb);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  #startNext(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const hasRoom = this.#urbsAtDevice === 0 || this.#bytesAtDevice + next.cost <= this.#maximumBytes;
      if (!hasRoom) return;
      this.#waiting.shift();
      this.#bytesAtDevice += next.cost;
      this.#urbsAtDevice += 1;
      // May end it at once, and come back here.
      next.start();
    }
  }
}
