import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { CuttingProxy } from '../transports/resume/cuttingProxy.ts';
import { complaints, Scene } from './connections.ts';

describe('urbdrc redirect --connect rdp://, a connection that is cut', () => {
  let scene: Scene;
  let proxy: CuttingProxy;

  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('password'), 'open sesame\n', { mode: 0o600 });
    writeFileSync(scene.file('client'), 'open sesame\n', { mode: 0o600 });
  });
  afterEach(async () => {
    proxy.close();
    await scene.end();
  });

  /** A server behind a line that can be cut, and a client with a keyboard that is connected. */
  async function connected(serving: readonly string[] = [], ...args: string[]) {
    const who = ['--user', 'ali', '--password-file', scene.file('password')];
    const { running: server, url } = await scene.listen(['serve', ...who, ...serving], 'rdp://127.0.0.1:0');
    proxy = await CuttingProxy.open({ port: Number(url.split(':').at(-1)) });
    const client = scene.start([
      ...['redirect', '--virtual', 'keyboard', '--connect', `rdp://ali@127.0.0.1:${proxy.port}`],
      ...['--password-file', scene.file('client'), '--known-hosts', scene.file('known'), ...args],
    ]);
    await client.line(/^connected to /);
    await server.line(/^device 1209:0002/);
    return { server, client };
  }

  it('comes back with the cookie of the server, which asks for no password then', async () => {
    const { server, client } = await connected();
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

  it('is over at once with --hold 0', async () => {
    const { client } = await connected([], '--hold', '0');
    proxy.cut();
    expect(await client.exit).to.equal(1);
    expect(proxy.count).to.equal(1);
  });

  it('is over when the server keeps no cookie and the password is another one by now', async () => {
    const { client } = await connected(['--hold', '0']);
    writeFileSync(scene.file('client'), 'open barley\n');
    proxy.cut();
    expect(await client.exit).to.equal(1);
    expect(complaints(client)).to.have.length(1);
  });
});
