/** Frames of this many bytes may be on their way without an acknowledgement. Part of the rules: both ends keep to it. */
export const WINDOW = 1024 * 1024;

/** Entries that were dropped before the list is cut. */
const LONGEST_HEAD = 1024;

/**
 * Frames that this end sends, in order, from when they are given until the other end has received them. Counts are modulo
 * 2^32.
 */
export class SendWindow {
  #frames: Uint8Array[] = [];
  /** Of the list's frames so many are received. */
  #head = 0;
  /** Of the list's frames so many are received or on their way. */
  #next = 0;
  /** Frames that the other end has received. */
  #received = 0;
  #bytes = 0;
  #bytesOnTheWay = 0;

  /** Bytes of all that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Frames that are kept and not on their way. */
  get waiting(): number {
    return this.#frames.length - this.#next;
  }

  push(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      this.#frames.push(frame);
      this.#bytes += frame.byteLength;
    }
  }

  /** Those that may go now. They are on their way from here on. */
  take(): Uint8Array[] {
    const taken: Uint8Array[] = [];
    while (this.#bytesOnTheWay < WINDOW) {
      const frame = this.#frames[this.#next];
      if (frame === undefined) break;
      this.#next += 1;
      this.#bytesOnTheWay += frame.byteLength;
      taken.push(frame);
    }
    return taken;
  }

  /** All that are not on their way, however many are. */
  takeAll(): Uint8Array[] {
    const taken = this.#frames.slice(this.#next);
    this.#next = this.#frames.length;
    return taken;
  }

  /** The other end has received so many in all. False where it cannot have: more were never sent, or it said more before. */
  acknowledge(received: number): boolean {
    const count = (received - this.#received) >>> 0;
    if (count > this.#next - this.#head) return false;
    for (let left = count; left > 0; left -= 1) this.#drop();
    this.#received = received;
    this.#compact();
    return true;
  }

  /** Whatever is on its way is lost: it goes again. */
  rewind(): void {
    this.#next = this.#head;
    this.#bytesOnTheWay = 0;
  }

  clear(): void {
    this.#frames = [];
    this.#head = this.#next = this.#bytes = this.#bytesOnTheWay = 0;
  }

  #drop(): void {
    const size = this.#frames[this.#head]?.byteLength ?? 0;
    // A view keeps the whole buffer that it is of.
    this.#frames[this.#head] = NOTHING;
    this.#head += 1;
    this.#bytes -= size;
    this.#bytesOnTheWay -= size;
  }

  #compact(): void {
    if (this.#head < this.#frames.length && this.#head < LONGEST_HEAD) return;
    this.#frames = this.#frames.slice(this.#head);
    this.#next -= this.#head;
    this.#head = 0;
  }
}

const NOTHING = new Uint8Array(0);
