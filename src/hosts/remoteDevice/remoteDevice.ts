/// <reference types="w3c-web-usb" preserve="true" />
import type { UsbDevice, UsbOperation, UsbResult } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { ActiveConfiguration } from '../../usb/activeConfiguration.ts';
import { PiecewiseDevice } from '../../usb/piecewiseDevice.ts';
import {
  buildConfigurations,
  changedSettings,
  defaultAlternate,
  changing,
  endpointAddresses,
  releaseAll,
  type DeviceConfiguration,
  type DeviceInterface,
} from './configurations.ts';
import { checkRecipient, toControlOperation } from './controlRequest.ts';
import { DeviceProperties, readMissingStrings } from './deviceProperties.ts';
import {
  checkUnchanging,
  findAlternate,
  findClaimedInterface,
  findConfiguration,
  findInterface,
  findTransferEndpoint,
} from './lookup.ts';
import type { RemoteDeviceOptions, TransferOptions } from './options.ts';
import { Submissions } from './submissions.ts';
import {
  type Bytes,
  bytesOf,
  checkIsochronousSize,
  checkSize,
  MAX_CONTROL_SIZE,
  MAX_TRANSFER_SIZE,
} from './transferData.ts';
import {
  checkCompleted,
  failure,
  toInResult,
  toIsochronousInResult,
  toIsochronousOutResult,
  toOutResult,
} from './transferResults.ts';
import { webUsbError } from './webUsbError.ts';

/** For {@link RemoteUsb}: from now on the device is gone for its program. Resolves when it is closed. */
export let takeBack: (device: RemoteDevice) => Promise<unknown>;

/**
 * A device that is driven as in a browser: the `USBDevice` of WebUSB (https://wicg.github.io/webusb/), over any
 * {@link UsbDevice}. Code written for WebUSB works with it unchanged. Five things differ:
 *
 * - Every transfer takes `{ signal }` as an additional last argument.
 * - No interface class is protected.
 * - `transferOut` does not copy: give it bytes that stay as they are until its promise settles.
 * - `close` may be called while another method changes the device, and cancels that: the device may be far away.
 * - A device that is opened again gets back the configuration that it had when it was closed.
 *
 * Transfers reach the device in the order of the calls, any number at a time. Rejections are DOMExceptions with the
 * names of the specification. A reset leaves configuration, alternate settings and claims as they are.
 */
export class RemoteDevice extends DeviceProperties implements USBDevice {
  readonly configurations: USBConfiguration[];
  readonly #gone: AbortSignal;
  readonly #released = new AbortController();
  readonly #submissions: Submissions;
  readonly #configurations: readonly DeviceConfiguration[];
  readonly #active: ActiveConfiguration;
  readonly #strings: Map<number, string>;
  readonly #forget: () => void;
  #stringsRead = false;
  #opened = false;
  /** The method that is changing the whole device just now. */
  #change: { readonly method: string } | undefined;
  /** Settled when the last change, or the close of a lost device, is over. */
  #settled: Promise<unknown> = Promise.resolve();

  constructor(port: UsbDevice, options: RemoteDeviceOptions = {}) {
    const strings = new Map<number, string>();
    super(port, strings);
    this.#strings = strings;
    const { initialConfiguration: initial } = options;
    const first = port.configurations.find((each) => initial === undefined || each.configurationValue === initial);
    this.#active = new ActiveConfiguration(port.configurations, first);
    this.#configurations = buildConfigurations(port.configurations, this.#active, strings);
    this.configurations = this.#configurations.map((each) => each.view);
    this.#forget = options.forget ?? (() => {});
    const packetSize = (endpointAddress: number) => this.#active.packetSize(endpointAddress);
    this.#submissions = new Submissions(new PiecewiseDevice(port, packetSize));
    this.#gone = AbortSignal.any([port.gone, this.#released.signal]);
    this.#gone.addEventListener('abort', () => this.#lose(), { once: true });
  }

  get configuration(): USBConfiguration | null {
    return this.#configuration?.view ?? null;
  }

  get opened(): boolean {
    return this.#opened;
  }

  /**
   * Takes the device, selects its configuration and reads its names.
   * @throws NotFoundError, InvalidStateError while `open` or `close` is under way, NetworkError
   */
  async open(): Promise<void> {
    this.#checkConnected('open');
    this.#checkIdle('open');
    if (this.#opened) return;
    await this.#changing('open', async () => {
      try {
        await this.port.open();
      } catch (error) {
        throw webUsbError('NetworkError', `open: ${error instanceof Error ? error.message : String(error)}`, error);
      }
      try {
        await this.#enumerate();
        this.#checkConnected('open');
      } catch (error) {
        await this.port.close();
        throw error;
      }
      this.#opened = true;
    });
  }

  /**
   * Cancels what is pending (AbortError) and gives the device back.
   * @throws NotFoundError, InvalidStateError while `open` or `close` is under way
   */
  async close(): Promise<void> {
    this.#checkConnected('close');
    if (this.#change?.method === 'open' || this.#change?.method === 'close') this.#checkIdle('close');
    if (!this.#opened) return;
    await this.#changing('close', async () => {
      const reason = webUsbError('AbortError', 'the device was closed');
      const aborted = this.#submissions.abort(() => true, reason);
      await this.port.close();
      this.#submissions.drop(reason);
      await aborted;
      this.#opened = false;
      this.#releaseAll();
    });
  }

  /** Closes the device and gives up the right to use it: a redirected device goes back to its user. */
  async forget(): Promise<void> {
    if (this.#opened && !this.#gone.aborted) await this.close();
    this.#forget();
  }

  static {
    takeBack = (device) => {
      device.#released.abort();
      return device.#settled;
    };
  }

  /** @throws NotFoundError, InvalidStateError, NetworkError */
  async selectConfiguration(configurationValue: number): Promise<void> {
    const what = `selectConfiguration(${configurationValue})`;
    this.#checkConnected(what);
    const selected = findConfiguration(what, this.#configurations, configurationValue);
    this.#checkReady(what);
    // As in Chromium, which drivers rely on: what is claimed stays claimed.
    if (selected === this.#configuration) return;
    await this.#changing('selectConfiguration', async () => {
      const before = this.#configuration;
      await this.#abortTransfers(before?.interfaces ?? [], 'another configuration was selected');
      checkCompleted(what, await this.#run({ type: 'setConfiguration', configurationValue: selected.value }));
      releaseAll(before);
      releaseAll(selected);
    });
  }

  /** @throws NotFoundError, InvalidStateError */
  // eslint-disable-next-line @typescript-eslint/require-await -- a failed check must reject, not throw
  async claimInterface(interfaceNumber: number): Promise<void> {
    const what = `claimInterface(${interfaceNumber})`;
    const found = findInterface(what, this.#checkConfigured(what), interfaceNumber);
    checkUnchanging(what, found);
    found.claimed = true;
  }

  /**
   * Cancels the interface's transfers (AbortError) and puts it back to alternate setting 0.
   * @throws NotFoundError, InvalidStateError
   */
  async releaseInterface(interfaceNumber: number): Promise<void> {
    const what = `releaseInterface(${interfaceNumber})`;
    const found = findInterface(what, this.#checkConfigured(what), interfaceNumber);
    checkUnchanging(what, found);
    if (!found.claimed) return;
    await changing(found, what, async () => {
      await this.#abortTransfers([found], 'the interface was released');
      const first = defaultAlternate(found.alternates);
      // A failure does not matter to a caller who is done with the interface.
      if (found.selected !== first) {
        await this.#run({ type: 'setInterface', interfaceNumber: found.number, alternateSetting: first.setting });
      }
      found.claimed = false;
    });
  }

  /** Cancels the interface's transfers (AbortError) first. @throws NotFoundError, InvalidStateError, NetworkError */
  async selectAlternateInterface(interfaceNumber: number, alternateSetting: number): Promise<void> {
    const what = `selectAlternateInterface(${interfaceNumber}, ${alternateSetting})`;
    const found = findClaimedInterface(what, this.#checkConfigured(what), interfaceNumber);
    const { setting } = findAlternate(what, found, alternateSetting);
    await changing(found, what, async () => {
      await this.#abortTransfers([found], 'another alternate setting was selected');
      const operation = { type: 'setInterface', interfaceNumber: found.number, alternateSetting: setting } as const;
      checkCompleted(what, await this.#run(operation));
    });
  }

  /** @throws NotFoundError, InvalidStateError, DataError, NetworkError, AbortError */
  async controlTransferIn(
    setup: USBControlTransferParameters,
    length: number,
    options: TransferOptions = {},
  ): Promise<USBInTransferResult> {
    const what = 'controlTransferIn';
    this.#checkReady(what);
    checkRecipient(what, () => this.#checkConfigured(what), setup);
    checkSize(what, length, MAX_CONTROL_SIZE);
    const operation = toControlOperation(setup, 'in', length, NO_BYTES);
    return toInResult(what, await this.#run(operation, options.signal));
  }

  /** @throws NotFoundError, InvalidStateError, DataError, NetworkError, AbortError */
  async controlTransferOut(
    setup: USBControlTransferParameters,
    data: Bytes = NO_BYTES,
    options: TransferOptions = {},
  ): Promise<USBOutTransferResult> {
    const what = 'controlTransferOut';
    this.#checkReady(what);
    checkRecipient(what, () => this.#checkConfigured(what), setup);
    const bytes = bytesOf(what, data, MAX_CONTROL_SIZE);
    const operation = toControlOperation(setup, 'out', bytes.byteLength, bytes);
    return toOutResult(what, await this.#run(operation, options.signal));
  }

  /** Ends the stall of an endpoint. @throws NotFoundError, InvalidStateError, NetworkError */
  async clearHalt(direction: USBDirection, endpointNumber: number): Promise<void> {
    const what = `clearHalt('${direction}', ${endpointNumber})`;
    const endpointAddress = this.#endpoint(what, endpointNumber, direction, 'bulk', 'interrupt', 'isochronous');
    checkCompleted(what, await this.#run({ type: 'clearHalt', endpointAddress }));
  }

  /** Bulk or interrupt. @throws NotFoundError, InvalidAccessError, InvalidStateError, DataError, NetworkError, AbortError */
  async transferIn(
    endpointNumber: number,
    length: number,
    options: TransferOptions = {},
  ): Promise<USBInTransferResult> {
    const what = `transferIn(${endpointNumber}, ${length})`;
    const endpointAddress = this.#endpoint(what, endpointNumber, 'in', 'bulk', 'interrupt');
    checkSize(what, length, MAX_TRANSFER_SIZE);
    return toInResult(what, await this.#run({ type: 'transferIn', endpointAddress, length }, options.signal));
  }

  /** Bulk or interrupt. @throws NotFoundError, InvalidAccessError, InvalidStateError, DataError, NetworkError, AbortError */
  async transferOut(endpointNumber: number, data: Bytes, options: TransferOptions = {}): Promise<USBOutTransferResult> {
    const what = `transferOut(${endpointNumber})`;
    const endpointAddress = this.#endpoint(what, endpointNumber, 'out', 'bulk', 'interrupt');
    const operation = { type: 'transferOut', endpointAddress, data: bytesOf(what, data, MAX_TRANSFER_SIZE) } as const;
    return toOutResult(what, await this.#run(operation, options.signal));
  }

  /** @throws NotFoundError, InvalidAccessError, InvalidStateError, DataError, NetworkError, AbortError */
  async isochronousTransferIn(
    endpointNumber: number,
    packetLengths: readonly number[],
    options: TransferOptions = {},
  ): Promise<USBIsochronousInTransferResult> {
    const what = `isochronousTransferIn(${endpointNumber})`;
    const endpointAddress = this.#endpoint(what, endpointNumber, 'in', 'isochronous');
    checkIsochronousSize(what, packetLengths);
    const packets = { packetLengths: [...packetLengths], startFrame: undefined };
    const operation = { type: 'isochronousIn', endpointAddress, ...packets } as const;
    return toIsochronousInResult(what, packetLengths.length, await this.#run(operation, options.signal));
  }

  /** @throws NotFoundError, InvalidAccessError, InvalidStateError, DataError, NetworkError, AbortError */
  async isochronousTransferOut(
    endpointNumber: number,
    data: Bytes,
    packetLengths: readonly number[],
    options: TransferOptions = {},
  ): Promise<USBIsochronousOutTransferResult> {
    const what = `isochronousTransferOut(${endpointNumber})`;
    const endpointAddress = this.#endpoint(what, endpointNumber, 'out', 'isochronous');
    const bytes = bytesOf(what, data, MAX_TRANSFER_SIZE);
    checkIsochronousSize(what, packetLengths, bytes.byteLength);
    const packets = { packetLengths: [...packetLengths], startFrame: undefined };
    const operation = { type: 'isochronousOut', endpointAddress, data: bytes, ...packets } as const;
    return toIsochronousOutResult(what, packetLengths.length, await this.#run(operation, options.signal));
  }

  /** Cancels what is pending (AbortError) first. @throws NotFoundError, InvalidStateError, NetworkError */
  async reset(): Promise<void> {
    this.#checkReady('reset');
    await this.#changing('reset', async () => {
      await this.#submissions.abort(() => true, webUsbError('AbortError', 'the device was reset'));
      checkCompleted('reset', await this.#run({ type: 'resetDevice' }));
      // Whether a host does this by itself after a reset depends on the host.
      for (const setting of changedSettings(this.#configuration)) {
        const what = `reset, selecting the alternate setting of interface ${setting.interfaceNumber}`;
        checkCompleted(what, await this.#run({ type: 'setInterface', ...setting }));
      }
    });
  }

  async #enumerate(): Promise<void> {
    if (this.#configuration !== undefined) {
      const configurationValue = this.#configuration.value;
      const what = `open, selecting configuration ${configurationValue}`;
      checkCompleted(what, await this.#run({ type: 'setConfiguration', configurationValue }));
    }
    if (this.#stringsRead) return;
    const strings = await readMissingStrings(this.port, (operation) => this.#run(operation));
    for (const [index, text] of strings) this.#strings.set(index, text);
    this.#stringsRead = true;
  }

  get #configuration(): DeviceConfiguration | undefined {
    return this.#configurations.find(({ source }) => source === this.#active.configuration);
  }

  async #run(operation: UsbOperation, signal?: AbortSignal): Promise<UsbResult> {
    const result = await this.#submissions.run(operation, signal);
    if (result.status === 'completed') this.#active.note(operation);
    // A device that goes away cancels what it has; the caller should learn why.
    if (result.status === 'cancelled' && this.#gone.aborted) return { ...result, status: 'disconnected' };
    return result;
  }

  #endpoint(what: string, endpointNumber: number, direction: USBDirection, ...types: USBEndpointType[]): number {
    return findTransferEndpoint(what, this.#checkConfigured(what), endpointNumber, direction, types).address;
  }

  #abortTransfers(interfaces: readonly DeviceInterface[], why: string): Promise<void> {
    const addresses = endpointAddresses(interfaces);
    const isTheirs = (operation: UsbOperation) =>
      'endpointAddress' in operation && addresses.has(operation.endpointAddress);
    return this.#submissions.abort(isTheirs, webUsbError('AbortError', `the transfer was cancelled: ${why}`));
  }

  async #changing(method: string, body: () => Promise<void>): Promise<void> {
    const change = { method };
    this.#change = change;
    const work = body();
    this.#settled = Promise.allSettled([this.#settled, work]);
    try {
      await work;
    } finally {
      // `close` takes over from what it cancels.
      if (this.#change === change) this.#change = undefined;
    }
  }

  #checkConnected(what: string): void {
    if (!this.#gone.aborted) return;
    throw webUsbError('NotFoundError', `${what}: the device is gone; wait for its next 'connect' event`);
  }

  #checkIdle(what: string): void {
    if (this.#change === undefined) return;
    throw webUsbError('InvalidStateError', `${what}: ${this.#change.method}() is under way; await it first`);
  }

  #checkReady(what: string): void {
    this.#checkConnected(what);
    if (!this.#opened) throw webUsbError('InvalidStateError', `${what}: the device is not open; call open() first`);
    this.#checkIdle(what);
  }

  #checkConfigured(what: string): DeviceConfiguration {
    this.#checkReady(what);
    if (this.#configuration !== undefined) return this.#configuration;
    throw webUsbError('InvalidStateError', `${what}: no configuration is selected; call selectConfiguration() first`);
  }

  /** Of a device that is given back. Its interfaces go back to their first alternate settings. */
  #releaseAll(): void {
    releaseAll(this.#configuration);
    const { configuration } = this.#active;
    if (configuration !== undefined) this.#active.note({ type: 'setConfiguration', ...configuration });
  }

  #lose(): void {
    this.#releaseAll();
    if (!this.#opened) return;
    this.#opened = false;
    const closed = this.port.close().then(() => this.#submissions.drop(failure('transfer', 'disconnected')));
    this.#settled = Promise.allSettled([this.#settled, closed]);
  }
}
