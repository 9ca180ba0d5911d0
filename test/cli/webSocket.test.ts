import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { dial } from '../../transports/dial.ts';
import { failureOf } from '../transports/listening.ts';
import { complaints, Scene } from './connections.ts';

const SECTORS = 200;

describe('urbdrc redirect and serve with a WebSocket', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await Scene.begin();
  });
  afterEach(() => scene.end());

  it('a stick is read through wss://, with the command that the listener prints', async () => {
    const image = randomBytes(SECTORS * 512);
    writeFileSync(scene.file('stick.img'), image);
    writeFileSync(scene.file('token'), 'secret\n', { mode: 0o600 });
    const out = scene.file('out.img');
    const read = ['serve', '--read-sectors', String(SECTORS), '--out', out, '--token-file', scene.file('token')];
    const { running: server, url } = await scene.listen(
      [...read, '--state-dir', scene.folder, '--text-messages'],
      'wss://127.0.0.1:0/urbdrc',
    );
    expect(url).to.match(/^wss:\/\/127\.0\.0\.1:\d+\/urbdrc$/);
    const [, words = ''] = await server.line(/^the other end: urbdrc redirect --device VID:PID (.*)$/);
    const told = words.replace('FILE', scene.file('token')).split(' ');
    const client = scene.start(['redirect', '--virtual', `stick:${scene.file('stick.img')}`, ...told]);
    expect(await server.exit, server.stderr.text).to.equal(0);
    expect(await client.exit, client.stderr.text).to.equal(0);
    expect(readFileSync(out).equals(image)).to.equal(true);
    expect([...complaints(server), ...complaints(client)]).to.deep.equal([]);
  });

  it('pages are let in by --origin alone, which is for WebSockets', async () => {
    const { running, url } = await scene.listen(['serve', '--origin', 'https://site.example'], 'ws://127.0.0.1:0');
    const welcome = await dial(url, { webSocket: { origin: 'https://site.example' } });
    await welcome.close();
    await failureOf(dial(url, { webSocket: { origin: 'https://other.example' } }));
    await running.line(/was refused with HTTP 403 Forbidden: pages of https:\/\/other\.example may not connect/);
    const tcp = scene.start(['serve', '--listen', 'tcp://127.0.0.1:0', '--origin', 'https://site.example']);
    expect(await tcp.exit).to.equal(2);
    expect(complaints(tcp)[0]).to.include('are about WebSockets: use a ws:// or wss:// URL');
  });
});
