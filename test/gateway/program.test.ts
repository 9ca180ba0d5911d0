import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { dialPage } from '../../transports/webSocket/dialPage.ts';
import { failureOf } from '../transports/listening.ts';
import { complaints, Scene } from '../cli/connections.ts';
import { SECRET, token } from './signing.ts';
import { answerBytes, startXenHost } from './targets/xenHost.ts';

const SECTORS = 200;

describe('urbdrc gateway', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('secret'), SECRET, { mode: 0o600 });
  });
  afterEach(() => scene.end());
  const fresh = () => token({ exp: Math.floor(Date.now() / 1000) + 60 });

  it("serve reads the stick of a page that comes through it, and the gateway's file names both", async () => {
    const image = randomBytes(SECTORS * 512);
    const out = scene.file('out.img');
    const { running: server, url: target } = await scene.listen(
      ['serve', '--read-sectors', String(SECTORS), '--out', out],
      'tcp://127.0.0.1:0',
    );
    const config = scene.file('gateway.toml');
    const lines = ['algorithm = "HS256"', `secret-file = "${scene.file('secret')}"`, `target = ["desk=${target}"]`];
    writeFileSync(config, [...lines, 'user-connections = 1', 'origin = "https://site.example"'].join('\n'));
    const { running: gateway, url } = await scene.listen(['gateway', '--config', config], 'ws://127.0.0.1:0/usb');
    const transport = await dialPage(`${url}?token=${await fresh()}`, {
      hold: 0,
      open: (address, names) => new WebSocket(address, [...names], { origin: 'https://site.example' }),
    });
    const client = new RedirectionClient(transport);
    await client.attach(new MassStorageStick({ blocks: new MemoryBlocks(image) }));
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(readFileSync(out).equals(image)).to.equal(true);
    await client.close();
    const [line] = await gateway.line(/alice at desk.*/);
    expect(line).to.match(/alice at desk ended; \d+ s, \d{6} bytes from the page, \d+ to it$/);
    gateway.stop();
    expect(await gateway.exit).to.equal(0);
    expect(complaints(gateway)).to.deep.equal([]);
  });

  it('reaches a tls:// target whose certificate was pinned, and no other', async () => {
    const { running: server, url: target } = await scene.listen(
      ['serve', '--token', 'of-serve', '--state-dir', scene.folder],
      'tls://127.0.0.1:0',
    );
    const [, fingerprint = ''] = await server.line(/^certificate fingerprint \(SHA-256\): (\S+)$/);
    const other = fingerprint.replaceAll(/[0-9]/g, 'A');
    const names = ['good', 'other', 'unknown'];
    const { running: gateway, url } = await scene.listen(
      [
        ...['gateway', '--algorithm', 'HS256', '--secret-file', scene.file('secret')],
        ...names.map((name) => `--target=${name}=${target}`),
        ...['--pin', `good=${fingerprint}`, '--pin', `other=${other}`],
      ],
      'ws://127.0.0.1:0',
    );
    const open = (address: string, subProtocols: readonly string[]) => new WebSocket(address, [...subProtocols]);
    const exp = Math.floor(Date.now() / 1000) + 60;
    const reach = async (tgt: string) =>
      dialPage(`${url}?token=${await token({ tgt, exp })}`, { hold: 0, token: 'of-serve', open });
    await (await reach('good')).close();
    for (const name of ['other', 'unknown']) {
      expect(await failureOf(reach(name))).to.include({ code: 'UPSTREAM_FAILED' });
      await gateway.line(new RegExp(`target ${name} cannot be reached \\(.*certificate`));
    }
  });

  it('reaches a console of a Xen host with the session that a file has at the time', async () => {
    const host = await startXenHost([answerBytes('early-bytes')]);
    const session = scene.file('session');
    writeFileSync(session, 'OpaqueRef:first\n', { mode: 0o600 });
    const { running, url } = await scene.listen(
      [
        ...['gateway', '--algorithm', 'HS256', '--secret-file', scene.file('secret')],
        ...['--target', `desk=${host.url}`, '--pin', `desk=${host.fingerprint}`, '--session', `desk=${session}`],
      ],
      'ws://127.0.0.1:0',
    );
    const page = new WebSocket(`${url}?token=${await fresh()}`, 'binary');
    const [first] = (await once(page, 'message')) as [Buffer];
    expect(first.toString()).to.equal('RFB 003.003\n');
    expect(host.request).to.include('session_id=OpaqueRef:first\r\n');
    page.close();
    writeFileSync(session, 'OpaqueRef:second\n');
    host.answer = [answerBytes('limit')];
    const [code] = (await once(new WebSocket(`${url}?token=${await fresh()}`, 'binary'), 'close')) as [number];
    expect(code).to.equal(4503);
    expect(host.request).to.include('session_id=OpaqueRef:second\r\n');
    await running.line(/desk failed: target desk is in use by somebody else.*HTTP 503 .*alice, bob are connected/);
    expect(running.stderr.text).to.not.include('OpaqueRef');
    host.close();
  });

  it('tells the log where a target is that cannot be reached', async () => {
    const args = ['--algorithm', 'HS256', '--secret-file', scene.file('secret')];
    const target = `desk=unix:${scene.file('nobody.sock')}`;
    const { running, url } = await scene.listen(['gateway', ...args, '--target', target], 'ws://127.0.0.1:0');
    new WebSocket(`${url}?token=${await fresh()}`, 'binary');
    await running.line(/desk failed: target desk cannot be reached \(there is no socket at unix:.*nobody\.sock/);
  });

  it('refuses what cannot be meant', async () => {
    const key = ['--algorithm', 'HS256', '--secret-file', scene.file('secret')];
    const listen = ['gateway', '--listen', 'ws://127.0.0.1:0'];
    const target = ['--target', 'a=tcp://127.0.0.1:1'];
    const cases: [string[], RegExp][] = [
      [['gateway', '--listen', 'ws://0.0.0.0:0', ...key, ...target], /use wss:\/\/ instead of ws:\/\/, or listen/],
      [['gateway', '--listen', 'tcp://127.0.0.1:0', ...key, ...target], /is not for pages/],
      [[...listen, ...key, ...target, ...target], /two of this name/],
      [[...listen, ...key, '--target', 'a=ws://127.0.0.1:1'], /use tcp:\/\/, tls:\/\/, unix: or vnc:\/\//],
      [[...listen, ...key, '--target', 'tcp://127.0.0.1:1'], /write --target NAME=URL/],
      [[...listen, ...key, ...target, '--pin', 'a=00'], /no tls:\/\/ or https:\/\/ target of this name/],
      [[...listen, ...key, ...target, '--session', `a=${scene.file('secret')}`], /no https:\/\/ target of this name/],
      [
        [...listen, ...key, '--target', 'a=https://xen.example/console?uuid=1'],
        /needs a session of the host: --session/,
      ],
      [
        [...listen, ...key, '--target', 'a=https://xen.example/', '--session', `a=${scene.file('secret')}`],
        /is no console: use the location that the host tells/,
      ],
      [[...listen, ...target, '--algorithm', 'HS256'], /give the key for tokens/],
      [[...listen, ...target, ...key, '--algorithm', 'RS256'], /RS256 does not go with a shared secret/],
      [[...listen, ...target, ...key, '--drain', '-1'], /not a whole number from 0 to 3600/],
    ];
    for (const [args, message] of cases) {
      const running = scene.start(args);
      expect(await running.exit, args.join(' ')).to.equal(2);
      expect(complaints(running)[0]).to.match(message);
    }
  });
});
