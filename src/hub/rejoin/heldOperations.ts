import type { UsbOperation, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, resultOf } from '../../usb/results.ts';

/** One operation, from its submission to its end: at a device, or held. */
export interface HeldOperation {
  readonly operation: UsbOperation;
  readonly complete: Complete;
  /** At the device. */
  transfer: UsbTransfer | undefined;
}

/** Operations that are held, at most, and their bytes. */
const MAXIMUM_OPERATIONS = 64;
const MAXIMUM_BYTES = 1024 * 1024;

/** What waits for a device that is away. */
export class HeldOperations {
  /** Were at the device. They count against no limit: the device had its own. */
  #lost: HeldOperation[] = [];
  /** Have been submitted since. */
  #waiting: HeldOperation[] = [];

  /** It was at the device, and nobody knows what the device has done of it. */
  lost(entry: HeldOperation): void {
    this.#lost.push(entry);
  }

  /** It is submitted while the device is away. What would be too much fails at once. */
  submit(entry: HeldOperation): void {
    const { operation, complete } = entry;
    if (operation.type === 'queryBus') {
      complete(resultOf('notSupported'));
      return;
    }
    if (operation.type === 'abortEndpoint') {
      this.#abort(operation.endpointAddress);
      complete(resultOf('completed'));
      return;
    }
    const bytes = this.#waiting.reduce((sum, each) => sum + sizeOf(each), sizeOf(entry));
    if (this.#waiting.length >= MAXIMUM_OPERATIONS || bytes > MAXIMUM_BYTES) complete(resultOf('failed'));
    else this.#waiting.push(entry);
  }

  /** False: it is not held. */
  cancel(entry: HeldOperation): boolean {
    for (const held of [this.#lost, this.#waiting]) {
      const index = held.indexOf(entry);
      if (index === -1) continue;
      held.splice(index, 1);
      entry.complete(resultOf('cancelled'));
      return true;
    }
    return false;
  }

  /** All that were at the device, in order, and are not held any more. */
  takeLost(): readonly HeldOperation[] {
    return this.#lost.splice(0);
  }

  /** The first of those that were submitted since, which is not held any more. */
  takeNext(): HeldOperation | undefined {
    return this.#waiting.shift();
  }

  #abort(endpointAddress: number): void {
    const isMeant = ({ operation }: HeldOperation) =>
      'endpointAddress' in operation && operation.endpointAddress === endpointAddress;
    for (const entry of [...this.#lost, ...this.#waiting].filter(isMeant)) this.cancel(entry);
  }
}

function sizeOf({ operation }: HeldOperation): number {
  return 'data' in operation ? operation.data.byteLength : 0;
}
