import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual } from '../verdict.ts';
import { isPipeRead } from './completions.ts';
import { cancelledAnswer, requestIdOf } from './deviceAnswers.ts';
import type { ScriptedDevice } from './scriptedDevice.ts';
import type { ServerGrading } from './serverGrading.ts';

/** Milliseconds that a server may take to end a request that its program gave up. */
const LONGEST_GRACE = 30_000;
/** Milliseconds that QUERY_DEVICE_TEXT may take, [MS-RDPEUSB] 3.1.2, and how exact the timer has to be. */
const TEXT_TIMEOUT = 30_000;
const TIMER_TOLERANCE = 1000;
/** UsbRetractReason_BlockedByPolicy. */
const BLOCKED_BY_POLICY = 1;

const cancelled: Requirement<ServerGrading> = {
  id: 'S15',
  title: 'sends CANCEL_REQUEST for a request that is given up, and bears its completion, late or in time',
  sections: [rdpeusb('3.2.5.3.1')],
  severity: 'MUST',
  async run(grading) {
    for (const isLate of [false, true]) {
      const { side, device } = await grading.firstDevice({ holds: isPipeRead });
      const program = await grading.program('CANCEL_REQUEST for a read that is given up');
      const read = program.read();
      const { message } = await device.nextRequest(grading.timeout, (each) => isPipeRead(each.message));
      read.cancel();
      const { requestId } = await device.next('CANCEL_REQUEST', grading.timeout);
      checkEqual(requestId, requestIdOf(message), 'RequestId of CANCEL_REQUEST');
      if (isLate) await grading.told(read.ended, 'a read that was given up', LONGEST_GRACE);
      device.complete(cancelledAnswer(message));
      const when = `after ${isLate ? 'a late' : 'the'} completion of a cancelled request`;
      const succeeded = await grading.told(read.ended, 'a read that was given up');
      check(!succeeded, 'a read that was cancelled succeeded on the server');
      await device.channel.expectStaysOpen(when);
      await side.control.expectStaysOpen(when);
      await side.peer.close();
    }
  },
};

/** Texts as they may come: none, an empty one, beyond ASCII, without a terminator. */
const TEXTS = ['', '\0', 'Speicher №1\0', 'USB device'] as const;

const deviceText: Requirement<ServerGrading> = {
  id: 'S16',
  title: 'takes any text for QUERY_DEVICE_TEXT, and closes the channel when none came for 30 seconds',
  sections: [rdpeusb('3.1.2'), rdpeusb('3.2.5.3.6')],
  severity: 'MUST',
  async run(grading) {
    for (const text of TEXTS) {
      const { side, device } = await grading.firstDevice({ text: () => text });
      await askForText(grading, device);
      await device.channel.expectStaysOpen(`after the device text ${JSON.stringify(text)}`);
      await side.peer.close();
    }
    const { side, device } = await grading.firstDevice({ text: () => undefined });
    await askForText(grading, device, false);
    await device.channel.expectStaysOpen('while a device text may still come', TEXT_TIMEOUT - TIMER_TOLERANCE);
    await device.channel.expectClosed('when QUERY_DEVICE_TEXT was not answered', 2 * TIMER_TOLERANCE);
    await side.control.expectStaysOpen('when a device channel was closed');
  },
};

/** Waits for the query, and for its answer if one is sent. A server that asks by itself needs no program. */
async function askForText(grading: ServerGrading, device: ScriptedDevice, isAnswered = true): Promise<void> {
  if (grading.settings.program === undefined) {
    await device.idle(grading.quiet);
    if (device.received.some(({ message }) => message.name === 'QUERY_DEVICE_TEXT')) return;
  }
  const program = await grading.program('QUERY_DEVICE_TEXT');
  const text = program.deviceText();
  if (isAnswered) await grading.told(text, 'QUERY_DEVICE_TEXT');
  else text.catch(() => {});
  await device.next('QUERY_DEVICE_TEXT', grading.timeout);
}

const retracted: Requirement<ServerGrading> = {
  id: 'S17',
  title: 'refuses a device with RETRACT_DEVICE, reason 1, and does not answer the DYNVC_CLOSE of a client',
  sections: [rdpeusb('3.2.5.3.9'), rdpeusb('2.2.6.9'), { document: 'MS-RDPEDYC', section: '3.3.5.2' }],
  severity: 'MUST',
  async run(grading) {
    await checkCloseUnanswered(grading);
    const { side, device } = await grading.firstDevice();
    const program = await grading.program('RETRACT_DEVICE by policy');
    program.retract();
    const { reason } = await device.next('RETRACT_DEVICE', grading.timeout);
    checkEqual(reason, BLOCKED_BY_POLICY, 'Reason of RETRACT_DEVICE');
    device.channel.close();
    await side.control.expectStaysOpen('when a device was retracted');
    await grading.addDevice(side);
  },
};

async function checkCloseUnanswered(grading: ServerGrading): Promise<void> {
  const { side, device } = await grading.firstDevice();
  device.channel.close();
  await grading.pause(grading.quiet);
  const answered = side.peer.link.received.some(
    ({ pdu }) => pdu?.name === 'DYNVC_CLOSE' && pdu.channelId === device.channel.channelId,
  );
  check(!answered, 'DYNVC_CLOSE of a client was answered');
  await side.control.expectStaysOpen('when a client closed a device channel');
  await side.peer.close();
}

const ended: Requirement<ServerGrading> = {
  id: 'S18',
  title: 'ends what was pending when the client closes a device channel or the connection drops, and goes on',
  sections: [rdpeusb('1.5')],
  severity: 'MUST',
  async run(grading) {
    for (const drops of [false, true]) {
      const { side, device } = await grading.firstDevice({ holds: isPipeRead });
      const pending = grading.settings.program === undefined ? undefined : (await grading.program('a read')).read();
      if (pending !== undefined) await device.nextRequest(grading.timeout, (each) => isPipeRead(each.message));
      if (drops) await side.peer.close();
      else device.channel.close();
      if (pending !== undefined) {
        const succeeded = await grading.told(pending.ended, 'a read that was pending at the end of its device');
        check(!succeeded, 'a read that was pending at the end of its device succeeded on the server');
      }
      // The next device comes on what is left: the same connection, or a new one.
      const next = drops ? await grading.openControl() : side;
      await next.control.expectStaysOpen('when a client closed a device channel');
      await grading.addDevice(next);
      await next.peer.close();
    }
  },
};

export const LIFETIME_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [cancelled, deviceText, retracted, ended];
