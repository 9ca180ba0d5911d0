// One keyboard that this machine and a server use by turns: urbdrc redirect --focus has the real one, and at
// urbdrc serve --attach vhci the same machine's kernel has it a second time.
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { KEY_A, KEYBOARD, keysDown, localKeyboardNode, openKeys, typeA } from './keyboards.js';
import * as lab from './support.js';
import {
  attached,
  copies,
  driversOfCopy,
  expectHealthyKernel,
  KEYS,
  loadVhci,
  node,
  SLOW,
  VhciStage,
} from './vhciStage.js';

const [KEY_B, KEY_C] = [48, 46];
const CHORD = 'sendkey ctrl_r-alt_r-f12';

/**
 * Asks the running client over its control socket, and gives its answer.
 * @param {string} path
 * @param {'local' | 'remote'} to
 * @returns {Promise<string>}
 */
const focus = (path, to) =>
  new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify({ do: 'focus', to })}\n`));
    socket.once('data', (line) => {
      socket.destroy();
      resolve(line.toString().trim());
    });
    socket.once('error', reject);
  });

/**
 * Notes a moment in the kernel's log, where it stands among what the kernel says.
 * @param {string} what
 */
const mark = (what) => writeFileSync('/dev/kmsg', `lab: ${what}\n`);

/**
 * When each thing came after the first one of the marks, in the kernel's own milliseconds: the marks since then, and the
 * local driver's first and last line about a keyboard.
 * @param {string} first
 */
async function moments(first) {
  const { stdout } = await lab.run('dmesg');
  const lines = [...stdout.matchAll(/^\[ *(\d+\.\d+)\] (?:lab: (.*)|(?:input|hid-generic)\b.*)$/gm)].map(
    ([, seconds, what]) => ({ at: Number(seconds) * 1000, what }),
  );
  const since = lines.slice(lines.findLastIndex(({ what }) => what === first));
  const begin = since[0]?.at ?? Number.NaN;
  const driver = since.filter(({ what }) => what === undefined);
  const steps = [
    { what: 'usbhid begins', at: driver[0]?.at ?? Number.NaN },
    { what: 'has it', at: driver.at(-1)?.at ?? Number.NaN },
    ...since.slice(1).filter(({ what }) => what !== undefined),
  ];
  return steps.map(({ what, at }) => `${what} ${Math.round(at - begin)} ms`).join(', ');
}

describe('a keyboard that is used here and there by turns', function () {
  const stage = new VhciStage();
  let folder = '';
  let control = '';
  /** The event node of the keyboard at the server. */
  let there = '';
  /** @type {import('./vhciStage.js').Program} */
  let client;
  let copy = '';

  before(async () => {
    await loadVhci();
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
    control = join(folder, 'redirect.sock');
    const { server, url } = await stage.serve();
    client = stage.redirect(url, '--port', KEYBOARD.port, '--focus', '--control', control, '--verbose');
    ({ busId: copy } = await attached(server, '0627:0001'));
    there = await node(server, KEYS);
  });
  after(async () => {
    await stage.end();
    await rm(folder, { recursive: true });
    await expectHealthyKernel();
  });

  const hasLocalDriver = async () => (await lab.driversOf(KEYBOARD.vid, KEYBOARD.pid)).join() === 'usbhid';

  /** The keyboard's node here, as soon as it can be opened. */
  async function nodeHere() {
    const here = await lab.waitUntil(localKeyboardNode, SLOW, 'the keyboard is here');
    await lab.waitUntil(() => lab.exists(here), SLOW, here);
    return here;
  }

  it('is here within moments; a key that was held sticks at neither side, and the copy stays plugged in', async () => {
    const keys = await openKeys(there);
    await lab.monitor('sendkey a 6000');
    await keys.wait(KEY_A, 1);
    mark('asked with a key down');
    expect(await focus(control, 'local')).to.equal('{"ok":true}');
    mark('answered');
    expect(await hasLocalDriver()).to.equal(true);
    const here = await nodeHere();
    mark('a node');
    console.log(`    after the request: ${await moments('asked with a key down')}`);
    await keys.wait(KEY_A, 0);
    await keys.close();
    // The monitor lets go of one key before it presses the next.
    const hereKeys = await openKeys(here);
    await lab.monitor('sendkey b');
    await hereKeys.wait(KEY_B, 0);
    await hereKeys.close();
    expect(await keysDown(here)).to.deep.equal([]);
    expect(await keysDown(there)).to.deep.equal([]);
    expect(await copies()).to.deep.equal([copy]);
    expect(await driversOfCopy(copy)).to.deep.equal(['usbhid']);
  });

  it('goes there by the keys while it is here, and comes back by them', async () => {
    // Its node is read once it is found.
    await client.waitForLine(/^keys of \/dev\/input\/event\d+ are seen/, SLOW);
    await lab.monitor(CHORD);
    await client.waitForLine(/^keyboards and mice are at the other end/, SLOW);
    expect(await hasLocalDriver()).to.equal(false);
    expect(await keysDown(there)).to.deep.equal([]);
    expect(await typeA(there)).to.deep.equal([
      [KEY_A, 1],
      [KEY_A, 0],
    ]);
    await lab.monitor(CHORD);
    await client.waitForLine(/^keyboards and mice are here/, SLOW);
    expect(await hasLocalDriver()).to.equal(true);
  });

  it('goes there while a key is held here, which then is down nowhere', async () => {
    const hereKeys = await openKeys(await nodeHere());
    await lab.monitor('sendkey b 6000');
    await hereKeys.wait(KEY_B, 1);
    expect(await focus(control, 'remote')).to.equal('{"ok":true}');
    await hereKeys.close();
    const keys = await openKeys(there);
    await lab.monitor('sendkey c');
    await keys.wait(KEY_C, 0);
    await keys.close();
    expect(await keysDown(there)).to.deep.equal([]);
  });

  it('is here at once for a process that has done it before', async () => {
    mark('asked again');
    expect(await focus(control, 'local')).to.equal('{"ok":true}');
    mark('answered');
    expect(await hasLocalDriver()).to.equal(true);
    console.log(`    after the request: ${await moments('asked again')}`);
    // What the kernel takes for its part: its driver leaves the interface, and comes back.
    for (const action of ['unbind', 'bind']) {
      mark(action);
      await writeFile(`/sys/bus/usb/drivers/usbhid/${action}`, `${KEYBOARD.port}:1.0`);
    }
    mark('bound');
    console.log(`    the kernel alone, after unbind: ${await moments('unbind')}`);
    expect(await focus(control, 'remote')).to.equal('{"ok":true}');
  });

  it('is here again when the client is killed', async () => {
    expect(await hasLocalDriver()).to.equal(false);
    const begin = performance.now();
    await client.stop('SIGKILL');
    await lab.waitUntil(hasLocalDriver, SLOW, 'usbhid has the keyboard back');
    console.log(`    usbhid has it ${Math.round(performance.now() - begin)} ms after SIGKILL`);
    expect(await typeA(await nodeHere())).to.deep.equal([
      [KEY_A, 1],
      [KEY_A, 0],
    ]);
  });
});
