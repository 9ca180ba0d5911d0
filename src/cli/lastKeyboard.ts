import { Option } from 'commander';
import { hasLastKeyboard, type SeatFolders } from '../devices/libusb/seats.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { WrappedDevice } from '../usb/wrappedDevice.ts';
import { Failure } from './failure.ts';

export interface LastKeyboardOptions {
  readonly evenLast?: boolean;
}

/** `--even-last`. */
export function evenLastOption(): Option {
  return new Option('--even-last', 'also the last keyboard of the seat at which you sit').conflicts('virtual');
}

/**
 * The device, which does not open where it has the last keyboard of the seat at which the user sits: without one they could
 * not even end the program. `seat` undefined: nobody sits at this machine.
 */
export function keepLastKeyboard(device: UsbDevice, seat: string | undefined, folders: SeatFolders = {}): UsbDevice {
  return seat === undefined ? device : new KeptKeyboard(device, seat, folders);
}

class KeptKeyboard extends WrappedDevice {
  readonly #seat: string;
  readonly #folders: SeatFolders;

  constructor(device: UsbDevice, seat: string, folders: SeatFolders) {
    super(device);
    this.#seat = seat;
    this.#folders = folders;
  }

  override async open(): Promise<void> {
    if (hasLastKeyboard(this.identity, this.#seat, this.#folders)) {
      throw new Failure(
        `${this.identity.portPath} has the last keyboard of ${this.#seat}, at which you sit: you could not even stop this. ` +
          'Plug in another one, or take it all the same with --even-last',
      );
    }
    await super.open();
  }
}
