import { expect } from 'chai';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';

/** A submitted operation, watched. */
export interface Watched {
  readonly transfer: UsbTransfer;
  readonly result: Promise<UsbResult>;
  /** How often `complete` was called. */
  completions(): number;
  /** What it was called with first. */
  seen(): UsbResult | undefined;
}

/** Submits operations and watches that each completes once, and none after close. */
export class Recorder {
  readonly device: UsbDevice;
  /** What went wrong; must be empty in the end. */
  readonly complaints: string[] = [];
  #isClosed = false;
  #pending = 0;

  constructor(device: UsbDevice) {
    this.device = device;
  }

  /** Operations without a result. */
  get pending(): number {
    return this.#pending;
  }

  async open(): Promise<void> {
    this.#isClosed = false;
    await this.device.open();
  }

  async close(): Promise<void> {
    await this.device.close();
    this.#isClosed = true;
  }

  submit(operation: UsbOperation): Watched {
    const wasClosed = this.#isClosed;
    let completions = 0;
    let seen: UsbResult | undefined;
    let resolve: (result: UsbResult) => void = () => {};
    const result = new Promise<UsbResult>((done) => (resolve = done));
    this.#pending += 1;
    const transfer = this.device.submit(operation, (each) => {
      completions += 1;
      seen ??= each;
      if (completions === 1) this.#pending -= 1;
      else this.complaints.push(`${operation.type} completed ${completions} times`);
      if (this.#isClosed && !wasClosed) this.complaints.push(`${operation.type} completed after close`);
      resolve(each);
    });
    return { transfer, result, completions: () => completions, seen: () => seen };
  }

  run(operation: UsbOperation): Promise<UsbResult> {
    return this.submit(operation).result;
  }

  /** A control IN request. */
  read(bmRequestType: number, bRequest: number, wValue: number, wIndex: number, wLength: number): Promise<UsbResult> {
    const setup = { bmRequestType, bRequest, wValue, wIndex, wLength };
    return this.run({ type: 'control', setup, data: new Uint8Array(0), timeout: 1000 });
  }

  /** A control OUT request. */
  write(
    bmRequestType: number,
    bRequest: number,
    wValue: number,
    wIndex: number,
    data: Uint8Array = new Uint8Array(0),
  ): Promise<UsbResult> {
    const setup = { bmRequestType, bRequest, wValue, wIndex, wLength: data.byteLength };
    return this.run({ type: 'control', setup, data, timeout: 1000 });
  }

  in(endpointAddress: number, length: number): Watched {
    return this.submit({ type: 'transferIn', endpointAddress, length });
  }

  out(endpointAddress: number, data: Uint8Array): Watched {
    return this.submit({ type: 'transferOut', endpointAddress, data });
  }
}

/** A device that is open and has its first configuration. */
export async function configured(device: UsbDevice): Promise<Recorder> {
  const usb = new Recorder(device);
  await usb.open();
  await usb.run({ type: 'setConfiguration', configurationValue: 1 });
  return usb;
}

/** Closes the device, after which every operation must have completed once. */
export async function closeCleanly(usb: Recorder): Promise<void> {
  await usb.close();
  expect(usb.complaints).to.deep.equal([]);
  expect(usb.pending).to.equal(0);
}
