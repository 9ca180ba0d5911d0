import { type Configuration, readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import type { RedirectedDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';

export const IDENTITY: UsbDeviceIdentity = {
  vendorId: 0x46f4,
  productId: 0x0001,
  deviceVersion: 0x1234,
  usbVersion: 0x0210,
  deviceClass: 0,
  deviceSubclass: 0,
  deviceProtocol: 0,
  speed: 'high',
  busNumber: 1,
  deviceAddress: 7,
  portPath: '1-2.3',
};

/** A device descriptor with the strings 1, 2 and 3 as manufacturer, product and serial number. */
export const DEVICE_DESCRIPTOR = bytes('12 01 10 02 00 00 00 40 f4 46 01 00 34 12 01 02 03 02');

/**
 * Configuration 1, name 4. Interface 0, name 5: vendor class, bulk 1 IN, bulk 2 OUT, interrupt 3 IN. Interface 1: alternate
 * setting 0 empty, 1 with isochronous 4 IN and 5 OUT (192 bytes).
 */
export const CONFIGURATION_1 = bytes(
  '09 02 4b 00 02 01 04 80 32',
  '09 04 00 00 03 ff 01 02 05',
  '07 05 81 02 00 02 00',
  '07 05 02 02 00 02 00',
  '07 05 83 03 08 00 0a',
  '09 04 01 00 00 01 02 00 00',
  '09 04 01 01 02 01 02 00 06',
  '09 05 84 05 c0 00 01 00 00',
  '09 05 05 09 c0 00 01 00 00',
);

/** Configuration 2: interface 0 with bulk 1 OUT. */
export const CONFIGURATION_2 = bytes(
  '09 02 19 00 01 02 00 80 32',
  '09 04 00 00 01 08 06 50 00',
  '07 05 01 02 00 02 00',
);

export function bytes(...hex: string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.join('').replaceAll(' ', ''), 'hex'));
}

/** A result as a device would give it. */
export function result(
  status: UsbResult['status'],
  data: Uint8Array = new Uint8Array(0),
  transferred?: number,
): UsbResult {
  return { status, data, transferred: transferred ?? data.byteLength };
}

/** An operation that the fake has been given and not answered. */
export interface Given {
  readonly operation: UsbOperation;
  readonly cancelled: boolean;
  complete(result: UsbResult): void;
}

type Answer = (operation: UsbOperation) => UsbResult | undefined;

/**
 * A device that answers what its script answers at once, and leaves the rest in `given` for the test to complete.
 * Cancelling completes with `cancelled` at once unless `holdCancelled` is set.
 */
export class FakeUsbDevice implements RedirectedDevice {
  identity: UsbDeviceIdentity;
  deviceDescriptor = DEVICE_DESCRIPTOR;
  configurationDescriptors: readonly Uint8Array[] = [CONFIGURATION_1, CONFIGURATION_2];
  readonly ids = { deviceInstanceId: '', hardwareIds: [], compatibilityIds: [], containerId: '' };
  readonly calls: string[] = [];
  readonly submitted: UsbOperation[] = [];
  readonly given: Given[] = [];
  answer: Answer;
  holdCancelled = false;
  openError: Error | undefined;
  /** When set, `open` and `close` wait for it. */
  gate: Promise<void> | undefined;
  readonly #gone = new AbortController();
  #read: { readonly of: readonly Uint8Array[]; readonly configurations: readonly Configuration[] } | undefined;

  constructor(answer: Answer = standardAnswers, identity: Partial<UsbDeviceIdentity> = {}) {
    this.answer = answer;
    this.identity = { ...IDENTITY, ...identity };
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

  unplug(): void {
    this.#gone.abort();
    for (const given of [...this.given]) given.complete(result('disconnected'));
  }

  async open(): Promise<void> {
    this.calls.push('open');
    await this.gate;
    if (this.openError !== undefined) throw this.openError;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    await this.gate;
    for (const given of [...this.given]) given.complete(result('cancelled'));
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    this.submitted.push(operation);
    const answered = this.answer(operation);
    if (answered !== undefined) {
      complete(answered);
      return { cancel: () => {} };
    }
    const given = {
      operation,
      cancelled: false,
      complete: (outcome: UsbResult) => {
        this.given.splice(this.given.indexOf(given), 1);
        complete(outcome);
      },
    };
    this.given.push(given);
    return {
      cancel: () => {
        given.cancelled = true;
        if (!this.holdCancelled) given.complete(result('cancelled'));
      },
    };
  }

  queryDeviceText(): Promise<string> {
    return Promise.resolve('');
  }
}

/** Answers standard requests as a healthy device would, and leaves everything else open. */
export function standardAnswers(operation: UsbOperation): UsbResult | undefined {
  switch (operation.type) {
    case 'setConfiguration':
    case 'setInterface':
    case 'clearHalt':
    case 'resetDevice':
      return result('completed');
    case 'control': {
      const { bmRequestType, bRequest, wValue } = operation.setup;
      if (bmRequestType === 0x80 && bRequest === 6 && wValue >> 8 === 3) return stringAnswer(wValue & 0xff);
      return undefined;
    }
    default:
      return undefined;
  }
}

const STRINGS = ['', 'Maker', 'Thing', 'S/N 1', 'Everyday', 'Data', 'Sound'];

function stringAnswer(index: number): UsbResult {
  if (index === 0) return result('completed', bytes('04 03 09 04'));
  const text = Buffer.from(STRINGS[index] ?? '', 'utf16le');
  return result('completed', Uint8Array.from([text.length + 2, 3, ...text]));
}
