import type { UsbDevice, UsbDeviceIdentity, UsbDeviceSource, UsbOperation, UsbTransfer } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { type Complete, completeAtOnce } from '../../usb/results.ts';
import { WrappedDevice } from '../../usb/wrappedDevice.ts';
import type { DeviceLocation } from './deviceDescription.ts';
import type { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link VirtualDevices}. */
export interface VirtualDevicesOptions {
  /** Default 0, which no bus of a machine has. */
  readonly busNumber?: number;
}

/**
 * The devices of a bus that is made of software: `add` plugs one in, `remove` pulls it out. Each gets the lowest free
 * port, which is in its `identity.portPath`: `0-1`, `0-2`, ...
 */
export class VirtualDevices implements UsbDeviceSource {
  readonly name = 'virtual';
  readonly #busNumber: number;
  readonly #plugged = new Map<VirtualDevice, PluggedVirtualDevice>();
  readonly #listeners = new Set<{ readonly added: (device: UsbDevice) => void }>();
  /** Devices that were added once: `close` frees what they hold. */
  readonly #owned = new Set<VirtualDevice>();
  #nextAddress = 1;

  constructor(options: VirtualDevicesOptions = {}) {
    this.#busNumber = options.busNumber ?? 0;
  }

  /** Plugs a device in; one that is there already stays. @throws DeviceError when it was unplugged and is still open. */
  add(device: VirtualDevice): void {
    if (this.#plugged.has(device)) return;
    device.plugIn({
      location: this.#freeLocation(),
      unplugged: (comesBack) => {
        this.#plugged.delete(device);
        if (!comesBack) device.plugIn(undefined);
      },
      returned: () => this.add(device),
    });
    const plugged = new PluggedVirtualDevice(device);
    this.#owned.add(device);
    this.#plugged.set(device, plugged);
    for (const { added } of [...this.#listeners]) added(plugged);
  }

  /** Pulls a device out; it can be added again once it is closed. */
  remove(device: VirtualDevice): void {
    if (this.#plugged.has(device)) device.unplug();
  }

  list(): Promise<readonly UsbDevice[]> {
    return Promise.resolve([...this.#plugged.values()]);
  }

  watch(added: (device: UsbDevice) => void): () => void {
    // An object of its own, so that the same function can be given twice.
    const listener = { added };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refuse(): void {}

  async close(): Promise<void> {
    this.#listeners.clear();
    const owned = [...this.#owned];
    this.#owned.clear();
    this.#plugged.clear();
    await Promise.all(owned.map((device) => device.dispose()));
  }

  #freeLocation(): DeviceLocation {
    const used = new Set([...this.#plugged.values()].map(({ identity }) => identity.portPath));
    let port = 1;
    while (used.has(`${this.#busNumber}-${port}`)) port += 1;
    const deviceAddress = this.#nextAddress;
    this.#nextAddress = (this.#nextAddress % 127) + 1;
    return { busNumber: this.#busNumber, deviceAddress, portPath: `${this.#busNumber}-${port}` };
  }
}

/** A virtual device from its plug to its unplug. */
class PluggedVirtualDevice extends WrappedDevice<VirtualDevice> {
  readonly #identity: UsbDeviceIdentity;
  readonly #gone: AbortSignal;
  #isOpen = false;
  #closing = Promise.resolve();

  constructor(device: VirtualDevice) {
    super(device);
    this.#identity = device.identity;
    this.#gone = device.gone;
  }

  override get identity(): UsbDeviceIdentity {
    return this.#identity;
  }

  override get gone(): AbortSignal {
    return this.#gone;
  }

  override async open(): Promise<void> {
    if (this.#gone.aborted && !this.device.gone.aborted) {
      throw new DeviceError('DEVICE_GONE', 'the virtual device was unplugged');
    }
    await this.device.open();
    this.#isOpen = true;
  }

  override close(): Promise<void> {
    // Once closed, the device may be plugged in again and opened by another caller.
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#closing = this.device.close();
    }
    return this.#closing;
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    return this.#gone.aborted ? completeAtOnce('disconnected', complete) : super.submit(operation, complete);
  }
}
