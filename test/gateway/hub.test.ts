import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { openUsbredirDevices } from '../../src/devices/usbredir/usbredirDevices.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { systemClock } from '../../src/systemClock.ts';
import { dialPage } from '../../transports/webSocket/dialPage.ts';
import { complaints, Scene } from '../cli/connections.ts';
import type { Running } from '../cli/program.ts';
import { SECRET, token } from './signing.ts';

describe('urbdrc gateway: hubs of its own', () => {
  let scene: Scene;
  const clients: RedirectionClient[] = [];
  beforeEach(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('secret'), SECRET, { mode: 0o600 });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await scene.end();
  });

  const start = (...args: string[]): Promise<{ running: Running; url: string }> =>
    scene.listen(
      ['gateway', '--algorithm', 'HS256', '--secret-file', scene.file('secret'), ...args],
      'ws://127.0.0.1:0',
    );
  const enter = async (url: string, tgt: string): Promise<RedirectionClient> => {
    const text = await token({ tgt, exp: Math.floor(Date.now() / 1000) + 60 });
    const open = (address: string, names: readonly string[]) => new WebSocket(address, [...names]);
    const client = new RedirectionClient(await dialPage(`${url}?token=${text}`, { hold: 0, open }));
    clients.push(client);
    return client;
  };
  const stick = () => new MassStorageStick({ blocks: new MemoryBlocks(randomBytes(64 * 512)) });

  it('a virtual machine that speaks usbredir has the stick of a page, and loses it with the page', async () => {
    const path = scene.file('machine');
    const { running, url } = await start('--target', `vm1=usbredir+listen+unix:${path}`);
    await running.line(/^listening on usbredir\+listen\+unix:/);
    const machine = openUsbredirDevices({ address: { path }, version: 'a machine', clock: systemClock });
    await running.line(/: a machine$/);
    const client = await enter(url, 'vm1');
    await client.attach(stick());
    const source = await machine;
    const [device] = await source.list();
    expect(device?.identity).to.include({ vendorId: stick().identity.vendorId, portPath: `usbredir+unix:${path}` });
    await running.line(/^attached .* to usbredir\+listen/);
    await client.close();
    if (device?.gone.aborted === false) await once(device.gone, 'abort');
    await running.line(/^client .* disconnected/);
    await source.close();
    running.stop();
    expect(await running.exit).to.equal(0);
    expect(complaints(running)).to.deep.equal([]);
  });

  it('--metrics counts pages that came and that were refused, and devices; load balancers are told that it is well', async () => {
    const target = `vm1=usbredir+listen+unix:${scene.file('machine')}`;
    const running = scene.start([
      ...['gateway', '--algorithm', 'HS256', '--secret-file', scene.file('secret'), '--target', target],
      ...['--listen', 'ws://127.0.0.1:0/usb', '--metrics', '127.0.0.1:0'],
    ]);
    const [, metrics = ''] = await running.line(/^metrics for Prometheus: (\S+)$/);
    const [, url = ''] = await running.line(/^listening on (ws:\S+)$/);
    await running.line(/^listening on usbredir\+listen\+unix:/);
    const address = { path: scene.file('machine') };
    const machine = openUsbredirDevices({ address, version: 'a machine', clock: systemClock });
    await running.line(/: a machine$/);
    const read = async () => (await fetch(metrics)).text();
    await once(new WebSocket(`${url}?token=guess`, 'binary'), 'close');
    const client = await enter(url, 'vm1');
    await client.attach(stick());
    await running.line(/^attached .* to usbredir\+listen/);
    const text = await read();
    expect(text).to.match(/^urbdrc_connections 1$/m);
    expect(text).to.match(/^urbdrc_refusals_total\{what="peer"\} 1$/m);
    expect(text).to.match(/^urbdrc_devices\{class="mass-storage"\} 1$/m);
    const health = await fetch(`${url.replace(/^ws:/, 'http:')}/health`);
    expect([health.status, await health.text()]).to.deep.equal([200, 'ok\n']);
    await client.close();
    await running.line(/alice at vm1 ended/);
    expect(await read()).to.match(/^urbdrc_connections 0$/m);
    await (await machine).close();
    running.stop();
    expect(await running.exit).to.equal(0);
  });

  it('a page cannot plug a keyboard in, unless a rule allows it', async () => {
    const target = `vm1=usbredir+listen+unix:${scene.file('machine')}`;
    for (const [rules, line] of [
      [[], /refused 1209:.*: denied by deny class 03/],
      [['--allow', '*'], /accepted 1209:.*: allowed by allow \*/],
    ] as const) {
      const { running, url } = await start('--target', target, ...rules);
      const client = await enter(url, 'vm1');
      await client.attach(new HidKeyboard());
      await running.line(line);
      await client.close();
      running.stop();
      await running.exit;
    }
  });
});
