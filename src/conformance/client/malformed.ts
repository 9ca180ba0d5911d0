import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeUrbdrcMessage, type ServerMessage } from '../../../codecs/urbdrc/decode.ts';
import { InterfaceId, rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { IoControlCode } from '../../../codecs/urbdrc/ioControl.ts';
import type { PeerChannel } from '../peerChannel.ts';
import type { Requirement } from '../suite.ts';
import { checkAlive } from './cancelling.ts';
import type { ClientGrading } from './clientGrading.ts';
import type { GradedDevice } from './gradedDevice.ts';
import { DescriptorKind, getDescriptor, isochTransfer, selectConfiguration, vendorOrClass } from './urbs.ts';

/** Messages that a client may answer a malformed one with: failures, and that it does not know a function. */
const TOLERATED = ['URB_COMPLETION', 'URB_COMPLETION_NO_DATA', 'IOCONTROL_COMPLETION', 'QI_RSP'] as const;

const HUGE = [0xff, 0xff, 0xff, 0xff] as const;
/** Offsets in a TRANSFER_IN_REQUEST. */
const CB_TS_URB = 12;
const TS_URB = 16;

const malformed: Requirement<ClientGrading> = {
  id: 'C30',
  title: 'malformed and unexpected messages are ignored, and the client goes on',
  sections: [rdpeusb('3.1.5')],
  severity: 'MUST',
  async run(grading) {
    const { side, device } = await grading.firstDevice();
    const { configuration, configurationDescriptor } = await device.facts();
    const select = device.inRequest(selectConfiguration(configurationDescriptor, configuration), 0);
    for (const message of messages(device, select)) sendCuts(device.channel, message);
    await checkUnharmed(device, 'after messages that were cut short');
    for (const [text, bytes] of lies(device, select)) device.channel.sendBytes(bytes, text);
    await checkUnharmed(device, 'after messages with lying lengths and unknown codes');
    sendCuts(side.control, {
      name: 'RIM_EXCHANGE_CAPABILITY_REQUEST',
      interfaceId: 0,
      messageId: 1,
      capabilityValue: 1,
    });
    side.control.sendBytes(Uint8Array.from([...HUGE, ...HUGE, ...HUGE]), 'nothing but ones');
    await side.control.expectStaysOpen('after malformed messages');
    await checkUnharmed(device, 'after malformed messages on the control channel');
  },
};

async function checkUnharmed(device: GradedDevice, when: string): Promise<void> {
  await device.channel.expectNothing(when, undefined, TOLERATED);
  await device.channel.expectStaysOpen(when, 1);
  await checkAlive(device, when);
}

/** Every message that a server sends to a device. */
function messages(device: GradedDevice, select: ServerMessage): readonly ServerMessage[] {
  const ids = device.ids();
  const inputBuffer = Uint8Array.of(1, 2, 3);
  const ioControl = { ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS, inputBuffer };
  const outUrb = { ...vendorOrClass('URB_FUNCTION_VENDOR_DEVICE', 'out', 1), requestId: 0x7001, noAck: false };
  const notification = { interfaceId: InterfaceId.CHANNEL_NOTIFICATION_SERVER, messageId: 1 };
  return [
    { name: 'RIM_EXCHANGE_CAPABILITY_REQUEST', interfaceId: 0, messageId: 1, capabilityValue: 1 },
    { name: 'CHANNEL_CREATED', ...notification, majorVersion: 1, minorVersion: 0, capabilities: 0 },
    { name: 'RIMCALL_RELEASE', ...notification, mask: 'STREAM_ID_PROXY' },
    { name: 'CANCEL_REQUEST', ...ids, requestId: 0x7002 },
    { name: 'REGISTER_REQUEST_CALLBACK', ...ids, requestCompletion: 0x123 },
    { name: 'IO_CONTROL', ...ids, ...ioControl, outputBufferSize: 4, requestId: 0x7003 },
    { name: 'INTERNAL_IO_CONTROL', ...ids, ...ioControl, outputBufferSize: 4, requestId: 0x7004 },
    { name: 'QUERY_DEVICE_TEXT', ...ids, textType: 0, localeId: 0x409 },
    device.inRequest(getDescriptor(DescriptorKind.DEVICE), 18),
    select,
    device.inRequest(isochTransfer(1, 5, [8, 8, 8]), 24),
    { name: 'TRANSFER_OUT_REQUEST', ...ids, tsUrb: outUrb, outputBuffer: Uint8Array.of(1, 2, 3, 4) },
    { name: 'RETRACT_DEVICE', ...ids, reason: 1 },
  ];
}

/** The message without its last bytes, at every length. No layout has a shorter one that is legal. */
function sendCuts(channel: PeerChannel, message: ServerMessage): void {
  const bytes = joinParts(encodeUrbdrcMessage(message));
  for (let length = 1; length < bytes.byteLength; length += 1) {
    channel.sendBytes(Uint8Array.from(bytes.subarray(0, length)), `${message.name} cut to ${length} bytes`);
  }
}

/** Whole messages with something in them that cannot be. */
function lies(device: GradedDevice, select: ServerMessage): readonly (readonly [text: string, bytes: Uint8Array])[] {
  const request = bytesOf(device.inRequest(getDescriptor(DescriptorKind.DEVICE), 18, 0x7101));
  const isoch = bytesOf(device.inRequest(isochTransfer(1, 5, [8, 8]), 16, 0x7102));
  const cancel = bytesOf({ name: 'CANCEL_REQUEST', ...device.ids(), requestId: 1 });
  const ioControl = bytesOf({
    name: 'IO_CONTROL',
    ...device.ids(),
    ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS,
    inputBuffer: new Uint8Array(0),
    outputBufferSize: 4,
    requestId: 0x7103,
  });
  const text = bytesOf({ name: 'QI_RSP', ...device.ids(), mask: 'STREAM_ID_STUB' });
  return [
    ['CbTsUrb beyond the end', changed(request, CB_TS_URB, HUGE)],
    ['CbTsUrb 0', changed(request, CB_TS_URB, [0, 0, 0, 0])],
    ['TS_URB_HEADER.Size beyond the end', changed(request, TS_URB, [0xff, 0xff])],
    ['TS_URB_HEADER.Size 0', changed(request, TS_URB, [0, 0])],
    ['NumInterfaces beyond the end', changed(bytesOf(select), TS_URB + 12, HUGE)],
    ['NumberOfPipes beyond the end', changed(bytesOf(select), TS_URB + 24, HUGE)],
    ['NumberOfPackets beyond the end', changed(isoch, TS_URB + 20, HUGE)],
    ['InputBufferSize beyond the end', changed(ioControl, 16, HUGE)],
    ['FunctionId 0x1ff', changed(cancel, 8, [0xff, 0x01, 0, 0])],
    ['interface of nobody', changed(cancel, 0, [0xfe, 0xff, 0xff, 0x7f])],
    ['mask 3', changed(cancel, 3, [0xc0])],
    ['mask 0 on the capabilities interface, FunctionId 0x555', Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0x55, 5, 0, 0)],
    ['an answer to nothing', text],
    ['nothing but ones', Uint8Array.from([...HUGE, ...HUGE, ...HUGE, ...HUGE])],
  ];
}

function bytesOf(message: ServerMessage): Uint8Array {
  return Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));
}

function changed(bytes: Uint8Array, offset: number, values: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(values, offset);
  return copy;
}

export const MALFORMED_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [malformed];
