import { joinParts } from '../../codecs/core/parts.ts';
import { BOS_HEADER_SIZE } from '../../codecs/usb/bosDescriptor.ts';
import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { RequestType, type SetupPacket, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import { stateRequestOf } from '../../codecs/usb/stateRequest.ts';
import { StringDescriptor } from '../../codecs/usb/stringDescriptor.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../ports/usb.ts';
import { ActiveConfiguration, findConfiguration, findSetting } from './activeConfiguration.ts';
import { DeviceError } from './deviceError.ts';
import { ControlQueue } from './controlQueue.ts';
import { getDescriptor } from './getDescriptor.ts';
import { OsDescriptors } from './osDescriptors.ts';
import { type Complete, completeAtOnce, resultOf } from './results.ts';

/** bNumConfigurations: it depends on how many configurations the reader accepts, so that two readers may differ. */
const CONFIGURATION_COUNT_OFFSET = 17;
/** iManufacturer, iProduct and iSerialNumber, [USB 2.0] 9.6.1. */
const NAME_OFFSETS = { manufacturerName: 14, productName: 15, serialNumber: 16 } as const;
/** Milliseconds for a read of our own. */
const TIMEOUT = 5000;
/** A string descriptor has at most so many UTF-16 code units. */
const LONGEST_STRING = 126;

const STANDARD_IN = RequestType.directionIn | RequestType.standard;
const STALLED = resultOf('stalled');

/**
 * A device that stays what it was when it was judged. What rules have seen is what a host gets, whatever the device
 * answers: its device and configuration descriptors and its names come from copies, its BOS and its Microsoft OS
 * descriptors from the first answer. Configurations, alternate settings and endpoints that the copies do not have cannot
 * be used.
 *
 * The device itself is asked when it is opened, and after each reset. Where it answers otherwise, it is another device by
 * now, as one is after a firmware update: opening rejects, and an open one is gone.
 */
export class JudgedDevice implements UsbDevice {
  readonly identity: UsbDeviceIdentity;
  readonly deviceDescriptor: Uint8Array;
  readonly configurationDescriptors: readonly Uint8Array[];
  readonly configurations: readonly Configuration[];
  readonly gone: AbortSignal;
  readonly #device: UsbDevice;
  readonly #changed: (reason: string) => void;
  readonly #gone = new AbortController();
  #isChanged = false;
  #active: ActiveConfiguration;
  /** Until a host selects a configuration, nobody knows which one is active. */
  #isSelected = false;
  #bos: Uint8Array | undefined;
  readonly #osDescriptors = new OsDescriptors();
  readonly #controls = new ControlQueue();

  /** @param changed - called once, with a phrase, when the open device has become another one */
  constructor(device: UsbDevice, changed: (reason: string) => void) {
    this.#device = device;
    this.identity = { ...device.identity };
    this.deviceDescriptor = device.deviceDescriptor;
    this.configurationDescriptors = [...device.configurationDescriptors];
    this.configurations = [...device.configurations];
    this.gone = this.#gone.signal;
    const unplugged = () => this.#gone.abort(device.gone.reason);
    if (device.gone.aborted) unplugged();
    else device.gone.addEventListener('abort', unplugged, { once: true });
    this.#changed = changed;
    this.#active = new ActiveConfiguration(this.configurations);
  }

  async open(interfaceNumbers?: readonly number[]): Promise<void> {
    if (this.#isChanged) throw new DeviceError('DEVICE_CHANGED', 'it is no longer the device that was judged');
    await this.#device.open(interfaceNumbers);
    this.#active = new ActiveConfiguration(this.configurations);
    this.#isSelected = false;
    const difference = await this.#difference();
    if (difference === undefined) return;
    await this.#device.close();
    const problem = `it is no longer the device that was judged: its ${difference} has changed`;
    throw new DeviceError('DEVICE_CHANGED', problem);
  }

  close(): Promise<void> {
    return this.#device.close();
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    switch (operation.type) {
      case 'control':
        return this.#control(operation, complete);
      case 'setConfiguration':
      case 'setInterface':
        if (!this.#isJudged(operation)) return completeAtOnce('notFound', complete);
        return this.#select(operation, complete);
      case 'transferIn':
      case 'transferOut':
      case 'isochronousIn':
      case 'isochronousOut':
        if (!this.#hasEndpoint(operation.endpointAddress)) return completeAtOnce('notFound', complete);
        return this.#device.submit(operation, complete);
      case 'resetDevice':
        return this.#reset(operation, complete);
      case 'clearHalt':
      case 'resetEndpoint':
      case 'abortEndpoint':
      case 'cyclePort':
      case 'queryBus':
        return this.#device.submit(operation, complete);
    }
  }

  #control(operation: Extract<UsbOperation, { type: 'control' }>, complete: Complete): UsbTransfer {
    const { setup } = operation;
    const change = stateRequestOf(setup);
    if (change !== undefined && !this.#isJudged(change)) return this.#controls.answer(STALLED, complete);
    if (change?.type === 'setConfiguration' || change?.type === 'setInterface') {
      return this.#controls.submit((done) => this.#select(operation, done), complete);
    }
    if (this.#osDescriptors.has(setup)) return this.#readOsDescriptor(operation, complete);
    const ask = () => this.#controls.submit((done) => this.#device.submit(operation, done), complete);
    // No recipient but the device has these descriptors, and none gives others in their place.
    const isRead = (setup.bmRequestType & ~RequestType.recipientMask) === STANDARD_IN;
    if (!isRead || setup.bRequest !== StandardRequest.GET_DESCRIPTOR) return ask();
    const index = setup.wValue & 0xff;
    switch (setup.wValue >> 8) {
      case DescriptorType.DEVICE:
        return this.#controls.answer(answerOf(setup, this.deviceDescriptor), complete);
      case DescriptorType.CONFIGURATION:
        return this.#controls.answer(answerOf(setup, this.configurationDescriptors[index]), complete);
      case DescriptorType.BOS:
        return this.#readBos(setup, complete);
      case DescriptorType.STRING: {
        const text = this.#judgedText(index);
        if (text !== undefined) return this.#controls.answer(answerOf(setup, stringDescriptor(text)), complete);
        // Rules saw none, so that a host must not tell the device by one.
        if (this.#isName(index, 'serialNumber')) return this.#controls.answer(STALLED, complete);
        return ask();
      }
      default:
        return ask();
    }
  }

  /** Rules go by the serial number, and a person who is asked by all three names. */
  #judgedText(index: number): string | undefined {
    const { serialNumber, productName, manufacturerName } = this.identity;
    if (this.#isName(index, 'serialNumber')) return serialNumber;
    if (this.#isName(index, 'productName')) return productName;
    return this.#isName(index, 'manufacturerName') ? manufacturerName : undefined;
  }

  #isName(index: number, name: keyof typeof NAME_OFFSETS): boolean {
    return index !== 0 && this.deviceDescriptor[NAME_OFFSETS[name]] === index;
  }

  /** Whether the copies have what is selected; all other operations are. */
  #isJudged(operation: UsbOperation): boolean {
    switch (operation.type) {
      case 'setConfiguration': {
        const { configurationValue } = operation;
        return configurationValue === 0 || findConfiguration(this.configurations, configurationValue) !== undefined;
      }
      case 'setInterface':
        return this.#inForce().some((configuration) => findSetting(configuration, operation) !== undefined);
      default:
        return true;
    }
  }

  #hasEndpoint(endpointAddress: number): boolean {
    return this.#isSelected
      ? this.#active.endpoint(endpointAddress) !== undefined
      : this.#active.likelyEndpoint(endpointAddress) !== undefined;
  }

  #inForce(): readonly Configuration[] {
    if (!this.#isSelected) return this.configurations;
    const { configuration } = this.#active;
    return configuration === undefined ? [] : [configuration];
  }

  #select(operation: UsbOperation, complete: Complete): UsbTransfer {
    return this.#device.submit(operation, (result) => {
      if (result.status === 'completed') {
        const selected = operation.type === 'control' ? stateRequestOf(operation.setup) : operation;
        if (selected?.type === 'setConfiguration') this.#isSelected = true;
        this.#active.note(operation);
      }
      complete(result);
    });
  }

  /** The host hears of the reset only after the device was asked whether it is the same. */
  #reset(operation: UsbOperation, complete: Complete): UsbTransfer {
    return this.#device.submit(operation, (result) => {
      if (result.status !== 'completed') {
        complete(result);
        return;
      }
      void this.#difference().then((difference) => {
        complete(difference === undefined ? result : resultOf('disconnected'));
        if (difference !== undefined) this.#leave(`after a reset its ${difference} is another`);
      });
    });
  }

  #leave(reason: string): void {
    if (this.gone.aborted) return;
    this.#isChanged = true;
    this.#gone.abort(new DeviceError('DEVICE_CHANGED', reason));
    this.#changed(reason);
  }

  /** No host reads it before the device is judged, so that the first answer is as good as any: but there is only one. */
  #readBos(setup: SetupPacket, complete: Complete): UsbTransfer {
    if (this.#bos !== undefined) return this.#controls.answer(answerOf(setup, this.#bos), complete);
    return this.#controls.submit((done) => this.#readFirstBos(setup, done), complete);
  }

  #readFirstBos(setup: SetupPacket, complete: Complete): UsbTransfer {
    const whole = new WholeRead(this.#device, DescriptorType.BOS, BOS_HEADER_SIZE, (result) => {
      if (result.status !== 'completed') {
        complete(result);
        return;
      }
      this.#bos ??= Uint8Array.from(result.data);
      this.#osDescriptors.learnBos(this.#bos);
      complete(answerOf(setup, this.#bos));
    });
    whole.start();
    return whole;
  }

  /** A device that gives two answers becomes two devices for drivers that are chosen by them. */
  #readOsDescriptor(operation: Extract<UsbOperation, { type: 'control' }>, complete: Complete): UsbTransfer {
    const { setup } = operation;
    const copy = this.#osDescriptors.copy(setup);
    if (copy !== undefined) return this.#controls.answer(resultOf('completed', copy), complete);
    return this.#controls.submit(
      (done) =>
        this.#device.submit(operation, (result) => {
          const isSame = result.status !== 'completed' || this.#osDescriptors.keep(setup, result.data);
          done(isSame ? result : resultOf('disconnected'));
          if (!isSame) this.#leave('its Microsoft OS descriptor is another');
        }),
      complete,
    );
  }

  /** What the device now answers otherwise; undefined also for what it does not answer. */
  async #difference(): Promise<string | undefined> {
    const configurations = this.configurationDescriptors.map(async (judged, index) => {
      const { data } = await read(this.#device, DescriptorType.CONFIGURATION, index, judged.byteLength);
      return isSame(judged, data) ? undefined : `configuration descriptor ${index}`;
    });
    const { data } = await read(this.#device, DescriptorType.DEVICE, 0, this.deviceDescriptor.byteLength);
    const isSameDevice = isSame(this.deviceDescriptor.subarray(0, CONFIGURATION_COUNT_OFFSET), data);
    const differences = await Promise.all(configurations);
    return isSameDevice ? differences.find((difference) => difference !== undefined) : 'device descriptor';
  }
}

/** Reads a descriptor of a length that it tells itself, in bytes 2 and 3. */
class WholeRead implements UsbTransfer {
  readonly #device: UsbDevice;
  readonly #type: number;
  readonly #headerSize: number;
  readonly #complete: Complete;
  #transfer: UsbTransfer | undefined;

  constructor(device: UsbDevice, type: number, headerSize: number, complete: Complete) {
    this.#device = device;
    this.#type = type;
    this.#headerSize = headerSize;
    this.#complete = complete;
  }

  start(): void {
    this.#read(this.#headerSize, (head) => {
      const { status, data } = head;
      const totalLength = (data[2] ?? 0) | ((data[3] ?? 0) << 8);
      if (status !== 'completed' || totalLength <= data.byteLength) this.#complete(head);
      else this.#read(totalLength, this.#complete);
    });
  }

  cancel(): void {
    this.#transfer?.cancel();
  }

  #read(length: number, next: Complete): void {
    const submission = { isOver: false };
    const transfer = this.#device.submit(getDescriptor(this.#type, 0, length, TIMEOUT), (result) => {
      submission.isOver = true;
      next(result);
    });
    // It may be over before `submit` returns, and the next read be under way.
    if (!submission.isOver) this.#transfer = transfer;
  }
}

/** Never rejects. */
function read(device: UsbDevice, type: number, index: number, length: number): Promise<UsbResult> {
  const result = new Promise<UsbResult>((resolve) =>
    device.submit(getDescriptor(type, index, length, TIMEOUT), resolve),
  );
  return result.catch(() => resultOf('failed'));
}

/** Whether the device has given the beginning of what was judged: what is missing is no other answer. */
function isSame(judged: Uint8Array, given: Uint8Array): boolean {
  return judged.every((byte, index) => index >= given.byteLength || byte === given[index]);
}

/** As a device answers: as much as was asked for. */
function answerOf({ wLength }: SetupPacket, descriptor: Uint8Array | undefined): UsbResult {
  if (descriptor === undefined || descriptor.byteLength === 0) return STALLED;
  return resultOf('completed', descriptor.slice(0, wLength));
}

/** In whatever language it is asked for. */
function stringDescriptor(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  return joinParts(StringDescriptor.encode({ name: 'STRING_DESCRIPTOR', bString: text.slice(0, LONGEST_STRING) }));
}
