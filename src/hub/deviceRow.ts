import type { Decision } from '../policy/decide.ts';
import type { UsbDevice, UsbDeviceSink, UsbDeviceSource } from '../ports/usb.ts';
import type { JudgedDevice } from '../usb/judgedDevice.ts';
import { type Claimant, DeviceShare } from './deviceShare.ts';
import type { GatedDevice } from './gatedDevice.ts';
import type { ClaimAnswer, HubDevice, HubDeviceState, HubSharing } from './hubDevice.ts';

/** A sink as somebody who has devices, and wants them. */
export interface SinkClaimant extends Claimant {
  readonly sink: UsbDeviceSink;
}

/** A row, as the hub changes it. */
export class DeviceRow implements HubDevice {
  readonly id: number;
  readonly device: UsbDevice;
  readonly source: UsbDeviceSource;
  decision: Decision | undefined;
  state: HubDeviceState = { name: 'free' };
  /** The device as the policy has seen it, which is how sinks get it. */
  readonly judged: JudgedDevice;
  /** Sinks that had their chance. */
  readonly tried = new WeakSet<UsbDeviceSink>();
  readonly share = new DeviceShare<SinkClaimant>();
  /** That of the present holder, or of the last one. */
  gate: GatedDevice | undefined;
  /** Settles when the sink has answered to the last offer. */
  attaching: Promise<unknown> = Promise.resolve();
  /** The present holder was cut off. */
  isForced = false;
  /** Called when the present holder has no more of it. */
  onLeft: (() => void)[] = [];
  /** Those who wait for the answer to their claim. */
  answers: { readonly claimant: SinkClaimant; readonly resolve: (answer: ClaimAnswer) => void }[] = [];
  /** Withdraws the question to the holder. */
  question: AbortController | undefined;
  /** Cancels the timer of {@link share}. */
  disarm: (() => void) | undefined;

  constructor(id: number, device: UsbDevice, source: UsbDeviceSource, judged: JudgedDevice) {
    this.id = id;
    this.device = device;
    this.source = source;
    this.judged = judged;
  }

  get sharing(): HubSharing {
    const { state, queue } = this.share;
    return { state, queue };
  }
}

/** What a row has that is there no more, a line each. There is none, unless an end was missed. */
export function orphansOf(
  row: DeviceRow,
  sources: ReadonlyMap<UsbDeviceSource, unknown>,
  sinks: ReadonlySet<UsbDeviceSink>,
): readonly string[] {
  const { id, source, device, state, share } = row;
  const found: string[] = [];
  if (!sources.has(source)) found.push(`device ${id} is of ${source.name}, which is gone`);
  if (device.gone.aborted) found.push(`device ${id} of ${source.name} is gone`);
  if ('sink' in state && !sinks.has(state.sink)) found.push(`device ${id} is at ${state.sink.name}, which is gone`);
  if (state.name === 'free' && share.state.name !== 'free') {
    found.push(`device ${id} is free, and counts as that of ${share.state.holder.name}`);
  }
  return found;
}
