import type { Reader } from '../core/reader.ts';
import type { FieldTable } from '../core/struct.ts';

/** `command` of usbip_header_basic: what a message of an imported device is. */
export const UsbipCommand = {
  USBIP_CMD_SUBMIT: 1,
  USBIP_CMD_UNLINK: 2,
  USBIP_RET_SUBMIT: 3,
  USBIP_RET_UNLINK: 4,
} as const;
export type UsbipCommandName = keyof typeof UsbipCommand;

/** `direction` of usbip_header_basic. */
export const UsbipDirection = { USBIP_DIR_OUT: 0, USBIP_DIR_IN: 1 } as const;

/** Bytes of every command's and reply's head, usbip_header_basic included. */
export const USBIP_HEADER_SIZE = 48;

/** usbip_header_basic, with which the four messages of an imported device begin. */
export const HEADER_BASIC = {
  command: 'u32be',
  seqnum: 'u32be',
  devid: 'u32be',
  direction: 'u32be',
  ep: 'u32be',
} as const satisfies FieldTable;

/** `size` is how many bytes of the message were read. @throws DecodeError where `command` is not that of `name` */
export function checkCommand(reader: Reader, name: UsbipCommandName, command: number, size: number): void {
  if (command === UsbipCommand[name]) return;
  throw reader.error('INVALID_VALUE', 'command', `${command}, must be ${UsbipCommand[name]}`, size);
}
