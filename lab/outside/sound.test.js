// The virtual headset at a guest of QEMU, with our program outside of it: what the guest plays and records by isochronous streams.
import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { UsbHeadset } from '../../dist/src/entryPoints/virtualDevices.js';
import { UsbredirGuest } from '../../dist/src/entryPoints/node.js';
import { systemClock } from '../../dist/src/entryPoints/urbdrc.js';
import { Stage } from './stage.js';
import * as lab from '../tests/support.js';

const LAB = fileURLToPath(new URL('../lab', import.meta.url));
const RATE = 48_000;
const SLOW = 120_000;
/** Samples that have to arrive one after the other, 0.1 s: a guest that is emulated is late now and then, and QEMU drops some. */
const WHOLE = RATE / 10;
/** Goes up from 1 in steps of 32. @param {number} index */
const sawtooth = (index) => 1 + 32 * (index % 997);
/** What the headset's microphone hears, 1 kHz. @param {number} index */
const tone = (index) => Math.round(16_000 * Math.sin((2 * Math.PI * 1000 * index) / RATE));

/** Short periods and a long buffer, and `-N`: ALSA gives up where a busy machine lets it wait for long. */
const OPTIONS = `-q -N -f S16_LE -r ${RATE} -t raw --period-size=480 --buffer-size=192000`;
const IN_THE_GUEST = `modprobe snd-usb-audio
until card=$(grep -sl 1209:0008 /proc/asound/card*/usbid); do sleep 0.2; done
card=\${card#/proc/asound/card}; card=\${card%/usbid}
aplay ${OPTIONS} -D "hw:$card" -c 2 /lab-out/sawtooth.raw
arecord ${OPTIONS} -D "hw:$card" -c 1 -s ${RATE} /lab-out/heard.raw`;

/**
 * The length of the longest run in which samples follow each other.
 * @param {readonly number[]} samples
 * @param {(index: number) => number} signal what stands so far behind the start of a run
 */
function longestRun(samples, signal) {
  let [longest, start] = [0, 0];
  samples.forEach((sample, index) => {
    if (sample !== signal(index - start)) start = sample === signal(0) ? index : index + 1;
    longest = Math.max(longest, index + 1 - start);
  });
  return longest;
}

/**
 * Every second 16-bit sample, or all.
 * @param {Buffer} bytes
 * @param {number} step
 * @param {number} first
 */
const samplesOf = (bytes, step, first = 0) =>
  Array.from({ length: Math.floor(bytes.length / (2 * step)) }, (_, index) =>
    bytes.readInt16LE(2 * (step * index + first)),
  );

describe('the virtual headset at a guest of QEMU', () => {
  /** @type {Stage} */
  let stage;
  /** @type {Uint8Array[]} */
  const played = [];
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let guest;

  before(async () => {
    stage = await Stage.open();
    const { folder } = stage;
    const pcm = Buffer.alloc(4 * RATE);
    for (let index = 0; index < RATE; index += 1) {
      pcm.writeInt16LE(sawtooth(index), 4 * index);
      pcm.writeInt16LE(sawtooth(index), 4 * index + 2);
    }
    await writeFile(`${folder}/sawtooth.raw`, pcm);
    const path = `${folder}/port`;
    const port = `-chardev socket,id=outside,path=${path},server=on,wait=off -device usb-redir,chardev=outside,bus=xhci.0,port=7`;
    guest = lab.spawnProgram(LAB, [
      '--out',
      folder,
      '--time',
      '1000',
      '--qemu',
      port,
      '--',
      'bash',
      '-euc',
      IN_THE_GUEST,
    ]);
    stage.atEnd(() => guest.stop());
    await lab.waitUntil(() => lab.exists(`${folder}/.started`), SLOW, 'the guest runs');
    const sink = new UsbredirGuest(connect(path), { name: 'guest', version: 'test', clock: systemClock });
    stage.atEnd(() => sink.close());
    const onPlayed = (/** @type {Uint8Array} */ samples) => played.push(samples.slice());
    await sink.attach(new UsbHeadset({ clock: systemClock, onPlayed }));
    const how = await guest.exit;
    if (how !== '0') throw new Error(`the guest ended with ${how}: ${guest.lines.join('\n')}`);
  });
  after(() => stage.end());

  it('plays what a program in the guest plays: the samples arrive', () => {
    const all = Buffer.concat(played);
    const left = samplesOf(all, 2);
    expect(samplesOf(all, 2, 1)).to.deep.equal(left);
    const run = longestRun(left, sawtooth);
    console.log(`      ${run} of ${RATE} samples in one run`);
    expect(run).to.be.at.least(WHOLE);
  });

  it('is a microphone whose samples a program in the guest has', async () => {
    const samples = samplesOf(await readFile(`${stage.folder}/heard.raw`), 1);
    expect(samples.length).to.be.at.least(RATE);
    const run = longestRun(samples, tone);
    console.log(`      ${run} of ${samples.length} samples in one run`);
    expect(run).to.be.at.least(WHOLE);
  });
});
