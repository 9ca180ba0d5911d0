import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { withConfigFile } from '../../src/cli/configFile.ts';
import { createProgram } from '../../src/cli/program.ts';
import { PROCESS } from '../../src/cli/programContext.ts';
import { Scene } from './connections.ts';

const UNITS = new URL('../../systemd/', import.meta.url);

describe('as a service', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });

  afterEach(() => scene.end());

  /** A systemd-notify that writes down what it is given, and its environment. */
  function environmentWith(script: string): Record<string, string> {
    writeFileSync(scene.file('systemd-notify'), `#!/bin/sh\n${script}\n`);
    chmodSync(scene.file('systemd-notify'), 0o755);
    return { NOTIFY_SOCKET: '/run/systemd/notify', PATH: scene.folder, SECRET: 'not for others' };
  }
  const told = () => (existsSync(scene.file('told')) ? readFileSync(scene.file('told'), 'utf8') : '');
  const WRITE = () => `echo "$* $NOTIFY_SOCKET $SECRET" >>${scene.file('told')}`;

  it('serve tells that it is ready once it listens, and not what else it knows', async () => {
    const environment = environmentWith(WRITE());
    const serve = scene.start(['serve', '--listen', 'tcp://127.0.0.1:0'], { environment });
    await serve.line(/^listening on/);
    // Where it cannot listen, it is never ready.
    const { port } = await takenPort();
    const taken = scene.start(['serve', '--listen', `tcp://127.0.0.1:${port}`], { environment });
    expect(await taken.exit).to.equal(1);
    serve.stop();
    expect(await serve.exit).to.equal(0);
    expect(told()).to.equal('READY=1 /run/systemd/notify \n');
  });

  const takenPort = async () => {
    const { url } = await scene.listen(['serve'], 'tcp://127.0.0.1:0');
    return { port: Number(new URL(url).port) };
  };

  it('redirect tells it before the other end is there', async () => {
    const environment = environmentWith(WRITE());
    const { port } = await takenPort();
    const redirect = scene.start(['redirect', '--virtual', 'keyboard', '--connect', `tcp://127.0.0.1:${port}`], {
      environment,
    });
    await redirect.line(/^connected to/);
    expect(told()).to.equal('READY=1 /run/systemd/notify \n');
  });

  it('goes on where the service manager cannot be told, and says so', async () => {
    for (const [script, problem] of [
      ['exit 1', /was not told that this is ready: systemd-notify failed/],
      [undefined, /there is no systemd-notify/],
    ] as const) {
      const environment =
        script === undefined ? { NOTIFY_SOCKET: '/run/n', PATH: scene.file('nowhere') } : environmentWith(script);
      const serve = scene.start(['serve', '--listen', 'tcp://127.0.0.1:0'], { environment });
      await serve.line(problem);
      serve.stop();
      expect(await serve.exit).to.equal(0);
    }
  });

  it('tells nobody where no service manager waits', async () => {
    const { NOTIFY_SOCKET: _, ...environment } = environmentWith(WRITE());
    const { running } = await scene.listen(['serve'], 'tcp://127.0.0.1:0', { environment });
    running.stop();
    await running.exit;
    expect(told()).to.equal('');
  });

  describe('the units', () => {
    const names = readdirSync(UNITS).filter((name) => name.endsWith('.service'));
    const unit = (name: string) => readFileSync(new URL(name, UNITS), 'utf8');

    it('are one for each end', () => {
      expect(names).to.deep.equal(['urbdrc-redirect.service', 'urbdrc-serve.service']);
    });

    for (const name of names) {
      it(`${name} starts a command that there is, and waits until it is ready`, async () => {
        const [, line = ''] = /^ExecStart=\/usr\/bin\/urbdrc (.*)$/m.exec(unit(name)) ?? [];
        const args = line.split(' ').map((word) => (word.startsWith('/etc/') ? scene.file('urbdrc.toml') : word));
        writeFileSync(scene.file('urbdrc.toml'), 'quiet = true\n');
        expect(await withConfigFile(args, createProgram(PROCESS), () => {})).to.deep.equal([...args, '--quiet']);
        expect(unit(name))
          .to.match(/^Type=notify$/m)
          .and.to.match(/^NotifyAccess=all$/m);
      });

      it(`${name} is shut into a sandbox that Node and USB can live in`, () => {
        expect(unit(name))
          .to.match(/^CapabilityBoundingSet=$/m)
          .and.to.match(/^ProtectSystem=strict$/m);
        // V8 writes code; sockets of the network, of unix, and of the kernel's events.
        expect(unit(name)).not.to.match(/^MemoryDenyWriteExecute=yes/m);
        expect(unit(name)).to.match(/^RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK$/m);
        const isRedirect = name.includes('redirect');
        expect(/^DeviceAllow=char-usb_device rw$/m.test(unit(name))).to.equal(isRedirect);
        expect(/^ProtectKernelTunables=yes$/m.test(unit(name))).to.equal(isRedirect);
      });

      it(`${name} is in docs/running.md`, () => {
        const page = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8');
        expect(page).to.include(name);
      });
    }
  });
});
