import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { Requirement } from '../suite.ts';
import { check } from '../verdict.ts';
import { type Answer, answerOf, isBulk, type IoRequest, requestIdOf, transferAnswer } from './deviceAnswers.ts';
import { CONFIGURATION_DESCRIPTOR } from './loopbackDescriptors.ts';
import type { ScriptedDevice } from './scriptedDevice.ts';
import type { ServerGrading, ServerProgram } from './serverGrading.ts';

const CONFIGURATION_TYPE = 2;
const EMPTY = new Uint8Array(0);
const ECHOED = Uint8Array.from({ length: 300 }, (_, index) => (index * 7) & 0xff);
/** A RequestId that no server has used yet. */
const UNUSED_REQUEST_ID = 0x3fab_cdef;

/** A read of a bulk pipe. */
export function isPipeRead(request: IoRequest): boolean {
  return request.name === 'TRANSFER_IN_REQUEST' && isBulk(request);
}

function isPipeWrite(request: IoRequest): boolean {
  return request.name === 'TRANSFER_OUT_REQUEST' && isBulk(request);
}

const matched: Requirement<ServerGrading> = {
  id: 'S13',
  title: 'gives the data of a completion to the request with its RequestId',
  sections: [rdpeusb('3.2.5.4')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice({ holds: isPipeRead });
    if (grading.settings.program === undefined) await checkEnumerated(grading, device);
    else await checkAnsweredBackwards(grading, device);
  },
};

/** After the head of the configuration descriptor, a server asks for the length that it tells. */
async function checkEnumerated(grading: ServerGrading, device: ScriptedDevice): Promise<void> {
  const length = CONFIGURATION_DESCRIPTOR.byteLength;
  await device.nextRequest(
    grading.timeout,
    ({ message }) =>
      message.name === 'TRANSFER_IN_REQUEST' &&
      message.tsUrb.name === 'TS_URB_CONTROL_DESCRIPTOR_REQUEST' &&
      message.tsUrb.descriptorType === CONFIGURATION_TYPE &&
      message.outputBufferSize >= length,
    `request for the whole configuration descriptor of ${length} bytes`,
  );
}

/** Two reads at a time, the second one answered first. */
async function checkAnsweredBackwards(grading: ServerGrading, device: ScriptedDevice): Promise<void> {
  const program = await grading.program('data comes back');
  const { ended } = program.read();
  const first = await nextOf(grading, device, isPipeRead);
  const echo = program.echo(ECHOED);
  const second = await nextOf(grading, device, (request) => isPipeRead(request) && request !== first);
  complete(device, second, ECHOED);
  const data = await grading.told(echo, 'a write and a read');
  const same = data.byteLength === ECHOED.byteLength && data.every((byte, index) => byte === ECHOED[index]);
  check(same, 'what was read on the server is not what the device sent for that RequestId');
  complete(device, first, Uint8Array.of(1, 2, 3));
  check(await grading.told(ended, 'a read'), 'a read that the device answered failed on the server');
}

async function nextOf(
  grading: ServerGrading,
  device: ScriptedDevice,
  accept: (request: IoRequest) => boolean,
): Promise<IoRequest> {
  const { message } = await device.nextRequest(grading.timeout, (each) => accept(each.message));
  return message;
}

function complete(device: ScriptedDevice, request: IoRequest, data: Uint8Array): void {
  if ('tsUrb' in request) device.complete(transferAnswer(request, data));
}

/** A rule of 3.2.5.4, and the answers by which a client breaks it. */
interface Violation {
  readonly text: string;
  readonly answers: (request: IoRequest) => readonly Answer[];
}

/**
 * Too many bytes in IOCONTROL_COMPLETION are not among them: 3.2.5.4.1 requires the same there, but FreeRDP always sends
 * too many, so that a server that closes the channel cannot be used with it.
 */
const READ_VIOLATIONS: readonly Violation[] = [
  { text: 'a second completion of one request', answers: (request) => [answerOf(request), answerOf(request)] },
  {
    text: 'a completion of a request that there is not',
    answers: (request) => [{ ...answerOf(request), requestId: UNUSED_REQUEST_ID }],
  },
  { text: 'more data than a read asked for', answers: surplus },
  { text: 'URB_COMPLETION_NO_DATA with bytes for a read', answers: (request) => noData(request, 1) },
];

/** Needs a program that makes the server write. */
const WRITE_VIOLATION: Violation = {
  text: 'more bytes than were written',
  answers: (request) => noData(request, ECHOED.byteLength + 1),
};

/** The data of the device, filled up to one byte more than was asked for. */
function surplus(request: IoRequest): readonly Answer[] {
  if (request.name !== 'TRANSFER_IN_REQUEST') return [];
  const data = new Uint8Array(request.outputBufferSize + 1);
  const answer = answerOf(request);
  if (answer.name === 'URB_COMPLETION') data.set(answer.outputBuffer);
  return [transferAnswer(request, data)];
}

function noData(request: IoRequest, outputBufferSize: number): readonly Answer[] {
  if (!('tsUrb' in request)) return [];
  const answer = transferAnswer(request, EMPTY);
  return answer.name === 'URB_COMPLETION_NO_DATA' ? [{ ...answer, outputBufferSize }] : [];
}

const violations: Requirement<ServerGrading> = {
  id: 'S14',
  title: 'closes the channel for a second or unasked completion, and for more bytes than were asked for',
  sections: [rdpeusb('3.2.5.4.2'), rdpeusb('3.2.5.4.3')],
  severity: 'SHOULD',
  async run(grading) {
    const hasProgram = grading.settings.program !== undefined;
    for (const violation of READ_VIOLATIONS) {
      // Without a program, the server reads the first descriptor by itself.
      if (hasProgram) await checkClosedFor(grading, violation, isPipeRead, (program) => void program.read());
      else await checkClosedFor(grading, violation, (request) => request.name === 'TRANSFER_IN_REQUEST');
    }
    if (!hasProgram) return;
    await checkClosedFor(grading, WRITE_VIOLATION, isPipeWrite, (program) => {
      program.echo(ECHOED).catch(() => {});
    });
  },
};

async function checkClosedFor(
  grading: ServerGrading,
  { text, answers }: Violation,
  isAnswered: (request: IoRequest) => boolean,
  provoke?: (program: ServerProgram) => void,
): Promise<void> {
  const { side, device } = await grading.firstDevice({ holds: isAnswered });
  if (provoke !== undefined) provoke(await grading.program(text));
  const request = await nextOf(grading, device, isAnswered);
  for (const answer of answers(request)) device.complete(answer);
  await device.channel.expectClosed(`after ${text} (RequestId ${requestIdOf(request)})`);
  await side.control.expectStaysOpen('when a device channel was closed');
  await side.peer.close();
}

export const COMPLETION_REQUIREMENTS: readonly Requirement<ServerGrading>[] = [matched, violations];
