import fc from 'fast-check';
import type { UrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';

/** Arbitrary values of every message, by name: such as its decoder gives, so that a round trip can be exact. */

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const interfaceId = fc.integer({ min: 0, max: 0x3fff_ffff });
/** Ids of devices: 1 and 2 are the sink and the notification interface. */
const deviceId = interfaceId.filter((id) => id !== 1 && id !== 2);
const requestId = fc.integer({ min: 0, max: 0x7fff_ffff });
const bytes = fc.uint8Array({ maxLength: 80 });
const mask = fc.constantFrom('STREAM_ID_NONE', 'STREAM_ID_PROXY');
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
const id = fc.string({ minLength: 1 }).filter((value) => !value.includes('\0'));
const ids = fc.array(id, { maxLength: 4 });
/** TS_URB_RESULTs that follow a success; a failed one may be the header alone. */
const usbdStatus = u32;

const urbHeader = { requestId, noAck: fc.boolean() };
const packets = fc.array(fc.record({ offset: u32, length: u32, status: u32 }), { maxLength: 4 });

const tsUrb: fc.Arbitrary<TsUrb> = fc.oneof(
  fc.record({
    name: fc.constant('TS_URB_BULK_OR_INTERRUPT_TRANSFER' as const),
    ...urbHeader,
    urbFunction: fc.constant(0x0009),
    pipeHandle: u32,
    transferFlags: u32,
  }),
  fc.record({
    name: fc.constant('TS_URB_CONTROL_DESCRIPTOR_REQUEST' as const),
    ...urbHeader,
    urbFunction: fc.constantFrom(0x000b, 0x000c, 0x0028),
    index: u8,
    descriptorType: u8,
    languageId: u16,
  }),
  fc.record({
    name: fc.constant('TS_URB_ISOCH_TRANSFER' as const),
    ...urbHeader,
    urbFunction: fc.constant(0x000a),
    pipeHandle: u32,
    transferFlags: u32,
    startFrame: u32,
    errorCount: u32,
    isoPackets: packets,
  }),
  fc.record({
    name: fc.constant('TS_URB_UNKNOWN' as const),
    ...urbHeader,
    urbFunction: fc.constantFrom(0x0003, 0x0016, 0xffff),
    unparsed: bytes,
  }),
);

const interfaceResult = fc.record({
  interfaceNumber: u8,
  alternateSetting: u8,
  class: u8,
  subClass: u8,
  protocol: u8,
  interfaceHandle: u32,
  pipes: fc.array(
    fc.record({
      maximumPacketSize: u16,
      endpointAddress: u8,
      interval: u8,
      pipeType: u32,
      pipeHandle: u32,
      maximumTransferSize: u32,
      pipeFlags: u32,
    }),
    { maxLength: 3 },
  ),
});

const tsUrbResult: fc.Arbitrary<TsUrbResult> = fc.oneof(
  fc.record({ name: fc.constant('TS_URB_RESULT_HEADER' as const), usbdStatus }),
  fc.record({
    name: fc.constant('TS_URB_SELECT_CONFIGURATION_RESULT' as const),
    usbdStatus,
    configurationHandle: u32,
    interfaces: fc.array(interfaceResult, { maxLength: 3 }),
  }),
  fc.record({
    name: fc.constant('TS_URB_SELECT_INTERFACE_RESULT' as const),
    usbdStatus,
    interface: interfaceResult,
  }),
  fc.record({
    name: fc.constant('TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT' as const),
    usbdStatus,
    frameNumber: u32,
  }),
  fc.record({
    name: fc.constant('TS_URB_ISOCH_TRANSFER_RESULT' as const),
    usbdStatus,
    startFrame: u32,
    errorCount: u32,
    isoPackets: packets,
  }),
);

const toAny = { interfaceId, messageId: u32 };
const toDevice = { interfaceId: deviceId, messageId: u32 };
const toSink = { interfaceId: fc.constant(1), messageId: u32 };
const toCapabilities = { interfaceId: fc.constant(0), messageId: u32 };
const completion = { interfaceId, messageId: u32, requestId, hResult: u32 };
const ioControl = { ioControlCode: u32, inputBuffer: bytes, outputBufferSize: u32, requestId: u32 };

type MessageOf<N extends UrbdrcMessage['name']> = Extract<UrbdrcMessage, { name: N }>;

export const messageArbitraries: { readonly [N in UrbdrcMessage['name']]: fc.Arbitrary<MessageOf<N>> } = {
  RIM_EXCHANGE_CAPABILITY_REQUEST: fc.record({
    name: fc.constant('RIM_EXCHANGE_CAPABILITY_REQUEST' as const),
    ...toCapabilities,
    capabilityValue: u32,
  }),
  RIM_EXCHANGE_CAPABILITY_RESPONSE: fc.record({
    name: fc.constant('RIM_EXCHANGE_CAPABILITY_RESPONSE' as const),
    ...toCapabilities,
    capabilityValue: u32,
    result: u32,
  }),
  RIMCALL_RELEASE: fc.record({ name: fc.constant('RIMCALL_RELEASE' as const), ...toAny, mask }),
  RIMCALL_QUERYINTERFACE: fc.record({
    name: fc.constant('RIMCALL_QUERYINTERFACE' as const),
    ...toDevice,
    mask,
    newInterfaceGuid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  }),
  QI_RSP: fc.oneof(
    fc.record({ name: fc.constant('QI_RSP' as const), ...toDevice, mask: fc.constant('STREAM_ID_STUB' as const) }),
    fc.record({
      name: fc.constant('QI_RSP' as const),
      ...toDevice,
      interfaceId: deviceId.filter((each) => each !== 3),
      mask: fc.constant('STREAM_ID_STUB' as const),
      newInterfaceId: interfaceId,
    }),
  ),
  CHANNEL_CREATED: fc.record({
    name: fc.constant('CHANNEL_CREATED' as const),
    interfaceId: fc.constantFrom(2, 3),
    messageId: u32,
    majorVersion: u32,
    minorVersion: u32,
    capabilities: u32,
  }),
  ADD_VIRTUAL_CHANNEL: fc.record({ name: fc.constant('ADD_VIRTUAL_CHANNEL' as const), ...toSink }),
  ADD_DEVICE: fc.record({
    name: fc.constant('ADD_DEVICE' as const),
    ...toSink,
    usbDevice: interfaceId,
    deviceInstanceId: text,
    hardwareIds: ids,
    compatibilityIds: ids,
    containerId: text,
    usbDeviceCapabilities: fc.record({
      usbBusInterfaceVersion: u32,
      usbdiVersion: u32,
      supportedUsbVersion: u32,
      hcdCapabilities: u32,
      deviceIsHighSpeed: u32,
      noAckIsochWriteJitterBufferSizeInMs: u32,
    }),
  }),
  CANCEL_REQUEST: fc.record({ name: fc.constant('CANCEL_REQUEST' as const), ...toDevice, requestId: u32 }),
  REGISTER_REQUEST_CALLBACK: fc.oneof(
    fc.record({ name: fc.constant('REGISTER_REQUEST_CALLBACK' as const), ...toDevice, requestCompletion: interfaceId }),
    fc.record({ name: fc.constant('REGISTER_REQUEST_CALLBACK' as const), ...toDevice }),
  ),
  IO_CONTROL: fc.record({ name: fc.constant('IO_CONTROL' as const), ...toDevice, ...ioControl }),
  INTERNAL_IO_CONTROL: fc.record({ name: fc.constant('INTERNAL_IO_CONTROL' as const), ...toDevice, ...ioControl }),
  QUERY_DEVICE_TEXT: fc.record({
    name: fc.constant('QUERY_DEVICE_TEXT' as const),
    ...toDevice,
    textType: u32,
    localeId: u32,
  }),
  QUERY_DEVICE_TEXT_RSP: fc.record({
    name: fc.constant('QUERY_DEVICE_TEXT_RSP' as const),
    ...toAny,
    deviceDescription: text,
    hResult: u32,
  }),
  TRANSFER_IN_REQUEST: fc.record({
    name: fc.constant('TRANSFER_IN_REQUEST' as const),
    ...toDevice,
    tsUrb,
    outputBufferSize: u32,
  }),
  TRANSFER_OUT_REQUEST: fc.record({
    name: fc.constant('TRANSFER_OUT_REQUEST' as const),
    ...toDevice,
    tsUrb,
    outputBuffer: bytes,
  }),
  RETRACT_DEVICE: fc.record({ name: fc.constant('RETRACT_DEVICE' as const), ...toDevice, reason: u32 }),
  IOCONTROL_COMPLETION: fc.record({
    name: fc.constant('IOCONTROL_COMPLETION' as const),
    ...completion,
    information: u32,
    outputBuffer: bytes,
  }),
  URB_COMPLETION: fc.record({
    name: fc.constant('URB_COMPLETION' as const),
    ...completion,
    tsUrbResult,
    outputBuffer: bytes,
  }),
  URB_COMPLETION_NO_DATA: fc.record({
    name: fc.constant('URB_COMPLETION_NO_DATA' as const),
    ...completion,
    tsUrbResult,
    outputBufferSize: u32,
  }),
};
