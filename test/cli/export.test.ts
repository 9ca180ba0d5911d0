import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { UsbipClient } from '../hosts/usbipServer/usbipClient.ts';
import { complaints, Scene } from './connections.ts';
import { run } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';

describe('urbdrc serve --export', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });
  afterEach(() => scene.end());

  it('lets a USB/IP client import what a client redirects, and tells what happens', async () => {
    writeFileSync(scene.file('stick.img'), Buffer.alloc(512 * 64));
    const server = scene.start(['serve', '--export', 'usbip://127.0.0.1:0', '--listen', LOOPBACK]);
    const [, exporting = '', port = ''] = await server.line(/^exporting on (usbip:\/\/127\.0\.0\.1:(\d+))$/);
    const [, url = ''] = await server.line(/^listening on (\S+)$/);
    const redirecting = scene.start(['redirect', '--virtual', `stick:${scene.file('stick.img')}`, '--connect', url]);
    const [, command] = await server.line(/^exported 1209:\w+ .* as 1-1: (usbip .*)$/);
    expect(command).to.equal(`usbip --tcp-port ${port} attach -r 127.0.0.1 -b 1-1`);

    const client = await UsbipClient.connect(exporting);
    expect(await client.import('1-1')).to.include({ status: 0 });
    await server.line(/^usbip:\/\/127\.0\.0\.1:\d+ imported 1209:/);
    expect(await client.control([0x80, 6, 0, 1, 0, 0, 18, 0])).to.include({ status: 0, actualLength: 18 });
    client.socket.end();
    await server.line(/^usbip:\/\/127\.0\.0\.1:\d+ released 1209:[^:]*$/);

    const other = await UsbipClient.connect(exporting);
    expect(await other.import('1-7')).to.deep.equal({ status: 4 });
    await server.line(/^refused usbip:\/\/127\.0\.0\.1:\d+: there is no device 1-7$/);

    const last = await UsbipClient.connect(exporting);
    expect(await last.import('1-1')).to.include({ status: 0 });
    redirecting.stop();
    await last.closed();
    server.stop();
    expect(await server.exit).to.equal(0);
    expect(complaints(server)).to.deep.equal([]);
  });

  it('takes the devices back when it is stopped', async () => {
    const server = scene.start(['serve', '--export', 'usbip://127.0.0.1:0', '--allow', '*', '--listen', LOOPBACK]);
    const [, exporting = ''] = await server.line(/^exporting on (\S+)$/);
    const [, url = ''] = await server.line(/^listening on (\S+)$/);
    scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]);
    await server.line(/^exported .* as 1-1: /);
    const client = await UsbipClient.connect(exporting);
    expect(await client.import('1-1')).to.include({ status: 0 });
    void client.submit({ direction: 'in', ep: 1, length: 8, interval: 10 });
    server.stop();
    await client.closed();
    expect(await server.exit).to.equal(0);
  });

  it('without rules refuses keyboards and their like, and says so at the start, with the rule that accepts them', async () => {
    const server = scene.start(['serve', '--export', 'usbip://127.0.0.1:0', '--listen', LOOPBACK]);
    await server.line(/^exporting on /);
    await server.line(/^without rules no keyboards, .* are accepted: --allow "\*" accepts all devices$/);
    const [, url = ''] = await server.line(/^listening on (\S+)$/);
    scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]);
    await server.line(/refused 1209:.*: denied by deny class 03 \(default for devices of other machines: .*\)$/);
    scene.start(['redirect', '--virtual', 'fx2', '--connect', url]);
    await server.line(/accepted .*: allowed by default: no rule matches$/);
    await server.line(/^exported /);
    server.stop();
    expect(await server.exit).to.equal(0);
  });

  it('without rules refuses them also for a machine with --attach', async () => {
    const machine = `usbredir+listen+unix:${scene.file('machine')}`;
    const server = scene.start(['serve', '--attach', machine, '--listen', LOOPBACK]);
    await server.line(/^without rules no keyboards, .* are accepted: --allow "\*" accepts all devices$/);
    const [, url = ''] = await server.line(/^listening on (\S+)$/);
    scene.start(['redirect', '--virtual', 'keyboard', '--connect', url]);
    await server.line(/refused 1209:.*: denied by deny class 03 \(default for devices of other machines: .*\)$/);
    server.stop();
    expect(await server.exit).to.equal(0);
  });

  it('says that the port is taken', async () => {
    const server = scene.start(['serve', '--export', 'usbip://127.0.0.1:0', '--listen', LOOPBACK]);
    const [, exporting = ''] = await server.line(/^exporting on (\S+)$/);
    const second = await run(['serve', '--export', exporting, '--listen', LOOPBACK]);
    expect(second.status).to.equal(1);
    expect(second.stderr).to.equal(
      `urbdrc: ${exporting} is in use already: stop what listens there or choose another\n`,
    );
  });

  const wrong: Record<string, [string, RegExp]> = {
    'another kind of URL': ['tcp://127.0.0.1:3240', /--export tcp:\/\/127\.0\.0\.1:3240: use usbip:\/\/HOST:PORT/],
    'a port that is none': ['usbip://127.0.0.1:70000', /use usbip:\/\/HOST:PORT/],
    'an address that others can reach': [
      'usbip://0.0.0.0',
      /USB\/IP has neither password nor encryption.*ssh -L 3240:127\.0\.0\.1:3240 THIS_MACHINE/,
    ],
  };
  for (const [what, [url, message]] of Object.entries(wrong)) {
    it(`refuses ${what}`, async () => {
      const { status, stderr } = await run(['serve', '--listen', LOOPBACK, '--export', url]);
      expect(status).to.equal(2);
      expect(stderr).to.match(message);
      expect(stderr.split('\n')).to.have.length(2);
    });
  }

  it('goes with nothing else that takes the devices', async () => {
    const { status, stderr } = await run([
      'serve',
      '--listen',
      LOOPBACK,
      '--export',
      'usbip://127.0.0.1',
      '--attach',
      'vhci',
    ]);
    expect(status).to.equal(2);
    expect(stderr).to.match(/'--export <url>' cannot be used with option '--attach <where>'/);
  });
});
