/** The two wrappers around a SCSI command in the Bulk-Only Transport, [USB MSC BOT 1.0] 5. */
import { struct } from './usbStructs.generated.ts';

/** bCBWSignature and bCSWSignature: `USBC` and `USBS`. */
export const WrapperSignature = { COMMAND: 0x43425355, STATUS: 0x53425355 } as const;

/** Bit 7 of bmCBWFlags: the data goes to the host. The other bits are 0. */
export const CBW_DIRECTION_IN = 0x80;

/** Bytes of CBWCB, which stands behind {@link CommandWrapperHead} and is filled up with zeros. */
export const COMMAND_BLOCK_SIZE = 16;

/** The command block wrapper as far as CBWCB, [USB MSC BOT 1.0] table 5.1. */
export const CommandWrapperHead = struct('CBW', {
  dCBWSignature: 'u32',
  dCBWTag: 'u32',
  dCBWDataTransferLength: 'u32',
  bmCBWFlags: 'u8',
  bCBWLUN: 'u8',
  bCBWCBLength: 'u8',
});

/** Bytes of a command block wrapper. */
export const COMMAND_WRAPPER_SIZE = CommandWrapperHead.size + COMMAND_BLOCK_SIZE;

/** The command status wrapper, [USB MSC BOT 1.0] table 5.2. */
export const StatusWrapper = struct('CSW', {
  dCSWSignature: 'u32',
  dCSWTag: 'u32',
  dCSWDataResidue: 'u32',
  bCSWStatus: 'u8',
});

/** bCSWStatus, [USB MSC BOT 1.0] table 5.3. */
export const CommandStatus = { passed: 0, failed: 1, phaseError: 2 } as const;

/** One of {@link CommandStatus}. */
export type CommandStatus = (typeof CommandStatus)[keyof typeof CommandStatus];

export const WRAPPERS_SPEC = { document: 'USB MSC BOT 1.0', section: '5' };
