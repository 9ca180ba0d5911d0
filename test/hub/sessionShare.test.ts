import { expect } from 'chai';
import { Hub } from '../../src/hub/hub.ts';
import type { HubEvent } from '../../src/hub/hubDevice.ts';
import type { SessionWish, ShareMode } from '../../src/hub/sessionShare.ts';
import type { HubSession, SessionRequest } from '../../src/hub/sessionTable.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { turns } from '../engine/stack.ts';
import { FakeSink, FakeSource, told } from './hubFakes.ts';

/** A connection whose end a test sees and makes. */
class FakeConnection {
  readonly name: string;
  readonly closed: Promise<void>;
  end: () => void = () => {};
  /** Why the hub closed it. */
  reason: string | undefined;
  isOpen = true;

  constructor(name: string) {
    this.name = name;
    this.closed = new Promise((resolve) => (this.end = resolve));
  }

  request(wish: SessionWish, share: ShareMode, session = 'desk'): SessionRequest {
    return {
      ...{ identity: { address: this.name }, name: session, wish, share, closed: this.closed },
      isOpen: () => this.isOpen,
      close: ({ reason }) => {
        this.reason = reason;
        return Promise.resolve();
      },
    };
  }
}

function scene() {
  const clock = new VirtualClock();
  const events: string[] = [];
  const hub = new Hub({ clock, onEvent: (event: HubEvent) => events.push(told(event)) });
  return { hub, clock, events };
}

/** Who is there after everybody came, in this order: `A excl`. */
async function whoIsThere(mode: ShareMode, sequence: readonly string[]): Promise<string> {
  const { hub } = scene();
  const outcomes: string[] = [];
  const connections: FakeConnection[] = [];
  for (const newcomer of sequence) {
    const connection = new FakeConnection(newcomer.slice(0, 1));
    connections.push(connection);
    const wish = newcomer.endsWith('excl') ? 'exclusive' : 'shared';
    await hub.openSession(connection.request(wish, mode)).catch(() => outcomes.push(`${connection.name} refused`));
  }
  for (const { name, reason } of connections) if (reason !== undefined) outcomes.push(`${name} dropped`);
  const there = hub.sessions.map(({ who }) => `${who} in`);
  return [...there, ...outcomes].sort().join(', ');
}

const SEQUENCES = [
  {
    sequence: ['A shared', 'B shared'],
    'allow-exclusive': 'A in, B in',
    'force-shared': 'A in, B in',
    ignore: 'A in, B in',
  },
  {
    sequence: ['A shared', 'B excl'],
    'allow-exclusive': 'A dropped, B in',
    'force-shared': 'A in, B refused',
    ignore: 'A in, B in',
  },
  {
    sequence: ['A excl', 'B shared'],
    'allow-exclusive': 'A in, B refused',
    'force-shared': 'A refused, B in',
    ignore: 'A in, B in',
  },
  {
    sequence: ['A excl', 'B excl'],
    'allow-exclusive': 'A dropped, B in',
    'force-shared': 'A refused, B refused',
    ignore: 'A in, B in',
  },
  {
    sequence: ['A shared', 'B shared', 'C excl'],
    'allow-exclusive': 'A dropped, B dropped, C in',
    'force-shared': 'A in, B in, C refused',
    ignore: 'A in, B in, C in',
  },
] as const;

describe('sessions of one name', () => {
  for (const row of SEQUENCES) {
    for (const mode of ['allow-exclusive', 'force-shared', 'ignore'] as const) {
      it(`${mode}: ${row.sequence.join(', then ')}: ${row[mode]}`, async () => {
        expect(await whoIsThere(mode, row.sequence)).to.equal(row[mode]);
      });
    }
  }

  it('of another name do not count', async () => {
    const { hub } = scene();
    await hub.openSession(new FakeConnection('A').request('exclusive', 'allow-exclusive', 'one'));
    await hub.openSession(new FakeConnection('B').request('shared', 'allow-exclusive', 'two'));
    expect(hub.sessions.map(({ name }) => name)).to.deep.equal(['one', 'two']);
  });

  it('go by the mode of the listener to which the newcomer came', async () => {
    const { hub } = scene();
    await hub.openSession(new FakeConnection('A').request('exclusive', 'allow-exclusive'));
    await hub.openSession(new FakeConnection('B').request('shared', 'ignore'));
    const refused = await hub.openSession(new FakeConnection('C').request('shared', 'allow-exclusive')).catch(String);
    expect(refused).to.equal('HubError: held by A for 0 s');
    expect(hub.sessions.map(({ who }) => who)).to.deep.equal(['A', 'B']);
  });

  it('have the name of the user who has proven it', async () => {
    const { hub } = scene();
    const { name: _, ...request } = new FakeConnection('192.0.2.7').request('shared', 'ignore');
    const identity = { address: '192.0.2.7', user: { name: 'alice', provenBy: 'password' as const } };
    const session = await hub.openSession({ ...request, identity });
    expect([session.name, session.who]).to.deep.equal(['alice', 'alice (192.0.2.7)']);
  });
});

describe('a session', () => {
  it('that is refused is told who is there, and for how long', async () => {
    const { hub, clock, events } = scene();
    await hub.openSession(new FakeConnection('A').request('exclusive', 'allow-exclusive'));
    clock.advance(200_000);
    const error: unknown = await hub
      .openSession(new FakeConnection('B').request('shared', 'allow-exclusive'))
      .catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'SESSION_HELD', message: 'held by A for 3 min' });
    expect(events).to.deep.equal(['session 1 of A', 'session refused to B: held by A for 3 min']);
  });

  it('that wants to be alone where all share is told what to do', async () => {
    const { hub } = scene();
    const error: unknown = await hub
      .openSession(new FakeConnection('A').request('exclusive', 'force-shared'))
      .catch((reason: unknown) => reason);
    const message = 'this server is shared: connect without asking for it alone';
    expect(error).to.include({ code: 'SESSION_SHARED', message });
  });

  it('that is taken over is told by whom, after its devices have left', async () => {
    const { hub, events } = scene();
    const connection = new FakeConnection('A');
    const session = await hub.openSession(connection.request('shared', 'allow-exclusive'));
    const [source, sink] = [new FakeSource('client A', 'A'), new FakeSink('left')];
    await hub.addSink(sink);
    await hub.addSource(source, session);
    source.plug();
    await turns(3);
    await hub.openSession(new FakeConnection('B').request('exclusive', 'allow-exclusive'));
    expect(connection.reason).to.equal('taken over by B');
    expect(events.slice(-6)).to.deep.equal([
      'session 1 ends: taken over by B',
      'ended 1 left: released',
      'gone 1',
      'sourceRemoved client A',
      'session 1 has ended',
      'session 2 of B',
    ]);
  });

  it('that comes while another takes over ends it, too', async () => {
    const { hub } = scene();
    const [first, second, third] = [new FakeConnection('A'), new FakeConnection('B'), new FakeConnection('C')];
    await hub.openSession(first.request('shared', 'allow-exclusive'));
    const taking = hub.openSession(second.request('exclusive', 'allow-exclusive')).catch((error: unknown) => error);
    await hub.openSession(third.request('exclusive', 'allow-exclusive'));
    expect(await taking).to.include({ code: 'SESSION_TAKEN_OVER', message: 'taken over by C' });
    expect(hub.sessions.map(({ who }) => who)).to.deep.equal(['C']);
  });

  it('goes with its connection, and its id is not used again', async () => {
    const { hub } = scene();
    const connection = new FakeConnection('A');
    await hub.openSession(connection.request('exclusive', 'allow-exclusive'));
    connection.end();
    await turns(3);
    expect(hub.sessions).to.deep.equal([]);
    const next = await hub.openSession(new FakeConnection('B').request('shared', 'allow-exclusive'));
    expect(next.id).to.equal(2);
  });

  it('whose connection went without a word keeps nobody out', async () => {
    const { hub } = scene();
    const connection = new FakeConnection('A');
    await hub.openSession(connection.request('exclusive', 'allow-exclusive'));
    connection.isOpen = false;
    const next = await hub.openSession(new FakeConnection('B').request('shared', 'allow-exclusive'));
    expect(hub.sessions).to.deep.equal([next]);
  });

  it('whose connection went without a word is found by a sweep, which tells of it once', async () => {
    const { hub } = scene();
    const connection = new FakeConnection('A');
    await hub.openSession(connection.request('shared', 'ignore'));
    expect(hub.sweep()).to.deep.equal([]);
    connection.isOpen = false;
    expect(hub.sweep()).to.deep.equal(['session 1 of A had no connection any more']);
    expect([hub.sweep(), hub.sessions]).to.deep.equal([[], []]);
  });

  it('is ended by a person, once, with a reason', async () => {
    const { hub, events } = scene();
    const connection = new FakeConnection('A');
    const { id } = await hub.openSession(connection.request('shared', 'ignore'));
    await Promise.all([hub.endSession(id, 'maintenance'), hub.endSession(id, 'again')]);
    expect(connection.reason).to.equal('maintenance');
    expect(events.slice(1)).to.deep.equal(['session 1 ends: maintenance', 'session 1 has ended']);
    const error: unknown = await hub.endSession(id, 'again').catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'NO_SUCH_SESSION' });
  });

  it('is there for each source and sink that has a connection', async () => {
    const { hub } = scene();
    const source = new FakeSource('client', '192.0.2.7');
    await hub.addSource(source);
    await hub.addSource(new FakeSource('libusb'));
    const [session]: readonly (HubSession | undefined)[] = hub.sessions;
    expect([hub.sessions.length, session?.who, session?.access]).to.deep.equal([1, '192.0.2.7', 'shared']);
    await hub.endSession(1, 'maintenance');
    expect([source.isClosed, hub.sessions.length]).to.deep.equal([true, 0]);
  });

  it('knows its devices', async () => {
    const { hub } = scene();
    const [one, other] = [new FakeSource('one', '192.0.2.1'), new FakeSource('other', '192.0.2.2')];
    await hub.addSource(one);
    await hub.addSource(other);
    one.plug('1-1');
    const second = other.plug('1-2');
    await turns(3);
    expect(hub.devicesOf(2).map(({ device }) => device)).to.deep.equal([second]);
  });
});

describe('a client that comes back and proves that it is the one that was there', () => {
  const returning = (connection: FakeConnection, proven: string, wish: SessionWish = 'shared'): SessionRequest => ({
    ...connection.request(wish, 'allow-exclusive'),
    identity: { address: connection.name, session: proven },
  });

  it('is the same session: its id and since when it is there', async () => {
    const { hub, clock } = scene();
    const [first, second] = [new FakeConnection('A'), new FakeConnection('B')];
    const { id, since } = await hub.openSession(returning(first, 'proof'));
    first.end();
    await turns();
    expect(hub.sessions).to.deep.equal([]);
    clock.advance(5000);
    const again = await hub.openSession(returning(second, 'proof'));
    expect([again.id, again.since, again.who]).to.deep.equal([id, since, 'B']);
    expect(hub.sessions).to.deep.equal([again]);
  });

  it('does not stand in its own way while its last connection is still there, which is closed', async () => {
    const { hub, events } = scene();
    const [first, second] = [new FakeConnection('A'), new FakeConnection('B')];
    const last = await hub.openSession(returning(first, 'proof', 'exclusive'));
    const source = new FakeSource();
    source.plug('1-1');
    await hub.addSource(source, last);
    const again = await hub.openSession(returning(second, 'proof'));
    expect([again.id, first.reason]).to.deep.equal([last.id, 'its client has come back on another connection']);
    expect(hub.sources).to.deep.equal([]);
    // The end of the old connection, whenever it is told, is not that of the session.
    first.end();
    await turns();
    expect(hub.sessions).to.deep.equal([again]);
    expect(events.filter((each) => each.includes('refused'))).to.deep.equal([]);
  });

  it('is a new one where the proof is another, where there is none, and after somebody ended the session', async () => {
    const { hub } = scene();
    const connection = () => new FakeConnection('A');
    const first = connection();
    const { id } = await hub.openSession(returning(first, 'proof'));
    first.end();
    await turns();
    const other = await hub.openSession(returning(connection(), 'another'));
    const plain = await hub.openSession(connection().request('shared', 'allow-exclusive'));
    expect([other.id, plain.id]).to.deep.equal([id + 1, id + 2]);
    await hub.endSession(other.id, 'enough');
    expect((await hub.openSession(returning(connection(), 'another'))).id).to.equal(id + 3);
  });

  it('is remembered beside 1023 others at most', async () => {
    const { hub } = scene();
    const comes = async (proven: string) => {
      const connection = new FakeConnection('A');
      const { id } = await hub.openSession(returning(connection, proven));
      connection.end();
      await turns(1);
      return id;
    };
    for (let number = 1; number <= 1025; number += 1) expect(await comes(`${number}`)).to.equal(number);
    expect(await comes('1025')).to.equal(1025);
    expect(await comes('1')).to.equal(1026);
  });
});
