import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromHex } from '../../codecs/core/json.ts';
import { InterfaceId } from '../../codecs/urbdrc/header.ts';
import { describeStatistics, watchPeer } from '../../src/cli/peerOption.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { PEER_PROFILES } from '../../src/urbdrc/peers/profiles.ts';
import { dial } from '../../transports/dial.ts';
import { FakeClient } from '../engine/fakePeer.ts';
import { Scene } from './connections.ts';
import { run, type Running } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';

/** The bytes of a vector of ADD_DEVICE. */
function addDevice(name: string): Uint8Array {
  const path = new URL(`../../test-vectors/urbdrc/ADD_DEVICE/${name}.json`, import.meta.url);
  return fromHex((JSON.parse(readFileSync(path, 'utf8')) as { hex: string }).hex);
}

const said = ({ stderr }: Running) => stderr.lines.map((line) => line.replace(/tcp:\/\/127.0.0.1:\d+/, 'URL'));

describe('urbdrc serve and what its clients are', () => {
  let scene: Scene;
  beforeEach(async () => (scene = await Scene.begin()));
  afterEach(() => scene.end());

  /** Announces two devices with the bytes of `name`, and goes; what the server said from then on. */
  async function announce(name: string, ...args: string[]): Promise<string[]> {
    const { running: server, url } = await scene.listen(['serve', ...args], LOOPBACK);
    const client = new FakeClient(await dial(url, {}));
    const control = await client.open(1);
    for (const number of [1, 2]) {
      const messageId = name === 'freerdp-stick' ? 4 + number : 0;
      client.send(control, { name: 'ADD_VIRTUAL_CHANNEL', interfaceId: InterfaceId.DEVICE_SINK, messageId });
      client.send(await client.open(1 + number), addDevice(name));
    }
    await client.received('REGISTER_REQUEST_CALLBACK', 2);
    await client.stack.close();
    await server.line(/disconnected/);
    server.stop();
    await server.exit;
    const lines = said(server);
    return lines.slice(lines.indexOf('client URL connected') + 1);
  }

  for (const [name, line] of [
    ['freerdp-stick', 'client URL is FreeRDP: its deviations are allowed for'],
    ['like-ironrdp', 'client URL is IronRDP: its deviations are allowed for'],
    ['like-mstsc', 'client URL is mstsc'],
  ] as const) {
    it(`says it in one line, however many devices come: ${line}`, async () => {
      expect(await announce(name)).to.deep.equal([line, 'client URL disconnected', 'stopped']);
    });
  }

  it('says how to serve a client that leaves over the capability exchange', async () => {
    const { running: server, url } = await scene.listen(['serve'], LOOPBACK);
    const client = new FakeClient(await dial(url, {}));
    client.requestChannel(await client.open());
    await client.received('RIM_EXCHANGE_CAPABILITY_REQUEST', 2);
    await client.stack.close();
    await server.line(/disconnected/);
    server.stop();
    await server.exit;
    expect(said(server)).to.include(
      'client URL left over the capability exchange, as IronRDP before its pull request 1711 does: try --peer ironrdp-before-1711',
    );
  });

  it('says nothing of a client that is not known, nor when it was told', async () => {
    expect(await announce('without-ids')).to.deep.equal(['client URL disconnected', 'stopped']);
    expect(await announce('freerdp-stick', '--peer', 'strict')).to.deep.equal(['client URL disconnected', 'stopped']);
  });

  it('knows the names that there are', async () => {
    const { status, stderr } = await run(['serve', '--listen', LOOPBACK, '--peer', 'rdesktop']);
    expect(status).to.equal(2);
    expect(stderr).to.contain('Allowed choices are ironrdp, freerdp, freerdp-3.14-3.22, freerdp-2.x');
  });

  it('says with --verbose what version it turns out to be', () => {
    for (const verbose of [true, false]) {
      let text = '';
      const stream = { write: (line: string) => ((text += line), true) } as unknown as NodeJS.WriteStream;
      const { onPeerRecognised } = watchPeer({}, 'URL', new Terminal({ stdout: stream, stderr: stream }, { verbose }));
      for (const name of ['freerdp', 'freerdp-2.x']) {
        onPeerRecognised?.(PEER_PROFILES.find((profile) => profile.name === name)!);
      }
      const [first, ...rest] = text.split('\n').slice(0, -1);
      expect(first).to.equal('client URL is FreeRDP: its deviations are allowed for');
      expect(rest).to.deep.equal(verbose ? ['client URL is FreeRDP 2.x to 3.13: its deviations are allowed for'] : []);
    }
  });

  it('says at the end what went unanswered, or was answered too late', () => {
    const texts = [
      [0, 0],
      [1, 0],
      [0, 1],
      [12, 3],
    ].map(([unansweredRequests = 0, lateCompletions = 0]) =>
      describeStatistics({ unansweredRequests, lateCompletions }),
    );
    expect(texts).to.deep.equal([
      '',
      ' (1 request unanswered)',
      ' (1 answer too late)',
      ' (12 requests unanswered, 3 answers too late)',
    ]);
  });
});
