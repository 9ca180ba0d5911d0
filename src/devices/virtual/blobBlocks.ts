import { DeviceError } from '../../usb/deviceError.ts';
import { BLOCK_SIZE, type BlockStore } from './blockStore.ts';

/** Options of {@link BlobBlocks}. */
export interface BlobBlocksOptions {
  /** The host sees a write-protected medium. Default: false, what it writes is kept in memory. */
  readonly readOnly?: boolean;
}

/**
 * Blocks of a disk image that a page was given, such as a `File`. The image stays as it is: what is written is kept in memory,
 * and {@link copy} gives both together. Runs in browsers.
 */
export class BlobBlocks implements BlockStore {
  readonly blockCount: number;
  /** As in {@link BlobBlocksOptions}. */
  readonly readOnly: boolean;
  readonly #image: Blob;
  /** By block, what differs from the image. */
  readonly #written = new Map<number, Uint8Array<ArrayBuffer>>();

  /** @throws DeviceError when the image is no multiple of 512 bytes, or empty */
  constructor(image: Blob, options: BlobBlocksOptions = {}) {
    if (image.size === 0 || image.size % BLOCK_SIZE !== 0) {
      const problem = `the image has ${image.size} bytes, which is no multiple of ${BLOCK_SIZE}`;
      throw new DeviceError('IMAGE_FILE_UNUSABLE', `${problem}: choose a raw disk image, such as an .img or .iso file`);
    }
    this.#image = image;
    this.blockCount = image.size / BLOCK_SIZE;
    this.readOnly = options.readOnly ?? false;
  }

  /** Bytes that were written and are only in memory. */
  get changedBytes(): number {
    return this.#written.size * BLOCK_SIZE;
  }

  async read(firstBlock: number, count: number): Promise<Uint8Array> {
    const start = firstBlock * BLOCK_SIZE;
    const bytes = new Uint8Array(await this.#image.slice(start, start + count * BLOCK_SIZE).arrayBuffer());
    for (let index = 0; index < count && this.#written.size > 0; index += 1) {
      const written = this.#written.get(firstBlock + index);
      if (written !== undefined) bytes.set(written, index * BLOCK_SIZE);
    }
    return bytes;
  }

  write(firstBlock: number, data: Uint8Array): void {
    for (let start = 0; start < data.byteLength; start += BLOCK_SIZE) {
      this.#written.set(firstBlock + start / BLOCK_SIZE, Uint8Array.from(data.subarray(start, start + BLOCK_SIZE)));
    }
  }

  /** The image with all that was written: to be saved as a file of its own. */
  copy(): Blob {
    const parts: (Blob | Uint8Array<ArrayBuffer>)[] = [];
    let next = 0;
    for (const [block, bytes] of [...this.#written].sort(([one], [other]) => one - other)) {
      if (block > next) parts.push(this.#image.slice(next * BLOCK_SIZE, block * BLOCK_SIZE));
      parts.push(bytes);
      next = block + 1;
    }
    parts.push(this.#image.slice(next * BLOCK_SIZE));
    return new Blob(parts);
  }

  /** In memory, more cannot be done. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
