import type {
  NativeCallback,
  NativeConfigurationDescriptor,
  NativeContext,
  NativeDevice,
  NativeDeviceDescriptor,
  NativeError,
  NativeTransfer,
  ReleasePort,
  UsbBinding,
} from '../../src/devices/libusb/usbBinding.ts';
import type { DeviceFacts, DeviceNames } from '../../src/devices/libusb/deviceFacts.ts';
import { readDeviceDescriptor } from '../../src/devices/libusb/deviceFacts.ts';
import { LibusbDevices } from '../../src/devices/libusb/libusbDevices.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';

/** What node-usb throws and passes. */
export function nativeError(errno: number): NativeError {
  return Object.assign(new Error(`LIBUSB ${errno}`), { errno });
}

type Finish = (error: NativeError | undefined, buffer: Buffer, actual: number) => void;

/** A transfer that waits until the test ends it. */
export class SoftwareTransfer implements NativeTransfer {
  readonly endpointAddress: number;
  readonly type: number;
  readonly timeout: number;
  readonly #device: SoftwareDevice;
  readonly #finish: Finish;
  buffer: Buffer | undefined;

  constructor(device: NativeDevice, endpointAddress: number, type: number, timeout: number, finish: Finish) {
    if (!(device instanceof SoftwareDevice)) throw new TypeError('a device of another make');
    this.#device = device;
    this.#finish = finish;
    this.endpointAddress = endpointAddress;
    this.type = type;
    this.timeout = timeout;
    device.made.push(this);
  }

  submit(buffer: Buffer): this {
    if (this.buffer !== undefined) throw new Error('Transfer is already active');
    this.buffer = buffer;
    if (this.#device.submitError !== undefined) throw nativeError(this.#device.submitError);
    this.#device.pending.push(this);
    return this;
  }

  cancel(): boolean {
    this.#device.log.push('cancel');
    if (this.#device.hangs || !this.#device.pending.includes(this)) return false;
    setImmediate(() => this.end(3));
    return true;
  }

  /** Ends the transfer with a LIBUSB_TRANSFER_* status (0: completed) and these bytes, or this number of them. */
  end(status: number, moved: Uint8Array | number = 0): void {
    const { buffer } = this;
    if (buffer === undefined) return;
    this.#device.pending.splice(this.#device.pending.indexOf(this), 1);
    this.buffer = undefined;
    const start = this.type === 0 ? 8 : 0;
    if (typeof moved !== 'number') buffer.set(moved, start);
    this.#finish(
      status === 0 ? undefined : nativeError(status),
      buffer,
      typeof moved === 'number' ? moved : moved.length,
    );
  }
}

/** A device of software under node-usb's interface: it logs the calls, and refuses where it is told to. */
export class SoftwareDevice implements NativeDevice {
  readonly log: string[] = [];
  readonly made: SoftwareTransfer[] = [];
  readonly pending: SoftwareTransfer[] = [];
  readonly busNumber = 1;
  readonly deviceAddress: number;
  readonly portNumbers = [2, 3];
  readonly deviceDescriptor: NativeDeviceDescriptor;
  /** LIBUSB_ERROR_* by call, e.g. `claim 0`. */
  readonly errors = new Map<string, number>();
  /** Kernel drivers by interface. */
  readonly drivers = new Set<number>();
  active = 1;
  submitError: number | undefined;
  /** Transfers do not come back when they are cancelled. */
  hangs = false;
  /** As on node-usb, it is absent unless a test puts it here. */
  holdPort?: () => Promise<ReleasePort | undefined>;
  #autoDetach = false;

  constructor(facts: DeviceFacts) {
    const bytes = facts.deviceDescriptor;
    const { usbVersion, vendorId, productId, deviceVersion } = readDeviceDescriptor(bytes);
    this.deviceAddress = facts.identity.deviceAddress;
    this.deviceDescriptor = {
      ...{
        bLength: 18,
        bDescriptorType: 1,
        bcdUSB: usbVersion,
        bDeviceClass: 0,
        bDeviceSubClass: 0,
        bDeviceProtocol: 0,
      },
      ...{ bMaxPacketSize0: 64, idVendor: vendorId, idProduct: productId, bcdDevice: deviceVersion },
      ...{ iManufacturer: 0, iProduct: 0, iSerialNumber: 0, bNumConfigurations: 2 },
    };
  }

  #do(call: string): void {
    this.log.push(call);
    const errno = this.errors.get(call);
    if (errno !== undefined) throw nativeError(errno);
  }

  #later(call: string, callback: NativeCallback, effect: () => void = () => {}): void {
    this.log.push(call);
    setImmediate(() => {
      const errno = this.errors.get(call);
      if (errno === undefined) effect();
      callback(errno === undefined ? undefined : nativeError(errno));
    });
  }

  __open(): void {
    this.#do('open');
  }

  __close(): void {
    this.#do('close');
    if (this.pending.length > 0) throw new Error("Can't close device with a pending request");
  }

  __getConfigDescriptor(): NativeConfigurationDescriptor {
    const errno = this.errors.get('configuration');
    if (errno !== undefined) throw nativeError(errno);
    if (this.active === 0) throw nativeError(-5);
    const rest = { bNumInterfaces: 0, iConfiguration: 0, bmAttributes: 0x80, bMaxPower: 50, extra: new Uint8Array(0) };
    return { bLength: 9, bDescriptorType: 2, bConfigurationValue: this.active, ...rest, interfaces: [] };
  }

  __getAllConfigDescriptors(): NativeConfigurationDescriptor[] {
    return [];
  }

  __setConfiguration(value: number, callback: NativeCallback): void {
    this.#later(`configure ${value}`, callback, () => (this.active = Math.max(value, 0)));
  }

  __clearHalt(endpointAddress: number, callback: NativeCallback): void {
    this.#later(`clear ${endpointAddress}`, callback);
  }

  __setInterface(interfaceNumber: number, alternateSetting: number, callback: NativeCallback): void {
    this.#later(`alternate ${interfaceNumber} ${alternateSetting}`, callback);
  }

  __claimInterface(number: number): void {
    this.#do(`claim ${number}`);
    if (this.drivers.has(number) && !this.#autoDetach) throw nativeError(-6);
    this.drivers.delete(number);
  }

  __releaseInterface(number: number, callback: NativeCallback): void {
    const attach = this.#autoDetach;
    this.#later(`release ${number}${attach ? ' and attach' : ''}`, callback, () => attach && this.drivers.add(number));
  }

  __attachKernelDriver(number: number): void {
    this.#do(`attach ${number}`);
    this.drivers.add(number);
  }

  __isKernelDriverActive(number: number): boolean {
    const errno = this.errors.get('ask');
    if (errno !== undefined) throw nativeError(errno);
    return this.drivers.has(number);
  }

  __setAutoDetachKernelDriver(enable: number): void {
    this.#autoDetach = enable === 1;
  }

  reset(callback: NativeCallback): void {
    this.#later('reset', callback);
  }
}

/** A configuration descriptor: interfaces as [number, alternate, [endpoint address, bmAttributes][]]. */
export function configuration(value: number, interfaces: readonly [number, number, [number, number][]][]): Uint8Array {
  const body = interfaces.flatMap(([number, alternate, endpoints]) => [
    ...[9, 4, number, alternate, endpoints.length, 0xff, 0, 0, 0],
    ...endpoints.flatMap(([address, attributes]) => [7, 5, address, attributes, 64, 0, 1]),
  ]);
  return Uint8Array.of(9, 2, 9 + body.length, 0, interfaces.length, value, 0, 0x80, 50, ...body);
}

const BULK = 2;
const INTERRUPT = 3;
const ISOCHRONOUS = 1;

/** Interface numbers 0, 2 and 5: with gaps, as real devices have them. */
export const CONFIGURATIONS = [
  configuration(1, [
    [0, 0, [[0x81, BULK], [0x02, BULK]]],
    [2, 0, []],
    [2, 1, [[0x83, INTERRUPT]]],
    [5, 0, [[0x84, ISOCHRONOUS]]],
  ]), // prettier-ignore
  configuration(2, [[1, 0, [[0x81, INTERRUPT]]]]),
];

export function facts(deviceAddress = 4): DeviceFacts {
  const deviceDescriptor = Uint8Array.of(18, 1, 0, 2, 0, 0, 0, 64, 0x34, 0x12, 0x78, 0x56, 0, 1, 0, 0, 0, 2);
  return {
    deviceDescriptor,
    configurationDescriptors: CONFIGURATIONS,
    identity: {
      ...readDeviceDescriptor(deviceDescriptor),
      ...{ speed: 'high', busNumber: 1, deviceAddress, portPath: '1-2.3', productName: 'Thing' },
    },
  };
}

/** A source with one device of software, which tests may take away and bring back. */
export class SoftwarePlatform {
  readonly facts = facts();
  readonly native = new SoftwareDevice(this.facts);
  /** What a scan finds. */
  present: DeviceFacts[] = [this.facts];
  /** Of those it does not find, the port path of the one that is being reset. */
  inReset: string | undefined;
  /** What libusb's first context knows, and what a new one would. */
  known: SoftwareDevice[] = [this.native];
  newlyKnown: SoftwareDevice[] = [];
  contexts = 1;
  listening = 0;
  change: () => void = () => {};
  readonly source: LibusbDevices;

  constructor(closePatience = 5000, names?: (facts: DeviceFacts) => Promise<DeviceNames>) {
    const context = (devices: () => SoftwareDevice[]): NativeContext => ({
      INIT_ERROR: 0,
      Transfer: SoftwareTransfer,
      getDeviceList: devices,
    });
    const binding: UsbBinding = {
      backend: 'node-usb',
      description: 'software',
      context: context(() => this.known),
      newContext: () => {
        this.contexts++;
        return context(() => this.newlyKnown);
      },
      onChange: () => () => {},
    };
    this.source = new LibusbDevices({
      binding,
      closePatience,
      scan: () => this.present,
      isInReset: ({ portPath }) => portPath === this.inReset,
      ...(names !== undefined && { names }),
      onChange: (listener) => {
        this.listening++;
        this.change = listener;
        return () => this.listening--;
      },
    });
  }

  async device(): Promise<UsbDevice> {
    const [device] = await this.source.list();
    if (device === undefined) throw new Error('no device');
    return device;
  }

  /** Opened, with the log of that forgotten. */
  async openDevice(): Promise<UsbDevice> {
    const device = await this.device();
    await device.open();
    this.native.log.length = 0;
    return device;
  }
}

export interface Started extends UsbTransfer {
  readonly result: Promise<UsbResult>;
  /** How often the result came. */
  readonly count: () => number;
}

export function start(device: UsbDevice, operation: UsbOperation): Started {
  let count = 0;
  let resolve: (result: UsbResult) => void = () => {};
  const result = new Promise<UsbResult>((done) => (resolve = done));
  const transfer = device.submit(operation, (each) => {
    count++;
    resolve(each);
  });
  return { result, count: () => count, cancel: () => transfer.cancel() };
}

/** The result's status alone. */
export const statusOf = async (device: UsbDevice, operation: UsbOperation) =>
  (await start(device, operation).result).status;
