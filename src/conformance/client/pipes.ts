import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import { UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import { TransferFlags, type UrbFunctionName } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { PipeInformationResult } from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import { FeatureSelector } from '../../../codecs/usb/setupPacket.ts';
import { pattern, sameBytes } from '../bytes.ts';
import type { Requirement } from '../suite.ts';
import { check, checkEqual, need } from '../verdict.ts';
import type { ClientGrading } from './clientGrading.ts';
import { loopbackOf, LOOPBACK_NEEDED, PENDING_NEEDED, pendingReads, PipeType, staysPending } from './exercise.ts';
import { checkFailed, checkSuccess, type Configured, type GradedDevice, statuses, succeeded } from './gradedDevice.ts';
import { featureRequest, getStatus, pipeRequest } from './urbs.ts';

const RESETS: readonly UrbFunctionName[] = [
  'URB_FUNCTION_SYNC_RESET_PIPE',
  'URB_FUNCTION_SYNC_CLEAR_STALL',
  'URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL',
];

const pipeRequests: Requirement<ClientGrading> = {
  id: 'C21',
  title:
    'PIPE_REQUEST acts on its one pipe: a reset clears a halt, an abort completes what is pending, both are answered',
  sections: [rdpeusb('2.2.9.4'), rdpeusb('3.3.5.3.6')],
  severity: 'MUST',
  async run(grading) {
    const needed = 'no device has a bulk or interrupt pipe';
    const { device, found } = await grading.deviceWith(needed, async (each) => {
      const configured = await each.configure();
      return transferPipes(configured).length > 0 ? configured : undefined;
    });
    for (const pipe of transferPipes(found)) {
      for (const name of RESETS) {
        const completion = await device.transferIn(pipeRequest(name, pipe.pipeHandle), 0);
        checkSuccess(completion, `${name} for endpoint 0x${pipe.endpointAddress.toString(16)}`);
        checkEqual(completion.name, 'URB_COMPLETION_NO_DATA', 'the completion of a PIPE_REQUEST');
      }
      await checkHaltCleared(device, pipe);
    }
    await checkAbort(grading, device, found);
  },
};

function transferPipes({ pipes }: Configured): PipeInformationResult[] {
  return pipes.filter(({ pipeType }) => pipeType === PipeType.BULK || pipeType === PipeType.INTERRUPT);
}

/** Halts the endpoint where the device lets it be halted, and looks at what the pipe request makes of that. */
async function checkHaltCleared(device: GradedDevice, pipe: PipeInformationResult): Promise<void> {
  const { endpointAddress, pipeHandle } = pipe;
  const halt = featureRequest('URB_FUNCTION_SET_FEATURE_TO_ENDPOINT', FeatureSelector.ENDPOINT_HALT, endpointAddress);
  if (!succeeded(await device.transferIn(halt, 0)) || !(await isHalted(device, endpointAddress))) return;
  const name = 'URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL';
  checkSuccess(await device.transferIn(pipeRequest(name, pipeHandle), 0), name);
  check(
    !(await isHalted(device, endpointAddress)),
    `endpoint 0x${endpointAddress.toString(16)} is still halted after ${name}`,
  );
}

async function isHalted(device: GradedDevice, endpointAddress: number): Promise<boolean> {
  const { data } = await device.transferIn(getStatus('URB_FUNCTION_GET_STATUS_FROM_ENDPOINT', endpointAddress), 2);
  return ((data[0] ?? 0) & 1) !== 0;
}

async function checkAbort(grading: ClientGrading, device: GradedDevice, configured: Configured): Promise<void> {
  const [aborted, other] = await pendingReads(grading, device, configured, 2);
  need(aborted !== undefined, PENDING_NEEDED);
  const answer = await device.transferIn(pipeRequest('URB_FUNCTION_ABORT_PIPE', aborted.pipe.pipeHandle), 0);
  checkSuccess(answer, 'ABORT_PIPE');
  const completion = await device.completion(aborted.requestId);
  checkEqual(completion.usbdStatus, UsbdStatus.USBD_STATUS_CANCELED, 'UsbdStatus of the aborted transfer');
  if (other === undefined) return;
  check(
    await staysPending(grading, device, other.requestId),
    `ABORT_PIPE of endpoint 0x${aborted.pipe.endpointAddress.toString(16)} ended a transfer of another pipe`,
  );
}

const transfers: Requirement<ClientGrading> = {
  id: 'C25',
  title: 'bulk transfers both ways; a short packet ends a read, and is an error without USBD_SHORT_TRANSFER_OK',
  sections: [rdpeusb('2.2.9.7'), rdpeusb('3.3.5.3.6')],
  severity: 'MUST',
  async run(grading) {
    const { found } = await grading.deviceWith(LOOPBACK_NEEDED, (device) => loopbackOf(grading, device));
    for (const size of [1, 5, 63]) {
      const data = pattern(size, size);
      const written = await found.write(data);
      checkSuccess(written, `a write of ${size} bytes`);
      checkEqual(written.outputBufferSize, size, `OutputBufferSize of a write of ${size} bytes`);
      const read = await found.read(512);
      checkSuccess(read, `a short read of ${size} bytes with USBD_SHORT_TRANSFER_OK`);
      check(sameBytes(read.data, data), `${size} bytes that were written came back as others`);
    }
    await found.write(pattern(5));
    const short = await found.read(512, TransferFlags.USBD_TRANSFER_DIRECTION_IN);
    checkFailed(short, 'a short read without USBD_SHORT_TRANSFER_OK');
    await found.write(pattern(5));
    checkSuccess(await found.read(512), 'a read after one that was too short');
  },
};

/** Bytes that go both ways in one transfer. */
const LARGE = 64 * 1024;

const largeMessages: Requirement<ClientGrading> = {
  id: 'C33',
  title: 'messages of more than 1598 bytes both ways: a transfer of 64 KiB',
  sections: [{ document: 'MS-RDPEDYC', section: '3.1.5' }],
  severity: 'MUST',
  async run(grading) {
    const { found } = await grading.deviceWith(LOOPBACK_NEEDED, (device) => loopbackOf(grading, device));
    const data = pattern(LARGE);
    // Both at once: the device may have room for less than all of it.
    const reading = found.sendRead(LARGE);
    const writing = found.sendWrite(data);
    const read = await found.device.completion(reading);
    check(succeeded(read), `a read of ${LARGE} bytes failed: ${statuses(read)}`);
    checkEqual(read.data.byteLength, LARGE, 'OutputBufferSize of the large read');
    check(sameBytes(read.data, data), 'the bytes of a large transfer came back as others');
    const written = await found.device.completion(writing);
    checkSuccess(written, `a write of ${LARGE} bytes`);
    checkEqual(written.outputBufferSize, LARGE, 'OutputBufferSize of the large write');
  },
};

export const PIPE_REQUIREMENTS: readonly Requirement<ClientGrading>[] = [pipeRequests, transfers, largeMessages];
