import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../ports/usb.ts';
import { ActiveConfiguration, findConfiguration } from '../usb/activeConfiguration.ts';
import { DeviceError } from '../usb/deviceError.ts';
import { withOwnData } from '../usb/ownData.ts';
import type { DeviceDescription } from '../usb/readDescription.ts';
import { type Complete, completeAtOnce, NO_BYTES } from '../usb/results.ts';

/** Milliseconds for which closing waits for transfers that were cancelled; then the connection is closed. */
const CLOSE_PATIENCE = 5000;

type Description = Pick<DeviceDescription, 'deviceDescriptor' | 'configurationDescriptors' | 'configurations'>;

const NOT_TOLD: Description = {
  deviceDescriptor: NO_BYTES,
  configurationDescriptors: [],
  configurations: [],
};

/**
 * A device at the other end of a connection that is there for it alone: open or not, it is this end's for as long as the
 * connection holds. Before {@link describe} it takes control requests alone. How an operation goes over the connection, its
 * subclasses know.
 */
export abstract class ConnectedDevice implements UsbDevice {
  protected readonly clock: Clock;
  /** What is in force at the device, as far as this end has set it. */
  protected active = new ActiveConfiguration([]);
  readonly #name: string;
  readonly #gone = new AbortController();
  #description = NOT_TOLD;
  #identity: UsbDeviceIdentity | undefined;
  #use: 'described' | 'closed' | 'open' | 'closing' = 'described';
  #operations = 0;
  #whenIdle: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /**
   * @param name - for errors, such as `usbip://server:3240/1-1`
   * @param clock - for the limits of control requests and of closing
   */
  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.clock = clock;
  }

  get identity(): UsbDeviceIdentity {
    if (this.#identity === undefined) throw this.#error('CANNOT_OPEN', 'is not described yet');
    return this.#identity;
  }

  get deviceDescriptor(): Uint8Array {
    return this.#description.deviceDescriptor;
  }

  get configurationDescriptors(): readonly Uint8Array[] {
    return this.#description.configurationDescriptors;
  }

  get configurations(): readonly Configuration[] {
    return this.#description.configurations;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Its descriptors are known: from now on it may be opened.
   * @param configurationValue - of the configuration that it is in; 0: in none
   */
  describe(description: Description, identity: UsbDeviceIdentity, configurationValue: number): void {
    this.#description = description;
    this.#identity = identity;
    const { configurations } = description;
    this.active = new ActiveConfiguration(configurations, findConfiguration(configurations, configurationValue));
    this.#use = 'closed';
  }

  /** Bytes of a packet of an endpoint, by bEndpointAddress. */
  packetSize(endpointAddress: number): number | undefined {
    return this.active.packetSize(endpointAddress);
  }

  async open(): Promise<void> {
    await this.#closing;
    if (this.#gone.signal.aborted) throw this.#error('DEVICE_GONE', 'is no longer there');
    if (this.#use !== 'closed') throw this.#error('DEVICE_IN_USE', 'is open already');
    this.#use = 'open';
  }

  close(): Promise<void> {
    if (this.#use === 'open') {
      this.#use = 'closing';
      this.#closing = this.#end().finally(() => {
        this.#use = 'closed';
        this.#closing = undefined;
      });
    }
    return this.#closing ?? Promise.resolve();
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    const isTaken = this.#use === 'open' || (this.#use === 'described' && operation.type === 'control');
    if (!isTaken || this.#gone.signal.aborted) return completeAtOnce('disconnected', complete);
    this.#operations += 1;
    return this.start(ownData(operation), (result) => {
      this.#operations -= 1;
      complete(result);
      if (this.#operations === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    });
  }

  /** Begins an operation of an open device that is there. `complete` is called once, and may be called at once. */
  protected abstract start(operation: UsbOperation, complete: Complete): UsbTransfer;
  /** Asks for the end of everything that is pending. */
  protected abstract cancelAll(): void;
  /** Ends the connection, and all that is pending with this status. */
  protected abstract cut(status: 'cancelled' | 'disconnected'): void;

  /** The connection, or the device at its other end, is no more. */
  protected lost(error: Error | undefined): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort(this.#error('DEVICE_GONE', error === undefined ? 'was unplugged' : `is lost: ${error.message}`));
    this.cut('disconnected');
  }

  async #end(): Promise<void> {
    this.cancelAll();
    if (this.#operations === 0) return;
    const idle = new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    const stopTimer = this.clock.after(CLOSE_PATIENCE, () => this.cut('cancelled'));
    await idle;
    stopTimer();
  }

  #error(code: 'CANNOT_OPEN' | 'DEVICE_GONE' | 'DEVICE_IN_USE', problem: string): DeviceError {
    return new DeviceError(code, `USB device ${this.#name} ${problem}`);
  }
}

/** For an operation that cannot be cancelled. */
export function completeLater(work: Promise<UsbResult>, complete: Complete): UsbTransfer {
  void work.then(complete);
  return { cancel: () => {} };
}

/** The other end may answer before it has read all that is sent: then the memory is for other data, which are not for it. */
function ownData(operation: UsbOperation): UsbOperation {
  return 'data' in operation && operation.data.byteLength > 0 ? withOwnData(operation) : operation;
}
