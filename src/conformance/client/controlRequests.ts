import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { OS_STRING_INDEX, OS_STRING_SIZE } from '../../../codecs/usb/osStringDescriptor.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { pattern, sameBytes } from '../bytes.ts';
import type { Requirement } from '../suite.ts';
import { check, NotApplicable } from '../verdict.ts';
import { type ClientGrading, HANG_REQUEST, SETUP_ECHO_REQUEST } from './clientGrading.ts';
import { staysPending } from './exercise.ts';
import { checkFailed, checkSuccess, type GradedDevice, statuses, succeeded } from './gradedDevice.ts';
import { SETUP_TABLE, type SetupRow } from './setupTable.ts';
import {
  controlTransfer,
  DescriptorKind,
  getConfiguration,
  getDescriptor,
  getInterface,
  getStatus,
  osFeatureDescriptor,
  type Urb,
  vendorOrClass,
} from './urbs.ts';

const setupPackets: Requirement<ClientGrading> = {
  id: 'C22',
  title: 'every function that stands for a control transfer gives its setup packet on the bus',
  sections: [rdpeusb('2.2.9.6'), rdpeusb('2.2.9.9'), rdpeusb('2.2.9.12'), rdpeusb('2.2.9.16')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    await device.configure();
    if (await grading.hasTrait(device, 'echoesSetup')) {
      for (const row of SETUP_TABLE) await checkOnTheBus(device, row);
    } else {
      for (const [urb, setup] of await twins(device)) await checkTwins(device, urb, setup);
    }
  },
};

/** Has a request sent, and asks the device what reached it. */
async function checkOnTheBus(device: GradedDevice, row: SetupRow): Promise<void> {
  const { name, urb, carrier, size } = row;
  const data = carrier === 'out' ? pattern(size, 0x80) : new Uint8Array(0);
  const completion = carrier === 'in' ? await device.transferIn(urb, size) : await device.transferOut(urb, data);
  checkSuccess(completion, name);
  const seen = await device.transferIn(vendorOrClass('URB_FUNCTION_VENDOR_DEVICE', 'in', SETUP_ECHO_REQUEST), 64);
  checkSuccess(seen, 'the question for the last setup packet');
  const wanted = toHex(fromHex(row.setup)) + toHex(data);
  check(toHex(seen.data) === wanted, `${name} was ${toHex(seen.data)} on the bus, must be ${wanted}`);
}

/** Requests that a control transfer can make too: both have to get the same answer of any device. */
async function twins(device: GradedDevice): Promise<readonly (readonly [urb: Urb, setup: SetupPacket])[]> {
  const { configuration } = await device.facts();
  const [setting] = configuration.interfaces;
  const number = setting?.interfaceNumber ?? 0;
  const address = setting?.endpoints[0]?.endpointAddress;
  const setup = (bmRequestType: number, bRequest: number, wValue: number, wIndex: number, wLength: number) => ({
    bmRequestType,
    bRequest,
    wValue,
    wIndex,
    wLength,
  });
  return [
    [getDescriptor(DescriptorKind.DEVICE), setup(0x80, 6, 0x0100, 0, 18)],
    [getDescriptor(DescriptorKind.CONFIGURATION), setup(0x80, 6, 0x0200, 0, 64)],
    [getDescriptor(DescriptorKind.STRING, 1, 0x0409), setup(0x80, 6, 0x0301, 0x0409, 255)],
    [getStatus('URB_FUNCTION_GET_STATUS_FROM_DEVICE', 0), setup(0x80, 0, 0, 0, 2)],
    [getStatus('URB_FUNCTION_GET_STATUS_FROM_INTERFACE', number), setup(0x81, 0, 0, number, 2)],
    ...(address === undefined
      ? []
      : [[getStatus('URB_FUNCTION_GET_STATUS_FROM_ENDPOINT', address), setup(0x82, 0, 0, address, 2)] as const]),
    [getConfiguration(), setup(0x80, 8, 0, 0, 1)],
    [getInterface(number), setup(0x81, 10, 0, number, 1)],
  ];
}

async function checkTwins(device: GradedDevice, urb: Urb, setup: SetupPacket): Promise<void> {
  const direct = await device.transferIn(urb, setup.wLength);
  for (const twin of [controlTransfer(setup), controlTransfer(setup, 2000)]) {
    const other = await device.transferIn(twin, setup.wLength);
    check(
      succeeded(direct) === succeeded(other) && sameBytes(direct.data, other.data),
      `${urb.name} gave ${toHex(direct.data) || statuses(direct)}, ${twin.name} for the same request ${toHex(other.data) || statuses(other)}`,
    );
  }
}

/** The string that tells of Microsoft's descriptors: its signature, and where it has the vendor code. */
const OS_STRING = { signature: '4d005300460054003100300030 00', vendorCodeOffset: 16 };
const EXTENDED_COMPAT_ID = 4;
const FEATURE_SIZE = 1024;

const osFeature: Requirement<ClientGrading> = {
  id: 'C23',
  title:
    'Microsoft OS feature descriptors are fetched with the vendor code of string 0xEE; without it the request fails',
  sections: [rdpeusb('3.3.5.3.9'), rdpeusb('2.2.9.15')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    await device.configure();
    const vendorCode = await vendorCodeOf(device);
    if (vendorCode === undefined) {
      for (const recipient of [0, 1, 2]) {
        const completion = await device.transferIn(osFeatureDescriptor(recipient, EXTENDED_COMPAT_ID), FEATURE_SIZE);
        checkFailed(completion, `GET_MS_FEATURE_DESCRIPTOR for recipient ${recipient} of a device without string 0xEE`);
      }
      return;
    }
    const direct = vendorOrClass('URB_FUNCTION_VENDOR_DEVICE', 'in', vendorCode, 0, EXTENDED_COMPAT_ID);
    const wanted = await device.transferIn(direct, FEATURE_SIZE);
    const completion = await device.transferIn(osFeatureDescriptor(0, EXTENDED_COMPAT_ID), FEATURE_SIZE);
    check(
      succeeded(wanted) === succeeded(completion) && sameBytes(wanted.data, completion.data),
      `GET_MS_FEATURE_DESCRIPTOR gave ${toHex(completion.data) || statuses(completion)}, the vendor request ${toHex(wanted.data) || statuses(wanted)}`,
    );
  },
};

async function vendorCodeOf(device: GradedDevice): Promise<number | undefined> {
  const completion = await device.transferIn(getDescriptor(DescriptorKind.STRING, OS_STRING_INDEX), OS_STRING_SIZE);
  const signature = fromHex(OS_STRING.signature);
  const found = completion.data.subarray(2, 2 + signature.byteLength);
  if (!succeeded(completion) || !sameBytes(found, signature)) return undefined;
  return completion.data[OS_STRING.vendorCodeOffset];
}

/** Milliseconds that a request is given which is never answered. */
const TIMEOUT = 100;

const timeout: Requirement<ClientGrading> = {
  id: 'C24',
  title: 'CONTROL_TRANSFER_EX ends after its Timeout, and 0 is none',
  sections: [rdpeusb('2.2.9.16')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    if (!(await grading.hasTrait(device, 'hangs')))
      throw new NotApplicable('no device is known to leave a request hanging');
    await device.configure();
    const hanging = { bmRequestType: 0xc0, bRequest: HANG_REQUEST, wValue: 0, wIndex: 0, wLength: 8 };
    const start = grading.clock.now();
    const requestId = device.sendIn(controlTransfer(hanging, TIMEOUT), 8);
    const completion = await device.completion(requestId, TIMEOUT + grading.timeout);
    checkFailed(completion, 'a request that the device never answered');
    const passed = completion.time - start;
    check(passed >= TIMEOUT * 0.8, `a Timeout of ${TIMEOUT} ms was over after ${Math.round(passed)} ms`);
    const endless = device.sendIn(controlTransfer(hanging, 0), 8);
    await grading.pause(2 * TIMEOUT);
    check(await staysPending(grading, device, endless), 'a Timeout of 0 ended the request');
    device.cancel(endless);
  },
};

export const CONTROL_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [setupPackets, osFeature, timeout];
