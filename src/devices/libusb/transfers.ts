import type { UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, completeAtOnce, NO_BYTES, resultOf } from '../../usb/results.ts';
import { SETUP_PACKET_SIZE, SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { packetStatusOf, statusOf } from './errors.ts';
import type { NativeContext, NativeDevice, NativeError, NativeTransfer } from './usbBinding.ts';

/** Idle transfers that are kept for one endpoint. More in flight than this is fine, they are just made anew. */
const IDLE_TRANSFERS = 8;
/**
 * Data up to this size is copied out of its buffer, which is used again; above it the buffer itself is handed up. Measured:
 * from about here on the copy costs more than a new buffer, and below it a new one for each few bytes keeps the collector
 * busy and the receiver holding far more memory than it needs.
 */
const COPY_LIMIT = 1024;
/** Larger buffers are not kept. */
const KEEP_LIMIT = 64 * 1024;
/** Nor are transfers with memory of their own that is larger. */
const KEEP_MEMORY_LIMIT = 1024 * 1024;
/** Bytes of data that Linux and Windows take in one control transfer. */
export const CONTROL_LIMIT = 4096;
const CONTROL_TYPE = 0;
/** Of bmAttributes: the transfer type, with the numbers of LIBUSB_TRANSFER_TYPE_*. */
const TRANSFER_TYPE_MASK = 3;
const DIRECTION_IN = 0x80;

/** A transfer that is on its way. */
interface Pending {
  readonly endpointAddress: number;
  readonly complete: Complete;
  /** Its early end was requested. */
  cancelled: boolean;
}

/** One of libusb's transfers, which is used again and again for one endpoint, with a buffer to receive into. */
interface Slot {
  readonly native: NativeTransfer;
  spare: Buffer | undefined;
  pending: Pending | undefined;
  /** Makes the result of the bytes that were moved. */
  finish: (status: UsbStatus, actual: number) => UsbResult;
}

/** State of the whole device that its transfers read and report. */
export interface DevicePresence {
  /** The kernel refused a call because the device is no longer there. */
  lost(): void;
  /** Whether the device is gone, asked after a transfer ended in a way that may mean this. */
  isGone(): boolean;
}

/** The transfers of one open device: submitting, cancelling, and waiting for all to be back. */
export class Transfers {
  readonly #context: NativeContext;
  readonly #device: NativeDevice;
  readonly #presence: DevicePresence;
  readonly #pending = new Map<Pending, Slot>();
  /** By {@link kindOf}. */
  readonly #idle = new Map<number, Slot[]>();
  readonly #waiting = new Set<{ readonly left: Set<Pending>; readonly resolve: () => void }>();
  /** Transfers whose callback was given up, by {@link abandon}. */
  readonly #abandoned = new Map<Pending, Slot>();
  #whenReturned: () => void = () => {};

  constructor(context: NativeContext, device: NativeDevice, presence: DevicePresence) {
    this.#context = context;
    this.#device = device;
    this.#presence = presence;
  }

  /**
   * A control transfer. The timeout is fixed with the native object, so these are not used again: they are rare.
   *
   * A request to read more than the platforms can is made smaller, as a device answers with what it has.
   */
  control(setup: SetupPacket, data: Uint8Array, timeout: number, complete: Complete): UsbTransfer {
    const isIn = (setup.bmRequestType & DIRECTION_IN) !== 0;
    const wLength = isIn ? Math.min(setup.wLength, CONTROL_LIMIT) : setup.wLength;
    if (data.byteLength !== (isIn ? 0 : wLength)) return completeAtOnce('invalidParameter', complete);
    const slot = this.#make(0, CONTROL_TYPE, timeout);
    if (slot === undefined) return completeAtOnce('outOfMemory', complete);
    const buffer = bufferFor(slot, SETUP_PACKET_SIZE + wLength);
    if (buffer === undefined) return completeAtOnce('outOfMemory', complete);
    let offset = 0;
    for (const part of [...SetupPacket.encode({ ...setup, wLength }), data]) {
      buffer.set(part, offset);
      offset += part.byteLength;
    }
    slot.finish = (status, actual) => ({
      status,
      data: isIn ? received(slot, buffer.subarray(SETUP_PACKET_SIZE, SETUP_PACKET_SIZE + actual)) : NO_BYTES,
      transferred: actual,
    });
    return this.#submit(slot, buffer, 0, complete);
  }

  /**
   * Bulk or interrupt IN. The length goes to the device's controller as it is, also where it is no multiple of the packet
   * size: rounding up would hide from the caller that the device sent more than was asked for (`overflowed`).
   */
  receive(endpoint: EndpointSetting, length: number, complete: Complete): UsbTransfer {
    const slot = this.#take(endpoint);
    const buffer = slot && bufferFor(slot, length);
    if (slot === undefined || buffer === undefined) return completeAtOnce('outOfMemory', complete);
    slot.finish = (status, actual) => ({
      status,
      data: received(slot, buffer.subarray(0, actual)),
      transferred: actual,
    });
    return this.#submit(slot, buffer, endpoint.endpointAddress, complete);
  }

  /** Bulk or interrupt OUT; libusb reads from the caller's own bytes, unless the transfer has memory of its own. */
  send(endpoint: EndpointSetting, data: Uint8Array, complete: Complete): UsbTransfer {
    const slot = this.#take(endpoint);
    const buffer = slot && filledBuffer(slot, data);
    if (slot === undefined || buffer === undefined) return completeAtOnce('outOfMemory', complete);
    slot.finish = (status, actual) => resultOf(status, NO_BYTES, actual);
    return this.#submit(slot, buffer, endpoint.endpointAddress, complete);
  }

  /**
   * Isochronous, in either direction (`data` is there for OUT): packet after packet, as soon as possible, behind those
   * that are on their way. libusb knows no other start.
   */
  isochronous(
    endpoint: EndpointSetting,
    packetLengths: readonly number[],
    data: Uint8Array | undefined,
    complete: Complete,
  ): UsbTransfer {
    const total = packetLengths.reduce((sum, length) => sum + length, 0);
    if (packetLengths.length === 0 || (data !== undefined && data.byteLength !== total))
      return completeAtOnce('invalidParameter', complete);
    const slot = this.#take(endpoint, packetLengths.length);
    const buffer = slot && (data === undefined ? bufferFor(slot, total) : filledBuffer(slot, data));
    if (slot === undefined || buffer === undefined) return completeAtOnce('outOfMemory', complete);
    slot.finish = (status) =>
      isochronousResult(slot.native, status, packetLengths, data === undefined ? buffer : undefined);
    return this.#submit(slot, buffer, endpoint.endpointAddress, complete, packetLengths);
  }

  /** Frees what is idle; called when the device is closed. */
  free(): void {
    for (const slot of [...this.#idle.values()].flat()) slot.native.free?.();
    this.#idle.clear();
  }

  /** Cancels what is on its way for one endpoint (0: control transfers), or for all, and resolves when it is back. */
  abort(endpointAddress?: number): Promise<void> {
    const left = new Set<Pending>();
    for (const pending of this.#pending.keys())
      if (endpointAddress === undefined || pending.endpointAddress === endpointAddress) left.add(pending);
    return new Promise((resolve) => {
      if (left.size === 0) {
        resolve();
        return;
      }
      this.#waiting.add({ left, resolve });
      for (const pending of left) this.#cancel(pending);
    });
  }

  /** Completes what is still on its way as cancelled, without waiting for libusb any longer. */
  abandon(): void {
    const abandoned = [...this.#pending];
    for (const [pending, slot] of abandoned) this.#abandoned.set(pending, slot);
    this.#pending.clear();
    for (const { left, resolve } of this.#waiting) {
      left.clear();
      resolve();
    }
    this.#waiting.clear();
    for (const [pending] of abandoned) pending.complete(resultOf('cancelled'));
  }

  /** Resolves when libusb has given back all that was abandoned: the device cannot be closed earlier. */
  async returned(): Promise<void> {
    if (this.#abandoned.size > 0) await new Promise<void>((resolve) => (this.#whenReturned = resolve));
  }

  #submit(
    slot: Slot,
    buffer: Buffer,
    endpointAddress: number,
    complete: Complete,
    packetLengths?: readonly number[],
  ): UsbTransfer {
    const pending: Pending = { endpointAddress, complete, cancelled: false };
    slot.pending = pending;
    this.#pending.set(pending, slot);
    try {
      slot.native.submit(buffer, packetLengths);
    } catch (error) {
      slot.native.free?.();
      // The slot is dropped: node-usb takes a transfer for active ever after its submission failed.
      this.#pending.delete(pending);
      const status = statusOf(error);
      if (status === 'disconnected') this.#presence.lost();
      return completeAtOnce(status, complete);
    }
    return { cancel: () => this.#cancel(pending) };
  }

  #cancel(pending: Pending): void {
    const slot = this.#pending.get(pending);
    if (slot === undefined) return; // it has ended, and another may use the slot
    pending.cancelled = true;
    try {
      slot.native.cancel();
    } catch {
      // It has ended, or its device is gone: the callback says so.
    }
  }

  #finished(slot: Slot, error: NativeError | undefined, actual: number, kind: number | undefined): void {
    const { pending } = slot;
    if (pending === undefined) return;
    slot.pending = undefined;
    if (!this.#pending.delete(pending)) {
      slot.native.free?.();
      if (this.#abandoned.delete(pending) && this.#abandoned.size === 0) this.#whenReturned();
      return;
    }
    let status = statusOf(error);
    // A transfer that was not cancelled ends like this too when its interface is released during it: only the device itself
    // can tell whether it is gone.
    if (status === 'disconnected' || (status === 'cancelled' && !pending.cancelled))
      status = this.#presence.isGone() ? 'disconnected' : 'cancelled';
    const result = slot.finish(status, actual);
    this.#keep(slot, kind);
    pending.complete(result);
    for (const waiter of this.#waiting) {
      if (!waiter.left.delete(pending) || waiter.left.size > 0) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  #take({ endpointAddress, attributes }: EndpointSetting, packetCount = 0): Slot | undefined {
    const transferType = attributes & TRANSFER_TYPE_MASK;
    const kind = kindOf(endpointAddress, transferType, packetCount);
    return this.#idle.get(kind)?.pop() ?? this.#make(endpointAddress, transferType, 0, kind, packetCount);
  }

  #keep(slot: Slot, kind: number | undefined): void {
    const idle = kind === undefined ? [] : (this.#idle.get(kind) ?? []);
    const isKept =
      kind !== undefined && idle.length < IDLE_TRANSFERS && (slot.native.capacity ?? 0) <= KEEP_MEMORY_LIMIT;
    if (!isKept) {
      slot.native.free?.();
      return;
    }
    idle.push(slot);
    this.#idle.set(kind, idle);
  }

  /** `kind` is given for a slot that is to be used again. Undefined: there is no memory for it. */
  #make(endpointAddress: number, type: number, timeout: number, kind?: number, packetCount = 0): Slot | undefined {
    try {
      const native = new this.#context.Transfer(
        this.#device,
        endpointAddress,
        type,
        timeout,
        (error, _buffer, actual) => this.#finished(slot, error, actual, kind),
        packetCount,
      );
      const slot: Slot = {
        native,
        spare: undefined,
        pending: undefined,
        finish: (status, actual) => resultOf(status, NO_BYTES, actual),
      };
      return slot;
    } catch {
      return undefined;
    }
  }
}

/**
 * Key of a libusb transfer: endpoint, type, because another alternate setting may give an endpoint another type, and the
 * number of its packets.
 */
const kindOf = (endpointAddress: number, transferType: number, packetCount: number) =>
  (packetCount << 16) | (transferType << 8) | endpointAddress;

/** A buffer of exactly this length: the slot's own where it is large enough, and else a new one. */
function bufferFor(slot: Slot, length: number): Buffer | undefined {
  if (slot.native.memory === undefined && slot.spare !== undefined && slot.spare.byteLength >= length)
    return slot.spare.subarray(0, length);
  try {
    if (slot.native.memory !== undefined) return slot.native.memory(length);
    // Not from Node's shared pool: a buffer that is handed up shall not carry others' bytes along.
    const buffer = Buffer.allocUnsafeSlow(length);
    slot.spare = length <= KEEP_LIMIT ? buffer : undefined;
    return buffer;
  } catch {
    slot.native.free?.();
    return undefined;
  }
}

/** The bytes themselves, or the transfer's own memory with a copy of them. */
function filledBuffer(slot: Slot, data: Uint8Array): Buffer | undefined {
  if (slot.native.memory === undefined) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const buffer = bufferFor(slot, data.byteLength);
  buffer?.set(data);
  return buffer;
}

/** Received bytes for their receiver: a copy, or the slot's buffer, which is the receiver's from here on. */
function received(slot: Slot, bytes: Buffer): Uint8Array {
  if (slot.native.memory !== undefined || bytes.byteLength <= COPY_LIMIT) return new Uint8Array(bytes);
  slot.spare = undefined;
  return bytesOf(bytes);
}

/** Each packet lies behind the lengths of those before it, and the result has them without gaps. */
function isochronousResult(
  native: NativeTransfer,
  status: UsbStatus,
  packetLengths: readonly number[],
  buffer: Buffer | undefined,
): UsbResult {
  const results = packetLengths.map((room, index) => {
    const { status, actualLength } = native.packetResult?.(index) ?? { status: 0, actualLength: 0 };
    return { status: packetStatusOf(status), length: Math.min(actualLength, room) };
  });
  // A packet that failed may have bytes all the same; only those of completed ones count.
  const packets = results.map((each) => (each.status === 'completed' ? each : { ...each, length: 0 }));
  const transferred = packets.reduce((sum, { length }) => sum + length, 0);
  if (buffer === undefined) return { status, data: NO_BYTES, transferred, packets };
  const data = new Uint8Array(transferred);
  let from = 0;
  let to = 0;
  for (const [index, { length }] of packets.entries()) {
    data.set(buffer.subarray(from, from + length), to);
    to += length;
    from += packetLengths[index] ?? 0;
  }
  return { status, data, transferred, packets };
}

/** The same bytes as a plain Uint8Array. */
function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
