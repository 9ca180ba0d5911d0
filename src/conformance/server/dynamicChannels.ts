import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeUrbdrcMessage } from '../../../codecs/urbdrc/decode.ts';
import { InterfaceId } from '../../../codecs/urbdrc/header.ts';
import type { PduLink } from '../pduLink.ts';
import type { Requirement } from '../suite.ts';
import { check, CheckFailure } from '../verdict.ts';
import { sendCreated, type ServerGrading } from './serverGrading.ts';

/** Milliseconds, and how exact the timer has to be. */
const CAPABILITIES_TIMEOUT = 10_000;
const TIMER_TOLERANCE = 1000;
const VERSIONS = [1, 2, 3] as const;
/** The first version with compressed data. */
const COMPRESSING = 3;
/** Bytes of the largest PDU, header included, [MS-RDPEDYC] 3.1.5.1.4. */
const LARGEST_PDU = 1600;
/** Head of a DYNVC_DATA: its command, both Sp bits, and one byte of ChannelId. */
const DATA_WITH_SP = 0x3c;

const ECHOED = Uint8Array.from({ length: 64 * 1024 }, (_, index) => (index * 31) & 0xff);
const MANY_IDS = Array.from({ length: 100 }, (_, index) => `USB\\VID_1209&PID_000F&REV_0001&MI_${index}`);

const edyc = (section: string) => ({ document: 'MS-RDPEDYC', section });

const capabilities: Requirement<ServerGrading> = {
  id: 'S20',
  title: 'waits 10 seconds for the capabilities, creates nothing without, compresses nothing below version 3',
  sections: [edyc('3.3.3.1'), edyc('3.3.2')],
  severity: 'MUST',
  async run(grading) {
    await checkUnanswered(grading);
    for (const version of VERSIONS) {
      const side = await grading.openControl({ version });
      const device = await grading.addDevice(side);
      await device.idle(grading.quiet);
      const compressed = side.peer.link.received.find(({ pdu }) => pdu?.name.endsWith('_COMPRESSED') === true);
      const isLegal = compressed === undefined || version >= COMPRESSING;
      check(isLegal, `compressed data came although version ${version} was agreed on`);
      await side.peer.close();
    }
  },
};

async function checkUnanswered(grading: ServerGrading): Promise<void> {
  const link = await grading.connectLink({ logsPdus: true });
  await link.changes.until(() => {
    if (link.closedBecause !== undefined) throw new CheckFailure(`no capabilities came: ${link.closedBecause}`);
    return receivedNamed(link, 'DYNVC_CAPS') ? true : undefined;
  }, grading.timeout);
  check(receivedNamed(link, 'DYNVC_CAPS'), 'no capabilities of the dynamic channels came');
  await grading.pause(CAPABILITIES_TIMEOUT + TIMER_TOLERANCE);
  check(!receivedNamed(link, 'DYNVC_CREATE_REQ'), 'a channel was opened before the capabilities were answered');
  link.sendPdu({ name: 'DYNVC_CAPS_RSP', version: 1 });
  await grading.pause(grading.quiet);
  check(!receivedNamed(link, 'DYNVC_CREATE_REQ'), 'a channel was opened although the capabilities came too late');
  await link.close();
}

function receivedNamed(link: PduLink, start: string): boolean {
  return link.received.some(({ pdu }) => pdu?.name.startsWith(start) === true);
}

const fragments: Requirement<ServerGrading> = {
  id: 'S21',
  title: 'sends and takes messages of more than one PDU, none longer than 1600 bytes; ignores the Sp bits',
  sections: [edyc('3.1.5.1.4'), edyc('3.1.5.2.3'), edyc('2.2.3')],
  severity: 'MUST',
  async run(grading) {
    await checkSpIgnored(grading);
    const { side, device } = await grading.firstDevice({ announcement: { hardwareIds: MANY_IDS } });
    if (grading.settings.program !== undefined) {
      const program = await grading.program('a long write');
      const data = await grading.told(program.echo(ECHOED), `a write and a read of ${ECHOED.byteLength} bytes`);
      const same = data.byteLength === ECHOED.byteLength && data.every((byte, index) => byte === ECHOED[index]);
      check(same, 'what was written and read on the server did not stay the same');
    }
    await device.idle(grading.quiet);
    const longest = Math.max(...side.peer.link.received.map(({ bytes }) => bytes.byteLength));
    check(longest <= LARGEST_PDU, `a PDU of ${longest} bytes came, ${LARGEST_PDU} are allowed`);
    const broken = side.peer.link.received.find(({ error }) => error !== undefined);
    check(broken === undefined, `a PDU that came cannot be read: ${broken?.error?.message}`);
  },
};

/** Opens a channel with an answer whose DYNVC_DATA has both Sp bits set, as those of Windows may have. */
async function checkSpIgnored(grading: ServerGrading): Promise<void> {
  const peer = await grading.connect();
  const control = await peer.expectChannel();
  const { message } = await control.expect('RIM_EXCHANGE_CAPABILITY_REQUEST');
  const response = encodeUrbdrcMessage({
    name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
    interfaceId: InterfaceId.CAPABILITIES,
    messageId: message.messageId,
    capabilityValue: 1,
    result: 0,
  });
  grading.log.message('sent', control.channelId, 'capability response with Sp 3', joinParts(response));
  peer.link.sendPdus([[Uint8Array.of(DATA_WITH_SP, control.channelId), ...response]]);
  await control.expect('CHANNEL_CREATED', undefined, undefined, 'CHANNEL_CREATED after data with Sp 3');
  sendCreated(control);
  await control.expectStaysOpen('after data with Sp 3');
  await peer.close();
}

export const DYNAMIC_CHANNEL_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [capabilities, fragments];
