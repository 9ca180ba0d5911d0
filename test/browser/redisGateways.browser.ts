import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { WebSocket } from 'ws';
import { frameOf, TransportEnd } from '../../src/conformance/transport/transportEnd.ts';
import { dialPage, type PageDialOptions } from '../../transports/webSocket/dialPage.ts';
import { complaints, Scene } from '../cli/connections.ts';
import { spawnProgram } from '../cli/program.ts';
import { SECRET, token } from '../gateway/signing.ts';
import { type Listening, startListening } from '../transports/listening.ts';

/** Resolves with the first line that matches; what comes later is read, too, and dropped. */
function lineOf(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (chunk: Buffer) => {
      text += chunk.toString();
      const match = pattern.exec(text);
      if (match !== null) resolve(match);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', () => reject(new Error(`ended without a line ${String(pattern)}: ${text}`)));
  });
}

const OPEN: Required<Pick<PageDialOptions, 'open'>> = {
  open: (address, names) => new WebSocket(address, [...names]),
};
/** Why a gateway lets somebody in no further. */
async function refusal(url: string, text: string): Promise<Error | undefined> {
  const page = new TransportEnd(await dialPage(`${url}?token=${text}`, { hold: 0, ...OPEN }));
  return page.untilClosed();
}
const fresh = (claims: Readonly<Record<string, unknown>> = {}) =>
  token({ exp: Math.floor(Date.now() / 1000) + 60, ...claims });

describe('gateways that share a Redis (redis-server of Debian)', () => {
  let scene: Scene;
  let redis: ChildProcess;
  let client: Redis;
  let server: Listening;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('secret'), SECRET, { mode: 0o600 });
    const options = ['--port', '0', '--unixsocket', scene.file('redis'), '--save', '', '--appendonly', 'no'];
    redis = spawn('redis-server', [...options, '--dir', scene.folder], { stdio: 'pipe' });
    await lineOf(redis, /ready to accept connections/i);
    client = new Redis(scene.file('redis'));
    server = await startListening('tcp://127.0.0.1:0', { hold: 25 });
  });
  afterEach(async () => {
    client.disconnect();
    for (const child of [...children.splice(0), redis]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    await server.listener.close();
    await scene.end();
  });

  const args = () => ['gateway', '--redis', `unix:${scene.file('redis')}`, '--target', `desk=${server.listener.url}`];
  const signed = () => ['--algorithm', 'HS256', '--secret-file', scene.file('secret')];

  it('one is killed: its page goes on at the other within the hold; a token counts once at both', async () => {
    const first = spawnProgram([...args(), ...signed(), '--listen', 'ws://127.0.0.1:0']);
    children.push(first);
    const [, firstUrl = ''] = await lineOf(first, /^listening on (\S+)$/m);
    const { url: otherUrl } = await scene.listen([...args(), ...signed()], 'ws://127.0.0.1:0');
    const used = await fresh();
    const next = [`${firstUrl}?token=${used}`, `${otherUrl}?token=${await fresh()}`];
    const open: PageDialOptions['open'] = (_url, names) => new WebSocket(next.shift() ?? otherUrl, [...names]);
    const page = new TransportEnd(await dialPage(firstUrl, { hold: 25, open }));
    const far = new TransportEnd(await server.accepted());
    const frames = Array.from({ length: 20 }, (_, index) => frameOf(8 + 3000 * index, index));
    // Both have agreed to hold the session when frames have gone to and fro.
    far.transport.send([[frames[0]!]]);
    await page.untilFrames(1);
    for (const frame of frames.slice(0, 10)) page.transport.send([[frame]]);
    await far.untilFrames(5);
    expect(await refusal(otherUrl, used)).to.include({
      code: 'WRONG_TOKEN',
    });
    first.kill('SIGKILL');
    for (const frame of frames.slice(10)) page.transport.send([[frame]]);
    await far.untilFrames(frames.length);
    expect(far.frames).to.deep.equal(frames);
    expect(next).to.deep.equal([]);
    await page.transport.close();
    expect(await far.untilClosed()).to.equal(undefined);
  });

  it('tokens that stand in Redis count once, and not for a user whose access was taken back', async () => {
    const one = await scene.listen(args(), 'ws://127.0.0.1:0');
    const other = await scene.listen(args(), 'ws://127.0.0.1:0');
    await client.set('urbdrc:token:abc', '{"user": "alice", "target": "desk"}', 'EX', 60);
    await client.set('urbdrc:token:def', '{"user": "bob", "target": "desk"}', 'EX', 60);
    await client.set('urbdrc:token:ghi', '{"user": "bob"}', 'EX', 60);
    await client.set('urbdrc:revoked:bob', '1', 'EX', 60);
    const page = await dialPage(`${one.url}?token=abc`, { hold: 0, ...OPEN });
    await server.accepted();
    for (const [text, problem] of [
      ['abc', /no such token, or it was used before/],
      ['def', /access of this user was taken back/],
      ['ghi', /is not \{"user"/],
      ['*', /not 1 to 256 letters/],
    ] as const) {
      const error = await refusal(other.url, text);
      expect(error).to.include({ code: 'WRONG_TOKEN' });
      expect(error?.message).to.match(problem);
    }
    await page.close();
  });

  it('who is connected when the access is taken back is ended, at each gateway', async () => {
    const pages: TransportEnd[] = [];
    while (pages.length < 2) {
      const { url } = await scene.listen([...args(), ...signed()], 'ws://127.0.0.1:0');
      pages.push(new TransportEnd(await dialPage(`${url}?token=${await fresh()}`, { hold: 0, ...OPEN })));
      await server.accepted();
    }
    await client.set('urbdrc:revoked:alice', '1', 'EX', 60);
    for (const page of pages)
      expect((await page.untilClosed())?.message).to.match(/access of this user was taken back/);
  });

  it('nobody is let in while Redis is away, which is told once; there is a line when it is not there at the start', async () => {
    const { running, url } = await scene.listen([...args(), ...signed()], 'ws://127.0.0.1:0');
    const health = async () => (await fetch(`${url.replace(/^ws:/, 'http:').replace(/\/$/, '')}/health`)).status;
    expect(await health()).to.equal(200);
    redis.kill('SIGKILL');
    await running.line(/Redis has closed the connection, no token is taken until it is back/);
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await refusal(url, await fresh());
      expect(error).to.include({ code: 'UPSTREAM_FAILED' });
    }
    expect(await health()).to.equal(503);
    const late = scene.start([...args(), ...signed(), '--listen', 'ws://127.0.0.1:0']);
    expect(await late.exit).to.equal(1);
    expect(complaints(late)[0]).to.match(/Redis does not let this gateway in at .*redis/);
    expect(running.stderr.lines.filter((line) => line.includes('Redis'))).to.have.length(1);
  });
});
