import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { events, Scene, untilEvent } from './connections.ts';

describe('urbdrc serve --json and redirect --json', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });

  afterEach(async () => {
    await scene.end();
  });

  it('tell of a keyboard that comes and goes, a line each, and print nothing else', async () => {
    const server = scene.start(['serve', '--listen', 'tcp://127.0.0.1:0', '--json']);
    const { url } = await untilEvent(server, 'listening');
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', String(url), '--json']);
    const device = { device: '1209:0002', port: null };
    expect(await untilEvent(server, 'available')).to.include(device);
    expect(await untilEvent(client, 'redirecting')).to.include({ device: '1209:0002' });
    client.stop();
    expect(await client.exit).to.equal(0);
    await untilEvent(server, 'disconnected');
    server.stop();
    expect(await server.exit).to.equal(0);
    expect(events(client).map(({ event }) => event)).to.deep.equal([
      'connected',
      'redirecting',
      'redirected',
      'stopped',
    ]);
    expect(events(client)[2]).to.include({ reason: 'released', failures: 0 });
    const told = events(server).map(({ event }) => event);
    expect(told).to.include.members(['listening', 'connected', 'available', 'unplugged', 'disconnected', 'stopped']);
    expect(events(server).find(({ event }) => event === 'disconnected')).to.include({
      error: null,
      commands: 0,
      overlapped: 0,
    });
    for (const each of [...events(server), ...events(client)]) {
      expect(each['time']).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(each['text']).to.be.a('string');
    }
    expect(server.stderr.text + client.stderr.text).to.equal('');
  });

  it('an error that ends the program stays one line on standard error', async () => {
    const client = scene.start(['redirect', '--virtual', 'keyboard', '--connect', 'unix:/nowhere/at/all', '--json']);
    expect(await client.exit).to.equal(1);
    expect(client.stdout.text).to.equal('');
    expect(client.stderr.lines).to.have.length(1);
  });

  it('docs/events.md tells of each event that there is', () => {
    const source = readFileSync(new URL('../../src/cli/programEvent.ts', import.meta.url), 'utf8');
    const names = [...source.matchAll(/readonly event: ((?:'\w+'(?: \| )?)+)/g)].flatMap(([, union = '']) =>
      [...union.matchAll(/'(\w+)'/g)].map(([, name = '']) => name),
    );
    expect(names).to.have.length.above(15);
    const document = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
    const rows = [...document.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
    expect(rows.filter((name) => name !== 'event').toSorted()).to.deep.equal(names.toSorted());
  });
});
