// A guest of QEMU that is paused, rebooted and killed while it reads a redirected stick, and programs of ours that are killed: nothing
// hangs, nothing is left.
import { expect } from 'chai';
import { writeBootableStick } from './bootableStick.js';
import { Machine } from './machine.js';
import { Stage } from './stage.js';

const STICK = '1209:0001';
const ATTACHED = new RegExp(`^attached ${STICK}`);
const DETACHED = new RegExp(`^detached ${STICK}`);

describe('a guest of QEMU that reads a redirected stick', () => {
  /** @type {Stage} */
  let stage;
  let image = '';
  let clients = '';
  /** @type {Machine} */
  let machine;
  /** @type {ReturnType<Stage['urbdrc']>} */
  let server;
  /** @type {ReturnType<Stage['urbdrc']>} */
  let client;

  beforeEach(async () => {
    stage = await Stage.open();
    image = `${stage.folder}/stick.img`;
    clients = `unix:${stage.folder}/clients`;
    await writeBootableStick(image);
    machine = await start();
    server = await serve();
    client = redirect();
    await server.waitForLine(ATTACHED);
    await machine.boot();
  });
  afterEach(() => stage.end());

  async function start() {
    const started = await Machine.start(stage.folder);
    stage.atEnd(() => started.program.stop('SIGKILL'));
    return started;
  }

  async function serve() {
    const port = `usbredir+unix:${Machine.socket(stage.folder)}`;
    const program = stage.urbdrc('serve', '--listen', clients, '--attach', port, '--hold', '0');
    await program.waitForLine(/qemu usb-redir guest/);
    return program;
  }

  const redirect = () => stage.urbdrc('redirect', '--virtual', `stick:${image}`, '--connect', clients, '--hold', '0');

  /** Everything ends when it is asked to, and the guest has no device any more. */
  async function expectCleanEnd() {
    expect(await client.stop('SIGINT')).to.equal('0');
    await machine.expectNoDevice();
    expect(await server.stop('SIGINT')).to.equal('0');
    expect(await machine.end()).to.equal('0');
  }

  it('is paused and goes on, with every sector; is rebooted, and boots from it again', async () => {
    for (let round = 0; round < 3; round += 1) {
      await machine.pause();
      const from = await machine.serial.length();
      await machine.resume();
      await machine.serial.expectSectors(from);
    }
    await machine.boot();
    await machine.boot();
    expect(server.lines.filter((line) => DETACHED.test(line))).to.deep.equal([]);
    await expectCleanEnd();
  });

  it('is paused while the client leaves: nothing waits for it, and later it sees the stick gone', async () => {
    await machine.pause();
    expect(await client.stop('SIGINT')).to.equal('0');
    await server.waitForLine(DETACHED);
    await machine.resume();
    await machine.serial.expectUnreadable();
    client = redirect();
    await server.waitForLine(ATTACHED);
    await machine.boot();
    await expectCleanEnd();
  });

  it('is paused while the server ends, and later it sees the stick gone', async () => {
    await machine.pause();
    expect(await server.stop('SIGINT')).to.equal('0');
    await client.exit;
    await machine.resume();
    await machine.serial.expectUnreadable();
    await machine.expectNoDevice();
    expect(await machine.end()).to.equal('0');
  });

  it('is killed: the stick goes back, and the next machine at that port gets it', async () => {
    await machine.program.stop('SIGKILL');
    await server.waitForLine(DETACHED);
    machine = await start();
    await server.waitForLine(ATTACHED);
    await machine.boot();
    await expectCleanEnd();
  });

  it('loses the stick when the server is killed, and has it again by the next server', async () => {
    await server.stop('SIGKILL');
    await client.exit;
    await machine.serial.expectUnreadable();
    await machine.expectNoDevice();
    server = await serve();
    client = redirect();
    await server.waitForLine(ATTACHED);
    await machine.boot();
    await expectCleanEnd();
  });

  it('loses the stick when the client is killed, and has it again from the next client', async () => {
    await client.stop('SIGKILL');
    await server.waitForLine(DETACHED);
    await machine.serial.expectUnreadable();
    client = redirect();
    await server.waitForLine(ATTACHED);
    await machine.boot();
    await expectCleanEnd();
  });
});

describe('a port of QEMU that is a WebSocket', () => {
  it('takes a stick, from which the guest boots', async () => {
    const stage = await Stage.open();
    try {
      const image = `${stage.folder}/stick.img`;
      await writeBootableStick(image);
      const machine = await Machine.start(stage.folder, 'host=127.0.0.1,port=0,websocket=on');
      stage.atEnd(() => machine.program.stop('SIGKILL'));
      const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(await machine.port()) ?? [];
      const attach = ['--attach', `usbredir+ws://127.0.0.1:${port}`];
      const program = stage.urbdrc('redirect', '--virtual', `stick:${image}`, ...attach);
      await program.waitForLine(ATTACHED);
      await machine.boot();
      expect(await program.stop('SIGINT')).to.equal('0');
      await machine.expectNoDevice();
      expect(await machine.end()).to.equal('0');
    } finally {
      await stage.end();
    }
  });
});
