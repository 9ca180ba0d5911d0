import { LibusbError, errnoOf } from './errors.ts';
import { finished } from './nativeCalls.ts';
import type { NativeDevice } from './usbBinding.ts';

/** How long the end of the process may wait, in ms, for the kernel to let go of one interface. */
const EXIT_PATIENCE = 1000;
const EXIT_STEP = 5;

/**
 * The interfaces that are claimed of one open device, and the kernel drivers that had to leave for it.
 *
 * Claiming detaches the driver in one step with it (libusb's automatic detaching), so that no driver can come back in
 * between. Giving back goes the other way round: first all interfaces are released, then each lost driver is called,
 * because some (sound, modems) want several interfaces at once. The calls to drivers run on libuv's threads: attaching
 * makes a driver talk to its device, which can take seconds.
 */
export class InterfaceClaims {
  readonly #device: NativeDevice;
  readonly #claimed = new Set<number>();
  readonly #lostDrivers = new Set<number>();

  constructor(device: NativeDevice) {
    this.#device = device;
  }

  /** Claims these interfaces. @throws the NativeError of the first that refuses; nothing more is claimed then. */
  claim(interfaceNumbers: readonly number[]): void {
    // All are asked before any is claimed: with its first interface a driver loses the others.
    for (const number of interfaceNumbers) if (this.#hasDriver(number)) this.#lostDrivers.add(number);
    this.#detachAutomatically(true);
    for (const number of interfaceNumbers) {
      this.#device.__claimInterface(number);
      this.#claimed.add(number);
    }
    if (this.#claimed.size > 0) watchExit(this);
  }

  /** Releases all interfaces, without their drivers, so that another configuration can be chosen. */
  async release(): Promise<void> {
    this.#detachAutomatically(false);
    const numbers = [...this.#claimed];
    this.#claimed.clear();
    await Promise.all(numbers.map((number) => finished((done) => this.#device.__releaseInterface(number, done))));
  }

  /** Releases all interfaces and gets back the drivers that were there before. */
  async giveBack(): Promise<void> {
    await this.release();
    for (const number of this.#takeLostDrivers()) {
      if (this.#hasDriver(number)) continue; // came with the interface before it
      try {
        // libusb attaches drivers without a thread of its own only in this way: as part of a release.
        this.#device.__claimInterface(number);
        this.#detachAutomatically(true);
        await finished((done) => this.#device.__releaseInterface(number, done));
      } catch {
        // the interface is gone, or another process was faster
      }
    }
    forgetExit(this);
  }

  /**
   * `giveBack` for the end of the process, where no callback comes any more: the releases run on other threads, and this one
   * waits for them by trying.
   */
  giveBackNow(): void {
    this.#detachAutomatically(false);
    for (const number of this.#claimed) attempt(() => this.#device.__releaseInterface(number, () => {}));
    for (const number of this.#takeLostDrivers()) {
      for (let waited = 0; waited < EXIT_PATIENCE && !this.#attachNow(number); waited += EXIT_STEP)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_STEP);
    }
  }

  /** True when there is no use in trying again. */
  #attachNow(number: number): boolean {
    try {
      this.#device.__attachKernelDriver(number);
      return true;
    } catch (error) {
      // Busy: not yet released, or the driver is already there.
      return errnoOf(error) !== LibusbError.BUSY || this.#hasDriver(number);
    }
  }

  #takeLostDrivers(): number[] {
    const numbers = [...this.#lostDrivers].sort((a, b) => a - b);
    this.#lostDrivers.clear();
    return numbers;
  }

  #hasDriver(number: number): boolean {
    try {
      return this.#device.__isKernelDriverActive(number);
    } catch {
      return false; // not on this platform, or the device is gone
    }
  }

  #detachAutomatically(enable: boolean): void {
    attempt(() => this.#device.__setAutoDetachKernelDriver(enable ? 1 : 0)); // only Linux and macOS have it
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // nothing depends on it
  }
}

const toGiveBack = new Set<InterfaceClaims>();

function giveBackAllNow(): void {
  for (const claims of toGiveBack) claims.giveBackNow();
}

function watchExit(claims: InterfaceClaims): void {
  if (toGiveBack.size === 0) process.once('exit', giveBackAllNow);
  toGiveBack.add(claims);
}

function forgetExit(claims: InterfaceClaims): void {
  toGiveBack.delete(claims);
  if (toGiveBack.size === 0) process.off('exit', giveBackAllNow);
}
