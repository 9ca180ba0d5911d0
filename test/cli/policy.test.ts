import { writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import type { DeviceRow } from '../../src/cli/list.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import { complaints, Scene } from './connections.ts';
import { run } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const STICK = '1209:0001';
const KEYBOARD = '1209:0002';
const stick = () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(64 * 512)) });

/** A keyboard and a stick. */
function plugged(keyboard = new HidKeyboard()): VirtualDevices {
  const devices = new VirtualDevices();
  devices.add(keyboard);
  devices.add(stick());
  return devices;
}

/** Standard input of somebody at a terminal. */
const terminalInput = () => Object.assign(new PassThrough(), { isTTY: true });

describe('urbdrc: which devices go', () => {
  let scene: Scene;
  let devices: VirtualDevices;
  let keyboard: HidKeyboard;

  beforeEach(async () => {
    scene = await Scene.begin();
    keyboard = new HidKeyboard();
    devices = plugged(keyboard);
  });

  afterEach(async () => {
    await scene.end();
    await devices.close();
  });

  const rules = (text: string) => {
    writeFileSync(scene.file('usb.rules'), text);
    return scene.file('usb.rules');
  };

  describe('list --explain', () => {
    const decisions = async (...args: string[]) => {
      const { status, stdout, stderr } = await run(['list', '--json', ...args], { devices: plugged() });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      return (JSON.parse(stdout) as DeviceRow[]).map((row) => row.decision);
    };

    it('tells for each device which rule decides, those of --auto unless told otherwise', async () => {
      const { stdout } = await run(['list', '--explain'], { devices });
      const [head, first, storage] = stdout.split('\n');
      expect(head).to.match(/NAME +DECISION$/);
      expect(first).to.match(
        /^1209:0002.* {2}denied by deny interface 03\/01\/01 \(safe default: keyboards stay with the person who types\)$/,
      );
      expect(storage).to.match(/^1209:0001.* {2}allowed by default: no rule matches$/);
    });

    it('is data with --json, and only when it is asked for', async () => {
      expect(await decisions()).to.deep.equal([undefined, undefined]);
      expect(await decisions('--explain')).to.deep.equal([
        {
          action: 'deny',
          rule: 'deny interface 03/01/01',
          reason: 'denied by deny interface 03/01/01 (safe default: keyboards stay with the person who types)',
        },
        { action: 'allow', reason: 'allowed by default: no rule matches' },
      ]);
    });

    it('takes the rules of the command line in their order, then those of the file, then the defaults', async () => {
      const file = rules('deny 1209:*\n');
      const args = ['--auto', '--ask', 'serial nobody', '--allow', 'class 03', '--deny', '*:2', '--rules', file];
      expect((await decisions(...args)).map((each) => each?.reason)).to.deep.equal([
        'allowed by allow class 03 (--allow)',
        `denied by deny 1209:* (${file}:1)`,
      ]);
      const swapped = ['--auto', '--deny', '*:2', '--allow', 'class 03'];
      expect((await decisions(...swapped)).map((each) => each?.action)).to.deep.equal(['deny', 'allow']);
    });

    it("takes the file's default in place of any other", async () => {
      const file = rules('default ask\n');
      const reason = 'to be asked for by default: no rule matches';
      expect((await decisions('--auto', '--rules', file)).map((each) => each?.action)).to.deep.equal(['deny', 'ask']);
      expect((await decisions('--rules', file)).map((each) => each?.reason)).to.deep.equal([reason, reason]);
    });

    it("reads FreeRDP's and usbredir's grammars and .rdp files, also in UTF-16", async () => {
      const actions = async (...args: string[]) => (await decisions(...args)).map((each) => each?.action);
      expect(await actions('--usb', `id:${KEYBOARD}`)).to.deep.equal(['allow', 'deny']);
      expect(await actions('--usb', 'auto')).to.deep.equal(['deny', 'deny']);
      expect(await actions('--filter', '0x03,-1,-1,-1,0|-1,-1,-1,-1,1')).to.deep.equal(['deny', 'allow']);
      const text = 'full address:s:srv\r\nusbdevicestoredirect:s:USB\\VID_1209&PID_0001\r\n';
      writeFileSync(scene.file('one.rdp'), text);
      writeFileSync(scene.file('two.rdp'), `\ufeff${text}`, 'utf16le');
      expect(await actions('--rdp', scene.file('one.rdp'))).to.deep.equal(['deny', 'allow']);
      expect(await actions('--rdp', scene.file('two.rdp'))).to.deep.equal(['deny', 'allow']);
    });
  });

  describe('arguments that are wrong', () => {
    const wrong: Record<string, [args: string[], message: RegExp]> = {
      'a rule': [['--allow', 'class x'], /--allow: class "x": give the class in hex/],
      'a file that is not there': [
        ['--rules', '/does/not/exist'],
        /cannot read .*exist: there is no such file or folder/,
      ],
      'rules that allow nothing': [['--deny', 'class 08'], /the rules allow nothing: .*--allow "\*"/],
      'two selections': [['--auto', '--usb', 'auto'], /'--auto' cannot be used with option '--usb <text>'/],
      'a /usb: of another grammar': [['--usb', 'all'], /\/usb: "all" is unknown/],
      'a filter': [['--filter', '1,2'], /has 2 numbers; it needs five/],
    };
    for (const [what, [args, message]] of Object.entries(wrong)) {
      it(`${what}: one line, status 2`, async () => {
        const { status, stdout, stderr } = await run(['list', ...args], { devices });
        expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
        expect(stderr)
          .to.match(/^urbdrc: [^\n]+\n$/)
          .and.to.match(message);
      });
    }

    it('a line of a file: its number, status 2', async () => {
      const { status, stderr } = await run(['list', '--rules', rules('allow *\ndeny clas 08\n')], { devices });
      expect(status).to.equal(2);
      expect(stderr).to.match(/usb\.rules:2: "clas" is no condition; write vendor:product in hex/);
    });

    it('rules beside a named device', async () => {
      for (const option of [['--auto'], ['--allow', '*'], ['--rules', 'x'], ['--filter', '']]) {
        const { status, stderr } = await run([
          'redirect',
          '--device',
          '1:2',
          '--connect',
          'tcp://127.0.0.1:1',
          ...option,
        ]);
        expect(status).to.equal(2);
        expect(stderr).to.match(/cannot be used with option '--device <vid:pid>'/);
      }
    });
  });

  describe('redirect', () => {
    const serve = () => scene.listen(['serve'], LOOPBACK);
    const redirect = (url: string, args: string[], stdin?: PassThrough) =>
      scene.start(['redirect', '--connect', url, ...args], { devices, ...(stdin && { stdin }) });

    it('--auto takes what is there and what comes later, and leaves the keyboard', async () => {
      const { running: server, url } = await serve();
      const client = redirect(url, ['--auto']);
      await client.line(/^1209:0002 at port 0-1 .*: denied by deny interface 03\/01\/01 \(safe default: /);
      await client.line(/^1209:0001 at port 0-2 .*: allowed by default: no rule matches$/);
      await server.line(/^device 1209:0001 /);
      devices.add(stick());
      await client.line(/^1209:0001 at port 0-3 .*: /);
      await server.line(/^device 1209:0001 /);
      client.stop();
      expect(await client.exit).to.equal(0);
      expect(complaints(client)).to.deep.equal([]);
      expect(server.stderr.text).not.to.include(KEYBOARD);
    });

    it('--auto goes on when there is nothing to redirect', async () => {
      devices = new VirtualDevices();
      const { running: server, url } = await serve();
      const client = redirect(url, ['--auto']);
      await client.line(/^connected to /);
      devices.add(stick());
      await server.line(/^device 1209:0001 /);
    });

    it('follows a device that comes back at its port as another', async () => {
      devices = new VirtualDevices();
      const first = stick();
      devices.add(first);
      const { running: server, url } = await serve();
      const client = redirect(url, ['--allow', STICK]);
      await server.line(/^device 1209:0001 /);
      devices.remove(first);
      devices.add(new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(64 * 512)), productId: 0xdf11 }));
      await client.line(/^1209:df11 at port 0-1 .*: allowed: follows 1209:0001, which it was at port 0-1 just before$/);
      await server.line(/^device 1209:df11 /);
    });

    it('--follow does so for --device', async () => {
      devices = new VirtualDevices();
      const first = stick();
      devices.add(first);
      const { running: server, url } = await serve();
      redirect(url, ['--device', STICK, '--follow']);
      await server.line(/^device 1209:0001 /);
      devices.remove(first);
      devices.add(new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(64 * 512)), productId: 0xdf11 }));
      await server.line(/^device 1209:df11 /);
    });

    for (const [answer, isYes] of [
      ['y', true],
      [' Yes ', true],
      ['n', false],
      ['', false],
      ['yesterday', false],
    ] as const) {
      it(`--ask asks at a terminal, and ${JSON.stringify(answer)} means ${isYes ? 'yes' : 'no'}`, async () => {
        const stdin = terminalInput();
        const { running: server, url } = await serve();
        const client = redirect(url, ['--ask', STICK], stdin);
        await client.line(
          /^\[1\] redirect 1209:0001 at port 0-2 .*\? It is to be asked for by ask 1209:0001 \(--ask\) \[y\/N\]$/,
        );
        stdin.write(`${answer}\n`);
        await client.line(isYes ? /: allowed: the answer was yes$/ : /: denied: the answer was no$/);
        if (isYes) await server.line(/^device 1209:0001 /);
        client.stop();
        expect(await client.exit).to.equal(0);
        expect(server.stderr.text.includes(STICK)).to.equal(isYes);
      });
    }

    it('--ask asks one question at a time, and withdraws one when the device is gone', async () => {
      const stdin = terminalInput();
      const { running: server, url } = await serve();
      const client = redirect(url, ['--ask', '*'], stdin);
      await client.line(/^\[1\] redirect 1209:0002 .*\[y\/N\]$/);
      await client.line(/^connected to /);
      expect(client.stderr.text).not.to.include(`redirect ${STICK}`);
      devices.remove(keyboard);
      await client.line(/^question 1 is withdrawn: the device is gone$/);
      await client.line(/^\[2\] redirect 1209:0001 .*\[2 y \/ 2 N\]$/);
      // Typed for the device that is gone.
      stdin.write('y\n');
      await client.line(/^that was no answer to question 2: type 2 y, or 2 n$/);
      stdin.write('1 y\n');
      await client.line(/^that was no answer to question 2: type 2 y, or 2 n$/);
      expect(server.stderr.text).not.to.include(STICK);
      stdin.write('2 y\n');
      await server.line(/^device 1209:0001 /);
    });

    it('--ask is no without a terminal, and at the end of its input', async () => {
      const { url } = await serve();
      const silent = redirect(url, ['--ask', STICK]);
      await silent.line(/^1209:0001 .*: to be asked for by ask .*, but there is no terminal to ask at$/);
      silent.stop();
      await silent.exit;
      devices = new VirtualDevices();
      devices.add(stick());
      const stdin = terminalInput();
      const ended = redirect((await serve()).url, ['--ask', STICK], stdin);
      await ended.line(/\[y\/N\]$/);
      stdin.end();
      await ended.line(/^1209:0001 .*: denied: the answer was no$/);
    });
  });

  describe('serve', () => {
    const redirect = (url: string) => {
      const named = scene.start(['redirect', '--allow', '*', '--connect', url], { devices });
      return named;
    };

    it('--rules accepts what they allow and gives the rest back, a line for each', async () => {
      const file = rules('deny interface 03/01/01 # no keyboards\nallow *\n');
      const { running: server, url } = await scene.listen(['serve', '--rules', file], LOOPBACK);
      const client = redirect(url);
      await client.line(/^1209:0002 .*: given back: the server's policy does not allow it/);
      await server.line(/^device 1209:0001 /);
      const said = server.stderr.lines.map((line) => line.replace(/tcp:\/\/127.0.0.1:\d+/, 'URL'));
      expect(said.filter((line) => line.startsWith('client URL: ')).sort()).to.deep.equal([
        'client URL: accepted 1209:0001 urbdrc Virtual Stick (serial 000000000001): ' +
          `allowed by allow * (${file}:2)`,
        `client URL: refused 1209:0002 urbdrc Virtual Keyboard: denied by deny interface 03/01/01 (${file}:1)`,
      ]);
      expect(server.stderr.text).not.to.include('device 1209:0002');
      expect(server.stderr.text).not.to.include('gone: 1209:0002');
      client.stop();
      await server.line(/^gone: 1209:0001 /);
    });

    it('--filter applies a usbredir filter', async () => {
      const { running: server, url } = await scene.listen(['serve', '--filter', '8,-1,-1,-1,1'], LOOPBACK);
      redirect(url);
      await server.line(
        /refused 1209:0002 .*: denied by default: no rule of the filter matches interface 0 \(class 03\)$/,
      );
      await server.line(/^device 1209:0001 /);
    });

    it('--ask asks at a terminal', async () => {
      const stdin = terminalInput();
      const args = ['serve', '--ask', KEYBOARD, '--allow', '*'];
      const { running: server, url } = await scene.listen(args, LOOPBACK, { stdin });
      redirect(url);
      await server.line(/^\[1\] accept 1209:0002 .*\? It is to be asked for by ask 1209:0002 \(--ask\) \[y\/N\]$/);
      stdin.write('y\n');
      await server.line(/accepted 1209:0002 .*: the answer was yes$/);
      await server.line(/^device 1209:0002 /);
    });

    it('--ask quotes what the device chose, so that it cannot pass for words of the question', async () => {
      await devices.close();
      devices = plugged(new HidKeyboard({ serialNumber: '1")? It is allowed [y/N]' }));
      const args = ['serve', '--ask', KEYBOARD, '--allow', '*'];
      const { running: server, url } = await scene.listen(args, LOOPBACK, { stdin: terminalInput() });
      const names = String.raw`\("urbdrc" "Virtual Keyboard", serial number "1\\"\)\? It is allowed \[y/N\]"\)`;
      const stdin = terminalInput();
      const client = scene.start(['redirect', '--ask', KEYBOARD, '--connect', url], { devices, stdin });
      await client.line(
        new RegExp(String.raw`^\[1\] redirect 1209:0002 at port 0-\d ${names}\? It is to be asked for by`),
      );
      stdin.write('y\n');
      await server.line(new RegExp(String.raw`^\[1\] accept 1209:0002 ${names}\? It is to be asked for by`));
    });

    it('--ask is no without a terminal', async () => {
      const { running: server, url } = await scene.listen(['serve', '--ask', '*'], LOOPBACK);
      redirect(url);
      await server.line(
        /refused 1209:0002 .*: to be asked for by ask \* \(--ask\), but there is no terminal to ask at$/,
      );
    });
  });
});
