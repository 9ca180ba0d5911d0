import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { CuttingProxy } from '../transports/resume/cuttingProxy.ts';
import { Scene } from './connections.ts';
import { type Running, run } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const METRICS = ['--metrics', '127.0.0.1:0'];

describe('--metrics', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });

  afterEach(() => scene.end());

  const urlOf = async (running: Running) => (await running.line(/^metrics for Prometheus: (\S+)$/))[1] ?? '';
  const read = async (url: string) => (await fetch(url)).text();

  async function server(...args: string[]) {
    const running = scene.start(['serve', '--listen', LOOPBACK, ...METRICS, ...args]);
    const url = await urlOf(running);
    const [, endpoint = ''] = await running.line(/^listening on (\S+)$/);
    return { running, url, endpoint };
  }

  it('shows at both ends what is connected and what it did', async () => {
    const { running, url, endpoint } = await server();
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', endpoint, ...METRICS]);
    const clientUrl = await urlOf(client);
    await running.line(/^device 1209:0002/);
    const [atServer, atClient] = [await read(url), await read(clientUrl)];
    for (const text of [atServer, atClient]) {
      expect(text).to.match(/^urbdrc_connections 1$/m);
      expect(text).to.match(/^urbdrc_devices\{class="hid"\} 1$/m);
      expect(text).to.match(/^urbdrc_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
    }
    expect(atClient).to.match(/^urbdrc_urbs_total\{class="hid",transfer="control",result="completed"\} [1-9]/m);
    client.stop();
    expect(await client.exit).to.equal(0);
    await running.line(/disconnected/);
    expect(await read(url)).to.match(/^urbdrc_connections 0$/m);
    expect(
      await fetch(clientUrl).then(
        () => 'answered',
        () => 'over',
      ),
    ).to.equal('over');
  });

  it('counts at both ends a connection that is cut, and one that goes on', async () => {
    const { running, url, endpoint } = await server();
    const proxy = await CuttingProxy.open({ port: Number(endpoint.slice(endpoint.lastIndexOf(':') + 1)) });
    const through = `tcp://127.0.0.1:${proxy.port}`;
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', through, ...METRICS]);
    const clientUrl = await urlOf(client);
    await running.line(/^device 1209:0002/);
    for (const each of [url, clientUrl]) {
      const text = await read(each);
      expect(text).to.match(/^urbdrc_interruptions_total 0$/m);
      expect(text).to.match(/^urbdrc_resumes_total 0$/m);
    }
    proxy.cut();
    await Promise.all([running, client].map((each) => each.line(/the connection goes on, nothing was lost$/)));
    for (const each of [url, clientUrl]) {
      const text = await read(each);
      expect(text).to.match(/^urbdrc_interruptions_total 1$/m);
      expect(text).to.match(/^urbdrc_resumes_total 1$/m);
      expect(text).to.match(/^urbdrc_connections_total 1$/m);
    }
    client.stop();
    await client.exit;
    proxy.close();
  });

  it('counts each peer that was refused, also those whose lines are held back', async () => {
    const { url, endpoint } = await server('--token', 'right');
    const wrong = () => run(['redirect', '--virtual', 'keyboard', '--connect', endpoint, '--token', 'wrong']);
    await wrong();
    await wrong();
    expect(await read(url)).to.match(/^urbdrc_refusals_total\{what="peer"\} 2$/m);
  });

  it('listens on this machine alone', async () => {
    for (const at of ['0.0.0.0:9464', '[::]:9464', 'metrics.example:9464']) {
      const { status, stderr } = await run(['serve', '--listen', LOOPBACK, '--metrics', at]);
      expect({ at, status }).to.deep.equal({ at, status: 2 });
      expect(stderr).to.match(/^urbdrc: --metrics .*: other machines could read it: use 127\.0\.0\.1:PORT/);
    }
  });

  it('tells that its port is taken', async () => {
    const { url } = await server();
    const { status, stderr } = await run(['serve', '--listen', LOOPBACK, '--metrics', new URL(url).host]);
    expect(status).to.equal(1);
    expect(stderr).to.match(/--metrics 127\.0\.0\.1:\d+/);
  });

  it('has one page, to read', async () => {
    const { url } = await server();
    expect((await fetch(new URL('/', url))).status).to.equal(404);
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).to.equal(405);
    expect((await fetch(url, { method: 'HEAD' })).status).to.equal(200);
    expect((await fetch(url)).headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
  });

  it('survives bytes that are no HTTP, and headers without end', async () => {
    const { url } = await server();
    const port = Number(new URL(url).port);
    for (const bytes of [
      '\0\xff\x16\x03\x01garbage\r\n\r\n',
      `GET /metrics HTTP/1.1\r\nx: ${'a'.repeat(8192)}\r\n\r\n`,
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.resume().on('error', () => {});
      socket.write(bytes, 'latin1');
      await once(socket, 'close');
    }
    expect(await read(url)).to.match(/^urbdrc_connections 0$/m);
  });
});
