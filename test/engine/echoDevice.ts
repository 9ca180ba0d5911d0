import { type Configuration, readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';

const EMPTY = new Uint8Array(0);
const DEVICE = Buffer.from('120100020000004034127856000100010001'.slice(0, 36), 'hex');
/** One interface ff, bulk IN 0x81 and OUT 0x02 of 512 bytes. */
const CONFIGURATION = Buffer.from('0902200001010080320904000002ff0000000705810200020007050202000200', 'hex');

/**
 * A device for tests of the engine: what is written to 0x02 can be read from 0x81, a read waits until there is something.
 * It records what was asked of it.
 */
export class EchoDevice implements UsbDevice {
  readonly identity: UsbDeviceIdentity;
  readonly deviceDescriptor = DEVICE;
  readonly configurationDescriptors = [CONFIGURATION];
  readonly operations: UsbOperation[] = [];
  /** `open` and `close` in order. */
  readonly calls: string[] = [];
  readonly #gone = new AbortController();
  #read: { readonly of: readonly Uint8Array[]; readonly configurations: readonly Configuration[] } | undefined;
  readonly #echo: Uint8Array[] = [];
  readonly #reads: { length: number; complete: (result: UsbResult) => void }[] = [];
  /** When set, `open` fails with it. */
  refusal: string | undefined;

  constructor(identity: Partial<UsbDeviceIdentity> = {}) {
    this.identity = {
      vendorId: 0x1234,
      productId: 0x5678,
      deviceVersion: 0x0100,
      usbVersion: 0x0200,
      deviceClass: 0,
      deviceSubclass: 0,
      deviceProtocol: 0,
      speed: 'high',
      busNumber: 1,
      deviceAddress: 4,
      portPath: '1-4',
      ...identity,
    };
  }

  /** Read once, also where a test gives the device other descriptors. */
  get configurations(): readonly Configuration[] {
    if (this.#read?.of !== this.configurationDescriptors) {
      const of = this.configurationDescriptors;
      this.#read = { of, configurations: readConfigurations(of) };
    }
    return this.#read.configurations;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get pendingReads(): number {
    return this.#reads.length;
  }

  open(): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(new Error(this.refusal));
    this.calls.push('open');
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.calls.push('close');
    for (const read of this.#reads.splice(0)) read.complete({ status: 'cancelled', data: EMPTY, transferred: 0 });
    return Promise.resolve();
  }

  unplug(): void {
    for (const read of this.#reads.splice(0)) read.complete({ status: 'disconnected', data: EMPTY, transferred: 0 });
    this.#gone.abort();
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    // After the result the data's memory is another's.
    this.operations.push(operation.type === 'transferOut' ? { ...operation, data: operation.data.slice() } : operation);
    const done = (
      status: UsbResult['status'],
      data: Uint8Array = EMPTY,
      transferred = data.byteLength,
    ): UsbTransfer => {
      complete({ status, data, transferred });
      return { cancel() {} };
    };
    switch (operation.type) {
      case 'control': {
        const { bmRequestType, bRequest, wValue, wLength } = operation.setup;
        if (bRequest !== 6 || (bmRequestType & 0x80) === 0) return done('stalled');
        const descriptor = { 1: DEVICE, 2: CONFIGURATION }[wValue >> 8];
        return descriptor === undefined ? done('stalled') : done('completed', descriptor.subarray(0, wLength));
      }
      case 'transferOut':
        this.#echo.push(operation.data.slice());
        this.#serve();
        return done('completed', EMPTY, operation.data.byteLength);
      case 'transferIn': {
        const read = { length: operation.length, complete };
        this.#reads.push(read);
        this.#serve();
        return {
          cancel: () => {
            const position = this.#reads.indexOf(read);
            if (position < 0) return;
            this.#reads.splice(position, 1);
            complete({ status: 'cancelled', data: EMPTY, transferred: 0 });
          },
        };
      }
      case 'isochronousIn':
      case 'isochronousOut':
        return done('notSupported');
      case 'abortEndpoint':
        for (const read of this.#reads.splice(0)) read.complete({ status: 'cancelled', data: EMPTY, transferred: 0 });
        return done('completed');
      default:
        return done('completed');
    }
  }

  #serve(): void {
    for (;;) {
      const [data] = this.#echo;
      const [read] = this.#reads;
      if (data === undefined || read === undefined) return;
      this.#reads.shift();
      const part = data.subarray(0, read.length);
      if (part.byteLength === data.byteLength) this.#echo.shift();
      else this.#echo[0] = data.subarray(part.byteLength);
      read.complete({ status: 'completed', data: part, transferred: part.byteLength });
    }
  }
}
