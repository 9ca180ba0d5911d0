import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SeatKernel } from '../../../src/hosts/vhci/seatKernel.ts';
import { socketPair } from '../../../src/usbip/socketPair.ts';
import { FakeKernel } from './fakeKernel.ts';

describe('devices of a seat at vhci', () => {
  let folder: string;
  let inner: FakeKernel;
  let kernel: SeatKernel;
  let log: string[];
  let problem: Error | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'seatKernel-'));
    for (const [bus, speed] of [
      ['usb4', '480'],
      ['usb5', '5000'],
    ] as const) {
      mkdirSync(join(folder, 'devices/platform/vhci_hcd.0', bus), { recursive: true });
      writeFileSync(join(folder, 'devices/platform/vhci_hcd.0', bus, 'speed'), `${speed}\n`);
    }
    inner = new FakeKernel();
    log = inner.calls;
    problem = undefined;
    kernel = new SeatKernel(inner, {
      ...{ seat: 'seat1', sysfsRoot: folder, rulesFolder: join(folder, 'rules.d') },
      reload: () => {
        log.push(`reload ${rules().join(' ')}`);
        return problem === undefined ? Promise.resolve() : Promise.reject(problem);
      },
    });
  });

  afterEach(async () => {
    for (const port of inner.plugged.keys()) await inner.detach(port);
    rmSync(folder, { recursive: true });
  });

  function rules(): string[] {
    try {
      return readdirSync(join(folder, 'rules.d')).sort();
    } catch {
      return [];
    }
  }

  async function attach(port: number, speed: 'high' | 'super' = 'high'): Promise<boolean | string> {
    const { ours, theirs } = await socketPair();
    ours.on('error', () => {});
    return kernel
      .attach(port, theirs, { deviceId: 1, speed })
      .catch((error: unknown) => String(error))
      .finally(() => ours.destroy());
  }

  it('are assigned before they are plugged in, and no more once they are pulled out', async () => {
    expect(await attach(1)).to.equal(true);
    expect(log).to.deep.equal(['reload 72-urbdrc-seat-4-2.rules', 'attach 1']);
    expect(readFileSync(join(folder, 'rules.d/72-urbdrc-seat-4-2.rules'), 'utf8')).to.equal(
      'SUBSYSTEM=="usb", KERNEL=="4-2", DEVPATH=="*/vhci_hcd.*", ENV{ID_SEAT}="seat1"\n',
    );
    await kernel.detach(1);
    expect(log.slice(2)).to.deep.equal(['detach 1', 'reload ']);
  });

  it('are told apart by the port of their bus', async () => {
    await attach(0);
    await attach(3, 'super');
    expect(rules()).to.deep.equal(['72-urbdrc-seat-4-1.rules', '72-urbdrc-seat-5-2.rules']);
    await kernel.detach(0);
    expect(rules()).to.deep.equal(['72-urbdrc-seat-5-2.rules']);
  });

  it('leave nothing where the port was taken by another program, or may not be used', async () => {
    inner.contested.add(0);
    expect(await attach(0)).to.equal(false);
    inner.refusal = new Error('not root');
    expect(await attach(1)).to.equal('Error: not root');
    expect(rules()).to.deep.equal([]);
  });

  it('are not plugged in where udev cannot be told', async () => {
    problem = new Error('no udev');
    expect(await attach(0)).to.match(/^HostError: the seat of 4-1 cannot be assigned: no udev$/);
    expect(log).not.to.include('attach 0');
    expect(rules()).to.deep.equal([]);
  });

  it('have a rule of their own, whatever a killed program left', async () => {
    mkdirSync(join(folder, 'rules.d'));
    writeFileSync(join(folder, 'rules.d/72-urbdrc-seat-4-1.rules'), 'old');
    await attach(0);
    expect(readFileSync(join(folder, 'rules.d/72-urbdrc-seat-4-1.rules'), 'utf8')).to.include('seat1');
  });

  it('are not plugged in where the bus is unknown', async () => {
    rmSync(join(folder, 'devices/platform/vhci_hcd.0/usb4'), { recursive: true });
    expect(await attach(0)).to.match(/does not tell the bus of its port 0/);
    expect(log).to.deep.equal([]);
  });

  it('detaches a port without a rule as ever', async () => {
    await kernel.detach(2);
    expect(log).to.deep.equal(['detach 2']);
  });
});
