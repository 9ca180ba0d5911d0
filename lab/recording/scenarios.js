// The sessions that are recorded: what a FreeRDP does when our server drives its devices.
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { MassStorage } from '../../dist/src/entryPoints/urbdrc.js';
import { openCapture } from '../../dist/src/entryPoints/node.js';
import { IDLE_TIMEOUT, KEYBOARD, SERIAL, SLOW, Stage, STICK, switchStickPort } from '../tests/freerdpStage.js';
import * as lab from '../tests/support.js';

/**
 * @typedef {object} Scenario
 * @property {string} notes what happens in it, for whoever reads the capture
 * @property {(stage: Stage, file: string) => Promise<void>} run plays it and records it into a file
 */

const PROGRAM = 'urbdrc lab/record';

/** @typedef {Awaited<ReturnType<Stage['serveHere']>> & { client: ReturnType<Stage['freerdp']> }} Session */

/** @type {Record<string, Scenario>} */
export const SCENARIOS = {
  serveRead: {
    notes: 'urbdrc serve --read-sectors 256: the stick is opened, 256 sectors are read, the stick is given back',
    async run(stage, file) {
      const out = join(stage.folder, 'stick.img');
      const { server, port } = await stage.serve('--read-sectors', '256', '--out', out, '--capture', file);
      const client = stage.freerdp(port, `/usb:id,dev:${STICK}`);
      await server.waitForLine(/^read 256 sectors/, SLOW);
      await server.exit;
      await client.exit;
    },
  },

  serveTwo: {
    notes: 'stick and keyboard at once: sectors are read while the keys a and b are typed',
    run: (stage, file) =>
      recorded(stage, file, `${STICK}#${KEYBOARD}`, async ({ device }) => {
        const keyboard = await opened(await device(KEYBOARD));
        const storage = await MassStorage.open(await device(STICK), { sectorsPerCommand: 8 });
        for (const key of ['a', 'b']) {
          const pressed = keyboard.transferIn(1, 8);
          const reading = storage.read(0, 16);
          await lab.monitor(`sendkey ${key}`);
          await pressed;
          await Promise.all([reading, keyboard.transferIn(1, 8)]);
        }
        await storage.close();
        await keyboard.close();
      }),
  },

  serveReplug: {
    notes:
      "the stick's port is switched off in sysfs while its sectors are read, and on again; then it is read once more",
    run: (stage, file) =>
      recorded(stage, file, STICK, async ({ device, gone }) => {
        const storage = await MassStorage.open(await device(STICK), { sectorsPerCommand: 8 });
        await storage.read(0, 8);
        const left = gone(STICK);
        const reading = readOnAndOn(storage);
        await switchStickPort('off');
        await reading;
        await left;
        await switchStickPort('on');
        const again = await MassStorage.open(await device(STICK), { sectorsPerCommand: 8 });
        await again.read(8, 8);
        await again.close();
      }),
  },

  serveKilled: {
    notes: 'xfreerdp is killed (SIGKILL) while sectors of the stick are read',
    run: (stage, file) =>
      recorded(stage, file, STICK, async ({ device, left, client }) => {
        const storage = await MassStorage.open(await device(STICK), { sectorsPerCommand: 8 });
        await storage.read(0, 8);
        const reading = readOnAndOn(storage);
        await client.stop('SIGKILL');
        await reading;
        await left();
      }),
  },

  serveIdle: {
    notes:
      'reads of the keyboard and of the serial adapter are left alone until FreeRDP ends them; then a key is typed',
    run: (stage, file) =>
      recorded(stage, file, `${KEYBOARD}#${SERIAL}`, async ({ device }) => {
        const keyboard = await opened(await device(KEYBOARD));
        const serial = await opened(await device(SERIAL));
        const giveUp = new AbortController();
        const line = serial.transferIn(1, 64, { signal: giveUp.signal }).catch(() => {});
        const report = keyboard.transferIn(1, 8);
        await sleep(IDLE_TIMEOUT + 2000);
        await lab.monitor('sendkey a');
        await report;
        await keyboard.transferIn(1, 8);
        giveUp.abort();
        await line;
        await serial.close();
        await keyboard.close();
      }),
  },

  serveCancel: {
    notes: 'reads of the keyboard and of the serial adapter are cancelled: one, two at once, and one of two',
    run: (stage, file) =>
      recorded(stage, file, `${KEYBOARD}#${SERIAL}`, async ({ device }) => {
        const keyboard = await opened(await device(KEYBOARD));
        const serial = await opened(await device(SERIAL));
        /** @type {(from: typeof keyboard, length: number) => { cancel: () => Promise<void>, end: Promise<unknown> }} */
        const reading = (from, length) => {
          const controller = new AbortController();
          const end = from.transferIn(1, length, { signal: controller.signal }).catch(() => {});
          return { end, cancel: async () => (controller.abort(), void (await end)) };
        };
        await reading(keyboard, 8).cancel();
        const two = [reading(serial, 64), reading(serial, 64)];
        await sleep(500);
        await Promise.all(two.map(({ cancel }) => cancel()));
        const first = reading(keyboard, 8);
        const second = reading(keyboard, 8);
        await sleep(500);
        await first.cancel();
        await lab.monitor('sendkey c');
        await second.end;
        await serial.close();
        await keyboard.close();
      }),
  },

  serveUnanswered: {
    notes:
      'the serial adapter is reset, then deauthorized in sysfs: a read of it is never answered, and given up after 12 s',
    run(stage, file) {
      // A FreeRDP that is recognised is asked for no reset, and its reads are given up sooner.
      const options = /** @type {const} */ ({ peer: 'generic' });
      const play = async (/** @type {Session} */ { device }) => {
        const serial = await opened(await device(SERIAL));
        await serial.reset();
        const { path } = await lab.waitUntil(() => lab.sysfsDevice(0x0403, 0x6001), SLOW, 'the serial adapter');
        await writeFile(`${path}/authorized`, '0');
        const giveUp = new AbortController();
        const reading = serial.transferIn(1, 64, { signal: giveUp.signal }).catch(() => {});
        await sleep(IDLE_TIMEOUT + 2000);
        giveUp.abort();
        await reading;
        await serial.close();
        await writeFile(`${path}/authorized`, '1');
      };
      return recorded(stage, file, SERIAL, play, options);
    },
  },
};

/**
 * Records what happens while FreeRDP redirects devices into a server of this process, until it is told to leave.
 * @param {Stage} stage
 * @param {string} file
 * @param {string} devices
 * @param {(session: Session) => Promise<void>} play
 * @param {Parameters<Stage['serveHere']>[1]} [options]
 */
async function recorded(stage, file, devices, play, options) {
  const onFailure = (/** @type {Error} */ error) => {
    throw error;
  };
  const capture = openCapture(file, { role: 'server', program: PROGRAM, onFailure });
  const session = await stage.serveHere(capture, options);
  const client = stage.freerdp(session.port, `/usb:id,dev:${devices}`);
  await play({ ...session, client });
  for (const server of session.servers) await server.close();
  await session.left();
  capture.close();
}

/** @param {import('../../dist/src/entryPoints/urbdrc.js').RemoteDevice} device */
async function opened(device) {
  await device.open();
  if (device.configuration === null) await device.selectConfiguration(1);
  await device.claimInterface(0);
  return device;
}

/**
 * Reads until that fails.
 * @param {MassStorage} storage
 */
async function readOnAndOn(storage) {
  for (;;) {
    try {
      await storage.read(0, 8);
    } catch {
      return;
    }
  }
}
