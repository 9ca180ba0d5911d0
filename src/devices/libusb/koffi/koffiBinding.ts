import { DeviceError } from '../../../usb/deviceError.ts';
import type { NativeContext, NativeDevice, UsbBinding } from '../usbBinding.ts';
import { KoffiDevice, nativeError } from './koffiDevice.ts';
import { KoffiTransfer } from './koffiTransfer.ts';
import { LibusbEvents } from './libusbEvents.ts';
import { type LibusbLibrary, loadLibusbLibrary, type OutPointer, type Pointer } from './libusbLibrary.ts';

/** LIBUSB_CAP_HAS_HOTPLUG, and "came or went", and "any". */
const HAS_HOTPLUG = 1;
const CAME_OR_WENT = 3;
const ANY = -1;
/** Where libusb does not notice devices that come and go, in ms. */
const LOOK_INTERVAL = 1000;

/** One libusb context, with the devices in its list. */
class KoffiContext implements NativeContext {
  readonly INIT_ERROR = 0;
  readonly Transfer = KoffiTransfer;
  readonly hasIsochronous = true;
  readonly #library: LibusbLibrary;
  readonly #pointer: Pointer;
  readonly #events: LibusbEvents;
  /** By their addresses in libusb, so that a device is the same object in each list. */
  readonly #devices = new Map<Pointer, KoffiDevice>();

  /** @throws DeviceError when libusb does not start */
  constructor(library: LibusbLibrary, onThread: boolean) {
    const out: OutPointer = [null];
    const code = library.calls.init(out);
    const [pointer] = out;
    if (code < 0 || pointer === null)
      throw new DeviceError('USB_UNAVAILABLE', `libusb does not start: ${library.calls.errorName(code)}`);
    this.#library = library;
    this.#pointer = pointer;
    this.#events = new LibusbEvents(library, pointer, onThread);
  }

  getDeviceList(): NativeDevice[] {
    const { calls, koffi } = this.#library;
    const out: OutPointer = [null];
    const count = Number(calls.getDeviceList(this.#pointer, out));
    const [list] = out;
    if (count < 0 || list === null) throw nativeError(this.#library, count);
    const pointers = count > 0 ? [...new BigUint64Array(koffi.view(list, 8 * count))] : [];
    const found = pointers.map((pointer) => this.#device(pointer));
    calls.freeDeviceList(list, 1);
    for (const [pointer, device] of this.#devices) {
      if (device.isOpen || pointers.includes(pointer)) continue;
      this.#devices.delete(pointer);
      device.forget();
    }
    return found;
  }

  /** Calls back when a device came or went, as far as libusb notices. Returns the function that stops it. */
  listen(listener: () => void): () => void {
    const { calls, koffi } = this.#library;
    // A callback on a thread would wait for this one, which may be waiting for that one inside of libusb.
    if (calls.hasCapability(HAS_HOTPLUG) === 0 || !this.#events.usesDescriptors) {
      const timer = setInterval(listener, LOOK_INTERVAL);
      return () => clearInterval(timer);
    }
    const type = koffi.pointer(koffi.proto('int', ['void *', 'void *', 'int', 'void *']));
    const callback = koffi.register(() => {
      setImmediate(listener); // libusb may be asked nothing from in here
      return 0; // and again next time
    }, type);
    const handle: [number] = [0];
    const code = calls.hotplugRegister(this.#pointer, CAME_OR_WENT, 0, ANY, ANY, ANY, callback, null, handle);
    if (code < 0) throw nativeError(this.#library, code);
    this.#events.use();
    return () => {
      this.#events.unuse(() => calls.hotplugDeregister(this.#pointer, handle[0]));
      setImmediate(() => koffi.unregister(callback)); // this may be inside of it
    };
  }

  #device(pointer: Pointer): KoffiDevice {
    const known = this.#devices.get(pointer);
    if (known !== undefined) return known;
    const device = new KoffiDevice(this.#library, this.#events, pointer);
    this.#devices.set(pointer, device);
    return device;
  }
}

/** It lives as long as the process, and its contexts do: one for all sources, so that a device has one owner. */
let loaded: Promise<UsbBinding> | undefined;

/**
 * libusb-1.0 of the system, called through koffi.
 *
 * @throws Error with a line that tells what is missing
 */
export function loadKoffiBinding(): Promise<UsbBinding> {
  return (loaded ??= makeKoffiBinding({ onThread: false }));
}

/** @internal `onThread`: libusb waits for events on a thread of libuv, as it does on Windows; tests ask for this */
export async function makeKoffiBinding({ onThread }: { readonly onThread: boolean }): Promise<UsbBinding> {
  const library = await loadLibusbLibrary();
  const context = new KoffiContext(library, onThread);
  return {
    backend: 'koffi',
    description: `libusb ${library.version} of the system, through koffi ${library.koffi.version}`,
    context,
    newContext: () => new KoffiContext(library, onThread),
    onChange: (listener) => context.listen(listener),
  };
}
