import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { frameOf, TransportEnd } from '../../src/conformance/transport/transportEnd.ts';
import { dialPage } from '../../transports/webSocket/dialPage.ts';
import { Scene } from '../cli/connections.ts';
import { startListening } from '../transports/listening.ts';
import { CuttingProxy } from '../transports/resume/cuttingProxy.ts';
import { SECRET, token } from './signing.ts';

describe('gateway: a connection that is cut', () => {
  it('goes on through it with a new token for each connection, of which one may be stale, and nothing is lost', async () => {
    const scene = await Scene.begin();
    writeFileSync(scene.file('secret'), SECRET, { mode: 0o600 });
    const server = await startListening('tcp://127.0.0.1:0', { hold: 25 });
    const { running, url } = await scene.listen(
      [
        ...['gateway', '--algorithm', 'HS256', '--secret-file', scene.file('secret')],
        ...['--target', `desk=${server.listener.url}`],
      ],
      'ws://127.0.0.1:0/usb',
    );
    const proxy = await CuttingProxy.open({ port: Number(new URL(url).port) });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const tokens = await Promise.all([{ exp }, { exp: 1 }, { exp }, { exp }].map((claims) => token(claims)));
    const open = (_url: string, names: readonly string[]) =>
      new WebSocket(`ws://127.0.0.1:${proxy.port}/usb?token=${tokens.shift() ?? ''}`, [...names]);
    const page = new TransportEnd(await dialPage(url, { hold: 25, open }));
    const far = new TransportEnd(await server.accepted());
    const frames = Array.from({ length: 30 }, (_, index) => frameOf(8 + 2000 * index, index));
    for (const [index, frame] of frames.entries()) {
      page.transport.send([[frame]]);
      far.transport.send([[frame]]);
      // Frames of the third and the fifth part are on their way when it is cut.
      if (index === 17 || index === 27) proxy.cut();
      else if (index % 6 === 4) await Promise.all([page.untilFrames(index + 1), far.untilFrames(index + 1)]);
    }
    await Promise.all([page.untilFrames(frames.length), far.untilFrames(frames.length)]);
    expect(page.frames).to.deep.equal(frames);
    expect(far.frames).to.deep.equal(frames);
    expect(proxy.count).to.equal(4);
    await page.transport.close();
    expect(await far.untilClosed()).to.equal(undefined);
    for (let line = 0; line < 3; line++) await running.line(/alice at desk/);
    proxy.close();
    await server.listener.close();
    await scene.end();
  });

  it('does not go on with the token of before', async () => {
    const scene = await Scene.begin();
    writeFileSync(scene.file('secret'), SECRET, { mode: 0o600 });
    const server = await startListening('tcp://127.0.0.1:0', { hold: 25 });
    const args = ['gateway', '--algorithm', 'HS256', '--secret-file', scene.file('secret')];
    const { url } = await scene.listen([...args, '--target', `desk=${server.listener.url}`], 'ws://127.0.0.1:0');
    const again = `${url}?token=${await token({ exp: Math.floor(Date.now() / 1000) + 60 })}`;
    const open = (address: string, names: readonly string[]) => new WebSocket(address, [...names]);
    const page = await dialPage(again, { hold: 0, open });
    const second = new TransportEnd(await dialPage(again, { hold: 0, open }));
    expect(await second.untilClosed()).to.include({ code: 'WRONG_TOKEN' });
    await page.close();
    await server.listener.close();
    await scene.end();
  });
});
