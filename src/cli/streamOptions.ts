import { InvalidArgumentError, Option } from 'commander';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { idleClock } from '../systemClock.ts';
import { StreamedDevice } from '../usb/isochronous/streamedDevice.ts';
import { DEFAULT_STREAM_TARGET, type StreamLoss } from '../usb/isochronous/streamTiming.ts';
import { describeIdentity } from '../policy/selection.ts';
import { eventDevice } from './programEvent.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds: the most that the protocol knows, [MS-RDPEUSB] 2.2.11. */
const LARGEST_TARGET = 512;
/** Milliseconds between two lines about one device. */
const LINE_INTERVAL = 5000;

/** --stream-buffer. */
export interface StreamBufferOptions {
  readonly streamBuffer?: number;
}

/** How much of sound and pictures is kept to outlast delays. */
export function streamBufferOption(): Option {
  return new Option(
    '--stream-buffer <ms>',
    `how much of isochronous streams (sound, video) of real devices is kept to outlast delays of the network, 0 to ${LARGEST_TARGET}: 0 keeps nothing (default: ${DEFAULT_STREAM_TARGET})`,
  ).argParser((text) => {
    const target = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
    if (target <= LARGEST_TARGET) return target;
    throw new InvalidArgumentError(`Give milliseconds from 0 to ${LARGEST_TARGET}.`);
  });
}

/** The device with streams that outlast delays and keep StartFrame, where it has any; what they lose is told, every few seconds. */
export function withStreams(
  device: UsbDevice,
  { streamBuffer }: StreamBufferOptions,
  terminal: Pick<Terminal, 'warn'>,
  clock: Clock = idleClock,
): UsbDevice {
  const target = streamBuffer ?? DEFAULT_STREAM_TARGET;
  const endpoints = device.configurations.flatMap(({ interfaces }) => interfaces.flatMap((each) => each.endpoints));
  if (target === 0 || !endpoints.some(({ transferType }) => transferType === 'isochronous')) return device;
  const report = new LossReport(device, terminal, clock);
  return new StreamedDevice(device, { clock, target, lost: (loss) => report.add(loss) });
}

/** Counts what a device's streams lose. */
class LossReport {
  readonly #device: UsbDevice;
  readonly #terminal: Pick<Terminal, 'warn'>;
  readonly #clock: Clock;
  readonly #packets = { overrun: 0, underrun: 0 };
  #isWaiting = false;

  constructor(device: UsbDevice, terminal: Pick<Terminal, 'warn'>, clock: Clock) {
    this.#device = device;
    this.#terminal = terminal;
    this.#clock = clock;
  }

  add({ reason, packets }: StreamLoss): void {
    this.#packets[reason] += packets;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#clock.after(LINE_INTERVAL, () => this.#tell());
  }

  #tell(): void {
    this.#isWaiting = false;
    const { overrun, underrun } = this.#packets;
    this.#packets.overrun = this.#packets.underrun = 0;
    const text =
      `${describeIdentity(this.#device.identity)}: the connection is too slow or uneven for its stream: ` +
      `${overrun} packets were dropped and ${underrun} came too late; a larger --stream-buffer may help`;
    this.#terminal.warn(text, { event: 'streamLoss', overrun, underrun, ...eventDevice(this.#device.identity) });
  }
}
