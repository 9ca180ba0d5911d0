import { TransferFlags } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { PipeInformationResult } from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import type { ClientGrading } from './clientGrading.ts';
import type { Completion, Configured, GradedDevice } from './gradedDevice.ts';
import { bulkOrInterrupt, IN_SHORT_OK } from './urbs.ts';

/** PipeType of TS_USBD_PIPE_INFORMATION_RESULT. */
export const PipeType = { CONTROL: 0, ISOCHRONOUS: 1, BULK: 2, INTERRUPT: 3 } as const;

export const LOOPBACK_NEEDED = 'no device is known to loop back what is written to it';
export const PENDING_NEEDED = 'no device has a pipe whose reads wait';

export function isIn({ endpointAddress }: PipeInformationResult): boolean {
  return (endpointAddress & 0x80) !== 0;
}

/** A device that returns on one bulk pipe what it is given on another. */
export class Loopback {
  readonly device: GradedDevice;
  readonly configured: Configured;
  readonly inPipe: PipeInformationResult;
  readonly outPipe: PipeInformationResult;

  constructor(
    device: GradedDevice,
    configured: Configured,
    inPipe: PipeInformationResult,
    outPipe: PipeInformationResult,
  ) {
    this.device = device;
    this.configured = configured;
    this.inPipe = inPipe;
    this.outPipe = outPipe;
  }

  /** Starts a read; returns its RequestId. */
  sendRead(length: number, transferFlags: number = IN_SHORT_OK): number {
    return this.device.sendIn(bulkOrInterrupt(this.inPipe.pipeHandle, transferFlags), length);
  }

  /** Starts a write; returns its RequestId. */
  sendWrite(data: Uint8Array): number {
    return this.device.sendOut(bulkOrInterrupt(this.outPipe.pipeHandle, 0), data);
  }

  read(length: number, transferFlags?: number): Promise<Completion> {
    return this.device.completion(this.sendRead(length, transferFlags));
  }

  write(data: Uint8Array): Promise<Completion> {
    return this.device.completion(this.sendWrite(data));
  }
}

/** Configures a device that loops back; undefined when it is not known to. */
export async function loopbackOf(grading: ClientGrading, device: GradedDevice): Promise<Loopback | undefined> {
  return (await grading.hasTrait(device, 'loopback')) ? bulkPipesOf(device) : undefined;
}

/** The first bulk pipes of a device; undefined when it does not have both. */
export async function bulkPipesOf(device: GradedDevice): Promise<Loopback | undefined> {
  const configured = await device.configure();
  const bulk = configured.pipes.filter(({ pipeType }) => pipeType === PipeType.BULK);
  const inPipe = bulk.find(isIn);
  const outPipe = bulk.find((pipe) => !isIn(pipe));
  return inPipe === undefined || outPipe === undefined ? undefined : new Loopback(device, configured, inPipe, outPipe);
}

/** A read that waits for the device, and the pipe it waits on. */
export interface PendingRead {
  readonly pipe: PipeInformationResult;
  readonly requestId: number;
}

/** Starts reads on a device's pipes until one stays pending; undefined when none does. Bulk pipes go first. */
export async function pendingRead(
  grading: ClientGrading,
  device: GradedDevice,
  configured: Configured,
): Promise<PendingRead | undefined> {
  const [first] = await pendingReads(grading, device, configured, 1);
  return first;
}

/** Up to `count` reads that wait, each on another pipe. */
export async function pendingReads(
  grading: ClientGrading,
  device: GradedDevice,
  { pipes }: Configured,
  count: number,
): Promise<PendingRead[]> {
  const candidates = [PipeType.BULK, PipeType.INTERRUPT].flatMap((type) =>
    pipes.filter((pipe) => pipe.pipeType === type && isIn(pipe)),
  );
  const pending: PendingRead[] = [];
  for (const pipe of candidates) {
    // A device may have something to say at first, such as the state of its switches.
    for (let attempt = 0; attempt < 3 && pending.length < count; attempt += 1) {
      const urb = bulkOrInterrupt(pipe.pipeHandle, TransferFlags.USBD_TRANSFER_DIRECTION_IN | IN_SHORT_OK);
      const requestId = device.sendIn(urb, pipe.maximumPacketSize);
      if (await staysPending(grading, device, requestId)) {
        pending.push({ pipe, requestId });
        break;
      }
      await device.completion(requestId);
    }
  }
  return pending;
}

/** Whether no completion of this request comes for a while. */
export async function staysPending(grading: ClientGrading, device: GradedDevice, requestId: number): Promise<boolean> {
  const { channel } = device;
  const ended = await grading.changes.until(() => {
    const completed = channel.waiting.some(({ message }) => 'requestId' in message && message.requestId === requestId);
    return completed || !channel.isOpen ? true : undefined;
  }, grading.quiet);
  return ended === undefined;
}
