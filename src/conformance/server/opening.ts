import { CHANNEL_CREATED_VERSION } from '../../../codecs/urbdrc/channelNotification.ts';
import { RIM_CAPABILITY_VERSION_01 } from '../../../codecs/urbdrc/capabilities.ts';
import { InterfaceId, rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { Hresult } from '../../../codecs/urbdrc/status.ts';
import type { PeerChannel } from '../peerChannel.ts';
import type { Requirement } from '../suite.ts';
import { checkEqual } from '../verdict.ts';
import {
  type ControlSide,
  type OpeningAnswers,
  sendAddVirtualChannel,
  sendCreated,
  type ServerGrading,
} from './serverGrading.ts';
import { ScriptedDevice } from './scriptedDevice.ts';

const opening: Requirement<ServerGrading> = {
  id: 'S01',
  title: 'begins each channel with the capability exchange, then CHANNEL_CREATED 1.0 on interface 2',
  sections: [rdpeusb('3.2.5.5.1'), rdpeusb('3.2.5.2.1')],
  severity: 'MUST',
  async run(grading) {
    const peer = await grading.connect();
    const control = await peer.expectChannel();
    await checkOpening(grading, control);
    sendCreated(control);
    sendAddVirtualChannel(control);
    await checkOpening(grading, await peer.expectChannel());
  },
};

async function checkOpening(grading: ServerGrading, channel: PeerChannel): Promise<void> {
  const first = await channel.expectOneOf(['RIM_EXCHANGE_CAPABILITY_REQUEST', 'CHANNEL_CREATED']);
  checkEqual(first.message.name, 'RIM_EXCHANGE_CAPABILITY_REQUEST', 'the first message of a channel');
  if (first.message.name !== 'RIM_EXCHANGE_CAPABILITY_REQUEST') return;
  const { interfaceId, messageId, capabilityValue } = first.message;
  checkEqual(interfaceId, InterfaceId.CAPABILITIES, 'InterfaceId of RIM_EXCHANGE_CAPABILITY_REQUEST');
  checkEqual(capabilityValue, RIM_CAPABILITY_VERSION_01, 'CapabilityValue');
  channel.send({
    name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
    interfaceId,
    messageId,
    capabilityValue: RIM_CAPABILITY_VERSION_01,
    result: 0,
  });
  const { message: created } = await channel.expect('CHANNEL_CREATED');
  checkEqual(created.interfaceId, InterfaceId.CHANNEL_NOTIFICATION_SERVER, 'InterfaceId of CHANNEL_CREATED');
  checkEqual(created.majorVersion, CHANNEL_CREATED_VERSION.majorVersion, 'MajorVersion');
  checkEqual(created.minorVersion, CHANNEL_CREATED_VERSION.minorVersion, 'MinorVersion');
  checkEqual(created.capabilities, CHANNEL_CREATED_VERSION.capabilities, 'Capabilities');
  await channel.expectNothing('beside the messages of the opening', grading.quiet, ['RIMCALL_RELEASE']);
}

const WRONG_CAPABILITIES: readonly (readonly [string, OpeningAnswers])[] = [
  ['capability version 2', { capabilityValue: 2 }],
  ['a failure', { result: Hresult.ERROR_GEN_FAILURE }],
];

const capabilities: Requirement<ServerGrading> = {
  id: 'S02',
  title: 'does not go on after a capability response of another version or with a failure',
  sections: [rdpeusb('3.2.5.5.2')],
  severity: 'MUST',
  async run(grading) {
    for (const [text, answers] of WRONG_CAPABILITIES) {
      const peer = await grading.connect();
      const control = await peer.expectChannel();
      await grading.answerCapabilities(control, answers);
      await control.expectNothing(`after a capability response with ${text}`, grading.quiet, ['RIMCALL_RELEASE']);
      await peer.close();
      const side = await grading.openControl();
      sendAddVirtualChannel(side.control);
      const channel = await side.peer.expectChannel();
      await grading.answerCapabilities(channel, answers);
      await channel.expectNothing(`after a capability response with ${text}`, grading.quiet, ['RIMCALL_RELEASE']);
      await side.control.expectStaysOpen('when a device channel could not be opened');
      await side.peer.close();
    }
  },
};

const UNSUPPORTED_VERSIONS = [0, 2] as const;

const unsupportedVersion: Requirement<ServerGrading> = {
  id: 'S03',
  title: 'closes the channel of a client with an unsupported version, and acts on no announcement there',
  sections: [rdpeusb('3.2.5.2.2')],
  severity: 'MUST',
  async run(grading) {
    for (const majorVersion of UNSUPPORTED_VERSIONS) {
      await checkControlRefused(grading, majorVersion);
      await checkDeviceRefused(grading, await grading.openControl(), majorVersion);
    }
  },
};

async function checkControlRefused(grading: ServerGrading, majorVersion: number): Promise<void> {
  const why = `after a CHANNEL_CREATED with MajorVersion ${majorVersion}`;
  const peer = await grading.connect();
  const control = await peer.expectChannel();
  await grading.answerCapabilities(control);
  await control.expect('CHANNEL_CREATED');
  sendCreated(control, majorVersion);
  sendAddVirtualChannel(control);
  await control.expectClosed(why);
  await peer.expectNoChannel(why);
  await peer.close();
}

async function checkDeviceRefused(grading: ServerGrading, side: ControlSide, majorVersion: number): Promise<void> {
  const why = `after a CHANNEL_CREATED with MajorVersion ${majorVersion}`;
  sendAddVirtualChannel(side.control);
  const channel = await side.peer.expectChannel();
  await grading.answerCapabilities(channel);
  await channel.expect('CHANNEL_CREATED');
  sendCreated(channel, majorVersion);
  new ScriptedDevice(channel, grading.changes).announce();
  await channel.expectClosed(why);
  await channel.expectNothing(why, grading.quiet, ['RIMCALL_RELEASE']);
  await side.control.expectStaysOpen(why);
  await side.peer.close();
}

export const OPENING_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [opening, capabilities, unsupportedVersion];
