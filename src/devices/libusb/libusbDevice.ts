import { asError } from '../../../codecs/core/errors.ts';
import { type Configuration, readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../../ports/usb.ts';
import { DeviceError, type DeviceErrorCode } from '../../usb/deviceError.ts';
import { completeAtOnce } from '../../usb/results.ts';
import { type DeviceFacts, nameOf } from './deviceFacts.ts';
import { explainOpenFailure, openFailureCode } from './access.ts';
import { OpenDevice } from './openDevice.ts';
import type { NativeContext, NativeDevice } from './usbBinding.ts';

/** A device where libusb has it. */
export interface LocatedDevice {
  readonly context: NativeContext;
  readonly native: NativeDevice;
}

/** The source of a device, as the device sees it. */
export interface DeviceOwner {
  /** How long closing waits for what is under way, in ms. */
  readonly closePatience: number;
  /** Undefined: libusb does not find it. */
  locate(facts: DeviceFacts): LocatedDevice | undefined;
  /** Called before the device is opened; `closed` follows, whatever comes of it. @throws DeviceError that says why not */
  opening(device: LibusbDevice): void;
  closed(device: LibusbDevice): void;
  /** Looks which devices are there; called when one seems to have gone. */
  refresh(): void;
}

/**
 * node-usb has one object, and one handle, for a device that went and came back under the same address. So a new
 * {@link LibusbDevice} must not open it before the old one has closed it.
 */
const inUse = new WeakSet<NativeDevice>();

/** A USB device in a socket of this machine. It may be opened again after it was closed. */
export class LibusbDevice implements UsbDevice {
  readonly #facts: DeviceFacts;
  readonly #owner: DeviceOwner;
  readonly #gone = new AbortController();
  #configurations: readonly Configuration[] | undefined;
  #opening: Promise<OpenDevice> | undefined;
  #open: OpenDevice | undefined;
  #closing: Promise<void> | undefined;

  /** @internal devices are made by their source */
  constructor(facts: DeviceFacts, owner: DeviceOwner) {
    this.#facts = facts;
    this.#owner = owner;
  }

  get identity(): UsbDeviceIdentity {
    return this.#facts.identity;
  }

  get deviceDescriptor(): Uint8Array {
    return this.#facts.deviceDescriptor;
  }

  get configurationDescriptors(): readonly Uint8Array[] {
    return this.#facts.configurationDescriptors;
  }

  get configurations(): readonly Configuration[] {
    return (this.#configurations ??= readConfigurations(this.#facts.configurationDescriptors));
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Opens the device and claims all interfaces of its active configuration, or those that are given; kernel drivers (Linux) leave until `close`.
   *
   * Detaching a driver is a call that libusb has in blocking form only: it takes some milliseconds of the main loop.
   */
  async open(interfaceNumbers?: readonly number[]): Promise<void> {
    if (this.#opening !== undefined) throw this.#error('DEVICE_IN_USE', 'is open already');
    this.#register();
    this.#opening = this.#start(interfaceNumbers);
    try {
      this.#open = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      this.#owner.closed(this);
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#end().finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (this.#open === undefined || this.#gone.signal.aborted) return completeAtOnce('disconnected', complete);
    return this.#open.submit(operation, complete);
  }

  /** @internal called once the device is known to be gone */
  markGone(): void {
    this.#gone.abort(this.#error('DEVICE_GONE', 'was unplugged'));
  }

  #register(): void {
    try {
      this.#owner.opening(this);
    } catch (error) {
      const code = error instanceof DeviceError ? error.code : 'CANNOT_OPEN';
      throw this.#error(code, asError(error).message, error);
    }
  }

  async #start(interfaceNumbers: readonly number[] | undefined): Promise<OpenDevice> {
    if (this.#gone.signal.aborted) throw this.#error('DEVICE_GONE', 'is no longer there; plug it in again');
    const located = this.#owner.locate(this.#facts);
    if (located === undefined) throw this.#error('CANNOT_OPEN', 'is not visible to libusb; plug it in again');
    const { context, native } = located;
    if (inUse.has(native)) throw this.#error('DEVICE_IN_USE', 'is open in this program already, or not yet closed');
    inUse.add(native);
    try {
      const presence = {
        lost: () => this.markGone(),
        isGone: () => {
          this.#owner.refresh();
          return this.#gone.signal.aborted;
        },
      };
      return await OpenDevice.open(context, native, this, presence, interfaceNumbers);
    } catch (error) {
      inUse.delete(native);
      throw this.#error(openFailureCode(error), explainOpenFailure(this.identity, error), error);
    }
  }

  async #end(): Promise<void> {
    const opening = this.#opening;
    if (opening === undefined) return;
    const open = await opening.catch(() => undefined);
    if (open === undefined) return;
    const { givenBack } = await open.close(this.#owner.closePatience);
    void givenBack.then(() => inUse.delete(open.native));
    this.#open = undefined;
    this.#opening = undefined;
    this.#owner.closed(this);
  }

  #error(code: DeviceErrorCode, problem: string, cause?: unknown): DeviceError {
    return new DeviceError(code, `USB device ${nameOf(this.identity)} ${problem}`, { cause });
  }
}
