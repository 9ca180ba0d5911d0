import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { doctorCommand } from '../../src/cli/doctor.ts';
import { examineClient } from '../../src/cli/doctor/client.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { type Machine, thisMachine } from '../../src/cli/doctor/machine.ts';
import { examineLeft } from '../../src/cli/doctor/left.ts';
import { examineServer } from '../../src/cli/doctor/server.ts';
import { Failure } from '../../src/cli/failure.ts';
import { PROCESS } from '../../src/cli/programContext.ts';
import { inspectUsbDevice } from '../../src/devices/libusb/access.ts';
import { CONFIGURATIONS, facts } from '../devices-libusb/softwareLibusb.ts';
import { run } from './program.ts';

const RELEASE = '6.1.0-56-amd64';
const VHCI = 'sys/devices/platform/vhci_hcd.0';
const HEAD = 'hub port sta spd dev      sockfd local_busid\n';
/** The ids of softwareLibusb's device. */
const ASKED = { vendorId: 0x1234, productId: 0x5678 };
const RULE =
  'SUBSYSTEM=="usb", ATTR{idVendor}=="1234", ATTR{idProduct}=="5678", MODE="0660", GROUP="plugdev", TAG+="uaccess"';

describe('urbdrc doctor', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'doctor-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (path: string, text: string | Uint8Array = '') => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const machine = (more: Partial<Machine> = {}): Machine => ({
    platform: 'linux',
    root,
    release: RELEASE,
    user: { id: 1000, name: 'me' },
    loadLibusb: () => Promise.resolve({ description: 'libusb 1.0.26 of the system, through koffi 3.3.4' }),
    inspectDevice: (identity) =>
      inspectUsbDevice(identity, { sysfs: join(root, 'sys/bus/usb/devices'), nodes: join(root, 'dev/bus/usb') }),
    whyNotWritable: () => undefined,
    ...more,
  });
  const plug = (name: string, address: number, deviceClass = 0) => {
    const deviceDescriptor = Uint8Array.from(facts().deviceDescriptor).fill(deviceClass, 4, 5);
    const folder = `sys/bus/usb/devices/${name}`;
    const attributes = { busnum: '1\n', devnum: `${address}\n`, speed: '480\n', authorized: '1\n', product: 'Thing\n' };
    for (const [attribute, text] of Object.entries(attributes)) write(`${folder}/${attribute}`, text);
    write(`${folder}/descriptors`, Buffer.concat([deviceDescriptor, ...CONFIGURATIONS]));
    write(`dev/bus/usb/001/00${address}`);
  };
  const bind = (name: string, driver: string) => {
    mkdirSync(join(root, 'sys/bus/usb/devices', name, `${name}:1.0`), { recursive: true });
    symlinkSync(`/drivers/${driver}`, join(root, 'sys/bus/usb/devices', name, `${name}:1.0/driver`));
  };
  const loadModule = (...rows: string[]) => {
    write(`${VHCI}/attach`);
    write(`${VHCI}/detach`);
    write(`${VHCI}/status`, `${HEAD}${rows.map((row) => `${row}\n`).join('')}`);
  };
  const FREE = ['hs  0000 004 000 00000000 000000 0-0', 'ss  0001 004 000 00000000 000000 0-0'];
  const of = (findings: readonly Finding[], check: Finding['check']) =>
    findings.filter((finding) => finding.check === check);
  const states = (findings: readonly Finding[]) => findings.map(({ check, state }) => `${check} ${state}`);

  describe('what a killed redirect left', () => {
    it('is told, and given back with --mend', async () => {
      write('run/urbdrc/usbip-host/1-5', '999999999 5\n');
      expect(await examineLeft(machine(), false)).to.deep.equal([
        {
          ...{ side: 'client', check: 'left', state: 'missing' },
          text: '1-5 was taken from its drivers by a redirect that was killed',
          advice: 'sudo urbdrc doctor --mend',
        },
      ]);
      const mended = await examineLeft(machine(), true);
      expect(mended.map(({ state, text }) => [state, text])).to.deep.equal([
        ['note', 'the drivers of 1-5 have it back'],
      ]);
      expect(await examineLeft(machine(), false)).to.deep.equal([]);
    });
  });

  describe('for the client', () => {
    /** A machine on which everything works. */
    beforeEach(() => {
      write('run/udev/control');
      plug('1-2', 7);
    });
    const examine = (more: Partial<Machine> = {}) => examineClient(machine(more));

    it('finds nothing missing when a device can be opened', async () => {
      bind('1-2', 'usb-storage');
      const findings = await examine();
      expect(states(findings)).to.deep.equal(['libusb ok', 'deviceNodes ok', 'udevd ok', 'device ok']);
      expect(findings[3]?.text).to.equal(
        '1234:5678 at port 1-2 (Thing) can be opened; usb-storage will give it up for as long',
      );
    });

    it('tells which libusb is used, and why not the one that can do more', async () => {
      const [first] = await examine();
      expect(first?.text).to.equal('libusb loads: libusb 1.0.26 of the system, through koffi 3.3.4');
      const reason = 'the system has no libusb-1.0.so.0';
      const [second] = await examine({ loadLibusb: () => Promise.resolve({ description: 'that of "usb"', reason }) });
      expect(second).to.deep.include({ state: 'ok', check: 'libusb' });
      expect(second?.text).to.match(/^libusb loads: that of "usb"; it has no isochronous .+: the system has no libusb/);
    });

    it('says why libusb does not load', async () => {
      const loadLibusb = () => Promise.reject(new Error('no USB support here\nlibudev.so.1 is missing'));
      const [libusb] = await examine({ loadLibusb });
      expect(libusb).to.deep.include({ state: 'missing', check: 'libusb' });
      expect(libusb?.text).to.equal('no USB support here; libudev.so.1 is missing');
    });

    it('misses USB, and the nodes of devices', async () => {
      rmSync(join(root, 'dev'), { recursive: true });
      const [withoutNodes] = of(await examine(), 'deviceNodes');
      expect(withoutNodes).to.deep.include({ state: 'missing', text: '/dev/bus/usb is not there' });
      expect(withoutNodes?.advice).to.include('docker run');
      rmSync(join(root, 'sys'), { recursive: true });
      const findings = await examine();
      expect(states(findings).slice(1)).to.deep.equal(['deviceNodes missing', 'udevd ok', 'device note']);
      expect(findings[1]?.text).to.include('/sys/bus/usb/devices');
    });

    it('notes that no device is there', async () => {
      rmSync(join(root, 'sys/bus/usb/devices/1-2'), { recursive: true });
      expect(of(await examine(), 'device')).to.deep.equal([
        { side: 'client', check: 'device', state: 'note', text: 'no USB device is plugged in' },
      ]);
    });

    it('notes that udevd does not run', async () => {
      rmSync(join(root, 'run'), { recursive: true });
      const [udevd] = of(await examine(), 'udevd');
      expect(udevd?.state).to.equal('note');
      expect(udevd?.advice).to.equal('sudo systemctl start systemd-udevd, if it is installed');
    });

    it('misses a device that can be opened when there is none, with the reason of each', async () => {
      plug('1-3', 8);
      bind('1-2', 'usbfs');
      rmSync(join(root, 'dev/bus/usb/001/008'));
      const devices = of(await examine(), 'device');
      expect(states(devices)).to.deep.equal(['device missing', 'device missing']);
      expect(devices[0]?.advice).to.include('another program uses it');
      expect(devices[1]?.advice).to.include('001/008 does not exist');
    });

    it('is content with one device that can be opened, and does not count hubs', async () => {
      plug('1-3', 8);
      plug('1-4', 9, 9);
      bind('1-2', 'usbfs');
      expect(states(of(await examine(), 'device'))).to.deep.equal(['device note', 'device ok']);
      bind('1-3', 'usbfs');
      expect(states(of(await examine(), 'device'))).to.deep.equal(['device missing', 'device missing']);
    });

    for (const [point, text] of [
      ['/media/stick', 'is mounted or swapped to'],
      ['/boot', 'has the system on it'],
    ] as const)
      it(`notes that a device mounted at ${point} ${text}`, async () => {
        const place = 'sys/devices/usb1/1-2/1-2:1.0/block/sdb';
        write(`${place}/dev`, '8:16\n');
        mkdirSync(join(root, 'sys/class/block'), { recursive: true });
        symlinkSync(join(root, place), join(root, 'sys/class/block/sdb'));
        write('proc/self/mountinfo', `30 1 8:16 / ${point} rw - vfat /dev/sdb rw\n`);
        const [, note] = of(await examine(), 'device');
        expect(note).to.deep.include({ state: 'note', text: `1234:5678 at port 1-2 (Thing) ${text}` });
      });

    it('notes that a device is the way to the network', async () => {
      const place = 'sys/devices/usb1/1-2/1-2:1.0/net/usb0';
      mkdirSync(join(root, place), { recursive: true });
      mkdirSync(join(root, 'sys/class/net'), { recursive: true });
      symlinkSync(join(root, place), join(root, 'sys/class/net/usb0'));
      write('proc/self/mountinfo', '22 1 0:20 / /proc rw - proc proc rw\n');
      write(
        'proc/net/route',
        'Iface Destination Gateway Flags RefCnt Use Metric Mask\nusb0 00000000 1 3 0 0 0 00000000\n',
      );
      expect(of(await examine(), 'device')[1]?.text).to.include('is the way to the network');
    });

    for (const [platform, text] of [
      ['win32', /WinUSB/],
      ['darwin', /cannot be taken/],
      ['freebsd', /on freebsd it was never tried/],
    ] as const)
      it(`tells what applies on ${platform}`, async () => {
        const findings = await examine({ platform });
        expect(states(findings)).to.deep.equal(['libusb ok', 'platform note']);
        expect(findings[1]?.text).to.match(text);
      });

    describe('and one device', () => {
      const ask = (more: Partial<Machine> = {}, asked = ASKED) => examineClient(machine(more), asked);

      it('shows the rule that lets users open it', async () => {
        plug('1-3', 8, 9);
        const findings = await ask();
        expect(states(findings).slice(3)).to.deep.equal(['device ok', 'device ok', 'udevRule note']);
        expect(findings[5]?.advice).to.include(`echo '${RULE}' | sudo tee -a /etc/udev/rules.d/70-urbdrc.rules,`);
      });

      it('misses it when it cannot be opened, whatever others can', async () => {
        const findings = await ask({ inspectDevice: () => ({ drivers: [], canOpen: false, advice: 'so it is' }) });
        expect(states(findings).slice(3)).to.deep.equal(['device missing', 'udevRule note']);
        expect(findings[3]).to.deep.include({
          text: '1234:5678 at port 1-2 (Thing) cannot be opened',
          advice: 'so it is',
        });
      });

      it('misses it when it is not plugged in', async () => {
        const findings = await ask({}, { ...ASKED, productId: 0x5679 });
        expect(states(findings).slice(3)).to.deep.equal(['device missing', 'udevRule note']);
        expect(findings[3]?.text).to.equal('no 1234:5679 is plugged in');
        expect(findings[4]?.advice).to.include('ATTR{idProduct}=="5679"');
      });

      it('finds the rule where there is one, but no comment and none of another device', async () => {
        write('etc/udev/rules.d/50-others.rules', `# ${RULE}\n${RULE.replace('5678', '5679')}\n`);
        expect(states(of(await ask(), 'udevRule'))).to.deep.equal(['udevRule note']);
        write('etc/udev/rules.d/80-mine.rules', `\n${RULE.replace('0660', '0666')}\n`);
        const [rule] = of(await ask(), 'udevRule');
        expect(rule?.state).to.equal('ok');
        expect(rule?.text).to.include('/etc/udev/rules.d/80-mine.rules');
      });
    });
  });

  describe('for the server', () => {
    const examine = (more: Partial<Machine> = {}) => examineServer(machine(more));
    const modules = (name: string, text: string) => write(`lib/modules/${RELEASE}/${name}`, text);

    it('finds nothing missing when the module is loaded, may be used and has free ports', async () => {
      loadModule(...FREE, 'hs  0002 006 003 00010005 000011 6-1');
      const findings = await examine();
      expect(states(findings)).to.deep.equal(['module ok', 'attachRight ok', 'ports ok', 'ports ok']);
      expect(findings[2]?.text).to.equal('1 of 2 ports for devices up to high speed are free');
      expect(findings[3]?.text).to.equal('1 of 1 ports for devices of super speed are free');
    });

    for (const file of ['vhci-hcd.ko', 'vhci-hcd.ko.xz', 'vhci-hcd.ko.zst'])
      it(`tells how to load ${file}`, async () => {
        modules('modules.dep', `kernel/a.ko:\nkernel/drivers/usb/usbip/${file}: kernel/drivers/usb/core/usbcore.ko\n`);
        const [module, ...others] = await examine();
        expect(others).to.deep.equal([]);
        expect(module).to.deep.include({ check: 'module', state: 'missing', text: 'vhci-hcd is not loaded' });
        expect(module?.advice).to.match(/^sudo modprobe vhci-hcd,.*sudo tee \/etc\/modules-load.d\/vhci-hcd.conf$/);
        const [forRoot] = await examine({ user: { id: 0, name: 'root' } });
        expect(forRoot?.advice).to.match(/^modprobe vhci-hcd,.*\| tee/);
      });

    for (const [system, release, advice] of [
      ['ID=ubuntu\nID_LIKE=debian\n', RELEASE, `sudo apt-get install linux-modules-extra-${RELEASE}`],
      ['ID_LIKE="ubuntu debian"\nID=mint\n', RELEASE, `sudo apt-get install linux-modules-extra-${RELEASE}`],
      [
        'VERSION_ID="12"\nID=debian\n',
        '6.1.0-56-cloud-amd64',
        'sudo apt-get install linux-image-amd64, and start that kernel instead of the one for clouds',
      ],
      ['ID=fedora\n', RELEASE, `sudo dnf install kernel-modules-extra-${RELEASE}`],
      ['ID="other"\nID_LIKE="fedora"\n', RELEASE, /CONFIG_USBIP_VHCI_HCD$/],
      ['', RELEASE, /CONFIG_USBIP_VHCI_HCD$/],
    ] as const)
      it(`tells what to install where ${JSON.stringify(system)} comes without the module`, async () => {
        write(`lib/modules/${release}/modules.dep`, 'kernel/drivers/bluetooth/hci_vhci.ko: kernel/net/bluetooth.ko\n');
        write('etc/os-release', system);
        const [module] = await examine({ release });
        expect(module?.text).to.equal(`vhci-hcd is not loaded, and not in /lib/modules/${release}`);
        if (typeof advice === 'string') expect(module?.advice).to.equal(advice);
        else expect(module?.advice).to.match(advice);
      });

    it('says so when the modules of the running kernel are not there', async () => {
      const [module] = await examine();
      expect(module?.text).to.include(`there is no /lib/modules/${RELEASE}`);
    });

    it('says so when the module is built in and hidden', async () => {
      modules('modules.builtin', 'kernel/a.ko\nkernel/drivers/usb/usbip/vhci-hcd.ko\n');
      expect((await examine())[0]?.text).to.equal('vhci-hcd is built into the kernel, but /sys does not show it');
    });

    it('misses the right to write, and gives the command', async () => {
      loadModule(...FREE);
      for (const name of ['attach', 'detach']) {
        const whyNotWritable = (path: string) => (path.endsWith(name) ? 'EACCES' : undefined);
        const [right] = of(await examine({ whyNotWritable }), 'attachRight');
        expect(right).to.deep.include({ state: 'missing' });
        expect(right?.advice).to.include(`sudo chown me ${root}/${VHCI}/attach ${root}/${VHCI}/detach`);
      }
    });

    it('tells a /sys that nobody may write from one that is for root', async () => {
      loadModule(...FREE);
      const [right] = of(await examine({ whyNotWritable: () => 'EROFS' }), 'attachRight');
      expect(right?.advice).to.include('docker run --privileged');
    });

    it('misses free ports of either kind', async () => {
      loadModule('hs  0000 006 003 00010005 000011 6-1', 'ss  0001 005 000 00000000 000000 0-0');
      expect(states(of(await examine(), 'ports'))).to.deep.equal(['ports missing', 'ports missing']);
      loadModule('hs  0000 004 000 00000000 000000 0-0');
      const [, superSpeed] = of(await examine(), 'ports');
      expect(superSpeed?.text).to.equal('there are no ports for devices of super speed');
    });

    it('notes ports that are out of order, and how to mend them', async () => {
      loadModule(...FREE, 'hs  0012 007 000 00000000 000000 0-0');
      const [, , broken] = of(await examine(), 'ports');
      expect(broken).to.deep.include({ state: 'note', text: 'port 12 is out of order' });
      expect(broken?.advice).to.equal(`echo 12 | sudo tee ${root}/${VHCI}/detach`);
    });

    it('says so when the ports cannot be told', async () => {
      loadModule('nothing of this kind');
      const [ports] = of(await examine(), 'ports');
      expect(ports).to.deep.include({ state: 'missing' });
      expect(ports?.text).to.include('"nothing of this kind"');
    });

    it('says that another system has no such thing', async () => {
      const [platform] = await examine({ platform: 'win32' });
      expect(platform).to.deep.include({
        state: 'missing',
        text: 'only Linux can take redirected devices for its own',
      });
    });
  });

  describe('as a command', () => {
    const command = async (args: readonly string[], more: Partial<Machine> = {}) => {
      const stdout = new PassThrough();
      const parsed = doctorCommand({ ...PROCESS, stdout }, machine(more)).parseAsync(args, { from: 'user' });
      const error = await parsed.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return { error, text: String(stdout.read() ?? '') };
    };

    it('prints a line for each finding, and fails without another word when something is missing', async () => {
      plug('1-2', 7);
      const { error, text } = await command([]);
      expect(error).to.be.instanceOf(Failure);
      expect(error).to.deep.include({ message: '', exitCode: 1 });
      const lines = text.split('\n');
      expect(lines[0]).to.equal('client  ok       libusb loads: libusb 1.0.26 of the system, through koffi 3.3.4');
      expect(lines[2]).to.match(/^client {2}note {5}udevd does not run here, .*: sudo systemctl /);
      expect(lines.at(-2)).to.match(/^server {2}missing {2}vhci-hcd is not loaded, /);
      expect(lines.at(-1)).to.equal('');
    });

    it('looks at the side that is asked for, and works when that lacks nothing', async () => {
      plug('1-2', 7);
      const { error, text } = await command(['--client']);
      expect(error).to.equal(undefined);
      expect(text).to.not.include('server');
      loadModule(...FREE);
      rmSync(join(root, 'dev'), { recursive: true });
      const server = await command(['--server']);
      expect(server.error).to.equal(undefined);
      expect(server.text).to.not.include('client');
    });

    it('prints JSON', async () => {
      loadModule(...FREE);
      const { text } = await command(['--server', '--json']);
      const [module] = JSON.parse(text) as unknown[];
      expect(module).to.deep.equal({
        ...{ side: 'server', check: 'module', state: 'ok', text: 'vhci-hcd is loaded', advice: null },
      });
    });

    it('leaves the server alone when it is asked about a device, unless it is asked about both', async () => {
      plug('1-2', 7);
      const { error, text } = await command(['--device', '1234:5678']);
      expect(error).to.equal(undefined);
      expect(text).to.not.include('server');
      expect((await command(['--device', '1234:5678', '--client', '--server'])).text).to.include('server');
    });

    it('keeps names that a device chose from steering the terminal', async () => {
      plug('1-2', 7);
      write('sys/bus/usb/devices/1-2/product', 'Evil\x1b[2J\n');
      expect((await command([])).text).to.not.include('\x1b');
    });

    it('refuses a device of the server, and ids of another form', async () => {
      expect((await command(['--server', '--device', '1234:5678'])).error).to.deep.include({ exitCode: 2 });
      expect((await command(['--device', '12345678'])).error)
        .to.have.property('message')
        .that.includes('in hex');
    });

    it('looks at this machine', async () => {
      const { status, stdout, stderr } = await run(['doctor', '--json']);
      const findings = JSON.parse(stdout) as Finding[];
      expect(findings.map(({ side }) => side)).to.include.members(['client', 'server']);
      expect(status).to.equal(findings.some(({ state }) => state === 'missing') ? 1 : 0);
      expect(stderr).to.equal('');
    });

    it('asks this machine whether a file can be written', () => {
      const here = thisMachine();
      write('file');
      expect(here.whyNotWritable(join(root, 'file'))).to.equal(undefined);
      expect(here.whyNotWritable(join(root, 'other'))).to.equal('ENOENT');
      expect(here.inspectDevice({ ...facts().identity, busNumber: 999 }).canOpen).to.equal(
        process.platform !== 'linux',
      );
    });
  });
});
