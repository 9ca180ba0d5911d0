/** Bytes of the largest buffers that are used again: a transfer of 1 MiB, and what stands before its payload. */
const LARGEST = 1024 * 1024 + 128 * 1024;
const SMALLEST = 256;
/** Bytes that wait to be used again, at most; beyond, room is made for what is in use now. */
const KEPT = 4 * 1024 * 1024;

/**
 * Memory that is used again and again: what every write and every message took anew would lie outside of the heap, where
 * it has to be cleared, and where some MiB of it make V8 collect everything.
 *
 * Who takes a buffer owns it, and may pass it on. Only its last owner may give it back, and knows that nobody reads it any
 * more. Nobody has to: what is not given back is freed like any other memory.
 */
export class BufferPool {
  /** By bytes of a buffer. */
  readonly #free = new Map<number, Uint8Array[]>();
  readonly #lent = new WeakSet<Uint8Array>();
  readonly #allocate: (size: number) => Uint8Array;
  #kept = 0;

  /** @param allocate buffers that are alone in their ArrayBuffer. Default: new arrays */
  constructor(allocate = (size: number) => new Uint8Array(size)) {
    this.#allocate = allocate;
  }

  /** A buffer of `size` bytes, which has old bytes in it. */
  take(size: number): Uint8Array {
    const capacity = capacityFor(size);
    if (capacity === undefined) return this.#allocate(size);
    const free = this.#free.get(capacity)?.pop();
    if (free !== undefined) this.#kept -= capacity;
    const buffer = (free ?? this.#allocate(capacity)).subarray(0, size);
    this.#lent.add(buffer);
    return buffer;
  }

  /** Whether a buffer of `size` bytes is there, and needs no new memory. */
  has(size: number): boolean {
    const capacity = capacityFor(size);
    return capacity !== undefined && (this.#free.get(capacity)?.length ?? 0) > 0;
  }

  /**
   * Takes back what {@link take} gave, that very object and no view of it. For any other, and the second time, it does
   * nothing, and the answer is false.
   */
  giveBack(buffer: Uint8Array): boolean {
    if (!this.#lent.delete(buffer)) return false;
    const whole = new Uint8Array(buffer.buffer);
    if (this.#kept + whole.byteLength > KEPT) {
      this.#free.clear();
      this.#kept = 0;
    }
    this.#kept += whole.byteLength;
    const free = this.#free.get(whole.byteLength);
    if (free === undefined) this.#free.set(whole.byteLength, [whole]);
    else free.push(whole);
    return true;
  }
}

/** At most an eighth more than `size`; undefined for what is not used again. */
function capacityFor(size: number): number | undefined {
  if (size <= SMALLEST) return SMALLEST;
  if (size > LARGEST) return undefined;
  const step = 2 ** (28 - Math.clz32(size));
  return Math.ceil(size / step) * step;
}
