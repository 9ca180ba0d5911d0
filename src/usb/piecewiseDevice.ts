import { joinParts } from '../../codecs/core/parts.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../ports/usb.ts';
import { type Complete, resultOf } from './results.ts';
import { WrappedDevice } from './wrappedDevice.ts';

/** Bytes of a piece: a connection takes 16 MiB at once, and so does Linux for all transfers of all programs. */
const LARGEST_PIECE = 4 * 1024 * 1024;

type DataTransfer = Extract<UsbOperation, { type: 'transferIn' | 'transferOut' }>;

/**
 * A device whose bulk and interrupt transfers may be of any size: what is larger than 4 MiB goes in pieces, one after the
 * other, and what follows on the same endpoint waits for it. A piece is a multiple of the packet size, so the device sees no
 * difference. A short packet or a failure ends the whole, with the bytes until then.
 */
export class PiecewiseDevice extends WrappedDevice {
  readonly #packetSize: (endpointAddress: number) => number | undefined;
  /** By endpoint, while a large transfer runs there: it, and what waits behind it. */
  readonly #lanes = new Map<number, QueuedTransfer[]>();

  /** @param packetSize - bytes of a packet of an endpoint, by bEndpointAddress */
  constructor(device: UsbDevice, packetSize: (endpointAddress: number) => number | undefined) {
    super(device);
    this.#packetSize = packetSize;
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (operation.type !== 'transferIn' && operation.type !== 'transferOut') {
      return this.device.submit(operation, complete);
    }
    const isLarge = sizeOf(operation) > LARGEST_PIECE;
    const lane = this.#lanes.get(operation.endpointAddress);
    if (!isLarge && lane === undefined) return this.device.submit(operation, complete);
    const begin = (done: Complete) =>
      isLarge
        ? new LargeTransfer(this.device, operation, this.#pieceSize(operation), done)
        : this.device.submit(operation, done);
    const queued = new QueuedTransfer(begin, complete);
    if (lane !== undefined) lane.push(queued);
    else void this.#runLane(operation.endpointAddress, [queued]);
    return queued;
  }

  #pieceSize({ endpointAddress }: DataTransfer): number {
    const packetSize = Math.max(this.#packetSize(endpointAddress) ?? 1, 1);
    return LARGEST_PIECE - (LARGEST_PIECE % packetSize);
  }

  /** The first one begins before this returns. */
  async #runLane(endpointAddress: number, lane: QueuedTransfer[]): Promise<void> {
    this.#lanes.set(endpointAddress, lane);
    for (let next = lane[0]; next !== undefined; next = lane[0]) {
      await next.run();
      lane.shift();
    }
    this.#lanes.delete(endpointAddress);
  }
}

/** A transfer that waits for its turn. */
class QueuedTransfer implements UsbTransfer {
  readonly #begin: (done: Complete) => UsbTransfer;
  readonly #complete: Complete;
  #running: UsbTransfer | undefined;
  #hasEnded = false;

  constructor(begin: (done: Complete) => UsbTransfer, complete: Complete) {
    this.#begin = begin;
    this.#complete = complete;
  }

  /** Resolves when it has ended. */
  run(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    return new Promise((resolve) => {
      this.#running = this.#begin((result) => {
        this.#end(result);
        resolve();
      });
    });
  }

  cancel(): void {
    if (this.#running === undefined) this.#end(resultOf('cancelled'));
    else this.#running.cancel();
  }

  #end(result: UsbResult): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#complete(result);
  }
}

/** A transfer in pieces. */
class LargeTransfer implements UsbTransfer {
  readonly #device: UsbDevice;
  readonly #operation: DataTransfer;
  readonly #pieceSize: number;
  readonly #complete: Complete;
  readonly #results: UsbResult[] = [];
  #current: UsbTransfer | undefined;
  #isCancelled = false;

  constructor(device: UsbDevice, operation: DataTransfer, pieceSize: number, complete: Complete) {
    this.#device = device;
    this.#operation = operation;
    this.#pieceSize = pieceSize;
    this.#complete = complete;
    this.#next(0);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#current?.cancel();
  }

  #next(offset: number): void {
    const piece = pieceOf(this.#operation, offset, this.#pieceSize);
    const end = { isReached: false };
    const transfer = this.#device.submit(piece, (result) => {
      end.isReached = true;
      this.#current = undefined;
      this.#pieceEnded(result, offset + sizeOf(piece), result.transferred === sizeOf(piece));
    });
    // `complete` may have been called already, and have started the next piece.
    if (!end.isReached) this.#current = transfer;
  }

  #pieceEnded(result: UsbResult, end: number, isWhole: boolean): void {
    this.#results.push(result);
    const goesOn = result.status === 'completed' && isWhole && end < sizeOf(this.#operation);
    if (goesOn && !this.#isCancelled) {
      this.#next(end);
      return;
    }
    const transferred = this.#results.reduce((sum, each) => sum + each.transferred, 0);
    const data = joinParts(this.#results.map((each) => each.data));
    this.#complete(resultOf(goesOn ? 'cancelled' : result.status, data, transferred));
  }
}

function sizeOf(operation: DataTransfer): number {
  return operation.type === 'transferIn' ? operation.length : operation.data.byteLength;
}

function pieceOf(operation: DataTransfer, offset: number, pieceSize: number): DataTransfer {
  return operation.type === 'transferIn'
    ? { ...operation, length: Math.min(pieceSize, operation.length - offset) }
    : { ...operation, data: operation.data.subarray(offset, offset + pieceSize) };
}
