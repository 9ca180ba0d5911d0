import { asError } from '../../codecs/core/errors.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { FocusedDevice } from './focusedDevice.ts';

/** Who has the devices of a group: this machine, or the other end. */
export type FocusOwner = 'local' | 'remote';

const HID = 0x03;
/** A report of a boot keyboard: modifiers, a byte without meaning, six keys, [HID 1.11] appendix B.1. */
const BOOT_REPORT_SIZE = 8;
/** Right Ctrl and Right Alt, [HID 1.11] 8.3. */
const CHORD_MODIFIERS = 0x10 | 0x40;
/** F12, [HUT] 10. */
const CHORD_KEY = 0x45;

/** Whether a report has the chord that gives a group back to this machine: Right Ctrl, Right Alt and F12 of a boot keyboard. */
export function isChord(report: Uint8Array): boolean {
  if (report.byteLength !== BOOT_REPORT_SIZE) return false;
  return ((report[0] ?? 0) & CHORD_MODIFIERS) === CHORD_MODIFIERS && report.subarray(2).includes(CHORD_KEY);
}

/** Options of {@link FocusGroup}. */
export interface FocusGroupOptions {
  /** The group has another owner; `error`: a device does not follow. */
  readonly onSwitched?: (owner: FocusOwner, error: Error | undefined) => void;
}

/**
 * HID devices that this machine and the other end use by turns, all together. They are the other end's when they are
 * redirected first, so that it learns what they are.
 */
export class FocusGroup {
  readonly #options: FocusGroupOptions;
  readonly #devices = new Set<FocusedDevice>();
  #owner: FocusOwner = 'remote';
  #switching: Promise<void> = Promise.resolve();

  constructor(options: FocusGroupOptions = {}) {
    this.#options = options;
  }

  /** Who has the devices now. */
  get owner(): FocusOwner {
    return this.#owner;
  }

  /** The device as the group has it; one that is no HID device is none of its business. */
  add(device: UsbDevice): UsbDevice {
    const classes = device.configurations.flatMap(({ interfaces }) => interfaces.map((each) => each.interfaceClass));
    if (classes.length === 0 || classes.some((each) => each !== HID)) return device;
    const focused = new FocusedDevice(device, (report) => this.#sees(report));
    this.#devices.add(focused);
    device.gone.addEventListener('abort', () => this.#devices.delete(focused), { once: true });
    return focused;
  }

  /** Resolves when every device is there. @throws Error of the first one that does not follow; the others do */
  switchTo(owner: FocusOwner): Promise<void> {
    const switched = this.#switching.then(() => this.#switch(owner));
    this.#switching = switched.catch(() => {});
    return switched;
  }

  async #switch(owner: FocusOwner): Promise<void> {
    this.#owner = owner;
    const ends = await Promise.allSettled(
      [...this.#devices].map((device) => (owner === 'local' ? device.leave() : device.enter())),
    );
    const failed = ends.find((end) => end.status === 'rejected');
    const error = failed === undefined ? undefined : asError(failed.reason);
    this.#options.onSwitched?.(owner, error);
    if (error !== undefined) throw error;
  }

  #sees(report: Uint8Array): boolean {
    if (!isChord(report)) return false;
    void this.switchTo('local').catch(() => {});
    return true;
  }
}
