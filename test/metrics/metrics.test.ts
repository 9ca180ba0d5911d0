import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { classLabel } from '../../src/metrics/meteredDevice.ts';
import { type Metrics, openMetrics } from '../../src/metrics/metrics.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { WrappedDevice } from '../../src/usb/wrappedDevice.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { FakeSink, FakeSource } from '../hub/hubFakes.ts';
import { device as described } from '../policy/devices.ts';

const KEYBOARD_IN = 0x81;
const GET_STATUS = { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 };
const CONTROL: UsbOperation = { type: 'control', setup: GET_STATUS, data: new Uint8Array(0), timeout: 0 };

/** A keyboard by its descriptors, whose requests end when the test says so. */
class HeldDevice extends WrappedDevice {
  readonly ends: ((result: UsbResult) => void)[] = [];

  constructor() {
    super(new HidKeyboard());
  }

  override submit(_operation: UsbOperation, complete: (result: UsbResult) => void) {
    this.ends.push(complete);
    return { cancel: () => {} };
  }
}

describe('metrics', () => {
  let clock: VirtualClock;
  let metrics: Metrics;
  let held: HeldDevice;
  let device: UsbDevice;

  beforeEach(async () => {
    clock = new VirtualClock();
    metrics = await openMetrics({ clock, version: '1.2.3' });
    held = new HeldDevice();
    device = metrics.device(held);
  });

  /** The value of a line, by its name and labels as they stand. */
  async function value(line: string): Promise<number | undefined> {
    const { text } = await metrics.page();
    const found = text.split('\n').find((each) => each.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  }

  async function request(operation: UsbOperation, ms: number, result: Partial<UsbResult>): Promise<UsbResult> {
    const ended = new Promise<UsbResult>((resolve) => device.submit(operation, resolve));
    clock.advance(ms);
    held.ends.shift()?.({ status: 'completed', data: new Uint8Array(0), transferred: 0, ...result });
    return ended;
  }

  it('count requests and bytes by class, and time them', async () => {
    const answer = await request(CONTROL, 3, { transferred: 2, data: Uint8Array.of(1, 0) });
    expect(answer.data).to.deep.equal(Uint8Array.of(1, 0));
    expect(await value('urbdrc_urbs_total{class="hid",transfer="control",result="completed"}')).to.equal(1);
    expect(await value('urbdrc_bytes_total{class="hid",direction="in"}')).to.equal(2);
    expect(await value('urbdrc_urb_seconds_bucket{le="0.0025",class="hid",transfer="control"}')).to.equal(0);
    expect(await value('urbdrc_urb_seconds_bucket{le="0.005",class="hid",transfer="control"}')).to.equal(1);
    expect(await value('urbdrc_urb_seconds_sum{class="hid",transfer="control"}')).to.equal(0.003);
  });

  it('do not time what waits for a person, nor what was cancelled', async () => {
    await request({ type: 'transferIn', endpointAddress: KEYBOARD_IN, length: 8 }, 60_000, { transferred: 8 });
    await request(CONTROL, 1000, { status: 'cancelled' });
    expect(await value('urbdrc_urbs_total{class="hid",transfer="interrupt",result="completed"}')).to.equal(1);
    expect(await value('urbdrc_urbs_total{class="hid",transfer="control",result="cancelled"}')).to.equal(1);
    expect((await metrics.page()).text).not.to.match(/^urbdrc_urb_seconds_count\{/m);
  });

  it('tell failures apart where that helps, and put the others together', async () => {
    for (const status of ['stalled', 'disconnected', 'timedOut', 'overflowed'] as const)
      await request(CONTROL, 1, { status });
    expect(await value('urbdrc_urbs_total{class="hid",transfer="control",result="stalled"}')).to.equal(1);
    expect(await value('urbdrc_urbs_total{class="hid",transfer="control",result="disconnected"}')).to.equal(1);
    expect(await value('urbdrc_urbs_total{class="hid",transfer="control",result="failed"}')).to.equal(2);
  });

  it('do not count what is no transfer', async () => {
    await request({ type: 'resetDevice' }, 1, {});
    expect((await metrics.page()).text).not.to.match(/^urbdrc_urbs_total\{/m);
  });

  it('have connections, losses, and what was refused', async () => {
    const left = metrics.connected();
    metrics.connected();
    left();
    metrics.interrupted();
    metrics.resumed();
    metrics.refusedPeer();
    expect(await value('urbdrc_connections')).to.equal(1);
    expect(await value('urbdrc_connections_total')).to.equal(2);
    expect(await value('urbdrc_interruptions_total')).to.equal(1);
    expect(await value('urbdrc_resumes_total')).to.equal(1);
    expect(await value('urbdrc_refusals_total{what="peer"}')).to.equal(1);
    expect(await value('urbdrc_build_info{version="1.2.3"}')).to.equal(1);
    expect(await value('process_resident_memory_bytes')).to.be.above(1e6);
  });

  it('follow the devices of a hub', async () => {
    const source = new FakeSource();
    const sink = new FakeSink('sink');
    const hub = new Hub({
      clock,
      policy: ({ identity }) => ({ action: identity.productId === 9 ? 'deny' : 'allow', reason: 'so it is' }),
      onEvent: (event) => metrics.event(event),
    });
    await hub.addSink(sink);
    source.plug('1-1');
    source.plug('1-2');
    source.plug('1-3', 9);
    await hub.addSource(source);
    expect(await value('urbdrc_devices{class="hid"}')).to.equal(2);
    expect(await value('urbdrc_refusals_total{what="device"}')).to.equal(1);
    sink.attached[0]?.finish({ reason: 'returned' });
    await Promise.resolve();
    await Promise.resolve();
    expect(await value('urbdrc_devices{class="hid"}')).to.equal(1);
    expect(await value('urbdrc_attachments_total{class="hid"}')).to.equal(2);
    sink.rejection = new Error('no port is free');
    source.plug('1-4');
    await hub.close();
    expect(await value('urbdrc_devices{class="hid"}')).to.equal(0);
    expect(await value('urbdrc_refusals_total{what="attachment"}')).to.equal(1);
  });

  it('are those of docs/running.md', () => {
    const page = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `((?:urbdrc|process)_\w+)` +\| ([^|]*)\|/gm)].map(
      ([, name = '', labels = '']) => name + labels.trim(),
    );
    const registered = metrics.names.map(
      ({ name, labelNames }) => name + labelNames.map((each) => `\`${each}\``).join(', '),
    );
    expect(documented).to.have.members(registered);
  });

  describe('the label of a class', () => {
    const label = (...classes: string[]) => classLabel(described({}, classes));

    it('is the one class that all interfaces have', () => {
      expect(label('08/06/50')).to.equal('mass-storage');
      expect(label('03/01/01', '03/00/00')).to.equal('hid');
      expect(label('ff/00/00')).to.equal('vendor');
      expect(label('0e/01/00', '01/01/00')).to.equal('composite');
      expect(classLabel({ ...described({ deviceClass: 9 }, []), configurations: [] })).to.equal('hub');
    });

    it('is one of few, whatever devices say: their numbers make no new time series', () => {
      const codes = Array.from({ length: 256 }, (_, code) => label(`${code.toString(16)}/00/00`));
      expect(new Set(codes).size).to.equal(12);
    });
  });
});
