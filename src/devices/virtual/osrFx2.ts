import { UsageError } from '../../../codecs/core/errors.ts';
import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { RequestType, StandardRequest, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { configurationBytes, deviceBytes, qualifierBytes, type DeviceDescription } from './deviceDescription.ts';
import type { OutAnswer } from './outEndpoint.ts';
import { PacketLoopback } from './packetLoopback.ts';
import { VirtualDevice } from './virtualDevice.ts';
import { NO_BYTES } from '../../usb/results.ts';

/** Options of {@link OsrFx2}. */
export interface OsrFx2Options {
  /** Default `high`. */
  readonly speed?: 'full' | 'high';
  /** The switch pack at first, as in {@link OsrFx2.setSwitches}. Default 0. */
  readonly switches?: number;
  /** The host set the bar graph or the 7-segment display. */
  readonly onDisplay?: (display: 'barGraph' | 'sevenSegment', value: number) => void;
}

/** bRequest of the board's vendor requests. */
const Command = {
  readSevenSegment: 0xd4,
  readSwitches: 0xd6,
  readBarGraph: 0xd7,
  setBarGraph: 0xd8,
  isHighSpeed: 0xd9,
  reenumerate: 0xda,
  setSevenSegment: 0xdb,
} as const;

const INTERRUPT_IN = 0x81;
const BULK_OUT = 0x06;
const BULK_IN = 0x88;
/** GET_STATUS of an endpoint. */
const ENDPOINT_STATUS = RequestType.directionIn | RequestType.endpoint;
/** Both bulk endpoints have two buffers. */
const BUFFERS = 4;

/**
 * The OSR USB-FX2 Learning Kit, 0547:1002, for which Microsoft wrote its samples and its test suite: a bar graph, a
 * 7-segment display, eight switches that are reported on an interrupt endpoint, and a bulk loop-back through four packets.
 * The device descriptor beyond its ids and the strings of the configurations are not published, and so assumed.
 */
export class OsrFx2 extends VirtualDevice {
  readonly #speed: 'full' | 'high';
  readonly #loopback: PacketLoopback;
  readonly #onDisplay: NonNullable<OsrFx2Options['onDisplay']>;
  #switches: number;
  #barGraph = 0;
  #sevenSegment = 0;
  /** The last report of the switches is still in the endpoint. */
  #isReporting = false;

  constructor(options: OsrFx2Options = {}) {
    const { speed = 'high', switches = 0, onDisplay = () => {} } = options;
    super(describe(speed));
    this.#speed = speed;
    this.#switches = checkByte(switches);
    this.#onDisplay = onDisplay;
    const endpoints = { endpointOut: BULK_OUT, endpointIn: BULK_IN };
    this.#loopback = new PacketLoopback(this.endpoints, {
      ...endpoints,
      packetSize: packetSizeAt(speed),
      capacity: BUFFERS,
    });
  }

  /** The lit bars, a bit each. */
  get barGraph(): number {
    return this.#barGraph;
  }

  /** The lit segments, a bit each. */
  get sevenSegment(): number {
    return this.#sevenSegment;
  }

  /** A bit each; bit 7 is the switch with the label 1. */
  get switches(): number {
    return this.#switches;
  }

  /** Sets all eight switches; the host is told if that changes one. @throws UsageError */
  setSwitches(switches: number): void {
    if (checkByte(switches) === this.#switches) return;
    this.#switches = switches;
    this.#report();
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const { bmRequestType, bRequest } = setup;
    if (bmRequestType === ENDPOINT_STATUS && bRequest === StandardRequest.GET_STATUS)
      return statusWithoutDirection(setup);
    const vendor = RequestType.vendor | RequestType.device;
    if (bmRequestType === (vendor | RequestType.directionIn)) return this.#get(bRequest);
    return bmRequestType === vendor ? this.#set(bRequest, data) : undefined;
  }

  protected override handleOut(_endpointAddress: number, data: Uint8Array): OutAnswer {
    return this.#loopback.receive(data);
  }

  protected override drained(endpointAddress: number): void {
    if (endpointAddress === BULK_IN) this.#loopback.drained();
    else this.#isReporting = false;
  }

  protected override reset(): void {
    this.#loopback.reset();
    this.#isReporting = false;
    this.#report();
  }

  #get(bRequest: number): Uint8Array | undefined {
    switch (bRequest) {
      case Command.readSevenSegment:
        return Uint8Array.of(this.#sevenSegment);
      case Command.readSwitches:
        return Uint8Array.of(this.#switches);
      case Command.readBarGraph:
        return Uint8Array.of(this.#barGraph);
      case Command.isHighSpeed:
        // The board's manual says 1; the board says this.
        return Uint8Array.of(this.#speed === 'high' ? 0x80 : 0);
      default:
        return undefined;
    }
  }

  #set(bRequest: number, data: Uint8Array): Uint8Array | undefined {
    const [value] = data;
    if (bRequest === Command.reenumerate) {
      if (value !== undefined) return undefined;
      this.reconnect();
      return NO_BYTES;
    }
    if (value === undefined || data.byteLength !== 1) return undefined;
    if (bRequest === Command.setBarGraph) {
      this.#barGraph = value;
      this.#onDisplay('barGraph', value);
      return NO_BYTES;
    }
    if (bRequest !== Command.setSevenSegment) return undefined;
    this.#sevenSegment = value;
    this.#onDisplay('sevenSegment', value);
    return NO_BYTES;
  }

  /** The endpoint has one buffer: a report that the host did not take gives way to a newer one. */
  #report(): void {
    if (this.#isReporting) this.endpoints.discard(INTERRUPT_IN);
    this.#isReporting = true;
    const isThere = this.endpoints.send(INTERRUPT_IN, Uint8Array.of(this.#switches));
    if (!isThere) this.#isReporting = false;
  }
}

/** The board knows its endpoints without the direction bit too, and says of them that they are not halted. */
function statusWithoutDirection({ wIndex }: SetupPacket): Uint8Array | undefined {
  const isKnown = [INTERRUPT_IN, BULK_OUT, BULK_IN].some((each) => (each & 0x0f) === wIndex);
  return isKnown ? Uint8Array.of(0, 0) : undefined;
}

function checkByte(switches: number): number {
  if (Number.isInteger(switches) && switches >= 0 && switches <= 0xff) return switches;
  throw new UsageError(`switches ${switches}: give an integer from 0 to 255`);
}

function packetSizeAt(speed: 'full' | 'high'): number {
  return speed === 'high' ? 512 : 64;
}

/** Strings 3 and 4 name the configuration at full and at high speed. */
function configurationAt(speed: 'full' | 'high', name?: 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR'): Uint8Array {
  const values = { bmAttributes: 0xa0, bMaxPower: 50, iConfiguration: speed === 'high' ? 4 : 3 };
  const bulk = { name: 'ENDPOINT_DESCRIPTOR', bmAttributes: 2, wMaxPacketSize: packetSizeAt(speed), bInterval: 0 } as const; // prettier-ignore
  const following: UsbDescriptor[] = [
    {
      name: 'INTERFACE_DESCRIPTOR',
      bInterfaceNumber: 0,
      bAlternateSetting: 0,
      bNumEndpoints: 3,
      bInterfaceClass: 0xff,
      bInterfaceSubClass: 0,
      bInterfaceProtocol: 0,
      iInterface: 0,
    },
    {
      name: 'ENDPOINT_DESCRIPTOR',
      bEndpointAddress: INTERRUPT_IN,
      bmAttributes: 3,
      wMaxPacketSize: 73,
      bInterval: 1,
    },
    { ...bulk, bEndpointAddress: BULK_OUT },
    { ...bulk, bEndpointAddress: BULK_IN },
  ];
  return configurationBytes(values, following, name);
}

function describe(speed: 'full' | 'high'): DeviceDescription {
  const device = { idVendor: 0x0547, idProduct: 0x1002, bcdDevice: 0, iManufacturer: 1, iProduct: 2 };
  const otherSpeed = speed === 'high' ? 'full' : 'high';
  return {
    speed,
    deviceDescriptor: deviceBytes(device),
    configurationDescriptors: [configurationAt(speed)],
    strings: ['OSR', 'OSR USB-FX2 LK', 'Full speed', 'High speed'],
    deviceQualifier: qualifierBytes(device),
    otherSpeedConfigurations: [configurationAt(otherSpeed, 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR')],
  };
}
