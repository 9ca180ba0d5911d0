import type { UrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import { encoded, sendsPdu } from './faults.ts';
import { serverFailsFor, serverGets, serverSends } from './serverFaults.ts';

const created: UrbdrcMessage = {
  name: 'CHANNEL_CREATED',
  interfaceId: 2,
  messageId: 0,
  majorVersion: 1,
  minorVersion: 0,
  capabilities: 0,
};
const CONTROL = 1;
const ADD_VIRTUAL_CHANNEL_SIZE = 12;

describe('a server that breaks a rule of the opening or of announcements', () => {
  serverFailsFor(
    'S01',
    'CHANNEL_CREATED before the capability exchange',
    serverSends('RIM_EXCHANGE_CAPABILITY_REQUEST', (message) => [created, message]),
    /the first message of a channel is CHANNEL_CREATED/,
  );
  serverFailsFor(
    'S01',
    'no capability exchange on a device channel',
    serverSends('RIM_EXCHANGE_CAPABILITY_REQUEST', (_, { channelId }) => (channelId === CONTROL ? undefined : created)),
    /the first message of a channel is CHANNEL_CREATED/,
  );
  serverFailsFor(
    'S01',
    'version 1.1',
    serverSends('CHANNEL_CREATED', (message) => ({ ...message, minorVersion: 1 })),
    /MinorVersion is 1/,
  );
  serverFailsFor(
    'S01',
    'on the interface of the client',
    serverSends('CHANNEL_CREATED', (message) => ({ ...message, interfaceId: 3 })),
    /cannot be read|InterfaceId of CHANNEL_CREATED is 3/,
  );
  serverFailsFor(
    'S02',
    'another version is taken',
    serverGets('RIM_EXCHANGE_CAPABILITY_RESPONSE', (message) => ({ ...message, capabilityValue: 1 })),
    /CHANNEL_CREATED came after a capability response with capability version 2/,
  );
  serverFailsFor(
    'S02',
    'a failure is taken',
    serverGets('RIM_EXCHANGE_CAPABILITY_RESPONSE', (message) => ({ ...message, result: 0 })),
    /CHANNEL_CREATED came after a capability response with a failure/,
  );
  serverFailsFor(
    'S03',
    'another version is taken',
    serverGets('CHANNEL_CREATED', (message) => ({ ...message, majorVersion: 1 })),
    /not closed .* MajorVersion 0/,
  );
  serverFailsFor(
    'S03',
    'a later version is taken on a device channel',
    serverGets('CHANNEL_CREATED', (message, { channelId }) =>
      channelId === CONTROL || message.majorVersion !== 2 ? undefined : { ...message, majorVersion: 1 },
    ),
    /not closed .* MajorVersion 2/,
  );
  serverFailsFor(
    'S03',
    'the connection ends, not the channel',
    sendsPdu('DYNVC_CLOSE', () => []),
    /no DYNVC_CLOSE/,
  );
  serverFailsFor(
    'S04',
    'one request is overlooked',
    serverGets('ADD_VIRTUAL_CHANNEL', (_, { count }) => (count === 2 ? [] : undefined)),
    /opened no channel/,
  );
  serverFailsFor(
    'S04',
    'two channels for one request',
    serverGets('ADD_VIRTUAL_CHANNEL', (message, { count }) => (count === 3 ? [message, message] : undefined)),
    /opened a channel beside the 3/,
  );
  serverFailsFor(
    'S05',
    'a request on a device channel is ignored',
    serverGets('ADD_VIRTUAL_CHANNEL', (_, { channelId }) => (channelId === CONTROL ? undefined : [])),
    /not closed .* after ADD_VIRTUAL_CHANNEL on a device channel/,
  );
  serverFailsFor(
    'S05',
    'a request with the mask 3 is taken',
    () => ({
      message: (bytes, direction) =>
        direction === 'toPeer' && bytes.byteLength === ADD_VIRTUAL_CHANNEL_SIZE && bytes[3] === 0xc0
          ? [encoded({ name: 'ADD_VIRTUAL_CHANNEL', interfaceId: 1, messageId: 0 })]
          : undefined,
    }),
    /opened a channel for an ADD_VIRTUAL_CHANNEL with the mask 3/,
  );
  serverFailsFor(
    'S06',
    'a device without hardware ids is not taken',
    serverGets('ADD_DEVICE', (message) => (message.hardwareIds.length === 0 ? [] : undefined)),
    /no REGISTER_REQUEST_CALLBACK came/,
  );
  serverFailsFor(
    'S06',
    'a device is registered on another interface',
    serverSends('REGISTER_REQUEST_CALLBACK', (message) => ({ ...message, interfaceId: 0x99 })),
    /InterfaceId of REGISTER_REQUEST_CALLBACK for an ADD_DEVICE as Windows writes it is 153/,
  );
  serverFailsFor(
    'S07',
    'the second announcement is answered',
    serverGets('ADD_DEVICE', (message, { channelId, count, faults }) => {
      if (count === 1) return undefined;
      const { usbDevice: interfaceId } = message;
      const registration = { name: 'REGISTER_REQUEST_CALLBACK', interfaceId, messageId: 9, requestCompletion: 0x10 };
      faults.message(channelId, encoded(registration as UrbdrcMessage));
      return [];
    }),
    /answered with REGISTER_REQUEST_CALLBACK/,
  );
  serverFailsFor(
    'S07',
    'the second announcement ends the device',
    serverGets('ADD_DEVICE', (_, { channelId, count, faults }) => {
      if (count === 2) faults.pdu({ name: 'DYNVC_CLOSE', channelId });
      return undefined;
    }),
    /did not stay open after a second ADD_DEVICE/,
  );
  serverFailsFor(
    'S08',
    'two registrations',
    serverSends('REGISTER_REQUEST_CALLBACK', (message) => [message, message]),
    /the number of REGISTER_REQUEST_CALLBACK .* is 2/,
  );
  serverFailsFor(
    'S08',
    'a request before the registration',
    serverSends('REGISTER_REQUEST_CALLBACK', (message) => [
      {
        name: 'IO_CONTROL',
        interfaceId: message.interfaceId,
        messageId: 0,
        ioControlCode: 0x0022_0007,
        inputBuffer: new Uint8Array(0),
        outputBufferSize: 0,
        requestId: 77,
      },
      message,
    ]),
    /IO_CONTROL came before REGISTER_REQUEST_CALLBACK/,
  );
});
