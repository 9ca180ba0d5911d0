import type { UsbDevice, UsbDeviceListener, UsbDeviceSource } from '../../ports/usb.ts';
import type { DeviceLocation } from './deviceDescription.ts';
import type { VirtualDevice } from './virtualDevice.ts';

export interface VirtualDevicesOptions {
  /** Default 0, which no bus of a machine has. */
  readonly busNumber?: number;
}

/**
 * The devices of a bus that is made of software: `add` plugs one in, `remove` pulls it out. Each gets the lowest free
 * port, which is in its `identity.portPath`: `0-1`, `0-2`, ...
 */
export class VirtualDevices implements UsbDeviceSource {
  readonly #busNumber: number;
  readonly #plugged = new Map<VirtualDevice, DeviceLocation>();
  readonly #listeners = new Set<UsbDeviceListener>();
  /** Devices that were added once: `close` frees what they hold. */
  readonly #owned = new Set<VirtualDevice>();
  #nextAddress = 1;

  constructor(options: VirtualDevicesOptions = {}) {
    this.#busNumber = options.busNumber ?? 0;
  }

  /** Plugs a device in; one that is there already stays. @throws Error when it was unplugged and is still open. */
  add(device: VirtualDevice): void {
    if (this.#plugged.has(device)) return;
    const location = this.#freeLocation();
    device.plugIn({
      location,
      unplugged: (comesBack) => {
        this.#plugged.delete(device);
        if (!comesBack) device.plugIn(undefined);
        for (const listener of [...this.#listeners]) listener.removed(device);
      },
      returned: () => this.add(device),
    });
    this.#owned.add(device);
    this.#plugged.set(device, location);
    for (const listener of [...this.#listeners]) listener.added(device);
  }

  /** Pulls a device out; it can be added again once it is closed. */
  remove(device: VirtualDevice): void {
    if (this.#plugged.has(device)) device.unplug();
  }

  list(): Promise<readonly UsbDevice[]> {
    return Promise.resolve([...this.#plugged.keys()]);
  }

  watch(listener: UsbDeviceListener): () => void {
    // One of its own, so that the same listener may be given twice.
    const own: UsbDeviceListener = {
      added: (device) => listener.added(device),
      removed: (device) => listener.removed(device),
    };
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    const owned = [...this.#owned];
    this.#owned.clear();
    this.#plugged.clear();
    await Promise.all(owned.map((device) => device.dispose()));
  }

  #freeLocation(): DeviceLocation {
    const used = new Set([...this.#plugged.values()].map(({ portPath }) => portPath));
    let port = 1;
    while (used.has(`${this.#busNumber}-${port}`)) port += 1;
    const deviceAddress = this.#nextAddress;
    this.#nextAddress = (this.#nextAddress % 127) + 1;
    return { busNumber: this.#busNumber, deviceAddress, portPath: `${this.#busNumber}-${port}` };
  }
}
