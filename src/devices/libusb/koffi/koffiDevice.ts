import { LibusbError } from '../errors.ts';
import type {
  NativeCallback,
  NativeConfigurationDescriptor,
  NativeDevice,
  NativeDeviceDescriptor,
  NativeError,
  ReleasePort,
} from '../usbBinding.ts';
import { readConfigurationStructs } from './configurationStructs.ts';
import { claimPort } from './hubPort.ts';
import type { InFlight, LibusbEvents } from './libusbEvents.ts';
import type { LibusbLibrary, OutPointer, Pointer } from './libusbLibrary.ts';

const DEVICE_DESCRIPTOR_SIZE = 18;
/** Hubs in a row that USB allows. */
const MAXIMUM_DEPTH = 7;

/** An error of libusb, as node-usb makes it: libusb's name for it, and its number. */
export function nativeError({ calls }: LibusbLibrary, errno: number): NativeError {
  const name = errno > 0 ? `LIBUSB_TRANSFER ${errno}` : calls.errorName(errno);
  // eslint-disable-next-line urbdrc/errors -- it has libusb's own number, and others of this folder turn it into words
  return Object.assign(new Error(name), { errno });
}

/** A device in libusb's list. It holds a reference to it until {@link forget}. */
export class KoffiDevice implements NativeDevice {
  readonly library: LibusbLibrary;
  readonly busNumber: number;
  readonly deviceAddress: number;
  readonly portNumbers: readonly number[];
  readonly deviceDescriptor: NativeDeviceDescriptor;
  readonly #events: LibusbEvents;
  readonly #pointer: Pointer;
  #handle: Pointer | undefined;
  #inFlight = 0;

  /** @throws NativeError */
  constructor(library: LibusbLibrary, events: LibusbEvents, pointer: Pointer) {
    this.library = library;
    this.#events = events;
    this.#pointer = pointer;
    const { calls } = library;
    const descriptor = new Uint8Array(DEVICE_DESCRIPTOR_SIZE);
    this.#check(calls.getDeviceDescriptor(pointer, descriptor));
    this.deviceDescriptor = readDeviceStruct(descriptor);
    this.busNumber = calls.getBusNumber(pointer);
    this.deviceAddress = calls.getDeviceAddress(pointer);
    const ports = new Uint8Array(MAXIMUM_DEPTH);
    const depth = calls.getPortNumbers(pointer, ports, MAXIMUM_DEPTH);
    this.portNumbers = [...ports.subarray(0, Math.max(depth, 0))];
    calls.referenceDevice(pointer);
  }

  get isOpen(): boolean {
    return this.#handle !== undefined;
  }

  /** libusb_device_handle. @throws NativeError while the device is not open */
  get handle(): Pointer {
    if (this.#handle === undefined) throw nativeError(this.library, LibusbError.NO_DEVICE);
    return this.#handle;
  }

  /** Gives back the reference; nothing may be asked of the device afterwards. */
  forget(): void {
    this.library.calls.unreferenceDevice(this.#pointer);
  }

  /** A transfer of this device is at libusb. */
  submitted(transfer: InFlight, timeout: number): void {
    this.#inFlight++;
    this.#events.follow(transfer, timeout);
  }

  /** A transfer of this device is over. */
  returned(): void {
    this.#inFlight--;
  }

  __open(): void {
    if (this.#handle !== undefined) throw nativeError(this.library, LibusbError.BUSY);
    const out: OutPointer = [null];
    this.#check(this.library.calls.open(this.#pointer, out));
    this.#handle = out[0] ?? undefined;
    this.#events.use();
  }

  __close(): void {
    const { handle } = this;
    if (this.#inFlight > 0) throw nativeError(this.library, LibusbError.BUSY);
    this.#handle = undefined;
    this.#events.unuse(() => this.library.calls.close(handle));
  }

  __getConfigDescriptor(): NativeConfigurationDescriptor {
    return this.#configuration((out) => this.library.calls.getActiveConfiguration(this.#pointer, out));
  }

  __getAllConfigDescriptors(): readonly NativeConfigurationDescriptor[] {
    return Array.from({ length: this.deviceDescriptor.bNumConfigurations }, (_, index) =>
      this.#configuration((out) => this.library.calls.getConfiguration(this.#pointer, index, out)),
    );
  }

  __setConfiguration(value: number, callback: NativeCallback): void {
    this.library.calls.setConfiguration.async(this.handle, value, this.#told(callback));
  }

  __clearHalt(endpointAddress: number, callback: NativeCallback): void {
    this.library.calls.clearHalt.async(this.handle, endpointAddress, this.#told(callback));
  }

  __setInterface(interfaceNumber: number, alternateSetting: number, callback: NativeCallback): void {
    this.library.calls.setInterface.async(this.handle, interfaceNumber, alternateSetting, this.#told(callback));
  }

  __claimInterface(interfaceNumber: number): void {
    this.#check(this.library.calls.claimInterface(this.handle, interfaceNumber));
  }

  __releaseInterface(interfaceNumber: number, callback: NativeCallback): void {
    this.library.calls.releaseInterface.async(this.handle, interfaceNumber, this.#told(callback));
  }

  __attachKernelDriver(interfaceNumber: number): void {
    this.#check(this.library.calls.attachKernelDriver(this.handle, interfaceNumber));
  }

  __isKernelDriverActive(interfaceNumber: number): boolean {
    return this.#check(this.library.calls.kernelDriverActive(this.handle, interfaceNumber)) === 1;
  }

  __setAutoDetachKernelDriver(enable: number): void {
    this.#check(this.library.calls.setAutoDetachKernelDriver(this.handle, enable));
  }

  reset(callback: NativeCallback): void {
    this.library.calls.resetDevice.async(this.handle, this.#told(callback));
  }

  holdPort(): Promise<ReleasePort | undefined> {
    return claimPort(this.library.koffi, this);
  }

  #configuration(get: (out: OutPointer) => number): NativeConfigurationDescriptor {
    const out: OutPointer = [null];
    this.#check(get(out));
    const [pointer] = out;
    if (pointer === null) throw nativeError(this.library, LibusbError.NOT_FOUND);
    try {
      return readConfigurationStructs(this.library.koffi, pointer);
    } finally {
      this.library.calls.freeConfiguration(pointer);
    }
  }

  #check(code: number): number {
    if (code < 0) throw nativeError(this.library, code);
    return code;
  }

  /** What koffi calls when a call on another thread has returned. */
  #told(callback: NativeCallback): (error: unknown, code: number) => void {
    return (error, code) => {
      if (error !== null && error !== undefined) callback(nativeError(this.library, LibusbError.OTHER));
      else callback(code < 0 ? nativeError(this.library, code) : undefined);
    };
  }
}

/** struct libusb_device_descriptor: the descriptor itself, in the machine's byte order, which is little-endian. */
function readDeviceStruct(bytes: Uint8Array): NativeDeviceDescriptor {
  const view = new DataView(bytes.buffer);
  return {
    bLength: view.getUint8(0),
    bDescriptorType: view.getUint8(1),
    bcdUSB: view.getUint16(2, true),
    bDeviceClass: view.getUint8(4),
    bDeviceSubClass: view.getUint8(5),
    bDeviceProtocol: view.getUint8(6),
    bMaxPacketSize0: view.getUint8(7),
    idVendor: view.getUint16(8, true),
    idProduct: view.getUint16(10, true),
    bcdDevice: view.getUint16(12, true),
    iManufacturer: view.getUint8(14),
    iProduct: view.getUint8(15),
    iSerialNumber: view.getUint8(16),
    bNumConfigurations: view.getUint8(17),
  };
}
