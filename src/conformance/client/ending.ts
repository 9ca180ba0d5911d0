import { InterfaceId, rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { PeerChannel } from '../peerChannel.ts';
import type { Requirement } from '../suite.ts';
import { check, need } from '../verdict.ts';
import { checkAlive } from './cancelling.ts';
import { type ClientGrading, type ControlSide, release } from './clientGrading.ts';
import { pendingReads } from './exercise.ts';
import type { GradedDevice } from './gradedDevice.ts';

const COMPLETIONS = ['URB_COMPLETION', 'URB_COMPLETION_NO_DATA', 'IOCONTROL_COMPLETION'] as const;

const retracted: Requirement<ClientGrading> = {
  id: 'C29',
  title: 'RETRACT_DEVICE closes the channel of the device, with requests pending too, and no other channel',
  sections: [rdpeusb('3.3.5.3.8'), rdpeusb('2.2.6.9')],
  severity: 'SHOULD',
  async run(grading) {
    const side = await grading.openControl();
    const [device, ...others] = await grading.allDevices(side);
    need(device !== undefined, 'the client redirects no device');
    await pendingReads(grading, device, await device.configure(), 2);
    device.retract();
    await device.channel.expectClosed('after RETRACT_DEVICE');
    await checkOnlyFailures(device, 'a retracted device');
    await checkOthers(side, others, 'when a device was retracted');
  },
};

/** Requests that were pending end without success, or without anything. */
async function checkOnlyFailures({ channel }: GradedDevice, what: string): Promise<void> {
  await channel.expectNothing(`from ${what}`, undefined, COMPLETIONS);
  const succeeded = channel.waiting.some(
    ({ message }) => 'tsUrbResult' in message && message.tsUrbResult.usbdStatus === 0,
  );
  check(!succeeded, `a request that was pending succeeded at the end of ${what}`);
}

async function checkOthers({ control }: ControlSide, others: readonly GradedDevice[], when: string): Promise<void> {
  await control.expectStaysOpen(when);
  for (const other of others) await checkAlive(other, when);
}

const unplugged: Requirement<ClientGrading> = {
  id: 'C31',
  title: 'a device that is unplugged has its channel closed, and requests that were pending do not succeed',
  sections: [rdpeusb('1.5'), rdpeusb('3.3.5.3.8')],
  severity: 'MUST',
  async run(grading) {
    const { unplug } = grading.settings;
    need(unplug !== undefined, 'nothing here can unplug the device');
    for (const reads of [0, 2]) {
      const { side, device } = await grading.firstDevice();
      const pending = await pendingReads(grading, device, await device.configure(), reads);
      const when =
        pending.length === 0 ? 'although the device was unplugged' : 'although it was unplugged amid transfers';
      unplug();
      await device.channel.expectClosed(when);
      await checkOnlyFailures(device, 'a device that was unplugged');
      await side.control.expectStaysOpen('when a device was unplugged');
      await side.peer.close();
    }
  },
};

const released: Requirement<ClientGrading> = {
  id: 'C32',
  title: 'RIMCALL_RELEASE of any interface is tolerated, and not answered',
  sections: [rdpeusb('2.2.2')],
  severity: 'MUST',
  async run(grading) {
    const { side, device } = await grading.firstDevice();
    await releaseAll(side.control, [InterfaceId.CHANNEL_NOTIFICATION_CLIENT + 1]);
    await releaseAll(device.channel, [device.requestCompletion]);
    await side.control.expectStaysOpen('after RIMCALL_RELEASE');
    await device.channel.expectStaysOpen('after RIMCALL_RELEASE');
    await checkAlive(device, 'after RIMCALL_RELEASE');
  },
};

async function releaseAll(channel: PeerChannel, own: readonly number[]): Promise<void> {
  const { CAPABILITIES, DEVICE_SINK, CHANNEL_NOTIFICATION_SERVER, CHANNEL_NOTIFICATION_CLIENT } = InterfaceId;
  for (const id of [CAPABILITIES, DEVICE_SINK, CHANNEL_NOTIFICATION_SERVER, CHANNEL_NOTIFICATION_CLIENT, ...own]) {
    release(channel, id);
  }
  await channel.expectNothing('for RIMCALL_RELEASE', undefined, ['ADD_VIRTUAL_CHANNEL']);
}

export const ENDING_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [retracted, unplugged, released];
