import { decodeSense, FIXED_SENSE_SIZE, type Sense, SenseKey } from '../../../codecs/usb/scsi.ts';
import type { BulkOnlyCommand, BulkOnlyHost } from './bulkOnlyHost.ts';
import { MassStorageError } from './massStorageError.ts';
import { requestSense, type ScsiCommand } from './scsiCommands.ts';
import { describeSense } from './senseText.ts';

export interface ExecuteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether another medium than before is fine: before anything was read it is. */
  readonly anyMedium?: boolean;
}

/** How often a command is given, all in all, when a repetition may cure what it failed of. */
const ATTEMPTS = 4;
/** Additional sense code: a medium was put in, maybe another one. */
const MEDIUM_MAY_HAVE_CHANGED = 0x28;

/** A logical unit that takes one SCSI command after the other, and tells in plain words why one failed. */
export class ScsiUnit {
  readonly #transport: BulkOnlyHost;
  /** Settles when the last command that was given is through. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(transport: BulkOnlyHost) {
    this.#transport = transport;
  }

  /**
   * Runs the command when those before it are through. It is repeated after a violation of the transport's rules (all
   * our commands may be) and when it was merely interrupted by a unit attention.
   * @returns the bytes that the device sent and that mean something
   * @throws MassStorageError, the signal's reason, or what the device's transfers reject with
   */
  execute(command: ScsiCommand, data?: BulkOnlyCommand['data'], options: ExecuteOptions = {}): Promise<Uint8Array> {
    const run = () => this.#attempt({ ...command, data }, options);
    const result = this.#last.then(run, run);
    this.#last = result;
    return result;
  }

  async #attempt(command: BulkOnlyCommand, { signal, anyMedium = false }: ExecuteOptions): Promise<Uint8Array> {
    let recovered = anyMedium;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { passed, data, residue } = await this.#transport.run(command, signal);
        const expected = command.data?.direction === 'in' ? command.data.length : 0;
        if (passed) return data.subarray(0, Math.max(0, expected - residue));
        const sense = await this.#sense(signal);
        if (sense?.key === SenseKey.recoveredError) return data.subarray(0, Math.max(0, expected - residue));
        if (attempt < ATTEMPTS && sense !== undefined && isInterruption(sense, recovered)) continue;
        throw failed(command.name, sense);
      } catch (error) {
        if (attempt >= ATTEMPTS || !(error instanceof MassStorageError) || error.code !== 'transport') throw error;
        // The reset that follows such an error makes many sticks say that their medium may have changed.
        recovered = true;
      }
    }
  }

  async #sense(signal: AbortSignal | undefined): Promise<Sense | undefined> {
    const command = { ...requestSense(), data: { direction: 'in', length: FIXED_SENSE_SIZE } } as const;
    const { passed, data } = await this.#transport.run(command, signal);
    return passed ? decodeSense(data) : undefined;
  }
}

/** Whether the command would have worked, had the device not wanted to tell something first. */
function isInterruption({ key, additionalCode }: Sense, anyMedium: boolean): boolean {
  if (key === SenseKey.abortedCommand) return true;
  return key === SenseKey.unitAttention && (anyMedium || additionalCode !== MEDIUM_MAY_HAVE_CHANGED);
}

function failed(name: string, sense: Sense | undefined): MassStorageError {
  if (sense === undefined) {
    return new MassStorageError('sense', `${name}: the device failed the command and does not tell why`);
  }
  return new MassStorageError('sense', `${name}: ${describeSense(sense)}`, { sense });
}
