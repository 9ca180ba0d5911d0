import { readSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { DeviceError } from '../../usb/deviceError.ts';
import { BLOCK_SIZE, type BlockStore } from './blockStore.ts';

/** Options of {@link ImageFile.open}. */
export interface ImageFileOptions {
  /** The host sees a write-protected medium, and the file is opened for reading only. Default: false. */
  readonly readOnly?: boolean;
  /** Milliseconds, to tell whether the file is in memory. Default: the machine's. */
  readonly now?: () => number;
}

/** Bytes that are read or written at once; for more, the others would wait longer than another thread takes to begin. */
const AT_ONCE = 64 * 1024;
/** Milliseconds after which the file is not in memory. */
const SLOW = 2;
/** So many operations then go to another thread, before one is tried at once again. */
const TO_OTHER_THREAD = 256;

/**
 * Blocks in a file: a disk image, raw. Small pieces are read and written at once: where the system has the file in memory,
 * that takes a few microseconds, and a tenth of what another thread costs. Where it has not, another thread does it.
 */
export class ImageFile implements BlockStore {
  readonly blockCount: number;
  /** As in {@link ImageFileOptions}. */
  readonly readOnly: boolean;
  readonly #file: FileHandle;
  readonly #now: () => number;
  /** Operations that still go to another thread. */
  #toOtherThread = 0;
  #closing: Promise<void> | undefined;

  /** @throws DeviceError that says what is wrong with the file and what to do */
  static async open(path: string, options: ImageFileOptions = {}): Promise<ImageFile> {
    const readOnly = options.readOnly ?? false;
    const file = await open(path, readOnly ? 'r' : 'r+').catch((error: unknown) => {
      throw unusable(`image file ${path}: ${explain(error, readOnly)}`, { cause: error });
    });
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw unusable(`image file ${path}: is not a regular file; copy it into one`);
      if (stat.size === 0 || stat.size % BLOCK_SIZE !== 0) {
        const blocks = Math.max(Math.ceil(stat.size / BLOCK_SIZE), 1) * BLOCK_SIZE;
        throw unusable(
          `image file ${path}: ${stat.size} bytes are no multiple of ${BLOCK_SIZE}; ` +
            `make it longer, for example with truncate -s ${blocks}`,
        );
      }
      return new ImageFile(file, stat.size / BLOCK_SIZE, readOnly, options.now ?? (() => performance.now()));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(file: FileHandle, blockCount: number, readOnly: boolean, now: () => number) {
    this.#file = file;
    this.#now = now;
    this.blockCount = blockCount;
    this.readOnly = readOnly;
  }

  read(firstBlock: number, count: number): Uint8Array | Promise<Uint8Array> {
    const bytes = unsafeBytes(count * BLOCK_SIZE);
    const position = firstBlock * BLOCK_SIZE;
    const done = this.#atOnce(bytes, () => readSync(this.#file.fd, bytes, 0, bytes.byteLength, position));
    return done === bytes.byteLength ? bytes : this.#read(bytes, position, done);
  }

  write(firstBlock: number, data: Uint8Array): void | Promise<void> {
    const position = firstBlock * BLOCK_SIZE;
    const done = this.#atOnce(data, () => writeSync(this.#file.fd, data, 0, data.byteLength, position));
    return done === data.byteLength ? undefined : this.#write(data, position, done);
  }

  /** Bytes that `operate` has read or written in this turn: 0 where it was not asked, or failed. */
  #atOnce({ byteLength }: Uint8Array, operate: () => number): number {
    if (byteLength > AT_ONCE) return 0;
    if (this.#toOtherThread > 0) {
      this.#toOtherThread -= 1;
      return 0;
    }
    const start = this.#now();
    try {
      return operate();
    } catch {
      // The other thread meets it again, and tells it.
      return 0;
    } finally {
      if (this.#now() - start > SLOW) this.#toOtherThread = TO_OTHER_THREAD;
    }
  }

  async #read(bytes: Uint8Array, start: number, from: number): Promise<Uint8Array> {
    let done = from;
    while (done < bytes.byteLength) {
      const position = start + done;
      const { bytesRead } = await this.#file.read(bytes, done, bytes.byteLength - done, position);
      if (bytesRead === 0) throw unusable(`the image file ends at byte ${position}: another program made it shorter`);
      done += bytesRead;
    }
    return bytes;
  }

  async #write(data: Uint8Array, start: number, from: number): Promise<void> {
    let done = from;
    while (done < data.byteLength) {
      const { bytesWritten } = await this.#file.write(data, done, data.byteLength - done, start + done);
      done += bytesWritten;
    }
  }

  flush(): Promise<void> {
    return this.readOnly ? Promise.resolve() : this.#file.datasync();
  }

  close(): Promise<void> {
    this.#closing ??= this.#file.close();
    return this.#closing;
  }
}

/** Not filled: whoever gets them has written all of them. */
function unsafeBytes(size: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(size);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, size);
}

function unusable(problem: string, options?: ErrorOptions): DeviceError {
  return new DeviceError('IMAGE_FILE_UNUSABLE', problem, options);
}

function explain(error: unknown, readOnly: boolean): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'does not exist; make one, for example with truncate -s 64M';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return readOnly
        ? 'no right to read it; change its rights'
        : 'no right to write it; change its rights, or open it read-only';
    case 'EISDIR':
      return 'is a directory; give a file';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
