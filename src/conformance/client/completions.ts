import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { InternalIoControlCode, IoControlCode } from '../../../codecs/urbdrc/ioControl.ts';
import { pattern } from '../bytes.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual, NotApplicable } from '../verdict.ts';
import type { ClientGrading } from './clientGrading.ts';
import { bulkPipesOf, loopbackOf, LOOPBACK_NEEDED, type Loopback, pendingRead } from './exercise.ts';
import { checkSuccess, type Completion, type GradedDevice, succeeded } from './gradedDevice.ts';
import { DescriptorKind, frameNumber, getConfiguration, getDescriptor, getStatus } from './urbs.ts';

const DEVICE_SIZE = 18;
const readDeviceDescriptor = () => getDescriptor(DescriptorKind.DEVICE);

const registration: Requirement<ClientGrading> = {
  id: 'C07',
  title: 'no completion before REGISTER_REQUEST_CALLBACK, then on its interface, and none after one without it',
  sections: [rdpeusb('3.3.5.3.2')],
  severity: 'MUST',
  async run(grading) {
    const side = await grading.openControl();
    const device = await grading.nextDevice(side);
    device.sendIn(readDeviceDescriptor(), DEVICE_SIZE);
    await device.channel.expectNothing('before REGISTER_REQUEST_CALLBACK');
    device.register(0x2a5);
    checkSuccess(await device.transferIn(readDeviceDescriptor(), DEVICE_SIZE), 'GET_DESCRIPTOR of the device');
    await pendingRead(grading, device, await device.configure());
    device.unregister();
    device.sendIn(readDeviceDescriptor(), DEVICE_SIZE);
    await device.channel.expectNothing('after REGISTER_REQUEST_CALLBACK with NumRequestCompletion 0');
  },
};

const oneCompletion: Requirement<ClientGrading> = {
  id: 'C08',
  title: 'exactly one completion for each of many outstanding requests, with its RequestId',
  sections: [rdpeusb('3.3.5.4'), rdpeusb('2.2.7')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    const transfers: number[] = [];
    const ioControls: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      transfers.push(
        device.sendIn(readDeviceDescriptor(), DEVICE_SIZE),
        device.sendIn(getDescriptor(DescriptorKind.CONFIGURATION), 9),
        device.sendIn(getDescriptor(DescriptorKind.STRING), 4),
        device.sendIn(getStatus('URB_FUNCTION_GET_STATUS_FROM_DEVICE', 0), 2),
        device.sendIn(getConfiguration(), 1),
        device.sendIn(frameNumber(), 0),
      );
      ioControls.push(
        device.sendIoControl(IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS, 4),
        device.sendIoControl(InternalIoControlCode.IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME, 4, { internal: true }),
      );
    }
    for (const requestId of transfers) await device.completion(requestId);
    for (const requestId of ioControls) await device.ioControlCompletion(requestId);
    await device.channel.expectNothing('although every request has its completion');
  },
};

const dataOrNot: Requirement<ClientGrading> = {
  id: 'C09',
  title: 'IN data comes in URB_COMPLETION; an IN request without data ends with URB_COMPLETION_NO_DATA of size 0',
  sections: [rdpeusb('3.3.5.3.6'), rdpeusb('2.2.7.2'), rdpeusb('2.2.7.3')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    const descriptor = await device.transferIn(readDeviceDescriptor(), DEVICE_SIZE);
    checkSuccess(descriptor, 'GET_DESCRIPTOR of the device');
    checkEqual(descriptor.name, 'URB_COMPLETION', 'the completion with data');
    checkEqual(descriptor.outputBufferSize, DEVICE_SIZE, 'OutputBufferSize of the device descriptor');
    const shorter = await device.transferIn(readDeviceDescriptor(), 8);
    checkEqual(shorter.outputBufferSize, 8, 'OutputBufferSize of 8 bytes of the device descriptor');
    checkNoData(await device.transferIn(frameNumber(), 0), 'GET_CURRENT_FRAME_NUMBER');
    const unknown = await device.transferIn(getDescriptor(0x7e), 64);
    if (!succeeded(unknown)) checkNoData(unknown, 'a descriptor that the device refuses');
  },
};

function checkNoData(completion: Completion, what: string): void {
  checkEqual(completion.name, 'URB_COMPLETION_NO_DATA', `the completion of ${what}`);
  checkEqual(completion.outputBufferSize, 0, `OutputBufferSize of ${what}`);
}

const outSize: Requirement<ClientGrading> = {
  id: 'C10',
  title: 'OUT requests end with URB_COMPLETION_NO_DATA and the number of bytes that the device took',
  sections: [rdpeusb('3.3.5.3.7'), rdpeusb('2.2.7.3')],
  severity: 'MUST',
  async run(grading) {
    const { settings } = grading;
    const isShort = settings.traits?.includes('writesShort') === true;
    const needed = `${LOOPBACK_NEEDED}, or to take less`;
    const { found } = await grading.deviceWith(needed, async (device) =>
      isShort ? bulkPipesOf(device) : loopbackOf(grading, device),
    );
    const size = 37;
    const completion = await found.write(pattern(size));
    checkEqual(completion.name, 'URB_COMPLETION_NO_DATA', 'the completion of a TRANSFER_OUT_REQUEST');
    const { outputBufferSize: taken } = completion;
    check(taken <= size, `OutputBufferSize tells that ${taken} of ${size} bytes were taken`);
    if (isShort) check(taken < size, `OutputBufferSize is ${size} although the device took fewer bytes`);
    else checkEqual(taken, size, 'OutputBufferSize of an OUT request that the device took whole');
  },
};

const tooMuch: Requirement<ClientGrading> = {
  id: 'C11',
  title:
    'never returns more than OutputBufferSize: a device that sends more has its channel closed, or its request failed',
  sections: [rdpeusb('3.3.5.3.6')],
  severity: 'MUST',
  async run(grading) {
    if (grading.settings.traits?.includes('babbles') === true) {
      const needed = 'no device has bulk pipes';
      const { found } = await grading.deviceWith(needed, (device) => bulkPipesOf(device));
      found.sendRead(found.inPipe.maximumPacketSize);
      await found.device.channel.expectClosed('although the device returned more than OutputBufferSize');
      await found.device.channel.expectNothing('for a device that returned more than OutputBufferSize');
      return;
    }
    const { found } = await grading.deviceWith(LOOPBACK_NEEDED, (device) => loopbackOf(grading, device));
    await checkOverflow(found);
  },
};

/** Asks for less than the packet that the device is about to send. */
async function checkOverflow(loopback: Loopback): Promise<void> {
  const [sent, wanted] = [pattern(13), 5];
  checkSuccess(await loopback.write(sent), 'a write');
  const requestId = loopback.sendRead(wanted);
  const { channel } = loopback.device;
  const completion = await loopback.device.completion(requestId).catch((error: unknown) => {
    if (!channel.isOpen) return undefined;
    throw error;
  });
  if (completion === undefined) return;
  check(
    completion.outputBufferSize <= wanted,
    `${completion.outputBufferSize} bytes came although ${wanted} were asked for`,
  );
  if (!succeeded(completion)) return;
  // Below USB's packets a device could hand out the rest later; then nothing was too much.
  const rest = await loopback.read(64);
  check(
    rest.data.byteLength === sent.byteLength - wanted,
    `the request succeeded although the device sent ${sent.byteLength} bytes and ${wanted} were asked for`,
  );
  throw new NotApplicable('the device hands out a packet in parts');
}

const requestIds: Requirement<ClientGrading> = {
  id: 'C20',
  title: 'RequestId 0 is an id like others, and an id may be used again after its completion',
  sections: [rdpeusb('3.1.1')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    for (const requestId of [0, 0, 7, 7, 7, 0x3fff_ffff]) {
      await checkDescriptor(device, requestId);
    }
    device.sendIoControl(IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS, 4, { requestId: 0 });
    await device.ioControlCompletion(0);
    await checkDescriptor(device, 0);
    await device.channel.expectNothing('although every request has its completion');
  },
};

async function checkDescriptor(device: GradedDevice, requestId: number): Promise<void> {
  const completion = await device.transferIn(readDeviceDescriptor(), DEVICE_SIZE, requestId);
  checkSuccess(completion, `GET_DESCRIPTOR with RequestId ${requestId}`);
  checkEqual(completion.outputBufferSize, DEVICE_SIZE, `OutputBufferSize of request ${requestId}`);
}

export const COMPLETION_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [
  registration,
  oneCompletion,
  dataOrNot,
  outSize,
  tooMuch,
  requestIds,
];
