import { byteLength, joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  CBW_DIRECTION_IN,
  COMMAND_BLOCK_SIZE,
  COMMAND_WRAPPER_SIZE,
  type CommandStatus,
  CommandWrapperHead,
  StatusWrapper,
  WRAPPERS_SPEC,
  WrapperSignature,
} from '../../../codecs/usb/bulkOnlyTransport.ts';

/** A command block wrapper, [USB MSC BOT 1.0] 5.1. */
export interface CommandBlockWrapper {
  readonly tag: number;
  /** Bytes that the host will send, or is ready to take. */
  readonly dataTransferLength: number;
  readonly direction: 'in' | 'out';
  /** A copy: the host may use its bytes again. */
  readonly commandBlock: Uint8Array;
}

/** `invalid`: not valid, [USB MSC BOT 1.0] 6.2.1; `meaningless`: valid and not meaningful, 6.2.2. */
export function readCommandWrapper(bytes: Uint8Array): CommandBlockWrapper | 'invalid' | 'meaningless' {
  if (bytes.byteLength !== COMMAND_WRAPPER_SIZE) return 'invalid';
  const reader = new Reader(bytes, CommandWrapperHead.name, WRAPPERS_SPEC);
  const head = CommandWrapperHead.decode(reader);
  if (head.dCBWSignature !== WrapperSignature.COMMAND) return 'invalid';
  const { bmCBWFlags, bCBWLUN, bCBWCBLength } = head;
  const isMeaningful =
    (bmCBWFlags & ~CBW_DIRECTION_IN) === 0 && bCBWLUN === 0 && isBetween(bCBWCBLength, 1, COMMAND_BLOCK_SIZE);
  if (!isMeaningful) return 'meaningless';
  return {
    tag: head.dCBWTag,
    dataTransferLength: head.dCBWDataTransferLength,
    direction: bmCBWFlags === CBW_DIRECTION_IN ? 'in' : 'out',
    commandBlock: new Uint8Array(reader.take(bCBWCBLength, 'CBWCB')),
  };
}

/** A command status wrapper, [USB MSC BOT 1.0] 5.2: 13 bytes. `residue`: bytes of the data phase that did not count. */
export function statusWrapper(tag: number, residue: number, status: CommandStatus): Uint8Array {
  return StatusWrapper.encode({
    dCSWSignature: WrapperSignature.STATUS,
    dCSWTag: tag,
    dCSWDataResidue: residue,
    bCSWStatus: status,
  });
}

function isBetween(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

/** Bytes of several OUT transfers, cut into whole blocks; what is left over waits for the next. */
export class BlockCutter {
  readonly #blockSize: number;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  /** Whole blocks of what came so far, by reference where `data` is cut well already. */
  add(data: Uint8Array): Uint8Array {
    const parts = this.#rest.byteLength === 0 ? [data] : [this.#rest, data];
    const whole = byteLength(parts) - (byteLength(parts) % this.#blockSize);
    const joined = joinParts(parts);
    this.#rest = new Uint8Array(joined.subarray(whole));
    return joined.subarray(0, whole);
  }
}
