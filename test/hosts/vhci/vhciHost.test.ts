import { expect } from 'chai';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asError } from '../../../codecs/core/errors.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { type VhciAttachment, VhciHost, type VhciHostOptions } from '../../../src/hosts/vhci/vhciHost.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
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

  function say(event: string, line: string): void {
    log.push(line);
    events.dispatchEvent(new Event(event));
  }

  function newHost(options: Partial<VhciHostOptions> = {}): VhciHost {
    return new VhciHost({
      clock: HURRIED,
      kernel,
      sysfsRoot: folder,
      devRoot: folder,
      onAddressed: ({ port, location }) => say('attached', `attached ${location} at ${port}`),
      onNotAddressed: (_, error) => say('failed', `failed: ${error.message}`),
      ...options,
    });
  }

  /** Attaches a device and writes down what becomes of it. */
  async function attach(device: FakeUsbDevice): Promise<VhciAttachment | undefined> {
    try {
      const attachment = await host.attach(device);
      void attachment.ended.then((end) => {
        const error = 'error' in end ? end.error?.message : undefined;
        say('detached', `detached: ${error ?? end.reason}`);
      });
      return attachment;
    } catch (error) {
      say('failed', `failed: ${asError(error).message}`);
      return undefined;
    }
  }

  async function attached(device: FakeUsbDevice): Promise<VhciAttachment> {
    const came = once(events, 'attached');
    const attachment = await attach(device);
    await came;
    return attachment!;
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

  it('has a location once its folder is there, which is after its address', async () => {
    kernel.hasFolders = false;
    const looked = new Promise<void>((resolve) => {
      const hasDevice = kernel.hasDevice.bind(kernel);
      kernel.hasDevice = (busId) => {
        resolve();
        return hasDevice(busId);
      };
    });
    const came = once(events, 'attached');
    const attachment = await attach(new FakeUsbDevice());
    await looked;
    expect([attachment?.location, log]).to.deep.equal([undefined, []]);
    kernel.hasFolders = true;
    await came;
    expect([attachment?.location, log]).to.deep.equal(['4-1', ['attached 4-1 at 0']]);
  });

  it('may take longer for its descriptors than for its address, as over a slow connection', async () => {
    const clock = new VirtualClock();
    host = newHost({ clock });
    kernel.hasFolders = false;
    const came = once(events, 'attached');
    await attach(new FakeUsbDevice());
    for (let time = 0; time < 40_000; time += 50) {
      await clock.whenPending();
      clock.advance(50);
    }
    expect(log).to.deep.equal([]);
    kernel.hasFolders = true;
    await clock.whenPending();
    clock.advance(50);
    await came;
    expect(log).to.deep.equal(['attached 4-1 at 0']);
  });

  it('and another one that came at the same moment have a port each', async () => {
    const both = [new FakeUsbDevice(), new FakeUsbDevice()];
    for (const device of both) void attach(device);
    while (log.length < 2) await once(events, 'attached');
    expect([...kernel.plugged.keys()]).to.deep.equal([0, 1]);
  });

  it('is at the controller with the fewest devices: those of one wait for each other when they select settings', async () => {
    kernel.controllers = 2;
    for (const speed of ['super', 'high', 'high', 'super'] as const)
      await attached(new FakeUsbDevice(undefined, { speed, busNumber: 3, deviceAddress: 9 }));
    expect([...kernel.plugged.keys()]).to.deep.equal([2, 1, 0, 3]);
  });

  it('takes the next port when somebody else was quicker', async () => {
    kernel.contested.add(0);
    await attached(new FakeUsbDevice());
    expect(kernel.calls).to.deep.equal(['attach 0', 'attach 1']);
  });

  it('is closed, and the reason told, when all ports are taken', async () => {
    kernel.contested.add(0).add(1);
    const device = new FakeUsbDevice();
    await attach(device);
    expect(log).to.deep.equal([
      'failed: no free port: all 2 for high-speed devices are taken (`usbip port` lists them)',
    ]);
    await host.close();
    expect(device.calls).to.deep.equal(['open', 'close']);
  });

  it('is closed, and the reason told, when the kernel refuses', async () => {
    kernel.refusal = new Error('not today');
    const device = new FakeUsbDevice();
    await attach(device);
    expect(device.calls).to.deep.equal(['open', 'close']);
    expect(log).to.deep.equal(['failed: not today']);
  });

  it('is not attached when it cannot be opened', async () => {
    const device = new FakeUsbDevice();
    device.openError = new Error('in use');
    await attach(device);
    expect(log).to.deep.equal(['failed: in use']);
    expect(kernel.calls).to.deep.equal([]);
  });

  it('is taken out when it leaves, and what was pending is cancelled', async () => {
    const device = new FakeUsbDevice(() => undefined);
    const attachment = await attached(device);
    await Promise.all([
      once(events, 'detached'),
      kernel.request(0, { ep: 1, transferBufferLength: 8 }, 0).then(async () => {
        while (device.given.length === 0) await new Promise(setImmediate);
        void attachment.release();
      }),
    ]);
    expect(kernel.calls).to.deep.equal(['attach 0', 'detach 0']);
    expect(device.given).to.have.length(0);
    await host.close();
    expect(device.calls).to.deep.equal(['open', 'close']);
    expect(log.at(-1)).to.equal('detached: released');
  });

  it('is taken out when it is gone', async () => {
    const device = new FakeUsbDevice();
    await attached(device);
    const left = once(events, 'detached');
    device.unplug();
    await left;
    expect(kernel.plugged.size).to.equal(0);
    expect(log.at(-1)).to.equal('detached: unplugged');
  });

  for (const [how, leave] of [
    ['when it leaves', (attachment: VhciAttachment) => void attachment.release()],
    ['when another program detaches it', () => void kernel.detach(0)],
  ] as const) {
    it(`is detached only when the kernel has taken it apart: its port would keep it otherwise, ${how}`, async () => {
      const attachment = await attached(new FakeUsbDevice());
      kernel.lingering.add('4-1');
      const asked = new Promise<void>((resolve) => {
        kernel.hasDevice = (busId) => {
          expect(busId).to.equal('4-1');
          resolve();
          return Promise.resolve(kernel.lingering.has(busId));
        };
      });
      const left = once(events, 'detached');
      leave(attachment);
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
    expect(log.at(-1)).to.equal('detached: returned');
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
    const failed = once(events, 'failed');
    await attach(new FakeUsbDevice());
    await failed;
    expect(log).to.deep.equal(['failed: the kernel did not take it; its log (dmesg) says why']);
    await host.close();
    expect(kernel.plugged.size).to.equal(0);
  });

  it('is taken out when a callback throws, which is told, and harms nobody else', async () => {
    host = newHost({
      onAddressed: ({ port }) => {
        if (port === 0) throw new Error('a program of this one');
        say('attached', `attached at ${port}`);
      },
    });
    const both = [once(events, 'detached'), once(events, 'attached')];
    await Promise.all([attach(new FakeUsbDevice()), attach(new FakeUsbDevice())]);
    await Promise.all(both);
    expect(log).to.include.members(['attached at 1', 'detached: a program of this one']);
    expect([...kernel.plugged.keys()]).to.deep.equal([1]);
  });

  it('is refused when the host is closed', async () => {
    await host.close();
    const device = new FakeUsbDevice();
    await attach(device);
    expect(log).to.deep.equal(['failed: the kernel gets no more devices from here']);
    expect(device.calls).to.deep.equal([]);
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
