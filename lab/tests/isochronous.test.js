// Sound and pictures: isochronous transfers of real devices through koffi, and of virtual ones through the kernel's drivers.
import { expect } from 'chai';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { numberInYuy2 } from '../../dist/src/entryPoints/virtualDevices.js';
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { byAddress, Stage, startScreen } from './freerdpStage.js';
import * as lab from './support.js';
import * as vhci from './vhciStage.js';

const SOUND = { vid: 0x46f4, pid: 0x0002 };
/** The virtual one, of USB Audio 1.0: full-speed, and USB 2.00. */
const HEADSET = { vid: 0x1209, pid: 0x0009 };
const SOUND_FILE = '/lab-out/.sound.wav';
const RATE = 48_000;
/**
 * The kernel gives up on a program that waits for sound (EIO) when a period takes 1.1 times as long as the whole buffer is,
 * which happens on a busy machine: so `-N`, which asks again and again, short periods, and a long buffer.
 */
const PERIODS = ['--period-size=480', '--buffer-size=192000'];
/** Bytes of the loudspeaker's packets: 48 samples, left and right. */
const PACKET = 192;

/**
 * A ramp, left and right alike, in packets of the loudspeaker.
 * @param {number} packets
 * @param {number} first its first value, by which it is told from another
 */
function ramp(packets, first) {
  const data = Buffer.alloc(packets * PACKET);
  for (let at = 0; at < data.length; at += 4) {
    const sample = first + at / 4;
    data.writeInt16LE(sample, at);
    data.writeInt16LE(sample, at + 2);
  }
  return data;
}

/** What the loudspeaker played, left. QEMU lowers the volume to 240 of 255. */
async function played() {
  const file = await readFile(SOUND_FILE);
  const samples = [];
  for (let at = 44; at + 4 <= file.length; at += 4) samples.push(file.readInt16LE(at));
  return samples;
}

/**
 * Waits until this stands somewhere in the file, sample by sample.
 * @param {Buffer} sent
 */
async function expectPlayed(sent) {
  const wanted = Array.from({ length: sent.length / 4 }, (_, index) => (sent.readInt16LE(4 * index) * 240) / 255);
  /** @param {readonly number[]} heard @param {number} start */
  const first = (heard, start) => wanted.findIndex((each, index) => Math.abs((heard[start + index] ?? 0) - each) > 1);
  let best = 0;
  const isThere = async () => {
    const heard = await played();
    for (let start = heard.findIndex((each) => each !== 0); start >= 0 && start < heard.length; start += 1) {
      if (Math.abs((heard[start] ?? 0) - (wanted[0] ?? 0)) > 1) continue;
      const end = first(heard, start);
      if (end < 0) return true;
      best = Math.max(best, end);
    }
    return false;
  };
  await lab.waitUntil(isThere, 20_000, 'every sample is in the file').catch((error) => {
    throw new Error(`${error.message}; the first ${best} of ${wanted.length} were`);
  });
}

/** The number of the sound card on a USB device. @param {string} busId */
const cardOf = (busId) =>
  lab.waitUntil(
    async () => {
      for (const name of await readdir(`/sys/bus/usb/devices/${busId}/${busId}:1.0/sound`).catch(() => []))
        if (/^card\d+$/.test(name)) return name.slice(4);
      return '';
    },
    vhci.SLOW,
    `a sound card on ${busId}`,
  );

/**
 * Plays a ramp by aplay: every sample is in the file.
 * @param {string} busId where the copy of the loudspeaker is
 * @param {number} first value of the ramp
 */
async function playOn(busId, first) {
  const card = await cardOf(busId);
  const sent = ramp(250, first);
  await writeFile('/tmp/ramp.raw', Buffer.concat([Buffer.alloc(PACKET * 50), sent, Buffer.alloc(PACKET * 400)]));
  const format = ['-f', 'S16_LE', '-c', '2', '-r', `${RATE}`, '-t', 'raw', ...PERIODS];
  await lab.run('aplay', ['-q', '-N', '-D', `hw:${card}`, ...format, '/tmp/ramp.raw'], { timeout: 120_000 });
  await expectPlayed(sent);
}

/** What a microphone of the virtual headset hears, 1 kHz. @param {number} index */
const tone = (index) => Math.round(16_000 * Math.sin((2 * Math.PI * 1000 * index) / RATE));

/**
 * Waits until a device at vhci-hcd has these drivers, in the order of its interfaces.
 * @param {string} busId
 * @param {string[]} drivers
 */
const expectDrivers = (busId, drivers) =>
  lab.waitUntil(
    async () => `${await vhci.driversOfCopy(busId)}` === `${drivers}`,
    vhci.SLOW,
    `${busId} with ${drivers}`,
  );

/**
 * Records so many samples of the virtual headset's microphone: every one is right.
 * @param {string} card
 * @param {number} count
 */
async function record(card, count) {
  const format = ['-f', 'S16_LE', '-r', `${RATE}`, '-t', 'raw', '-c', '1', '-s', `${count}`, ...PERIODS];
  await lab.run('arecord', ['-q', '-N', '-D', `hw:${card}`, ...format, '/tmp/heard.raw'], { timeout: 120_000 });
  const heard = await readFile('/tmp/heard.raw');
  const samples = Array.from({ length: heard.length / 2 }, (_, index) => heard.readInt16LE(2 * index));
  expect(samples.length).to.be.at.least(count);
  // The driver may have dropped the first packets, and the tone has 48 samples.
  const shift = samples.slice(0, 48).findIndex((each, index) => each === 0 && samples[index + 1] === tone(1));
  expect(samples.findIndex((each, index) => each !== (tone(index - shift) || 0))).to.equal(-1);
}

describe('isochronous transfers', () => {
  before(() => vhci.loadVhci('snd-usb-audio', 'uvcvideo'));
  /** @type {vhci.VhciStage} */
  let stage;
  beforeEach(() => (stage = new vhci.VhciStage()));
  /** @type {import('../../dist/src/devices/libusb/libusbDevices.js').LibusbDevices | undefined} */
  let devices;
  afterEach(async () => {
    await devices?.close();
    devices = undefined;
    await stage.end();
  });

  async function openLoudspeaker() {
    devices = await openLibusbDevices({ backend: 'koffi' });
    const all = await devices.list();
    const device = all.find(
      ({ identity: { vendorId, productId } }) => vendorId === SOUND.vid && productId === SOUND.pid,
    );
    if (device === undefined) throw new Error('no loudspeaker');
    await device.open();
    return device;
  }

  it('play on the loudspeaker, several in flight, every sample', async () => {
    const device = await openLoudspeaker();
    /** @param {import('../../dist/src/ports/usb.js').UsbOperation} operation @returns {Promise<import('../../dist/src/ports/usb.js').UsbResult>} */
    const perform = (operation) => new Promise((resolve) => device.submit(operation, resolve));
    await perform({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
    const sent = ramp(400, 100);
    const packetLengths = Array.from({ length: 8 }, () => PACKET);
    const silence = Buffer.alloc(400 * PACKET); // pushes the last samples out of QEMU's buffers
    const parts = Array.from({ length: 100 }, (_, index) =>
      Buffer.concat([sent, silence]).subarray(index * 8 * PACKET, (index + 1) * 8 * PACKET),
    );
    let next = 0;
    const keepPlaying = async () => {
      for (let part = parts[next++]; part !== undefined; part = parts[next++]) {
        const operation = { endpointAddress: 1, data: part, packetLengths, startFrame: undefined };
        const result = await perform({ type: 'isochronousOut', ...operation });
        expect(result).to.include({ status: 'completed', transferred: part.length });
        expect(result.packets?.every(({ status, length }) => status === 'completed' && length === PACKET)).to.equal(
          true,
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, keepPlaying));
    await devices?.close();
    expect(await lab.driversOf(SOUND.vid, SOUND.pid)).to.deep.equal(['snd-usb-audio', 'snd-usb-audio']);
    await expectPlayed(sent);
  });

  it('end as cancelled, and say what is wrong with them', async () => {
    const device = await openLoudspeaker();
    /** @param {number[]} packetLengths */
    const play = (packetLengths, endpointAddress = 1) => {
      const data = Buffer.alloc(packetLengths.reduce((sum, each) => sum + each, 0));
      const operation = { endpointAddress, data, packetLengths, startFrame: undefined };
      return new Promise((resolve) => device.submit({ type: 'isochronousOut', ...operation }, resolve));
    };
    expect(await play([PACKET])).to.include({ status: 'failed' }); // there is no endpoint in setting 0
    await new Promise((resolve) =>
      device.submit({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 }, resolve),
    );
    expect(await play([PACKET + 1])).to.include({ status: 'invalidParameter' });
    expect(await play([])).to.include({ status: 'invalidParameter' });
    const pending = Array.from({ length: 10 }, () => play(Array.from({ length: 8 }, () => PACKET)));
    await new Promise((resolve) => device.submit({ type: 'abortEndpoint', endpointAddress: 1 }, resolve));
    const statuses = (await Promise.all(pending)).map(({ status }) => status);
    expect(statuses).to.include('cancelled');
    expect(statuses.filter((status) => status !== 'cancelled' && status !== 'completed')).to.deep.equal([]);
    await devices?.close();
  });

  it('play on the loudspeaker by aplay, redirected to this same kernel', async () => {
    const { server, url } = await stage.serve();
    const client = stage.redirect(url, '--device', '46f4:0002', '--stream-buffer', '0', '--verbose');
    await playOn((await vhci.attached(server)).busId, 20_000);
    await vhci.interrupt(client);
    await vhci.interrupt(server);
  });

  for (const [program, first] of /** @type {const} */ ([
    ['xfreerdp', 4000],
    ['xfreerdp3', 12_000],
  ]))
    it(`play on the loudspeaker and record from a headset, redirected by ${program} to this same kernel`, async () => {
      const screen = await startScreen();
      const rdp = await Stage.open(program);
      try {
        const headset = stage.start('redirect', '--virtual', 'headset:uac1', '--attach', 'vhci', '--verbose');
        await vhci.attached(headset);
        const { server, port } = await rdp.serve('--attach', 'vhci', '--allow', '*');
        const client = rdp.freerdp(port, await byAddress(SOUND, HEADSET));
        /** @type {Map<number, string>} */
        const copies = new Map();
        while (copies.size < 2) {
          const { busId } = await vhci.attached(server);
          copies.set(parseInt(await readFile(`/sys/bus/usb/devices/${busId}/idVendor`, 'utf8'), 16), busId);
        }
        await playOn(copies.get(SOUND.vid) ?? '', first);
        // FreeRDP calls it high-speed. As such it would be asked for packets of 125 us, in which no millisecond fits.
        await record(await cardOf(copies.get(HEADSET.vid) ?? ''), RATE / 4);
        await client.stop();
        await vhci.interrupt(server);
        await vhci.interrupt(headset);
      } finally {
        await rdp.end();
        await screen.stop();
      }
    });

  for (const name of ['headset', 'headset:uac1'])
    it(`of the virtual ${name} are a sound card that records every sample and plays at its pace`, async () => {
      const { server, url } = await stage.serve();
      const client = stage.redirect(url, '--virtual', name);
      const { busId } = await vhci.attached(server);
      const card = await cardOf(busId);
      await expectDrivers(busId, [...Array(3).fill('snd-usb-audio'), 'usbhid']);
      const stream = await readFile(`/proc/asound/card${card}/stream0`, 'utf8');
      expect(stream).to.match(/Playback:[^]*ASYNC[^]*Sync Endpoint: 0x81[^]*Capture:/);
      await record(card, RATE / 4);
      const format = ['-f', 'S16_LE', '-r', `${RATE}`, '-t', 'raw', ...PERIODS];
      await lab.run('aplay', ['-q', '-N', '-D', `hw:${card}`, ...format, '-c', '2', '-s', `${RATE / 10}`, '/dev/zero'], { timeout: 120_000 }); // prettier-ignore
      await vhci.interrupt(client);
      await vhci.interrupt(server);
    });

  it('of a headset without its buttons: sound gets its driver there, and the buttons keep theirs here; every sample arrives', async () => {
    const first = await stage.serve();
    stage.redirect(first.url, '--virtual', 'headset');
    const { busId } = await vhci.attached(first.server);
    await expectDrivers(busId, [...Array(3).fill('snd-usb-audio'), 'usbhid']);
    const second = await stage.serve();
    stage.redirect(second.url, '--port', busId, '--interfaces', '1', '--stream-buffer', '0');
    const copy = await vhci.attached(second.server);
    const card = await cardOf(copy.busId);
    await expectDrivers(copy.busId, Array(3).fill('snd-usb-audio'));
    await expectDrivers(busId, [...Array(3).fill('usbfs'), 'usbhid']);
    await record(card, RATE / 10);
  });

  it('of the virtual webcam are a camera whose frames are whole and without holes, also when redirected from this kernel', async () => {
    const first = await stage.serve();
    stage.redirect(first.url, '--virtual', 'webcam');
    const original = await vhci.attached(first.server);
    /** @param {string} busId */
    const cameraOf = async (busId) => {
      await expectDrivers(busId, ['uvcvideo', 'uvcvideo']);
      return lab.waitUntil(
        async () => (await readdir(`/sys/bus/usb/devices/${busId}/${busId}:1.0/video4linux`).catch(() => []))[0],
        vhci.SLOW,
        'a camera',
      );
    };
    /**
     * @param {string | undefined} video
     * @param {string} pixels
     */
    const capture = async (video, pixels) => {
      const format = `--set-fmt-video=width=160,height=120,pixelformat=${pixels}`;
      const stream = ['--stream-mmap=4', '--stream-count=4', '--stream-to=/tmp/frames'];
      await lab.run('v4l2-ctl', ['-d', `/dev/${video}`, format, ...stream], { timeout: 120_000 });
      return readFile('/tmp/frames');
    };
    /** @param {string | undefined} video */
    const expectFrames = async (video) => {
      const yuyv = await capture(video, 'YUYV');
      const size = 2 * 160 * 120;
      expect(yuyv.length).to.equal(4 * size);
      const numbers = [0, 1, 2, 3].map((index) => numberInYuy2(yuyv.subarray(index * size, (index + 1) * size)));
      expect(numbers).to.deep.equal([0, 1, 2, 3].map((index) => (numbers[0] ?? 0) + index));
    };
    const video = await cameraOf(original.busId);
    await expectFrames(video);
    const mjpeg = await capture(video, 'MJPG');
    expect(mjpeg.subarray(0, 2).toString('hex')).to.equal('ffd8');
    expect(mjpeg.subarray(-2).toString('hex')).to.equal('ffd9');
    const second = await stage.serve();
    stage.redirect(second.url, '--backend', 'koffi', '--port', original.busId, '--stream-buffer', '0');
    const copy = await vhci.attached(second.server);
    await expectFrames(await cameraOf(copy.busId));
  });
});
