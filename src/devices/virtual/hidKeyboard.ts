import { UsageError } from '../../../codecs/core/errors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { encodeDescriptors, type UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { RequestType, StandardRequest, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { configurationBytes, type DeviceDescription } from './deviceDescription.ts';
import { strokeFor } from './keyboardLayout.ts';
import { VirtualDevice } from './virtualDevice.ts';

export interface HidKeyboardOptions {
  /** Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private. */
  readonly vendorId?: number;
  /** Default 0x0002. */
  readonly productId?: number;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
  /** Default `Virtual Keyboard`. */
  readonly productName?: string;
  /** Default none. */
  readonly serialNumber?: string;
  /** The host switched the lamps: bit 0 num lock, 1 caps lock, 2 scroll lock. */
  readonly onLeds?: (leds: number) => void;
}

const INTERFACE = 0;
const INTERRUPT_IN = 0x81;
const REPORT_SIZE = 8;
/** A boot report has room for so many keys at a time. */
const KEYS = 6;
/** What a report shows in place of keys when too many are held, [HUT 1.3] 10. */
const ERROR_ROLL_OVER = 1;
/** Reports that are kept for a host that does not ask. */
const QUEUE_LIMIT = 8192;

/** bRequest, [HID 1.11] 7.2. */
const HidRequest = { GET_REPORT: 1, GET_IDLE: 2, GET_PROTOCOL: 3, SET_REPORT: 9, SET_IDLE: 10, SET_PROTOCOL: 11 };
/** wValue's high byte in GET_REPORT and SET_REPORT, [HID 1.11] 7.2.1. */
const ReportType = { input: 1, output: 2 };
/** [HID 1.11] 7.2.5 */
const REPORT_PROTOCOL = 1;
const DONE = new Uint8Array(0);

/** What the 8 bytes of input and the byte of output mean, [HID 1.11] 6.2.2; the same as in the boot protocol. */
const REPORT_DESCRIPTOR = Uint8Array.of(
  ...[0x05, 0x01, 0x09, 0x06, 0xa1, 0x01], // usage page generic desktop, usage keyboard, collection application
  ...[0x05, 0x07, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01], // usage page keyboard, 0 to 1, 1 bit each
  ...[0x19, 0xe0, 0x29, 0xe7, 0x95, 0x08, 0x81, 0x02], // 8 modifiers, input variable
  ...[0x75, 0x08, 0x95, 0x01, 0x81, 0x01], // a reserved byte
  ...[0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x75, 0x01, 0x95, 0x05, 0x91, 0x02], // 5 lamps, output variable
  ...[0x75, 0x03, 0x95, 0x01, 0x91, 0x01], // 3 bits to fill the byte
  ...[0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00, 0x26, 0xff, 0x00], // usage page keyboard, 0 to 255
  ...[0x75, 0x08, 0x95, KEYS, 0x81, 0x00], // 6 keys, input array
  0xc0,
);

/**
 * A full-speed boot keyboard, [HID 1.11] appendix B.1. Interrupt IN stays pending until a key moves. The idle rate is kept
 * and told, but reports are not repeated: hosts that want repetition (all of them) do it on their own.
 */
export class HidKeyboard extends VirtualDevice {
  readonly #onLeds: (leds: number) => void;
  readonly #pressed: number[] = [];
  #modifiers = 0;
  #leds = 0;
  #idleRate = 0;
  #protocol = REPORT_PROTOCOL;
  #queued = 0;

  constructor(options: HidKeyboardOptions = {}) {
    super(describe(options));
    this.#onLeds = options.onLeds ?? (() => {});
  }

  /** The lamps, as in {@link HidKeyboardOptions.onLeds}. */
  get leds(): number {
    return this.#leds;
  }

  /** Presses a key in addition to those that are held; `modifiers` are bits of {@link Modifier}. @throws UsageError */
  press(usage: number, modifiers = 0): void {
    checkByte(usage, 'usage');
    checkByte(modifiers, 'modifiers');
    this.#makeRoom(1);
    this.#modifiers |= modifiers;
    if (usage !== 0 && !this.#pressed.includes(usage)) this.#pressed.push(usage);
    this.#report();
  }

  /** Releases all keys. @throws UsageError */
  release(): void {
    this.#makeRoom(1);
    this.#modifiers = 0;
    this.#pressed.length = 0;
    this.#report();
  }

  /**
   * Presses and releases one key after the other, as on a US layout.
   * @throws UsageError for a character without a key (then nothing is typed), and when the host does not take what was typed.
   */
  type(text: string): void {
    const strokes = Array.from(text, (character) => {
      const stroke = strokeFor(character);
      if (stroke === undefined) throw new UsageError(`no key of a US keyboard writes ${JSON.stringify(character)}`);
      return stroke;
    });
    this.#makeRoom(2 * strokes.length);
    for (const { usage, modifiers } of strokes) {
      this.press(usage, modifiers);
      this.release();
    }
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const { bmRequestType, bRequest, wValue, wIndex } = setup;
    if (wIndex !== INTERFACE) return undefined;
    switch (bmRequestType) {
      case RequestType.directionIn | RequestType.interface:
        return bRequest === StandardRequest.GET_DESCRIPTOR ? descriptor(wValue) : undefined;
      case RequestType.directionIn | RequestType.class | RequestType.interface:
        return this.#get(bRequest, wValue);
      case RequestType.class | RequestType.interface:
        return this.#set(bRequest, wValue, data) ? DONE : undefined;
      default:
        return undefined;
    }
  }

  protected override drained(): void {
    this.#queued = 0;
  }

  protected override reset(): void {
    this.#idleRate = 0;
    this.#protocol = REPORT_PROTOCOL;
    this.#queued = 0;
  }

  #get(bRequest: number, wValue: number): Uint8Array | undefined {
    switch (bRequest) {
      case HidRequest.GET_REPORT:
        if (wValue >> 8 === ReportType.input) return this.#inputReport();
        return wValue >> 8 === ReportType.output ? Uint8Array.of(this.#leds) : undefined;
      case HidRequest.GET_IDLE:
        return Uint8Array.of(this.#idleRate);
      case HidRequest.GET_PROTOCOL:
        return Uint8Array.of(this.#protocol);
      default:
        return undefined;
    }
  }

  #set(bRequest: number, wValue: number, data: Uint8Array): boolean {
    switch (bRequest) {
      case HidRequest.SET_REPORT:
        return wValue >> 8 === ReportType.output && this.#setLeds(data[0]);
      case HidRequest.SET_IDLE:
        this.#idleRate = wValue >> 8;
        return true;
      case HidRequest.SET_PROTOCOL:
        if (wValue > REPORT_PROTOCOL) return false;
        this.#protocol = wValue;
        return true;
      default:
        return false;
    }
  }

  #setLeds(leds: number | undefined): boolean {
    if (leds === undefined) return false;
    this.#leds = leds;
    this.#onLeds(leds);
    return true;
  }

  #inputReport(): Uint8Array {
    const report = new Uint8Array(REPORT_SIZE);
    report[0] = this.#modifiers;
    if (this.#pressed.length > KEYS) report.fill(ERROR_ROLL_OVER, 2);
    else report.set(this.#pressed, 2);
    return report;
  }

  #report(): void {
    // A keyboard that nobody has configured does not remember what was typed.
    if (!this.isConfigured) return;
    this.#queued += 1;
    this.endpoints.send(INTERRUPT_IN, this.#inputReport());
  }

  #makeRoom(reports: number): void {
    if (this.#queued + reports <= QUEUE_LIMIT) return;
    throw new UsageError(`the host does not take what was typed: ${this.#queued} reports wait, type less at a time`);
  }
}

function checkByte(value: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xff) {
    throw new UsageError(`${what} ${value}: give an integer from 0 to 255`);
  }
}

/** GET_DESCRIPTOR to the interface, [HID 1.11] 7.1.1. */
function descriptor(wValue: number): Uint8Array | undefined {
  if ((wValue & 0xff) !== 0) return undefined;
  if (wValue >> 8 === DescriptorType.REPORT) return REPORT_DESCRIPTOR;
  return wValue >> 8 === DescriptorType.HID ? joinParts(encodeDescriptors([hidDescriptor()])) : undefined;
}

function hidDescriptor(): UsbDescriptor {
  const report = { bDescriptorType: DescriptorType.REPORT, wDescriptorLength: REPORT_DESCRIPTOR.byteLength };
  return { name: 'HID_DESCRIPTOR', bcdHID: 0x0111, bCountryCode: 0, descriptors: [report] };
}

function describe(options: HidKeyboardOptions): DeviceDescription {
  const { serialNumber } = options;
  const device: UsbDescriptor = {
    name: 'DEVICE_DESCRIPTOR',
    bcdUSB: 0x0200,
    bDeviceClass: 0,
    bDeviceSubClass: 0,
    bDeviceProtocol: 0,
    bMaxPacketSize0: 64,
    idVendor: options.vendorId ?? 0x1209,
    idProduct: options.productId ?? 0x0002,
    bcdDevice: 0x0100,
    iManufacturer: 1,
    iProduct: 2,
    iSerialNumber: serialNumber === undefined ? 0 : 3,
    bNumConfigurations: 1,
  };
  const following: UsbDescriptor[] = [
    {
      name: 'INTERFACE_DESCRIPTOR',
      bInterfaceNumber: INTERFACE,
      bAlternateSetting: 0,
      bNumEndpoints: 1,
      bInterfaceClass: 3,
      bInterfaceSubClass: 1, // boot
      bInterfaceProtocol: 1, // keyboard
      iInterface: 0,
    },
    hidDescriptor(),
    {
      name: 'ENDPOINT_DESCRIPTOR',
      bEndpointAddress: INTERRUPT_IN,
      bmAttributes: 3,
      wMaxPacketSize: REPORT_SIZE,
      bInterval: 10, // ms
    },
  ];
  const names = [options.manufacturerName ?? 'urbdrc', options.productName ?? 'Virtual Keyboard'];
  return {
    speed: 'full',
    deviceDescriptor: joinParts(encodeDescriptors([device])),
    configurationDescriptors: [configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, following)],
    strings: serialNumber === undefined ? names : [...names, serialNumber],
  };
}
