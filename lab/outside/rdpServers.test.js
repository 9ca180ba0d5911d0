// urbdrc redirect --connect rdp:// at RDP servers that are not ours, by Debian's packages. None of them has USB redirection.
import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { makeIdentity } from '../../dist/transports/certificates.js';
import * as lab from '../tests/support.js';
import { Namespace } from './namespace.js';
import { Stage } from './stage.js';

const USER = 'ali';
const PASSWORD = 'open sesame';
/** A program starts in a second here, or in many where the machine has other work; the client waits a minute for USB. */
const SLOW = 120_000;
const RFB_SERVER = fileURLToPath(new URL('rfbServer.js', import.meta.url));

/** @typedef {ReturnType<typeof lab.spawnProgram>} Program */

/** A stage with a namespace and files for the client. */
async function openStage() {
  const stage = await Stage.open();
  const namespace = await Namespace.open(stage, USER, PASSWORD);
  await writeFile(`${stage.folder}/right`, `${PASSWORD}\n`, { mode: 0o600 });
  await writeFile(`${stage.folder}/wrong`, 'open barley\n', { mode: 0o600 });
  /**
   * @param {number} port
   * @param {'right' | 'wrong'} password
   * @param {string[]} args
   */
  const redirect = (port, password, ...args) => {
    const where = ['--connect', `rdp://${USER}@127.0.0.1:${port}`, '--password-file', `${stage.folder}/${password}`];
    return stage.urbdrcBy(namespace.network, 'redirect', '--virtual', 'keyboard', ...where, ...args);
  };
  return { stage, namespace, redirect };
}

/** Lines by which a program says why it ended. @param {Program} program */
const complaints = ({ lines }) => lines.filter((line) => line.startsWith('urbdrc: '));

/** The program has ended with one line, and status 1. @param {Program} program */
async function expectOneLine(program) {
  expect(await program.exit, program.lines.join('\n')).to.equal('1');
  expect(complaints(program)).to.have.length(1);
  return complaints(program)[0];
}

describe('xrdp, with TLS', () => {
  const PORT = 3389;
  /** Shows the VNC server. */
  const VNC_PORT = 3390;
  /** @type {Awaited<ReturnType<typeof openStage>>} */
  let scene;

  before(async () => {
    scene = await openStage();
    const { namespace } = scene;
    const { folder } = namespace;
    await newCertificate();
    const settings = {
      fork: 'false', // else a connection would outlive the server
      certificate: '/etc/xrdp/test.crt',
      key_file: '/etc/xrdp/test.key',
      LogFile: '/tmp/xrdp.log',
      EnableSyslog: 'false',
    };
    await namespace.writeSettings('xrdp.ini', 'xrdp.ini', settings);
    const vnc = '[console]\nname=console\nlib=libvnc.so\nip=127.0.0.1\nport=5900\nusername=na\npassword=\n';
    await namespace.writeSettings('xrdp.ini', 'vnc.ini', { ...settings, port: `${VNC_PORT}`, autorun: 'console' }, vnc);
    await namespace.writeSettings('sesman.ini', 'sesman.ini', {
      LogFile: '/tmp/sesman.log',
      EnableSyslog: 'false',
      EnableUserWindowManager: 'false',
      DefaultWindowManager: '/etc/xrdp/shell',
      ReconnectScript: '/etc/xrdp/return',
    });
    const shell = '#!/bin/sh\nexec bash -l -c "id -un >~/began; exec sleep infinity"\n';
    await writeFile(`${folder}/shell`, shell, { mode: 0o755 });
    await writeFile(`${folder}/return`, '#!/bin/sh\nid -un >~/returned\n', { mode: 0o755 });
    await namespace.startServer(3350, 'xrdp-sesman', '--nodaemon');
  });
  after(() => scene.stage.end());

  async function newCertificate() {
    const { folder } = scene.namespace;
    const { certificate, key } = await makeIdentity('127.0.0.1');
    await writeFile(`${folder}/test.crt`, certificate);
    await writeFile(`${folder}/test.key`, key);
  }

  const startServer = (port = PORT, settings = 'xrdp.ini') =>
    scene.namespace.startServer(port, 'xrdp', '--nodaemon', '--config', `/etc/xrdp/${settings}`);

  /** Who wrote a file in the user's home; waits for it. @param {string} name */
  const writer = (name) =>
    lab.waitUntil(
      () =>
        scene.namespace.run('cat', `/tmp/home/${name}`).then(
          ({ stdout }) => stdout.trim(),
          () => '',
        ),
      SLOW,
      `the session writes ${name}`,
    );

  it('logs on, and the session begins; the wrong password begins none; both are told in a line', async () => {
    const server = await startServer();
    const wrong = scene.redirect(PORT, 'wrong', '--known-hosts', `${scene.stage.folder}/other`);
    await wrong.waitForLine(/ is new: its certificate, fingerprint \S+, is remembered/, SLOW);
    await lab.waitUntil(
      async () => (await scene.namespace.run('cat', '/tmp/sesman.log')).stdout.includes(`AUTHFAIL: user=${USER}`),
      SLOW,
      'the session manager refuses the password',
    );
    expect((await scene.namespace.run('ls', '/tmp/home')).stdout).to.equal('');
    const right = scene.redirect(PORT, 'right');
    expect(await writer('began')).to.equal(USER);
    for (const client of [wrong, right]) {
      expect(await expectOneLine(client)).to.match(
        /opened channels \(Microsoft::Windows::RDS::DisplayControl\) within 60 s, and none for USB: .* the password is wrong/,
      );
    }
    await server.stop();
  });

  it('is killed: with --reconnect the client comes back to its session, and refuses another certificate than before', async () => {
    const first = await startServer();
    const client = scene.redirect(PORT, 'right', '--reconnect');
    expect(await writer('returned')).to.equal(USER);
    await scene.namespace.run('rm', '/tmp/home/returned');
    await first.stop('SIGKILL');
    await client.waitForLine(/it is tried again until it works/, SLOW);
    const second = await startServer();
    expect(await writer('returned')).to.equal(USER);
    expect(await client.stop('SIGINT')).to.equal('0');
    await second.stop('SIGKILL');

    await newCertificate();
    const third = await startServer();
    expect(await expectOneLine(scene.redirect(PORT, 'right'))).to.match(
      /127\.0\.0\.1:3389 presented another certificate than before, fingerprint \S+: .* remove line 1 of /,
    );
    await third.stop();
  });

  it('activates the connection again whenever the VNC server that it shows becomes larger ([MS-RDPBCGR] 1.3.1.3)', async () => {
    const server = await startServer(VNC_PORT, 'vnc.ini');
    const screen = lab.spawnProgram('nsenter', [...scene.namespace.network.slice(1), process.execPath, RFB_SERVER]);
    try {
      await screen.waitForLine(/^listening$/);
      const client = scene.redirect(VNC_PORT, 'right', '--insecure');
      await client.waitForLine(/urbdrc:channel client: \{ type: 'ready', version: 2 \}/, SLOW);
      // To the size of the screen, which is not the client's.
      await client.waitForLine(/activated again/, SLOW);
      for (let round = 0; round < 2; round += 1) {
        process.kill(screen.pid ?? 0, 'SIGUSR2');
        await client.waitForLine(/activated again/, SLOW);
      }
      expect(await client.stop('SIGINT')).to.equal('0');
    } finally {
      await screen.stop('SIGKILL');
    }
    await server.stop();
  });
});

describe("FreeRDP's shadow server, with network level authentication", () => {
  const PORT = 3389;
  const READY = /urbdrc:channel client: \{ type: 'ready', version: 1 \}/;
  /** @type {Awaited<ReturnType<typeof openStage>>} */
  let scene;
  /** @type {Program} */
  let server;

  before(async () => {
    scene = await openStage();
    const { namespace } = scene;
    await namespace.prepareShadowServer(USER, PASSWORD);
    server = await start('/tmp/first');
  });
  after(() => scene.stage.end());

  /** @param {string} home where it makes its certificate */
  function start(home) {
    return scene.namespace.startShadowServer(PORT, home);
  }

  it('lets in who has the password; its end is told in one line', async () => {
    const client = scene.redirect(PORT, 'right');
    await client.waitForLine(READY, SLOW);
    expect(await client.stop('SIGINT')).to.equal('0');
    expect(complaints(client)).to.deep.equal([]);

    const other = scene.redirect(PORT, 'right');
    await other.waitForLine(READY, SLOW);
    await server.stop('SIGKILL');
    await other.exit;
    expect(other.lines.filter((line) => !line.includes('urbdrc:channel'))).to.have.length(1);
    server = await start('/tmp/first');
  });

  it('refuses the wrong password, in one line', async () => {
    expect(await expectOneLine(scene.redirect(PORT, 'wrong'))).to.equal(
      `urbdrc: rdp://127.0.0.1:${PORT}: wrong user name or password (the server just closed)`,
    );
  });

  it('has another certificate than before: it gets no password', async () => {
    await server.stop('SIGKILL');
    server = await start('/tmp/second');
    expect(await expectOneLine(scene.redirect(PORT, 'right'))).to.match(/presented another certificate than before/);
  });
});
