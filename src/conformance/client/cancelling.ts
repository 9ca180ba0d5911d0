import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { pattern, sameBytes } from '../bytes.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual, CheckFailure } from '../verdict.ts';
import type { ClientGrading } from './clientGrading.ts';
import { type Loopback, loopbackOf, PENDING_NEEDED, pendingRead, staysPending } from './exercise.ts';
import { checkSuccess, type GradedDevice, succeeded } from './gradedDevice.ts';
import { DescriptorKind, getDescriptor } from './urbs.ts';

const DEVICE_SIZE = 18;
const NEVER_USED = 0x3ffe_fff0;

const cancelling: Requirement<ClientGrading> = {
  id: 'C28',
  title: 'CANCEL_REQUEST ends a pending request, which gets one completion or none; for others it is ignored',
  sections: [rdpeusb('3.3.5.3.1'), rdpeusb('2.2.6.1')],
  severity: 'MUST',
  async run(grading) {
    const { device, found } = await grading.deviceWith(PENDING_NEEDED, async (each) => {
      const loopback = await loopbackOf(grading, each);
      const configured = loopback?.configured ?? (await each.configure());
      const read = await pendingRead(grading, each, configured);
      return read === undefined ? undefined : { loopback, requestId: read.requestId };
    });
    await checkIgnored(device);
    check(
      await staysPending(grading, device, found.requestId),
      'a CANCEL_REQUEST for others ended the pending request',
    );
    device.cancel(found.requestId);
    await checkAtMostOne(grading, device, found.requestId);
    if (found.loopback !== undefined) await checkGone(found.loopback, found.requestId);
    device.cancel(found.requestId);
    await device.channel.expectNothing('for a request that was cancelled before');
    await checkAlive(device, 'after cancelling');
  },
};

/** For an unknown request, a completed one, and on an interface that is not the device's. */
async function checkIgnored(device: GradedDevice): Promise<void> {
  device.cancel(NEVER_USED);
  const requestId = device.sendIn(getDescriptor(DescriptorKind.DEVICE), DEVICE_SIZE);
  await device.completion(requestId);
  device.cancel(requestId);
  if (device.usbDevice !== 0) device.cancel(NEVER_USED, 0);
  await checkAlive(device, 'after CANCEL_REQUEST for requests that are not pending');
  await device.channel.expectNothing('for a CANCEL_REQUEST that concerns nothing');
}

/** Nobody wrote anything, so that a completion can only be one of a cancelled request. */
async function checkAtMostOne(grading: ClientGrading, device: GradedDevice, requestId: number): Promise<void> {
  if (await staysPending(grading, device, requestId)) return;
  const completion = await device.completion(requestId);
  check(!succeeded(completion), 'a cancelled request, for which there was no data, succeeded');
  await device.channel.expectNothing('although the cancelled request has its completion');
}

/** The next data of the device must not go to the cancelled request. */
async function checkGone(loopback: Loopback, requestId: number): Promise<void> {
  const data = pattern(9, 0x40);
  checkSuccess(await loopback.write(data), 'a write');
  const read = await loopback.read(64).catch((error: unknown) => {
    if (
      loopback.device.channel.waiting.some(({ message }) => 'requestId' in message && message.requestId === requestId)
    ) {
      throw new CheckFailure('the cancelled request got the data that the device sent next');
    }
    throw error;
  });
  check(sameBytes(read.data, data), 'the bytes that were written came back as others after cancelling');
}

/** @throws CheckFailure unless the device still answers */
export async function checkAlive(device: GradedDevice, when: string): Promise<void> {
  const completion = await device.transferIn(getDescriptor(DescriptorKind.DEVICE), DEVICE_SIZE);
  checkSuccess(completion, `GET_DESCRIPTOR ${when}`);
  checkEqual(completion.outputBufferSize, DEVICE_SIZE, `OutputBufferSize of the device descriptor ${when}`);
}

export const CANCELLING_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [cancelling];
