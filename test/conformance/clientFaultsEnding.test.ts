import { InterfaceId } from '../../codecs/urbdrc/header.ts';
import { UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { all, encoded, failsFor, gets, sends, sendsPdu } from './faults.ts';
import type { OwnClient } from './ownClient.ts';
import type { Faults, Tampering } from './tamper.ts';
import { decodeServerMessage } from '../../codecs/urbdrc/decode.ts';

const fx2: OwnClient = { redirects: () => [new OsrFx2()] };
const two: OwnClient = { redirects: () => [new OsrFx2(), new HidKeyboard()] };
const unpluggable: OwnClient = {
  ...fx2,
  unplug: (devices) => devices.forEach((device) => device instanceof OsrFx2 && device.unplug()),
};

const BULK = UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER;
const COMPLETIONS = ['URB_COMPLETION', 'URB_COMPLETION_NO_DATA'] as const;
/** The channels, and where the completions of the first device go. */
const [CONTROL, DEVICE, SECOND] = [1, 2, 3];
const COMPLETION_ID = 0x40 + DEVICE;

const succeededWith = (requestId: number) =>
  encoded({
    name: 'URB_COMPLETION_NO_DATA',
    interfaceId: COMPLETION_ID,
    messageId: 0,
    requestId,
    tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 },
    hResult: 0,
    outputBufferSize: 0,
  });

/** The id of the transfer that started last. */
function lastTransfer(then: (faults: Faults, requestId: number, name: string) => void): () => Tampering {
  return () => {
    let last = 0;
    return all(
      gets('TRANSFER_IN_REQUEST', ({ tsUrb }) => {
        if (tsUrb.urbFunction === BULK) last = tsUrb.requestId;
        return undefined;
      }),
      gets(['CANCEL_REQUEST', 'RETRACT_DEVICE'], ({ name }, { faults }) => {
        then(faults, last, name);
        return undefined;
      }),
    )();
  };
}

describe('a client that breaks a rule of cancelling', () => {
  failsFor(
    'C28',
    'nothing is cancelled',
    fx2,
    gets('CANCEL_REQUEST', () => []),
    /got the data that the device sent next/,
  );
  failsFor(
    'C28',
    'any CANCEL_REQUEST is for all',
    fx2,
    () => {
      let pending = 0;
      return all(
        gets('TRANSFER_IN_REQUEST', ({ tsUrb }) => {
          if (tsUrb.urbFunction === BULK) pending = tsUrb.requestId;
          return undefined;
        }),
        gets('CANCEL_REQUEST', (message) => ({ ...message, interfaceId: 5, requestId: pending })),
      )();
    },
    /for others ended|concerns nothing/,
  );
  failsFor(
    'C28',
    'two completions',
    fx2,
    sends(COMPLETIONS, (message) => (message.tsUrbResult.usbdStatus === 0 ? undefined : [message, message])),
    /although the cancelled request/,
  );
  failsFor(
    'C28',
    'a cancelled request succeeds',
    fx2,
    sends(COMPLETIONS, (message) =>
      message.tsUrbResult.usbdStatus === 0 ? undefined : succeededWith(message.requestId),
    ),
    /for which there was no data, succeeded/,
  );
  failsFor(
    'C28',
    'an unknown request ends the channel',
    fx2,
    gets('CANCEL_REQUEST', (_, { faults }) => {
      faults.pdu({ name: 'DYNVC_CLOSE', channelId: DEVICE });
      return undefined;
    }),
    /the peer closed the channel/,
  );
  failsFor(
    'C28',
    'a completion for each CANCEL_REQUEST',
    fx2,
    lastTransfer((faults, requestId, name) => {
      if (name === 'CANCEL_REQUEST') faults.message(DEVICE, succeededWith(requestId + 500));
    }),
    /concerns nothing/,
  );
});

describe('a client that breaks a rule of ends', () => {
  const closesToo = (channelId: number) =>
    sendsPdu('DYNVC_CLOSE', (pdu) =>
      pdu.channelId === DEVICE ? [pdu, { name: 'DYNVC_CLOSE', channelId }] : undefined,
    );
  const closesNothing = sendsPdu('DYNVC_CLOSE', () => []);
  failsFor('C29', 'the channel stays', fx2, closesNothing, /not closed .* after RETRACT_DEVICE/);
  failsFor('C29', 'the control channel goes too', fx2, closesToo(CONTROL), /did not stay open/);
  failsFor('C29', 'another device goes too', two, closesToo(SECOND), /the peer closed the channel/);
  failsFor(
    'C29',
    'what was pending succeeds',
    fx2,
    lastTransfer((faults, requestId) => faults.message(DEVICE, succeededWith(requestId))),
    /a request that was pending succeeded/,
  );
  failsFor(
    'C29',
    'the device says something more',
    fx2,
    gets('RETRACT_DEVICE', (_, { faults }) => {
      faults.message(DEVICE, encoded({ name: 'ADD_VIRTUAL_CHANNEL', interfaceId: 1, messageId: 0 }));
      return undefined;
    }),
    /ADD_VIRTUAL_CHANNEL came from a retracted device/,
  );
  failsFor('C31', 'the channel stays', unpluggable, closesNothing, /not closed .* although the device was unplugged/);
  failsFor('C31', 'the control channel goes too', unpluggable, closesToo(CONTROL), /did not stay open/);
  failsFor(
    'C31',
    'what was pending succeeds',
    unpluggable,
    () => {
      let last = 0;
      return all(
        gets('TRANSFER_IN_REQUEST', ({ tsUrb }) => {
          if (tsUrb.urbFunction === BULK) last = tsUrb.requestId;
          return undefined;
        }),
        sendsPdu('DYNVC_CLOSE', (pdu, faults) => {
          faults.message(DEVICE, succeededWith(last));
          setImmediate(() => faults.pdu(pdu));
          return [];
        }),
      )();
    },
    /a request that was pending succeeded/,
  );
  failsFor(
    'C32',
    'a release of the device ends it',
    fx2,
    gets('RIMCALL_RELEASE', ({ interfaceId }, { faults, channelId }) => {
      if (interfaceId === COMPLETION_ID) faults.pdu({ name: 'DYNVC_CLOSE', channelId });
      return undefined;
    }),
    /did not stay open after RIMCALL_RELEASE/,
  );
  failsFor(
    'C32',
    'a release of the sink ends the control channel',
    fx2,
    gets('RIMCALL_RELEASE', ({ interfaceId }, { faults, channelId }) => {
      const isSink = interfaceId === InterfaceId.DEVICE_SINK && channelId === CONTROL;
      if (isSink) faults.pdu({ name: 'DYNVC_CLOSE', channelId });
      return undefined;
    }),
    /did not stay open after RIMCALL_RELEASE/,
  );
  failsFor(
    'C32',
    'a release is answered',
    fx2,
    gets('RIMCALL_RELEASE', ({ interfaceId, messageId, mask }, { faults, channelId }) => {
      if (interfaceId === InterfaceId.CHANNEL_NOTIFICATION_CLIENT) {
        faults.message(channelId, encoded({ name: 'QI_RSP', interfaceId, messageId, mask }));
      }
      return undefined;
    }),
    /cannot be read|QI_RSP came for RIMCALL_RELEASE/,
  );
  failsFor(
    'C32',
    'nothing works after a release',
    fx2,
    () => {
      let isReleased = false;
      return all(
        gets('RIMCALL_RELEASE', ({ interfaceId }) => {
          isReleased ||= interfaceId === COMPLETION_ID;
          return undefined;
        }),
        gets('TRANSFER_IN_REQUEST', () => (isReleased ? [] : undefined)),
      )();
    },
    /no completion/,
  );
});

/** Acts on messages that nobody can read. */
function onMalformed(act: (faults: Faults, bytes: Uint8Array, channelId: number) => readonly Uint8Array[] | undefined) {
  return (): Tampering => ({
    message(bytes, direction, channelId, faults) {
      if (direction === 'fromPeer') return undefined;
      try {
        decodeServerMessage(bytes);
        return undefined;
      } catch {
        return act(faults, bytes, channelId);
      }
    },
  });
}

describe('a client that breaks the rule of malformed messages', () => {
  failsFor(
    'C30',
    'the channel is closed',
    fx2,
    onMalformed((faults, _, channelId) => {
      if (channelId === DEVICE) faults.pdu({ name: 'DYNVC_CLOSE', channelId });
      return undefined;
    }),
    /did not stay open|the peer closed/,
  );
  failsFor(
    'C30',
    'the control channel is closed',
    fx2,
    onMalformed((faults, _, channelId) => {
      if (channelId === CONTROL) faults.pdu({ name: 'DYNVC_CLOSE', channelId });
      return undefined;
    }),
    /did not stay open/,
  );
  failsFor(
    'C30',
    'a message that was cut is taken for whole',
    fx2,
    onMalformed((_, bytes) =>
      bytes.byteLength === 15 && bytes[8] === 7 ? [Uint8Array.from([...bytes, 0])] : undefined,
    ),
    /did not stay open|the peer closed/,
  );
  failsFor(
    'C30',
    'it is answered',
    fx2,
    onMalformed((faults, bytes, channelId) => {
      const text = encoded({
        name: 'QUERY_DEVICE_TEXT_RSP',
        interfaceId: 5,
        messageId: 1,
        deviceDescription: 'x',
        hResult: 0,
      });
      if (bytes.byteLength === 19) faults.message(channelId, text);
      return undefined;
    }),
    /QUERY_DEVICE_TEXT_RSP came/,
  );
  failsFor(
    'C30',
    'nothing works afterwards',
    fx2,
    () => {
      let isHurt = false;
      return all(
        onMalformed(() => {
          isHurt = true;
          return undefined;
        }),
        gets('TRANSFER_IN_REQUEST', () => (isHurt ? [] : undefined)),
      )();
    },
    /no completion/,
  );
});
