import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { configurationBytes, deviceBytes, type DeviceDescription } from './deviceDescription.ts';
import { keyboardInterface, KeyboardFunction } from './keyboardFunction.ts';
import { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link HidKeyboard}. */
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

const PLACE = { interfaceNumber: 0, endpointAddress: 0x81, interval: 10 };

/** A full-speed boot keyboard, [HID 1.11] appendix B.1. Interrupt IN stays pending until a key moves. */
export class HidKeyboard extends VirtualDevice {
  readonly #keyboard: KeyboardFunction;

  constructor(options: HidKeyboardOptions = {}) {
    super(describe(options));
    this.#keyboard = new KeyboardFunction(this.endpoints, PLACE, options.onLeds ?? (() => {}));
  }

  /** The lamps, as in {@link HidKeyboardOptions.onLeds}. */
  get leds(): number {
    return this.#keyboard.leds;
  }

  /** Presses a key in addition to those that are held; `modifiers` are bits of {@link Modifier}. @throws UsageError */
  press(usage: number, modifiers = 0): void {
    this.#keyboard.press(usage, modifiers);
  }

  /** Releases all keys. @throws UsageError */
  release(): void {
    this.#keyboard.release();
  }

  /**
   * Presses and releases one key after the other, as on a US layout.
   * @throws UsageError for a character without a key (then nothing is typed), and when the host does not take what was typed.
   */
  type(text: string): void {
    this.#keyboard.type(text);
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    return this.#keyboard.handleControl(setup, data);
  }

  protected override drained(): void {
    this.#keyboard.drained();
  }

  protected override reset(): void {
    this.#keyboard.reset();
  }
}

function describe(options: HidKeyboardOptions): DeviceDescription {
  const { vendorId = 0x1209, productId = 0x0002, serialNumber } = options;
  const names = [options.manufacturerName ?? 'urbdrc', options.productName ?? 'Virtual Keyboard'];
  return {
    speed: 'full',
    deviceDescriptor: deviceBytes({
      idVendor: vendorId,
      idProduct: productId,
      iManufacturer: 1,
      iProduct: 2,
      iSerialNumber: serialNumber === undefined ? 0 : 3,
    }),
    configurationDescriptors: [configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, keyboardInterface(PLACE))],
    strings: serialNumber === undefined ? names : [...names, serialNumber],
  };
}
