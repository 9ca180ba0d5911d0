import {
  COMMAND_BLOCK_WRAPPER_SIZE,
  COMMAND_SIGNATURE,
  COMMAND_STATUS_WRAPPER_SIZE,
  STATUS_SIGNATURE,
} from '../../codecs/usb/bulkOnlyTransport.ts';
import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import type { UsbOperation, UsbResult } from '../ports/usb.ts';
import { type BulkOnlyFunction, bulkOnlyFunctions, isBulkOnlyReset } from '../usb/massStorage/bulkOnlyFunctions.ts';

/** A bulk-only interface, and how far it is. */
interface Pipes extends BulkOnlyFunction {
  /** dCBWTag of the command that has begun and has no status yet. */
  tag: number | undefined;
}

/**
 * Which commands of mass storage have begun and not ended, [USB MSC BOT 1.0] 5: a CBW was sent, and its CSW has not come.
 * It only listens.
 */
export class StorageCommands {
  readonly #pipes: readonly Pipes[];
  readonly #idle: () => void;

  /**
   * Undefined where the device has no bulk-only interface.
   * @param idle - called when the last command has ended
   */
  static of(configurations: readonly Configuration[], idle: () => void): StorageCommands | undefined {
    const functions = configurations.flatMap(({ interfaces }) => bulkOnlyFunctions(interfaces));
    const pipes = functions.map((each) => ({ ...each, tag: undefined }));
    return pipes.length === 0 ? undefined : new StorageCommands(pipes, idle);
  }

  private constructor(pipes: readonly Pipes[], idle: () => void) {
    this.#pipes = pipes;
    this.#idle = idle;
  }

  /** A command has begun and not ended. */
  get isBusy(): boolean {
    return this.#pipes.some(({ tag }) => tag !== undefined);
  }

  /** An operation that a command which has begun may need to come to its end: data, status, and clearing a halt. */
  belongs(operation: UsbOperation): boolean {
    switch (operation.type) {
      case 'transferIn':
      case 'transferOut':
      case 'clearHalt':
      case 'resetEndpoint':
        return this.#at(operation.endpointAddress)?.tag !== undefined;
      case 'control':
        return this.isBusy;
      default:
        return false;
    }
  }

  /** `operation` is submitted. */
  began(operation: UsbOperation): void {
    if (operation.type !== 'transferOut') return;
    const pipes = this.#at(operation.endpointAddress);
    // What looks like a command while one is under way is its data.
    if (pipes === undefined || pipes.tag !== undefined) return;
    pipes.tag = tagOf(operation.data, COMMAND_SIGNATURE, COMMAND_BLOCK_WRAPPER_SIZE);
  }

  /** It has completed. */
  ended(operation: UsbOperation, { status, data }: UsbResult): void {
    if (!this.isBusy) return;
    switch (operation.type) {
      case 'transferOut': {
        const pipes = this.#at(operation.endpointAddress);
        const tag = tagOf(operation.data, COMMAND_SIGNATURE, COMMAND_BLOCK_WRAPPER_SIZE);
        // A command that did not reach the device has not begun.
        if (status !== 'completed' && tag !== undefined && pipes?.tag === tag) this.#finish(pipes);
        return;
      }
      case 'transferIn': {
        const pipes = this.#at(operation.endpointAddress);
        const tag = tagOf(data, STATUS_SIGNATURE, COMMAND_STATUS_WRAPPER_SIZE);
        if (tag !== undefined && pipes?.tag === tag) this.#finish(pipes);
        return;
      }
      case 'control':
        if (isBulkOnlyReset(operation.setup)) this.forget();
        return;
      case 'setConfiguration':
      case 'setInterface':
      case 'resetDevice':
      case 'cyclePort':
        this.forget();
        return;
      default:
        return;
    }
  }

  /** The device has forgotten its commands, or is nobody's any more. */
  forget(): void {
    for (const pipes of this.#pipes) pipes.tag = undefined;
    this.#idle();
  }

  #at(endpointAddress: number): Pipes | undefined {
    return this.#pipes.find(
      (each) => each.out.endpointAddress === endpointAddress || each.in.endpointAddress === endpointAddress,
    );
  }

  #finish(pipes: Pipes): void {
    pipes.tag = undefined;
    if (!this.isBusy) this.#idle();
  }
}

/** Its tag, where `bytes` are such a wrapper. */
function tagOf(bytes: Uint8Array, signature: number, size: number): number | undefined {
  if (bytes.byteLength !== size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0, true) === signature ? view.getUint32(4, true) : undefined;
}
