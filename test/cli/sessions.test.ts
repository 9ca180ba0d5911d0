import { expect } from 'chai';
import { formatList } from '../../src/cli/sessions.ts';
import type { ControlList } from '../../src/control/controlMessages.ts';
import { Scene } from './connections.ts';
import { run } from './program.ts';

const LIST: ControlList = {
  program: 'serve',
  pid: 812,
  sessions: [
    { id: 1, name: 'default', who: '192.0.2.7', access: 'shared', state: 'live', age: 12, devices: [1, 2] },
    { id: 3, name: 'anna', who: 'anna (192.0.2.8)', access: 'exclusive', state: 'ending', age: 7500, devices: [] },
  ],
  devices: [
    {
      ...{ id: 1, device: '46f4:0001', port: '1-2', manufacturer: 'QEMU', product: 'DISK\u001b[31m', serial: 'A1' },
      ...{
        source: 'tcp://192.0.2.7:1',
        state: 'attached',
        sharing: 'held',
        decision: null,
        holder: 'vhci',
        age: 3,
        location: '3-1',
      },
      waiting: ['anna'],
    },
    {
      ...{ id: 2, device: '0627:0001', port: '1-3', manufacturer: null, product: null, serial: null },
      ...{
        source: 'tcp://192.0.2.7:1',
        state: 'denied',
        sharing: 'free',
        decision: null,
        holder: null,
        age: null,
        location: null,
      },
      waiting: [],
    },
  ],
};

describe('urbdrc sessions', () => {
  let scene: Scene;
  let environment: Record<string, string>;

  beforeEach(async () => {
    scene = await Scene.begin();
    environment = { XDG_RUNTIME_DIR: scene.folder };
  });

  afterEach(() => scene.end());

  it('prints tables, in which nothing steers the terminal', () => {
    expect(formatList(LIST)).to.equal(
      [
        'urbdrc serve (process 812)',
        'SESSION  WHO               NAME     ACCESS     STATE   FOR   DEVICES',
        '1        192.0.2.7         default  shared     live    12 s  1,2',
        '3        anna (192.0.2.8)  anna     exclusive  ending  2 h   -',
        'DEVICE  ID         PORT  FROM               STATE     HOLDER           FOR  AT   NAME',
        '1       46f4:0001  1-2   tcp://192.0.2.7:1  attached  vhci, then anna  3 s  3-1  QEMU DISK?[31m (serial A1)',
        '2       0627:0001  1-3   tcp://192.0.2.7:1  denied    -                -    -',
        '',
        '',
      ].join('\n'),
    );
  });

  /** A server with a client's keyboard, both in one folder. */
  async function running(...args: string[]) {
    const server = await scene.listen(['serve', '--control', scene.file('serve.sock'), ...args], 'tcp://127.0.0.1:0');
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', server.url], { environment });
    await server.running.line(/^device 1209:0002/);
    return { server: server.running, client };
  }
  const sessions = (...args: string[]) => run(['sessions', ...args], { environment });
  const atServer = () => ['--control', scene.file('serve.sock')];

  it('shows what a running program has, as text and as JSON', async () => {
    await running();
    const { status, stdout } = await sessions('list', ...atServer());
    expect(status).to.equal(0);
    expect(stdout).to.match(/^urbdrc serve \(process \d+\)\nSESSION .*\n1 +127\.0\.0\.1/);
    expect(stdout).to.match(/^1 +1209:0002 .* attached /m);
    const json = await sessions('--json', ...atServer());
    const { program, devices } = JSON.parse(json.stdout) as ControlList;
    expect({ program, device: devices[0]?.device }).to.deep.equal({ program: 'serve', device: '1209:0002' });
  });

  it('finds the programs of the user by itself', async () => {
    await running();
    const { stdout } = await sessions();
    expect(stdout).to.match(/^urbdrc redirect \(process \d+\)\n/);
  });

  it('ends a session: the client has its device back, and the server goes on', async () => {
    const { server, client } = await running();
    expect(await sessions('end', '1', ...atServer())).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    expect(await client.exit).to.be.oneOf([0, 1]);
    await server.line(/disconnected/);
    const { stdout } = await sessions('list', ...atServer());
    expect(stdout).to.include('no sessions\nno devices\n');
  });

  it('drops a device: its client takes it back, and is told who did it', async () => {
    const { server, client } = await running();
    expect((await sessions('drop', '1', ...atServer())).status).to.equal(0);
    await client.line(/given back: the server does not take it: dropped by the administrator \(/);
    await server.line(/gone: 1209:0002/);
  });

  it('watches until it is stopped, or until the program ends', async () => {
    const { client, server } = await running();
    const watching = scene.start(['sessions', '--watch', '--json', ...atServer()], { environment });
    const lines = (count: number) =>
      new Promise<void>((resolve) =>
        watching.stdout.watch(() => (watching.stdout.lines.length >= count ? (resolve(), true) : false)),
      );
    await lines(1);
    client.stop();
    await client.exit;
    await lines(2);
    const last = JSON.parse(watching.stdout.lines.at(-1) ?? '') as ControlList;
    expect(last.devices).to.deep.equal([]);
    const other = scene.start(['sessions', '--watch', ...atServer()], { environment });
    await new Promise<void>((resolve) =>
      other.stdout.watch(() => (other.stdout.text === '' ? false : (resolve(), true))),
    );
    other.stop();
    expect(await other.exit).to.equal(0);
    server.stop();
    expect(await watching.exit).to.equal(0);
  });

  for (const [problem, args, message] of [
    ['an action without an id', ['end'], /end what\? give the number/],
    ['an id that is none', ['drop', 'x'], /drop what\?/],
    ['give to nobody', ['give', '1'], /give to whom\?/],
    ['an id too many', ['end', '1', '2'], /end takes no more than 1/],
    ['--watch beside another action', ['end', '1', '--watch'], /are about list/],
    ['an unknown action', ['eject', '1'], /list, end, drop, give, release/],
  ] as const) {
    it(`refuses ${problem}, and says what to do`, async () => {
      const { status, stderr } = await sessions(...args);
      expect(status).to.equal(2);
      expect(stderr).to.match(message);
    });
  }

  it('says that nothing runs', async () => {
    const { status, stderr } = await sessions();
    expect(status).to.equal(1);
    expect(stderr).to.match(/no serve or redirect of this user runs/);
    expect((await sessions('--control', scene.file('no.sock'))).stderr).to.match(/is the program running\?/);
  });

  it('asks which program is meant where several run', async () => {
    const { client } = await running();
    const other = await scene.listen(['serve'], 'tcp://127.0.0.1:0', { environment });
    expect((await sessions('end', '1')).stderr).to.match(/several programs run: .*redirect-.*serve-/);
    client.stop();
    other.running.stop();
  });

  it('gives keyboards to this machine and back by urbdrc focus, with the device announced all the time', async () => {
    const server = await scene.listen(['serve', '--control', scene.file('serve.sock')], 'tcp://127.0.0.1:0');
    const { url } = server;
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--focus', '--connect', url], { environment });
    await client.line(/^redirecting/);
    expect(await run(['focus', 'local'], { environment })).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    await client.line(/^keyboards and mice are here$/);
    // What it has not asked yet, it learns from memory.
    await server.running.line(/^device 1209:0002/);
    const { devices } = JSON.parse((await sessions('--json', ...atServer())).stdout) as ControlList;
    expect(devices.map(({ state }) => state)).to.deep.equal(['attached']);
    expect((await run(['focus', 'remote'], { environment })).status).to.equal(0);
    await client.line(/^keyboards and mice are at the other end$/);
  });

  it('has nothing to give by turns without --focus', async () => {
    await running();
    const { status, stderr } = await run(['focus', 'local'], { environment });
    expect(status).to.equal(1);
    expect(stderr).to.match(/nothing that is used by turns/);
    expect((await run(['focus', 'up'], { environment })).status).to.equal(2);
  });

  it('is not offered with --control off', async () => {
    await scene.listen(['serve', '--control', 'off'], 'tcp://127.0.0.1:0', { environment });
    expect((await sessions()).status).to.equal(1);
  });
});
