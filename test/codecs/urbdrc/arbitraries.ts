import fc from 'fast-check';
import type { UrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { tsUrbArbitraries, tsUrbResultArbitraries, u32 } from '../tsUrb/tsUrbArbitraries.ts';

/** Arbitrary values of every message, by name: such as its decoder gives, so that a round trip can be exact. */

const interfaceId = fc.integer({ min: 0, max: 0x3fff_ffff });
/** Ids of devices: 1 and 2 are the sink and the notification interface. */
const deviceId = interfaceId.filter((id) => id !== 1 && id !== 2);
const requestId = fc.integer({ min: 0, max: 0x7fff_ffff });
const bytes = fc.uint8Array({ maxLength: 80 });
const mask = fc.constantFrom('STREAM_ID_NONE', 'STREAM_ID_PROXY');
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
const id = fc.string({ minLength: 1 }).filter((value) => !value.includes('\0'));
const ids = fc.array(id, { maxLength: 4 });
const tsUrb = fc.oneof(...Object.values(tsUrbArbitraries));
const tsUrbResult = fc.oneof(...Object.values(tsUrbResultArbitraries));

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
  RETRACT_DEVICE: fc.record(
    { name: fc.constant('RETRACT_DEVICE' as const), ...toDevice, reason: u32, explanation: text },
    { requiredKeys: ['name', 'interfaceId', 'messageId', 'reason'] },
  ),
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
