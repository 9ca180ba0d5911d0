import { closeSync, writeSync } from 'node:fs';
import { asError } from '../../codecs/core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { idleClock } from '../systemClock.ts';
import { openPrivateFileSync } from './privateFile.ts';

/** Bytes that wait in memory at most. */
const BUFFER_SIZE = 256 * 1024;
/** Milliseconds that a record waits in memory at most, so that a capture can be watched while it grows. */
const FLUSH_AFTER = 200;

export interface CaptureFileOptions {
  /** Called once, when the file cannot be written any more; what comes then is counted and dropped. */
  readonly onFailure: (error: Error) => void;
  /** Default: the machine's, without keeping the process alive. */
  readonly clock?: Clock;
}

/**
 * A file that records are appended to. It never holds more than a small buffer: when that is full, `write` waits for
 * the disk, and so does the connection that is recorded. Nothing is lost, also when the process ends by `process.exit`
 * or an uncaught exception, unless the file cannot be written, which is told and counted.
 *
 * Recorded data can be secret (keys typed, sectors read): only the owner can read the file.
 */
export class CaptureFile {
  readonly #onFailure: (error: Error) => void;
  readonly #clock: Clock;
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #used = 0;
  #stopTimer: (() => void) | undefined;
  #state: 'open' | 'failed' | 'closed' = 'open';
  #lost = 0;
  readonly #flushAtExit = () => {
    this.flush();
  };

  /** Creates the file or empties it. @throws Error that says why it cannot be written */
  constructor(path: string, { onFailure, clock = idleClock }: CaptureFileOptions) {
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#descriptor = openPrivateFileSync(path);
    process.on('exit', this.#flushAtExit);
  }

  /** Records that were not written because the file could not be. */
  get lost(): number {
    return this.#lost;
  }

  /** Appends one record. */
  write(record: readonly Uint8Array[]): void {
    if (this.#state !== 'open') {
      this.#lost += 1;
      return;
    }
    for (const part of record) this.#append(part);
    this.#stopTimer ??= this.#clock.after(FLUSH_AFTER, () => {
      this.flush();
    });
  }

  /** Writes what is in memory. */
  flush(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#writeAll(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  /** Writes what is in memory and closes the file; a second call does nothing. */
  close(): void {
    if (this.#state === 'closed') return;
    this.flush();
    process.off('exit', this.#flushAtExit);
    this.#state = 'closed';
    closeSync(this.#descriptor);
  }

  #append(part: Uint8Array): void {
    if (part.byteLength > BUFFER_SIZE - this.#used) {
      this.#writeAll(this.#buffer.subarray(0, this.#used));
      this.#used = 0;
    }
    if (part.byteLength >= BUFFER_SIZE) {
      this.#writeAll(part);
    } else {
      this.#buffer.set(part, this.#used);
      this.#used += part.byteLength;
    }
  }

  #writeAll(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    try {
      for (let written = 0; written < bytes.byteLength;) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    } catch (error) {
      this.#state = 'failed';
      this.#lost += 1;
      this.#onFailure(asError(error));
    }
  }
}
