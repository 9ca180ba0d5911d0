import type { BufferPool } from '../../codecs/core/bufferPool.ts';
import { clientCommandSize, decodeClientCommand, type UsbipClientCommand } from '../../codecs/usbip/command.ts';
import { USBIP_HEADER_SIZE } from '../../codecs/usbip/header.ts';

/** The messages of one direction: how long one is, which its head tells, and what its bytes are. */
export interface MessageForm<M> {
  /** @throws DecodeError for a head that is none, or announces more than is accepted */
  sizeOf(head: Uint8Array): number;
  /** @throws DecodeError */
  decode(bytes: Uint8Array): M;
}

/**
 * What the importer of a device sends.
 * @param maximumTransferSize bytes that one OUT transfer may bring; more is refused before memory is taken for it
 */
export function clientCommands(maximumTransferSize: number): MessageForm<UsbipClientCommand> {
  return { sizeOf: (head) => clientCommandSize(head, maximumTransferSize), decode: decodeClientCommand };
}

const NOTHING = new Uint8Array(0);
/** Bytes of a message that lies in memory of the pool; smaller ones come whole in a chunk, nearly always. */
const LEAST_POOLED = 16 * 1024;

/**
 * Finds the messages in a stream of USB/IP: a head of 48 bytes, and behind that of a transfer its data and the descriptors
 * of isochronous packets. Nothing marks where a message begins, so a stream with one bad message has no more good ones.
 *
 * A message that lies whole in a chunk is a view of it. Any other is collected in a buffer of its own size, so that its
 * payload is copied once.
 */
export class MessageReader<M extends object> {
  readonly #form: MessageForm<M>;
  readonly #buffers: BufferPool | undefined;
  /** Of messages that lie in one of the pool. */
  readonly #lent = new WeakMap<M, Uint8Array>();
  /** The message that has begun: a head that is being collected, then the whole message. */
  #pending: Uint8Array = NOTHING;
  /** Bytes of it that are there. */
  #filled = 0;
  /** Whether the head is complete, and `#pending` therefore as long as the message. */
  #sized = false;

  /** @param buffers for large messages, to which {@link done} gives them back. Default: each is new */
  constructor(form: MessageForm<M>, buffers?: BufferPool) {
    this.#form = form;
    this.#buffers = buffers;
  }

  /** Nobody reads the bytes of this message any more: their memory is used again. Nobody has to tell. */
  done(message: M): void {
    const bytes = this.#lent.get(message);
    if (bytes !== undefined) this.#buffers?.giveBack(bytes);
  }

  /** Bytes of a message that has not come whole; 0 between messages. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /**
   * The messages that end in this chunk, in order. Their payloads may be views of it, so it must not change afterwards.
   * @throws DecodeError for bytes that are no message: the connection cannot go on
   */
  push(chunk: Uint8Array): M[] {
    const messages: M[] = [];
    let rest = chunk;
    while (rest.byteLength > 0) {
      const size = this.#filled > 0 ? undefined : this.#wholeSize(rest);
      if (size !== undefined) {
        messages.push(this.#form.decode(rest.subarray(0, size)));
        rest = rest.subarray(size);
      } else {
        rest = this.#collect(rest);
        const message = this.#take();
        if (message !== undefined) messages.push(message);
      }
    }
    return messages;
  }

  /** The length of the message at the start of `bytes`, if all of it is there. */
  #wholeSize(bytes: Uint8Array): number | undefined {
    if (bytes.byteLength < USBIP_HEADER_SIZE) return undefined;
    const size = this.#form.sizeOf(bytes);
    return size <= bytes.byteLength ? size : undefined;
  }

  /** Copies what the pending message still lacks, as far as it is known; returns the bytes behind. */
  #collect(bytes: Uint8Array): Uint8Array {
    if (this.#filled === 0) {
      this.#pending = new Uint8Array(USBIP_HEADER_SIZE);
      this.#sized = false;
    }
    const length = Math.min(this.#pending.byteLength - this.#filled, bytes.byteLength);
    this.#pending.set(bytes.subarray(0, length), this.#filled);
    this.#filled += length;
    return bytes.subarray(length);
  }

  /** The pending message once it is whole. */
  #take(): M | undefined {
    if (this.#filled < this.#pending.byteLength) return undefined;
    if (!this.#sized) {
      const head = this.#pending;
      const size = this.#form.sizeOf(head);
      this.#sized = true;
      if (size > head.byteLength) {
        this.#pending =
          size < LEAST_POOLED ? new Uint8Array(size) : (this.#buffers?.take(size) ?? new Uint8Array(size));
        this.#pending.set(head);
        return undefined;
      }
    }
    const bytes = this.#pending;
    this.#pending = NOTHING;
    this.#filled = 0;
    const message = this.#form.decode(bytes);
    if (bytes.byteLength >= LEAST_POOLED) this.#lent.set(message, bytes);
    return message;
  }
}
