// urbdrc proxy between RDP clients and Debian's xrdp, which has a desktop and no USB redirection.
import { expect } from 'chai';
import { mkdir, writeFile } from 'node:fs/promises';
import { makeIdentity } from '../../dist/transports/certificates.js';
import * as lab from '../tests/support.js';
import { established, loginScreen, picture } from '../tests/xrdp.js';
import { Namespace } from './namespace.js';
import { Stage } from './stage.js';

const USER = 'ali';
const PASSWORD = 'open sesame';
const SERVER_PORT = 3389;
const PROXY_PORT = 3391;
const SLOW = 120_000;
/** @typedef {ReturnType<typeof lab.spawnProgram>} Program */

describe('urbdrc proxy between FreeRDP and xrdp', () => {
  /** @type {Stage} */
  let stage;
  /** @type {Namespace} */
  let namespace;
  /** @type {Program} */
  let server;
  /** @type {Program} */
  let proxy;

  before(async () => {
    stage = await Stage.open();
    namespace = await Namespace.open(stage, USER, PASSWORD);
    const { folder } = namespace;
    const { certificate, key } = await makeIdentity('127.0.0.1');
    await writeFile(`${folder}/test.crt`, certificate);
    await writeFile(`${folder}/test.key`, key);
    await namespace.writeSettings('xrdp.ini', 'xrdp.ini', {
      fork: 'false', // else a connection would outlive the server
      certificate: '/etc/xrdp/test.crt',
      key_file: '/etc/xrdp/test.key',
      LogFile: '/tmp/xrdp.log',
      EnableSyslog: 'false',
    });
    await mkdir(screenFolder());
    const where = ['-fbdir', '/etc/xrdp/screen', '-nolisten', 'tcp', '-displayfd', '1'];
    const screen = namespace.start('Xvfb', ':1', '-screen', '0', '1024x768x24', ...where);
    await screen.waitForLine(/^1$/, SLOW);
  });
  after(() => stage.end());

  beforeEach(async () => {
    server = await namespace.startServer(SERVER_PORT, 'xrdp', '--nodaemon', '--config', '/etc/xrdp/xrdp.ini');
    proxy = await startProxy();
  });
  afterEach(async () => {
    await proxy.stop('SIGKILL');
    await server.stop('SIGKILL');
  });

  async function startProxy() {
    const where = ['--listen', `rdp://127.0.0.1:${PROXY_PORT}`, '--to', `rdp://127.0.0.1:${SERVER_PORT}`, '--insecure'];
    const program = stage.urbdrcBy(namespace.network, 'proxy', ...where, '--control', 'off', '--allow', '*');
    await program.waitForLine(/^listening on/, SLOW);
    return program;
  }

  /** @param {number} port @param {string[]} args */
  const freerdp = (port, ...args) =>
    namespace.start(
      ...['env', 'HOME=/tmp', 'DISPLAY=:1', 'xfreerdp', `/v:127.0.0.1:${port}`, '/cert:ignore', `/u:${USER}`],
      ...args,
    );

  const screenFolder = () => `${namespace.folder}/screen`;

  it('shows the login screen of xrdp as it is without it, and offers USB redirection', async () => {
    const direct = freerdp(SERVER_PORT);
    const expected = await loginScreen(screenFolder(), SLOW);
    await direct.stop();
    const client = freerdp(PROXY_PORT);
    await lab.waitUntil(
      async () => (await picture(screenFolder())).equals(expected),
      SLOW,
      'the same picture comes through the proxy',
    );
    await proxy.waitForLine(/^client \S+ disconnected: the client refuses the channel URBDRC/, SLOW);
    // Without USB the desktop is still there.
    expect((await picture(screenFolder())).equals(expected)).to.equal(true);
    await client.stop();
  });

  it('takes the device of a client, beside the channels that xrdp has for it', async () => {
    const password = `${stage.folder}/password`;
    await writeFile(password, `${PASSWORD}\n`, { mode: 0o600 });
    const where = ['--connect', `rdp://${USER}@127.0.0.1:${PROXY_PORT}`, '--password-file', password, '--insecure'];
    const client = stage.urbdrcBy(namespace.network, 'redirect', '--virtual', 'keyboard', ...where);
    await proxy.waitForLine(/^device 1209:/, SLOW);
    await client.waitForLine(/Microsoft::Windows::RDS::DisplayControl/, SLOW);
    expect(await client.stop('SIGINT')).to.equal('0');
    await proxy.waitForLine(/^gone: 1209:/, SLOW);
  });

  for (const [who, victim] of /** @type {const} */ ([
    ['FreeRDP', 'client'],
    ['xrdp', 'server'],
    ['the proxy', 'proxy'],
  ])) {
    it(`${who} is killed: the others notice, and nothing is left`, async () => {
      const client = freerdp(PROXY_PORT);
      await loginScreen(screenFolder(), SLOW);
      await { client, server, proxy }[victim].stop('SIGKILL');
      if (victim !== 'client') await client.exit;
      if (victim === 'proxy') proxy = await startProxy();
      if (victim === 'server') {
        server = await namespace.startServer(SERVER_PORT, 'xrdp', '--nodaemon', '--config', '/etc/xrdp/xrdp.ini');
      }
      // No connection of the session is there any more, and the next session begins.
      const connection = established(SERVER_PORT, PROXY_PORT);
      await lab.waitUntil(
        async () => !connection.test((await namespace.run('cat', '/proc/net/tcp')).stdout),
        SLOW,
        'the connections are gone',
      );
      const next = freerdp(PROXY_PORT);
      await loginScreen(screenFolder(), SLOW);
      await next.stop();
    });
  }
});

describe("urbdrc proxy between FreeRDP and FreeRDP's shadow server, which wants network level authentication", () => {
  /** @type {Stage} */
  let stage;
  /** @type {Namespace} */
  let namespace;

  before(async () => {
    stage = await Stage.open();
    namespace = await Namespace.open(stage, USER, PASSWORD);
    await writeFile(`${stage.folder}/right`, `${PASSWORD}\n`, { mode: 0o600 });
    await writeFile(`${stage.folder}/wrong`, 'open barley\n', { mode: 0o600 });
    // The client's display is the one that the server shows.
    await namespace.prepareShadowServer(USER, PASSWORD);
    await namespace.startShadowServer(SERVER_PORT, '/tmp/server');
  });
  after(() => stage.end());

  /** The proxy that logs on there, and a client that comes to it. @param {'right' | 'wrong'} password */
  async function session(password) {
    const to = ['--to', `rdp://${USER}@127.0.0.1:${SERVER_PORT}`, '--to-password-file', `${stage.folder}/${password}`];
    const where = ['--listen', `rdp://127.0.0.1:${PROXY_PORT}`, '--control', 'off'];
    const proxy = stage.urbdrcBy(namespace.network, 'proxy', ...where, ...to);
    await proxy.waitForLine(/^listening on/, SLOW);
    const client = namespace.start(
      ...['env', 'HOME=/tmp', 'DISPLAY=:1', 'xfreerdp', `/v:127.0.0.1:${PROXY_PORT}`, '/cert:ignore', `/u:${USER}`],
    );
    return { proxy, client };
  }

  it('logs on there with the password of --to', async () => {
    const { proxy, client } = await session('right');
    await proxy.waitForLine(/ is new: its certificate, fingerprint \S+, is remembered/, SLOW);
    await proxy.waitForLine(/^client \S+ disconnected: the client refuses the channel URBDRC/, SLOW);
    expect(await proxy.stop('SIGINT')).to.equal('0');
    await client.exit;
  });

  it('tells in one line that the password is wrong, and the client has no connection', async () => {
    const { proxy, client } = await session('wrong');
    await proxy.waitForLine(/^refused \S+: rdp:\S+: wrong user name or password/, SLOW);
    await client.exit;
    expect(await proxy.stop('SIGINT')).to.equal('0');
  });
});
