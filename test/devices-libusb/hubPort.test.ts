import { expect } from 'chai';
import koffi from 'koffi';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPort } from '../../src/devices/libusb/koffi/hubPort.ts';

/** A port is claimed of the kernel alone, so these are the ways in which it is not; the lab has the other. */
describe("the port of a device's hub", () => {
  let root = '';
  const folders = () => ({ sysfs: join(root, 'sysfs'), nodes: join(root, 'nodes') });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'urbdrc-'));
    for (const [hub, address] of Object.entries({ usb1: 1, '1-4': 9 })) {
      mkdirSync(join(root, 'sysfs', hub), { recursive: true });
      writeFileSync(join(root, 'sysfs', hub, 'devnum'), `${address}\n`);
      mkdirSync(join(root, 'nodes/001'), { recursive: true });
      writeFileSync(join(root, `nodes/001/00${address}`), '');
    }
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** The files under this test's folder that this process has open. */
  const openFiles = () =>
    readdirSync('/proc/self/fd')
      .map((number) => {
        try {
          return readlinkSync(`/proc/self/fd/${number}`);
        } catch {
          return ''; // the folder's own
        }
      })
      .filter((path) => path.startsWith(root));

  /** koffi with an `ioctl` of software. */
  const withIoctl = (code: number, answer: (done: () => void) => void = setImmediate) => {
    const calls: { node: string; values: readonly unknown[] }[] = [];
    const async = (file: number, ...values: unknown[]) => {
      const done = values.pop() as (error: unknown, code: number) => void;
      calls.push({ node: readlinkSync(`/proc/self/fd/${file}`).slice(root.length), values });
      answer(() => done(null, code));
    };
    const load = () => ({ func: () => ({ async }) });
    return { calls, koffi: { load } as unknown as Pick<typeof koffi, 'load'> };
  };

  it('is asked of the hub: a root hub, or one behind it', async () => {
    const { calls, koffi } = withIoctl(0);
    for (const portNumbers of [[3], [4, 2]]) {
      const release = await claimPort(koffi, { busNumber: 1, portNumbers }, folders());
      expect(openFiles()).to.have.length(1);
      await release?.();
      expect(openFiles()).to.have.length(0);
    }
    expect(calls).to.deep.equal([
      { node: '/nodes/001/001', values: [0x80045518, [3]] },
      { node: '/nodes/001/009', values: [0x80045518, [2]] },
    ]);
  });

  it('stays free where the hub has no node for this user, and where the kernel refuses', async () => {
    const { koffi: refusing } = withIoctl(-1);
    expect(await claimPort(refusing, { busNumber: 1, portNumbers: [3] }, folders())).to.equal(undefined);
    expect(openFiles()).to.have.length(0);
    expect(await claimPort(koffi, { busNumber: 1, portNumbers: [3] }, folders())).to.equal(undefined); // of a plain file
    rmSync(join(root, 'nodes/001/001'));
    expect(await claimPort(koffi, { busNumber: 1, portNumbers: [3] }, folders())).to.equal(undefined);
    expect(await claimPort(koffi, { busNumber: 7, portNumbers: [3] }, folders())).to.equal(undefined);
    expect(openFiles()).to.have.length(0);
  });

  it('is given back when it comes only after nobody waits for it', async () => {
    const answers: (() => void)[] = [];
    const { koffi } = withIoctl(0, (done) => answers.push(done));
    const device = { busNumber: 1, portNumbers: [3] };
    expect(await claimPort(koffi, device, { ...folders(), patience: 0 })).to.equal(undefined);
    while (answers.length === 0) await new Promise(setImmediate);
    answers[0]?.();
    while (openFiles().length > 0) await new Promise(setImmediate);
  });
});
