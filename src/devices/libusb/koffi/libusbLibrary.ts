import type * as KoffiModule from 'koffi';
import type { KoffiFunc, LibraryHandle } from 'koffi';

/** koffi: calls of native functions from JavaScript. */
export type Koffi = typeof KoffiModule;
/** An address in native memory. */
export type Pointer = bigint;
/** Where a native function puts an address. */
export type OutPointer = [Pointer | null];
/** A function of libusb that may take long: `async` runs it on a thread of libuv. */
type Blocking<T extends (...values: never[]) => number> = KoffiFunc<T>;

/** libusb-1.0's functions, as far as they are used here. Numbers below 0 are LIBUSB_ERROR_*. */
interface LibusbCalls {
  readonly init: (context: OutPointer) => number;
  readonly getVersion: () => Pointer;
  readonly errorName: (code: number) => string;
  readonly hasCapability: (capability: number) => number;
  readonly getDeviceList: (context: Pointer, list: OutPointer) => number | bigint;
  readonly freeDeviceList: (list: Pointer, unreference: number) => void;
  readonly referenceDevice: (device: Pointer) => Pointer;
  readonly unreferenceDevice: (device: Pointer) => void;
  readonly getDeviceDescriptor: (device: Pointer, descriptor: Uint8Array) => number;
  readonly getBusNumber: (device: Pointer) => number;
  readonly getDeviceAddress: (device: Pointer) => number;
  readonly getPortNumbers: (device: Pointer, ports: Uint8Array, length: number) => number;
  readonly getActiveConfiguration: (device: Pointer, configuration: OutPointer) => number;
  readonly getConfiguration: (device: Pointer, index: number, configuration: OutPointer) => number;
  readonly freeConfiguration: (configuration: Pointer) => void;
  readonly open: (device: Pointer, handle: OutPointer) => number;
  readonly close: (handle: Pointer) => void;
  readonly setConfiguration: Blocking<(handle: Pointer, value: number) => number>;
  readonly setInterface: Blocking<(handle: Pointer, interfaceNumber: number, alternateSetting: number) => number>;
  readonly clearHalt: Blocking<(handle: Pointer, endpointAddress: number) => number>;
  readonly resetDevice: Blocking<(handle: Pointer) => number>;
  readonly claimInterface: (handle: Pointer, interfaceNumber: number) => number;
  readonly releaseInterface: Blocking<(handle: Pointer, interfaceNumber: number) => number>;
  readonly kernelDriverActive: (handle: Pointer, interfaceNumber: number) => number;
  readonly attachKernelDriver: (handle: Pointer, interfaceNumber: number) => number;
  readonly setAutoDetachKernelDriver: (handle: Pointer, enable: number) => number;
  readonly allocateTransfer: (packets: number) => Pointer | null;
  readonly freeTransfer: (transfer: Pointer) => void;
  readonly submitTransfer: (transfer: Pointer) => number;
  readonly cancelTransfer: (transfer: Pointer) => number;
  /** `time` is a struct timeval; `completed` is not used. */
  readonly handleEvents: Blocking<(context: Pointer, time: Uint8Array, completed: null) => number>;
  readonly interruptEventHandler: (context: Pointer) => void;
  /** An array of pointers that a NULL ends; NULL where libusb does not work with descriptors. */
  readonly getPollDescriptors: (context: Pointer) => Pointer | null;
  readonly freePollDescriptors: (list: Pointer) => void;
  /** 1: one of the descriptors becomes ready when a transfer's timeout is over. */
  readonly descriptorsTellTimeouts: (context: Pointer) => number;
  readonly hotplugRegister: (
    context: Pointer,
    events: number,
    flags: number,
    vendorId: number,
    productId: number,
    deviceClass: number,
    callback: Pointer,
    userData: null,
    handle: [number],
  ) => number;
  readonly hotplugDeregister: (context: Pointer, handle: number) => void;
}

/** libusb as a shared library of the system. */
export interface LibusbLibrary {
  readonly koffi: Koffi;
  readonly calls: LibusbCalls;
  /** E.g. `1.0.26`. */
  readonly version: string;
}

/** Names under which systems have the library, the likeliest first. */
const FILE_NAMES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: [
    'libusb-1.0.0.dylib',
    '/opt/homebrew/lib/libusb-1.0.0.dylib',
    '/usr/local/lib/libusb-1.0.0.dylib',
    '/opt/local/lib/libusb-1.0.0.dylib',
  ],
  win32: ['libusb-1.0.dll'],
};
const OTHER_FILE_NAMES = ['libusb-1.0.so.0', 'libusb-1.0.so'];

/** RTLD_NOW, as Linux, macOS and the BSDs have it. */
const RTLD_NOW = 2;

/** Loads koffi and the system's libusb. @throws Error with a line that tells what is missing */
export async function loadLibusbLibrary(): Promise<LibusbLibrary> {
  const koffi = await import('koffi').catch((reason: unknown) => {
    throw new TypeError(`the package "koffi" does not load (npm install koffi@~3.3 adds it): ${firstLine(reason)}`);
  });
  // The offsets of struct libusb_transfer are those of 64 bits.
  if (koffi.sizeof('void *') !== 8) throw new TypeError('koffi is used on 64-bit platforms only');
  const calls = bind(openLibrary(koffi));
  const version = new DataView(koffi.view(calls.getVersion(), 6));
  const [major, minor, micro] = [0, 2, 4].map((offset) => version.getUint16(offset, true));
  return { koffi, calls, version: `${major}.${minor}.${micro}` };
}

function openLibrary(koffi: Koffi): LibraryHandle {
  const names = FILE_NAMES[process.platform] ?? OTHER_FILE_NAMES;
  for (const name of names) {
    try {
      const library = koffi.load(name);
      keepLoaded(koffi, name);
      return library;
    } catch {
      // the next name
    }
  }
  throw new TypeError(`the system has no ${names[0]} (Debian: apt-get install libusb-1.0-0)`);
}

/**
 * Loads the library once more, so that it stays in the process. koffi unloads its own when JavaScript's environment ends (a
 * worker, or the process before its last moments), but libusb has threads that only end with the process: the one that
 * hears udev runs into memory without code as soon as a device comes or goes then, which ends the process by SIGSEGV.
 */
function keepLoaded(koffi: Koffi, name: string): void {
  if (process.platform === 'win32')
    koffi.load('kernel32.dll').func('void *__stdcall LoadLibraryA(const char *name)')(name);
  else koffi.load(null).func('void *dlopen(const char *name, int flags)')(name, RTLD_NOW);
}

/** @throws Error when the library is so old that it lacks one of the functions */
function bind(library: LibraryHandle): LibusbCalls {
  return {
    init: library.func('int libusb_init(_Out_ void **context)'),
    getVersion: library.func('void *libusb_get_version()'),
    errorName: library.func('const char *libusb_error_name(int code)'),
    hasCapability: library.func('int libusb_has_capability(uint32_t capability)'),
    getDeviceList: library.func('intptr_t libusb_get_device_list(void *context, _Out_ void **list)'),
    freeDeviceList: library.func('void libusb_free_device_list(void *list, int unreference)'),
    referenceDevice: library.func('void *libusb_ref_device(void *device)'),
    unreferenceDevice: library.func('void libusb_unref_device(void *device)'),
    getDeviceDescriptor: library.func('int libusb_get_device_descriptor(void *device, _Out_ uint8_t *descriptor)'),
    getBusNumber: library.func('uint8_t libusb_get_bus_number(void *device)'),
    getDeviceAddress: library.func('uint8_t libusb_get_device_address(void *device)'),
    getPortNumbers: library.func('int libusb_get_port_numbers(void *device, _Out_ uint8_t *ports, int length)'),
    getActiveConfiguration: library.func('int libusb_get_active_config_descriptor(void *device, _Out_ void **config)'),
    getConfiguration: library.func(
      'int libusb_get_config_descriptor(void *device, uint8_t index, _Out_ void **config)',
    ),
    freeConfiguration: library.func('void libusb_free_config_descriptor(void *config)'),
    open: library.func('int libusb_open(void *device, _Out_ void **handle)'),
    close: library.func('void libusb_close(void *handle)'),
    setConfiguration: library.func('int libusb_set_configuration(void *handle, int value)'),
    setInterface: library.func('int libusb_set_interface_alt_setting(void *handle, int number, int setting)'),
    clearHalt: library.func('int libusb_clear_halt(void *handle, uint8_t endpoint)'),
    resetDevice: library.func('int libusb_reset_device(void *handle)'),
    claimInterface: library.func('int libusb_claim_interface(void *handle, int number)'),
    releaseInterface: library.func('int libusb_release_interface(void *handle, int number)'),
    kernelDriverActive: library.func('int libusb_kernel_driver_active(void *handle, int number)'),
    attachKernelDriver: library.func('int libusb_attach_kernel_driver(void *handle, int number)'),
    setAutoDetachKernelDriver: library.func('int libusb_set_auto_detach_kernel_driver(void *handle, int enable)'),
    allocateTransfer: library.func('void *libusb_alloc_transfer(int packets)'),
    freeTransfer: library.func('void libusb_free_transfer(void *transfer)'),
    submitTransfer: library.func('int libusb_submit_transfer(void *transfer)'),
    cancelTransfer: library.func('int libusb_cancel_transfer(void *transfer)'),
    handleEvents: library.func(
      'int libusb_handle_events_timeout_completed(void *context, const uint8_t *time, void *completed)',
    ),
    interruptEventHandler: library.func('void libusb_interrupt_event_handler(void *context)'),
    getPollDescriptors: library.func('void *libusb_get_pollfds(void *context)'),
    freePollDescriptors: library.func('void libusb_free_pollfds(void *list)'),
    descriptorsTellTimeouts: library.func('int libusb_pollfds_handle_timeouts(void *context)'),
    hotplugRegister: library.func(
      'int libusb_hotplug_register_callback(void *context, int events, int flags, int vendorId, int productId, ' +
        'int deviceClass, void *callback, void *userData, _Out_ int *handle)',
    ),
    hotplugDeregister: library.func('void libusb_hotplug_deregister_callback(void *context, int handle)'),
  };
}

function firstLine(reason: unknown): string {
  const [line = ''] = String(reason instanceof Error ? reason.message : reason).split('\n');
  return line;
}
