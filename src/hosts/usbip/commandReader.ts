import { clientCommandSize, decodeClientCommand, type UsbipClientCommand } from '../../../codecs/usbip/command.ts';
import { USBIP_HEADER_SIZE } from '../../../codecs/usbip/header.ts';

/** @see {@link CommandReader} */
export interface CommandReaderOptions {
  /** Bytes that one OUT transfer may bring. More is refused before memory is taken for it. */
  readonly maximumTransferSize: number;
}

const NOTHING = new Uint8Array(0);

/**
 * Finds the commands in the stream that the importer of a device sends: a head of 48 bytes, and behind that of a
 * USBIP_CMD_SUBMIT the data of an OUT transfer and the descriptors of isochronous packets. Nothing marks where a command
 * begins, so a stream with one bad command has no more good ones.
 *
 * A command that lies whole in a chunk is a view of it. Any other is collected in a buffer of its own size, so that its
 * payload is copied once.
 */
export class CommandReader {
  readonly #maximumTransferSize: number;
  /** The command that has begun: a head that is being collected, then the whole command. */
  #pending: Uint8Array = NOTHING;
  /** Bytes of it that are there. */
  #filled = 0;
  /** Whether the head is complete, and `#pending` therefore as long as the command. */
  #sized = false;

  constructor({ maximumTransferSize }: CommandReaderOptions) {
    this.#maximumTransferSize = maximumTransferSize;
  }

  /** Bytes of a command that has not come whole; 0 between commands. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /**
   * The commands that end in this chunk, in order. Their payloads may be views of it, so it must not change afterwards.
   * @throws DecodeError for bytes that are no command: the connection cannot go on
   */
  push(chunk: Uint8Array): UsbipClientCommand[] {
    const commands: UsbipClientCommand[] = [];
    let rest = chunk;
    while (rest.byteLength > 0) {
      const size = this.#filled > 0 ? undefined : this.#wholeSize(rest);
      if (size !== undefined) {
        commands.push(decodeClientCommand(rest.subarray(0, size)));
        rest = rest.subarray(size);
      } else {
        rest = this.#collect(rest);
        const command = this.#take();
        if (command !== undefined) commands.push(command);
      }
    }
    return commands;
  }

  /** The length of the command at the start of `bytes`, if all of it is there. */
  #wholeSize(bytes: Uint8Array): number | undefined {
    if (bytes.byteLength < USBIP_HEADER_SIZE) return undefined;
    const size = clientCommandSize(bytes, this.#maximumTransferSize);
    return size <= bytes.byteLength ? size : undefined;
  }

  /** Copies what the pending command still lacks, as far as it is known; returns the bytes behind. */
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

  /** The pending command once it is whole. */
  #take(): UsbipClientCommand | undefined {
    if (this.#filled < this.#pending.byteLength) return undefined;
    if (!this.#sized) {
      const head = this.#pending;
      const size = clientCommandSize(head, this.#maximumTransferSize);
      this.#sized = true;
      if (size > head.byteLength) {
        this.#pending = new Uint8Array(size);
        this.#pending.set(head);
        return undefined;
      }
    }
    const bytes = this.#pending;
    this.#pending = NOTHING;
    this.#filled = 0;
    return decodeClientCommand(bytes);
  }
}
