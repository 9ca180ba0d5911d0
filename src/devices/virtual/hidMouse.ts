import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { configurationBytes, deviceBytes, type DeviceDescription } from './deviceDescription.ts';
import { mouseInterface, MouseFunction } from './mouseFunction.ts';
import { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link HidMouse}. */
export interface HidMouseOptions {
  /** Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private. */
  readonly vendorId?: number;
  /** Default 0x0003. */
  readonly productId?: number;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
  /** Default `Virtual Mouse`. */
  readonly productName?: string;
}

const PLACE = { interfaceNumber: 0, endpointAddress: 0x81, interval: 10 };

/** A full-speed boot mouse with a wheel, [HID 1.11] appendix B.2. Interrupt IN stays pending until something moves. */
export class HidMouse extends VirtualDevice {
  readonly #mouse: MouseFunction;

  constructor(options: HidMouseOptions = {}) {
    super(describe(options));
    this.#mouse = new MouseFunction(this.endpoints, PLACE);
  }

  /** Holds these buttons, bits of {@link MouseButton}, in addition to others. @throws UsageError */
  press(buttons: number): void {
    this.#mouse.press(buttons);
  }

  /** Lets go of these buttons, by default of all. @throws UsageError */
  release(buttons?: number): void {
    this.#mouse.release(buttons);
  }

  /** Moves right and down by so many counts, in as many reports as that takes. @throws UsageError */
  move(right: number, down: number): void {
    this.#mouse.move(right, down);
  }

  /** Turns the wheel by so many notches, away from the user if positive. @throws UsageError */
  scroll(notches: number): void {
    this.#mouse.scroll(notches);
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    return this.#mouse.handleControl(setup, data);
  }

  protected override drained(): void {
    this.#mouse.drained();
  }

  protected override reset(): void {
    this.#mouse.reset();
  }
}

function describe(options: HidMouseOptions): DeviceDescription {
  const { vendorId = 0x1209, productId = 0x0003 } = options;
  return {
    speed: 'full',
    deviceDescriptor: deviceBytes({ idVendor: vendorId, idProduct: productId, iManufacturer: 1, iProduct: 2 }),
    configurationDescriptors: [configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, mouseInterface(PLACE))],
    strings: [options.manufacturerName ?? 'urbdrc', options.productName ?? 'Virtual Mouse'],
  };
}
