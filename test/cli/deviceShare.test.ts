import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import { Scene } from './connections.ts';
import { run, type RunOptions } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';

describe('a device that two servers want, at urbdrc redirect --shared', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });
  afterEach(() => scene.end());

  const control = () => ['--control', scene.file('redirect.sock')];
  const sessions = (...args: string[]) => run(['sessions', ...args, ...control()]);

  /** The first server has the keyboard, and is session 1; the second one is session 2. */
  async function begin(rules: string, options: RunOptions = {}) {
    const file = scene.file('share.rules');
    await writeFile(file, `${rules}\nallow *\n`);
    const devices = new VirtualDevices();
    devices.add(new HidKeyboard());
    const args = ['redirect', '--shared', '--rules', file, ...control()];
    const { running: client, url } = await scene.listen(args, LOOPBACK, { devices, ...options });
    const first = scene.start(['serve', '--connect', url]);
    await first.line(/^device 1209:0002/);
    const second = scene.start(['serve', '--connect', url]);
    await client.line(/^connected to/);
    await client.line(/^connected to/);
    return { client, first, second };
  }

  it('changes hands where the rule is take, and the program tells from whom it went to whom', async () => {
    const { client, first, second } = await begin('share take class 03');
    expect(await sessions('take', '1', '2')).to.deep.equal({ status: 0, stdout: '', stderr: '' });
    await first.line(/^gone: 1209:0002/);
    await second.line(/^device 1209:0002/);
    await client.line(/^1209:0002 was taken from 127\.0\.0\.1 by 127\.0\.0\.1$/);
  });

  it('was taken: who had it is told by whom, and for how long it was there, at its own end', async () => {
    const { first, second } = await begin('share take class 03');
    await sessions('take', '1', '2');
    await first.line(/^tcp:.* says: 1209:0002 was taken by 127\.0\.0\.1; you had it for \d+ s$/);
    expect(second.stderr.text).to.not.include(' says: ');
  });

  it('stays where the rule is refuse: who wants it is told the rule, who has it, and since when', async () => {
    const { client, second } = await begin('share refuse class 03 # the pilot’s');
    const { status, stderr } = await sessions('take', '1', '2');
    expect(status).to.equal(1);
    expect(stderr).to.match(/the rule is refuse class 03 \(.*share\.rules:1\); 127\.0\.0\.1 has had it for \d+ s$/m);
    await client.line(/^1209:0002 is refused to 127\.0\.0\.1, 127\.0\.0\.1 has it: the rule is/);
    expect(second.stderr.text).to.not.match(/^device/m);
  });

  it('comes to who waits in the queue when its holder goes', async () => {
    const { first, second } = await begin('share refuse *');
    const { status, stdout } = await sessions('take', '1', '2', '--wait', '600');
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'it is in use: place 1 in the queue\n' });
    expect((await sessions()).stdout).to.match(/127\.0\.0\.1, then 127\.0\.0\.1/);
    first.stop();
    await second.line(/^device 1209:0002/);
  });

  it('stays while it is locked, whatever the rule', async () => {
    const { second } = await begin('share take *');
    expect((await sessions('lock', '1')).status).to.equal(0);
    const { status, stderr } = await sessions('take', '1', '2');
    expect(status).to.equal(1);
    expect(stderr).to.match(/it is locked: by the administrator; 127\.0\.0\.1 has had it for \d+ s$/m);
    expect((await sessions('unlock', '1')).status).to.equal(0);
    expect((await sessions('take', '1', '2')).status).to.equal(0);
    await second.line(/^device 1209:0002/);
    expect((await sessions('release', '1')).status).to.equal(0);
    expect((await sessions('lock', '1')).stderr).to.match(/nobody has it/);
  });

  for (const [answer, becomes] of [
    ['y', 'changes hands'],
    ['n', 'stays'],
  ] as const) {
    it(`${becomes} where the person at the program answers ${answer} for its holder`, async () => {
      const stdin = Object.assign(new PassThrough(), { isTTY: true });
      const { client, second } = await begin('share ask *', { stdin });
      const taken = sessions('take', '1', '2');
      await client.line(
        /^\[1\] hand 1209:0002 at port .* over\? It is wanted by 127\.0\.0\.1; 127\.0\.0\.1 has had it for \d+ s \[y\/N\]$/,
      );
      stdin.write(`${answer}\n`);
      const { status, stderr } = await taken;
      expect(status).to.equal(answer === 'y' ? 0 : 1);
      if (answer === 'y') await second.line(/^device 1209:0002/);
      else expect(stderr).to.match(/127\.0\.0\.1 keeps it; 127\.0\.0\.1 has had it for \d+ s$/m);
    });
  }

  it('stays where its holder would have to be asked and nobody is there', async () => {
    await begin('share ask *');
    expect((await sessions('take', '1', '2')).stderr).to.match(/has to be asked, but there is no terminal to ask at/);
  });

  it('turns the 17th server away', async () => {
    const { running: client, url } = await scene.listen(['redirect', '--virtual', 'keyboard', '--shared'], LOOPBACK);
    const servers = Array.from({ length: 16 }, () => scene.start(['serve', '--connect', url]));
    for (const each of servers) {
      void each.exit;
      await client.line(/^connected to/);
    }
    scene.start(['serve', '--connect', url]);
    await client.line(/: turned away, 16 servers are connected$/);
  });

  for (const [problem, args, message] of [
    ['--wait without take', ['give', '1', '2', '--wait', '3'], /--wait is about take/],
    ['a time that is none', ['take', '1', '2', '--wait', 'soon'], /not whole seconds from 1 to 86400/],
    ['take for nobody', ['take', '1'], /take for whom\?/],
  ] as const) {
    it(`refuses ${problem}, and says what to do`, async () => {
      const { status, stderr } = await run(['sessions', ...args]);
      expect(status).to.equal(2);
      expect(stderr).to.match(message);
    });
  }
});
