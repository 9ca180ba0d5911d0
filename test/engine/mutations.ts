/** A small generator of pseudo-random numbers, so that a failure can be repeated: mulberry32. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy with one kind of damage. */
export function mutate(original: Uint8Array, random: (below: number) => number, other: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(original);
  if (bytes.byteLength === 0) return Uint8Array.of(random(256));
  const at = random(bytes.byteLength);
  switch (random(7)) {
    case 0:
      bytes[at] = random(256);
      return bytes;
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Uint8Array.from([...bytes, ...other.subarray(0, random(64))]);
    case 4:
      return Uint8Array.from([...bytes.subarray(0, at), ...other.subarray(random(other.byteLength + 1))]);
    default: {
      // Fields are aligned to four bytes, mostly.
      const offset = Math.min(at & ~3, Math.max(0, bytes.byteLength - 4));
      const value = INTERESTING[random(INTERESTING.length)] ?? 0;
      for (let index = 0; index < 4 && offset + index < bytes.byteLength; index += 1) {
        bytes[offset + index] = (value >>> (8 * index)) & 0xff;
      }
      return bytes;
    }
  }
}
