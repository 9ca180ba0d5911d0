import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { UsbipServer } from '../../src/hosts/usbipServer/usbipServer.ts';
import { systemClock } from '../../src/systemClock.ts';
import { complaints, Scene } from './connections.ts';
import { run } from './program.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';

describe('urbdrc redirect --from usbip://', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await Scene.begin();
  });
  afterEach(() => scene.end());

  it('redirects what another serve exports, and list shows it', async () => {
    writeFileSync(scene.file('stick.img'), Buffer.alloc(512 * 64, 0x5a));
    const exporter = scene.start(['serve', '--export', 'usbip://127.0.0.1:0', '--listen', LOOPBACK]);
    const [, exporting = ''] = await exporter.line(/^exporting on (\S+)$/);
    const [, first = ''] = await exporter.line(/^listening on (\S+)$/);
    scene.start(['redirect', '--virtual', `stick:${scene.file('stick.img')}`, '--connect', first]);
    await exporter.line(/^exported /);
    const list = await run(['list', '--from', exporting]);
    expect(list).to.deep.include({ status: 0, stderr: '' });
    expect(list.stdout).to.match(/^1209:\w{4} +1-1 +\w+ +- +yes$/m);

    const reading = ['--read-sectors', '64', '--out', scene.file('copy.img')];
    const server = scene.start(['serve', '--listen', LOOPBACK, ...reading]);
    const [, second = ''] = await server.line(/^listening on (\S+)$/);
    const client = scene.start(['redirect', '--from', `${exporting}/1-1`, '--connect', second]);
    expect(await server.exit).to.equal(0);
    expect(await client.exit).to.equal(0);
    expect((await run(['list', '--from', exporting])).stdout).to.include('1-1');
    expect(complaints(client)).to.deep.equal([]);
  });

  it('says in one line what is wrong, and what to do', async () => {
    const server = await UsbipServer.listen({ port: 0, clock: systemClock });
    await server.attach(new OsrFx2());
    const cases: [from: string, status: number, line: RegExp][] = [
      ['usbip:1-1', 2, /use usbip:\/\/HOST\[:PORT\]\/BUSID, usbip-host:PORT or usbredir:/],
      ['usbip-host:stick', 1, /"stick" is no socket: give bus and ports, such as 1-2\.3/],
      [server.url, 2, /say which device, usbip:\/\/HOST\/BUSID; `urbdrc list --from/],
      [`${server.url}/3-3`, 1, /does not give device 3-3: there is none of this name/],
      ['usbip://127.0.0.1:1/3-3', 1, /connection refused by usbip:\/\/127\.0\.0\.1:1\/3-3: nobody listens there/],
    ];
    for (const [from, status, line] of cases) {
      const ended = await run(['redirect', '--from', from, '--connect', 'tcp://127.0.0.1:1']);
      expect(ended.status).to.equal(status);
      expect(ended.stderr).to.match(line);
      expect(ended.stderr.match(/\n/g)).to.have.length(1);
    }
    await server.close();
  });
});
