import { UsageError } from '../../../codecs/core/errors.ts';
import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { DeviceEndpoints } from './deviceState.ts';
import { hidInterface, HidRequests, type HidPlace } from './hidRequests.ts';
import { ReportQueue } from './reportQueue.ts';

/** Bits of a mouse's report. */
export const MouseButton = { left: 1, right: 2, middle: 4 } as const;

/** The most that one report says, in counts. */
const MOST = 127;
const BOOT_REPORT_SIZE = 3;

/** Three buttons, two axes and a wheel, 4 bytes, [HID 1.11] 6.2.2; the first 3 are those of the boot protocol. */
const REPORT_DESCRIPTOR = Uint8Array.of(
  ...[0x05, 0x01, 0x09, 0x02, 0xa1, 0x01], // usage page generic desktop, usage mouse, collection application
  ...[0x09, 0x01, 0xa1, 0x00], // usage pointer, collection physical
  ...[0x05, 0x09, 0x19, 0x01, 0x29, 0x03, 0x15, 0x00, 0x25, 0x01], // usage page button, 1 to 3, 0 to 1
  ...[0x95, 0x03, 0x75, 0x01, 0x81, 0x02], // 3 bits, input variable
  ...[0x95, 0x01, 0x75, 0x05, 0x81, 0x01], // 5 bits to fill the byte
  ...[0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x09, 0x38], // usage page generic desktop, X, Y, wheel
  ...[0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06], // -127 to 127, 3 bytes, input relative
  ...[0xc0, 0xc0],
);

/** The descriptors of a mouse's interface. */
export function mouseInterface(place: HidPlace): UsbDescriptor[] {
  return hidInterface(place, 'mouse', REPORT_DESCRIPTOR);
}

/** A boot mouse with a wheel in one interface of a device, [HID 1.11] appendix B.2. */
export class MouseFunction {
  readonly #reports: ReportQueue;
  readonly #requests: HidRequests;
  #buttons = 0;

  constructor(endpoints: DeviceEndpoints, place: HidPlace) {
    this.#reports = new ReportQueue(endpoints, place.endpointAddress);
    this.#requests = new HidRequests({
      interfaceNumber: place.interfaceNumber,
      reportDescriptor: REPORT_DESCRIPTOR,
      inputReport: () => this.#report(0, 0, 0),
    });
  }

  /** Holds these buttons, bits of {@link MouseButton}, in addition to others. @throws UsageError */
  press(buttons: number): void {
    this.#setButtons(this.#buttons | checkButtons(buttons));
  }

  /** Lets go of these buttons, by default of all. @throws UsageError */
  release(buttons = 7): void {
    this.#setButtons(this.#buttons & ~checkButtons(buttons));
  }

  /** Moves right and down by so many counts, in as many reports as that takes. @throws UsageError */
  move(right: number, down: number): void {
    this.#moveBy(checkCounts(right, 'right'), checkCounts(down, 'down'), 0);
  }

  /** Turns the wheel by so many notches, away from the user if positive. @throws UsageError */
  scroll(notches: number): void {
    this.#moveBy(0, 0, checkCounts(notches, 'notches'));
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

  #setButtons(buttons: number): void {
    this.#reports.makeRoom(1);
    this.#buttons = buttons;
    this.#reports.send(this.#report(0, 0, 0));
  }

  #moveBy(right: number, down: number, notches: number): void {
    const count = Math.max(1, ...[right, down, notches].map((each) => Math.ceil(Math.abs(each) / MOST)));
    this.#reports.makeRoom(count);
    // The remaining distance is spread evenly over the reports, so that the pointer moves in a straight line.
    for (let left = count, rest = [right, down, notches]; left > 0; left -= 1) {
      const steps = rest.map((each) => Math.round(each / left));
      const [x = 0, y = 0, wheel = 0] = steps;
      this.#reports.send(this.#report(x, y, wheel));
      rest = rest.map((each, index) => each - (steps[index] ?? 0));
    }
  }

  #report(right: number, down: number, notches: number): Uint8Array {
    const report = Uint8Array.of(this.#buttons, right & 0xff, down & 0xff, notches & 0xff);
    return this.#requests.isBootProtocol ? report.subarray(0, BOOT_REPORT_SIZE) : report;
  }
}

function checkButtons(buttons: number): number {
  if (Number.isInteger(buttons) && buttons >= 0 && buttons <= 7) return buttons;
  throw new UsageError(`buttons ${buttons}: give 1 (left), 2 (right), 4 (middle) or their sum`);
}

function checkCounts(counts: number, what: string): number {
  if (Number.isInteger(counts) && Math.abs(counts) <= 0x7fff) return counts;
  throw new UsageError(`${what} ${counts}: give an integer from -32767 to 32767`);
}
