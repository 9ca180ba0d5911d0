/** RC4, [RFC 6229] has its vectors: the stream cipher by which NTLM seals. It goes on where it was. */
export class Rc4 {
  readonly #state = Uint8Array.from({ length: 256 }, (_, index) => index);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array) {
    const state = this.#state;
    for (let i = 0, j = 0; i < 256; i += 1) {
      j = (j + (state[i] ?? 0) + (key[i % key.byteLength] ?? 0)) & 0xff;
      [state[i], state[j]] = [state[j] ?? 0, state[i] ?? 0];
    }
  }

  /** Encrypts or decrypts; the result is a copy. */
  crypt(bytes: Uint8Array): Uint8Array {
    const state = this.#state;
    return bytes.map((byte) => {
      this.#i = (this.#i + 1) & 0xff;
      const first = state[this.#i] ?? 0;
      this.#j = (this.#j + first) & 0xff;
      const second = state[this.#j] ?? 0;
      state[this.#i] = second;
      state[this.#j] = first;
      return byte ^ (state[(first + second) & 0xff] ?? 0);
    });
  }
}
