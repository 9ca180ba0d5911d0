import { expect } from 'chai';
import { Scene } from './connections.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';

describe('urbdrc serve --share', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });
  afterEach(() => scene.end());

  async function begin(...options: string[]) {
    const server = scene.start(['serve', '--listen', LOOPBACK, ...options]);
    const [, url = ''] = await server.line(/^listening on (\S+)$/);
    return { server, connect: ['redirect', '--virtual', 'fx2', '--connect', url] };
  }

  it('lets one who wants to be alone end the others, and tells them by whom', async () => {
    const { server, connect } = await begin();
    const first = scene.start(connect);
    await server.line(/^device /);
    scene.start([...connect, '--exclusive']);
    await server.line(/^session 1 of 127\.0\.0\.1 ends: taken over by 127\.0\.0\.1$/);
    expect(await first.exit).to.equal(1);
    expect(first.stderr.text).to.match(/ended the session: taken over by 127\.0\.0\.1$/m);
    await server.line(/^device /);
  });

  it('refuses who comes while somebody is alone, and tells who it is', async () => {
    const { server, connect } = await begin();
    scene.start([...connect, '--exclusive']);
    await server.line(/^device /);
    const second = scene.start(connect);
    expect(await second.exit).to.equal(1);
    expect(second.stderr.text).to.match(/does not let this end in: held by 127\.0\.0\.1 for \d+ s$/m);
  });

  it('force-shared refuses who wants to be alone', async () => {
    const { connect } = await begin('--share', 'force-shared');
    const client = scene.start([...connect, '--exclusive']);
    expect(await client.exit).to.equal(1);
    expect(client.stderr.text).to.match(/this server is shared: connect without asking for it alone$/m);
  });

  it('ignore lets all in', async () => {
    const { server, connect } = await begin('--share', 'ignore');
    scene.start([...connect, '--exclusive']);
    await server.line(/^device /);
    scene.start([...connect, '--exclusive']);
    await server.line(/^device /);
    expect(server.stderr.text).to.not.match(/ends|not let in/);
  });
});
