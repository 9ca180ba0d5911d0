import { asError } from '../../../codecs/core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Attachment, AttachmentEnd, UsbDevice, UsbDeviceSink } from '../../ports/usb.ts';
import { HostError } from '../hostError.ts';
import { DeviceConnection } from '../usbip/deviceConnection.ts';
import { waitForNodes } from './deviceNodes.ts';
import { SysfsKernel, type VhciKernel } from './kernel.ts';
import { SeatKernel } from './seatKernel.ts';
import { attachToPort, detachFromPort, type OccupiedPort, type VhciPlace, waitForBusId } from './vhciPort.ts';

/** Options of {@link VhciHost}. */
export interface VhciHostOptions {
  /** Time for the timeouts. */
  readonly clock: Clock;
  /** @internal default: that of this machine */
  readonly kernel?: VhciKernel;
  /** Where Linux tells of devices; default `/sys`. */
  readonly sysfsRoot?: string;
  /** The seat of the devices, such as `seat1`; udev has to run, and its rules are changed. Default: udev decides. */
  readonly seat?: string;
  /** Where it has their nodes; default `/dev`. */
  readonly devRoot?: string;
  /** The kernel has given the device an address: its {@link VhciAttachment.location} is known. */
  readonly onAddressed?: (attachment: VhciAttachment) => void;
  /** Drivers have made device nodes (or network interfaces) of it: these are new. */
  readonly onNodes?: (attachment: VhciAttachment, nodes: readonly string[]) => void;
  /** The kernel gave the device no address within 15 seconds. It stays in its port all the same. */
  readonly onNotAddressed?: (attachment: VhciAttachment, error: Error) => void;
}

/**
 * A sink that makes Linux devices of what is attached: each is plugged into a port of the kernel's vhci-hcd, which then
 * enumerates it and finds drivers as if it were plugged in here. Linux only, and for root, or who may write to vhci-hcd's
 * `attach`. A callback that throws ends its device's attachment.
 */
export class VhciHost implements UsbDeviceSink {
  readonly name = 'vhci';
  readonly #settings: Settings;
  readonly #attachments = new Set<VhciAttachment>();
  /** Devices that are being opened or plugged in. */
  readonly #arriving = new Set<Promise<unknown>>();
  /** Ports are chosen one after the other. */
  #lastPort: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: VhciHostOptions) {
    const { clock, sysfsRoot = '/sys', devRoot = '/dev', seat } = options;
    const ofMachine = options.kernel ?? new SysfsKernel(sysfsRoot);
    const kernel = seat === undefined ? ofMachine : new SeatKernel(ofMachine, { seat, sysfsRoot });
    this.#settings = { place: { clock, kernel }, sysfsRoot, devRoot, callbacks: options };
  }

  /**
   * Resolves when the device is in a port; the kernel enumerates it then.
   * @throws HostError, or what the device rejects with, when it cannot be opened, and when vhci-hcd has no free port or may not be used
   */
  attach(device: UsbDevice): Promise<VhciAttachment> {
    const attaching = this.#attach(device);
    const done = () => this.#arriving.delete(attaching);
    this.#arriving.add(attaching);
    attaching.then(done, done);
    return attaching;
  }

  /** Takes all devices away from the kernel. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#arriving]);
    await Promise.all([...this.#attachments].map((attachment) => attachment.release()));
  }

  async #attach(device: UsbDevice): Promise<VhciAttachment> {
    if (this.#isClosed) throw new HostError('HOST_CLOSED', 'the kernel gets no more devices from here');
    try {
      await device.open();
      const attachment = new VhciAttachment(device, await this.#plugIn(device), this.#settings);
      this.#attachments.add(attachment);
      void attachment.ended.then(() => this.#attachments.delete(attachment));
      return attachment;
    } catch (error) {
      await device.close();
      throw error;
    }
  }

  #plugIn(device: UsbDevice): Promise<OccupiedPort> {
    const plugged = this.#lastPort.then(() => attachToPort(this.#settings.place.kernel, device.identity));
    this.#lastPort = plugged.catch(() => {});
    return plugged;
  }
}

interface Settings {
  readonly place: VhciPlace;
  readonly sysfsRoot: string;
  readonly devRoot: string;
  readonly callbacks: Pick<VhciHostOptions, 'onAddressed' | 'onNodes' | 'onNotAddressed'>;
}

/** A device in a port of vhci-hcd. */
export class VhciAttachment implements Attachment {
  /** The device that was attached. */
  readonly device: UsbDevice;
  /** Number of the port, for `usbip port` and sysfs. */
  readonly port: number;
  readonly ended: Promise<AttachmentEnd>;
  readonly #settings: Settings;
  readonly #leaving = new AbortController();
  #location: string | undefined;

  /** @internal use {@link VhciHost.attach} */
  constructor(device: UsbDevice, { port, socket }: OccupiedPort, settings: Settings) {
    this.device = device;
    this.port = port;
    this.#settings = settings;
    const connection = new DeviceConnection(device, socket);
    const followed = this.#follow();
    const end = Promise.race([
      aborted(this.#leaving.signal, { reason: 'released' }),
      aborted(device.gone, { reason: 'unplugged' }),
      followed.failed,
      // Without an error the kernel was told to detach it, by another program.
      connection.closed.then((error) => ended(error === undefined ? 'returned' : error)),
    ]);
    this.ended = end.then(async (reached) => {
      this.#leaving.abort();
      await detachFromPort(settings.place, port, this.#location);
      connection.close();
      await Promise.all([connection.closed, followed.over]);
      await device.close();
      return reached;
    });
  }

  /**
   * The kernel's name for the device, such as `3-1`: its folder under `/sys/bus/usb/devices`. Undefined until the kernel
   * has given it an address.
   */
  get location(): string | undefined {
    return this.#location;
  }

  async release(): Promise<void> {
    this.#leaving.abort();
    await this.ended;
  }

  /** `failed` resolves only if a callback throws. */
  #follow(): { readonly over: Promise<void>; readonly failed: Promise<AttachmentEnd> } {
    let fail: (end: AttachmentEnd) => void = () => {};
    const failed = new Promise<AttachmentEnd>((resolve) => (fail = resolve));
    const over = this.#tell(AbortSignal.any([this.#leaving.signal, this.device.gone])).catch((error: unknown) => {
      fail(ended(asError(error)));
    });
    return { over, failed };
  }

  /** Tells where the device is, as soon as that is known. */
  async #tell(signal: AbortSignal): Promise<void> {
    const { place, sysfsRoot, devRoot, callbacks } = this.#settings;
    const busId = await waitForBusId(place, this.port, signal);
    this.#location = busId;
    if (signal.aborted) return;
    if (busId === undefined) {
      const problem = 'the kernel did not take it; its log (dmesg) says why';
      callbacks.onNotAddressed?.(this, new HostError('NOT_ADDRESSED', problem));
      return;
    }
    callbacks.onAddressed?.(this);
    const found = (nodes: readonly string[]) => callbacks.onNodes?.(this, nodes);
    await waitForNodes({ sysfsRoot, devRoot, clock: place.clock, busId, signal, found });
  }
}

function ended(why: 'returned' | Error): AttachmentEnd {
  return why === 'returned' ? { reason: why } : { reason: 'failed', error: why };
}

/** Resolves with `end` when `signal` is aborted. */
function aborted(signal: AbortSignal, end: AttachmentEnd): Promise<AttachmentEnd> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(end);
    else signal.addEventListener('abort', () => resolve(end), { once: true });
  });
}
