import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { UsbDevice } from '../../src/ports/usb.ts';
import { SoftwareDevice, SoftwarePlatform, facts } from './softwareLibusb.ts';

describe('libusb devices', () => {
  let platform: SoftwarePlatform;
  let events: string[];
  const follow = ({ identity, gone }: UsbDevice) => {
    gone.addEventListener('abort', () => events.push(`-${identity.deviceAddress}`));
  };
  const listener = (device: UsbDevice) => {
    events.push(`+${device.identity.deviceAddress}`);
    follow(device);
  };
  beforeEach(() => {
    platform = new SoftwarePlatform();
    events = [];
  });

  it('are the same objects in each list, until they are plugged in anew', async () => {
    const device = await platform.device();
    expect(await platform.device()).to.equal(device);
    platform.present = [facts(5)];
    expect(await platform.device()).not.to.equal(device);
    expect(device.gone.aborted).to.equal(true);
  });

  it('are watched from then on, by each listener until it stops', async () => {
    follow(await platform.device());
    const stop = platform.source.watch(listener);
    const stopSecond = platform.source.watch(listener);
    expect(events).to.deep.equal([]);
    platform.present = [facts(3)];
    platform.change();
    expect(events).to.deep.equal(['-4', '+3', '+3']);
    stopSecond();
    platform.present = [facts(5)];
    platform.change();
    platform.change();
    expect(events).to.deep.equal(['-4', '+3', '+3', '-3', '-3', '+5']);
    stop();
    expect(platform.listening).to.equal(0);
    await platform.source.close();
  });

  it('learn that they are gone while they are open, although nobody watches', async () => {
    const device = await platform.openDevice();
    expect(platform.listening).to.equal(1);
    platform.present = [];
    platform.change();
    expect(device.gone.aborted).to.equal(true);
    await device.close();
    expect(platform.listening).to.equal(0);
  });

  it('are not gone while they are reset, when they have no address', async () => {
    const device = await platform.openDevice();
    [platform.present, platform.inReset] = [[], device.identity.portPath];
    platform.change();
    expect(device.gone.aborted).to.equal(false);
    [platform.present, platform.inReset] = [[platform.facts], undefined];
    platform.change();
    expect(device.gone.aborted).to.equal(false);
    expect(await platform.source.list()).to.deep.equal([device]);
    await device.close();
  });

  it('are closed with their source, which then tells of nothing', async () => {
    platform.source.watch(listener);
    await platform.openDevice();
    await platform.source.close();
    expect(platform.native.log.at(-1)).to.equal('close');
    expect(platform.listening).to.equal(0);
    expect(await platform.source.list()).to.deep.equal([]);
  });

  it('are closed with their source when they are just being opened, and not opened afterwards', async () => {
    const device = await platform.device();
    const opening = device.open().catch(() => {});
    await platform.source.close();
    await opening;
    const { log } = platform.native;
    expect(log.filter((call) => call === 'close')).to.have.length(log.filter((call) => call === 'open').length);
    expect(platform.listening).to.equal(0);
    const error = await device.open().catch((reason: unknown) => reason as Error);
    expect(error)
      .to.have.property('message')
      .that.matches(/its source is closed/);
  });

  describe('whose names are slow to come', () => {
    let asked: { portPath: string; give(productName: string): void }[];
    beforeEach(() => {
      asked = [];
      platform = new SoftwarePlatform(
        5000,
        ({ identity: { portPath } }) =>
          new Promise((resolve) => {
            asked.push({ portPath, give: (productName) => resolve({ productName }) });
          }),
      );
    });

    it('are listed when they have them', async () => {
      const list = platform.source.list();
      await new Promise(setImmediate);
      asked[0]?.give('Slow');
      expect((await list).map(({ identity }) => identity.productName)).to.deep.equal(['Slow']);
    });

    it('are told of when they have them, one after the other', async () => {
      platform.present = [];
      platform.source.watch(listener);
      platform.present = [facts(5), facts(6)];
      platform.change();
      platform.change();
      await new Promise(setImmediate);
      expect(asked).to.have.length(1);
      asked[0]?.give('A');
      await new Promise(setImmediate);
      expect(events).to.deep.equal(['+5']);
      asked[1]?.give('B');
      await new Promise(setImmediate);
      expect(events).to.deep.equal(['+5', '+6']);
      await platform.source.close();
    });

    it('are no news to who watches when they were there before, until they come again', async () => {
      const settle = () => new Promise(setImmediate);
      platform.present = [facts(5), facts(6)];
      platform.source.watch(listener);
      await settle();
      asked[0]?.give('A');
      await settle();
      platform.present = [];
      platform.change();
      asked[1]?.give('B');
      await settle();
      expect(events).to.deep.equal([]);
      platform.present = [facts(5), facts(6)];
      platform.change();
      for (const index of [2, 3]) {
        await settle();
        asked[index]?.give('again');
      }
      await settle();
      expect(events).to.deep.equal(['+5', '+6']);
      await platform.source.close();
    });

    it('are not told of when they went in the meantime, or the source was closed', async () => {
      platform.source.watch(listener);
      platform.present = [];
      platform.change();
      await new Promise(setImmediate);
      asked[0]?.give('A');
      platform.present = [facts(5)];
      platform.change();
      await new Promise(setImmediate);
      await platform.source.close();
      asked[1]?.give('B');
      await new Promise(setImmediate);
      expect(events).to.deep.equal([]);
    });
  });

  it('cost a new context of libusb only when the first does not know one, and then once', async () => {
    const second = facts(5);
    platform.present = [second];
    const device = await platform.device();
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await device.open().catch((reason: unknown) => reason as Error);
      expect(error)
        .to.have.property('message')
        .that.matches(/is not visible to libusb; plug it in again$/);
    }
    expect(platform.contexts).to.equal(2);
    const third = facts(6);
    platform.present = [third];
    platform.newlyKnown = [new SoftwareDevice(third)];
    const another = await platform.device();
    await another.open();
    await another.close();
    await another.open();
    expect(platform.contexts).to.equal(2); // the second context knows it
    await platform.source.close();
  });

  it('say what is missing where libusb does not load', async () => {
    const module = new URL('../../src/devices/libusb/libusbDevices.ts', import.meta.url).href;
    const program = `import('${module}')
      .then(({ openLibusbDevices }) => openLibusbDevices({ backend: 'node-usb' }))
      .catch(({ message }) => console.log(message))`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program],
      {
        env: { ...process.env, NODE_USB_PATH: fileURLToPath(new URL('.', import.meta.url)) },
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
      },
    );
    expect(stdout).to.match(/^no USB support on this platform: No native build was found .+\n$/);
  });
});
