import type { LibusbLibrary, Pointer } from './libusbLibrary.ts';

/** POLLIN and POLLOUT, as Linux and macOS have them. */
const POLLIN = 0x1;
const POLLOUT = 0x4;
/** A struct timeval that says "do not wait": zero in the layouts of all systems. */
const NO_WAIT = new Uint8Array(16);
/** One that says "wait for a minute": 60 in the first number is right in all layouts of a little-endian machine. */
const MINUTE = Uint8Array.of(60, ...new Uint8Array(15));

/** A transfer that libusb has. */
export interface InFlight {
  /** Whether libusb has written how it ended. */
  isOver(): boolean;
  /** Called once, when it is over. */
  ended(): void;
}

/** A watch on one of libusb's descriptors. */
interface Watch {
  close(): void;
}

/**
 * Runs one libusb context and finds what ended. Where libusb works with descriptors, the event loop watches these and libusb
 * never waits, and all of it is on the main thread. Elsewhere (Windows) a call that waits runs on a thread of libuv, and
 * the transfers are looked at only between two calls: during one, a status may be there before the length is.
 *
 * It runs, and keeps the process alive, while somebody uses it: an open device or a listener.
 */
export class LibusbEvents {
  readonly #library: LibusbLibrary;
  readonly #context: Pointer;
  /** False: a thread of libuv waits for libusb. */
  readonly usesDescriptors: boolean;
  /** In the order of their submission, in which those of an endpoint end. */
  readonly #inFlight = new Set<InFlight>();
  #watches: Watch[] = [];
  #users = 0;
  #isWaiting = false;
  readonly #interrupt = () => this.#library.calls.interruptEventHandler(this.#context);

  /** @param onThread - the way without descriptors, also where libusb has them */
  constructor(library: LibusbLibrary, context: Pointer, onThread = false) {
    this.#library = library;
    this.#context = context;
    this.usesDescriptors = !onThread && canPoll(library) && this.#descriptors().length > 0;
  }

  /** Another user: called after it opened what libusb is to watch. */
  use(): void {
    this.#users++;
    if (this.usesDescriptors) this.#watch();
    else this.#wait();
  }

  /** A user less. `end` closes what libusb watched for it: no descriptor may be watched while it is closed. */
  unuse(end: () => void): void {
    this.#users--;
    this.#unwatch();
    end();
    if (this.#users > 0 && this.usesDescriptors) this.#watch();
    if (this.#users === 0 && this.#isWaiting) this.#interrupt();
  }

  /** Ends with `ended` of the transfer, which has just been submitted. `timeout` is its own, in ms; 0: none. */
  follow(transfer: InFlight, timeout: number): void {
    this.#inFlight.add(transfer);
    if (timeout === 0 || !this.usesDescriptors) return;
    if (this.#library.calls.descriptorsTellTimeouts(this.#context) === 1) return;
    setTimeout(() => this.#handle(), timeout + 1);
  }

  #watch(): void {
    this.#unwatch();
    this.#watches = this.#descriptors().map(({ descriptor, events }) => {
      const options = { readable: (events & POLLIN) !== 0, writable: (events & POLLOUT) !== 0 };
      return this.#library.koffi.node.poll(descriptor, options, () => this.#handle());
    });
  }

  #unwatch(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
  }

  #handle(): void {
    // Nothing that is thrown in a callback of koffi would be seen.
    surface(() => this.#library.calls.handleEvents(this.#context, NO_WAIT, null));
    this.#sweep();
  }

  /** On a thread of libuv, again and again while there are users. */
  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    process.once('exit', this.#interrupt); // the process would wait for that thread
    this.#library.calls.handleEvents.async(this.#context, MINUTE, null, () => {
      this.#isWaiting = false;
      process.off('exit', this.#interrupt);
      this.#sweep();
      if (this.#users > 0) this.#wait();
    });
  }

  #sweep(): void {
    for (const transfer of this.#inFlight) {
      if (!transfer.isOver()) continue;
      this.#inFlight.delete(transfer);
      surface(() => transfer.ended());
    }
  }

  #descriptors(): { descriptor: number; events: number }[] {
    const { calls, koffi } = this.#library;
    const list = calls.getPollDescriptors(this.#context);
    if (list === null) return [];
    const found: { descriptor: number; events: number }[] = [];
    for (let at = list; ; at += 8n) {
      const entry = new DataView(koffi.view(at, 8)).getBigUint64(0, true);
      if (entry === 0n) break;
      const fields = new DataView(koffi.view(entry, 6)); // struct libusb_pollfd
      found.push({ descriptor: fields.getInt32(0, true), events: fields.getInt16(4, true) });
    }
    calls.freePollDescriptors(list);
    return found;
  }
}

/** koffi's poll is in its types but not in its manual, so that a later one may lack it. */
function canPoll({ koffi }: LibusbLibrary): boolean {
  return 'node' in koffi && 'poll' in koffi.node;
}

function surface(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
