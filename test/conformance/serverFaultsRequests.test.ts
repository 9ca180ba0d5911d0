import { UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { sendsPdu } from './faults.ts';
import { serverFailsFor, serverGets, serverSends } from './serverFaults.ts';
import type { Tampering } from './tamper.ts';

const { URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER, URB_FUNCTION_SELECT_CONFIGURATION } = UrbFunction;
const UNUSED_REQUEST_ID = 0x3fab_cdef;
const withoutProgram = { withoutProgram: true };

/** USBD_STATUS_CANCELED. */
const CANCELED = 0xc0010000;

describe('a server that breaks a rule of requests', () => {
  serverFailsFor(
    'S09',
    'a RequestId that is in use',
    serverSends('TRANSFER_IN_REQUEST', (message) =>
      message.tsUrb.urbFunction === URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER ? [message, message] : undefined,
    ),
    /RequestId \d+, which is outstanding/,
  );
  serverFailsFor(
    'S09',
    'a RequestId of 32 bits',
    serverSends('IO_CONTROL', (message) => ({ ...message, requestId: 0x8000_0001 })),
    /which has more than 31 bits/,
  );
  serverFailsFor(
    'S10',
    'CANCEL_REQUEST to interface 0',
    serverSends('CANCEL_REQUEST', (message) => ({ ...message, interfaceId: 0 })),
    /InterfaceId of CANCEL_REQUEST is 0/,
  );
  serverFailsFor(
    'S10',
    'a request to another device',
    serverSends('TRANSFER_OUT_REQUEST', (message) => ({ ...message, interfaceId: 0x77 })),
    /InterfaceId of TRANSFER_OUT_REQUEST is 119/,
  );
  serverFailsFor(
    'S10',
    'the mask of a response',
    serverSends('IO_CONTROL', (_, { bytes }) => {
      bytes[3] = ((bytes[3] ?? 0) & 0x3f) | 0x80;
      return bytes;
    }),
    /cannot be read|Mask of IO_CONTROL is 2/,
  );
  serverFailsFor(
    'S11',
    'a selection that asks for bytes',
    serverSends('TRANSFER_IN_REQUEST', (message) =>
      message.tsUrb.urbFunction === URB_FUNCTION_SELECT_CONFIGURATION ? { ...message, outputBufferSize: 5 } : undefined,
    ),
    /OutputBufferSize of URB_FUNCTION_SELECT_CONFIGURATION is 5/,
  );
  serverFailsFor(
    'S11',
    'a read in TRANSFER_OUT_REQUEST',
    serverSends('TRANSFER_IN_REQUEST', (message) => {
      const { interfaceId, messageId, tsUrb } = message;
      const outputBuffer = new Uint8Array(0);
      return tsUrb.urbFunction === URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER
        ? { name: 'TRANSFER_OUT_REQUEST', interfaceId, messageId, tsUrb, outputBuffer }
        : undefined;
    }),
    /the message of URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER is TRANSFER_OUT_REQUEST/,
  );
  serverFailsFor(
    'S12',
    'a Size that is one too large',
    serverSends('TRANSFER_OUT_REQUEST', (_, { bytes }) => {
      bytes[16] = (bytes[16] ?? 0) + 1;
      return bytes;
    }),
    /cannot be read/,
  );
  serverFailsFor(
    'S12',
    'a CbTsUrb that is one too small',
    serverSends('TRANSFER_IN_REQUEST', (_, { bytes }) => {
      bytes[12] = (bytes[12] ?? 0) - 1;
      return bytes;
    }),
    /cannot be read/,
  );
  serverFailsFor(
    'S12',
    'NoAck without a jitter buffer',
    serverSends('TRANSFER_OUT_REQUEST', (message) => ({ ...message, tsUrb: { ...message.tsUrb, noAck: true } })),
    /has NoAck/,
  );
  serverFailsFor(
    'S22',
    'a message that cannot be read',
    serverSends('IO_CONTROL', (_, { bytes }) => bytes.subarray(0, 20)),
    /cannot be read/,
  );
});

describe('a server that breaks a rule of completions', () => {
  serverFailsFor(
    'S13',
    'data gets lost',
    serverGets('URB_COMPLETION', (message) =>
      message.outputBuffer.byteLength === 300 ? { ...message, outputBuffer: new Uint8Array(300) } : undefined,
    ),
    /not what the device sent/,
  );
  serverFailsFor(
    'S13',
    'completions are taken in order',
    () => {
      let reads: number[] = [];
      const outward = serverSends('TRANSFER_IN_REQUEST', ({ tsUrb }) => {
        if (tsUrb.urbFunction === URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER) reads.push(tsUrb.requestId);
        return undefined;
      })();
      const inward = serverGets('URB_COMPLETION', (message) => {
        if (!reads.includes(message.requestId)) return undefined;
        const [requestId = 0, ...rest] = reads;
        reads = rest;
        return { ...message, requestId };
      })();
      return both(outward, inward);
    },
    /a write and a read: the program on the server was told/,
  );
  serverFailsFor(
    'S13',
    'the configuration descriptor is not read whole',
    serverSends('TRANSFER_IN_REQUEST', (message) =>
      message.outputBufferSize === 32 || message.outputBufferSize === 255
        ? { ...message, outputBufferSize: 9 }
        : undefined,
    ),
    /no request for the whole configuration descriptor of 32 bytes came/,
    withoutProgram,
  );
  serverFailsFor(
    'S14',
    'a second completion is ignored',
    serverGets('URB_COMPLETION', (_, { count }) => (count === 2 ? [] : undefined)),
    /not closed .* after a second completion/,
    withoutProgram,
  );
  serverFailsFor(
    'S14',
    'an unknown RequestId is ignored',
    serverGets('URB_COMPLETION', ({ requestId }) => (requestId === UNUSED_REQUEST_ID ? [] : undefined)),
    /not closed .* after a completion of a request that there is not/,
    withoutProgram,
  );
  serverFailsFor(
    'S14',
    'a surplus is cut off',
    serverGets('URB_COMPLETION', (message) =>
      message.outputBuffer.byteLength === 65
        ? { ...message, outputBuffer: message.outputBuffer.subarray(0, 64) }
        : undefined,
    ),
    /not closed .* after more data than a read asked for/,
  );
  serverFailsFor(
    'S14',
    'bytes without data are ignored',
    serverGets('URB_COMPLETION_NO_DATA', (message) =>
      message.outputBufferSize === 1 ? { ...message, outputBufferSize: 0 } : undefined,
    ),
    /not closed .* after URB_COMPLETION_NO_DATA with bytes for a read/,
  );
  serverFailsFor(
    'S14',
    'a write may be longer than it was',
    serverGets('URB_COMPLETION_NO_DATA', (message) =>
      message.outputBufferSize === 301 ? { ...message, outputBufferSize: 300 } : undefined,
    ),
    /not closed .* after more bytes than were written/,
  );
});

describe('a server that breaks a rule of the life of a device', () => {
  serverFailsFor(
    'S15',
    'no CANCEL_REQUEST',
    serverSends('CANCEL_REQUEST', () => []),
    /no CANCEL_REQUEST came/,
  );
  serverFailsFor(
    'S15',
    'another request is cancelled',
    serverSends('CANCEL_REQUEST', (message) => ({ ...message, requestId: message.requestId + 1 })),
    /RequestId of CANCEL_REQUEST is/,
  );
  serverFailsFor(
    'S15',
    'the channel is closed for a late completion',
    serverGets('URB_COMPLETION_NO_DATA', ({ tsUrbResult }, { channelId, faults }) => {
      if (tsUrbResult.usbdStatus === CANCELED) faults.pdu({ name: 'DYNVC_CLOSE', channelId });
      return undefined;
    }),
    /did not stay open after the completion of a cancelled request/,
  );
  serverFailsFor(
    'S16',
    'the query is not sent',
    serverSends('QUERY_DEVICE_TEXT', () => []),
    /QUERY_DEVICE_TEXT: the program on the server was told nothing/,
  );
  serverFailsFor(
    'S16',
    'a text beyond ASCII is not taken',
    serverGets('QUERY_DEVICE_TEXT_RSP', ({ deviceDescription }) => (/№/.test(deviceDescription) ? [] : undefined)),
    /the program on the server was told nothing/,
  );
  serverFailsFor(
    'S16',
    'the channel stays open without an answer',
    sendsPdu('DYNVC_CLOSE', () => []),
    /not closed .* when QUERY_DEVICE_TEXT was not answered/,
  );
  serverFailsFor(
    'S17',
    'another reason',
    serverSends('RETRACT_DEVICE', (message) => ({ ...message, reason: 2 })),
    /Reason of RETRACT_DEVICE is 2/,
  );
  serverFailsFor(
    'S17',
    'the channel is closed without a word',
    serverSends('RETRACT_DEVICE', () => []),
    /RETRACT_DEVICE|closed the channel|expected message/,
  );
  serverFailsFor(
    'S17',
    'a close is answered',
    () => ({
      pdu(pdu, direction, faults) {
        if (direction === 'toPeer' && pdu.name === 'DYNVC_CLOSE') faults.pdu(pdu);
        return undefined;
      },
    }),
    /DYNVC_CLOSE of a client was answered/,
  );
  serverFailsFor(
    'S18',
    'the end of a channel is not noticed',
    () => ({ pdu: (pdu, direction) => (direction === 'toPeer' && pdu.name === 'DYNVC_CLOSE' ? [] : undefined) }),
    /a read that was pending at the end of its device: the program on the server was told nothing/,
  );
  serverFailsFor(
    'S18',
    'no device is taken afterwards',
    serverGets('ADD_DEVICE', (_, { count }) => (count === 2 ? [] : undefined)),
    /no REGISTER_REQUEST_CALLBACK came/,
  );
});

describe('a server that breaks a rule of messages or dynamic channels', () => {
  serverFailsFor(
    'S19',
    'the channel is closed for a malformed message',
    () => ({
      message(bytes, direction, channelId, faults) {
        if (direction === 'toPeer' && bytes.every((byte) => byte === 0xff))
          faults.pdu({ name: 'DYNVC_CLOSE', channelId });
        return undefined;
      },
    }),
    /did not stay open after malformed messages/,
  );
  serverFailsFor(
    'S19',
    'nothing works after a malformed message',
    () => {
      let isBroken = false;
      return {
        message(bytes, direction) {
          if (direction === 'toPeer' && bytes.byteLength === 1) isBroken = true;
          return isBroken && direction === 'toPeer' ? [] : undefined;
        },
      };
    },
    /no request after malformed messages came|opened no channel/,
  );
  serverFailsFor(
    'S20',
    'a channel is opened before the capabilities are answered',
    sendsPdu('DYNVC_CAPS_VERSION3', (pdu) => [
      pdu,
      { name: 'DYNVC_CREATE_REQ', channelId: 1, priority: 0, channelName: 'URBDRC' },
    ]),
    /opened before the capabilities were answered/,
  );
  serverFailsFor(
    'S20',
    'compressed data in version 1',
    serverSends('REGISTER_REQUEST_CALLBACK', (_, { channelId, faults }) => {
      faults.pdu({ name: 'DYNVC_DATA_COMPRESSED', channelId, data: Uint8Array.of(0xe0, 0x06, 1, 2, 3) });
      return undefined;
    }),
    /compressed/i,
  );
  serverFailsFor(
    'S21',
    'a PDU of more than 1600 bytes',
    serverSends('REGISTER_REQUEST_CALLBACK', (_, { channelId, faults }) => {
      const data = Uint8Array.from({ length: 1700 }, (__, index) => (index < 12 ? ([0, 0, 0, 0x40][index] ?? 1) : 0));
      faults.pdu({ name: 'DYNVC_DATA', channelId, data });
      return undefined;
    }),
    /a PDU of 1702 bytes came|cannot be read/,
    withoutProgram,
  );
  serverFailsFor(
    'S21',
    'a long write is not sent whole',
    serverSends('TRANSFER_OUT_REQUEST', (message) =>
      message.outputBuffer.byteLength > 2000
        ? { ...message, outputBuffer: new Uint8Array(message.outputBuffer.byteLength) }
        : undefined,
    ),
    /did not stay the same/,
  );
  serverFailsFor(
    'S21',
    'data with Sp bits is dropped',
    serverGets('RIM_EXCHANGE_CAPABILITY_RESPONSE', (_, { count }) => (count === 1 ? [] : undefined)),
    /no CHANNEL_CREATED after data with Sp 3 came/,
  );
});

/** Two faults that make one. */
function both(outward: Tampering, inward: Tampering): Tampering {
  return {
    message: (bytes, direction, channelId, faults) =>
      (direction === 'fromPeer' ? outward : inward).message?.(bytes, direction, channelId, faults),
  };
}
