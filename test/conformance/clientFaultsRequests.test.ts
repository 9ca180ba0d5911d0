import type { UrbCompletion, UrbCompletionNoData } from '../../codecs/urbdrc/requestCompletion.ts';
import { Hresult } from '../../codecs/urbdrc/status.ts';
import type { TsUrbResult } from '../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { babbling, shortWriting } from './devices.ts';
import { encoded, failsFor, gets, sends, sendsPdu } from './faults.ts';
import type { OwnClient } from './ownClient.ts';

const fx2: OwnClient = { redirects: () => [new OsrFx2()] };
const babbler: OwnClient = { redirects: () => [babbling()], traits: ['babbles'] };
const shortWriter: OwnClient = { redirects: () => [shortWriting()], traits: ['writesShort'] };

const COMPLETIONS = ['URB_COMPLETION', 'URB_COMPLETION_NO_DATA'] as const;
const SUCCESS: TsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 };

function noData(requestId: number, outputBufferSize = 0, interfaceId = 0x42): Uint8Array {
  const fields = { interfaceId, messageId: 0, requestId, tsUrbResult: SUCCESS, hResult: 0, outputBufferSize };
  return encoded({ name: 'URB_COMPLETION_NO_DATA', ...fields });
}

const withoutData = ({ outputBuffer, ...rest }: UrbCompletion): UrbCompletionNoData => ({
  ...rest,
  name: 'URB_COMPLETION_NO_DATA',
  outputBufferSize: outputBuffer.byteLength,
});

describe('a client that breaks a rule of completions', () => {
  failsFor(
    'C07',
    'a completion before it was told where',
    fx2,
    gets('TRANSFER_IN_REQUEST', ({ tsUrb }, { count, faults, channelId }) => {
      if (count === 1) faults.message(channelId, noData(tsUrb.requestId));
      return undefined;
    }),
    /URB_COMPLETION_NO_DATA came before REGISTER/,
  );
  failsFor(
    'C07',
    'on another interface',
    fx2,
    sends('URB_COMPLETION', (message) => ({ ...message, interfaceId: message.interfaceId + 1 })),
    /cannot be read/,
  );
  failsFor(
    'C07',
    'goes on after REGISTER_REQUEST_CALLBACK without RequestCompletion',
    fx2,
    gets('REGISTER_REQUEST_CALLBACK', (message) => (message.requestCompletion === undefined ? [] : undefined)),
    /NumRequestCompletion 0/,
  );
  failsFor(
    'C07',
    'ends what is pending at REGISTER_REQUEST_CALLBACK without RequestCompletion',
    fx2,
    gets('REGISTER_REQUEST_CALLBACK', (message, { faults, channelId }) => {
      if (message.requestCompletion === undefined) faults.message(channelId, noData(1, 0, 0x2a5));
      return undefined;
    }),
    /NumRequestCompletion 0/,
  );
  failsFor(
    'C08',
    'a request without completion',
    fx2,
    sends('URB_COMPLETION', (_, { count }) => (count === 7 ? [] : undefined)),
    /no completion of request/,
  );
  failsFor(
    'C08',
    'an IO control without completion',
    fx2,
    sends('IOCONTROL_COMPLETION', (_, { count }) => (count === 3 ? [] : undefined)),
    /no IOCONTROL_COMPLETION/,
  );
  failsFor(
    'C08',
    'two completions of one request',
    fx2,
    sends('URB_COMPLETION', (message, { count }) => (count === 9 ? [message, message] : undefined)),
    /although every request/,
  );
  failsFor(
    'C08',
    'another RequestId',
    fx2,
    sends('URB_COMPLETION_NO_DATA', (message, { count }) =>
      count === 2 ? { ...message, requestId: message.requestId + 9000 } : undefined,
    ),
    /no completion of request/,
  );
  failsFor(
    'C08',
    'the mask of a response',
    fx2,
    sends('URB_COMPLETION', (_, { bytes, count }) => (count === 5 ? (bytes.fill(0x80, 3, 4), bytes) : undefined)),
    /cannot be read|no completion of request/,
  );
  failsFor('C09', 'data without data', fx2, sends('URB_COMPLETION', withoutData), /URB_COMPLETION_NO_DATA, must be/);
  failsFor(
    'C09',
    'no data with data',
    fx2,
    sends('URB_COMPLETION_NO_DATA', ({ outputBufferSize, ...message }) => ({
      ...message,
      name: 'URB_COMPLETION',
      outputBuffer: new Uint8Array(outputBufferSize),
    })),
    /URB_COMPLETION, must be URB_COMPLETION_NO_DATA/,
  );
  failsFor(
    'C09',
    'a size for no data',
    fx2,
    sends('URB_COMPLETION_NO_DATA', (message) => ({ ...message, outputBufferSize: 4 })),
    /OutputBufferSize of .* is 4/,
  );
  failsFor(
    'C09',
    'more than was asked for',
    fx2,
    gets('TRANSFER_IN_REQUEST', (message) => ({
      ...message,
      outputBufferSize: message.outputBufferSize === 8 ? 18 : message.outputBufferSize,
    })),
    /18 \(0x12\), must be 8/,
  );
  const written = (fault: string, client: OwnClient, size: number, reason: RegExp) =>
    failsFor(
      'C10',
      fault,
      client,
      sends('URB_COMPLETION_NO_DATA', (message) =>
        message.outputBufferSize > 0 ? { ...message, outputBufferSize: size } : undefined,
      ),
      reason,
    );
  written('more than was sent', fx2, 38, /38 of 37/);
  written('no count', fx2, 0, /is 0, must be 37/);
  written('all, although the device took less', shortWriter, 37, /took fewer/);
  failsFor(
    'C10',
    'data for an OUT request',
    fx2,
    sends('URB_COMPLETION_NO_DATA', ({ outputBufferSize, ...message }) =>
      outputBufferSize === 0
        ? undefined
        : { ...message, name: 'URB_COMPLETION', outputBuffer: new Uint8Array(outputBufferSize) },
    ),
    /must be URB_COMPLETION_NO_DATA/,
  );
  failsFor(
    'C11',
    'the channel stays open',
    babbler,
    sendsPdu('DYNVC_CLOSE', () => []),
    /not closed/,
  );
  failsFor(
    'C11',
    'everything is passed on',
    babbler,
    gets('TRANSFER_IN_REQUEST', (message, { faults, channelId }) => {
      const { requestId, urbFunction } = message.tsUrb;
      const fields = { interfaceId: 0x42, messageId: 0, requestId, tsUrbResult: SUCCESS, hResult: 0 };
      const outputBuffer = new Uint8Array(message.outputBufferSize + 7);
      if (urbFunction === 9) faults.message(channelId, encoded({ name: 'URB_COMPLETION', ...fields, outputBuffer }));
      return undefined;
    }),
    /URB_COMPLETION came/,
  );
  failsFor(
    'C11',
    'too much is passed on',
    fx2,
    gets('TRANSFER_IN_REQUEST', (message) =>
      message.outputBufferSize === 5 ? { ...message, outputBufferSize: 64 } : undefined,
    ),
    /13 bytes came although 5/,
  );
  failsFor(
    'C11',
    'what was too much is cut off',
    fx2,
    sends(COMPLETIONS, (message, { count }) =>
      count > 3 && message.tsUrbResult.usbdStatus !== 0
        ? { ...message, name: 'URB_COMPLETION', tsUrbResult: SUCCESS, hResult: 0, outputBuffer: new Uint8Array(5) }
        : undefined,
    ),
    /no completion|the request succeeded/,
  );
  failsFor(
    'C20',
    'RequestId 0 is none',
    fx2,
    gets('TRANSFER_IN_REQUEST', (message) => (message.tsUrb.requestId === 0 ? [] : undefined)),
    /no completion of request 0/,
  );
  const seen = () => {
    const ids = new Set<number>();
    return gets('TRANSFER_IN_REQUEST', ({ tsUrb: { requestId } }) => {
      if (ids.has(requestId)) return [];
      ids.add(requestId);
      return undefined;
    });
  };
  failsFor('C20', 'an id is good once', fx2, seen(), /no completion of request 0/);
  failsFor(
    'C20',
    'IO controls do not take 0',
    fx2,
    gets('IO_CONTROL', () => []),
    /no IOCONTROL_COMPLETION of request 0/,
  );
});

const { ERROR_GEN_FAILURE } = Hresult;
const IN_ORDER = {
  portStatus: 1,
  hubCount: 2,
  hubName: 3,
  busInfo: 4,
  controllerName: 5,
  resetPort: 6,
  tooSmall: 7,
  cyclePort: 9,
};

describe('a client that breaks a rule of IO controls', () => {
  type Change = Parameters<typeof sends<'IOCONTROL_COMPLETION'>>[1];
  const answers = (id: string, fault: string, nth: number, change: Change, reason: RegExp) =>
    failsFor(
      id,
      fault,
      fx2,
      sends('IOCONTROL_COMPLETION', (message, passing) =>
        passing.count === nth ? change(message, passing) : undefined,
      ),
      reason,
    );
  const buffer = (size: number) => ({ information: size, outputBuffer: new Uint8Array(size) });
  answers('C12', 'Information is another size', 1, (each) => ({ ...each, information: 0 }), /Information of .* is 0/);
  answers('C12', 'a port status of 3 bytes', 1, (each) => ({ ...each, ...buffer(3) }), /is 3, must be 4/);
  answers('C12', 'a hub count of 8 bytes', IN_ORDER.hubCount, (each) => ({ ...each, ...buffer(8) }), /8 bytes came/);
  answers('C12', 'no hub name', IN_ORDER.hubName, () => [], /no IOCONTROL_COMPLETION/);
  answers('C12', 'half a bus info', IN_ORDER.busInfo, (each) => ({ ...each, ...buffer(8) }), /is 8, must be 16/);
  answers('C12', 'a name beyond its room', 5, (each) => ({ ...each, ...buffer(300) }), /300 \(0x12c\)|300 bytes came/);
  answers('C12', 'output of a reset', IN_ORDER.resetPort, (each) => ({ ...each, ...buffer(1) }), /1 bytes came/);
  answers(
    'C12',
    'a failure with bytes',
    IN_ORDER.hubCount,
    (each) => ({ ...each, hResult: ERROR_GEN_FAILURE }),
    /that failed/,
  );
  answers(
    'C12',
    'success although there was no room',
    IN_ORDER.tooSmall,
    (each) => ({ ...each, hResult: 0, information: 3 }),
    /too small succeeded/,
  );
  answers(
    'C12',
    'what is needed is not told',
    IN_ORDER.tooSmall,
    (each) => ({ ...each, information: 3 }),
    /Information of .* is 3, must be 4/,
  );
  answers(
    'C12',
    'the device leaves before it answers',
    IN_ORDER.cyclePort,
    () => [],
    /IOCONTROL_COMPLETION of request/,
  );
  answers('C12', 'output of a cycled port', IN_ORDER.cyclePort, (each) => ({ ...each, ...buffer(1) }), /1 bytes came/);
  answers('C13', 'silence', 1, () => [], /no IOCONTROL_COMPLETION/);
  answers('C13', 'success', 2, (each) => ({ ...each, hResult: 0 }), /unknown code got HResult/);
  answers('C13', 'output', 1, (each) => ({ ...each, ...buffer(4) }), /OutputBufferSize of an unknown code/);
  answers('C14', 'a bus time of 2 bytes', 1, (each) => ({ ...each, ...buffer(2) }), /is 2, must be 4/);
  answers('C14', 'no bus time', 1, (each) => ({ ...each, hResult: ERROR_GEN_FAILURE }), /QUERY_BUS_TIME failed/);
  failsFor(
    'C14',
    'a bus time that stands still',
    fx2,
    sends('IOCONTROL_COMPLETION', (message) => ({ ...message, outputBuffer: Uint8Array.of(9, 9, 0, 0) })),
    /the bus time counted 0/,
  );
  failsFor(
    'C14',
    'a bus time in other units',
    fx2,
    sends('IOCONTROL_COMPLETION', (message) => {
      const outputBuffer = new Uint8Array(4);
      const time = Buffer.from(message.outputBuffer).readUInt32LE();
      Buffer.from(outputBuffer.buffer).writeUInt32LE(time * 8);
      return { ...message, outputBuffer };
    }),
    /the bus time counted/,
  );
  failsFor(
    'C14',
    'a frame number of another clock',
    fx2,
    sends('URB_COMPLETION_NO_DATA', (message) => {
      const { tsUrbResult } = message;
      if (tsUrbResult.name !== 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT') return undefined;
      return { ...message, tsUrbResult: { ...tsUrbResult, frameNumber: tsUrbResult.frameNumber + 5000 } };
    }),
    /just after frame number/,
  );
});

describe('a client that breaks a rule of device texts', () => {
  const TEXT = 'QUERY_DEVICE_TEXT_RSP';
  type Change = Parameters<typeof sends<typeof TEXT>>[1];
  const answers = (fault: string, change: Change, reason: RegExp) =>
    failsFor('C15', fault, fx2, sends(TEXT, change), reason);
  answers('no answer', () => [], /no QUERY_DEVICE_TEXT_RSP/);
  answers('another MessageId', (message) => ({ ...message, messageId: 1 }), /MessageId of QUERY_DEVICE_TEXT_RSP is 1/);
  answers('another interface', (message) => ({ ...message, interfaceId: 9 }), /InterfaceId of QUERY_DEVICE_TEXT_RSP/);
  answers('an empty text', (message) => ({ ...message, deviceDescription: '' }), /is empty/);
  answers(
    'no location',
    (message, { count }) => (count === 2 ? { ...message, hResult: ERROR_GEN_FAILURE } : undefined),
    /HResult for TextType 1/,
  );
  answers('text of an unknown type', (message) => ({ ...message, hResult: 0 }), /unknown TextType/);
  answers('twice', (message, { count }) => (count === 4 ? [message, message] : undefined), /although every text/);
  answers('the mask of a request', (_, { bytes }) => (bytes.fill(0x40, 3, 4), bytes), /cannot be read|no QUERY_DEVICE/);
  answers(
    'a text without its NUL',
    (_, { bytes }) => {
      const size = bytes.byteLength;
      bytes.fill(0x41, size - 6, size - 5);
      return bytes;
    },
    /last character of DeviceDescription/,
  );
});
