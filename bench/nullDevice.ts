import { readConfigurations } from '../codecs/usb/configurationDescriptor.ts';
import { RequestType, StandardRequest } from '../codecs/usb/setupPacket.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../src/ports/usb.ts';

const EMPTY = new Uint8Array(0);
const DEVICE = Uint8Array.of(18, 1, 0, 2, 0xff, 0, 0, 64, 0xf4, 0x46, 1, 0, 0, 1, 0, 0, 0, 1);
/** One interface of a vendor's class: bulk 1 and 3 IN, bulk 2 and 4 OUT. */
const CONFIGURATION = Uint8Array.of(
  ...[9, 2, 46, 0, 1, 1, 0, 0x80, 50],
  ...[9, 4, 0, 0, 4, 0xff, 0, 0, 0],
  ...[7, 5, 0x81, 2, 0, 2, 0],
  ...[7, 5, 0x02, 2, 0, 2, 0],
  ...[7, 5, 0x83, 2, 0, 2, 0],
  ...[7, 5, 0x04, 2, 0, 2, 0],
);

const IDENTITY: UsbDeviceIdentity = {
  vendorId: 0x46f4,
  productId: 1,
  deviceVersion: 0x100,
  usbVersion: 0x200,
  deviceClass: 0xff,
  deviceSubclass: 0,
  deviceProtocol: 0,
  speed: 'high',
  busNumber: 1,
  deviceAddress: 1,
  portPath: '1-1',
};

/** What the devices of all sessions have. */
const ALL_DATA = new Uint8Array(64 * 1024).fill(0xa5);

export const BULK_IN = 0x81;
export const BULK_OUT = 0x02;

/** A device that takes no time: it swallows what it is sent and always has data. What is measured is all around it. */
export class NullDevice implements UsbDevice {
  readonly deviceDescriptor = DEVICE;
  readonly configurationDescriptors = [CONFIGURATION];
  readonly configurations = readConfigurations(this.configurationDescriptors);
  readonly gone: AbortSignal = new AbortController().signal;
  readonly identity: UsbDeviceIdentity;
  readonly #data: Uint8Array;

  /**
   * @param transferSize - the most that one IN transfer brings, bytes; at most 64 KiB
   * @param port - number of its port: what tells it from others
   */
  constructor(transferSize: number, port = 1) {
    this.identity = { ...IDENTITY, deviceAddress: port, portPath: `1-${port}` };
    this.#data = ALL_DATA.subarray(0, transferSize);
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    complete(this.#answer(operation));
    return { cancel: () => {} };
  }

  protected transferIn({ length }: Extract<UsbOperation, { type: 'transferIn' }>): UsbResult {
    const data = this.#data.subarray(0, length);
    return { status: 'completed', data, transferred: data.byteLength };
  }

  protected transferOut({ data }: Extract<UsbOperation, { type: 'transferOut' }>): UsbResult {
    return { status: 'completed', data: EMPTY, transferred: data.byteLength };
  }

  #answer(operation: UsbOperation): UsbResult {
    switch (operation.type) {
      case 'transferIn':
        return this.transferIn(operation);
      case 'transferOut':
        return this.transferOut(operation);
      case 'control':
        return this.#control(operation);
      case 'setConfiguration':
      case 'setInterface':
      case 'clearHalt':
      case 'resetEndpoint':
      case 'abortEndpoint':
      case 'resetDevice':
      case 'cyclePort':
        return { status: 'completed', data: EMPTY, transferred: 0 };
      case 'isochronousIn':
      case 'isochronousOut':
      case 'queryBus':
        return { status: 'notSupported', data: EMPTY, transferred: 0 };
    }
  }

  #control({ setup }: Extract<UsbOperation, { type: 'control' }>): UsbResult {
    if ((setup.bmRequestType & RequestType.directionIn) === 0 || setup.bRequest !== StandardRequest.GET_DESCRIPTOR) {
      return { status: 'completed', data: EMPTY, transferred: 0 };
    }
    const data = (setup.wValue >> 8 === 1 ? DEVICE : CONFIGURATION).subarray(0, setup.wLength);
    return { status: 'completed', data, transferred: data.byteLength };
  }
}
