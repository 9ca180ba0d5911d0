import { expect } from 'chai';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { CdcAcm } from '../../../src/devices/virtual/cdcAcm.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { Hub } from '../../../src/hub/hub.ts';
import { RejoiningClients, type RejoinEvent } from '../../../src/hub/rejoin/rejoiningSource.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { turns } from '../../engine/stack.ts';
import { FakeSink, told } from '../hubFakes.ts';
import { ClientConnection, openStorage } from './rejoinFakes.ts';

const TIME = 25_000;

function toldRejoin(event: RejoinEvent): string {
  switch (event.type) {
    case 'waiting':
      return `${event.devices.length} wait ${event.time}`;
    case 'rejoined':
      return `back at ${event.device.portPath}`;
    case 'different':
      return `another: ${event.reason}`;
  }
}

describe('the clients that come back', () => {
  const clock = new VirtualClock();
  let events: string[];
  let clients: RejoiningClients;
  let hub: Hub;
  let sink: FakeSink;

  beforeEach(async () => {
    events = [];
    const onEvent = (_: unknown, event: RejoinEvent) => void events.push(toldRejoin(event));
    clients = new RejoiningClients({ clock, time: TIME, openStorage, onEvent });
    hub = new Hub({ clock, onEvent: (event) => void events.push(told(event)) });
    sink = new FakeSink('sink');
    await hub.addSink(sink);
    events.length = 0;
  });

  afterEach(async () => {
    await hub.close();
    expect(clock.pending, 'timers that are left').to.equal(0);
  });

  /** As `serve` does. */
  async function connect(connection: ClientConnection): Promise<void> {
    const source = await clients.sourceOf(connection);
    if (source === undefined) return;
    const { connection: identity, closed } = source;
    const session = await hub.openSession({ identity, closed, close: () => source.close() });
    await hub.addSource(source, session);
  }

  async function connected(name: string, session?: string): Promise<ClientConnection> {
    const connection = new ClientConnection(name, session);
    await connect(connection);
    return connection;
  }

  async function lose(connection: ClientConnection): Promise<void> {
    connection.lose();
    await turns();
  }

  const keyboard = (serialNumber?: string) => new HidKeyboard(serialNumber === undefined ? {} : { serialNumber });
  const stick = (fill = 0) => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(64 * 512).fill(fill)) });

  it('are the same session, and their keyboards and sticks stay where they are attached', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard(), '1-1');
    first.plug(stick(), '1-2');
    await turns();
    const attached = [...sink.attached];
    expect(attached).to.have.length(2);
    events.length = 0;
    await lose(first);
    const second = await connected('second', 'S');
    second.plug(stick(), '1-2');
    second.plug(keyboard(), '1-1');
    await turns(200);
    expect(events[0]).to.equal('2 wait 25000');
    expect(events.slice(1)).to.have.members(['back at 1-1', 'back at 1-2']);
    expect(sink.attached).to.deep.equal(attached);
    expect(hub.sessions.map(({ id }) => id)).to.deep.equal([1]);
    clock.advance(2 * TIME);
    expect(hub.devices).to.have.length(2);
  });

  it('that do not come back in time lose them, and then the session is over', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard());
    await turns();
    events.length = 0;
    await lose(first);
    clock.advance(TIME);
    await turns();
    expect(events.slice(0, 2)).to.deep.equal(['1 wait 25000', 'gone 1']);
    expect(events.slice(2)).to.have.members([
      'ended 1 sink: unplugged',
      'sourceRemoved first: reset',
      'session 1 has ended',
    ]);
    const second = await connected('second', 'S');
    second.plug(keyboard());
    await turns();
    expect(hub.devices.map(({ id }) => id)).to.deep.equal([2]);
  });

  it('with another stick in its place: that is unplugged, and the other one plugged', async () => {
    const first = await connected('first', 'S');
    first.plug(stick(1));
    await turns();
    events.length = 0;
    await lose(first);
    const second = await connected('second', 'S');
    second.plug(stick(2));
    await turns(200);
    expect(events).to.deep.equal([
      '1 wait 25000',
      'gone 1',
      'ended 1 sink: unplugged',
      'another: sector 0 of its medium has changed',
      'attached 2 sink',
    ]);
  });

  it('with a device of other descriptors or another serial number: what waited waits on', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard('A'));
    await turns();
    await lose(first);
    events.length = 0;
    const second = await connected('second', 'S');
    second.plug(keyboard('B'));
    second.plug(new HidKeyboard({ productId: 9, serialNumber: 'A' }));
    await turns();
    expect(events).to.deep.equal(['attached 2 sink', 'attached 3 sink']);
    second.plug(keyboard('A'), '9-9');
    await turns();
    expect(events.at(-1)).to.equal('back at 9-9');
  });

  it('without a serial number a device has to be at its place', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard(), '1-1');
    await turns();
    await lose(first);
    events.length = 0;
    const second = await connected('second', 'S');
    second.plug(keyboard(), '1-2');
    await turns();
    expect(events).to.deep.equal(['attached 2 sink']);
    second.plug(keyboard(), '1-1');
    await turns();
    expect(events.at(-1)).to.equal('back at 1-1');
  });

  it('of two that are alike to the serial number the one at the same place counts, else none', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard('A'), '1-1');
    first.plug(keyboard('A'), '1-2');
    await turns();
    await lose(first);
    events.length = 0;
    const second = await connected('second', 'S');
    second.plug(keyboard('A'), '1-3');
    second.plug(keyboard('A'), '1-2');
    await turns();
    expect(events).to.have.members(['attached 3 sink', 'back at 1-2']);
  });

  it('a serial line does not wait: its program would miss what the other end says', async () => {
    const first = await connected('first', 'S');
    first.plug(new CdcAcm());
    await turns();
    await lose(first);
    expect(hub.devices).to.deep.equal([]);
    expect(hub.sessions).to.deep.equal([]);
  });

  it('a stick without a readable medium does not wait: nothing would tell it from another', async () => {
    const first = await connected('first', 'S');
    const empty = stick();
    first.plug(empty).answer = ({ type }) => (type === 'transferIn' ? 'stalled' : undefined);
    await turns(200);
    expect(hub.devices).to.have.length(1);
    await lose(first);
    expect(hub.devices).to.deep.equal([]);
  });

  it('whose user has pulled a device out meanwhile: that one waits no longer than the time', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard());
    await turns();
    await lose(first);
    const second = await connected('second', 'S');
    clock.advance(TIME);
    await turns();
    expect(hub.devices).to.deep.equal([]);
    expect(hub.sessions, 'the client is there').to.have.length(1);
    second.plug(keyboard());
    await turns();
    expect(hub.devices).to.have.length(1);
  });

  it('come back whatever the program throws that is told of it', async () => {
    const onEvent = () => {
      throw new Error('the program is broken');
    };
    clients = new RejoiningClients({ clock, time: TIME, openStorage, onEvent });
    const first = await connected('first', 'S');
    first.plug(keyboard());
    await turns();
    await lose(first);
    const second = await connected('second', 'S');
    const back = second.plug(keyboard());
    await turns();
    expect(hub.devices).to.have.length(1);
    hub.devices[0]?.source.refuse(hub.devices[0].device, 'no');
    expect(second.refused.map(([device]) => device)).to.deep.equal([back]);
  });

  it('that prove nothing are clients as any other', async () => {
    const first = await connected('first');
    first.plug(keyboard());
    await turns();
    await lose(first);
    expect(hub.devices).to.deep.equal([]);
  });

  it('of another session: each has its own devices', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard());
    await turns();
    await lose(first);
    events.length = 0;
    const other = await connected('other', 'T');
    other.plug(keyboard());
    await turns();
    expect(events.filter((event) => event.startsWith('back'))).to.deep.equal([]);
    expect(hub.devices).to.have.length(2);
  });

  it('before the server has noticed the loss: the new connection waits for the end of the old one', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard());
    await turns();
    const second = new ClientConnection('second', 'S');
    const connecting = connect(second);
    second.plug(keyboard());
    await turns();
    first.lose();
    await connecting;
    await turns();
    expect(events.at(-1)).to.equal('back at 1-1');
    expect(hub.devices).to.have.length(1);
  });

  it('a session that is ended while its client is away is over: nothing waits, and the client is a new one', async () => {
    const first = await connected('first', 'S');
    first.plug(keyboard());
    await turns();
    await lose(first);
    await hub.endSession(1, 'ended by a person');
    expect(hub.devices).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
    const second = await connected('second', 'S');
    second.plug(keyboard());
    await turns();
    expect(hub.devices.map(({ id }) => id)).to.deep.equal([2]);
  });

  it('a device that is dropped while its client is away is gone, and refused when it comes', async () => {
    const first = await connected('first', 'S');
    const offered = first.plug(keyboard());
    await turns();
    await hub.drop(1, 'a person dropped it');
    expect(first.refused).to.deep.equal([[offered, 'a person dropped it']]);
    await lose(first);
    await hub.drop(1, 'a person dropped it').catch(() => {});
    await turns();
    expect(hub.devices).to.deep.equal([]);
  });
});
