import { readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbTransfer } from '../../src/ports/usb.ts';
import { type Complete, completeAtOnce, resultOf } from '../../src/usb/results.ts';

export const REPORT_IN = 0x81;
export const SERIAL_IN = 0x82;
export const SERIAL_OUT = 0x03;
const DEVICE = Uint8Array.of(18, 1, 0, 2, 0, 0, 0, 64, 0xf4, 0x46, 3, 0, 0, 1, 0, 0, 0, 1);
const REPORT_SIZE = 4;

/** Interrupt 1 IN with `interval` as bInterval at high speed, and a CDC data interface: bulk 2 IN, bulk 3 OUT. */
const configurationOf = (interval: number) =>
  Uint8Array.of(
    ...[9, 2, 48, 0, 2, 1, 0, 0x80, 50],
    ...[9, 4, 0, 0, 1, 3, 1, 2, 0],
    ...[7, 5, REPORT_IN, 3, 8, 0, interval],
    ...[9, 4, 1, 0, 2, 0x0a, 0, 0, 0],
    ...[7, 5, SERIAL_IN, 2, 64, 0, 0],
    ...[7, 5, SERIAL_OUT, 2, 64, 0, 0],
  );

type Pending = { readonly complete: Complete; readonly length: number };

/**
 * A mouse that moves all the time and a serial line that always has bytes, on a bus in virtual time. The mouse has one
 * register: what is not fetched merges, as in many.
 */
export class StreamDevice implements UsbDevice {
  readonly deviceDescriptor = DEVICE;
  readonly configurationDescriptors: readonly Uint8Array[];
  readonly configurations;
  readonly gone: AbortSignal = new AbortController().signal;
  readonly identity: UsbDeviceIdentity = {
    ...{ vendorId: 0x46f4, productId: 3, deviceVersion: 0x100, usbVersion: 0x200 },
    ...{ deviceClass: 0, deviceSubclass: 0, deviceProtocol: 0 },
    ...{ speed: 'high', busNumber: 1, deviceAddress: 1, portPath: '1-1' },
  };
  /** Movements that the mouse has made. */
  moved = 0;
  /** Bytes that the line has sent and got. */
  sent = 0;
  written = 0;
  readonly #clock: Clock;
  readonly #reportTime: number;
  readonly #byteRate: number;
  readonly #reports: Pending[] = [];
  readonly #reads: Pending[] = [];
  #register = 0;
  #isBusy = false;
  /** When the line has room again. */
  #writtenAt = 0;
  #stop = () => {};

  /**
   * @param reportTime - milliseconds between two movements
   * @param byteRate - bytes a millisecond of the serial line, each way
   */
  constructor(clock: Clock, reportTime: number, byteRate: number) {
    this.#clock = clock;
    this.#reportTime = reportTime;
    this.#byteRate = byteRate;
    this.configurationDescriptors = [configurationOf(Math.log2(reportTime * 8) + 1)];
    this.configurations = readConfigurations(this.configurationDescriptors);
  }

  /** The mouse begins to move, and goes on until the function that this returns is called. */
  move(): () => void {
    const tick = () => {
      this.moved += 1;
      this.#register += 1;
      this.#report();
      this.#stop = this.#clock.after(this.#reportTime, tick);
    };
    this.#stop = this.#clock.after(this.#reportTime, tick);
    return () => this.#stop();
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#stop();
    return Promise.resolve();
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    switch (operation.type) {
      case 'transferIn':
        return this.#read(operation.endpointAddress, { complete, length: operation.length });
      case 'transferOut': {
        const { byteLength } = operation.data;
        const now = this.#clock.now();
        this.#writtenAt = Math.max(now, this.#writtenAt) + byteLength / this.#byteRate;
        this.#clock.after(this.#writtenAt - now, () => {
          this.written += byteLength;
          complete(resultOf('completed', undefined, byteLength));
        });
        return { cancel: () => {} };
      }
      case 'control':
        return completeAtOnce(this.#descriptor(operation.setup.wValue, operation.setup.wLength), complete);
      default:
        return completeAtOnce('completed', complete);
    }
  }

  #descriptor(wValue: number, wLength: number) {
    const descriptor = wValue === 0x100 ? DEVICE : wValue === 0x200 ? this.configurationDescriptors[0] : undefined;
    return descriptor === undefined ? resultOf('stalled') : resultOf('completed', descriptor.slice(0, wLength));
  }

  #read(endpointAddress: number, pending: Pending): UsbTransfer {
    const queue = endpointAddress === REPORT_IN ? this.#reports : this.#reads;
    queue.push(pending);
    this.#report();
    this.#send();
    return {
      cancel: () => {
        const position = queue.indexOf(pending);
        if (position < 0) return;
        queue.splice(position, 1);
        pending.complete(resultOf('cancelled'));
      },
    };
  }

  #report(): void {
    const next = this.#register > 0 ? this.#reports.shift() : undefined;
    if (next === undefined) return;
    const report = new Uint8Array(REPORT_SIZE);
    new DataView(report.buffer).setUint32(0, this.#register, true);
    this.#register = 0;
    next.complete(resultOf('completed', report));
  }

  #send(): void {
    const [next] = this.#reads;
    if (next === undefined || this.#isBusy) return;
    this.#isBusy = true;
    this.#clock.after(next.length / this.#byteRate, () => {
      this.#isBusy = false;
      if (this.#reads.shift() !== undefined) next.complete(resultOf('completed', this.#bytes(next.length)));
      this.#send();
    });
  }

  #bytes(length: number): Uint8Array {
    const bytes = Uint8Array.from({ length }, (_, index) => this.sent + index);
    this.sent += length;
    return bytes;
  }
}
