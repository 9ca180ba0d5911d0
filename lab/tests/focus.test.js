// One keyboard that this machine and a server use by turns: urbdrc redirect --focus has the real one, and at
// urbdrc serve --attach vhci the same machine's kernel has it a second time.
import { expect } from 'chai';
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
    const begin = performance.now();
    expect(await focus(control, 'local')).to.equal('{"ok":true}');
    const answered = performance.now() - begin;
    expect(await hasLocalDriver()).to.equal(true);
    const here = await nodeHere();
    console.log(
      `    from the request: answered after ${Math.round(answered)} ms, a node after ${Math.round(performance.now() - begin)} ms`,
    );
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
    const begin = performance.now();
    expect(await focus(control, 'local')).to.equal('{"ok":true}');
    const took = performance.now() - begin;
    expect(await hasLocalDriver()).to.equal(true);
    expect(await focus(control, 'remote')).to.equal('{"ok":true}');
    // What the kernel takes for the same by itself: its driver leaves the interface, and comes back.
    const again = performance.now();
    for (const action of ['unbind', 'bind']) await writeFile(`/sys/bus/usb/drivers/usbhid/${action}`, `${copy}:1.0`);
    console.log(`    here after ${Math.round(took)} ms; the kernel alone: ${Math.round(performance.now() - again)} ms`);
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
