import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ControlClient } from '../../src/control/controlClient.ts';
import {
  checkControlSocket,
  controlFolder,
  findControlSockets,
  prepareControlSocket,
} from '../../src/control/controlFolder.ts';
import {
  type ControlList,
  Lines,
  LONGEST_REQUEST,
  NotARequest,
  readRequest,
} from '../../src/control/controlMessages.ts';
import { ControlServer } from '../../src/control/controlServer.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { Hub } from '../../src/hub/hub.ts';
import { DeviceTraffic } from '../../src/metrics/deviceTraffic.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { FakeSink, FakeSource } from '../hub/hubFakes.ts';

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: unknown) => `${error instanceof Error && 'code' in error ? String(error.code) : ''}: ${String(error)}`,
  );

describe('the control socket', () => {
  let folder: string;
  let clock: VirtualClock;
  let hub: Hub;
  let control: ControlServer;
  let path: string;
  let client: ControlClient;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'control-'));
    path = join(folder, 'serve-1.sock');
    clock = new VirtualClock();
    hub = new Hub({ clock, onEvent: () => control.changed() });
    control = await ControlServer.listen(path, { hub, clock, program: 'serve' });
    client = await ControlClient.connect(path);
  });

  afterEach(async () => {
    client.close();
    await control.close();
    await hub.close();
    rmSync(folder, { recursive: true });
  });

  const list = async (): Promise<ControlList> => {
    const answer = await client.ask({ do: 'list' });
    return 'list' in answer ? answer.list : expect.fail('no list');
  };

  it('lists sessions and devices: who, where, and since when', async () => {
    const source = new FakeSource('client', '192.0.2.7');
    const sink = new FakeSink('vhci');
    await hub.addSink(sink);
    await hub.addSource(source);
    source.plug('1-2');
    await list();
    clock.advance(12_000);
    const { program, pid, sessions, devices } = await list();
    expect({ program, pid }).to.deep.equal({ program: 'serve', pid: process.pid });
    expect(sessions).to.have.length(1);
    expect(sessions[0]).to.deep.include({ id: 1, who: '192.0.2.7', access: 'shared', state: 'live', age: 12 });
    expect(sessions[0]?.devices).to.deep.equal([1]);
    expect(devices).to.have.length(1);
    expect(devices[0]).to.deep.include({ id: 1, port: '1-2', source: 'client', state: 'attached', sharing: 'held' });
    expect(devices[0]).to.deep.include({ holder: 'vhci', age: 12, waiting: [], serial: null });
  });

  it('ends a session, and says that there is none', async () => {
    await hub.addSource(new FakeSource('client', '192.0.2.7'));
    await client.ask({ do: 'end', session: 1 });
    expect((await list()).sessions).to.deep.equal([]);
    expect(await rejection(client.ask({ do: 'end', session: 1 }))).to.equal(
      'REQUEST_REFUSED: ControlError: there is no session 1',
    );
  });

  it('releases, gives and drops devices', async () => {
    const source = new FakeSource();
    const [one, other] = [new FakeSink('one'), new FakeSink('other')];
    for (const [sink, address] of [[one, '192.0.2.1'] as const, [other, '192.0.2.2'] as const]) {
      await hub.addSink(Object.assign(sink, { connection: { address } }));
    }
    await hub.addSource(source);
    const device = source.plug();
    await Promise.resolve();
    const holder = async () => (await list()).devices[0]?.holder;
    expect(await holder()).to.equal('192.0.2.1');
    await client.ask({ do: 'give', device: 1, session: 2 });
    expect(await holder()).to.equal('192.0.2.2');
    await client.ask({ do: 'release', device: 1 });
    expect(await holder()).to.equal(null);
    await client.ask({ do: 'drop', device: 1 });
    expect((await list()).devices[0]?.state).to.equal('denied');
    expect(source.refused).to.deep.include([device, 'dropped by the administrator']);
    expect(await rejection(client.ask({ do: 'release', device: 7 }))).to.match(/^REQUEST_REFUSED: .*device 7/);
  });

  it('tells who watches of changes, those of a moment together', async () => {
    const watching = client.watch();
    const next = async () => ((await watching.next()).value as ControlList | undefined)?.sessions.length;
    expect(await next()).to.equal(0);
    await hub.addSource(new FakeSource('client', '192.0.2.7'));
    await hub.addSource(new FakeSource('client', '192.0.2.8'));
    clock.advance(100);
    expect(await next()).to.equal(2);
    expect(clock.pending).to.equal(0);
    const last = next();
    await control.close();
    expect(await last).to.equal(undefined);
  });

  it('tells who watches of a lock, which is no event of the hub', async () => {
    const source = new FakeSource();
    await hub.addSink(new FakeSink('vhci'));
    await hub.addSource(source);
    source.plug();
    const watcher = await ControlClient.connect(path);
    const watching = watcher.watch();
    const next = async () => ((await watching.next()).value as ControlList | undefined)?.devices[0]?.sharing;
    expect(await next()).to.equal('held');
    await client.ask({ do: 'lock', device: 1 });
    clock.advance(100);
    expect(await next()).to.equal('locked');
    watcher.close();
  });

  it('tells what was decided about a device, and by which rule', async () => {
    const rule = 'allow 1209:* (rules.txt:3)';
    const decided = new Hub({ clock, policy: () => ({ action: 'allow', rule, reason: `allowed by ${rule}` }) });
    const other = await ControlServer.listen(join(folder, 'serve-2.sock'), { hub: decided, clock, program: 'serve' });
    const source = new FakeSource();
    await decided.addSource(source);
    source.plug();
    const asking = await ControlClient.connect(join(folder, 'serve-2.sock'));
    const answer = await asking.ask({ do: 'list' });
    const decisions = 'list' in answer ? answer.list.devices.map(({ decision }) => decision) : [];
    expect(decisions).to.deep.equal([{ action: 'allow', rule, reason: `allowed by ${rule}` }]);
    asking.close();
    await other.close();
    await decided.close();
  });

  it('counts the bytes of devices every second for who wants it, and for nobody else', async () => {
    const traffic = new DeviceTraffic(clock);
    const device = traffic.counted(new HidKeyboard(), 7);
    await device.open();
    const setup = { bmRequestType: 0x80, bRequest: 6, wValue: 0x100, wIndex: 0, wLength: 18 };
    await new Promise((resolve) =>
      device.submit({ type: 'control', setup, data: new Uint8Array(0), timeout: 0 }, resolve),
    );
    const options = { hub, clock, program: 'serve', traffic: () => traffic.list } as const;
    const other = await ControlServer.listen(join(folder, 'serve-2.sock'), options);
    const socket = connect(join(folder, 'serve-2.sock'));
    const lines = new Lines(4096);
    const next = async () =>
      lines.push((await once(socket, 'data'))[0] as Buffer)?.map((line) => JSON.parse(line) as object);
    socket.write('{"do":"watch"}\n');
    expect((await next())?.[0]).to.have.property('list');
    expect(clock.pending).to.equal(0);
    socket.write('{"do":"watch","traffic":true}\n');
    expect((await next())?.[0]).to.have.property('list');
    for (let second = 0; second < 2; second += 1) {
      clock.advance(1000);
      expect(await next()).to.deep.equal([{ ok: true, traffic: [{ device: 7, bytesIn: 18, bytesOut: 0 }] }]);
    }
    socket.destroy();
    await device.close();
    await other.close();
    expect(clock.pending).to.equal(0);
  });

  it('tells nobody, and keeps no timer, where nobody watches', async () => {
    await client.ask({ do: 'list' });
    await hub.addSource(new FakeSource('client', '192.0.2.7'));
    expect(clock.pending).to.equal(0);
  });

  it('holds one list for a watcher that does not read', async () => {
    const slow = connect(path);
    slow.write('{"do":"watch"}\n');
    slow.pause();
    for (let count = 0; count < 400; count += 1) {
      await hub.addSource(new FakeSource('x'.repeat(1000), `192.0.2.${count}`));
      clock.advance(100);
      await list();
    }
    expect(control.heldBytes).to.be.below(1024 * 1024);
    slow.destroy();
  });

  it('is for its owner alone, and goes with the server', async () => {
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    await control.close();
    expect(existsSync(path)).to.equal(false);
    expect(await rejection(client.ask({ do: 'list' }))).to.match(/^PROGRAM_GONE: /);
  });

  describe('what is no request', () => {
    async function answersTo(bytes: string | Uint8Array): Promise<string> {
      const socket: Socket = connect(path);
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString())).on('error', () => {});
      socket.write(bytes);
      await once(socket, 'close');
      return text;
    }

    for (const [what, bytes, problem] of [
      ['no JSON', 'hello\n', 'no JSON object'],
      ['no object', '[1]\n', 'no JSON object'],
      ['bytes that are no UTF-8', Uint8Array.of(0xff, 0xfe, 0, 10), 'no JSON object'],
      ['an unknown action', '{"do":"format"}\n', '"do" is list, watch'],
      ['a name of Object', '{"do":"constructor"}\n', '"do" is list, watch'],
      ['an id that is none', '{"do":"end","session":-1}\n', 'end needs "session"'],
      ['an id as text', '{"do":"drop","device":"1"}\n', 'drop needs "device"'],
      ['a focus on nobody', '{"do":"focus","to":"me"}\n', 'focus needs "to"'],
      ['no id', '{"do":"give","device":1}\n', 'give needs "session"'],
      ['no session', '{"do":"take","device":1}\n', 'take needs "session"'],
      ['no time', '{"do":"take","device":1,"session":2,"wait":86401}\n', 'take has "wait"'],
      ['nothing to lock', '{"do":"lock"}\n', 'lock needs "device"'],
      ['a line without end', 'x'.repeat(LONGEST_REQUEST + 1), `at most ${LONGEST_REQUEST} bytes`],
      ['a line that is too long', `${'x'.repeat(LONGEST_REQUEST + 1)}\n`, `at most ${LONGEST_REQUEST} bytes`],
    ] as const) {
      it(`is answered once, and ends the connection: ${what}`, async () => {
        const answer = JSON.parse(await answersTo(bytes)) as { ok: boolean; error: string };
        expect(answer.ok).to.equal(false);
        expect(answer.error).to.include(problem);
        expect((await list()).sessions).to.deep.equal([]);
      });
    }

    it('does nothing of what follows it', async () => {
      await hub.addSource(new FakeSource('client', '192.0.2.7'));
      await answersTo('nonsense\n{"do":"end","session":1}\n');
      expect((await list()).sessions).to.have.length(1);
    });

    it('is not a request in pieces, nor several in one', async () => {
      const socket = connect(path);
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      for (const piece of ['{"do":', '"list"}\n{"do"', ':"list"}', '\n']) {
        socket.write(piece);
        await list();
      }
      while (text.split('\n').length < 3) await once(socket, 'data');
      expect(
        text
          .split('\n')
          .slice(0, 2)
          .every((line) => line.includes('"ok":true')),
      ).to.equal(true);
      socket.destroy();
    });

    it('comes over no more than 16 connections', async () => {
      const sockets = Array.from({ length: 20 }, () => connect(path).on('error', () => {}));
      const closed = await Promise.all(
        sockets.map((socket) => {
          socket.resume().write('{"do":"list"}\n');
          return new Promise<boolean>((resolve) => {
            socket.once('data', () => resolve(false)).once('close', () => resolve(true));
          });
        }),
      );
      // One of the 16 is the client of this test.
      expect(closed.filter((each) => !each)).to.have.length(15);
      for (const socket of sockets) socket.destroy();
    });
  });

  it('reads each request by its form', () => {
    expect(readRequest('{"do":"give","device":2,"session":3,"more":true}')).to.deep.equal({
      ...{ do: 'give', device: 2, session: 3 },
    });
    expect(readRequest('{"do":"end","session":1e99}')).to.be.instanceOf(NotARequest);
  });

  it('cuts lines anywhere, also within a character', () => {
    const bytes = Buffer.from('ä\nbc\n\nd');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const lines = new Lines(8);
      const read = [...(lines.push(bytes.subarray(0, cut)) ?? []), ...(lines.push(bytes.subarray(cut)) ?? [])];
      expect(read).to.deep.equal(['ä', 'bc', '']);
    }
  });

  it('ends a client whose server is no control socket', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    other.listen(join(folder, 'other.sock'));
    await once(other, 'listening');
    const stranger = await ControlClient.connect(join(folder, 'other.sock'));
    expect(await rejection(stranger.ask({ do: 'list' }))).to.match(/^PROGRAM_GONE: /);
    other.close();
  });

  describe('its place', () => {
    it('is what systemd, the session or the state folder give', () => {
      expect(controlFolder({ RUNTIME_DIRECTORY: '/run/a:/run/b', XDG_RUNTIME_DIR: '/run/user/1' }, '/s')).to.equal(
        '/run/a',
      );
      expect(controlFolder({ XDG_RUNTIME_DIR: '/run/user/1' }, '/s')).to.equal('/run/user/1/urbdrc');
      expect(controlFolder({ XDG_RUNTIME_DIR: 'relative' }, '/s')).to.equal('/s/run');
      expect(controlFolder({}, undefined)).to.equal(undefined);
    });

    it('is made for its owner alone, and found', async () => {
      const place = join(folder, 'new', 'urbdrc');
      const socket = await prepareControlSocket(place, 'redirect');
      expect(socket).to.equal(join(place, `redirect-${process.pid}.sock`));
      expect(statSync(place).mode & 0o777).to.equal(0o700);
      writeFileSync(socket, '');
      writeFileSync(join(place, 'other.sock'), '');
      expect(await findControlSockets(place, join(folder, 'nowhere'))).to.deep.equal([socket]);
    });

    it('loses what programs left that are no more, and nothing else', async () => {
      const [old, other] = [join(folder, 'serve-4194999.sock'), join(folder, 'precious-4194999.sock')];
      for (const file of [old, other]) writeFileSync(file, '');
      await prepareControlSocket(folder, 'serve');
      expect([existsSync(old), existsSync(other)]).to.deep.equal([false, true]);
    });

    it('is none in which others could put a socket of theirs', async () => {
      symlinkSync(folder, join(folder, 'link'));
      writeFileSync(join(folder, 'file'), '');
      mkdirSync(join(folder, 'open'));
      chmodSync(join(folder, 'open'), 0o777);
      expect(await rejection(prepareControlSocket(join(folder, 'link'), 'serve'))).to.match(
        /^UNSAFE_PLACE: .*symbolic link/,
      );
      expect(await rejection(prepareControlSocket(join(folder, 'open'), 'serve'))).to.match(
        /^UNSAFE_PLACE: .*chmod 700/,
      );
      expect(await rejection(prepareControlSocket(join(folder, 'file'), 'serve'))).to.match(/EEXIST|UNSAFE_PLACE/);
    });

    it('is looked at by who connects', async () => {
      writeFileSync(join(folder, 'file'), '');
      expect(await rejection(checkControlSocket(join(folder, 'file')))).to.match(/^UNSAFE_PLACE: .*no socket/);
      expect(await rejection(checkControlSocket(join(folder, 'gone')))).to.match(/^NOT_RUNNING: /);
      expect(await rejection(checkControlSocket(path))).to.equal('fine');
    });
  });
});
