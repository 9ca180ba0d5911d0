import { type Configuration, readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { RequestType, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import { stateRequestOf } from '../../codecs/usb/stateRequest.ts';
import type { UsbDevice, UsbDeviceSource, UsbOperation, UsbTransfer } from '../ports/usb.ts';
import { initialSettings } from './activeConfiguration.ts';
import { DeviceError } from './deviceError.ts';
import { partialConfiguration, wholeFunctions } from './partialConfiguration.ts';
import { type Complete, completeAtOnce, resultOf } from './results.ts';
import { WrappedDevice } from './wrappedDevice.ts';

const ENDPOINT_NUMBER_MASK = 0x0f;
const READ_DESCRIPTOR = RequestType.directionIn | RequestType.standard | RequestType.device;

/**
 * A device of which only some functions are there: its configuration descriptors have no other interfaces, requests to
 * others stall and their endpoints are not found, as on a device that never had them. Numbers stay as they are. The other
 * interfaces keep the drivers that they have, so that nothing which would disturb these is passed on: a reset, and
 * unconfiguring, end what is pending and put alternate settings back.
 */
export class PartialDevice extends WrappedDevice {
  readonly #configurationDescriptors: readonly Uint8Array[];
  readonly #configurations: readonly Configuration[];
  readonly #wanted: readonly number[];
  /** By number, those of all configurations. */
  readonly #interfaces: ReadonlySet<number>;
  readonly #endpoints: ReadonlySet<number>;

  /** @param wanted - interface numbers; the whole functions that they belong to are taken */
  constructor(device: UsbDevice, wanted: readonly number[]) {
    super(device);
    this.#wanted = wanted;
    this.#configurationDescriptors = device.configurationDescriptors.map((each) =>
      partialConfiguration(each, wholeFunctions(each, wanted)),
    );
    this.#configurations = readConfigurations(this.#configurationDescriptors);
    const settings = this.#configurations.flatMap(({ interfaces }) => interfaces);
    this.#interfaces = new Set(settings.map(({ interfaceNumber }) => interfaceNumber));
    this.#endpoints = new Set(
      settings.flatMap(({ endpoints }) => endpoints.map(({ endpointAddress }) => endpointAddress)),
    );
  }

  /** Without the interfaces that are not part of it. */
  override get configurationDescriptors(): readonly Uint8Array[] {
    return this.#configurationDescriptors;
  }

  /** Those descriptors, read. */
  override get configurations(): readonly Configuration[] {
    return this.#configurations;
  }

  /** @throws DeviceError when the device has not all of the interfaces, and what its own `open` throws */
  override async open(): Promise<void> {
    const missing = this.#wanted.find((number) => !this.#interfaces.has(number));
    if (missing === undefined) {
      await this.device.open([...this.#interfaces]);
      return;
    }
    const present = this.device.configurations.flatMap(({ interfaces }) => interfaces);
    const numbers = [...new Set(present.map(({ interfaceNumber }) => interfaceNumber))].join(', ');
    const at = this.identity.portPath;
    throw new DeviceError(
      'CANNOT_OPEN',
      `the device at port ${at} has no interface ${missing}: choose from ${numbers}`,
    );
  }

  /** As on a device that never had the other interfaces. */
  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    switch (operation.type) {
      case 'control':
        return this.#control(operation, complete);
      case 'setConfiguration':
        if (operation.configurationValue === 0) return this.#quiet(complete);
        return this.device.submit(operation, complete);
      case 'setInterface':
        if (!this.#interfaces.has(operation.interfaceNumber)) return completeAtOnce('notFound', complete);
        return this.device.submit(operation, complete);
      case 'transferIn':
      case 'transferOut':
      case 'isochronousIn':
      case 'isochronousOut':
      case 'clearHalt':
      case 'resetEndpoint':
      case 'abortEndpoint':
        if (!this.#endpoints.has(operation.endpointAddress)) return completeAtOnce('notFound', complete);
        return this.device.submit(operation, complete);
      case 'resetDevice':
      case 'cyclePort':
        return this.#quiet(complete);
      case 'queryBus':
        return this.device.submit(operation, complete);
    }
  }

  #control(operation: Extract<UsbOperation, { type: 'control' }>, complete: Complete): UsbTransfer {
    const { bmRequestType, bRequest, wValue, wIndex, wLength } = operation.setup;
    const change = stateRequestOf(operation.setup);
    if (change?.type === 'setConfiguration') return this.submit(change, complete);
    const recipient = bmRequestType & RequestType.recipientMask;
    const isOther =
      (recipient === RequestType.interface && !this.#interfaces.has(wIndex & 0xff)) ||
      (recipient === RequestType.endpoint &&
        (wIndex & ENDPOINT_NUMBER_MASK) !== 0 &&
        !this.#endpoints.has(wIndex & 0xff));
    if (isOther) return completeAtOnce('stalled', complete);
    const isConfiguration =
      bmRequestType === READ_DESCRIPTOR &&
      bRequest === StandardRequest.GET_DESCRIPTOR &&
      wValue >> 8 === DescriptorType.CONFIGURATION;
    if (!isConfiguration) return this.device.submit(operation, complete);
    const descriptor = this.configurationDescriptors[wValue & 0xff];
    if (descriptor === undefined) return completeAtOnce('stalled', complete);
    return completeAtOnce(resultOf('completed', descriptor.slice(0, wLength)), complete);
  }

  /** As after a reset, as far as the chosen functions go. */
  #quiet(complete: Complete): UsbTransfer {
    const settings = this.configurations.flatMap((each) => initialSettings(each));
    const operations: UsbOperation[] = [
      ...[...this.#endpoints].map((endpointAddress) => ({ type: 'abortEndpoint', endpointAddress }) as const),
      ...settings.map((each) => ({ ...each, type: 'setInterface' }) as const),
    ];
    const next = (): void => {
      const operation = operations.shift();
      if (operation === undefined) complete(resultOf('completed'));
      // An endpoint that is not in force has nothing to end, and a setting of another configuration is not there.
      else this.device.submit(operation, ({ status }) => (status === 'disconnected' ? end() : next()));
    };
    const end = () => complete(resultOf('disconnected'));
    next();
    return { cancel: () => {} };
  }
}

/** A source whose devices are {@link PartialDevice}s. */
export class PartialDevices implements UsbDeviceSource {
  readonly #source: UsbDeviceSource;
  readonly #wanted: readonly number[];
  readonly #parts = new WeakMap<UsbDevice, PartialDevice>();

  /** @param wanted - interface numbers */
  constructor(source: UsbDeviceSource, wanted: readonly number[]) {
    this.#source = source;
    this.#wanted = wanted;
  }

  get name(): string {
    return this.#source.name;
  }

  async list(): Promise<readonly UsbDevice[]> {
    return (await this.#source.list()).map((device) => this.#part(device));
  }

  watch(added: (device: UsbDevice) => void): () => void {
    return this.#source.watch((device) => added(this.#part(device)));
  }

  /** Devices of this machine have nobody to tell. */
  refuse(): void {}

  close(): Promise<void> {
    return this.#source.close();
  }

  #part(device: UsbDevice): PartialDevice {
    const known = this.#parts.get(device);
    if (known !== undefined) return known;
    const part = new PartialDevice(device, this.#wanted);
    this.#parts.set(device, part);
    return part;
  }
}
