import type { Clock } from '../ports/clock.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { MeteredDevice } from './meteredDevice.ts';

/** Counts the bytes of a hub's devices, for those who watch. */
export class DeviceTraffic {
  readonly #clock: Clock;
  readonly #counts = new Map<number, { bytesIn: number; bytesOut: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The device, counted. It is forgotten when it is gone. @param id - of the hub's device */
  counted(device: UsbDevice, id: number): UsbDevice {
    const count = { bytesIn: 0, bytesOut: 0 };
    this.#counts.set(id, count);
    device.gone.addEventListener('abort', () => {
      if (this.#counts.get(id) === count) this.#counts.delete(id);
    });
    return new MeteredDevice(device, this.#clock, ({ direction, bytes }) => {
      if (direction === 'in') count.bytesIn += bytes;
      else count.bytesOut += bytes;
    });
  }

  /** Ids, and bytes from and to the device since it was attached: of those that are there. */
  get list(): readonly { readonly device: number; readonly bytesIn: number; readonly bytesOut: number }[] {
    return [...this.#counts].map(([device, count]) => ({ device, ...count }));
  }
}
