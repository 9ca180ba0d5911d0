import type { ClientMessage } from '../../../../codecs/urbdrc/decode.ts';
import { Reader } from '../../../../codecs/core/reader.ts';
import { rdpeusb } from '../../../../codecs/urbdrc/header.ts';
import type { PeerSettings } from '../../peers/profiles.ts';

/** libusb_transfer_status, but for success. */
const LIBUSB_ERROR = 1;
const LIBUSB_OVERFLOW = 6;

/** The mask of a message to the completion interface, STREAM_ID_PROXY. */
const PROXY = 0x4000_0000;
const COMPLETION_FUNCTIONS: ReadonlySet<number> = new Set([0x100, 0x101, 0x102]);
/** SHARED_MSG_HEADER and RequestId. */
const HEAD_SIZE = 16;

/** What real clients are known to do against the specification. */
export interface Deviation {
  readonly problem: string;
  readonly section: string;
}

/** The deviation in a completion of a transfer for which this client is not forgiven. */
export function deviationOf(
  message: Extract<ClientMessage, { name: 'URB_COMPLETION' | 'URB_COMPLETION_NO_DATA' }>,
  isOut: boolean,
  settings: PeerSettings,
): Deviation | undefined {
  if (isOut && message.name === 'URB_COMPLETION' && settings.outCompletionWithData === 'refused') {
    return { problem: 'answers an OUT request, and brings data', section: '2.2.7.2' };
  }
  const { usbdStatus } = message.tsUrbResult;
  if (usbdStatus >= LIBUSB_ERROR && usbdStatus <= LIBUSB_OVERFLOW && settings.libusbStatus === 'refused') {
    return { problem: `UsbdStatus ${usbdStatus} is no USBD_STATUS`, section: '2.2.10.1.1' };
  }
  return undefined;
}

/** The RequestId in what should have been a completion; undefined when it is something else. */
export function answeredRequest(bytes: Uint8Array, requestCompletion: number): number | undefined {
  if (bytes.byteLength < HEAD_SIZE) return undefined;
  const reader = new Reader(bytes, 'SHARED_MSG_HEADER', rdpeusb('2.2.1'));
  const interfaceId = reader.u32('InterfaceId');
  reader.pad(4, 'MessageId');
  const functionId = reader.u32('FunctionId');
  const isCompletion = interfaceId === PROXY + requestCompletion && COMPLETION_FUNCTIONS.has(functionId);
  return isCompletion ? reader.u32('RequestId') : undefined;
}
