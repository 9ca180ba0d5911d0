import { existsSync } from 'node:fs';
import type { UsbDevice, UsbDeviceIdentity, UsbDeviceSource } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { type DeviceFacts, type DeviceNames, keyOf } from './deviceFacts.ts';
import { type DeviceOwner, LibusbDevice, type LocatedDevice } from './libusbDevice.ts';
import { findNative, readNativeNames } from './nativeNames.ts';
import { scanNative } from './nativeScan.ts';
import { isInReset, readDeviceNames, scanSysfs } from './sysfs.ts';
import { type NativeContext, type UsbBackend, type UsbBinding, loadUsbBinding } from './usbBinding.ts';

/** Options of {@link openLibusbDevices}. */
export interface LibusbDevicesOptions {
  /**
   * How libusb is reached: the system's own library through the package `koffi`, or the package `usb` with the libusb in
   * it, which has no isochronous transfers. Default: `koffi` where it and the library load, else `node-usb`.
   */
  readonly backend?: UsbBackend;
  /**
   * How coming and going devices are noticed: from libusb's events, by looking every `pollInterval` ms, or by both
   * (`auto`, the default on Linux; elsewhere it means events). Events are fast, but they need a running udevd, do not
   * reach a container with a network of its own, and do not tell when a device's authorization is taken away.
   */
  readonly hotplug?: 'auto' | 'events' | 'polling';
  /** Milliseconds; default 1000. */
  readonly pollInterval?: number;
  /**
   * How long closing a device waits for transfers that were cancelled and requests that cannot be, in ms; default 5000.
   * An open that takes longer ends as cancelled, and its device is closed as soon as it arrives.
   */
  readonly closePatience?: number;
}

/** @internal parts of {@link LibusbDevices} that depend on the platform; tests give their own */
export interface LibusbPlatform {
  readonly binding: UsbBinding;
  /** See {@link LibusbDevicesOptions}. */
  readonly closePatience: number;
  scan(): DeviceFacts[];
  /** Whether a device that a scan does not have is only being reset. Default: no. */
  readonly isInReset?: (identity: UsbDeviceIdentity) => boolean;
  /** Where a scan does not tell names: those of a device. */
  readonly names?: (facts: DeviceFacts) => Promise<DeviceNames>;
  /** Calls back when devices may have come or gone. Returns the function that stops it. */
  onChange(listener: () => void): () => void;
}

interface Listener {
  readonly added: (device: UsbDevice) => void;
}

/**
 * Loads libusb and gives the devices of this machine.
 *
 * @throws DeviceError when there is no libusb for this platform
 */
export async function openLibusbDevices(options: LibusbDevicesOptions = {}): Promise<LibusbDevices> {
  const { backend, hotplug = 'auto', pollInterval = 1000, closePatience = 5000 } = options;
  const binding = await loadUsbBinding(backend);
  const isLinux = process.platform === 'linux';
  const polls = hotplug === 'polling' || (hotplug === 'auto' && isLinux);
  const hears = hotplug === 'events' || (hotplug === 'auto' && (!isLinux || existsSync('/run/udev/control')));
  return new LibusbDevices({
    binding,
    closePatience,
    ...(isLinux
      ? { scan: scanSysfs, isInReset, names: ({ identity }: DeviceFacts) => readDeviceNames(identity.portPath) }
      : {
          scan: () => scanNative(binding.context),
          names: (facts: DeviceFacts) => readNativeNames(binding.context, facts),
        }),
    onChange(listener) {
      const stopHearing = hears ? binding.onChange(listener) : undefined;
      const timer = polls ? setInterval(listener, pollInterval) : undefined;
      return () => {
        stopHearing?.();
        clearInterval(timer);
      };
    },
  });
}

/**
 * The USB devices in the sockets of this machine, through libusb.
 *
 * On Linux, sysfs tells which devices there are and what their descriptors say, and libusb is asked no earlier than a
 * device is opened. Hubs are listed like other devices, root hubs are not. While somebody watches, or while a device is
 * open, the process is kept alive.
 */
export class LibusbDevices implements UsbDeviceSource {
  readonly name = 'libusb';
  readonly #platform: LibusbPlatform;
  readonly #owner: DeviceOwner;
  readonly #known = new Map<string, LibusbDevice>();
  /** Those that are there and whose names are still to come. */
  readonly #arriving = new Map<string, Promise<void>>();
  /** Names are read one after the other: a call that waits for a device holds one of the few threads of the pool. */
  #lastNames: Promise<unknown> = Promise.resolve();
  /** With the devices that were arriving already when the listener came: these are no news to it. */
  readonly #listeners = new Map<Listener, Set<string>>();
  readonly #open = new Set<LibusbDevice>();
  readonly #contexts: NativeContext[];
  /** Each got its own new context, and was not there either: another one would be wasted. */
  readonly #notFound = new WeakSet<DeviceFacts>();
  #stopChanges: (() => void) | undefined;
  #closed = false;

  /** @internal use {@link openLibusbDevices} */
  constructor(platform: LibusbPlatform) {
    this.#platform = platform;
    this.#contexts = [platform.binding.context];
    this.#owner = {
      closePatience: platform.closePatience,
      locate: (facts) => this.#locate(facts),
      opening: (device) => {
        if (this.#closed) throw new DeviceError('SOURCE_CLOSED', 'cannot be opened any more: its source is closed');
        this.#open.add(device);
        this.#followChanges();
      },
      closed: (device) => {
        this.#open.delete(device);
        this.#followChanges();
      },
      refresh: () => this.#refresh(),
    };
  }

  async list(): Promise<readonly UsbDevice[]> {
    if (!this.#closed) this.#refresh();
    await Promise.all(this.#arriving.values());
    return [...this.#known.values()];
  }

  watch(added: (device: UsbDevice) => void): () => void {
    if (this.#listeners.size === 0) this.#refresh();
    // An object of its own, so that the same function can be given twice.
    const listener: Listener = { added };
    this.#listeners.set(listener, new Set(this.#arriving.keys()));
    this.#followChanges();
    return () => {
      this.#listeners.delete(listener);
      this.#followChanges();
    };
  }

  refuse(): void {}

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    await Promise.all([...this.#open].map((device) => device.close()));
    this.#open.clear();
    this.#followChanges();
    this.#known.clear();
    this.#arriving.clear();
  }

  /** Changes matter to listeners, and to open devices, which must learn that they are gone. */
  #followChanges(): void {
    const wanted = !this.#closed && (this.#listeners.size > 0 || this.#open.size > 0);
    if (wanted) this.#stopChanges ??= this.#platform.onChange(() => this.#refresh());
    else {
      this.#stopChanges?.();
      this.#stopChanges = undefined;
    }
  }

  #refresh(): void {
    const found = new Map(this.#platform.scan().map((facts) => [keyOf(facts), facts]));
    for (const [key, device] of [...this.#known]) {
      const isThere = found.has(key) || this.#platform.isInReset?.(device.identity) === true;
      if (isThere && !device.gone.aborted) continue;
      this.#known.delete(key);
      device.markGone();
    }
    for (const key of [...this.#arriving.keys()]) {
      if (found.has(key)) continue;
      this.#arriving.delete(key);
      for (const expected of this.#listeners.values()) expected.delete(key);
    }
    for (const [key, facts] of found) {
      if (this.#known.has(key) || this.#arriving.has(key)) continue;
      if (this.#platform.names === undefined) this.#add(key, facts);
      else this.#arriving.set(key, this.#arrive(key, facts, this.#platform.names));
    }
  }

  async #arrive(key: string, facts: DeviceFacts, names: NonNullable<LibusbPlatform['names']>): Promise<void> {
    const named = this.#lastNames.then(() => names(facts));
    this.#lastNames = named;
    const identity = { ...facts.identity, ...(await named) };
    // Otherwise it went in the meantime.
    if (this.#arriving.delete(key)) this.#add(key, { ...facts, identity });
  }

  #add(key: string, facts: DeviceFacts): void {
    const device = new LibusbDevice(facts, this.#owner);
    this.#known.set(key, device);
    for (const [listener, expected] of [...this.#listeners]) if (!expected.delete(key)) listener.added(device);
  }

  #locate(facts: DeviceFacts): LocatedDevice | undefined {
    for (const context of this.#contexts) {
      const native = findNative(context, facts.identity);
      if (native !== undefined) return { context, native };
    }
    if (this.#notFound.has(facts)) return undefined;
    const context = this.#platform.binding.newContext();
    this.#contexts.push(context);
    const native = findNative(context, facts.identity);
    if (native === undefined) this.#notFound.add(facts);
    return native && { context, native };
  }
}
