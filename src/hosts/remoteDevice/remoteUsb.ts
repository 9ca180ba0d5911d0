/// <reference types="w3c-web-usb" preserve="true" />
import { asError } from '../../../codecs/core/errors.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { HostError } from '../hostError.ts';
import { checkFilter, matchesFilter } from './deviceFilter.ts';
import { RemoteDevice, takeBack } from './remoteDevice.ts';
import type { Shape } from './shape.ts';
import { webUsbError } from './webUsbError.ts';

/** `connect` or `disconnect`, as in WebUSB. */
export class RemoteUsbEvent extends Event implements USBConnectionEvent {
  /** The device that came or went. */
  readonly device: RemoteDevice;

  constructor(type: 'connect' | 'disconnect', init: { readonly device: RemoteDevice }) {
    super(type);
    this.device = init.device;
  }
}

/** Options of {@link RemoteUsb}. */
export interface RemoteUsbOptions {
  /**
   * A listener threw, or its promise rejected. At `connect` the device goes back as well: `attach` rejects, or the
   * attachment ends, with that error.
   */
  readonly onCallbackFailed?: (error: Error) => void;
}

/** What {@link RemoteUsb} calls when a device comes or goes. */
export type RemoteUsbListener = (event: RemoteUsbEvent) => unknown;
type AnyListener = Parameters<EventTarget['addEventListener']>[1];
type Listener = NonNullable<AnyListener>;
/** The value of `onconnect` and `ondisconnect`, whose type WebUSB fixes. */
export type RemoteUsbHandler = (this: USB, event: Shape<USBConnectionEvent>) => unknown;
/** As with every EventTarget. */
export interface RemoteUsbListenerOptions {
  /** Called before those of the target. */
  readonly capture?: boolean;
  /** Called once. */
  readonly once?: boolean;
  /** Does not prevent what is done by default. */
  readonly passive?: boolean;
  /** Removes the listener. */
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
  readonly #onCallbackFailed: RemoteUsbOptions['onCallbackFailed'];
  /** By the listener that was given. Node ends the process over one that throws, and with it all other devices. */
  readonly #guarded = new WeakMap<Listener, (event: Event) => void>();
  #isClosed = false;
  #onconnect: RemoteUsbHandler | null = null;
  #ondisconnect: RemoteUsbHandler | null = null;

  constructor({ onCallbackFailed }: RemoteUsbOptions = {}) {
    super();
    this.#onCallbackFailed = onCallbackFailed;
    this.addEventListener('connect', (event) => this.#onconnect?.(event));
    this.addEventListener('disconnect', (event) => this.#ondisconnect?.(event));
  }

  /** Called when a device comes, as a listener is. */
  get onconnect(): RemoteUsbHandler | null {
    return this.#onconnect;
  }

  /** In place of the one before; null for none. */
  set onconnect(listener: RemoteUsbHandler | null) {
    this.#onconnect = listener;
  }

  /** Called when a device goes, as a listener is. */
  get ondisconnect(): RemoteUsbHandler | null {
    return this.#ondisconnect;
  }

  /** In place of the one before; null for none. */
  set ondisconnect(listener: RemoteUsbHandler | null) {
    this.#ondisconnect = listener;
  }

  /** Calls back for `connect` and `disconnect`. */
  override addEventListener(
    type: 'connect' | 'disconnect',
    listener: RemoteUsbListener,
    options?: boolean | RemoteUsbListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: AnyListener | null,
    options?: boolean | RemoteUsbListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: RemoteUsbListener & AnyListener,
    options?: boolean | RemoteUsbListenerOptions,
  ): void {
    const guarded = this.#guard(listener);
    if (guarded !== undefined) super.addEventListener(type, guarded, options);
  }

  /** Undoes {@link addEventListener}. */
  override removeEventListener(
    type: 'connect' | 'disconnect',
    listener: RemoteUsbListener,
    options?: boolean | RemoteUsbListenerOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: AnyListener | null,
    options?: boolean | RemoteUsbListenerOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: RemoteUsbListener & AnyListener,
    options?: boolean | RemoteUsbListenerOptions,
  ): void {
    const guarded = this.#guard(listener);
    if (guarded !== undefined) super.removeEventListener(type, guarded, options);
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
    const { failure } = attachment;
    if (failure === undefined) return Promise.resolve(attachment);
    return attachment.ended.then(() => {
      throw failure;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#attached.values()].map((attachment) => attachment.release()));
  }

  /** Undefined for null, which is no listener. */
  #guard(listener: Listener | null): ((event: Event) => void) | undefined {
    if (listener === null) return undefined;
    const known = this.#guarded.get(listener);
    if (known !== undefined) return known;
    const call = (event: Event): unknown =>
      typeof listener === 'function' ? listener.call(this, event) : listener.handleEvent(event);
    const guarded = (event: Event) => {
      try {
        Promise.resolve(call(event)).catch((error: unknown) => this.#failed(event, asError(error)));
      } catch (error) {
        this.#failed(event, asError(error));
      }
    };
    this.#guarded.set(listener, guarded);
    return guarded;
  }

  #failed(event: Event, error: Error): void {
    if (event.type === 'connect' && event instanceof RemoteUsbEvent) {
      const attachment = [...this.#attached.values()].find(({ remote }) => remote === event.device);
      attachment?.fail(error);
    }
    try {
      this.#onCallbackFailed?.(error);
    } catch {
      // It was told.
    }
  }
}

/** A device that a {@link RemoteUsb} shows. */
export class RemoteAttachment implements Attachment {
  /** The device that was attached. */
  readonly device: UsbDevice;
  /** The same as WebUSB shows it. */
  readonly remote: RemoteDevice;
  readonly ended: Promise<AttachmentEnd>;
  readonly #ended: (end: AttachmentEnd) => void;
  readonly #leaving: () => void;
  readonly #unplugged = () => void this.#end({ reason: 'unplugged' });
  #isOver = false;
  #failure: Error | undefined;

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

  /** @internal What {@link fail} ended it with. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** @internal A listener of the program failed over it. */
  fail(error: Error): void {
    this.#failure ??= error;
    void this.#end({ reason: 'failed', error });
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
