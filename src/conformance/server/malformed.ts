import { joinParts } from '../../../codecs/core/parts.ts';
import { type ClientMessage, encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { InterfaceId, rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { PeerChannel } from '../peerChannel.ts';
import type { Requirement } from '../suite.ts';
import type { ScriptedDevice } from './scriptedDevice.ts';
import type { ServerGrading } from './serverGrading.ts';

const EMPTY = new Uint8Array(0);
/** An id of no request, so that none of these messages is an answer. */
const UNUSED_REQUEST_ID = 0x3fab_cdef;
/** Offsets in messages. */
const MASK = 3;
const FUNCTION_ID = 8;
const NUM_USB_DEVICE = 12;
const CB_TS_URB_RESULT = 16;

const malformed: Requirement<ServerGrading> = {
  id: 'S19',
  title: 'ignores messages that are malformed, and goes on',
  sections: [rdpeusb('3.1.5')],
  severity: 'MUST',
  async run(grading) {
    const side = await grading.openControl();
    const { device, proveAlive } = await grading.waitingDevice(side);
    for (const message of messages(device)) sendCuts(device.channel, message);
    for (const [text, bytes] of lies(device)) device.channel.sendBytes(bytes, text);
    for (const message of messages(device)) sendCuts(side.control, message);
    side.control.sendBytes(new Uint8Array(20).fill(0xff), 'nothing but ones');
    await proveAlive('after malformed messages');
    await side.control.expectStaysOpen('after malformed messages');
    await side.peer.expectNoChannel('after malformed messages');
    await grading.addDevice(side);
  },
};

/** Every message that a client sends. */
function messages(device: ScriptedDevice): readonly ClientMessage[] {
  const completion = { interfaceId: device.requestCompletion, messageId: 0, requestId: UNUSED_REQUEST_ID, hResult: 0 };
  const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 } as const;
  const version = { majorVersion: 1, minorVersion: 0, capabilities: 0 };
  return [
    { name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE', interfaceId: 0, messageId: 1, capabilityValue: 1, result: 0 },
    { name: 'CHANNEL_CREATED', interfaceId: InterfaceId.CHANNEL_NOTIFICATION_CLIENT, messageId: 1, ...version },
    { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: InterfaceId.DEVICE_SINK, messageId: 1 },
    device.announcement,
    { name: 'QUERY_DEVICE_TEXT_RSP', interfaceId: device.usbDevice, messageId: 1, deviceDescription: 'x', hResult: 0 },
    { name: 'IOCONTROL_COMPLETION', ...completion, information: 0, outputBuffer: EMPTY },
    { name: 'URB_COMPLETION', ...completion, tsUrbResult, outputBuffer: Uint8Array.of(1, 2, 3) },
    { name: 'URB_COMPLETION_NO_DATA', ...completion, tsUrbResult, outputBufferSize: 0 },
  ];
}

/** The message without its last bytes, at every length. No layout has a shorter one that is legal. */
function sendCuts(channel: PeerChannel, message: ClientMessage): void {
  const bytes = joinParts(encodeUrbdrcMessage(message));
  for (let length = 1; length < bytes.byteLength; length += 1) {
    channel.sendBytes(Uint8Array.from(bytes.subarray(0, length)), `${message.name} cut to ${length} bytes`);
  }
}

function lies(device: ScriptedDevice): readonly (readonly [string, Uint8Array])[] {
  const all = messages(device);
  const changed = (name: ClientMessage['name'], offset: number, ...values: readonly number[]): Uint8Array => {
    const message = all.find((each) => each.name === name) ?? device.announcement;
    const bytes = Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));
    bytes.set(values, offset);
    return bytes;
  };
  return [
    ['nothing but ones', new Uint8Array(20).fill(0xff)],
    ['the mask 3', changed('URB_COMPLETION', MASK, 0xc0)],
    ['an unknown FunctionId', changed('URB_COMPLETION', FUNCTION_ID, 0x77)],
    ['an ADD_DEVICE of two devices', changed('ADD_DEVICE', NUM_USB_DEVICE, 2)],
    ['a CbTsUrbResult beyond the end', changed('URB_COMPLETION', CB_TS_URB_RESULT, 0xff, 0xff, 0xff, 0xff)],
    ['a CbTsUrbResult without a header', changed('URB_COMPLETION_NO_DATA', CB_TS_URB_RESULT, 0)],
  ];
}

export const MALFORMED_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [malformed];
