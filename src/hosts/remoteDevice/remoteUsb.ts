/// <reference types="w3c-web-usb" preserve="true" />
import type { RedirectedDevice, UsbHost } from '../../ports/usb.ts';
import { checkFilter, matchesFilter } from './deviceFilter.ts';
import { RemoteDevice } from './remoteDevice.ts';
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
type Handler = (this: RemoteUsb, event: Shape<USBConnectionEvent>) => unknown;
interface ListenerOptions {
  readonly capture?: boolean;
  readonly once?: boolean;
  readonly passive?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The redirected devices as a browser would show them: the `navigator.usb` of WebUSB
 * (https://wicg.github.io/webusb/). Give it to a server as its host:
 *
 * ```ts
 * const usb = new RemoteUsb();
 * usb.addEventListener('connect', ({ device }) => void talkTo(device));
 * ```
 */
export class RemoteUsb extends EventTarget implements USB, UsbHost {
  readonly #devices = new Map<RedirectedDevice, RemoteDevice>();
  #onconnect: Handler | null = null;
  #ondisconnect: Handler | null = null;

  constructor() {
    super();
    this.addEventListener('connect', (event) => this.#onconnect?.(event));
    this.addEventListener('disconnect', (event) => this.#ondisconnect?.(event));
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
    return Promise.resolve([...this.#devices.values()]);
  }

  /**
   * The first device that matches one of the filters (any device, when there are none) and no exclusion filter. It
   * does not wait for one to come: listen for `connect`.
   * @throws NotFoundError when no device matches, TypeError for an invalid filter
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- a bad filter must reject, not throw
  async requestDevice(options: Partial<USBDeviceRequestOptions> = {}): Promise<RemoteDevice> {
    const { filters = [], exclusionFilters = [] } = options;
    for (const filter of [...filters, ...exclusionFilters]) checkFilter(filter);
    const devices = [...this.#devices.values()];
    const found = devices.find(
      (device) =>
        (filters.length === 0 || filters.some((filter) => matchesFilter(device, filter))) &&
        !exclusionFilters.some((filter) => matchesFilter(device, filter)),
    );
    if (found !== undefined) return found;
    const present = devices.map(({ vendorId, productId }) => `${hex(vendorId)}:${hex(productId)}`).join(', ') || 'none';
    throw webUsbError('NotFoundError', `requestDevice: no device matches; these are here: ${present}`);
  }

  /** Called by the server. */
  deviceAdded(port: RedirectedDevice): void {
    if (this.#devices.has(port)) return;
    const device = new RemoteDevice(port, {
      forget: () => {
        if (this.#devices.get(port) !== device) return;
        this.#devices.delete(port);
        port.retract();
      },
    });
    this.#devices.set(port, device);
    this.dispatchEvent(new RemoteUsbEvent('connect', { device }));
  }

  /** Called by the server. */
  deviceRemoved(port: RedirectedDevice): void {
    const device = this.#devices.get(port);
    if (device === undefined) return;
    this.#devices.delete(port);
    this.dispatchEvent(new RemoteUsbEvent('disconnect', { device }));
  }
}

function hex(id: number): string {
  return id.toString(16).padStart(4, '0');
}
