import type { NativeDevice, NativePacketResult, NativeTransfer, TransferCallback } from '../usbBinding.ts';
import { LibusbError } from '../errors.ts';
import { KoffiDevice, nativeError } from './koffiDevice.ts';
import type { InFlight } from './libusbEvents.ts';
import type { LibusbLibrary, Pointer } from './libusbLibrary.ts';

/** Offsets in struct libusb_transfer of 64-bit platforms. */
const Field = {
  handle: 0,
  endpoint: 9,
  type: 10,
  timeout: 12,
  status: 16,
  length: 20,
  actualLength: 24,
  callback: 32,
  buffer: 48,
  packetCount: 56,
  packets: 60,
} as const;
/** Of one struct libusb_iso_packet_descriptor: length, actual_length and status. */
const PACKET_SIZE = 12;
const Packet = { length: 0, actualLength: 4, status: 8 } as const;
/** A status that libusb never writes: it stands in the transfer as long as libusb has it. */
const PENDING = 0x55;

/**
 * One struct libusb_transfer with memory of its own, both outside JavaScript's heap, used again and again. It has no
 * callback: its end is seen in its status, see {@link LibusbEvents}.
 */
export class KoffiTransfer implements NativeTransfer, InFlight {
  readonly #device: KoffiDevice;
  readonly #library: LibusbLibrary;
  readonly #packetCount: number;
  readonly #timeout: number;
  readonly #callback: TransferCallback;
  readonly #pointer: Pointer;
  readonly #fields: DataView;
  #memory: Memory | undefined;
  #submitted: Buffer | undefined;

  /**
   * @param timeout - milliseconds, 0: none
   * @param packetCount - isochronous packets of each submission
   */
  constructor(
    device: NativeDevice,
    endpointAddress: number,
    type: number,
    timeout: number,
    callback: TransferCallback,
    packetCount = 0,
  ) {
    if (!(device instanceof KoffiDevice)) throw new TypeError('the device is of another binding');
    this.#device = device;
    this.#library = device.library;
    this.#packetCount = packetCount;
    this.#timeout = timeout;
    this.#callback = callback;
    const pointer = this.#library.calls.allocateTransfer(packetCount);
    if (pointer === null) throw nativeError(this.#library, LibusbError.NO_MEM);
    this.#pointer = pointer;
    const size = Field.packets + PACKET_SIZE * packetCount;
    this.#fields = new DataView(this.#library.koffi.view(pointer, size));
    this.#fields.setUint8(Field.endpoint, endpointAddress);
    this.#fields.setUint8(Field.type, type);
    this.#fields.setUint32(Field.timeout, timeout, true);
    this.#fields.setBigUint64(Field.callback, 0n, true);
    this.#fields.setInt32(Field.packetCount, packetCount, true);
  }

  memory(length: number): Buffer {
    if (this.#memory === undefined || this.#memory.capacity < length) {
      this.#freeMemory();
      this.#memory = allocate(this.#library, length);
    }
    return this.#memory.bytes.subarray(0, length);
  }

  get capacity(): number {
    return this.#memory?.capacity ?? 0;
  }

  /** `buffer` is what `memory` gave last. */
  submit(buffer: Buffer, packetLengths: readonly number[] = []): void {
    const memory = this.#memory;
    if (memory === undefined || buffer.buffer !== memory.bytes.buffer || packetLengths.length !== this.#packetCount)
      throw nativeError(this.#library, LibusbError.INVALID_PARAM);
    const fields = this.#fields;
    fields.setBigUint64(Field.handle, this.#device.handle, true);
    fields.setBigUint64(Field.buffer, memory.pointer, true);
    fields.setInt32(Field.length, buffer.byteLength, true);
    let at: number = Field.packets;
    for (const length of packetLengths) {
      fields.setUint32(at + Packet.length, length, true);
      fields.setUint32(at + Packet.actualLength, 0, true);
      fields.setInt32(at + Packet.status, 0, true);
      at += PACKET_SIZE;
    }
    fields.setInt32(Field.status, PENDING, true);
    const code = this.#library.calls.submitTransfer(this.#pointer);
    if (code < 0) throw nativeError(this.#library, code);
    this.#submitted = buffer;
    this.#device.submitted(this, this.#timeout);
  }

  cancel(): boolean {
    if (this.#submitted === undefined) return false;
    const code = this.#library.calls.cancelTransfer(this.#pointer);
    if (code < 0) throw nativeError(this.#library, code);
    return true;
  }

  packetResult(index: number): NativePacketResult {
    const at = Field.packets + PACKET_SIZE * index;
    return {
      status: this.#fields.getInt32(at + Packet.status, true),
      actualLength: this.#fields.getUint32(at + Packet.actualLength, true),
    };
  }

  isOver(): boolean {
    return this.#fields.getInt32(Field.status, true) !== PENDING;
  }

  ended(): void {
    const buffer = this.#submitted;
    if (buffer === undefined) return;
    this.#submitted = undefined;
    this.#device.returned();
    const status = this.#fields.getInt32(Field.status, true);
    // Isochronous transfers have lengths in their packets alone.
    const actual = this.#packetCount > 0 ? 0 : this.#fields.getInt32(Field.actualLength, true);
    this.#callback(status === 0 ? undefined : nativeError(this.#library, status), buffer, actual);
  }

  free(): void {
    // libusb ends the process when a transfer is freed that it still has.
    if (this.#submitted !== undefined) return;
    this.#library.calls.freeTransfer(this.#pointer);
    this.#freeMemory();
  }

  #freeMemory(): void {
    if (this.#memory !== undefined) this.#library.koffi.free(this.#memory.pointer);
    this.#memory = undefined;
  }
}

interface Memory {
  readonly pointer: Pointer;
  readonly capacity: number;
  readonly bytes: Buffer;
}

/** Memory that the collector neither moves nor frees. @throws NativeError when there is none left */
function allocate(library: LibusbLibrary, length: number): Memory {
  const capacity = Math.max(length, 64);
  const pointer: unknown = library.koffi.alloc('uint8_t', capacity);
  if (typeof pointer !== 'bigint') throw nativeError(library, LibusbError.NO_MEM);
  return { pointer, capacity, bytes: Buffer.from(library.koffi.view(pointer, capacity)) };
}
