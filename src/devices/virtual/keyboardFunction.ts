import { UsageError } from '../../../codecs/core/errors.ts';
import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { DeviceEndpoints } from './deviceState.ts';
import { hidInterface, HidRequests, type HidPlace } from './hidRequests.ts';
import { strokeFor } from './keyboardLayout.ts';
import { ReportQueue } from './reportQueue.ts';

const REPORT_SIZE = 8;
/** A boot report has room for so many keys at a time. */
const KEYS = 6;
/** Usage that a report has in place of each key when too many are held, [HUT 1.3] 10. */
const ERROR_ROLL_OVER = 1;

/** Report descriptor: 8 bytes of input and one byte of output, [HID 1.11] 6.2.2; the same as in the boot protocol. */
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

/** The descriptors of a keyboard's interface. */
export function keyboardInterface(place: HidPlace): UsbDescriptor[] {
  return hidInterface(place, 'keyboard', REPORT_DESCRIPTOR);
}

/** A boot keyboard in one interface of a device, [HID 1.11] appendix B.1. */
export class KeyboardFunction {
  readonly #onLeds: (leds: number) => void;
  readonly #reports: ReportQueue;
  readonly #requests: HidRequests;
  readonly #pressed: number[] = [];
  #modifiers = 0;
  #leds = 0;

  constructor(endpoints: DeviceEndpoints, place: HidPlace, onLeds: (leds: number) => void) {
    this.#onLeds = onLeds;
    this.#reports = new ReportQueue(endpoints, place.endpointAddress);
    this.#requests = new HidRequests({
      interfaceNumber: place.interfaceNumber,
      reportDescriptor: REPORT_DESCRIPTOR,
      inputReport: () => this.#inputReport(),
      outputReport: { get: () => Uint8Array.of(this.#leds), set: ([leds]) => this.#setLeds(leds) },
    });
  }

  /** The lamps: bit 0 num lock, 1 caps lock, 2 scroll lock. */
  get leds(): number {
    return this.#leds;
  }

  /** Presses a key in addition to those that are held; `modifiers` are bits of {@link Modifier}. @throws UsageError */
  press(usage: number, modifiers = 0): void {
    checkByte(usage, 'usage');
    checkByte(modifiers, 'modifiers');
    this.#reports.makeRoom(1);
    this.#modifiers |= modifiers;
    if (usage !== 0 && !this.#pressed.includes(usage)) this.#pressed.push(usage);
    this.#reports.send(this.#inputReport());
  }

  /** Releases all keys. @throws UsageError */
  release(): void {
    this.#reports.makeRoom(1);
    this.#modifiers = 0;
    this.#pressed.length = 0;
    this.#reports.send(this.#inputReport());
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
    this.#reports.makeRoom(2 * strokes.length);
    for (const { usage, modifiers } of strokes) {
      this.press(usage, modifiers);
      this.release();
    }
  }

  /** Answers a control request for the interface; undefined for one that it does not know. */
  handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    return this.#requests.handleControl(setup, data);
  }

  /** The host took the reports that were queued. */
  drained(): void {
    this.#reports.clear();
  }

  /** Forgets what the host had set, as a bus reset does. */
  reset(): void {
    this.#requests.reset();
    this.#reports.clear();
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
}

function checkByte(value: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xff) {
    throw new UsageError(`${what} ${value}: give an integer from 0 to 255`);
  }
}
