import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Listener } from '../../transports/listen.ts';
import { listenRdp } from '../../transports/rdp/listenRdp.ts';
import { complaints, Scene } from './connections.ts';

describe('urbdrc proxy', () => {
  let scene: Scene;
  let server: Listener | undefined;

  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('password'), 'open sesame\n', { mode: 0o600 });
  });
  afterEach(async () => {
    await scene.end();
    await server?.close();
  });

  const proxy = (to: string, ...args: string[]) => ['proxy', '--to', to, '--control', 'off', ...args];

  /** A server with a desktop and no USB. */
  async function openServer(users: string[]) {
    const authenticate = ({ userName }: { readonly userName: string }) => {
      users.push(userName);
      return true;
    };
    server = await listenRdp('rdp://127.0.0.1:0', { authenticate }, (transport) => {
      transport.start({ received: () => {}, drained: () => {}, closed: () => {} });
    });
    return server.url;
  }

  it('takes the devices of a client that has the desktop of the server, which gets the name, too', async () => {
    const users: string[] = [];
    const who = ['--user', 'ali', '--password-file', scene.file('password')];
    const { running, url } = await scene.listen(
      proxy(await openServer(users), '--insecure', ...who),
      'rdp://127.0.0.1:0',
    );
    const login = ['--connect', url.replace('//', '//ali@'), '--password-file', scene.file('password'), '--insecure'];
    const client = scene.start(['redirect', '--virtual', 'keyboard', ...login]);
    await running.line(/^device 1209:/);
    expect(users).to.deep.equal(['ali']);
    client.stop();
    await running.line(/^gone: 1209:/);
    expect(complaints(running)).to.deep.equal([]);
  });

  it('with --nla the password is proven before RDP begins, and a wrong one is told at both ends', async () => {
    const users: string[] = [];
    const who = ['--user', 'ali', '--password-file', scene.file('password'), '--nla'];
    const { running, url } = await scene.listen(
      proxy(await openServer(users), '--insecure', ...who),
      'rdp://127.0.0.1:0',
    );
    writeFileSync(scene.file('wrong'), 'open barley\n', { mode: 0o600 });
    const redirect = (password: string) =>
      scene.start([
        ...['redirect', '--virtual', 'keyboard', '--connect', url.replace('//', '//Ali@'), '--insecure'],
        ...['--password-file', scene.file(password)],
      ]);
    const refused = redirect('wrong');
    expect(await refused.exit).to.equal(1);
    expect(complaints(refused)[0]).to.match(/: wrong user name or password$/);
    await running.line(/^refused \S+: wrong user name or password$/);
    expect(users).to.deep.equal([]);
    const client = redirect('password');
    await running.line(/^device 1209:/);
    client.stop();
    await running.line(/^gone: 1209:/);
  });

  it('remembers the certificate of the server, and tells in one line that it cannot be reached', async () => {
    const to = await openServer([]);
    const { running, url } = await scene.listen(proxy(to, '--known-hosts', scene.file('known')), 'rdp://127.0.0.1:0');
    const redirect = () => scene.start(['redirect', '--virtual', 'keyboard', '--connect', url, '--insecure']);
    const client = redirect();
    await running.line(/ is new: its certificate, fingerprint \S+, is remembered in /);
    await running.line(/^device 1209:/);
    client.stop();
    await client.exit;
    await server?.close();
    redirect();
    await running.line(/^refused \S+: connection refused by rdp:/);
  });

  for (const [what, args, problem] of [
    [
      'for another place to listen',
      ['--listen', 'tcp://127.0.0.1:0', '--to', 'rdp://127.0.0.1:1'],
      /--listen tcp:.*: a proxy is for RDP alone/,
    ],
    [
      'for another server',
      ['--listen', 'rdp://127.0.0.1:0', '--to', 'tls://127.0.0.1:1'],
      /--to tls:.*: a proxy is for RDP alone/,
    ],
    [
      'for network level authentication without a password',
      ['--listen', 'rdp://127.0.0.1:0', '--to', 'rdp://127.0.0.1:1', '--nla'],
      /--nla is for listeners that ask for a password: give --user and --password-file/,
    ],
    [
      'for a user without a password',
      ['--listen', 'rdp://127.0.0.1:0', '--to', 'rdp://ali@127.0.0.1:1'],
      /give --to-password-file FILE/,
    ],
  ] as const) {
    it(`ends at once ${what}`, async () => {
      const running = scene.start(['proxy', ...args, '--control', 'off']);
      expect(await running.exit).to.equal(2);
      expect(complaints(running).join('\n')).to.match(problem);
    });
  }
});
