import { asError } from '../../codecs/core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { isHid } from '../usb/isHid.ts';
import { FocusedDevice } from './focusedDevice.ts';
import { type LocalKey, LocalKeys } from './localKeys.ts';

/** Who has the devices of a group: this machine, or the other end. */
export type FocusOwner = 'local' | 'remote';

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

/** Milliseconds that a switch to the other end waits for keys that are down here. */
export const KEYS_UP_TIME = 300;

/** Options of {@link FocusGroup}. */
export interface FocusGroupOptions {
  /** For the 300 ms that a switch waits for keys. */
  readonly clock: Clock;
  /** The group has an owner now; `error`: a device did not follow. */
  readonly onSwitched?: (owner: FocusOwner, error: Error | undefined) => void;
  /** Follows the keys of a device that this machine uses, until the function that it returns is called. */
  readonly watchKeys?: (device: UsbDevice, onKey: (key: LocalKey) => void) => () => void;
}

/**
 * HID devices that this machine and the other end use by turns, all together. They are the other end's when they are
 * redirected first, so that it learns what they are; when it has none of them any more, they are this machine's.
 */
export class FocusGroup {
  readonly #options: FocusGroupOptions;
  /** Those that somebody has open. */
  readonly #devices = new Set<FocusedDevice>();
  readonly #keys = new LocalKeys();
  /** What stops the watching, for the devices that this machine has. */
  readonly #watched = new Map<FocusedDevice, () => void>();
  #owner: FocusOwner = 'remote';
  #switching: Promise<void> = Promise.resolve();

  constructor(options: FocusGroupOptions) {
    this.#options = options;
  }

  /** Who has the devices now. */
  get owner(): FocusOwner {
    return this.#owner;
  }

  /** The device as the group has it; one that is no HID device is none of its business. */
  add(device: UsbDevice): UsbDevice {
    if (!isHid(device)) return device;
    const focused = new FocusedDevice(device, {
      onReport: (report) => this.#sees(report),
      isParked: () => this.#owner === 'local',
      onMoved: () => this.#moved(focused),
    });
    const forget = () => {
      this.#devices.delete(focused);
      this.#watch(focused, false);
    };
    device.gone.addEventListener('abort', forget, { once: true });
    return focused;
  }

  /**
   * Resolves when every device is there. Keys that are down here are waited for, 300 ms at most.
   * @throws Error of the first one that does not follow. Where the other end was to have them, this machine has all of them
   */
  switchTo(owner: FocusOwner): Promise<void> {
    const switched = this.#switching.then(() => this.#switch(owner));
    this.#switching = switched.catch(() => {});
    return switched;
  }

  async #switch(owner: FocusOwner): Promise<void> {
    if (owner === 'remote') await this.#keysUp();
    const error = await this.#all((device) => (owner === 'local' ? device.leave() : device.enter()));
    // A group that is torn would leave its user with half a desk at either end.
    if (owner === 'remote' && error !== undefined) await this.#all((device) => device.leave());
    this.#owner = error === undefined ? owner : 'local';
    this.#options.onSwitched?.(this.#owner, error);
    if (error !== undefined) throw error;
  }

  async #all(action: (device: FocusedDevice) => Promise<void>): Promise<Error | undefined> {
    const ends = await Promise.allSettled([...this.#devices].map(action));
    const failed = ends.find((end) => end.status === 'rejected');
    return failed === undefined ? undefined : asError(failed.reason);
  }

  /** The other end would never hear of the release of a key that was pressed here, and repeat what it sees of it. */
  #keysUp(): Promise<void> {
    if (this.#keys.areUp) return Promise.resolve();
    return new Promise((resolve) => {
      const stopWaiting = this.#keys.whenUp(() => {
        stopTimer();
        resolve();
      });
      const stopTimer = this.#options.clock.after(KEYS_UP_TIME, () => {
        stopWaiting();
        resolve();
      });
    });
  }

  #moved(device: FocusedDevice): void {
    this.#watch(device, device.state === 'local');
    if (device.state !== 'closed') {
      this.#devices.add(device);
      return;
    }
    this.#devices.delete(device);
    if (this.#devices.size > 0 || this.#owner === 'local') return;
    // Nobody is left without a keyboard when a session ends, and the next one does not take it away by itself.
    this.#owner = 'local';
    this.#options.onSwitched?.('local', undefined);
  }

  #watch(device: FocusedDevice, isWanted: boolean): void {
    if (isWanted === this.#watched.has(device)) return;
    if (isWanted) {
      const stop = this.#options.watchKeys?.(device, (key) => {
        if (this.#keys.note(device, key)) void this.switchTo('remote').catch(() => {});
      });
      if (stop !== undefined) this.#watched.set(device, stop);
      return;
    }
    this.#watched.get(device)?.();
    this.#watched.delete(device);
    this.#keys.forget(device);
  }

  #sees(report: Uint8Array): boolean {
    if (!isChord(report)) return false;
    void this.switchTo('local').catch(() => {});
    return true;
  }
}
