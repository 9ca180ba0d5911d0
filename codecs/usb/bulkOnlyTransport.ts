/** The two wrappers around a SCSI command in the Bulk-Only Transport, [USB MSC BOT 1.0] 5. */
import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import { struct } from './usbStructs.generated.ts';

/** Bit 7 of bmCBWFlags: the data goes to the host. The other bits are 0. */
export const CBW_DIRECTION_IN = 0x80;

/** dCBWSignature: `USBC`. */
export const COMMAND_SIGNATURE = 0x43425355;
/** dCSWSignature: `USBS`. */
export const STATUS_SIGNATURE = 0x53425355;
/** Bytes of CBWCB in the wrapper, whatever bCBWCBLength says. */
const COMMAND_BLOCK_SIZE = 16;

const CommandHead = struct('CBW', {
  dCBWSignature: 'u32',
  dCBWTag: 'u32',
  dCBWDataTransferLength: 'u32',
  bmCBWFlags: 'u8',
  bCBWLUN: 'u8',
  bCBWCBLength: 'u8',
});

const Status = struct('CSW', {
  dCSWSignature: 'u32',
  dCSWTag: 'u32',
  dCSWDataResidue: 'u32',
  bCSWStatus: 'u8',
});

/** Command Block Wrapper, [USB MSC BOT 1.0] 5.1: what the host sends first. */
export interface CommandBlockWrapper {
  readonly name: 'CBW';
  readonly dCBWTag: number;
  /** Bytes that the host will send, or is ready to take. */
  readonly dCBWDataTransferLength: number;
  /** 0 or {@link CBW_DIRECTION_IN}. */
  readonly bmCBWFlags: number;
  readonly bCBWLUN: number;
  /** Bytes of the command. Valid are 1 to 16; a wrapper with another length is decoded all the same. */
  readonly bCBWCBLength: number;
  /** The command; decoded it is always 16 bytes, of which those after bCBWCBLength mean nothing. */
  readonly CBWCB: Uint8Array;
}

/** Bytes of a CBW. */
export const COMMAND_BLOCK_WRAPPER_SIZE = CommandHead.size + COMMAND_BLOCK_SIZE;

export const CommandBlockWrapper = codec<CommandBlockWrapper>({
  name: 'CBW',
  spec: { document: 'USB MSC BOT 1.0', section: '5.1' },
  decode(reader) {
    const { dCBWSignature, ...fields } = CommandHead.decode(reader);
    checkSignature(reader, 'dCBWSignature', dCBWSignature, COMMAND_SIGNATURE);
    const CBWCB = reader.take(COMMAND_BLOCK_SIZE, 'CBWCB');
    reader.end();
    return { name: 'CBW', ...fields, CBWCB };
  },
  write(out, { CBWCB, ...fields }) {
    if (CBWCB.byteLength > COMMAND_BLOCK_SIZE) {
      throw new UsageError(`CBW: a command of ${CBWCB.byteLength} bytes, at most ${COMMAND_BLOCK_SIZE} fit`);
    }
    CommandHead.write(out, { dCBWSignature: COMMAND_SIGNATURE, ...fields });
    out.append(CBWCB);
    out.zeros(COMMAND_BLOCK_SIZE - CBWCB.byteLength);
  },
});

/** bCSWStatus, [USB MSC BOT 1.0] table 5.3. Other values are reserved. */
export const CommandStatus = { passed: 0, failed: 1, phaseError: 2 } as const;

/** One of {@link CommandStatus}. */
export type CommandStatus = (typeof CommandStatus)[keyof typeof CommandStatus];

/** Command Status Wrapper, [USB MSC BOT 1.0] 5.2: what the device sends last. */
export interface CommandStatusWrapper {
  readonly name: 'CSW';
  /** That of the command. */
  readonly dCSWTag: number;
  /** Bytes of dCBWDataTransferLength that were not moved, or were moved and mean nothing. */
  readonly dCSWDataResidue: number;
  /** See {@link CommandStatus}. */
  readonly bCSWStatus: number;
}

/** Bytes of a CSW. */
export const COMMAND_STATUS_WRAPPER_SIZE = Status.size;

export const CommandStatusWrapper = codec<CommandStatusWrapper>({
  name: 'CSW',
  spec: { document: 'USB MSC BOT 1.0', section: '5.2' },
  decode(reader) {
    const { dCSWSignature, ...fields } = Status.decode(reader);
    checkSignature(reader, 'dCSWSignature', dCSWSignature, STATUS_SIGNATURE);
    reader.end();
    return { name: 'CSW', ...fields };
  },
  write: (out, value) => Status.write(out, { dCSWSignature: STATUS_SIGNATURE, ...value }),
});

function checkSignature(reader: Reader, field: string, value: number, expected: number): void {
  if (value === expected) return;
  const hex = (signature: number) => `0x${signature.toString(16)}`;
  throw reader.error('INVALID_VALUE', field, `${hex(value)}, ${hex(expected)} expected`, reader.offset);
}
