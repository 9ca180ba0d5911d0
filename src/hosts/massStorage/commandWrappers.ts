/** The two wrappers of a command in the Bulk-Only Transport, [USB MSC BOT 1.0] 5. */
import { Reader } from '../../../codecs/core/reader.ts';
import { struct } from '../../../codecs/core/struct.ts';
import type { Parts } from '../../../codecs/core/parts.ts';

const SPEC = { document: 'USB MSC BOT 1.0', section: '5.2' };
const CBW_SIGNATURE = 0x43425355;
const CSW_SIGNATURE = 0x53425355;
/** Bytes that a command block has in its wrapper, whatever its own length. */
const COMMAND_BLOCK_SIZE = 16;

const Command = struct('CBW', {
  dCBWSignature: 'u32',
  dCBWTag: 'u32',
  dCBWDataTransferLength: 'u32',
  bmCBWFlags: 'u8',
  bCBWLUN: 'u8',
  bCBWCBLength: 'u8',
});

const Status = struct('CSW', { dCSWSignature: 'u32', dCSWTag: 'u32', dCSWDataResidue: 'u32', bCSWStatus: 'u8' });

/** Bytes of a command status wrapper. */
export const CSW_SIZE = Status.size;

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
  const head = Command.encode({
    dCBWSignature: CBW_SIGNATURE,
    dCBWTag: wrapper.tag,
    dCBWDataTransferLength: wrapper.dataTransferLength,
    bmCBWFlags: wrapper.direction === 'in' ? 0x80 : 0,
    bCBWLUN: wrapper.lun,
    bCBWCBLength: commandBlock.byteLength,
  });
  return [head, commandBlock, new Uint8Array(COMMAND_BLOCK_SIZE - commandBlock.byteLength)];
}

/** How a command ended, [USB MSC BOT 1.0] table 5.3; other values are reserved. */
export type CommandStatus = 'passed' | 'failed' | 'phaseError' | 'reserved';

const STATUSES: readonly CommandStatus[] = ['passed', 'failed', 'phaseError'];

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
  const fields = Status.decode(new Reader(bytes, 'CSW', SPEC));
  if (fields.dCSWSignature !== CSW_SIGNATURE) return undefined;
  const status = STATUSES[fields.bCSWStatus] ?? 'reserved';
  return { tag: fields.dCSWTag, dataResidue: fields.dCSWDataResidue, status };
}
