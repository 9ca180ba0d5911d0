import { asError } from '../../../codecs/core/errors.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { loadKoffiBinding } from './koffi/koffiBinding.ts';
import { loadNodeUsbBinding } from './nodeUsbBinding.ts';

/** Ways to libusb: the system's library through the package `koffi`, or the package `usb` with the libusb in it. */
export type UsbBackend = 'koffi' | 'node-usb';

/** An error of libusb. `errno` above 0 is a LIBUSB_TRANSFER_* status, below 0 a LIBUSB_ERROR_* code. */
export interface NativeError extends Error {
  readonly errno: number;
}

export type NativeCallback = (error?: NativeError) => void;
export type TransferCallback = (error: NativeError | undefined, buffer: Buffer, actual: number) => void;

/** How a packet of an isochronous transfer ended. */
export interface NativePacketResult {
  /** LIBUSB_TRANSFER_*, 0: completed. */
  readonly status: number;
  readonly actualLength: number;
}

/** One libusb transfer. It may be submitted again once it has called back, always on the endpoint it was made for. */
export interface NativeTransfer {
  /**
   * `packetLengths` are those of an isochronous transfer, as many as it was made for.
   * @throws NativeError; the object cannot be used again then, because node-usb takes it for active ever after.
   */
  submit(buffer: Buffer, packetLengths?: readonly number[]): unknown;
  /** Asks for an early end; the callback still comes. @throws NativeError */
  cancel(): boolean;
  /**
   * Memory of the transfer's own, valid until it is asked for again or freed: data to send is put there, and received data
   * copied from there. Absent: any buffer may be submitted. @throws NativeError when there is not that much
   */
  memory?(length: number): Buffer;
  /** Bytes of that memory. */
  readonly capacity?: number;
  /** How packet `index` of the last submission ended. */
  packetResult?(index: number): NativePacketResult;
  /** Frees what is not the collector's to free. The transfer is not on its way. */
  free?(): void;
}

export interface NativeEndpointDescriptor {
  readonly bLength: number;
  readonly bDescriptorType: number;
  readonly bEndpointAddress: number;
  readonly bmAttributes: number;
  readonly wMaxPacketSize: number;
  readonly bInterval: number;
  readonly bRefresh: number;
  readonly bSynchAddress: number;
  readonly extra: Uint8Array;
}

export interface NativeInterfaceDescriptor {
  readonly bLength: number;
  readonly bDescriptorType: number;
  readonly bInterfaceNumber: number;
  readonly bAlternateSetting: number;
  readonly bNumEndpoints: number;
  readonly bInterfaceClass: number;
  readonly bInterfaceSubClass: number;
  readonly bInterfaceProtocol: number;
  readonly iInterface: number;
  readonly extra: Uint8Array;
  readonly endpoints: readonly NativeEndpointDescriptor[];
}

export interface NativeConfigurationDescriptor {
  readonly bLength: number;
  readonly bDescriptorType: number;
  readonly bNumInterfaces: number;
  readonly bConfigurationValue: number;
  readonly iConfiguration: number;
  readonly bmAttributes: number;
  readonly bMaxPower: number;
  readonly extra: Uint8Array;
  readonly interfaces: readonly (readonly NativeInterfaceDescriptor[])[];
}

export interface NativeDeviceDescriptor {
  readonly bLength: number;
  readonly bDescriptorType: number;
  readonly bcdUSB: number;
  readonly bDeviceClass: number;
  readonly bDeviceSubClass: number;
  readonly bDeviceProtocol: number;
  readonly bMaxPacketSize0: number;
  readonly idVendor: number;
  readonly idProduct: number;
  readonly bcdDevice: number;
  readonly iManufacturer: number;
  readonly iProduct: number;
  readonly iSerialNumber: number;
  readonly bNumConfigurations: number;
}

/**
 * node-usb's device, as far as it is used here: the calls that node-usb marks with two underscores, because only they take
 * bInterfaceNumber. Its `Interface` class takes positions in an array, which differ where numbers have gaps.
 *
 * All calls throw a {@link NativeError}, also those that report their end through a callback.
 */
export interface NativeDevice {
  readonly busNumber: number;
  readonly deviceAddress: number;
  readonly portNumbers?: readonly number[];
  readonly deviceDescriptor: NativeDeviceDescriptor;
  __open(): void;
  /** @throws Error while any request is pending */
  __close(): void;
  __getConfigDescriptor(): NativeConfigurationDescriptor;
  __getAllConfigDescriptors(): readonly NativeConfigurationDescriptor[];
  __setConfiguration(value: number, callback: NativeCallback): void;
  __clearHalt(endpointAddress: number, callback: NativeCallback): void;
  __setInterface(interfaceNumber: number, alternateSetting: number, callback: NativeCallback): void;
  __claimInterface(interfaceNumber: number): void;
  __releaseInterface(interfaceNumber: number, callback: NativeCallback): void;
  __attachKernelDriver(interfaceNumber: number): void;
  __isKernelDriverActive(interfaceNumber: number): boolean;
  __setAutoDetachKernelDriver(enable: number): void;
  reset(callback: NativeCallback): void;
  /**
   * Keeps the kernel's drivers off the device's interfaces until what this resolves with is called, and that has resolved.
   * Undefined: it cannot be done. Never rejects. Absent: this binding cannot do it.
   */
  holdPort?(): Promise<ReleasePort | undefined>;
}

/** Lets the kernel's drivers have the device again. Never rejects. */
export type ReleasePort = () => Promise<void>;

/** One libusb context: what a load of the native file gives. */
export interface NativeContext {
  readonly INIT_ERROR: number;
  readonly Transfer: new (
    device: NativeDevice,
    endpointAddress: number,
    type: number,
    timeout: number,
    callback: TransferCallback,
    packetCount?: number,
  ) => NativeTransfer;
  /** Whether its transfers can have packets; their `memory` and `packetResult` are there then. */
  readonly hasIsochronous?: boolean;
  getDeviceList(): NativeDevice[];
}

/** libusb as this folder sees it; tests give one made of software. */
export interface UsbBinding {
  readonly backend: UsbBackend;
  /** For people: whose libusb it is, and its version where that is known. */
  readonly description: string;
  /** Why it is not the one that is used where nobody chooses. */
  readonly reason?: string;
  readonly context: NativeContext;
  /**
   * A further context, which sees the devices that are there now.
   *
   * Only udev's messages keep libusb's list up to date: where no udevd runs (containers, small systems), a device
   * that was plugged in after the start is not in the list, and never will be. A new context looks again. It costs a
   * thread and stays until the process ends, so it is made only for a device that the first one does not know.
   */
  newContext(): NativeContext;
  /** Calls back after a device came or went, as far as libusb notices. Returns the function that stops it. */
  onChange(listener: () => void): () => void;
}

/**
 * Loads the way to libusb that was asked for, or else koffi's, and node-usb's where that does not load.
 *
 * @throws DeviceError that says what is missing
 */
export async function loadUsbBinding(backend?: UsbBackend): Promise<UsbBinding> {
  let whyNot = '';
  if (backend !== 'node-usb') {
    try {
      return await loadKoffiBinding();
    } catch (error) {
      whyNot = asError(error).message;
      if (backend === 'koffi') throw unavailable(whyNot, error);
    }
  }
  try {
    return { ...(await loadNodeUsbBinding()), reason: whyNot || 'node-usb was asked for' };
  } catch (error) {
    const { message } = asError(error);
    throw unavailable(whyNot === '' ? message : `${message}; ${whyNot}`, error);
  }
}

function unavailable(problem: string, cause: unknown): DeviceError {
  return new DeviceError('USB_UNAVAILABLE', `no USB support on this platform: ${problem}`, { cause });
}
