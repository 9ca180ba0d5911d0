import { joinParts, type Parts } from '../codecs/core/parts.ts';
import { decodeDvcPdu, encodeDvcPdu } from '../codecs/dvc/pdu.ts';
import { decodeClientMessage, decodeServerMessage, encodeUrbdrcMessage } from '../codecs/urbdrc/decode.ts';
import type { AddDevice } from '../codecs/urbdrc/deviceSink.ts';
import type { UrbdrcMessage } from '../codecs/urbdrc/messages.ts';
import { UrbFunction } from '../codecs/urbdrc/tsUrb/urbFunction.ts';

/** A message to measure: through the codecs, and by hand with one DataView, without any check. */
export interface MessageCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly decode: () => unknown;
  readonly encode: () => Parts;
  readonly decodeByHand: () => unknown;
  readonly encodeByHand: () => Parts;
}

const PAYLOAD = new Uint8Array(64 * 1024).fill(0x5a);
const utf16 = new TextDecoder('utf-16le');

const transferOut: UrbdrcMessage = {
  name: 'TRANSFER_OUT_REQUEST',
  interfaceId: 5,
  messageId: 7,
  tsUrb: {
    name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
    urbFunction: UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
    requestId: 0x1234,
    noAck: false,
    pipeHandle: 0x11223344,
    transferFlags: 0,
  },
  outputBuffer: PAYLOAD,
};

const urbCompletion: UrbdrcMessage = {
  name: 'URB_COMPLETION',
  interfaceId: 16,
  messageId: 8,
  requestId: 0x1234,
  tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 },
  hResult: 0,
  outputBuffer: PAYLOAD,
};

const addDevice: AddDevice = {
  name: 'ADD_DEVICE',
  interfaceId: 1,
  messageId: 9,
  usbDevice: 5,
  deviceInstanceId: '\\??\\USB#VID_0781&PID_5581#0123456789',
  hardwareIds: ['USB\\VID_0781&PID_5581&REV_0100', 'USB\\VID_0781&PID_5581'],
  compatibilityIds: ['USB\\Class_08&SubClass_06&Prot_50', 'USB\\Class_08&SubClass_06', 'USB\\Class_08'],
  containerId: '{00000000-0000-5000-8000-000000000000}',
  usbDeviceCapabilities: {
    usbBusInterfaceVersion: 2,
    usbdiVersion: 0x600,
    supportedUsbVersion: 0x200,
    hcdCapabilities: 0,
    deviceIsHighSpeed: 1,
    noAckIsochWriteJitterBufferSizeInMs: 0,
  },
};

const dynvcData = { name: 'DYNVC_DATA', channelId: 3, data: PAYLOAD.subarray(0, 1590) } as const;

const transferOutBytes = plain(encodeUrbdrcMessage(transferOut));
const urbCompletionBytes = plain(encodeUrbdrcMessage(urbCompletion));
const addDeviceBytes = plain(encodeUrbdrcMessage(addDevice));
const dynvcDataBytes = plain(encodeDvcPdu(dynvcData));

/** What passes most often, and what is the most work. */
export const MESSAGES: readonly MessageCase[] = [
  {
    name: 'TRANSFER_OUT_REQUEST 64 KiB',
    bytes: transferOutBytes,
    decode: () => decodeServerMessage(transferOutBytes),
    encode: () => encodeUrbdrcMessage(transferOut),
    decodeByHand: () => transferOutByHand(transferOutBytes),
    encodeByHand: () => [words(0x40000005, 7, 0x106, 16, 0x00090010, 0x1234, 0x11223344, 0, PAYLOAD.length), PAYLOAD],
  },
  {
    name: 'URB_COMPLETION 64 KiB',
    bytes: urbCompletionBytes,
    decode: () => decodeClientMessage(urbCompletionBytes, { requestCompletion: 16, urbFunction: () => 9 }),
    encode: () => encodeUrbdrcMessage(urbCompletion),
    decodeByHand: () => urbCompletionByHand(urbCompletionBytes),
    encodeByHand: () => [words(0x40000010, 8, 0x101, 0x1234, 8, 8, 0, 0, PAYLOAD.length), PAYLOAD],
  },
  {
    name: 'ADD_DEVICE',
    bytes: addDeviceBytes,
    decode: () => decodeClientMessage(addDeviceBytes, {}),
    encode: () => encodeUrbdrcMessage(addDevice),
    decodeByHand: () => addDeviceByHand(addDeviceBytes),
    encodeByHand: encodeAddDeviceByHand,
  },
  {
    name: 'DYNVC_DATA 1590 bytes',
    bytes: dynvcDataBytes,
    decode: () => decodeDvcPdu(dynvcDataBytes, 'server'),
    encode: () => encodeDvcPdu(dynvcData),
    decodeByHand: () => dynvcDataByHand(dynvcDataBytes),
    encodeByHand: () => [Uint8Array.of(0x30, 3), dynvcData.data],
  },
];

function plain(parts: Parts): Uint8Array {
  return new Uint8Array(joinParts(parts));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = viewOf(bytes);
  for (let index = 0; index < values.length; index += 1) view.setUint32(index * 4, values[index] ?? 0, true);
  return bytes;
}

function transferOutByHand(bytes: Uint8Array) {
  const view = viewOf(bytes);
  return {
    name: 'TRANSFER_OUT_REQUEST',
    interfaceId: view.getUint32(0, true) & 0x3fffffff,
    messageId: view.getUint32(4, true),
    functionId: view.getUint32(8, true),
    tsUrb: {
      size: view.getUint16(16, true),
      urbFunction: view.getUint16(18, true),
      requestId: view.getUint32(20, true),
      pipeHandle: view.getUint32(24, true),
      transferFlags: view.getUint32(28, true),
    },
    outputBuffer: bytes.subarray(36, 36 + view.getUint32(32, true)),
  };
}

function urbCompletionByHand(bytes: Uint8Array) {
  const view = viewOf(bytes);
  return {
    name: 'URB_COMPLETION',
    interfaceId: view.getUint32(0, true) & 0x3fffffff,
    messageId: view.getUint32(4, true),
    functionId: view.getUint32(8, true),
    requestId: view.getUint32(12, true),
    tsUrbResult: { size: view.getUint16(20, true), usbdStatus: view.getUint32(24, true) },
    hResult: view.getUint32(28, true),
    outputBuffer: bytes.subarray(36, 36 + view.getUint32(32, true)),
  };
}

function addDeviceByHand(bytes: Uint8Array) {
  const view = viewOf(bytes);
  let offset = 20;
  const text = () => {
    const start = offset + 4;
    offset = start + view.getUint32(offset, true) * 2;
    return utf16.decode(bytes.subarray(start, offset));
  };
  return {
    name: 'ADD_DEVICE',
    interfaceId: view.getUint32(0, true) & 0x3fffffff,
    messageId: view.getUint32(4, true),
    functionId: view.getUint32(8, true),
    usbDevice: view.getUint32(16, true),
    deviceInstanceId: text().slice(0, -1),
    hardwareIds: text().slice(0, -2).split('\0'),
    compatibilityIds: text().slice(0, -2).split('\0'),
    containerId: text().slice(0, -1),
    usbDeviceCapabilities: {
      usbBusInterfaceVersion: view.getUint32(offset + 4, true),
      usbdiVersion: view.getUint32(offset + 8, true),
      supportedUsbVersion: view.getUint32(offset + 12, true),
      hcdCapabilities: view.getUint32(offset + 16, true),
      deviceIsHighSpeed: view.getUint32(offset + 20, true),
      noAckIsochWriteJitterBufferSizeInMs: view.getUint32(offset + 24, true),
    },
  };
}

function encodeAddDeviceByHand(): Parts {
  const texts = [
    `${addDevice.deviceInstanceId}\0`,
    `${addDevice.hardwareIds.join('\0')}\0\0`,
    `${addDevice.compatibilityIds.join('\0')}\0\0`,
    `${addDevice.containerId}\0`,
  ];
  let size = 20 + 28;
  for (const text of texts) size += 4 + text.length * 2;
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  [0x40000001, 9, 0x101, 1, 5].forEach((value, index) => view.setUint32(index * 4, value, true));
  let offset = 20;
  for (const text of texts) {
    view.setUint32(offset, text.length, true);
    offset += 4;
    for (let index = 0; index < text.length; index += 1, offset += 2) {
      view.setUint16(offset, text.charCodeAt(index), true);
    }
  }
  [28, 2, 0x600, 0x200, 0, 1, 0].forEach((value, index) => view.setUint32(offset + index * 4, value, true));
  return [bytes];
}

function dynvcDataByHand(bytes: Uint8Array) {
  const view = viewOf(bytes);
  return { name: 'DYNVC_DATA', command: view.getUint8(0) >> 4, channelId: view.getUint8(1), data: bytes.subarray(2) };
}
