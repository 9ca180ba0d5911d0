import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { TransferFlags } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { TsUrbIsochTransferResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { PipeInformationResult } from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import { pattern } from '../bytes.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual, CheckFailure, NotApplicable } from '../verdict.ts';
import type { ClientGrading } from './clientGrading.ts';
import { isIn, PipeType } from './exercise.ts';
import { checkSuccess, type Completion, type GradedDevice, succeeded } from './gradedDevice.ts';
import { frameNumber, isochTransfer, selectInterface } from './urbs.ts';

const { USBD_TRANSFER_DIRECTION_IN, USBD_START_ISO_TRANSFER_ASAP } = TransferFlags;
const PACKETS = 8;
/** Frames from now at which a transfer is asked to start. */
const AHEAD = 40;

/** Selects an alternate setting with isochronous endpoints, and gives their pipes. */
async function isochronousPipes(device: GradedDevice): Promise<readonly PipeInformationResult[] | undefined> {
  const { configuration } = await device.facts();
  const setting = configuration.interfaces.find(({ endpoints }) =>
    endpoints.some(({ transferType, maxPacketSize }) => transferType === 'isochronous' && maxPacketSize > 0),
  );
  if (setting === undefined) return undefined;
  const { handle } = await device.configure();
  const { interfaceNumber, alternateSetting, endpoints } = setting;
  const urb = selectInterface(handle, interfaceNumber, alternateSetting, endpoints.length);
  const completion = await device.transferIn(urb, 0);
  checkSuccess(completion, 'SELECT_INTERFACE');
  const { tsUrbResult } = completion;
  check(tsUrbResult.name === 'TS_URB_SELECT_INTERFACE_RESULT', 'SELECT_INTERFACE has no result of its own');
  return tsUrbResult.interface.pipes.filter(({ pipeType }) => pipeType === PipeType.ISOCHRONOUS);
}

const packets: Requirement<ClientGrading> = {
  id: 'C26',
  title: 'isochronous transfers have a result for each packet, ErrorCount and StartFrame; only good packets have bytes',
  sections: [rdpeusb('2.2.10.5'), rdpeusb('2.2.9.8')],
  severity: 'MUST',
  async run(grading) {
    const needed = 'no device has an isochronous endpoint';
    const { device, found } = await grading.deviceWith(needed, isochronousPipes);
    for (const pipe of found) {
      await checkTransfer(device, pipe, undefined);
      await checkTransfer(device, pipe, await currentFrame(device));
    }
  },
};

/** One transfer, as soon as possible or, where the frame is told, some frames after it. */
async function checkTransfer(
  device: GradedDevice,
  pipe: PipeInformationResult,
  frame: number | undefined,
): Promise<void> {
  // A device may fill every packet, so that there has to be room; what goes out may be of different lengths.
  const lengths = Array.from({ length: PACKETS }, (_, index) => pipe.maximumPacketSize - (isIn(pipe) ? 0 : index % 2));
  const size = lengths.reduce((sum, length) => sum + length, 0);
  const startFrame = frame === undefined ? 0 : (frame + AHEAD) >>> 0;
  const asap = frame === undefined ? USBD_START_ISO_TRANSFER_ASAP : 0;
  const urb = (flags: number) => isochTransfer(pipe.pipeHandle, flags | asap, lengths, startFrame);
  const completion = isIn(pipe)
    ? await device.transferIn(urb(USBD_TRANSFER_DIRECTION_IN), size)
    : await device.transferOut(urb(0), pattern(size));
  // A frame that the client cannot wait for is refused.
  if (frame !== undefined && !succeeded(completion)) return;
  checkSuccess(completion, 'an isochronous transfer');
  const result = isochResult(completion);
  checkPackets(result, lengths);
  if (frame !== undefined)
    checkEqual(result.startFrame, startFrame, 'StartFrame of a transfer with a frame of its own');
  const received = result.isoPackets.reduce((sum, { status, length }) => sum + (status === 0 ? length : 0), 0);
  if (isIn(pipe)) {
    checkEqual(completion.outputBufferSize, received, 'OutputBufferSize, the sum of the good packets,');
  } else {
    checkEqual(completion.name, 'URB_COMPLETION_NO_DATA', 'the completion of isochronous OUT');
    check(completion.outputBufferSize <= size, `${completion.outputBufferSize} of ${size} bytes were sent`);
  }
}

async function currentFrame(device: GradedDevice): Promise<number> {
  const { tsUrbResult } = await device.transferIn(frameNumber(), 0);
  return tsUrbResult.name === 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT' ? tsUrbResult.frameNumber : 0;
}

function isochResult({ tsUrbResult }: Completion): TsUrbIsochTransferResult {
  if (tsUrbResult.name === 'TS_URB_ISOCH_TRANSFER_RESULT') return tsUrbResult;
  throw new CheckFailure('an isochronous transfer has no TS_URB_ISOCH_TRANSFER_RESULT');
}

function checkPackets({ isoPackets, errorCount }: TsUrbIsochTransferResult, lengths: readonly number[]): void {
  checkEqual(isoPackets.length, lengths.length, 'NumberOfPackets');
  isoPackets.forEach(({ length }, index) => {
    const asked = lengths[index] ?? 0;
    check(length <= asked, `packet ${index} has ${length} bytes, room was for ${asked}`);
  });
  const failed = isoPackets.filter(({ status }) => status !== 0).length;
  checkEqual(errorCount, failed, 'ErrorCount, the number of packets with another status than success,');
}

const silent: Requirement<ClientGrading> = {
  id: 'C27',
  title: 'isochronous OUT with NoAck gets no completion; the announced jitter buffer is 0 or 10 to 512 ms',
  sections: [rdpeusb('2.2.9.1.1'), rdpeusb('2.2.11')],
  severity: 'MUST',
  async run(grading) {
    const needed = 'no device has an isochronous OUT endpoint';
    const { device, found: pipe } = await grading.deviceWith(needed, async (each) =>
      (await isochronousPipes(each))?.find((candidate) => !isIn(candidate)),
    );
    const { noAckIsochWriteJitterBufferSizeInMs: jitter } = device.announcement.message.usbDeviceCapabilities;
    if (jitter === 0) throw new NotApplicable('the device is announced without a jitter buffer');
    check(jitter >= 10 && jitter <= 512, `NoAckIsochWriteJitterBufferSizeInMs is ${jitter}`);
    const lengths = Array.from({ length: PACKETS }, () => pipe.maximumPacketSize);
    const urb = isochTransfer(pipe.pipeHandle, USBD_START_ISO_TRANSFER_ASAP, lengths);
    const data = pattern(PACKETS * pipe.maximumPacketSize);
    device.sendOut(urb, data, { noAck: true });
    await device.channel.expectNothing('for a request with NoAck');
    await device.transferOut(urb, data);
    await device.channel.expectNothing('for a request with NoAck');
  },
};

export const ISOCHRONOUS_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [packets, silent];
