import type { UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { resultOf } from '../../src/usb/results.ts';
import { BULK_IN, BULK_OUT, NullDevice } from '../nullDevice.ts';

const BLOCK = 512;
const LARGEST_TRANSFER = 1 << 20;

/** What native/device.c is: a stick of memory that takes no time, and beside it {@link NullDevice}'s other endpoints. */
export class InstantStick extends NullDevice {
  readonly #disk = new Uint8Array(64 << 20);
  readonly #status = Uint8Array.of(0x55, 0x53, 0x42, 0x53, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  #phase: 'command' | 'data' | 'done' = 'command';
  #place = 0;

  constructor() {
    super(LARGEST_TRANSFER);
  }

  protected override transferIn(operation: Extract<UsbOperation, { type: 'transferIn' }>): UsbResult {
    if (operation.endpointAddress !== BULK_IN) return super.transferIn(operation);
    if (this.#phase === 'data') {
      this.#phase = 'done';
      return resultOf('completed', this.#disk.subarray(this.#place, this.#place + operation.length));
    }
    this.#phase = 'command';
    return resultOf('completed', this.#status.slice());
  }

  protected override transferOut(operation: Extract<UsbOperation, { type: 'transferOut' }>): UsbResult {
    const { endpointAddress, data } = operation;
    if (endpointAddress === BULK_OUT && this.#phase === 'command') {
      this.#status.set(data.subarray(4, 8), 4);
      this.#place = new DataView(data.buffer, data.byteOffset).getUint32(17) * BLOCK;
      this.#phase = 'data';
    } else if (endpointAddress === BULK_OUT) {
      this.#disk.set(data, this.#place);
      this.#phase = 'done';
    }
    return super.transferOut(operation);
  }
}
