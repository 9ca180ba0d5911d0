import { asError } from '../../codecs/core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConnectionIdentity } from '../ports/transport.ts';
import type { UsbDevice, UsbDeviceSource } from '../ports/usb.ts';
import { DeviceError } from '../usb/deviceError.ts';
import { pause } from '../usb/pause.ts';

/** A device that somebody gave, and may take back. */
export interface Acquired {
  readonly device: UsbDevice;
  /** Resolves when it is lost or released. */
  readonly lost: Promise<unknown>;
  /** Gives it back; resolves when that is done. Called once, also when it was lost. */
  release(): Promise<void>;
}

/** Options that all sources have whose devices are named and acquired. */
export interface AcquiringOptions {
  /** Time for limits and pauses. */
  readonly clock: Clock;
  /** Wait for devices that cannot be had yet, instead of a rejection. Default: false. */
  readonly wait?: boolean;
  /** A device cannot be had, or not again; told once, until it is there or the problem is another one. */
  readonly onProblem?: (error: Error) => void;
  /** Something is wrong with a device that is used all the same, such as a malformed descriptor. */
  readonly onFinding?: (error: Error) => void;
}

/** @see {@link AcquiredDevices} */
export interface AcquiredDevicesOptions extends AcquiringOptions {
  /** Of the source. */
  readonly name: string;
  /** Absent where devices are of this machine. */
  readonly connection?: ConnectionIdentity;
  /** Names of the devices. */
  readonly names: readonly string[];
  /** @throws Error with one line when the device cannot be had */
  acquire(name: string): Promise<Acquired>;
}

/** Milliseconds between two attempts to acquire a device, at first and at most. */
const SHORTEST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;

/** One device, by its name. */
interface Wanted {
  readonly name: string;
  present: Acquired | undefined;
  /** Resolves when the last one is back. */
  releasing: Promise<void>;
  /** Its user has it back: it is not asked for again. */
  isRefused: boolean;
  problem: string | undefined;
}

/**
 * Devices that others have and give when they are asked. They are acquired when the source is opened, and go back when it is
 * closed. One that is lost is asked for again, and is another object then.
 */
export class AcquiredDevices implements UsbDeviceSource {
  readonly name: string;
  readonly connection?: ConnectionIdentity;
  readonly #options: AcquiredDevicesOptions;
  readonly #wanted: readonly Wanted[];
  readonly #listeners = new Set<{ readonly added: (device: UsbDevice) => void }>();
  readonly #ended = new AbortController();
  #following: readonly Promise<void>[] = [];

  private constructor(options: AcquiredDevicesOptions) {
    this.#options = options;
    this.name = options.name;
    if (options.connection !== undefined) this.connection = options.connection;
    this.#wanted = [...new Set(options.names)].map((name) => {
      return { name, present: undefined, releasing: Promise.resolve(), isRefused: false, problem: undefined };
    });
  }

  /**
   * Acquires the devices.
   * @throws what `acquire` throws for one of them, unless it is waited for
   */
  static async open(options: AcquiredDevicesOptions): Promise<AcquiredDevices> {
    const source = new AcquiredDevices(options);
    try {
      for (const wanted of source.#wanted) {
        await source.#acquire(wanted).catch((error: unknown) => {
          if (options.wait !== true) throw error;
          source.#tell(wanted, asError(error));
        });
      }
    } catch (error) {
      await source.close();
      throw error;
    }
    source.#following = source.#wanted.map((wanted) => source.#follow(wanted));
    return source;
  }

  list(): Promise<readonly UsbDevice[]> {
    return Promise.resolve(this.#wanted.flatMap(({ present }) => (present === undefined ? [] : [present.device])));
  }

  watch(added: (device: UsbDevice) => void): () => void {
    // An object of its own, so that the same function can be given twice.
    const listener = { added };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Who gave it has it back. */
  refuse(device: UsbDevice): void {
    const wanted = this.#wanted.find(({ present }) => present?.device === device);
    if (wanted === undefined) return;
    wanted.isRefused = true;
    void this.#release(wanted);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#ended.abort();
    await Promise.all(this.#wanted.map((wanted) => this.#release(wanted)));
    await Promise.all(this.#following);
  }

  /** Acquires it again whenever it is lost. */
  async #follow(wanted: Wanted): Promise<void> {
    let delay = SHORTEST_PAUSE;
    for (;;) {
      if (wanted.present !== undefined) delay = SHORTEST_PAUSE;
      await wanted.present?.lost;
      await this.#release(wanted);
      if (this.#isOver(wanted)) return;
      await pause(this.#options.clock, delay, this.#ended.signal);
      if (this.#isOver(wanted)) return;
      delay = Math.min(2 * delay, LONGEST_PAUSE);
      try {
        const { device } = await this.#acquire(wanted);
        for (const { added } of [...this.#listeners]) added(device);
      } catch (error) {
        this.#tell(wanted, asError(error));
      }
    }
  }

  #isOver({ isRefused }: Wanted): boolean {
    return isRefused || this.#ended.signal.aborted;
  }

  async #acquire(wanted: Wanted): Promise<Acquired> {
    const acquired = await this.#options.acquire(wanted.name);
    if (this.#ended.signal.aborted) {
      await acquired.release();
      throw new DeviceError('SOURCE_CLOSED', `${this.name} is closed`);
    }
    wanted.present = acquired;
    wanted.problem = undefined;
    return acquired;
  }

  /** Resolves when it is back, also where it is on its way already. */
  #release(wanted: Wanted): Promise<void> {
    const { present } = wanted;
    wanted.present = undefined;
    if (present !== undefined) wanted.releasing = present.device.close().then(() => present.release());
    return wanted.releasing;
  }

  #tell(wanted: Wanted, error: Error): void {
    if (wanted.problem === error.message || this.#ended.signal.aborted) return;
    wanted.problem = error.message;
    this.#options.onProblem?.(error);
  }
}
