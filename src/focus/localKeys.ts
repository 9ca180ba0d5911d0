/** A key or button of a device that this machine's drivers have. */
export interface LocalKey {
  /** As in linux/input-event-codes.h. */
  readonly code: number;
  /** False: it was released. */
  readonly isDown: boolean;
}

/** KEY_RIGHTCTRL, KEY_RIGHTALT and KEY_F12, linux/input-event-codes.h. */
const CHORD: readonly number[] = [97, 100, 88];

/**
 * The keys and buttons that are down on devices that this machine uses, and the chord that gives them away: Right Ctrl,
 * Right Alt and F12 of one device.
 */
export class LocalKeys {
  readonly #down = new Map<object, Set<number>>();
  #isChord = false;
  #waiting: (() => void)[] = [];

  /** No key and no button is down. */
  get areUp(): boolean {
    return this.#down.size === 0;
  }

  /** True: the chord was pressed, and now all keys are up. Earlier, the other end would get the rest of it. */
  note(device: object, { code, isDown }: LocalKey): boolean {
    const down = this.#down.get(device) ?? new Set();
    if (isDown) down.add(code);
    else down.delete(code);
    if (down.size > 0) this.#down.set(device, down);
    else this.#down.delete(device);
    if (CHORD.every((each) => down.has(each))) this.#isChord = true;
    return this.#settle();
  }

  /** The device is not this machine's any more. */
  forget(device: object): void {
    this.#down.delete(device);
    if (this.#settle()) this.#isChord = false;
  }

  /** Calls back once, when all are up. Returns what stops that. */
  whenUp(callback: () => void): () => void {
    this.#waiting.push(callback);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== callback);
    };
  }

  #settle(): boolean {
    if (!this.areUp) return false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
    const isChord = this.#isChord;
    this.#isChord = false;
    return isChord;
  }
}
