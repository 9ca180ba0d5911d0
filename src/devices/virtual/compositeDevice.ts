import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { configurationBytes, deviceBytes, qualifierBytes, type DeviceDescription } from './deviceDescription.ts';
import { keyboardInterface, KeyboardFunction } from './keyboardFunction.ts';
import { mouseInterface, MouseFunction } from './mouseFunction.ts';
import type { OutAnswer } from './outEndpoint.ts';
import { PacketLoopback } from './packetLoopback.ts';
import { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link CompositeDevice}. */
export interface CompositeDeviceOptions {
  /** Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private. */
  readonly vendorId?: number;
  /** Default 0x0006. */
  readonly productId?: number;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
  /** Default `Virtual Composite Device`. */
  readonly productName?: string;
  /** The host switched the keyboard's lamps: bit 0 num lock, 1 caps lock, 2 scroll lock. */
  readonly onLeds?: (leds: number) => void;
}

/** 2^(7 - 1) microframes: 8 ms. */
const KEYBOARD = { interfaceNumber: 0, endpointAddress: 0x81, interval: 7 };
const MOUSE = { interfaceNumber: 1, endpointAddress: 0x82, interval: 7 };
const LOOPBACK = { interfaceNumber: 2, endpointOut: 0x03, endpointIn: 0x83 };
const PACKET_SIZE = 512;
/** Packets that the loop-back holds. */
const CAPACITY = 32;

/** A high-speed device with three functions: interface 0 is a keyboard, 1 a mouse, 2 a loop-back of bulk packets. */
export class CompositeDevice extends VirtualDevice {
  /** The keyboard, interface 0. */
  readonly keyboard: KeyboardFunction;
  /** The mouse, interface 1. */
  readonly mouse: MouseFunction;
  readonly #loopback: PacketLoopback;

  constructor(options: CompositeDeviceOptions = {}) {
    super(describe(options));
    this.keyboard = new KeyboardFunction(this.endpoints, KEYBOARD, options.onLeds ?? (() => {}));
    this.mouse = new MouseFunction(this.endpoints, MOUSE);
    this.#loopback = new PacketLoopback(this.endpoints, { ...LOOPBACK, packetSize: PACKET_SIZE, capacity: CAPACITY });
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    if ((setup.bmRequestType & RequestType.recipientMask) !== RequestType.interface) return undefined;
    if (setup.wIndex === KEYBOARD.interfaceNumber) return this.keyboard.handleControl(setup, data);
    return setup.wIndex === MOUSE.interfaceNumber ? this.mouse.handleControl(setup, data) : undefined;
  }

  protected override handleOut(_endpointAddress: number, data: Uint8Array): OutAnswer {
    return this.#loopback.receive(data);
  }

  protected override drained(endpointAddress: number): void {
    if (endpointAddress === KEYBOARD.endpointAddress) this.keyboard.drained();
    if (endpointAddress === MOUSE.endpointAddress) this.mouse.drained();
    if (endpointAddress === LOOPBACK.endpointIn) this.#loopback.drained();
  }

  protected override reset(interfaceNumber: number | undefined): void {
    const isAbout = (place: { readonly interfaceNumber: number }) =>
      interfaceNumber === undefined || interfaceNumber === place.interfaceNumber;
    if (isAbout(KEYBOARD)) this.keyboard.reset();
    if (isAbout(MOUSE)) this.mouse.reset();
    if (isAbout(LOOPBACK)) this.#loopback.reset();
  }
}

function describe(options: CompositeDeviceOptions): DeviceDescription {
  const { vendorId = 0x1209, productId = 0x0006 } = options;
  const device = { idVendor: vendorId, idProduct: productId, iManufacturer: 1, iProduct: 2 };
  const power = { bmAttributes: 0x80, bMaxPower: 50 };
  return {
    speed: 'high',
    deviceDescriptor: deviceBytes(device),
    configurationDescriptors: [configurationBytes(power, interfacesAt(7, PACKET_SIZE))],
    strings: [options.manufacturerName ?? 'urbdrc', options.productName ?? 'Virtual Composite Device'],
    deviceQualifier: qualifierBytes(device),
    otherSpeedConfigurations: [configurationBytes(power, interfacesAt(8, 64), 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR')],
  };
}

/** bInterval counts frames at full speed, and is an exponent at high speed. */
function interfacesAt(interval: number, wMaxPacketSize: number): UsbDescriptor[] {
  const bulk = { name: 'ENDPOINT_DESCRIPTOR', bmAttributes: 2, wMaxPacketSize, bInterval: 0 } as const;
  return [
    ...keyboardInterface({ ...KEYBOARD, interval }),
    ...mouseInterface({ ...MOUSE, interval }),
    {
      name: 'INTERFACE_DESCRIPTOR',
      bInterfaceNumber: LOOPBACK.interfaceNumber,
      bAlternateSetting: 0,
      bNumEndpoints: 2,
      bInterfaceClass: 0xff,
      bInterfaceSubClass: 0,
      bInterfaceProtocol: 0,
      iInterface: 0,
    },
    { ...bulk, bEndpointAddress: LOOPBACK.endpointOut },
    { ...bulk, bEndpointAddress: LOOPBACK.endpointIn },
  ];
}
