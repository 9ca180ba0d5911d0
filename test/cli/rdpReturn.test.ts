import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { CuttingProxy } from '../transports/resume/cuttingProxy.ts';
import { complaints, Scene } from './connections.ts';
import { run } from './program.ts';

describe('urbdrc redirect --connect rdp://, a connection that is cut', () => {
  let scene: Scene;
  let proxy: CuttingProxy | undefined;

  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('password'), 'open sesame\n', { mode: 0o600 });
    writeFileSync(scene.file('client'), 'open sesame\n', { mode: 0o600 });
  });
  afterEach(async () => {
    proxy?.close();
    proxy = undefined;
    await scene.end();
  });

  /** A server behind a line that can be cut, and a client with a keyboard that is connected. */
  async function connected(serving: readonly string[] = [], ...args: string[]) {
    return begin('keyboard', '1209:0002', serving, args);
  }

  async function begin(virtual: string, ids: string, serving: readonly string[], args: readonly string[] = []) {
    const who = ['--user', 'ali', '--password-file', scene.file('password')];
    const { running: server, url } = await scene.listen(['serve', ...who, ...serving], 'rdp://127.0.0.1:0');
    proxy = await CuttingProxy.open({ port: Number(url.split(':').at(-1)) });
    const client = scene.start([
      ...['redirect', '--virtual', virtual, '--connect', `rdp://ali@127.0.0.1:${proxy.port}`],
      ...['--password-file', scene.file('client'), '--known-hosts', scene.file('known'), ...args],
    ]);
    await client.line(/^connected to /);
    await server.line(new RegExp(`^device ${ids}`));
    return { server, client, proxy };
  }

  it('comes back with the cookie of the server, which asks for no password then', async () => {
    const { server, client, proxy } = await connected();
    writeFileSync(scene.file('client'), 'open barley\n');
    for (let round = 0; round < 2; round += 1) {
      proxy.cut();
      await client.line(/^rdp:.*; it is dialled again for \d+ s$/);
      await client.line(/^connected to /);
      await server.line(/^device 1209:0002/);
    }
    expect(proxy.count).to.equal(3);
    client.stop();
    expect(await client.exit, client.stderr.text).to.equal(0);
    expect(complaints(client)).to.deep.equal([]);
    expect(server.stderr.text).to.not.include('refused');
  });

  it('finds its devices in their places with --rejoin: they were not unplugged', async () => {
    const { server, client, proxy } = await connected(['--rejoin', '20']);
    for (let round = 0; round < 2; round += 1) {
      proxy.cut();
      await server.line(/^client rdp:.*: the connection is cut, 1 device waits 20 s for the client$/);
      await server.line(/^client rdp:.*: 1209:0002 is back in its place$/);
    }
    client.stop();
    expect(await client.exit, client.stderr.text).to.equal(0);
    await server.line(/^gone: 1209:0002/);
    expect(server.stderr.text.match(/^gone: /gm)).to.have.length(1);
    expect(server.stderr.text.match(/^device /gm)).to.have.length(1);
  });

  it('finds a stick in its place as long as its medium is the same, else that is unplugged and plugged in', async () => {
    const image = scene.file('stick.img');
    writeFileSync(image, new Uint8Array(64 * 512));
    const { server, client, proxy } = await begin(`stick:${image}`, '1209:0001', ['--rejoin', '20']);
    proxy.cut();
    await server.line(/^client rdp:.*: 1209:0001 is back in its place$/);
    writeFileSync(image, new Uint8Array(64 * 512).fill(1));
    proxy.cut();
    const [line] = await server.line(/1209:0001 has not got its place back: .*/);
    expect(line).to.match(/: sector 0 of its medium has changed$/);
    await server.line(/^device 1209:0001/);
    expect(server.stderr.text.match(/^gone: /gm)).to.have.length(1);
    client.stop();
    expect(await client.exit, client.stderr.text).to.equal(0);
  });

  it('cannot be waited for longer than its cookie is good', async () => {
    const { status, stderr } = await run(['serve', '--listen', 'rdp://127.0.0.1:0', '--hold', '5', '--rejoin', '6']);
    expect(status).to.equal(2);
    expect(stderr).to.match(/--rejoin 6 is longer than a client may be away: give --hold 6 or more/);
  });

  it('is over at once with --hold 0', async () => {
    const { client, proxy } = await connected([], '--hold', '0');
    proxy.cut();
    expect(await client.exit).to.equal(1);
    expect(proxy.count).to.equal(1);
  });

  it('is over when the server keeps no cookie and the password is another one by now', async () => {
    const { client, proxy } = await connected(['--hold', '0']);
    writeFileSync(scene.file('client'), 'open barley\n');
    proxy.cut();
    expect(await client.exit).to.equal(1);
    expect(complaints(client)).to.have.length(1);
  });
});
