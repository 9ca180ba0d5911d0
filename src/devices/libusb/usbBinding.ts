import { createRequire } from 'node:module';
import { DeviceError } from '../../usb/deviceError.ts';

/** An error of libusb. `errno` above 0 is a LIBUSB_TRANSFER_* status, below 0 a LIBUSB_ERROR_* code. */
export interface NativeError extends Error {
  readonly errno: number;
}

export type NativeCallback = (error?: NativeError) => void;

/** One libusb transfer. It may be submitted again once it has called back, always on the endpoint it was made for. */
export interface NativeTransfer {
  /** @throws NativeError; the object cannot be used again then, because node-usb takes it for active ever after. */
  submit(buffer: Buffer): unknown;
  /** Asks for an early end; the callback still comes. @throws NativeError */
  cancel(): boolean;
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
}

/** One libusb context: what a load of the native file gives. */
export interface NativeContext {
  readonly INIT_ERROR: number;
  readonly Transfer: new (
    device: NativeDevice,
    endpointAddress: number,
    type: number,
    timeout: number,
    callback: (error: NativeError | undefined, buffer: Buffer, actual: number) => void,
  ) => NativeTransfer;
  getDeviceList(): NativeDevice[];
}

/** libusb as this folder sees it; tests give one made of software. */
export interface UsbBinding {
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

/** Loads node-usb. @throws DeviceError that says what is missing. */
export async function loadUsbBinding(): Promise<UsbBinding> {
  const { usb } = await import('usb').catch((reason: unknown) => {
    throw unavailable(explainMissing(reason), reason);
  });
  if (usb.INIT_ERROR !== 0) throw unavailable(`libusb does not start (${usb.INIT_ERROR})`);
  return {
    context: asContext(usb),
    newContext: reload,
    onChange(listener) {
      usb.on('attach', listener);
      usb.on('detach', listener);
      return () => {
        usb.off('attach', listener);
        usb.off('detach', listener);
      };
    },
  };
}

/** Node gives a native file an environment of its own each time it is loaded, and node-usb a context to each of these. */
function reload(): NativeContext {
  const require = createRequire(import.meta.url);
  const file = Object.keys(require.cache).find((path) => /[\\/]usb[\\/].*\.node$/.test(path));
  if (file === undefined) {
    const problem = 'libusb cannot look for new devices: its native file is not where it was';
    throw new DeviceError('USB_UNAVAILABLE', problem);
  }
  // The one that was loaded first must stay what others get who ask for it.
  const first = require.cache[file];
  try {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a module cache is a dictionary
    delete require.cache[file];
    return asContext(require(file));
  } finally {
    require.cache[file] = first;
  }
}

function unavailable(problem: string, cause?: unknown): DeviceError {
  return new DeviceError('USB_UNAVAILABLE', `no USB support on this platform: ${problem}`, { cause });
}

/** In one line, without the paths that Node adds. */
function explainMissing(reason: unknown): string {
  const [line = ''] = String(reason instanceof Error ? reason.message : reason).split('\n');
  const isMissing = reason instanceof Error && 'code' in reason && reason.code === 'ERR_MODULE_NOT_FOUND';
  return isMissing ? 'the package "usb" is not installed (npm install usb@~2.18 adds it)' : line;
}

/**
 * node-usb's own types ask for its classes where this folder's ask for no more than it uses. A context that could not start
 * has no `Transfer`.
 */
function asContext(loaded: unknown): NativeContext {
  if (!isContext(loaded)) throw unavailable('libusb does not start');
  return loaded;
}

function isContext(value: unknown): value is NativeContext {
  return (
    typeof value === 'object' &&
    value !== null &&
    'INIT_ERROR' in value &&
    'getDeviceList' in value &&
    'Transfer' in value
  );
}
