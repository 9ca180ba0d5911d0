import { Reader } from '../../../codecs/core/reader.ts';
import { InterfaceId, rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { UsbDeviceCapabilities } from '../../../codecs/urbdrc/usbDeviceCapabilities.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual } from '../verdict.ts';
import { type ClientGrading, type ControlSide, release, sendCapabilityRequest, sendCreated } from './clientGrading.ts';
import type { GradedDevice } from './gradedDevice.ts';

const ADD_DEVICE_SPEC = rdpeusb('2.2.4.2');
const CAPABILITIES_SIZE = 28;

const oneChannelEach: Requirement<ClientGrading> = {
  id: 'C05',
  title: 'asks for one channel a device, on the control channel and after CHANNEL_CREATED; ADD_DEVICE comes on each',
  sections: [rdpeusb('3.3.5.1.1'), rdpeusb('2.2.4.1')],
  severity: 'MUST',
  async run(grading) {
    const peer = await grading.connect();
    const control = await peer.openChannel();
    await control.expectNothing('before the capability exchange');
    sendCapabilityRequest(control);
    await control.expect('RIM_EXCHANGE_CAPABILITY_RESPONSE');
    await control.expectNothing('before CHANNEL_CREATED');
    sendCreated(control);
    await control.expect('CHANNEL_CREATED');
    release(control, InterfaceId.CHANNEL_NOTIFICATION_SERVER);
    const { devices: expected } = grading.settings;
    const devices = await allDevices(grading, { peer, control }, expected === 0 ? grading.quiet : grading.timeout);
    for (const { channel } of devices) await channel.expectNothing('beside the one ADD_DEVICE');
    await control.expectNothing(`although ${devices.length} devices have their channels`);
    if (expected !== undefined) checkEqual(devices.length, expected, 'the number of devices');
  },
};

/** Opens a channel for every ADD_VIRTUAL_CHANNEL; the first may take `within` milliseconds. */
async function allDevices(grading: ClientGrading, side: ControlSide, within: number): Promise<GradedDevice[]> {
  const devices: GradedDevice[] = [];
  for (;;) {
    const longest = devices.length === 0 ? within : grading.quiet;
    const asked = await grading.changes.until(() => side.control.waiting[0], longest);
    if (asked === undefined) return devices;
    const { message } = await side.control.expect('ADD_VIRTUAL_CHANNEL');
    checkEqual(message.interfaceId, InterfaceId.DEVICE_SINK, 'InterfaceId of ADD_VIRTUAL_CHANNEL');
    const device = await grading.openDevice(side);
    checkEqual(device.announcement.message.interfaceId, InterfaceId.DEVICE_SINK, 'InterfaceId of ADD_DEVICE');
    devices.push(device);
  }
}

const wellFormed: Requirement<ClientGrading> = {
  id: 'C06',
  title: 'announces devices with unique interfaces, terminated strings, a container id and legal capabilities',
  sections: [ADD_DEVICE_SPEC, rdpeusb('2.2.11')],
  severity: 'MUST',
  async run(grading) {
    const side = await grading.openControl();
    const devices = [await grading.nextDevice(side)];
    devices.push(...(await allDevices(grading, side, grading.quiet)));
    const seen = new Set<number>();
    for (const device of devices) {
      const { message, bytes } = device.announcement;
      checkStrings(bytes);
      checkIds(message);
      checkCapabilities(message.usbDeviceCapabilities);
      check(!seen.has(message.usbDevice), `two devices have UsbDevice ${message.usbDevice}`);
      seen.add(message.usbDevice);
    }
  },
};

/** The layout of the strings, which a codec reads with more tolerance. */
function checkStrings(bytes: Uint8Array): void {
  const reader = new Reader(bytes, 'ADD_DEVICE', ADD_DEVICE_SPEC);
  reader.pad(20, 'head');
  checkSingle('DeviceInstanceId', readUnits(reader, 'cchDeviceInstanceId'));
  checkMultiple('HardwareIds', readUnits(reader, 'cchHwIds'));
  checkMultiple('CompatibilityIds', readUnits(reader, 'cchCompatIds'));
  checkSingle('ContainerId', readUnits(reader, 'cchContainerId'));
  checkEqual(reader.peekU32('CbSize'), CAPABILITIES_SIZE, 'CbSize of UsbDeviceCapabilities');
  checkEqual(reader.remaining, CAPABILITIES_SIZE, 'the number of bytes after ContainerId');
}

function readUnits(reader: Reader, field: string): number[] {
  const count = reader.checkCount(reader.u32(field), 2, field, 4);
  return Array.from({ length: count }, () => reader.u16(field));
}

/** One NUL, at the end. */
function checkSingle(field: string, units: readonly number[]): void {
  check(units.length > 1, `${field} is empty`);
  checkEqual(units.indexOf(0), units.length - 1, `the place of the first NUL in ${field}`);
}

/** Strings with a NUL each and one NUL more; or nothing at all. */
function checkMultiple(field: string, units: readonly number[]): void {
  if (units.length === 0) return;
  check(units.length > 2 && units.at(-1) === 0 && units.at(-2) === 0, `${field} does not end with two NULs`);
  const empty = units.findIndex((unit, index) => unit === 0 && units[index + 1] === 0);
  checkEqual(empty, units.length - 2, `the place of the first empty string in ${field}`);
}

function checkIds(message: GradedDevice['announcement']['message']): void {
  check(
    message.usbDevice === 0 || message.usbDevice > InterfaceId.CHANNEL_NOTIFICATION_CLIENT,
    `UsbDevice ${message.usbDevice} is the id of another interface`,
  );
  const guid = /^(\{)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(\})?$/i.exec(message.containerId);
  check(guid !== null && (guid[1] === undefined) === (guid[3] === undefined), `ContainerId is no GUID`);
  check(/[1-9a-f]/i.test(message.containerId), 'ContainerId is all zero');
}

function checkCapabilities(capabilities: UsbDeviceCapabilities): void {
  const { usbBusInterfaceVersion, deviceIsHighSpeed, noAckIsochWriteJitterBufferSizeInMs: jitter } = capabilities;
  checkOneOf('UsbBusInterfaceVersion', usbBusInterfaceVersion, [0, 1, 2]);
  checkOneOf('USBDI_Version', capabilities.usbdiVersion, [0x500, 0x600]);
  checkOneOf('Supported_USB_Version', capabilities.supportedUsbVersion, [0x100, 0x110, 0x200]);
  checkEqual(capabilities.hcdCapabilities, 0, 'HcdCapabilities');
  checkOneOf('DeviceIsHighSpeed', deviceIsHighSpeed, usbBusInterfaceVersion === 0 ? [0] : [0, 1]);
  check(
    jitter === 0 || (jitter >= 10 && jitter <= 512),
    `NoAckIsochWriteJitterBufferSizeInMs is ${jitter}, must be 0 or 10 to 512`,
  );
}

function checkOneOf(field: string, value: number, allowed: readonly number[]): void {
  check(
    allowed.includes(value),
    `${field} is 0x${value.toString(16)}, must be ${allowed.map((each) => `0x${each.toString(16)}`).join(' or ')}`,
  );
}

export const ANNOUNCEMENT_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [oneChannelEach, wellFormed];
