import { expect } from 'chai';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/engine/systemClock.ts';
import { VhciHost, type VhciHostOptions } from '../../../src/hosts/vhci/vhciHost.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { FakeUsbDevice, result } from '../fakeUsbDevice.ts';
import { FakeKernel } from './fakeKernel.ts';

const SUBMIT_REPLY_SIZE = 48;

/** Time without waiting: what is due later is due now. */
const HURRIED: Clock = {
  now: () => performance.now(),
  after: (_delay, callback) => systemClock.after(0, callback),
};

describe('a device in a port of vhci-hcd', () => {
  let folder: string;
  let kernel: FakeKernel;
  let events: EventTarget;
  let log: string[];
  let host: VhciHost;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vhciHost-'));
    mkdirSync(join(folder, 'bus/usb/devices'), { recursive: true });
    kernel = new FakeKernel();
    events = new EventTarget();
    log = [];
    host = newHost();
  });
  afterEach(async () => {
    await host.close();
    rmSync(folder, { recursive: true });
  });

  function newHost(options: Partial<VhciHostOptions> = {}): VhciHost {
    const say = (event: string, line: string) => {
      log.push(line);
      events.dispatchEvent(new Event(event));
    };
    return new VhciHost({
      clock: HURRIED,
      kernel,
      sysfsRoot: folder,
      devRoot: folder,
      onAttached: (_, { port, busId }) => say('attached', `attached ${busId} at ${port}`),
      onDetached: (_, error) => say('detached', `detached${error === undefined ? '' : `: ${error.message}`}`),
      onFailed: (_, error) => say('failed', `failed: ${error.message}`),
      ...options,
    });
  }

  async function attached(device: FakeUsbDevice): Promise<void> {
    const came = once(events, 'attached');
    host.deviceAdded(device);
    await came;
  }

  for (const [speed, port] of [
    ['low', 0],
    ['full', 0],
    ['high', 0],
    ['super', 2],
    ['superPlus', 2],
  ] as const) {
    it(`is at port ${port} when it is of ${speed} speed`, async () => {
      await attached(new FakeUsbDevice(undefined, { speed, busNumber: 3, deviceAddress: 9 }));
      expect([...kernel.plugged.keys()]).to.deep.equal([port]);
      expect(kernel.plugged.get(port)?.device).to.deep.equal({ deviceId: 0x30009, speed });
      expect(log).to.deep.equal([`attached ${port === 0 ? '4' : '5'}-1 at ${port}`]);
    });
  }

  it('gets what the kernel asks, and the kernel what it answers', async () => {
    const device = new FakeUsbDevice(() => result('completed', Uint8Array.of(0x12, 1)));
    await attached(device);
    const setup = Uint8Array.from([0x80, 6, 0, 1, 0, 0, 2, 0]);
    const reply = await kernel.request(0, { setup, transferBufferLength: 2 }, SUBMIT_REPLY_SIZE + 2);
    expect(reply.readUInt32BE(0)).to.equal(3);
    expect(reply.readUInt32BE(24)).to.equal(2);
    expect([...reply.subarray(SUBMIT_REPLY_SIZE)]).to.deep.equal([0x12, 1]);
  });

  it('and another one that came at the same moment have a port each', async () => {
    const both = [new FakeUsbDevice(), new FakeUsbDevice()];
    for (const device of both) host.deviceAdded(device);
    while (log.length < 2) await once(events, 'attached');
    expect([...kernel.plugged.keys()]).to.deep.equal([0, 1]);
  });

  it('takes the next port when somebody else was quicker', async () => {
    kernel.contested.add(0);
    await attached(new FakeUsbDevice());
    expect(kernel.calls).to.deep.equal(['attach 0', 'attach 1']);
  });

  it('is closed, and the reason told, when all ports are taken', async () => {
    kernel.contested.add(0).add(1);
    const device = new FakeUsbDevice();
    host.deviceAdded(device);
    await once(events, 'failed');
    expect(log).to.deep.equal([
      'failed: no free port: all 2 for high-speed devices are taken (`usbip port` lists them)',
    ]);
    await host.close();
    expect(device.calls).to.deep.equal(['open', 'close']);
  });

  it('is closed, and the reason told, when the kernel refuses', async () => {
    kernel.refusal = new Error('not today');
    host.deviceAdded(new FakeUsbDevice());
    await once(events, 'failed');
    expect(log).to.deep.equal(['failed: not today']);
  });

  it('is not attached when it cannot be opened', async () => {
    const device = new FakeUsbDevice();
    device.openError = new Error('in use');
    host.deviceAdded(device);
    await once(events, 'failed');
    expect(log).to.deep.equal(['failed: in use']);
    expect(kernel.calls).to.deep.equal([]);
  });

  it('is taken out when it leaves, and what was pending is cancelled', async () => {
    const device = new FakeUsbDevice(() => undefined);
    await attached(device);
    await Promise.all([
      once(events, 'detached'),
      kernel.request(0, { ep: 1, transferBufferLength: 8 }, 0).then(async () => {
        while (device.given.length === 0) await new Promise(setImmediate);
        host.deviceRemoved(device);
      }),
    ]);
    expect(kernel.calls).to.deep.equal(['attach 0', 'detach 0']);
    expect(device.given).to.have.length(0);
    await host.close();
    expect(device.calls).to.deep.equal(['open', 'close']);
    expect(log.at(-1)).to.equal('detached');
  });

  it('is taken out when it is gone', async () => {
    const device = new FakeUsbDevice();
    await attached(device);
    const left = once(events, 'detached');
    device.unplug();
    await left;
    expect(kernel.plugged.size).to.equal(0);
    expect(log.at(-1)).to.equal('detached');
  });

  for (const [how, leave] of [
    ['when it leaves', (device: FakeUsbDevice) => host.deviceRemoved(device)],
    ['when another program detaches it', () => void kernel.detach(0)],
  ] as const) {
    it(`is detached only when the kernel has taken it apart: its port would keep it otherwise, ${how}`, async () => {
      const device = new FakeUsbDevice();
      await attached(device);
      kernel.lingering.add('4-1');
      const asked = new Promise<void>((resolve) => {
        kernel.hasDevice = (busId) => {
          expect(busId).to.equal('4-1');
          resolve();
          return Promise.resolve(kernel.lingering.has(busId));
        };
      });
      const left = once(events, 'detached');
      leave(device);
      await asked;
      expect(kernel.plugged.size).to.equal(0);
      expect(log.at(-1)).to.match(/^attached/);
      kernel.lingering.clear();
      await left;
      expect(log.at(-1)).to.match(/^detached/);
    });
  }

  it('is let go when another program detaches it, which is told', async () => {
    const device = new FakeUsbDevice();
    await attached(device);
    const left = once(events, 'detached');
    await kernel.detach(0);
    await left;
    expect(log.at(-1)).to.equal('detached: it was detached by another program');
  });

  it('is taken out when the kernel sends nonsense', async () => {
    await attached(new FakeUsbDevice());
    const left = once(events, 'detached');
    kernel.plugged.get(0)?.socket.write(Buffer.alloc(48, 0xff));
    await left;
    expect(log.at(-1)).to.match(/^detached: .*command/i);
    expect(kernel.plugged.size).to.equal(0);
  });

  it('that the kernel does not take is told of, and stays until it leaves', async () => {
    kernel.enumerates = false;
    // Fifteen seconds pass in as many turns.
    let now = 0;
    host = newHost({ clock: { now: () => (now += 1000), after: (delay, callback) => HURRIED.after(delay, callback) } });
    host.deviceAdded(new FakeUsbDevice());
    await once(events, 'failed');
    expect(log).to.deep.equal(['failed: the kernel did not take it; its log (dmesg) says why']);
    await host.close();
    expect(kernel.plugged.size).to.equal(0);
  });

  it('is taken out when the host closes, and the port can be used again', async () => {
    for (let round = 0; round < 3; round += 1) {
      await attached(new FakeUsbDevice());
      await host.close();
      expect(kernel.plugged.size).to.equal(0);
      host = newHost();
    }
    expect(kernel.calls.filter((call) => call === 'attach 0')).to.have.length(3);
  });
});
