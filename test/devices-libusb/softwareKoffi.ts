import koffi from 'koffi';
import type { LibusbLibrary, Pointer } from '../../src/devices/libusb/koffi/libusbLibrary.ts';

type Calls = LibusbLibrary['calls'];

/** What the tests watch in place of the event loop. */
export interface SoftwareWatch {
  readonly descriptor: number;
  readonly options: { readonly readable?: boolean; readonly writable?: boolean };
  readonly ready: () => void;
  isClosed: boolean;
}

/** A transfer that libusb has, as its memory says. */
export interface SoftwareNativeTransfer {
  readonly pointer: Pointer;
  readonly fields: DataView;
  /** The bytes at its buffer, `length` of them. */
  readonly data: Uint8Array;
}

const CONTEXT = 0x10n;
const DEVICE = 0x20n;
const HANDLE = 0x30n;

/** libusb made of software, under koffi's real memory: it notes calls, and ends transfers when the test says so. */
export class SoftwareKoffi {
  readonly log: string[] = [];
  readonly watches: SoftwareWatch[] = [];
  readonly submitted: SoftwareNativeTransfer[] = [];
  /** Calls of libusb_handle_events that wait on a thread; each ends by being called. */
  readonly waiting: (() => void)[] = [];
  readonly library: LibusbLibrary;
  /** Runs inside of the next libusb_handle_events. */
  whenHandled: () => void = () => {};
  submitCode = 0;
  hasDescriptors = true;
  #descriptors: Pointer | null = null;
  readonly #allocated = new Set<Pointer>();

  constructor() {
    const node = {
      ...koffi.node,
      poll: (descriptor: number, options: SoftwareWatch['options'], ready: () => void) => {
        const watch = { descriptor, options, ready, isClosed: false };
        this.watches.push(watch);
        return Object.assign(watch, { close: () => (watch.isClosed = true) });
      },
    };
    const alloc = (type: string, length: number): unknown => this.#count(koffi.alloc(type, length));
    const free = (pointer: Pointer) => {
      this.#allocated.delete(pointer);
      koffi.free(pointer);
    };
    this.library = {
      koffi: { ...koffi, node, alloc, free } as unknown as LibusbLibrary['koffi'],
      calls: this.#calls(),
      version: '1.0.0',
    };
  }

  /** Transfers and buffers that were not freed. */
  get allocated(): number {
    return this.#allocated.size;
  }

  /** The event loop's view of a descriptor that is ready. */
  ready(): void {
    for (const watch of [...this.watches]) if (!watch.isClosed) watch.ready();
  }

  /** What libusb writes when a transfer is over. */
  end(transfer: SoftwareNativeTransfer, status: number, actual: number): void {
    this.submitted.splice(this.submitted.indexOf(transfer), 1);
    transfer.fields.setInt32(16, status, true);
    transfer.fields.setInt32(24, actual, true);
  }

  #count(pointer: unknown): unknown {
    if (typeof pointer === 'bigint') this.#allocated.add(pointer);
    return pointer;
  }

  #calls(): Calls {
    const ok = (name: string, code = 0) => {
      this.log.push(name);
      return code;
    };
    /** On another thread: it ends in a later turn. */
    const blocking = (call: () => number) =>
      Object.assign(call, {
        async: (...values: unknown[]) => {
          const done = values.pop() as (error: unknown, code: number) => void;
          const code = call();
          setImmediate(() => done(null, code));
        },
      }) as never;
    const put = (out: [Pointer | null], pointer: Pointer, name: string) => {
      out[0] = pointer;
      return ok(name);
    };
    const handleEvents = Object.assign(
      () => {
        const handled = this.whenHandled;
        this.whenHandled = () => {};
        handled();
        return 0;
      },
      {
        async: (...values: unknown[]) => {
          const done = values.pop() as (error: unknown, code: number) => void;
          this.waiting.push(() => done(null, 0));
        },
      },
    ) as never;
    return {
      init: (out) => put(out, CONTEXT, 'init'),
      getVersion: () => 0n,
      errorName: (code) => `LIBUSB ${code}`,
      hasCapability: () => 0,
      getDeviceList: () => 0,
      freeDeviceList: () => {},
      referenceDevice: (device) => device,
      unreferenceDevice: () => {},
      getDeviceDescriptor: (_device, bytes) => {
        bytes.set([18, 1, 0, 2, 0, 0, 0, 64, 0x34, 0x12, 0x78, 0x56, 0, 1, 0, 0, 0, 1]);
        return 0;
      },
      getBusNumber: () => 1,
      getDeviceAddress: () => 4,
      getPortNumbers: (_device, ports) => {
        ports.set([2, 3]);
        return 2;
      },
      getActiveConfiguration: () => -5,
      getConfiguration: () => -5,
      freeConfiguration: () => {},
      open: (_device, out) => put(out, HANDLE, 'open'),
      close: () => void this.log.push(this.watches.some(({ isClosed }) => !isClosed) ? 'close while watched' : 'close'),
      setConfiguration: blocking(() => ok('setConfiguration')),
      setInterface: blocking(() => ok('setInterface', -99)),
      clearHalt: blocking(() => ok('clearHalt')),
      resetDevice: blocking(() => ok('reset')),
      claimInterface: () => ok('claim'),
      releaseInterface: blocking(() => ok('release')),
      kernelDriverActive: () => 0,
      attachKernelDriver: () => ok('attach'),
      setAutoDetachKernelDriver: () => 0,
      allocateTransfer: (packets) => {
        const pointer: unknown = this.#count(koffi.alloc('uint8_t', 64 + 12 * packets));
        return pointer as Pointer;
      },
      freeTransfer: (pointer) => {
        this.#allocated.delete(pointer);
        koffi.free(pointer);
      },
      submitTransfer: (pointer) => {
        if (this.submitCode < 0) return this.submitCode;
        const head = new DataView(koffi.view(pointer, 60));
        const fields = new DataView(koffi.view(pointer, 60 + 12 * head.getInt32(56, true)));
        const data = new Uint8Array(koffi.view(fields.getBigUint64(48, true), fields.getInt32(20, true)));
        this.submitted.push({ pointer, fields, data });
        return 0;
      },
      cancelTransfer: () => ok('cancel'),
      handleEvents,
      interruptEventHandler: () => void this.log.push('interrupt'),
      getPollDescriptors: () => (this.hasDescriptors ? (this.#descriptors ??= pollDescriptors()) : null),
      freePollDescriptors: () => {},
      descriptorsTellTimeouts: () => 1,
      hotplugRegister: () => -12,
      hotplugDeregister: () => {},
    };
  }
}

export const ADDRESS = { context: CONTEXT, device: DEVICE };

/** Two descriptors, 7 to read (POLLIN) and 9 to write (POLLOUT), and the NULL at the end. */
function pollDescriptors(): Pointer {
  const entry = (descriptor: number, events: number): Pointer => {
    const pointer = koffi.alloc('uint8_t', 8) as Pointer;
    const view = new DataView(koffi.view(pointer, 8));
    view.setInt32(0, descriptor, true);
    view.setInt16(4, events, true);
    return pointer;
  };
  const list = koffi.alloc('uint8_t', 24) as Pointer;
  const view = new DataView(koffi.view(list, 24));
  view.setBigUint64(0, entry(7, 1), true);
  view.setBigUint64(8, entry(9, 4), true);
  view.setBigUint64(16, 0n, true);
  return list;
}
