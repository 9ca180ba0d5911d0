import { RIM_CAPABILITY_VERSION_01 } from '../../../codecs/urbdrc/capabilities.ts';
import { CHANNEL_CREATED_VERSION } from '../../../codecs/urbdrc/channelNotification.ts';
import { InterfaceId, rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { PeerChannel } from '../peerChannel.ts';
import type { Requirement } from '../suite.ts';
import { checkEqual } from '../verdict.ts';
import {
  CAPABILITY_MESSAGE_ID,
  type ClientGrading,
  type Opening,
  sendCapabilityRequest,
  sendCreated,
} from './clientGrading.ts';

const CAPABILITIES_MASK = 0;
/** Bytes of RIM_EXCHANGE_CAPABILITY_RESPONSE. */
const RESPONSE_SIZE = 16;

const channels: Requirement<ClientGrading> = {
  id: 'C01',
  title: 'accepts several channels named URBDRC, each with a capability exchange and CHANNEL_CREATED of its own',
  sections: [rdpeusb('1.3.1.1'), rdpeusb('2.1')],
  severity: 'MUST',
  async run(grading) {
    const side = await grading.openControl();
    const first = await grading.nextDevice(side);
    await side.control.expectNothing('on the control channel while a device channel was opened', grading.quiet, [
      'ADD_VIRTUAL_CHANNEL',
    ]);
    await side.control.expectStaysOpen('when a second channel was opened');
    await first.channel.expectStaysOpen('after its opening');
  },
};

const capabilities: Requirement<ClientGrading> = {
  id: 'C02',
  title: 'answers the capability exchange with its InterfaceId and MessageId, mask 0, version 1 and Result 0',
  sections: [rdpeusb('2.2.3.2')],
  severity: 'MUST',
  async run(grading) {
    const peer = await grading.connect();
    const control = await peer.openChannel();
    sendCapabilityRequest(control);
    const { message, bytes } = await control.expect('RIM_EXCHANGE_CAPABILITY_RESPONSE');
    checkEqual(bytes.byteLength, RESPONSE_SIZE, 'the length of RIM_EXCHANGE_CAPABILITY_RESPONSE');
    checkEqual((bytes[3] ?? 0) >> 6, CAPABILITIES_MASK, 'Mask');
    checkEqual(message.interfaceId, InterfaceId.CAPABILITIES, 'InterfaceId');
    checkEqual(message.messageId, CAPABILITY_MESSAGE_ID, 'MessageId');
    checkEqual(message.capabilityValue, RIM_CAPABILITY_VERSION_01, 'CapabilityValue');
    checkEqual(message.result, 0, 'Result');
    await control.expectNothing('beside the one RIM_EXCHANGE_CAPABILITY_RESPONSE');
  },
};

const created: Requirement<ClientGrading> = {
  id: 'C03',
  title: 'answers CHANNEL_CREATED once, on interface 3, with version 1.0 and no capabilities',
  sections: [rdpeusb('2.2.5.1'), rdpeusb('3.3.5.2.2')],
  severity: 'MUST',
  async run(grading) {
    const peer = await grading.connect();
    const control = await peer.openChannel();
    checkCreated(await grading.open(control));
    await control.expectNothing('beside the one CHANNEL_CREATED', grading.quiet, ['ADD_VIRTUAL_CHANNEL']);
  },
};

function checkCreated({ created: { message } }: Opening): void {
  checkEqual(message.interfaceId, InterfaceId.CHANNEL_NOTIFICATION_CLIENT, 'InterfaceId of CHANNEL_CREATED');
  checkEqual(message.majorVersion, CHANNEL_CREATED_VERSION.majorVersion, 'MajorVersion');
  checkEqual(message.minorVersion, CHANNEL_CREATED_VERSION.minorVersion, 'MinorVersion');
  checkEqual(message.capabilities, CHANNEL_CREATED_VERSION.capabilities, 'Capabilities');
}

const unsupportedVersion: Requirement<ClientGrading> = {
  id: 'C04',
  title: 'closes the channel when the server has an unsupported version, and announces nothing',
  sections: [rdpeusb('3.3.5.2.2')],
  severity: 'MUST',
  async run(grading) {
    for (const majorVersion of [0, 2]) {
      const peer = await grading.connect();
      const control = await peer.openChannel();
      sendCapabilityRequest(control);
      await control.expect('RIM_EXCHANGE_CAPABILITY_RESPONSE');
      sendCreated(control, { majorVersion });
      await checkRefused(control, majorVersion);
      await peer.close();
    }
  },
};

async function checkRefused(control: PeerChannel, majorVersion: number): Promise<void> {
  const why = `after a CHANNEL_CREATED with MajorVersion ${majorVersion}`;
  await control.expectClosed(why);
  await control.expectNothing(why, undefined, ['CHANNEL_CREATED']);
}

export const OPENING_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [
  channels,
  capabilities,
  created,
  unsupportedVersion,
];
