import { open, type FileHandle } from 'node:fs/promises';
import { DeviceError } from '../../usb/deviceError.ts';
import { BLOCK_SIZE, type BlockStore } from './blockStore.ts';

/** Options of {@link ImageFile.open}. */
export interface ImageFileOptions {
  /** The host sees a write-protected medium, and the file is opened for reading only. Default: false. */
  readonly readOnly?: boolean;
}

/** Blocks in a file: a disk image, raw. */
export class ImageFile implements BlockStore {
  readonly blockCount: number;
  /** As in {@link ImageFileOptions}. */
  readonly readOnly: boolean;
  readonly #file: FileHandle;
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
      return new ImageFile(file, stat.size / BLOCK_SIZE, readOnly);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(file: FileHandle, blockCount: number, readOnly: boolean) {
    this.#file = file;
    this.blockCount = blockCount;
    this.readOnly = readOnly;
  }

  async read(firstBlock: number, count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count * BLOCK_SIZE);
    let done = 0;
    while (done < bytes.byteLength) {
      const position = firstBlock * BLOCK_SIZE + done;
      const { bytesRead } = await this.#file.read(bytes, done, bytes.byteLength - done, position);
      if (bytesRead === 0) throw unusable(`the image file ends at byte ${position}: another program made it shorter`);
      done += bytesRead;
    }
    return bytes;
  }

  async write(firstBlock: number, data: Uint8Array): Promise<void> {
    let done = 0;
    while (done < data.byteLength) {
      const position = firstBlock * BLOCK_SIZE + done;
      const { bytesWritten } = await this.#file.write(data, done, data.byteLength - done, position);
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
