import type { UsbDevice } from '../../ports/usb.ts';
import { idsOf } from '../model/offer.ts';

const KEY = 'urbdrc.remembered';

/** Devices that the person gave and did not take back: they go to the server by themselves when they are there again. */
export class Remembered {
  has(device: UsbDevice): boolean {
    return this.#read().includes(keyOf(device));
  }

  add(device: UsbDevice): void {
    this.#write([...this.#read().filter((key) => key !== keyOf(device)), keyOf(device)]);
  }

  delete(device: UsbDevice): void {
    this.#write(this.#read().filter((key) => key !== keyOf(device)));
  }

  #read(): string[] {
    try {
      const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
      return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
    } catch {
      // Nothing is kept for pages in some private windows.
      return [];
    }
  }

  #write(keys: readonly string[]): void {
    try {
      localStorage.setItem(KEY, JSON.stringify(keys));
    } catch {
      // As above: then nothing comes back by itself.
    }
  }
}

function keyOf(device: UsbDevice): string {
  return `${idsOf(device)} ${device.identity.serialNumber ?? ''}`;
}
