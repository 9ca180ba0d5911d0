/// <reference types="w3c-web-usb" preserve="true" />
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { HostError } from '../hostError.ts';
import { checkFilter, matchesFilter } from './deviceFilter.ts';
import { RemoteDevice, takeBack } from './remoteDevice.ts';
import type { Shape } from './shape.ts';
import { webUsbError } from './webUsbError.ts';

/** `connect` or `disconnect`, as in WebUSB. */
export class RemoteUsbEvent extends Event implements USBConnectionEvent {
  readonly device: RemoteDevice;

  constructor(type: 'connect' | 'disconnect', init: { readonly device: RemoteDevice }) {
    super(type);
    this.device = init.device;
  }
}

type Listener = (event: RemoteUsbEvent) => void;
type AnyListener = Parameters<EventTarget['addEventListener']>[1];
/** For the two attributes, whose type WebUSB fixes. */
type Handler = (this: USB, event: Shape<USBConnectionEvent>) => unknown;
interface ListenerOptions {
  readonly capture?: boolean;
  readonly once?: boolean;
  readonly passive?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Devices as a browser would show them: a sink that is the `navigator.usb` of WebUSB (https://wicg.github.io/webusb/).
 * A program finds the attached devices there:
 *
 * ```ts
 * const usb = new RemoteUsb();
 * usb.addEventListener('connect', ({ device }) => void talkTo(device));
 * ```
 */
export class RemoteUsb extends EventTarget implements USB, UsbDeviceSink {
  readonly name = 'WebUSB';
  readonly #attached = new Map<UsbDevice, RemoteAttachment>();
  #isClosed = false;
  #onconnect: Handler | null = null;
  #ondisconnect: Handler | null = null;

  constructor() {
    super();
    this.addEventListener('connect', (event) => void this.#onconnect?.(event));
    this.addEventListener('disconnect', (event) => void this.#ondisconnect?.(event));
  }

  get onconnect(): Handler | null {
    return this.#onconnect;
  }

  set onconnect(listener: Handler | null) {
    this.#onconnect = listener;
  }

  get ondisconnect(): Handler | null {
    return this.#ondisconnect;
  }

  set ondisconnect(listener: Handler | null) {
    this.#ondisconnect = listener;
  }

  override addEventListener(
    type: 'connect' | 'disconnect',
    listener: Listener,
    options?: boolean | ListenerOptions,
  ): void;
  override addEventListener(type: string, listener: AnyListener | null, options?: boolean | ListenerOptions): void;
  override addEventListener(type: string, listener: Listener & AnyListener, options?: boolean | ListenerOptions): void {
    super.addEventListener(type, listener, options);
  }

  override removeEventListener(
    type: 'connect' | 'disconnect',
    listener: Listener,
    options?: boolean | ListenerOptions,
  ): void;
  override removeEventListener(type: string, listener: AnyListener | null, options?: boolean | ListenerOptions): void;
  override removeEventListener(
    type: string,
    listener: Listener & AnyListener,
    options?: boolean | ListenerOptions,
  ): void {
    super.removeEventListener(type, listener, options);
  }

  /** The devices that are there now, in the order in which they came. */
  getDevices(): Promise<RemoteDevice[]> {
    return Promise.resolve([...this.#attached.values()].map(({ remote }) => remote));
  }

  /**
   * The first device that matches one of the filters (any device, when there are none) and no exclusion filter. It
   * does not wait for one to come: listen for `connect`.
   * @throws NotFoundError when no device matches, TypeError for an invalid filter
   */
  async requestDevice(options: Partial<USBDeviceRequestOptions> = {}): Promise<RemoteDevice> {
    const { filters = [], exclusionFilters = [] } = options;
    for (const filter of [...filters, ...exclusionFilters]) checkFilter(filter);
    const devices = await this.getDevices();
    const found = devices.find(
      (device) =>
        (filters.length === 0 || filters.some((filter) => matchesFilter(device, filter))) &&
        !exclusionFilters.some((filter) => matchesFilter(device, filter)),
    );
    if (found !== undefined) return found;
    const present = devices.map(({ vendorId, productId }) => `${hex(vendorId)}:${hex(productId)}`).join(', ') || 'none';
    throw webUsbError('NotFoundError', `requestDevice: no device matches; these are here: ${present}`);
  }

  /** Its `connect` event comes before this returns. A device that is attached already stays as it is. */
  attach(device: UsbDevice): Promise<RemoteAttachment> {
    const present = this.#attached.get(device);
    if (present !== undefined) return Promise.resolve(present);
    if (this.#isClosed || device.gone.aborted) {
      return Promise.reject(
        this.#isClosed
          ? new HostError('HOST_CLOSED', 'its program takes no more devices')
          : new DeviceError('DEVICE_GONE', 'the device is gone'),
      );
    }
    const attachment: RemoteAttachment = new RemoteAttachment(device, () => {
      this.#attached.delete(device);
      this.dispatchEvent(new RemoteUsbEvent('disconnect', { device: attachment.remote }));
    });
    this.#attached.set(device, attachment);
    this.dispatchEvent(new RemoteUsbEvent('connect', { device: attachment.remote }));
    return Promise.resolve(attachment);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#attached.values()].map((attachment) => attachment.release()));
  }
}

/** A device that a {@link RemoteUsb} shows. */
export class RemoteAttachment implements Attachment {
  readonly device: UsbDevice;
  readonly remote: RemoteDevice;
  readonly ended: Promise<AttachmentEnd>;
  readonly #ended: (end: AttachmentEnd) => void;
  readonly #leaving: () => void;
  readonly #unplugged = () => void this.#end({ reason: 'unplugged' });
  #isOver = false;

  /** @internal `leaving` is called once, as soon as the program has it no more. */
  constructor(device: UsbDevice, leaving: () => void) {
    let resolve: (end: AttachmentEnd) => void = () => {};
    this.ended = new Promise((settle) => (resolve = settle));
    this.#ended = resolve;
    this.#leaving = leaving;
    this.device = device;
    this.remote = new RemoteDevice(device, { forget: () => void this.#end({ reason: 'refused' }) });
    device.gone.addEventListener('abort', this.#unplugged);
  }

  async release(): Promise<void> {
    await this.#end({ reason: 'released' });
  }

  async #end(end: AttachmentEnd): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.device.gone.removeEventListener('abort', this.#unplugged);
      const closed = takeBack(this.remote);
      this.#leaving();
      await closed;
      this.#ended(end);
    }
    await this.ended;
  }
}

function hex(id: number): string {
  return id.toString(16).padStart(4, '0');
}
