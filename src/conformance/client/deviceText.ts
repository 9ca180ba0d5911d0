import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { isFailure } from '../../../codecs/urbdrc/status.ts';
import { DeviceTextType } from '../../../codecs/urbdrc/usbDeviceText.ts';
import type { Received } from '../peerChannel.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual } from '../verdict.ts';
import type { ClientGrading } from './clientGrading.ts';
import type { GradedDevice } from './gradedDevice.ts';

const ENGLISH = 0x0409;
const UNKNOWN_LOCALE = 0x7f7f;
const UNKNOWN_TYPE = 9;

/** Offset of cchDeviceDescription in QUERY_DEVICE_TEXT_RSP. */
const COUNT_OFFSET = 8;

const deviceText: Requirement<ClientGrading> = {
  id: 'C15',
  title: 'QUERY_DEVICE_TEXT is answered on mask STUB with its ids, before REGISTER_REQUEST_CALLBACK too',
  sections: [rdpeusb('2.2.6.6'), rdpeusb('3.3.5.3.5')],
  severity: 'MUST',
  async run(grading) {
    const side = await grading.openControl();
    const device = await grading.nextDevice(side);
    for (const textType of [DeviceTextType.DESCRIPTION, DeviceTextType.LOCATION_INFORMATION]) {
      const answer = await ask(device, textType, ENGLISH);
      checkEqual(answer.message.hResult, 0, `HResult for TextType ${textType}`);
      check(answer.message.deviceDescription !== '', `the text for TextType ${textType} is empty`);
      checkTerminated(answer.bytes);
    }
    await ask(device, DeviceTextType.DESCRIPTION, UNKNOWN_LOCALE);
    const unknown = await ask(device, UNKNOWN_TYPE, ENGLISH);
    check(isFailure(unknown.message.hResult), `an unknown TextType got HResult ${unknown.message.hResult}`);
    await device.channel.expectNothing('although every text was answered');
  },
};

async function ask(
  device: GradedDevice,
  textType: number,
  localeId: number,
): Promise<Received<'QUERY_DEVICE_TEXT_RSP'>> {
  const ids = device.ids();
  device.channel.send({ name: 'QUERY_DEVICE_TEXT', ...ids, textType, localeId });
  const answer = await device.channel.expect('QUERY_DEVICE_TEXT_RSP');
  checkEqual(answer.message.messageId, ids.messageId, 'MessageId of QUERY_DEVICE_TEXT_RSP');
  checkEqual(answer.message.interfaceId, ids.interfaceId, 'InterfaceId of QUERY_DEVICE_TEXT_RSP');
  return answer;
}

/** cchDeviceDescription counts the text's NUL. */
function checkTerminated(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = COUNT_OFFSET + 4 + 2 * view.getUint32(COUNT_OFFSET, true);
  checkEqual(view.getUint16(end - 2, true), 0, 'the last character of DeviceDescription');
}

export const DEVICE_TEXT_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [deviceText];
