import { Reader, type ReaderOptions } from '../core/reader.ts';
import { peekCommand, type UsbipClientCommand } from './command.ts';
import { OpRepDevlist, OpRepImport, OpReqDevlist, OpReqImport, peekOperation } from './operations.ts';
import {
  CmdSubmit,
  decodeRetSubmit,
  guessSubmitted,
  RET_SUBMIT_SPEC,
  type RetSubmit,
  type SubmittedTransfer,
} from './submit.ts';
import { CmdUnlink, RetUnlink } from './unlink.ts';

const SPEC = { document: 'usbip_protocol', section: 'Message Format' };
/** Every message of USB/IP. */
export type UsbipMessage =
  OpReqDevlist | OpRepDevlist | OpReqImport | OpRepImport | UsbipClientCommand | RetSubmit | RetUnlink;

const CODECS = {
  OP_REQ_DEVLIST: OpReqDevlist,
  OP_REP_DEVLIST: OpRepDevlist,
  OP_REQ_IMPORT: OpReqImport,
  OP_REP_IMPORT: OpRepImport,
  USBIP_CMD_SUBMIT: CmdSubmit,
  USBIP_CMD_UNLINK: CmdUnlink,
  USBIP_RET_UNLINK: RetUnlink,
} as const;

/**
 * Any message, which its first bytes tell. Those of a device's connection and the operations before are no more alike
 * than that.
 * @param submitted the transfer that a USBIP_RET_SUBMIT answers; where it is not known, the lengths have to tell
 * @throws DecodeError
 */
export function decodeUsbipMessage(
  bytes: Uint8Array,
  submitted: SubmittedTransfer | undefined,
  options: ReaderOptions = {},
): UsbipMessage {
  const header = new Reader(bytes, 'USB/IP', SPEC, options);
  // A command is a small big-endian number, an operation begins with its version.
  const name = header.peekU8('command') === 0 ? peekCommand(header) : peekOperation(header);
  if (name === undefined) throw header.error('UNKNOWN_MESSAGE', 'command', 'neither a command nor an operation');
  const { spec } = name === 'USBIP_RET_SUBMIT' ? { spec: RET_SUBMIT_SPEC } : CODECS[name];
  const reader = header.as(name, spec);
  const value =
    name === 'USBIP_RET_SUBMIT'
      ? decodeRetSubmit(reader, submitted ?? guessSubmitted(reader))
      : CODECS[name].decode(reader);
  reader.end();
  return value;
}
