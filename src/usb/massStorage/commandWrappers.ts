/** The two wrappers of a command in the Bulk-Only Transport, [USB MSC BOT 1.0] 5. */
import { Reader } from '../../../codecs/core/reader.ts';
import type { Parts } from '../../../codecs/core/parts.ts';
import {
  CBW_DIRECTION_IN,
  COMMAND_BLOCK_SIZE,
  CommandWrapperHead,
  CommandStatus as StatusCode,
  StatusWrapper,
  WRAPPERS_SPEC,
  WrapperSignature,
} from '../../../codecs/usb/bulkOnlyTransport.ts';

/** Bytes of a command status wrapper. */
export const CSW_SIZE = StatusWrapper.size;

/** Command Block Wrapper, [USB MSC BOT 1.0] 5.1. */
export interface CommandBlockWrapper {
  readonly tag: number;
  /** Bytes that the host expects to move. */
  readonly dataTransferLength: number;
  readonly direction: 'in' | 'out';
  readonly lun: number;
  /** 1 to 16 bytes. */
  readonly commandBlock: Uint8Array;
}

export function encodeCommand(wrapper: CommandBlockWrapper): Parts {
  const { commandBlock } = wrapper;
  const head = CommandWrapperHead.encode({
    dCBWSignature: WrapperSignature.COMMAND,
    dCBWTag: wrapper.tag,
    dCBWDataTransferLength: wrapper.dataTransferLength,
    bmCBWFlags: wrapper.direction === 'in' ? CBW_DIRECTION_IN : 0,
    bCBWLUN: wrapper.lun,
    bCBWCBLength: commandBlock.byteLength,
  });
  return [head, commandBlock, new Uint8Array(COMMAND_BLOCK_SIZE - commandBlock.byteLength)];
}

/** How a command ended, [USB MSC BOT 1.0] table 5.3; other values are reserved. */
export type CommandStatus = 'passed' | 'failed' | 'phaseError' | 'reserved';

const STATUSES = new Map<number, CommandStatus>([
  [StatusCode.passed, 'passed'],
  [StatusCode.failed, 'failed'],
  [StatusCode.phaseError, 'phaseError'],
]);

/** Command Status Wrapper, [USB MSC BOT 1.0] 5.2. */
export interface CommandStatusWrapper {
  readonly tag: number;
  /** Bytes that were expected and not moved (or moved and meaningless). */
  readonly dataResidue: number;
  readonly status: CommandStatus;
}

/** Undefined when the bytes are not a valid CSW, [USB MSC BOT 1.0] 6.3.1. */
export function decodeStatus(bytes: Uint8Array): CommandStatusWrapper | undefined {
  if (bytes.byteLength !== CSW_SIZE) return undefined;
  const fields = StatusWrapper.decode(new Reader(bytes, StatusWrapper.name, WRAPPERS_SPEC));
  if (fields.dCSWSignature !== WrapperSignature.STATUS) return undefined;
  const status = STATUSES.get(fields.bCSWStatus) ?? 'reserved';
  return { tag: fields.dCSWTag, dataResidue: fields.dCSWDataResidue, status };
}
