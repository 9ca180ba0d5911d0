// A stick that FreeRDP redirects ends in a guest of QEMU: this machine is the client, the server and, as in usbredir.test.js, the
// guest.
import { expect } from 'chai';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { byAddress, SLOW, Stage, startScreen } from './freerdpStage.js';
import { openRedirPort } from './redirPort.js';
import * as lab from './support.js';
import { giveStickBack, STICK_PORT } from './vhciStage.js';

/** Of the stick that are compared with its image. */
const BYTES = 4 * 1024 * 1024;

/** The disk that is not the stick in its socket: it may have that one's name, which is free then. */
async function diskOfGuest() {
  for (const name of (await readdir('/sys/block')).filter((each) => each.startsWith('sd'))) {
    const path = await realpath(`/sys/block/${name}`).catch(() => '');
    const sectors = await readFile(`/sys/block/${name}/size`, 'utf8').catch(() => '0');
    if (path.includes('/usb') && !path.includes(`/${STICK_PORT}/`) && Number(sectors) > 0) return `/dev/${name}`;
  }
  return undefined;
}

describe('a guest of QEMU, by usbredir', () => {
  /** @type {(() => void)[]} */
  const endings = [];
  after(() => endings.forEach((end) => end()));

  it('has the stick that FreeRDP redirects: the same bytes', async () => {
    endings.push(await openRedirPort('lab.redir0', '/run/redir0.sock'));
    const screen = await startScreen();
    const stage = await Stage.open();
    try {
      const { server, port } = await stage.serve('--attach', 'usbredir+unix:/run/redir0.sock');
      const client = stage.freerdp(port, await byAddress(lab.STICK));
      await server.waitForLine(/^attached 46f4:0001/, SLOW).catch((error) => {
        throw new Error(`${error.message}; FreeRDP printed:\n${client.lines.join('\n')}`);
      });
      const disk = await lab.waitUntil(diskOfGuest, SLOW, 'the disk of the guest');
      expect(await lab.sha256OfDevice(disk, BYTES)).to.equal(await lab.sha256OfDevice(lab.STICK.image, BYTES));
      await client.stop();
      await server.waitForLine(/^detached 46f4:0001/, SLOW);
      await lab.waitUntil(async () => (await diskOfGuest()) === undefined, SLOW, `${disk} goes`);
      expect(await server.stop('SIGINT')).to.equal('0');
    } finally {
      await stage.end();
      await screen.stop();
    }
    await giveStickBack();
  });
});
