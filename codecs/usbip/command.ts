import type { DecodeError } from '../core/errors.ts';
import { Reader, type ReaderOptions } from '../core/reader.ts';
import { struct } from './usbipStructs.generated.ts';
import { HEADER_BASIC, USBIP_HEADER_SIZE, UsbipCommand, type UsbipCommandName } from './header.ts';
import { ISO_PACKET_DESCRIPTOR_SIZE } from './isoPacketDescriptor.ts';
import { CmdSubmit, submitLengths } from './submit.ts';
import { CmdUnlink } from './unlink.ts';

const SPEC = { document: 'usbip_protocol', section: 'usbip_header_basic' };
const Basic = struct('usbip_header_basic', HEADER_BASIC);

/** What the importer of a device sends once it has it. */
export type UsbipClientCommand = CmdSubmit | CmdUnlink;

/**
 * How long the command is whose head begins `head`, for those who read a stream.
 * @param head at least {@link USBIP_HEADER_SIZE} bytes
 * @param maximumTransferSize bytes that an OUT transfer may bring; what an IN transfer asks for is not judged here
 * @throws DecodeError for what no client sends, and `LIMIT_EXCEEDED` for too much data or too many packets
 */
export function clientCommandSize(head: Uint8Array, maximumTransferSize: number): number {
  const reader = new Reader(head, Basic.name, SPEC);
  const command = peekCommand(reader);
  if (command === 'USBIP_CMD_UNLINK') return USBIP_HEADER_SIZE;
  if (command !== 'USBIP_CMD_SUBMIT') throw noClientCommand(reader);
  const submit = reader.as(CmdSubmit.name, CmdSubmit.spec);
  const { transferBufferLength, isoPacketCount } = submitLengths(submit);
  if (transferBufferLength > maximumTransferSize) {
    const problem = `${transferBufferLength} bytes, at most ${maximumTransferSize} are accepted`;
    throw submit.error('LIMIT_EXCEEDED', 'transfer_buffer_length', problem, 16);
  }
  return USBIP_HEADER_SIZE + transferBufferLength + isoPacketCount * ISO_PACKET_DESCRIPTOR_SIZE;
}

/** One whole command. The payload is a view of `bytes`. @throws DecodeError */
export function decodeClientCommand(bytes: Uint8Array, options: ReaderOptions = {}): UsbipClientCommand {
  const header = new Reader(bytes, Basic.name, SPEC, options);
  const command = peekCommand(header);
  if (command !== 'USBIP_CMD_SUBMIT' && command !== 'USBIP_CMD_UNLINK') throw noClientCommand(header);
  const codec = command === 'USBIP_CMD_SUBMIT' ? CmdSubmit : CmdUnlink;
  const reader = header.as(codec.name, codec.spec);
  const value = codec.decode(reader);
  reader.end();
  return value;
}

/** Which command or reply begins in the next 20 bytes, if any. Nothing is consumed. @throws DecodeError */
export function peekCommand(reader: Reader): UsbipCommandName | undefined {
  return peekHeader(reader).command;
}

/** As {@link peekCommand}, with its number. @throws DecodeError */
export function peekHeader(reader: Reader): {
  readonly command: UsbipCommandName | undefined;
  readonly seqnum: number;
} {
  const { command, seqnum } = Basic.decode(reader.as(Basic.name, SPEC));
  return { command: commandName(command), seqnum };
}

function commandName(command: number): UsbipCommandName | undefined {
  switch (command) {
    case UsbipCommand.USBIP_CMD_SUBMIT:
      return 'USBIP_CMD_SUBMIT';
    case UsbipCommand.USBIP_CMD_UNLINK:
      return 'USBIP_CMD_UNLINK';
    case UsbipCommand.USBIP_RET_SUBMIT:
      return 'USBIP_RET_SUBMIT';
    case UsbipCommand.USBIP_RET_UNLINK:
      return 'USBIP_RET_UNLINK';
    default:
      return undefined;
  }
}

function noClientCommand(reader: Reader): DecodeError {
  return reader.error('UNKNOWN_MESSAGE', 'command', 'neither USBIP_CMD_SUBMIT nor USBIP_CMD_UNLINK');
}
