/// <reference types="w3c-web-usb" preserve="true" />
import { asError } from '../../../codecs/core/errors.ts';
import { isSetAddress, stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbOperation, UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { findConfiguration, findSetting } from '../../usb/activeConfiguration.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { type Complete, completeAtOnce, resultOf } from '../../usb/results.ts';
import { ConnectedDevice } from '../connectedDevice.ts';
import { type ReadEnd, ReadQueue } from './readQueue.ts';
import {
  fromInResult,
  fromIsochronousIn,
  fromIsochronousOut,
  fromOutResult,
  statusOfError,
  toControlParameters,
} from './webUsbResults.ts';

/** What is used of a `USBDevice` of WebUSB, whoever made it. */
export type WebUsbDeviceShape = Pick<
  USBDevice,
  | 'claimInterface'
  | 'clearHalt'
  | 'close'
  | 'configuration'
  | 'controlTransferIn'
  | 'controlTransferOut'
  | 'isochronousTransferIn'
  | 'isochronousTransferOut'
  | 'open'
  | 'opened'
  | 'releaseInterface'
  | 'reset'
  | 'selectAlternateInterface'
  | 'selectConfiguration'
  | 'transferIn'
  | 'transferOut'
>;

const DIRECTION_IN = 0x80;
const NUMBER_MASK = 0x0f;

/** An operation whose end the browser has not told. */
interface Pending {
  readonly endpointAddress: number | undefined;
  readonly end: (result: UsbResult) => void;
}

/**
 * A device over WebUSB (https://wicg.github.io/webusb/), which knows no cancelling and no timeouts: an operation that is cancelled
 * ends at once, and what the device still does for it is not told; what it still sends goes to the next read of its endpoint.
 */
export class WebUsbDevice extends ConnectedDevice {
  readonly #usb: WebUsbDeviceShape;
  readonly #name: string;
  readonly #finding: (error: Error) => void;
  readonly #reads = new Map<number, ReadQueue>();
  readonly #pending = new Set<Pending>();

  /**
   * @param name - for errors
   * @param finding - told about interfaces that the browser keeps for itself
   */
  constructor(usb: WebUsbDeviceShape, name: string, clock: Clock, finding: (error: Error) => void) {
    super(name, clock);
    this.#usb = usb;
    this.#name = name;
    this.#finding = finding;
  }

  /** Opens it, and claims the interfaces that the browser lets pages have. @throws DeviceError */
  override async open(): Promise<void> {
    await super.open();
    try {
      if (!this.#usb.opened) await this.#usb.open();
      await this.#claim();
    } catch (error) {
      await this.close();
      if (error instanceof DeviceError) throw error;
      throw this.#cannotOpen(asError(error));
    }
  }

  override async close(): Promise<void> {
    await super.close();
    // Ends what is still at the browser.
    if (this.#usb.opened) await this.#usb.close().catch(() => {});
    this.#reads.clear();
  }

  /** The browser says that it is no longer there. */
  unplugged(): void {
    this.lost(undefined);
  }

  protected override cancelAll(): void {
    this.#endAll('cancelled');
  }

  protected override cut(status: 'cancelled' | 'disconnected'): void {
    this.#endAll(status);
    if (this.#usb.opened) void this.#usb.close().catch(() => {});
  }

  protected override start(operation: UsbOperation, complete: Complete): UsbTransfer {
    switch (operation.type) {
      case 'control':
        return this.#control(operation, complete);
      case 'transferIn': {
        const { endpointAddress, length } = operation;
        if (this.active.endpoint(endpointAddress) === undefined) return completeAtOnce('notFound', complete);
        return this.#readsOf(endpointAddress).read(length, complete);
      }
      case 'transferOut': {
        const { endpointAddress, data } = operation;
        return this.#run(endpointAddress, complete, async () =>
          fromOutResult(await this.#usb.transferOut(endpointAddress, bufferOf(data))),
        );
      }
      case 'isochronousIn': {
        const { endpointAddress, packetLengths } = operation;
        return this.#run(endpointAddress, complete, async () =>
          fromIsochronousIn(await this.#usb.isochronousTransferIn(endpointAddress & NUMBER_MASK, [...packetLengths])),
        );
      }
      case 'isochronousOut': {
        const { endpointAddress, packetLengths, data } = operation;
        return this.#run(endpointAddress, complete, async () =>
          fromIsochronousOut(
            await this.#usb.isochronousTransferOut(endpointAddress, bufferOf(data), [...packetLengths]),
          ),
        );
      }
      case 'setConfiguration':
        return this.#run(undefined, complete, () => this.#configure(operation));
      case 'setInterface':
        return this.#run(undefined, complete, () => this.#select(operation));
      case 'clearHalt':
      case 'resetEndpoint': {
        const { endpointAddress } = operation;
        // There is no way to the browser's half alone.
        return this.#run(endpointAddress, complete, async () => {
          const isIn = (endpointAddress & DIRECTION_IN) !== 0;
          await this.#usb.clearHalt(isIn ? 'in' : 'out', endpointAddress & NUMBER_MASK);
          return resultOf('completed');
        });
      }
      case 'abortEndpoint':
        if (this.active.endpoint(operation.endpointAddress) === undefined) return completeAtOnce('notFound', complete);
        this.#end('cancelled', operation.endpointAddress);
        return completeAtOnce('completed', complete);
      case 'resetDevice':
        return this.#run(undefined, complete, () => this.#reset());
      case 'cyclePort':
      case 'queryBus':
        return completeAtOnce('notSupported', complete);
    }
  }

  #control(operation: Extract<UsbOperation, { type: 'control' }>, complete: Complete): UsbTransfer {
    const { setup, data, timeout } = operation;
    const change = stateRequestOf(setup);
    if (change !== undefined) return this.start(change, complete);
    const parameters = isSetAddress(setup) ? undefined : toControlParameters(setup);
    if (parameters === undefined) return completeAtOnce('invalidParameter', complete);
    const isIn = (setup.bmRequestType & DIRECTION_IN) !== 0;
    const work = async () => {
      if (!isIn) return fromOutResult(await this.#usb.controlTransferOut(parameters, bufferOf(data)));
      const { status, data: received } = fromInResult(await this.#usb.controlTransferIn(parameters, setup.wLength));
      return resultOf(status, received);
    };
    // What belongs to an interface that the browser keeps for itself is refused, as a device refuses what it does not have.
    return this.#run(undefined, complete, work, timeout, (status) =>
      status === 'notSupported' || status === 'failed' ? 'stalled' : status,
    );
  }

  async #configure(operation: Extract<UsbOperation, { type: 'setConfiguration' }>): Promise<UsbResult> {
    const { configurationValue } = operation;
    if (configurationValue === 0) {
      for (const { interfaceNumber, claimed } of this.#usb.configuration?.interfaces ?? []) {
        if (claimed) await this.#usb.releaseInterface(interfaceNumber);
      }
    } else {
      if (findConfiguration(this.configurations, configurationValue) === undefined) return resultOf('notFound');
      if (this.#usb.configuration?.configurationValue !== configurationValue) {
        await this.#usb.selectConfiguration(configurationValue);
      }
      await this.#claim();
      for (const { interfaceNumber, alternate, claimed } of this.#usb.configuration?.interfaces ?? []) {
        // SET_CONFIGURATION does that, and browsers leave it out where the configuration is active already.
        if (claimed && alternate.alternateSetting !== 0) await this.#usb.selectAlternateInterface(interfaceNumber, 0);
      }
    }
    this.#forgetReads();
    this.active.note(operation);
    return resultOf('completed');
  }

  async #select(operation: Extract<UsbOperation, { type: 'setInterface' }>): Promise<UsbResult> {
    const { interfaceNumber, alternateSetting } = operation;
    const { configuration } = this.active;
    if (configuration === undefined || findSetting(configuration, operation) === undefined) return resultOf('notFound');
    await this.#usb.selectAlternateInterface(interfaceNumber, alternateSetting);
    for (const { endpointAddress } of this.active.setting(interfaceNumber)?.endpoints ?? []) {
      this.#reads.get(endpointAddress)?.flush();
    }
    this.active.note(operation);
    return resultOf('completed');
  }

  /** What is pending at the browser ends by it. */
  async #reset(): Promise<UsbResult> {
    await this.#usb.reset();
    this.#forgetReads();
    await this.#claim();
    return resultOf('completed');
  }

  /** @throws DeviceError when the browser lets the page have none of its interfaces */
  async #claim(): Promise<void> {
    const interfaces = this.#usb.configuration?.interfaces ?? [];
    let refusal: Error | undefined;
    let count = 0;
    for (const { interfaceNumber, claimed } of interfaces) {
      try {
        if (!claimed) await this.#usb.claimInterface(interfaceNumber);
        count += 1;
      } catch (error) {
        refusal = this.#protected(interfaceNumber, asError(error));
        this.#finding(refusal);
      }
    }
    if (count === 0 && refusal !== undefined) throw refusal;
  }

  #readsOf(endpointAddress: number): ReadQueue {
    const known = this.#reads.get(endpointAddress);
    if (known !== undefined) return known;
    const transfer = async (length: number): Promise<ReadEnd> => {
      try {
        return fromInResult(await this.#usb.transferIn(endpointAddress & NUMBER_MASK, length));
      } catch (error) {
        return { status: statusOfError(error, this.gone.aborted), data: new Uint8Array(0) };
      }
    };
    const queue = new ReadQueue(transfer);
    this.#reads.set(endpointAddress, queue);
    return queue;
  }

  #forgetReads(): void {
    for (const queue of this.#reads.values()) queue.flush();
  }

  /** @param explain - the status of a promise that was rejected. Default: as it is */
  #run(
    endpointAddress: number | undefined,
    complete: Complete,
    work: () => Promise<UsbResult>,
    timeout = 0,
    explain: (status: UsbStatus) => UsbStatus = (status) => status,
  ): UsbTransfer {
    let stopTimer = () => {};
    const pending: Pending = {
      endpointAddress,
      end: (result) => {
        if (!this.#pending.delete(pending)) return;
        stopTimer();
        complete(result);
      },
    };
    this.#pending.add(pending);
    if (timeout > 0) stopTimer = this.clock.after(timeout, () => pending.end(resultOf('timedOut')));
    work().then(pending.end, (error: unknown) =>
      pending.end(resultOf(explain(statusOfError(error, this.gone.aborted)))),
    );
    return { cancel: () => pending.end(resultOf('cancelled')) };
  }

  #endAll(status: UsbStatus): void {
    for (const queue of this.#reads.values()) queue.cancelAll(status);
    for (const pending of [...this.#pending]) pending.end(resultOf(status));
  }

  #end(status: UsbStatus, endpointAddress: number): void {
    this.#reads.get(endpointAddress)?.cancelAll(status);
    for (const pending of [...this.#pending]) {
      if (pending.endpointAddress === endpointAddress) pending.end(resultOf(status));
    }
  }

  #protected(interfaceNumber: number, cause: Error): DeviceError {
    const why = `${this.#name}: the browser keeps interface ${interfaceNumber} for itself (${cause.name})`;
    const way = 'redirect the device with the program urbdrc instead, which has no such limit';
    return new DeviceError('PERMISSION_DENIED', `${why}: ${way}`, { cause });
  }

  #cannotOpen(cause: Error): DeviceError {
    const way = 'close the program or tab that uses it, and see that the system lets this user open it';
    return new DeviceError('CANNOT_OPEN', `${this.#name} cannot be opened (${cause.message}): ${way}`, { cause });
  }
}

/** WebUSB wants memory that nobody shares; it copies at the call. */
function bufferOf(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return data.buffer instanceof ArrayBuffer
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
