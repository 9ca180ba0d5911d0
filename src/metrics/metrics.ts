import type * as PromClient from 'prom-client';
import type { Counter, Histogram, Registry } from 'prom-client';
import type { HubEvent } from '../hub/hubDevice.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice, UsbStatus } from '../ports/usb.ts';
import { classLabel, MeteredDevice, type MeteredRequest } from './meteredDevice.ts';

/** Seconds: from a request over loopback to one that waits for a disk to spin up. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Options of {@link openMetrics}. */
export interface MetricsOptions {
  /** By which requests are timed. */
  readonly clock: Clock;
  /** Label of `urbdrc_build_info`. */
  readonly version: string;
}

/** Counters, gauges and histograms of one program, for Prometheus. */
export class Metrics {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #count: (name: Count, labels?: Readonly<Record<string, string>>) => void;
  readonly #urbs: Counter;
  readonly #bytes: Counter;
  readonly #latency: Histogram;
  #connections = 0;
  readonly #devices = new Map<string, number>();

  /** Use {@link openMetrics}. */
  constructor(library: typeof PromClient, { clock, version }: MetricsOptions) {
    const registry = (this.#registry = new library.Registry());
    this.#clock = clock;
    const registers = [registry];
    const counters = new Map(
      COUNTS.map(({ name, help, labelNames }) => [
        name,
        new library.Counter({ name, help, labelNames: [...labelNames], registers }),
      ]),
    );
    this.#count = (name, labels = {}) => counters.get(name)?.inc(labels);
    const gauge = (name: string, help: string, labelNames: string[], read: () => Iterable<[string, number]>) =>
      new library.Gauge({
        ...{ name, help, labelNames, registers },
        collect() {
          this.reset();
          for (const [value, number] of read())
            this.set(Object.fromEntries(labelNames.map((each) => [each, value])), number);
        },
      });
    gauge('urbdrc_build_info', 'Always 1, with the version of the program.', ['version'], () => [[version, 1]]);
    gauge('urbdrc_connections', 'Connections that are open.', [], () => [['', this.#connections]]);
    gauge('urbdrc_devices', 'Devices that are attached, by class.', ['class'], () => this.#devices);
    gauge('process_resident_memory_bytes', 'Resident memory in bytes.', [], () => [['', process.memoryUsage.rss()]]);
    const labelNames = ['class', 'transfer', 'result'];
    this.#urbs = new library.Counter({
      ...{ name: 'urbdrc_urbs_total', help: 'Requests to devices that have ended.', labelNames, registers },
    });
    this.#bytes = new library.Counter({
      ...{ name: 'urbdrc_bytes_total', help: 'Bytes of data to and from devices.', registers },
      labelNames: ['class', 'direction'],
    });
    this.#latency = new library.Histogram({
      ...{
        name: 'urbdrc_urb_seconds',
        help: 'Time from a request to its end; without interrupt IN and cancelled ones.',
      },
      ...{ labelNames: ['class', 'transfer'], buckets: BUCKETS, registers },
    });
  }

  /** What there is, and by which labels it is told apart. */
  get names(): readonly { readonly name: string; readonly labelNames: readonly string[] }[] {
    return this.#registry.getMetricsAsArray().map((metric) => ({
      name: metric.name,
      labelNames: 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [],
    }));
  }

  /** The page that Prometheus reads, and its media type. */
  async page(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** A connection is there; call what it returns once when it is over. */
  connected(): () => void {
    this.#count('urbdrc_connections_total');
    this.#connections += 1;
    return () => {
      this.#connections -= 1;
    };
  }

  /** A connection was lost and is held. */
  interrupted(): void {
    this.#count('urbdrc_interruptions_total');
  }

  /** A connection that was lost goes on. */
  resumed(): void {
    this.#count('urbdrc_resumes_total');
  }

  /** A peer was not let in. */
  refusedPeer(): void {
    this.#count('urbdrc_refusals_total', { what: 'peer' });
  }

  /** The device, whose requests are counted. */
  device(device: UsbDevice): UsbDevice {
    const label = classLabel(device);
    return new MeteredDevice(device, this.#clock, (request) => this.#ended(label, request));
  }

  /** Counts what a hub tells. */
  event(event: HubEvent): void {
    switch (event.type) {
      case 'attached':
        this.#count('urbdrc_attachments_total', { class: classLabel(event.entry.device) });
        this.#change(event.entry.device, 1);
        return;
      case 'ended':
        this.#change(event.entry.device, -1);
        return;
      case 'decided':
        if (event.decision.action === 'deny') this.#count('urbdrc_refusals_total', { what: 'device' });
        return;
      case 'rejected':
        this.#count('urbdrc_refusals_total', { what: 'attachment' });
        return;
      default:
        return;
    }
  }

  #change(device: UsbDevice, difference: 1 | -1): void {
    const label = classLabel(device);
    this.#devices.set(label, (this.#devices.get(label) ?? 0) + difference);
  }

  #ended(label: string, { transfer, status, direction, bytes, seconds }: MeteredRequest): void {
    this.#urbs.inc({ class: label, transfer, result: resultLabel(status) });
    if (bytes > 0) this.#bytes.inc({ class: label, direction }, bytes);
    if (seconds !== undefined) this.#latency.observe({ class: label, transfer }, seconds);
  }
}

type Count =
  | 'urbdrc_connections_total'
  | 'urbdrc_attachments_total'
  | 'urbdrc_interruptions_total'
  | 'urbdrc_resumes_total'
  | 'urbdrc_refusals_total';

const COUNTS: readonly { readonly name: Count; readonly help: string; readonly labelNames: readonly string[] }[] = [
  { name: 'urbdrc_connections_total', help: 'Connections that were made.', labelNames: [] },
  { name: 'urbdrc_attachments_total', help: 'Devices that were attached, by class.', labelNames: ['class'] },
  { name: 'urbdrc_interruptions_total', help: 'Connections that were lost and held.', labelNames: [] },
  { name: 'urbdrc_resumes_total', help: 'Connections that went on after a loss.', labelNames: [] },
  {
    name: 'urbdrc_refusals_total',
    help: 'What was not let in: peers (a wrong token, too many), devices (by the rules), attachments (a device that failed).',
    labelNames: ['what'],
  },
];

function resultLabel(status: UsbStatus): string {
  return status === 'completed' || status === 'stalled' || status === 'cancelled' || status === 'disconnected'
    ? status
    : 'failed';
}

/** Metrics of this program; prom-client is loaded now, and not where nobody wants metrics. */
export async function openMetrics(options: MetricsOptions): Promise<Metrics> {
  return new Metrics(await import('prom-client'), options);
}
