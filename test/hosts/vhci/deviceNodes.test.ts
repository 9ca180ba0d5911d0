import { expect } from 'chai';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from '../../../codecs/core/errors.ts';
import { deviceNodes, waitForNodes } from '../../../src/hosts/vhci/deviceNodes.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { rejection } from '../rejection.ts';

const CONTROLLER = 'devices/platform/vhci_hcd.0/usb3';

describe('the device nodes of an attached device', () => {
  let root: string;
  let sysfsRoot: string;
  let devRoot: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'nodes-')));
    sysfsRoot = join(root, 'sys');
    devRoot = join(root, 'dev');
    plug('3-1');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const folderOf = (device: string) => {
    const [first = '', ...rest] = device.split('.');
    return [first, ...rest.map((_, index) => [first, ...rest.slice(0, index + 1)].join('.'))].join('/');
  };
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const uevent = (path: string, text: string) => write(join(sysfsRoot, CONTROLLER, path, 'uevent'), text);
  /** The kernel's entry for something with a node, and the node. */
  const node = (path: string, name: string) => {
    uevent(path, `MAJOR=8\nMINOR=0\nDEVNAME=${name}\nDEVTYPE=disk\n`);
    write(join(devRoot, name), '');
  };
  const plug = (device: string) => {
    node(folderOf(device), `bus/usb/003/${device}`);
    uevent(`${folderOf(device)}/${device}:1.0`, 'DEVTYPE=usb_interface\nDRIVER=some\nINTERFACE=8/6/80\n');
    mkdirSync(join(sysfsRoot, 'bus/usb/devices'), { recursive: true });
    symlinkSync(join('../../..', CONTROLLER, folderOf(device)), join(sysfsRoot, 'bus/usb/devices', device));
  };
  const DISK = '3-1/3-1:1.0/host6/target6:0:0/6:0:0:0';
  const look = (device = '3-1') => deviceNodes(sysfsRoot, devRoot, device);
  const dev = (...names: string[]) => names.map((name) => join(devRoot, name));

  it('are those of a disk and its partitions, by number', async () => {
    for (const number of [10, 2, 1]) node(`${DISK}/block/sda/sda${number}`, `sda${number}`);
    node(`${DISK}/block/sda`, 'sda');
    node(`${DISK}/bsg/6:0:0:0`, 'bsg/6:0:0:0');
    uevent(`${DISK}/scsi_disk/6:0:0:0`, '');
    expect(await look()).to.deep.equal(dev('sda', 'sda1', 'sda2', 'sda10'));
  });

  for (const [path, name] of [
    ['ttyUSB0/tty/ttyUSB0', 'ttyUSB0'],
    ['tty/ttyACM0', 'ttyACM0'],
    ['0003:0627:0001.0001/input/input3/event3', 'input/event3'],
    ['0003:0627:0001.0001/hidraw/hidraw0', 'hidraw0'],
    ['sound/card1/pcmC1D0p', 'snd/pcmC1D0p'],
    ['video4linux/video0', 'video0'],
    ['usbmisc/lp0', 'usb/lp0'],
  ] as const)
    it(`are found for ${name}`, async () => {
      node(`3-1/3-1:1.0/${path}`, name);
      expect(await look()).to.deep.equal(dev(name));
    });

  it('are the names of network interfaces', async () => {
    uevent('3-1/3-1:1.0/net/eth1', 'INTERFACE=eth1\nIFINDEX=3\n');
    expect(await look()).to.deep.equal(['eth1']);
  });

  it('are not those of devices behind a hub, unless one of these is asked for', async () => {
    plug('3-1.2');
    node('3-1/3-1.2/3-1.2:1.0/ttyUSB0/tty/ttyUSB0', 'ttyUSB0');
    expect(await look()).to.deep.equal([]);
    expect(await look('3-1.2')).to.deep.equal(dev('ttyUSB0'));
  });

  it('are those alone that are in the folder of nodes', async () => {
    uevent(`${DISK}/block/sda`, 'DEVNAME=sda\n');
    expect(await look()).to.deep.equal([]);
  });

  it('are not looked for behind links', async () => {
    node('3-7/3-7:1.0/tty/ttyACM1', 'ttyACM1');
    symlinkSync('../../3-7', join(sysfsRoot, CONTROLLER, '3-1/3-1:1.0/other'));
    expect(await look()).to.deep.equal([]);
  });

  it('are not looked for without end', async () => {
    node(`3-1/3-1:1.0/${'deeper/'.repeat(10)}ttyUSB0`, 'ttyUSB0');
    node(`3-1/3-1:1.0/${'deeper/'.repeat(11)}ttyUSB1`, 'ttyUSB1');
    expect(await look()).to.deep.equal(dev('ttyUSB0'));
  });

  it('are none of a device that is not there', async () => {
    expect(await look('3-9')).to.deep.equal([]);
  });

  for (const name of ['usb3', '3-1:1.0', '../3-1', '', '3-1.'])
    it(`are refused for ${JSON.stringify(name)}, which is no device`, async () => {
      const error = await rejection(look(name));
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.include(JSON.stringify(name));
    });

  describe('waited for', () => {
    const found: { at: number; nodes: readonly string[] }[] = [];
    let abort: AbortController;
    beforeEach(() => {
      found.length = 0;
      abort = new AbortController();
    });

    /** Time that passes at once, with what happens at some of its moments. */
    function clockWith(events: Readonly<Record<number, () => void>>): Clock & { readonly pending: number } {
      let now = 1000;
      let pending = 0;
      const due = new Map(Object.entries(events).map(([at, event]) => [1000 + Number(at), event]));
      return {
        get pending() {
          return pending;
        },
        now: () => now,
        after(delay, callback) {
          pending++;
          const waiting = new Set([callback]);
          const cancel = () => void (pending -= waiting.delete(callback) ? 1 : 0);
          setImmediate(() => {
            if (waiting.size > 0) now += delay;
            for (const [at, event] of due) {
              if (at > now || waiting.size === 0) continue;
              due.delete(at);
              event();
            }
            if (waiting.size === 0) return;
            cancel();
            callback();
          });
          return cancel;
        },
      };
    }
    const search = (clock: Clock, busId = '3-1') => {
      const record = (nodes: readonly string[]) => void found.push({ at: clock.now() - 1000, nodes });
      return waitForNodes({ sysfsRoot, devRoot, busId, clock, signal: abort.signal, found: record });
    };

    it('are told as they appear, until nothing new has come for two seconds', async () => {
      const clock = clockWith({
        50: () => node(`${DISK}/block/sda`, 'sda'),
        1500: () => node(`${DISK}/block/sda/sda1`, 'sda1'),
        3500: () => node(`${DISK}/block/sda/sda2`, 'sda2'),
        9000: () => node(`${DISK}/block/sda/sda3`, 'sda3'),
      });
      expect(await search(clock)).to.deep.equal(dev('sda', 'sda1', 'sda2'));
      expect(found).to.deep.equal([
        { at: 100, nodes: dev('sda') },
        { at: 1600, nodes: dev('sda1') },
        { at: 3600, nodes: dev('sda2') },
      ]);
      expect(clock.now() - 1000).to.equal(5600);
    });

    it('are none after a minute without any', async () => {
      const clock = clockWith({});
      expect(await search(clock)).to.deep.equal([]);
      expect(clock.now() - 1000).to.be.within(59_750, 60_000);
      expect(found).to.deep.equal([]);
    });

    it('are waited for no longer than a minute in all', async () => {
      const everySecond = Array.from({ length: 90 }, (_, n) => [
        n * 1000,
        () => node(`3-1/3-1:1.0/tty/ttyACM${n}`, `ttyACM${n}`),
      ]);
      const clock = clockWith(Object.fromEntries(everySecond) as Record<number, () => void>);
      expect(await search(clock)).to.have.lengthOf(60);
      expect(clock.now() - 1000).to.be.within(59_750, 60_000);
    });

    it('are those until then after an abort, and no timer stays', async () => {
      const clock = clockWith({ 0: () => node(`${DISK}/block/sda`, 'sda'), 400: () => abort.abort() });
      expect(await search(clock)).to.deep.equal(dev('sda'));
      expect(clock.pending).to.equal(0);
      expect(clock.now() - 1000).to.equal(600);
    });

    it('are not looked for at all when the signal was aborted before', async () => {
      node(`${DISK}/block/sda`, 'sda');
      abort.abort();
      expect(await search(clockWith({}))).to.deep.equal([]);
    });

    it('are refused for what is no device', async () => {
      expect(await rejection(search(clockWith({}), 'usb3'))).to.be.instanceOf(UsageError);
    });
  });
});
