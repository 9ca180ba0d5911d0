import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { ScriptedGuest } from '../hosts/usbredir/scriptedGuest.ts';
import { Scene, untilEvent } from './connections.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const FILTER = '0x03,-1,-1,-1,0|-1,-1,-1,-1,1';

describe('urbdrc serve --attach usbredir', () => {
  let scene: Scene;
  let guests: Server;
  let url: string;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    scene = await Scene.begin();
    const path = scene.file('guest');
    url = `usbredir+unix:${path}`;
    guests = createServer((socket) => {
      sockets.push(socket);
      const guest = new ScriptedGuest(socket);
      void guest.ready.then(() => guest.send({ name: 'usb_redir_filter_filter', id: 0, idHigh: 0, filter: FILTER }));
    }).listen(path);
    await once(guests, 'listening');
  });
  afterEach(async () => {
    await scene.end();
    for (const socket of sockets.splice(0)) socket.destroy();
    guests.close();
  });

  it('tells the person at the client which rule of the guest refuses the device, with --json too', async () => {
    const args = ['serve', '--attach', url, '--allow', '*'];
    const { running: server, url: clients } = await scene.listen(args, LOOPBACK);
    await server.line(/its filter is 0x03,-1,-1,-1,0/);
    const why = 'refuses it: denied by 0x03,-1,-1,-1,0 for interface 0 (class 03)';
    const redirect = ['redirect', '--virtual', 'keyboard', '--connect', clients];
    const client = scene.start(redirect);
    const [line] = await client.line(/^1209:0002 .*: given back.*/);
    expect(line).to.include(`given back: the server does not take it: the filter of ${url} ${why} (`);
    client.stop();
    const told = await untilEvent(scene.start([...redirect, '--json']), 'redirected');
    expect(told).to.include({ reason: 'refused', explanation: `the filter of ${url} ${why}` });
  });
});
