import type { SetupPacket } from '../../codecs/usb/setupPacket.ts';
import type { UrbCompletion, UrbCompletionNoData } from '../../codecs/urbdrc/requestCompletion.ts';
import { Hresult, UsbdStatus } from '../../codecs/urbdrc/status.ts';
import { UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type {
  InterfaceInformationResult,
  PipeInformationResult,
} from '../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import type { TsUrbResult } from '../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { ServerMessage } from '../../codecs/urbdrc/decode.ts';
import { GadgetZero } from '../../src/devices/virtual/gadgetZero.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { hanging, lossy, OsDescriptorDevice, SetupEchoDevice } from './devices.ts';
import { all, encoded, failsFor, gets, type Replacement, sends } from './faults.ts';
import type { OwnClient } from './ownClient.ts';
import type { Tampering } from './tamper.ts';

const fx2: OwnClient = { redirects: () => [new OsrFx2()] };
const gadget: OwnClient = { redirects: (clock) => [new GadgetZero({ clock })] };
const echo: OwnClient = { redirects: () => [new SetupEchoDevice()], traits: ['echoesSetup'] };
const hanger: OwnClient = { redirects: (clock) => [hanging(clock)], traits: ['hangs'] };

const COMPLETIONS = ['URB_COMPLETION', 'URB_COMPLETION_NO_DATA'] as const;
type Completion = UrbCompletion | UrbCompletionNoData;
type InRequest = Extract<ServerMessage, { name: 'TRANSFER_IN_REQUEST' }>;

const FAILURE = { tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: UsbdStatus.USBD_STATUS_STALL_PID }, hResult: Hresult.ERROR_GEN_FAILURE } as const; // prettier-ignore
const SUCCESS = { tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 }, hResult: 0 } as const;

/** The client answers requests of one function otherwise. `nth` counts these answers. */
function answers(
  functions: number | readonly number[],
  change: (completion: Completion, nth: number) => Replacement,
): () => Tampering {
  const wanted = typeof functions === 'number' ? [functions] : functions;
  return () => {
    const ids = new Set<number>();
    let nth = 0;
    return all(
      gets(['TRANSFER_IN_REQUEST', 'TRANSFER_OUT_REQUEST'], ({ tsUrb }) => {
        if (wanted.includes(tsUrb.urbFunction)) ids.add(tsUrb.requestId);
        return undefined;
      }),
      sends(COMPLETIONS, (message) => {
        if (!ids.delete(message.requestId)) return undefined;
        nth += 1;
        return change(message, nth);
      }),
    )();
  };
}

const results = (functions: number, change: (result: TsUrbResult) => TsUrbResult) =>
  answers(functions, (message) => ({ ...message, tsUrbResult: change(message.tsUrbResult) }));

const { URB_FUNCTION_SELECT_CONFIGURATION: SELECT_CONFIGURATION, URB_FUNCTION_SELECT_INTERFACE: SELECT_INTERFACE } = UrbFunction; // prettier-ignore
const { URB_FUNCTION_ABORT_PIPE: ABORT, URB_FUNCTION_GET_CONFIGURATION: GET_CONFIGURATION } = UrbFunction;
const RESET = UrbFunction.URB_FUNCTION_SYNC_RESET_PIPE;
const RESET_AND_CLEAR = UrbFunction.URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL;
const BULK = UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER;
const ISOCH = UrbFunction.URB_FUNCTION_ISOCH_TRANSFER;
const CONTROL_EX = UrbFunction.URB_FUNCTION_CONTROL_TRANSFER_EX;
const OS_FEATURE = UrbFunction.URB_FUNCTION_GET_MS_FEATURE_DESCRIPTOR;

describe('a client that breaks a rule of selection', () => {
  const selects = (
    fault: string,
    change: (each: InterfaceInformationResult) => InterfaceInformationResult,
    reason: RegExp,
  ) =>
    failsFor(
      'C16',
      fault,
      fx2,
      results(SELECT_CONFIGURATION, (result) =>
        result.name === 'TS_URB_SELECT_CONFIGURATION_RESULT'
          ? { ...result, interfaces: result.interfaces.map(change) }
          : result,
      ),
      reason,
    );
  const pipes = (fault: string, change: Partial<PipeInformationResult>, reason: RegExp) =>
    selects(
      fault,
      (each) => ({ ...each, pipes: each.pipes.map((pipe, index) => (index === 1 ? { ...pipe, ...change } : pipe)) }),
      reason,
    );
  selects('another interface', (each) => ({ ...each, interfaceNumber: 1 }), /InterfaceNumber is 1/);
  selects('another alternate setting', (each) => ({ ...each, alternateSetting: 1 }), /AlternateSetting/);
  selects('another class', (each) => ({ ...each, class: 3 }), /Class of/);
  selects('another subclass', (each) => ({ ...each, subClass: 3 }), /SubClass of/);
  selects('another protocol', (each) => ({ ...each, protocol: 3 }), /Protocol of/);
  selects('a pipe less', (each) => ({ ...each, pipes: each.pipes.slice(1) }), /NumberOfPipes/);
  selects(
    'pipes in another order',
    (each) => ({ ...each, pipes: [...each.pipes].reverse() }),
    /EndpointAddress of pipe 0/,
  );
  selects(
    'one handle for all pipes',
    (each) => ({ ...each, pipes: each.pipes.map((pipe) => ({ ...pipe, pipeHandle: 7 })) }),
    /different pipe handles/,
  );
  pipes('another endpoint', { endpointAddress: 7 }, /EndpointAddress of pipe 1/);
  pipes('another type', { pipeType: 3 }, /PipeType of pipe 1/);
  pipes('another interval', { interval: 5 }, /Interval of pipe 1/);
  pipes('another packet size', { maximumPacketSize: 64 }, /MaximumPacketSize of pipe 1/);
  failsFor(
    'C16',
    'no interfaces',
    fx2,
    results(SELECT_CONFIGURATION, (result) =>
      result.name === 'TS_URB_SELECT_CONFIGURATION_RESULT' ? { ...result, interfaces: [] } : result,
    ),
    /NumInterfaces is 0/,
  );
  failsFor(
    'C16',
    'a bare result',
    fx2,
    results(SELECT_CONFIGURATION, () => SUCCESS.tsUrbResult),
    /cannot be read/,
  );
  failsFor(
    'C16',
    'failure',
    fx2,
    answers(SELECT_CONFIGURATION, (each) => ({ ...each, ...FAILURE })),
    /SELECT_CONFIGURATION failed/,
  );

  const padded = (fault: string, urbFunction: number, instead: (message: InRequest) => Replacement, reason: RegExp) =>
    failsFor(
      'C17',
      fault,
      fx2,
      gets('TRANSFER_IN_REQUEST', (message, { bytes }) =>
        message.tsUrb.urbFunction === urbFunction && !Buffer.from(encoded(message)).equals(bytes)
          ? instead(message)
          : undefined,
      ),
      reason,
    );
  const STATUS = UrbFunction.URB_FUNCTION_GET_STATUS_FROM_DEVICE;
  padded('padding in a selection is refused', SELECT_CONFIGURATION, () => [], /no completion/);
  padded('padding in GET_STATUS is refused', STATUS, () => [], /no completion/);
  padded('padding in GET_INTERFACE is refused', UrbFunction.URB_FUNCTION_GET_INTERFACE, () => [], /no completion/);
  padded(
    'padding is taken for a value',
    STATUS,
    (message) => ({
      ...message,
      tsUrb: { ...message.tsUrb, index: 0xa4a5 } as InRequest['tsUrb'],
      outputBufferSize: 1,
    }),
    /with padding gave another answer/,
  );

  const withoutDescriptor = ({ tsUrb }: InRequest) =>
    tsUrb.name === 'TS_URB_SELECT_CONFIGURATION' && tsUrb.configurationDescriptor === undefined;
  failsFor(
    'C18',
    'not answered',
    fx2,
    gets('TRANSFER_IN_REQUEST', (message) => (withoutDescriptor(message) ? [] : undefined)),
    /no completion/,
  );
  failsFor(
    'C18',
    'nothing happens',
    fx2,
    answers(GET_CONFIGURATION, (each) => ({ ...each, name: 'URB_COMPLETION', outputBuffer: Uint8Array.of(1) })),
    /current configuration .* is 1, must be 0/,
  );
  failsFor(
    'C18',
    'pipes stay good',
    fx2,
    answers(ABORT, (each) => ({ ...each, ...SUCCESS })),
    /a PIPE_REQUEST for a pipe of the configuration that was left succeeded/,
  );
  failsFor(
    'C18',
    'it can not be selected again',
    fx2,
    answers(SELECT_CONFIGURATION, (each, nth) => (nth === 3 ? { ...each, ...FAILURE } : undefined)),
    /SELECT_CONFIGURATION failed/,
  );
  failsFor(
    'C19',
    'another endpoint',
    gadget,
    results(SELECT_INTERFACE, (result) =>
      result.name === 'TS_URB_SELECT_INTERFACE_RESULT'
        ? {
            ...result,
            interface: {
              ...result.interface,
              pipes: result.interface.pipes.map((pipe) => ({ ...pipe, endpointAddress: 9 })),
            },
          }
        : result,
    ),
    /EndpointAddress/,
  );
  failsFor(
    'C19',
    'the old setting',
    gadget,
    gets('TRANSFER_IN_REQUEST', (message) => {
      const { tsUrb } = message;
      if (tsUrb.name !== 'TS_URB_SELECT_INTERFACE') return undefined;
      return { ...message, tsUrb: { ...tsUrb, interface: { ...tsUrb.interface, alternateSetting: 0 } } };
    }),
    /AlternateSetting of interface 0 is 0, must be 1/,
  );
  failsFor(
    'C19',
    'old pipes stay good',
    fx2,
    answers(ABORT, (each) => ({ ...each, ...SUCCESS })),
    /that the interface had before succeeded/,
  );
  failsFor(
    'C19',
    'new pipes are no good',
    fx2,
    answers(ABORT, (each) => ({ ...each, ...FAILURE })),
    /ABORT_PIPE for a new pipe failed/,
  );
});

describe('a client that breaks a rule of pipes', () => {
  failsFor(
    'C21',
    'a reset is not answered',
    fx2,
    answers(RESET, () => []),
    /no completion/,
  );
  failsFor(
    'C21',
    'a reset fails',
    fx2,
    answers(RESET_AND_CLEAR, (each) => ({ ...each, ...FAILURE })),
    /RESET_PIPE_AND_CLEAR_STALL .* failed/,
  );
  failsFor(
    'C21',
    'an abort is not answered',
    fx2,
    answers(ABORT, () => []),
    /no completion/,
  );
  failsFor(
    'C21',
    'the halt stays',
    fx2,
    gets('TRANSFER_IN_REQUEST', (message) => {
      const { tsUrb } = message;
      const isReset = tsUrb.name === 'TS_URB_PIPE_REQUEST' && tsUrb.urbFunction === RESET_AND_CLEAR;
      const urbFunction = UrbFunction.URB_FUNCTION_GET_CURRENT_FRAME_NUMBER;
      const { requestId, noAck } = tsUrb;
      const nothing = { name: 'TS_URB_GET_CURRENT_FRAME_NUMBER', urbFunction, requestId, noAck } as const;
      return isReset ? { ...message, tsUrb: nothing } : undefined;
    }),
    /still halted|cannot be read/,
  );
  failsFor(
    'C21',
    'what was aborted is never completed',
    fx2,
    answers(BULK, (each) => (each.tsUrbResult.usbdStatus === 0 ? undefined : [])),
    /no completion/,
  );
  failsFor(
    'C21',
    'what was aborted has another status',
    fx2,
    answers(BULK, (each) => (each.tsUrbResult.usbdStatus === 0 ? undefined : { ...each, ...FAILURE })),
    /UsbdStatus of the aborted transfer/,
  );
  failsFor(
    'C21',
    'an abort is for all pipes',
    fx2,
    all(
      (() => {
        const handles = new Set<number>();
        return gets('TRANSFER_IN_REQUEST', (message, { faults, channelId }) => {
          const { tsUrb } = message;
          if (tsUrb.name === 'TS_URB_BULK_OR_INTERRUPT_TRANSFER') handles.add(tsUrb.requestId);
          if (tsUrb.name !== 'TS_URB_PIPE_REQUEST' || tsUrb.urbFunction !== ABORT) return undefined;
          const last = [...handles].at(-1) ?? 0;
          const fields = { interfaceId: 0x42, messageId: 0, requestId: last, outputBufferSize: 0 };
          faults.message(channelId, encoded({ name: 'URB_COMPLETION_NO_DATA', ...fields, ...FAILURE }));
          return undefined;
        });
      })(),
    ),
    /ended a transfer of another pipe/,
  );
  failsFor(
    'C25',
    'other bytes',
    fx2,
    answers(BULK, (each) =>
      each.name === 'URB_COMPLETION'
        ? { ...each, outputBuffer: new Uint8Array(each.outputBuffer.byteLength) }
        : undefined,
    ),
    /came back as others/,
  );
  failsFor(
    'C25',
    'a short read fails',
    fx2,
    answers(BULK, (each) => (each.name === 'URB_COMPLETION' ? { ...each, ...FAILURE } : undefined)),
    /a short read of 1 bytes .* failed/,
  );
  failsFor(
    'C25',
    'a short read is never an error',
    fx2,
    answers(BULK, (each) => ({ ...each, ...SUCCESS })),
    /without USBD_SHORT_TRANSFER_OK succeeded/,
  );
  failsFor(
    'C25',
    'a write of less',
    fx2,
    answers(BULK, (each, nth) =>
      nth === 3 && each.name === 'URB_COMPLETION_NO_DATA' ? { ...each, outputBufferSize: 4 } : undefined,
    ),
    /OutputBufferSize of a write/,
  );
  const large = (fault: string, change: (each: UrbCompletion) => Replacement, reason: RegExp) =>
    failsFor(
      'C33',
      fault,
      fx2,
      answers(BULK, (each) => (each.name === 'URB_COMPLETION' ? change(each) : undefined)),
      reason,
    );
  large('the read is lost', () => [], /no completion/);
  large('the read is cut', (each) => ({ ...each, outputBuffer: each.outputBuffer.subarray(0, 1598) }), /is 1598/);
  large(
    'a fragment in the wrong place',
    (each) => ({ ...each, outputBuffer: Uint8Array.from(each.outputBuffer).copyWithin(1600, 0, 1600) }),
    /came back as others/,
  );
  failsFor(
    'C33',
    'large writes are dropped',
    fx2,
    gets('TRANSFER_OUT_REQUEST', (message) => (message.outputBuffer.byteLength > 1598 ? [] : undefined)),
    /no completion/,
  );
});

describe('a client that breaks a rule of control requests', () => {
  failsFor(
    'C22',
    'another answer to a control transfer',
    fx2,
    answers(UrbFunction.URB_FUNCTION_CONTROL_TRANSFER, (each) =>
      each.name === 'URB_COMPLETION' ? { ...each, outputBuffer: each.outputBuffer.subarray(1) } : undefined,
    ),
    /TS_URB_CONTROL_TRANSFER for the same request/,
  );
  failsFor(
    'C22',
    'no extended control transfers',
    fx2,
    answers(CONTROL_EX, (each) => ({ ...each, ...FAILURE })),
    /TRANSFER_EX/,
  );

  /** The request as if it had said something else. */
  const mistakes = (
    fault: string,
    change: (
      message: InRequest | Extract<ServerMessage, { name: 'TRANSFER_OUT_REQUEST' }>,
    ) => InRequest['tsUrb'] | undefined,
    reason: RegExp,
  ) =>
    failsFor(
      'C22',
      fault,
      echo,
      gets(['TRANSFER_IN_REQUEST', 'TRANSFER_OUT_REQUEST'], (message) => {
        const tsUrb = change(message);
        return tsUrb === undefined ? undefined : { ...message, tsUrb };
      }),
      reason,
    );
  const isEcho = (request: number) => request === 0x5d;
  mistakes(
    'wValue of GET_DESCRIPTOR the other way round',
    ({ tsUrb }) =>
      tsUrb.name === 'TS_URB_CONTROL_DESCRIPTOR_REQUEST' && tsUrb.descriptorType === 0x55
        ? { ...tsUrb, descriptorType: tsUrb.index, index: tsUrb.descriptorType }
        : undefined,
    /GET_DESCRIPTOR_FROM_DEVICE was 80065566/,
  );
  mistakes(
    'SET_FEATURE goes in',
    ({ tsUrb }) => {
      if (tsUrb.name !== 'TS_URB_CONTROL_FEATURE_REQUEST') return undefined;
      const setupPacket: SetupPacket = { bmRequestType: 0x80, bRequest: 3, wValue: 0x1234, wIndex: 0x5678, wLength: 0 };
      const { requestId, noAck } = tsUrb;
      return {
        name: 'TS_URB_CONTROL_TRANSFER',
        urbFunction: 8,
        requestId,
        noAck,
        pipeHandle: 0,
        transferFlags: 9,
        setupPacket,
      };
    },
    /SET_FEATURE_TO_DEVICE was 8003/,
  );
  mistakes(
    'GET_STATUS without its index',
    ({ tsUrb }) => (tsUrb.name === 'TS_URB_CONTROL_GET_STATUS_REQUEST' ? { ...tsUrb, index: 0 } : undefined),
    /GET_STATUS_FROM_DEVICE was/,
  );
  mistakes(
    'class requests as vendor requests',
    ({ tsUrb }) =>
      tsUrb.name === 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST' &&
      tsUrb.urbFunction === UrbFunction.URB_FUNCTION_CLASS_INTERFACE
        ? { ...tsUrb, urbFunction: UrbFunction.URB_FUNCTION_VENDOR_INTERFACE }
        : undefined,
    /CLASS_INTERFACE IN was c1/,
  );
  mistakes(
    'Index of vendor requests is lost',
    ({ tsUrb }) =>
      tsUrb.name === 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST' && !isEcho(tsUrb.request)
        ? { ...tsUrb, index: 0 }
        : undefined,
    /VENDOR_DEVICE IN was/,
  );
  mistakes(
    'GET_INTERFACE of interface 0',
    ({ tsUrb }) => (tsUrb.name === 'TS_URB_CONTROL_GET_INTERFACE_REQUEST' ? { ...tsUrb, interface: 0 } : undefined),
    /GET_INTERFACE was/,
  );
  failsFor(
    'C22',
    'other bytes for OUT requests',
    echo,
    gets('TRANSFER_OUT_REQUEST', (message) => ({
      ...message,
      outputBuffer: new Uint8Array(message.outputBuffer.byteLength),
    })),
    /SET_DESCRIPTOR_TO_DEVICE was/,
  );
  failsFor(
    'C23',
    'not answered',
    fx2,
    answers(OS_FEATURE, () => []),
    /no completion/,
  );
  failsFor(
    'C23',
    'success without a descriptor',
    fx2,
    answers(OS_FEATURE, (each) => ({ ...each, ...SUCCESS })),
    /succeeded/,
  );
  failsFor(
    'C23',
    'another descriptor',
    { redirects: () => [new OsDescriptorDevice()] },
    gets('TRANSFER_IN_REQUEST', (message) => {
      const { tsUrb } = message;
      if (tsUrb.name !== 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST') return undefined;
      return { ...message, tsUrb: { ...tsUrb, msFeatureDescriptorIndex: 5 } };
    }),
    /the vendor request 28000000/,
  );
  const timeouts = (fault: string, change: (timeout: number) => number, reason: RegExp) =>
    failsFor(
      'C24',
      fault,
      hanger,
      gets('TRANSFER_IN_REQUEST', (message) => {
        const { tsUrb } = message;
        if (tsUrb.name !== 'TS_URB_CONTROL_TRANSFER_EX') return undefined;
        return { ...message, tsUrb: { ...tsUrb, timeout: change(tsUrb.timeout) } };
      }),
      reason,
    );
  timeouts('the timeout is not kept', () => 0, /no completion/);
  timeouts('the timeout is cut', (timeout) => Math.min(timeout, 20), /was over after/);
  timeouts('0 is a timeout of its own', (timeout) => timeout || 150, /Timeout of 0 ended/);
  failsFor(
    'C24',
    'success at the timeout',
    hanger,
    answers(CONTROL_EX, (each) => ({ ...each, ...SUCCESS })),
    /succeeded/,
  );
});

describe('a client that breaks a rule of isochronous transfers', () => {
  type Isoch = Extract<TsUrbResult, { name: 'TS_URB_ISOCH_TRANSFER_RESULT' }>;
  const changes = (fault: string, change: (result: Isoch) => TsUrbResult, reason: RegExp, client = gadget) =>
    failsFor(
      'C26',
      fault,
      client,
      results(ISOCH, (result) => (result.name === 'TS_URB_ISOCH_TRANSFER_RESULT' ? change(result) : result)),
      reason,
    );
  changes('errors that are none', (each) => ({ ...each, errorCount: 1 }), /ErrorCount/);
  changes('errors that are not counted', (each) => ({ ...each, errorCount: 0 }), /ErrorCount/, {
    redirects: (clock) => [lossy(clock)],
  });
  changes('a packet less', (each) => ({ ...each, isoPackets: each.isoPackets.slice(1) }), /NumberOfPackets is 7/);
  changes(
    'more than a packet holds',
    (each) => ({ ...each, isoPackets: each.isoPackets.map((packet) => ({ ...packet, length: 5000 })) }),
    /packet 0 has 5000 bytes/,
  );
  changes(
    'bytes of a packet that was not good',
    (each) => ({
      ...each,
      errorCount: 1,
      isoPackets: each.isoPackets.map((packet, index) => (index === 0 ? { ...packet, status: 0xc000_0001 } : packet)),
    }),
    /the sum of the good packets/,
  );
  changes('another start', (each) => ({ ...each, startFrame: 1 }), /StartFrame/);
  changes('a bare result', () => SUCCESS.tsUrbResult, /cannot be read/);
  failsFor(
    'C26',
    'failure',
    gadget,
    answers(ISOCH, (each) => ({ ...each, ...FAILURE })),
    /isochronous transfer failed/,
  );
  failsFor(
    'C27',
    'a completion all the same',
    gadget,
    gets('TRANSFER_OUT_REQUEST', (message) => ({ ...message, tsUrb: { ...message.tsUrb, noAck: false } })),
    /came for a request with NoAck/,
  );
  failsFor(
    'C27',
    'a jitter buffer of 5 ms',
    gadget,
    sends('ADD_DEVICE', (message) => ({
      ...message,
      usbDeviceCapabilities: { ...message.usbDeviceCapabilities, noAckIsochWriteJitterBufferSizeInMs: 5 },
    })),
    /is 5/,
  );
});
