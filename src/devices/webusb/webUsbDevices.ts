/// <reference types="w3c-web-usb" preserve="true" />
import { asError } from '../../../codecs/core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDevice, UsbDeviceSource } from '../../ports/usb.ts';
import { systemClock } from '../../systemClock.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { PiecewiseDevice } from '../../usb/piecewiseDevice.ts';
import { readDescription } from '../../usb/readDescription.ts';
import { WebUsbDevice, type WebUsbDeviceShape } from './webUsbDevice.ts';
import { likelySpeed } from './webUsbResults.ts';

/** A `USBDevice` as a {@link WebUsbShape} gives it. */
export type ListedWebUsbDevice = WebUsbDeviceShape & Pick<USBDevice, 'vendorId' | 'productId' | 'productName'>;

/** What is used of `navigator.usb`, whoever made it. */
export interface WebUsbShape {
  /** Devices that the page may use already. */
  getDevices(): Promise<readonly ListedWebUsbDevice[]>;
  /** `connect` and `disconnect`, with the device. */
  addEventListener(type: string, listener: (event: WebUsbEventShape) => void): void;
  /** The reverse. */
  removeEventListener(type: string, listener: (event: WebUsbEventShape) => void): void;
}

/** What is used of a `USBConnectionEvent`. */
export interface WebUsbEventShape {
  /** The device that came or went. */
  readonly device: ListedWebUsbDevice;
}

/** Options of {@link WebUsbDevices}. */
export interface WebUsbDevicesOptions {
  /** Of the limits of control requests. Default: the machine's. */
  readonly clock?: Clock;
  /** A device cannot be used at all. */
  readonly onProblem?: (error: Error) => void;
  /** Something is wrong with a device that is used all the same: the browser keeps an interface for itself, say. */
  readonly onFinding?: (error: Error) => void;
}

/** A device that is there. */
interface Present {
  readonly usb: ListedWebUsbDevice;
  readonly connected: WebUsbDevice;
  /** For the program. */
  readonly device: UsbDevice;
}

/** Devices of WebUSB as a source: those that the page may use, now and later. */
export class WebUsbDevices implements UsbDeviceSource {
  readonly name = 'webusb';
  readonly #usb: WebUsbShape;
  readonly #options: WebUsbDevicesOptions;
  readonly #present: Present[] = [];
  /** Those that are being read. */
  readonly #coming = new Map<ListedWebUsbDevice, Promise<UsbDevice>>();
  readonly #listeners = new Set<{ readonly added: (device: UsbDevice) => void }>();
  readonly #connected = ({ device }: WebUsbEventShape) => void this.#admitAndTell(device);
  readonly #disconnected = ({ device }: WebUsbEventShape) => this.#leave(device);
  #number = 0;
  #isClosed = false;

  /** @param usb - `navigator.usb`, or what has its shape */
  constructor(usb: WebUsbShape, options: WebUsbDevicesOptions = {}) {
    this.#usb = usb;
    this.#options = options;
    usb.addEventListener('connect', this.#connected);
    usb.addEventListener('disconnect', this.#disconnected);
  }

  /** Those that the page may use; one that cannot be read is told to `onProblem`. */
  async list(): Promise<readonly UsbDevice[]> {
    for (const usb of await this.#usb.getDevices()) await this.admit(usb).catch(() => {});
    return this.#present.map(({ device }) => device);
  }

  /**
   * A device that the person has just chosen, in `navigator.usb.requestDevice`: of it no event tells.
   * @throws DeviceError when it cannot be opened or read
   */
  admit(usb: ListedWebUsbDevice): Promise<UsbDevice> {
    const known = this.#present.find((each) => each.usb === usb);
    if (known !== undefined) return Promise.resolve(known.device);
    const coming = this.#coming.get(usb) ?? this.#read(usb).finally(() => this.#coming.delete(usb));
    this.#coming.set(usb, coming);
    return coming;
  }

  watch(added: (device: UsbDevice) => void): () => void {
    const listener = { added };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Devices of this machine have nobody to tell. */
  refuse(): void {}

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#usb.removeEventListener('connect', this.#connected);
    this.#usb.removeEventListener('disconnect', this.#disconnected);
    await Promise.all(this.#present.map(({ connected }) => connected.close()));
  }

  async #admitAndTell(usb: ListedWebUsbDevice): Promise<void> {
    const device = await this.admit(usb).catch(() => undefined);
    if (device === undefined || this.#isClosed) return;
    for (const { added } of [...this.#listeners]) added(device);
  }

  #leave(usb: ListedWebUsbDevice): void {
    const index = this.#present.findIndex((each) => each.usb === usb);
    const [present] = index < 0 ? [] : this.#present.splice(index, 1);
    present?.connected.unplugged();
  }

  async #read(usb: ListedWebUsbDevice): Promise<UsbDevice> {
    const name = `${usb.productName ?? 'USB device'} (${hex(usb.vendorId)}:${hex(usb.productId)})`;
    const { clock = systemClock, onFinding = () => {}, onProblem = () => {} } = this.#options;
    const connected = new WebUsbDevice(usb, name, clock, onFinding);
    try {
      await usb.open();
      const { told, fields, ...description } = await readDescription(connected, name, onFinding);
      await usb.close();
      this.#number += 1;
      const speed = likelySpeed(fields.bcdUSB, fields.bMaxPacketSize0, description.configurations);
      const place = { speed, busNumber: 1, deviceAddress: this.#number % 128, portPath: `1-${this.#number}` };
      connected.describe(description, { ...told, ...place }, usb.configuration?.configurationValue ?? 0);
    } catch (error) {
      if (usb.opened) await usb.close().catch(() => {});
      const problem = error instanceof DeviceError ? error : cannotOpen(name, asError(error));
      onProblem(problem);
      throw problem;
    }
    const device = new PiecewiseDevice(connected, (endpointAddress) => connected.packetSize(endpointAddress));
    this.#present.push({ usb, connected, device });
    return device;
  }
}

function cannotOpen(name: string, cause: Error): DeviceError {
  const way = 'close the program or tab that uses it, and see that the system lets this user open it';
  return new DeviceError('CANNOT_OPEN', `${name} cannot be opened (${cause.message}): ${way}`, { cause });
}

function hex(id: number): string {
  return id.toString(16).padStart(4, '0');
}
