import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DriverGuard } from '../../src/devices/libusb/driverGuard.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { WrappedDevice } from '../../src/usb/wrappedDevice.ts';

class PluggedIn extends WrappedDevice {
  readonly #portPath: string;

  constructor(portPath: string) {
    super(new HidKeyboard());
    this.#portPath = portPath;
  }

  override get identity() {
    return { ...this.device.identity, portPath: this.#portPath };
  }
}

describe('the guard of drivers', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guard-'));
    writeFileSync(join(folder, 'drivers_probe'), '');
    for (const name of ['1-2', '1-2:1.0', '1-3', '1-3:1.0'])
      mkdirSync(join(folder, 'devices', name), { recursive: true });
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const probed = () => readFileSync(join(folder, 'drivers_probe'), 'utf8');
  /** As the kernel does it. */
  const bind = (name: string, driver: string) =>
    symlinkSync(`../drivers/${driver}`, join(folder, 'devices', name, 'driver'));
  /** A program that redirects what is plugged in at 1-2, and is killed. */
  const killed = () =>
    new Promise<NodeJS.Signals | null>((resolve) => {
      const program = `
        import { DriverGuard } from '${new URL('../../src/devices/libusb/driverGuard.ts', import.meta.url).href}';
        const interfaces = [{ interfaceNumber: 0 }];
        const device = { identity: { portPath: '1-2' }, configurations: [{ configurationValue: 1, interfaces }] };
        if (!new DriverGuard(${JSON.stringify(folder)}).add(device)) process.exit(1);
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), 0);`;
      const args = ['--import', 'tsx', '--input-type=module', '-e', program];
      execFile(process.execPath, args, (error) => resolve(error?.signal ?? null));
    });

  it('has the kernel look for a driver when the program is killed', async () => {
    expect(await killed()).to.equal('SIGKILL');
    while (probed() === '') await new Promise((resolve) => setImmediate(resolve));
    bind('1-2:1.0', 'usbhid');
    expect(new Set(probed().trim().split('\n'))).to.deep.equal(new Set(['1-2:1.0']));
  });

  it('guards what this machine has, and no name that leads elsewhere', () => {
    const guard = new DriverGuard(folder);
    for (const portPath of ['9-9', '../1-2', 'virtual', '1-2/..']) {
      expect(guard.add(new PluggedIn(portPath)), portPath).to.equal(false);
    }
    expect(guard.add(new PluggedIn('1-3'))).to.equal(true);
    bind('1-3:1.0', 'usbhid');
    guard.close();
  });

  it('says when it cannot', () => {
    rmSync(join(folder, 'drivers_probe'));
    expect(new DriverGuard(folder).add(new PluggedIn('1-2'))).to.equal(false);
  });
});
