import type { ConnectionIdentity } from '../../../src/ports/transport.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../../../src/ports/usb.ts';
import type { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { DeviceError } from '../../../src/usb/deviceError.ts';
import { MassStorage } from '../../../src/usb/massStorage/massStorage.ts';
import { type Complete, completeAtOnce, resultOf } from '../../../src/usb/results.ts';

/** A device as one connection of its client has it, and what is done to it. */
export class LinkedDevice implements UsbDevice {
  readonly identity: UsbDeviceIdentity;
  readonly deviceDescriptor: Uint8Array;
  readonly configurationDescriptors;
  readonly configurations;
  readonly #device: VirtualDevice;
  readonly #gone = new AbortController();
  readonly #pending = new Set<Complete>();
  readonly log: string[] = [];
  /** For operations that do not reach the device: undefined lets them through. */
  answer: (operation: UsbOperation) => UsbResult['status'] | 'never' | undefined = () => undefined;

  constructor(device: VirtualDevice, portPath = '1-1') {
    this.#device = device;
    this.identity = { ...device.identity, portPath };
    this.deviceDescriptor = device.deviceDescriptor;
    this.configurationDescriptors = device.configurationDescriptors;
    this.configurations = device.configurations;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get pending(): number {
    return this.#pending.size;
  }

  open(): Promise<void> {
    this.log.push('open');
    return this.#device.open();
  }

  async close(): Promise<void> {
    this.log.push('close');
    await this.#device.close();
    this.#endAll('cancelled');
  }

  submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (this.gone.aborted) return completeAtOnce('disconnected', complete);
    this.log.push(operation.type === 'control' ? `request ${operation.setup.bRequest}` : operation.type);
    const answer = this.answer(operation);
    if (answer !== undefined && answer !== 'never') return completeAtOnce(answer, complete);
    const once = (result: UsbResult) => {
      if (this.#pending.delete(once)) complete(result);
    };
    this.#pending.add(once);
    if (answer === 'never') return { cancel: () => once(resultOf('cancelled')) };
    return this.#device.submit(operation, once);
  }

  /** The connection to the client is lost. */
  lose(): void {
    this.#leave(new DeviceError('CONNECTION_LOST', 'the connection to the device is lost'));
  }

  unplug(): void {
    this.#leave(undefined);
  }

  #leave(reason: unknown): void {
    this.#gone.abort(reason);
    this.#endAll('disconnected');
    // The physical device is what the client's own system makes of it: nothing is under way there any more.
    void this.#device.close();
  }

  #endAll(status: UsbResult['status']): void {
    for (const each of [...this.#pending]) each(resultOf(status));
  }
}

/** A connection of a client that has what a test plugs in. */
export class ClientConnection {
  readonly name: string;
  readonly connection: ConnectionIdentity;
  readonly closed: Promise<Error | undefined>;
  readonly refused: [UsbDevice, string | undefined][] = [];
  isClosed = false;
  readonly #devices = new Set<LinkedDevice>();
  readonly #listeners = new Set<(device: UsbDevice) => void>();
  #end: (error: Error | undefined) => void = () => {};

  constructor(name: string, session?: string) {
    this.name = name;
    this.connection = { address: name, ...(session !== undefined && { session }) };
    this.closed = new Promise((resolve) => (this.#end = resolve));
  }

  list(): Promise<readonly UsbDevice[]> {
    return Promise.resolve([...this.#devices]);
  }

  watch(added: (device: UsbDevice) => void): () => void {
    this.#listeners.add(added);
    return () => this.#listeners.delete(added);
  }

  refuse(device: UsbDevice, _reason: string, explanation?: string): void {
    this.refused.push([device, explanation]);
  }

  close(): Promise<void> {
    this.isClosed = true;
    for (const device of this.#devices) device.unplug();
    this.#end(undefined);
    return Promise.resolve();
  }

  plug(device: VirtualDevice, portPath?: string): LinkedDevice {
    const linked = new LinkedDevice(device, portPath);
    this.#devices.add(linked);
    for (const added of [...this.#listeners]) added(linked);
    return linked;
  }

  /** As the engine does it: the devices first. */
  lose(): void {
    for (const device of this.#devices) device.lose();
    this.#end(new Error('reset'));
  }
}

export const openStorage = (device: UsbDevice) => MassStorage.open(new RemoteDevice(device), { readyTimeout: 0 });

export function run(device: UsbDevice, operation: UsbOperation): Promise<UsbResult> {
  return new Promise((resolve) => device.submit(operation, resolve));
}
