import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { InternalIoControlCode, IoControlCode, ioControlCodeName } from '../../../codecs/urbdrc/ioControl.ts';
import { Hresult, hresultName, isFailure } from '../../../codecs/urbdrc/status.ts';
import type { Received } from '../peerChannel.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual, CheckFailure } from '../verdict.ts';
import type { ClientGrading } from './clientGrading.ts';
import { checkSuccess, type GradedDevice } from './gradedDevice.ts';
import { frameNumber } from './urbs.ts';

const {
  IOCTL_INTERNAL_USB_RESET_PORT,
  IOCTL_INTERNAL_USB_GET_PORT_STATUS,
  IOCTL_INTERNAL_USB_GET_HUB_COUNT,
  IOCTL_INTERNAL_USB_CYCLE_PORT,
  IOCTL_INTERNAL_USB_GET_HUB_NAME,
  IOCTL_INTERNAL_USB_GET_BUS_INFO,
  IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME,
} = IoControlCode;
const QUERY_BUS_TIME = InternalIoControlCode.IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME;

type IoControlCompletion = Received<'IOCONTROL_COMPLETION'>['message'];

/** OutputBufferSize for names. */
const NAME_SIZE = 256;

/** Codes with the OutputBufferSize that is asked for and, unless it is open, that must come. What disturbs goes last. */
const CODES: readonly (readonly [code: number, asked: number, size: number | undefined])[] = [
  [IOCTL_INTERNAL_USB_GET_PORT_STATUS, 4, 4],
  [IOCTL_INTERNAL_USB_GET_HUB_COUNT, 4, 4],
  [IOCTL_INTERNAL_USB_GET_HUB_NAME, NAME_SIZE, undefined],
  [IOCTL_INTERNAL_USB_GET_BUS_INFO, 16, 16],
  [IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME, NAME_SIZE, undefined],
  [IOCTL_INTERNAL_USB_RESET_PORT, 0, 0],
];
/** Afterwards the device may be another one, on another channel. */
const LAST: (typeof CODES)[number] = [IOCTL_INTERNAL_USB_CYCLE_PORT, 0, 0];

const ioControl: Requirement<ClientGrading> = {
  id: 'C12',
  title: 'answers the seven IO_CONTROL codes with the sizes that they have; a buffer that is too small is told',
  sections: [rdpeusb('2.2.7.1'), rdpeusb('2.2.12')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    for (const code of CODES) await checkAnswered(device, code);
    await checkTooSmall(device, IOCTL_INTERNAL_USB_GET_PORT_STATUS, 4);
    await checkTooSmall(device, IOCTL_INTERNAL_USB_GET_BUS_INFO, 16);
    await checkAnswered(device, LAST);
  },
};

async function checkAnswered(device: GradedDevice, [code, asked, size]: (typeof CODES)[number]): Promise<void> {
  const { message } = await device.ioControlCompletion(device.sendIoControl(code, asked));
  checkSizes(message, ioControlCodeName(code), asked, size);
}

function checkSizes(message: IoControlCompletion, name: string, asked: number, size: number | undefined): void {
  const { hResult, information, outputBuffer } = message;
  if (isFailure(hResult)) {
    checkEqual(outputBuffer.byteLength, 0, `OutputBufferSize of ${name} that failed (${hresultName(hResult)})`);
    return;
  }
  check(outputBuffer.byteLength <= asked, `${name}: ${outputBuffer.byteLength} bytes came, ${asked} were asked for`);
  if (size !== undefined) checkEqual(outputBuffer.byteLength, size, `OutputBufferSize of ${name}`);
  checkEqual(information, outputBuffer.byteLength, `Information of ${name}, whose OutputBufferSize it is,`);
}

/** [MS-RDPEUSB] 2.2.7.1: Information tells the bytes that would be needed, OutputBufferSize is the one asked for. */
async function checkTooSmall(device: GradedDevice, code: number, needed: number): Promise<void> {
  const name = `${ioControlCodeName(code)} with a buffer that is too small`;
  const asked = needed - 1;
  const { message } = await device.ioControlCompletion(device.sendIoControl(code, asked));
  check(isFailure(message.hResult), `${name} succeeded`);
  if (message.hResult !== Hresult.ERROR_INSUFFICIENT_BUFFER) {
    checkSizes(message, name, asked, undefined);
    return;
  }
  checkEqual(message.information, needed, `Information of ${name}`);
  checkEqual(message.outputBuffer.byteLength, asked, `OutputBufferSize of ${name}`);
}

const unknownCode: Requirement<ClientGrading> = {
  id: 'C13',
  title: 'an unknown IoControlCode is answered with a failure',
  sections: [rdpeusb('3.3.5.4.1')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    for (const internal of [false, true]) {
      const requestId = device.sendIoControl(0x0022_7ffc, 4, { internal });
      const { message } = await device.ioControlCompletion(requestId);
      check(isFailure(message.hResult), `an unknown code got HResult ${hresultName(message.hResult)}`);
      checkEqual(message.outputBuffer.byteLength, 0, 'OutputBufferSize of an unknown code');
    }
  },
};

/** Milliseconds between the two looks at the bus time. */
const INTERVAL = 100;

const busTime: Requirement<ClientGrading> = {
  id: 'C14',
  title: 'QUERY_BUS_TIME is a frame number of 4 bytes in milliseconds, the one of GET_CURRENT_FRAME_NUMBER',
  sections: [rdpeusb('2.2.13.1'), rdpeusb('2.2.10.4')],
  severity: 'MUST',
  async run(grading) {
    const { device } = await grading.firstDevice();
    const before = await readTimes(grading, device);
    await grading.pause(INTERVAL);
    const after = await readTimes(grading, device);
    const passed = grading.clock.now() - before.asked;
    for (const key of ['frame', 'bus'] as const) {
      const counted = difference(before[key], after[key]);
      check(
        counted >= INTERVAL / 2 && counted <= passed * 2,
        `${key === 'frame' ? 'the frame number' : 'the bus time'} counted ${counted} while ${Math.round(passed)} ms passed`,
      );
    }
    for (const { frame, bus, asked, answered } of [before, after]) {
      const apart = difference(frame, bus);
      const allowed = answered - asked + 10;
      check(
        apart <= allowed || 0x1_0000_0000 - apart <= allowed,
        `the bus time is ${bus} just after frame number ${frame}`,
      );
    }
  },
};

interface Times {
  readonly frame: number;
  readonly bus: number;
  /** Clock's time before and after both questions. */
  readonly asked: number;
  readonly answered: number;
}

async function readTimes(grading: ClientGrading, device: GradedDevice): Promise<Times> {
  const asked = grading.clock.now();
  const completion = await device.transferIn(frameNumber(), 0);
  checkSuccess(completion, 'GET_CURRENT_FRAME_NUMBER');
  const { tsUrbResult } = completion;
  if (tsUrbResult.name !== 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT') {
    throw new CheckFailure('GET_CURRENT_FRAME_NUMBER has no TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT');
  }
  const requestId = device.sendIoControl(QUERY_BUS_TIME, 4, { internal: true });
  const { message } = await device.ioControlCompletion(requestId);
  check(!isFailure(message.hResult), `QUERY_BUS_TIME failed: ${hresultName(message.hResult)}`);
  const { outputBuffer } = message;
  checkEqual(outputBuffer.byteLength, 4, 'OutputBufferSize of QUERY_BUS_TIME');
  const bus = new DataView(outputBuffer.buffer, outputBuffer.byteOffset).getUint32(0, true);
  return { frame: tsUrbResult.frameNumber, bus, asked, answered: grading.clock.now() };
}

/** Modulo 2^32. */
function difference(earlier: number, later: number): number {
  return (later - earlier) >>> 0;
}

export const IO_CONTROL_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [ioControl, unknownCode, busTime];
