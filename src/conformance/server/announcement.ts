import { encodeUtf16 } from '../../../codecs/core/text.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import type { AddDevice } from '../../../codecs/urbdrc/deviceSink.ts';
import { InterfaceId, rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual } from '../verdict.ts';
import { sendAddVirtualChannel, type ServerGrading } from './serverGrading.ts';
import { ScriptedDevice } from './scriptedDevice.ts';

const ASKED_AT_ONCE = 3;

const addedChannels: Requirement<ServerGrading> = {
  id: 'S04',
  title: 'opens one channel for each ADD_VIRTUAL_CHANNEL',
  sections: [rdpeusb('3.2.5.1.1')],
  severity: 'MUST',
  async run(grading) {
    const { peer, control } = await grading.openControl();
    await peer.expectNoChannel('without ADD_VIRTUAL_CHANNEL');
    for (let count = 0; count < ASKED_AT_ONCE; count += 1) sendAddVirtualChannel(control);
    for (let count = 0; count < ASKED_AT_ONCE; count += 1) await grading.open(await peer.expectChannel());
    await peer.expectNoChannel(`beside the ${ASKED_AT_ONCE} that ADD_VIRTUAL_CHANNEL asked for`);
    await control.expectStaysOpen('after ADD_VIRTUAL_CHANNEL');
  },
};

const invalidRequest: Requirement<ServerGrading> = {
  id: 'S05',
  title: 'closes a device channel that ADD_VIRTUAL_CHANNEL came on; opens none for a broken one',
  sections: [rdpeusb('3.2.5.1.1')],
  severity: 'MUST',
  async run(grading) {
    const side = await grading.openControl();
    const channel = await grading.openDeviceChannel(side);
    sendAddVirtualChannel(channel);
    await channel.expectClosed('after ADD_VIRTUAL_CHANNEL on a device channel');
    await side.peer.expectNoChannel('for an ADD_VIRTUAL_CHANNEL on a device channel');
    await side.control.expectStaysOpen('when a device channel was closed');
    for (const [text, bytes] of brokenRequests()) {
      const { peer, control } = await grading.openControl();
      control.sendBytes(bytes, `ADD_VIRTUAL_CHANNEL with ${text}`);
      // It may be ignored as malformed, 3.1.5, or end the channel.
      await peer.expectNoChannel(`for an ADD_VIRTUAL_CHANNEL with ${text}`);
      await peer.close();
    }
  },
};

function brokenRequests(): readonly (readonly [string, Uint8Array])[] {
  const message = { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: InterfaceId.DEVICE_SINK, messageId: 0 } as const;
  const bytes = joinParts(encodeUrbdrcMessage(message));
  const changed = (offset: number, value: number) =>
    Uint8Array.from(bytes, (byte, at) => (at === offset ? value : byte));
  return [
    ['InterfaceId 5', changed(0, 5)],
    ['the mask of a response', changed(3, 0x80)],
    ['the mask 3', changed(3, 0xc0)],
    ['half of its FunctionId', bytes.slice(0, 10)],
  ];
}

const STRING_SHAPES: readonly (readonly [string, Partial<AddDevice>])[] = [
  ['as Windows writes it', {}],
  ['without hardware and compatible ids', { hardwareIds: [], compatibilityIds: [] }],
  ['with UsbDevice 0', { usbDevice: 0 }],
  ['with text beyond ASCII', { deviceInstanceId: 'USB\\VID_1209&PID_000F\\Gerät№1', hardwareIds: ['USB\\Ωмега'] }],
  ['with a container id without braces', { containerId: '6e0f4d2a-51c3-4b7e-9a18-2c7d90b3e6f1' }],
  ['with many hardware ids', { hardwareIds: Array.from({ length: 20 }, (_, index) => `USB\\ID_${index}`) }],
];

const stringShapes: Requirement<ServerGrading> = {
  id: 'S06',
  title: 'takes ADD_DEVICE in every shape of its strings',
  sections: [rdpeusb('3.2.5.1.2'), rdpeusb('2.2.4.2')],
  severity: 'MUST',
  async run(grading) {
    for (const [text, announcement] of STRING_SHAPES) {
      const side = await grading.openControl();
      const device = new ScriptedDevice(await grading.openDeviceChannel(side), grading.changes, { announcement });
      await checkTaken(grading, device, device.announcement, text);
      await side.peer.close();
    }
    for (const [text, strings] of RAW_SHAPES) {
      const side = await grading.openControl();
      const device = new ScriptedDevice(await grading.openDeviceChannel(side), grading.changes);
      await checkTaken(grading, device, rawAnnouncement(device.announcement, strings), text);
      await side.peer.close();
    }
  },
};

async function checkTaken(
  grading: ServerGrading,
  device: ScriptedDevice,
  announcement: AddDevice | Uint8Array,
  text: string,
): Promise<void> {
  if (announcement instanceof Uint8Array) device.channel.sendBytes(announcement, `ADD_DEVICE ${text}`);
  else device.channel.send(announcement);
  device.serve();
  const { interfaceId } = await device.next('REGISTER_REQUEST_CALLBACK', grading.timeout);
  checkEqual(interfaceId, device.usbDevice, `InterfaceId of REGISTER_REQUEST_CALLBACK for an ADD_DEVICE ${text}`);
  await device.channel.expectStaysOpen(`after an ADD_DEVICE ${text}`);
}

/** Texts as they are on the wire, whatever terminates them: instance id, hardware ids, compatible ids, container id. */
const RAW_SHAPES: readonly (readonly [string, readonly [string, string, string, string]])[] = [
  ['without terminators', ['USB\\VID_1209', 'USB\\A', 'USB\\B', '{6e0f4d2a-51c3-4b7e-9a18-2c7d90b3e6f1}']],
  ['with lists that are one terminator', ['USB\\VID_1209\0', '\0', '\0', '{6e0f4d2a-51c3-4b7e-9a18-2c7d90b3e6f1}\0']],
];

function rawAnnouncement(announcement: AddDevice, strings: readonly string[]): Uint8Array {
  const bytes = joinParts(encodeUrbdrcMessage(announcement));
  const head = bytes.subarray(0, 20);
  const capabilities = bytes.subarray(bytes.byteLength - 28);
  const texts = strings.map((text) => {
    const units = encodeUtf16(text).subarray(0, 2 * text.length);
    return [Uint8Array.of(text.length, 0, 0, 0), units];
  });
  return Uint8Array.from([head, ...texts.flat(), capabilities].flatMap((part) => [...part]));
}

const duplicate: Requirement<ServerGrading> = {
  id: 'S07',
  title: 'a second ADD_DEVICE is ignored, and the device that is there goes on',
  sections: [rdpeusb('3.2.5.1.2')],
  severity: 'MUST',
  async run(grading) {
    const side = await grading.openControl();
    const { device, proveAlive } = await grading.waitingDevice(side);
    device.announce();
    await proveAlive('after a second ADD_DEVICE');
    await device.idle(grading.quiet);
    const registrations = device.received.filter(({ message }) => message.name === 'REGISTER_REQUEST_CALLBACK');
    check(registrations.length === 1, 'a second ADD_DEVICE was answered with REGISTER_REQUEST_CALLBACK');
    await device.channel.expectStaysOpen('after a second ADD_DEVICE');
    await side.control.expectStaysOpen('after a second ADD_DEVICE');
  },
};

export const ANNOUNCEMENT_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [
  addedChannels,
  invalidRequest,
  stringShapes,
  duplicate,
];
