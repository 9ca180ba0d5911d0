import { encodeUnchecked } from '../core/message.ts';
import { messageOf, named, type Protocol, type ProtocolMessage } from '../core/protocol.ts';
import { Reader } from '../core/reader.ts';
import { decodeUsbipMessage } from './message.ts';
import { OpRepDevlist, OpRepImport, OpReqDevlist, OpReqImport } from './operations.ts';
import { CmdSubmit, decodeRetSubmit, encodeRetSubmit, guessSubmitted, RET_SUBMIT_SPEC } from './submit.ts';
import { CmdUnlink, RetUnlink } from './unlink.ts';

/** Its layout depends on the transfer that it answers. */
const retSubmit: ProtocolMessage = {
  name: 'USBIP_RET_SUBMIT',
  spec: RET_SUBMIT_SPEC,
  from: 'server',
  decode(bytes, { submitted }, options) {
    const reader = new Reader(bytes, 'USBIP_RET_SUBMIT', RET_SUBMIT_SPEC, options);
    const value = decodeRetSubmit(reader, submitted ?? guessSubmitted(reader));
    reader.end();
    return value;
  },
  encode: (value) => encodeUnchecked('USBIP_RET_SUBMIT', encodeRetSubmit, value),
};

const messages: readonly ProtocolMessage[] = [
  messageOf(OpReqDevlist, 'client'),
  messageOf(OpRepDevlist, 'server'),
  messageOf(OpReqImport, 'client'),
  messageOf(OpRepImport, 'server'),
  messageOf(CmdSubmit, 'client'),
  retSubmit,
  messageOf(CmdUnlink, 'client'),
  messageOf(RetUnlink, 'server'),
];

/** USB/IP. The client is who imports devices, the server who exports them. */
export const USBIP_PROTOCOL: Protocol = {
  name: 'usbip',
  title: 'USB/IP',
  summary:
    'How a Linux or Windows machine imports a device: version 1.1.1, Documentation/usb/usbip_protocol.rst of Linux.',
  messages,
  byteProperties: new Set(['setup', 'transferBuffer']),
  isDirected: false,
  decode: (bytes, { submitted }, options) => named(messages, decodeUsbipMessage(bytes, submitted, options)),
};
