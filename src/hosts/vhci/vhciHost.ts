import { asError } from '../../../codecs/core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RedirectedDevice, UsbHost } from '../../ports/usb.ts';
import { DeviceConnection } from '../usbip/deviceConnection.ts';
import { attach, type Attachment, detach, type VhciPlace, waitForBusId } from './attachment.ts';
import { waitForNodes } from './deviceNodes.ts';
import { SysfsKernel, type VhciKernel } from './kernel.ts';

/** Where the kernel has put a device. */
export interface VhciDevice {
  /** Number of the port, for `usbip port` and sysfs. */
  readonly port: number;
  /** The kernel's name for the device, such as `3-1`: its folder under `/sys/bus/usb/devices`. */
  readonly busId: string;
}

export interface VhciHostOptions {
  readonly clock: Clock;
  /** Default: that of this machine. */
  readonly kernel?: VhciKernel;
  /** Where Linux tells of devices; default `/sys`. */
  readonly sysfsRoot?: string;
  /** Where it has their nodes; default `/dev`. */
  readonly devRoot?: string;
  /** The kernel has the device and has given it an address. */
  readonly onAttached?: (device: RedirectedDevice, where: VhciDevice) => void;
  /** Drivers have made device nodes (or network interfaces) of it: these are new. */
  readonly onNodes?: (device: RedirectedDevice, nodes: readonly string[]) => void;
  /** The kernel has it no more; the error says why, when it was not meant. */
  readonly onDetached?: (device: RedirectedDevice, error: Error | undefined) => void;
  /** The kernel could not be given the device. */
  readonly onFailed?: (device: RedirectedDevice, error: Error) => void;
}

interface Guest {
  /** Aborted when the device is to leave. */
  readonly leaving: AbortController;
  readonly done: Promise<void>;
}

/**
 * Makes Linux devices of redirected ones: plugs each into a port of the kernel's vhci-hcd, which then enumerates it and
 * finds drivers as if it were plugged in here. Linux only, and for root, or who may write to vhci-hcd's `attach`.
 */
export class VhciHost implements UsbHost {
  readonly #options: VhciHostOptions;
  readonly #place: VhciPlace;
  readonly #folders: { readonly sysfsRoot: string; readonly devRoot: string };
  readonly #guests = new Map<RedirectedDevice, Guest>();
  /** Ports are chosen one after the other. */
  #lastAttach: Promise<unknown> = Promise.resolve();

  constructor(options: VhciHostOptions) {
    const { clock, sysfsRoot = '/sys', devRoot = '/dev', kernel = new SysfsKernel(sysfsRoot) } = options;
    this.#options = options;
    this.#place = { clock, kernel };
    this.#folders = { sysfsRoot, devRoot };
  }

  deviceAdded(device: RedirectedDevice): void {
    const leaving = new AbortController();
    const done = this.#host(device, leaving.signal).finally(() => this.#guests.delete(device));
    this.#guests.set(device, { leaving, done });
  }

  deviceRemoved(device: RedirectedDevice): void {
    this.#guests.get(device)?.leaving.abort();
  }

  /** Takes all devices away from the kernel. */
  async close(): Promise<void> {
    const guests = [...this.#guests.values()];
    for (const { leaving } of guests) leaving.abort();
    await Promise.all(guests.map(({ done }) => done));
  }

  /** Never rejects. */
  async #host(device: RedirectedDevice, leaving: AbortSignal): Promise<void> {
    try {
      await device.open();
      const attachment = await this.#attach(device);
      const error = await this.#stay(device, attachment, AbortSignal.any([leaving, device.gone]));
      this.#options.onDetached?.(device, error);
    } catch (error) {
      this.#options.onFailed?.(device, asError(error));
    } finally {
      await device.close();
    }
  }

  #attach(device: RedirectedDevice): Promise<Attachment> {
    const attached = this.#lastAttach.then(() => attach(this.#place.kernel, device.identity));
    this.#lastAttach = attached.catch(() => {});
    return attached;
  }

  /** Until the device leaves or the kernel lets go of it: then the error says what happened. */
  async #stay(
    device: RedirectedDevice,
    { port, socket }: Attachment,
    leaving: AbortSignal,
  ): Promise<Error | undefined> {
    const connection = new DeviceConnection(device, socket);
    const over = new AbortController();
    let busId: string | undefined;
    const isNamed = (name: string) => (busId = name);
    const told = this.#tell(device, port, isNamed, AbortSignal.any([over.signal, leaving]));
    const left = new Promise<undefined>((resolve) => {
      if (leaving.aborted) resolve(undefined);
      else leaving.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const kernelLetGo = connection.closed.then((error) => error ?? new Error('it was detached by another program'));
    const error = await Promise.race([left, kernelLetGo]);
    over.abort();
    await detach(this.#place, port, busId);
    connection.close();
    await Promise.all([connection.closed, told]);
    return error;
  }

  /** Tells where the device is, as soon as that is known. */
  async #tell(
    device: RedirectedDevice,
    port: number,
    isNamed: (busId: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const busId = await waitForBusId(this.#place, port, signal);
    if (busId !== undefined) isNamed(busId);
    if (signal.aborted) return;
    if (busId === undefined) {
      this.#options.onFailed?.(device, new Error('the kernel did not take it; its log (dmesg) says why'));
      return;
    }
    this.#options.onAttached?.(device, { port, busId });
    const found = (nodes: readonly string[]) => this.#options.onNodes?.(device, nodes);
    await waitForNodes({ ...this.#folders, clock: this.#place.clock, busId, signal, found });
  }
}
