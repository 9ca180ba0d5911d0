import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { ResumeHello, ResumeMessage } from '../../../codecs/resume/resumeMessages.ts';
import { frameOf, TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { WINDOW } from '../../../src/resume/sendWindow.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { TurnClock } from '../../turnClock.ts';
import { transportContract } from '../contract.ts';
import { type Cut, Network, sessionOf, type Wire } from './network.ts';

/** What an end was told, beside frames. */
class End extends TransportEnd {
  readonly told: string[] = [];
  /** Milliseconds; undefined for as long as can be. */
  wantedHold: number | undefined;

  interrupted(hold: number): number {
    this.told.push(`interrupted ${Math.round(hold / 1000)}`);
    return this.wantedHold ?? hold;
  }

  resumed(): void {
    this.told.push('resumed');
  }

  override closed(error: Error | undefined): void {
    this.told.push(`closed: ${error?.message ?? '-'}`);
    super.closed(error);
  }

  get session() {
    return sessionOf(this.transport);
  }
}

async function connected(network = new Network(new VirtualClock())): Promise<[Network, End, End]> {
  const dialer = new End(network.dial());
  await network.pass(10);
  return [network, dialer, new End(network.accepted[0]!)];
}

describe('a transport that outlives its connections', () => {
  describe('contract', () => {
    const connect = async () => {
      const clock = new TurnClock() as unknown as VirtualClock;
      const network = new Network(clock);
      const left = network.dial();
      while (network.accepted.length === 0) await new Promise(setImmediate);
      return { left, right: network.accepted[0]!, release: () => Promise.resolve() };
    };
    transportContract(connect, { canFail: false });
  });

  for (const told of ['both', 'dialer', 'listener', 'nobody'] satisfies Cut[]) {
    it(`goes on after a cut that ${told} learned of, and delivers what was on its way once`, async () => {
      const [network, dialer, listener] = await connected();
      dialer.transport.send([[frameOf(100, 1)]]);
      await network.pass(10);
      dialer.transport.send([[frameOf(100, 2)]]);
      listener.transport.send([[frameOf(100, 3)]]);
      network.cut(told);
      dialer.transport.send([[frameOf(100, 4)]]);
      await network.pass(20_000, 20);
      expect(listener.frames).to.deep.equal([frameOf(100, 1), frameOf(100, 2), frameOf(100, 4)]);
      expect(dialer.frames).to.deep.equal([frameOf(100, 3)]);
      expect(dialer.told.map((each) => each.split(' ')[0])).to.deep.equal(['interrupted', 'resumed']);
      expect(listener.told.map((each) => each.split(' ')[0])).to.deep.equal(['interrupted', 'resumed']);
      expect(dialer.session.keptBytes + listener.session.keptBytes).to.equal(0);
    });
  }

  it('ends at both ends when nobody comes back within the hold, and tells for how long it waited', async () => {
    const [network, dialer, listener] = await connected(new Network(new VirtualClock(), { hold: 5 }));
    network.isDown = true;
    network.cut();
    await network.pass(4900, 20);
    expect([...dialer.closings, ...listener.closings]).to.deep.equal([]);
    await network.pass(200, 20);
    for (const end of [dialer, listener]) {
      expect(end.told).to.have.length(2);
      expect(end.told[0]).to.equal('interrupted 5');
      expect(end.told[1]).to.match(/^closed: memory:\w+: the connection was lost and did not come back within 5 s$/);
    }
    await network.pass(10_000, 20);
    expect(network.clock.pending, 'timers that are left').to.equal(0);
  });

  it('counts the hold from the last byte that was heard: a silent cable leaves less', async () => {
    const [network, , listener] = await connected();
    network.isDown = true;
    network.cut('nobody');
    await network.pass(24_900, 20);
    expect(listener.told).to.deep.equal(['interrupted 15']);
    await network.pass(200, 20);
    expect(listener.closings).to.have.length(1);
  });

  it('holds for the smaller of the two times', async () => {
    const [network, dialer, listener] = await connected(new Network(new VirtualClock(), { hold: 20, dialerHold: 3 }));
    network.isDown = true;
    network.cut();
    await network.pass(3100, 20);
    expect(dialer.closings.length + listener.closings.length).to.equal(2);
  });

  it('is held for less where its owner wants that, from the cut on, and as before after the next cut', async () => {
    const [network, dialer, listener] = await connected();
    await network.pass(500);
    dialer.wantedHold = listener.wantedHold = 3000;
    network.isDown = true;
    network.cut();
    await network.pass(1000, 20);
    network.isDown = false;
    await network.pass(1500, 20);
    expect([...dialer.closings, ...listener.closings]).to.deep.equal([]);
    expect([dialer, listener].map(({ told }) => told.at(-1))).to.deep.equal(['resumed', 'resumed']);
    dialer.wantedHold = undefined;
    network.isDown = true;
    network.cut();
    await network.pass(3100, 20);
    expect(listener.told.at(-1)).to.match(/^closed: .*did not come back within 3 s$/);
    expect(dialer.closings, 'whose owner wants it for 25 s').to.deep.equal([]);
    await network.pass(22_000, 20);
    expect(dialer.told.at(-1)).to.match(/^closed: .*did not come back within 25 s$/);
  });

  it('ends at once where its owner wants no hold at all', async () => {
    const [network, dialer, listener] = await connected();
    dialer.wantedHold = listener.wantedHold = 0;
    network.cut();
    await network.pass(5);
    expect([...dialer.closings, ...listener.closings]).to.have.length(2);
  });

  it('is told by the listener that the session is over, and does not wait for the rest of the hold', async () => {
    const [network, dialer, listener] = await connected();
    network.isDown = true;
    network.cut();
    await network.pass(100);
    await listener.transport.close();
    network.isDown = false;
    await network.pass(3000, 20);
    expect(dialer.told.at(-1)).to.equal(
      'closed: memory:listener: the connection was lost, and the other end does not hold the session any more: connect anew',
    );
  });

  it('does not try again after a refusal that is final; others pass', async () => {
    const isFinal = ({ message }: Error) => message !== 'full';
    const [network, dialer] = await connected(new Network(new VirtualClock(), { isFinal }));
    network.refusal = new TransportError('TOO_MANY_CONNECTIONS', 'full');
    network.cut();
    await network.pass(3000, 20);
    expect(dialer.closings).to.deep.equal([]);
    network.refusal = new TransportError('WRONG_TOKEN', 'the access of this user was taken back');
    await network.pass(3000, 20);
    expect(dialer.told.at(-1)).to.equal('closed: the access of this user was taken back');
    const { connections } = network;
    await network.pass(10_000, 20);
    expect(network.connections).to.equal(connections);
  });

  it('keeps an idle connection, and acknowledges the last frame without being asked', async () => {
    const [network, dialer, listener] = await connected();
    listener.transport.send([[frameOf(50)]]);
    await network.pass(300);
    expect(listener.session.keptBytes).to.equal(0);
    await network.pass(120_000, 50);
    expect([...dialer.told, ...listener.told]).to.deep.equal([]);
  });

  it('lets two requests at once have one session: the newer one has it', async () => {
    const [network, dialer, listener] = await connected();
    network.cut('listener');
    network.cut('dialer');
    const { session } = dialer;
    await network.pass(5);
    const older = network.connect();
    const newer = network.connect();
    session.cut(network.clock.now());
    const [first, second] = [session.request(), session.request()];
    if (first === undefined || second === undefined) throw new Error('the session is not interrupted');
    newer.send([second]);
    await network.pass(2);
    older.send([first]);
    await network.pass(5);
    expect(network.grants.slice(-2)).to.deep.equal([true, false]);
    expect(listener.closings).to.deep.equal([]);
  });

  it('keeps at most the window, and what was given after it, for a peer that never acknowledges', async () => {
    const [network, dialer, listener] = await connected();
    listener.transport.pause();
    while (dialer.session.keptBytes < WINDOW) dialer.transport.send([[frameOf(60_000)]]);
    const more = dialer.transport.send([[frameOf(60_000)]]);
    await network.pass(60_000, 50);
    expect(more).to.equal(false);
    expect(dialer.session.keptBytes).to.be.within(WINDOW, WINDOW + 120_000);
    expect(dialer.told, 'nobody takes it for lost').to.deep.equal([]);
    const drains = dialer.drains;
    listener.transport.resume();
    await network.pass(500);
    expect(dialer.drains).to.equal(drains + 1);
    expect(dialer.session.keptBytes).to.equal(0);
  });

  it('goes on when two attempts are under way at once, whichever comes first', async () => {
    for (const delay of [4000, 6000]) {
      const [network, dialer, listener] = await connected();
      // The first attempt is given up after 5 s, and its request arrives all the same.
      network.delayNext = delay;
      network.cut();
      dialer.transport.send([[frameOf(100, 1)]]);
      listener.transport.send([[frameOf(100, 2)]]);
      await network.pass(15_000, 5);
      expect(network.requests.length, `${delay} ms`).to.equal(2);
      expect([listener.frames, dialer.frames]).to.deep.equal([[frameOf(100, 1)], [frameOf(100, 2)]]);
      expect([dialer.told.at(-1), listener.told.at(-1)]).to.deep.equal(['resumed', 'resumed']);
    }
  });

  it('keeps little for a peer that acknowledges nothing, and others of the same listener go on', async () => {
    const [network, dialer, listener] = await connected();
    // It reads what comes and says nothing: an engine of a peer that is hostile, or stuck.
    const mute = network.connect();
    mute.send([ResumeHello.encode({ name: 'RESUME_HELLO', hold: 25 })]);
    await network.pass(5);
    mute.start({ received: () => {}, drained: () => {}, closed: () => {} });
    mute.send([ResumeMessage.encode({ name: 'RESUME_ACK', received: 0 })]);
    await network.pass(5);
    const towardsMute = new End(network.accepted[1]!);
    const pinging = setPings(network.clock, mute);
    let writable = true;
    for (let round = 0; round < 300; round += 1) {
      if (writable) writable = towardsMute.transport.send([[frameOf(60_000)]]);
      dialer.transport.send([[frameOf(100, round)]]);
      listener.transport.send([[frameOf(100, round)]]);
      await network.pass(100, 5);
    }
    pinging();
    expect(writable, 'it is waited for').to.equal(false);
    expect(towardsMute.session.keptBytes).to.be.within(WINDOW, WINDOW + 60_000);
    expect(towardsMute.closings, 'it is there, and has its place').to.deep.equal([]);
    expect([dialer.frames.length, listener.frames.length]).to.deep.equal([300, 300]);
    expect(dialer.session.keptBytes + listener.session.keptBytes).to.be.lessThan(1000);
    expect([...dialer.told, ...listener.told]).to.deep.equal([]);
  });

  it('is held beside 63 others at most: the one that has waited the longest ends', async () => {
    const network = new Network(new VirtualClock(), { maximumHeld: 2 });
    const ends: End[] = [];
    for (let count = 0; count < 3; count += 1) {
      network.dial();
      await network.pass(10);
      ends.push(new End(network.accepted[count]!));
    }
    network.isDown = true;
    network.cut('nobody');
    // By then each was found to be silent.
    await network.pass(12_000, 20);
    expect(ends.map(({ closings }) => closings.length)).to.deep.equal([1, 0, 0]);
    expect(ends[0]?.told.at(-1)).to.match(/the connection was lost, and others that are held need its place$/);
  });

  it('is held with what is kept for its dialler: together it is limited, and the longest one ends', async () => {
    const network = new Network(new VirtualClock(), { maximumBytes: 100_000 });
    const ends: End[] = [];
    for (let count = 0; count < 2; count += 1) {
      network.dial();
      await network.pass(10);
      ends.push(new End(network.accepted[count]!));
    }
    network.isDown = true;
    network.cut();
    await network.pass(10);
    ends[1]?.transport.send([[frameOf(60_000)]]);
    expect(ends.map(({ session }) => session.state)).to.deep.equal(['interrupted', 'interrupted']);
    ends[1]?.transport.send([[frameOf(60_000)]]);
    await network.pass(10);
    expect(ends.map(({ closings }) => closings.length)).to.deep.equal([1, 1]);
    expect(ends.map(({ session }) => session.keptBytes)).to.deep.equal([0, 0]);
  });

  it('delivers everything once and in order, in little memory, whatever is cut and whenever', async () => {
    const seen = { granted: 0, refused: 0, cutsWithin: 0, held: 0 };
    await fc.assert(
      fc.asyncProperty(story, (each) => play(each, seen)),
      { numRuns: 60 },
    );
    // What is told here has happened.
    expect(seen.granted).to.be.greaterThan(40);
    expect(seen.refused, 'requests that came too late, or a second time').to.be.greaterThan(3);
    expect(seen.cutsWithin, 'cuts while it is being resumed').to.be.greaterThan(3);
    expect(seen.held, 'times that an end was asked to wait').to.be.greaterThan(5);
  });
});

type Happening =
  | { readonly type: 'send'; readonly from: 0 | 1; readonly sizes: readonly number[] }
  | { readonly type: 'cut'; readonly told: Cut }
  | { readonly type: 'down'; readonly time: number }
  /** Within resuming. */
  | { readonly type: 'cutNext'; readonly name: ResumeMessage['name']; readonly isLost: boolean }
  /** The next connection is so slow that another one is tried meanwhile. */
  | { readonly type: 'slow'; readonly time: number }
  /** Somebody has recorded a request, and sends it again. */
  | { readonly type: 'repeat' }
  | { readonly type: 'pause'; readonly end: 0 | 1; readonly time: number }
  | { readonly type: 'pass'; readonly time: number };

const end = fc.constantFrom<0 | 1>(0, 1);
const happening = fc.oneof<fc.WeightedArbitrary<Happening>[]>(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('send'),
      from: end,
      sizes: fc.array(fc.oneof(fc.integer({ min: 8, max: 200 }), fc.integer({ min: 8, max: 60_000 })), {
        minLength: 1,
        maxLength: 20,
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('cut'),
      told: fc.constantFrom<Cut>('both', 'dialer', 'listener', 'nobody'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('cutNext'),
      name: fc.constantFrom<ResumeMessage['name'][]>('RESUME_REQUEST', 'RESUME_GRANTED', 'RESUME_ACK'),
      isLost: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('slow'), time: fc.integer({ min: 3000, max: 7000 }) }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ type: 'repeat' }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('down'), time: fc.integer({ min: 1, max: 6000 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pause'), end, time: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('pass'), time: fc.integer({ min: 0, max: 60 }) }) },
);
const story = fc.record({
  latency: fc.integer({ min: 0, max: 12 }),
  happenings: fc.array(happening, { minLength: 20, maxLength: 60 }),
});

interface Seen {
  granted: number;
  refused: number;
  cutsWithin: number;
  held: number;
}

/** The largest that is sent at once: it is taken even where an end was writable by a byte. */
const MOST_AT_ONCE = 20 * 60_000;

async function play(
  { latency, happenings }: { readonly latency: number; readonly happenings: readonly Happening[] },
  seen: Seen,
) {
  const clock = new VirtualClock();
  const network = new Network(clock, { latency: () => latency, hold: 300 });
  const dialer = new End(network.dial());
  await network.pass(4 * latency + 5);
  const ends = [dialer, new End(network.accepted[0]!)] as const;
  const sent: [Uint8Array[], Uint8Array[]] = [[], []];
  const drainsAtStop: [number, number] = [-1, -1];
  for (const each of happenings) {
    switch (each.type) {
      case 'send': {
        // An owner that was asked to wait does.
        if (ends[each.from].drains === drainsAtStop[each.from]) break;
        const frames = each.sizes.map((size, index) => frameOf(size, sent[each.from].length + index));
        sent[each.from].push(...frames);
        // The sender's buffers are its own again once they were given.
        const given = frames.map((frame) => frame.slice());
        const isWritable = ends[each.from].transport.send(
          given.map((frame) => [frame.subarray(0, 4), frame.subarray(4)]),
        );
        drainsAtStop[each.from] = isWritable ? -1 : ends[each.from].drains;
        if (!isWritable) seen.held += 1;
        for (const frame of given) frame.fill(0xee);
        break;
      }
      case 'cut':
        network.cut(each.told);
        break;
      case 'cutNext':
        network.cutNext = each;
        break;
      case 'slow':
        network.delayNext = each.time;
        network.cut();
        break;
      case 'repeat': {
        const request = network.requests.at(-1);
        if (request === undefined) break;
        network.cutNext = undefined;
        network.delayNext = 0;
        const before = network.grants.length;
        network.connect().send([ResumeMessage.encode(request)]);
        await network.pass(latency + 1);
        // It is lost where the network is down, or a cut that was on its way comes first.
        const arrived = network.requests.findIndex((other, at) => at >= before && isDeepStrictEqual(other, request));
        if (arrived >= 0) expect(network.grants[arrived]).to.equal(false);
        break;
      }
      case 'down':
        network.isDown = true;
        clock.after(each.time, () => (network.isDown = false));
        break;
      case 'pause':
        ends[each.end].transport.pause();
        clock.after(each.time, () => ends[each.end].transport.resume());
        break;
      case 'pass':
        await network.pass(each.time);
        break;
    }
    expectPrefix(ends[1], sent[0]);
    expectPrefix(ends[0], sent[1]);
    for (const { session } of ends) expect(session.keptBytes).to.be.lessThan(WINDOW + MOST_AT_ONCE);
  }
  network.cutNext = undefined;
  await network.pass(40_000, 80);
  for (const side of [0, 1] as const) {
    expectPrefix(ends[1 - side]!, sent[side]);
    expect(ends[1 - side]!.frames.length).to.equal(sent[side].length);
  }
  expect([...ends[0].closings, ...ends[1].closings]).to.deep.equal([]);
  expect(ends[0].session.keptBytes + ends[1].session.keptBytes).to.equal(0);
  await Promise.all([dialer.transport.close(), network.pass(3000, 20)]);
  await ends[1].transport.close();
  await network.pass(10_000, 80);
  expect(clock.pending, 'timers that are left').to.equal(0);
  seen.granted += network.grants.filter((isGranted) => isGranted).length;
  seen.refused += network.grants.filter((isGranted) => !isGranted).length;
  seen.cutsWithin += network.cutsWithin;
}

/** RESUME_PING now and then, as from an end that is alive. Returns what ends it. */
function setPings(clock: VirtualClock, wire: Wire): () => void {
  let stop = () => {};
  const ping = () => {
    wire.send([ResumeMessage.encode({ name: 'RESUME_PING' })]);
    stop = clock.after(2000, ping);
  };
  ping();
  return () => stop();
}

function expectPrefix({ frames }: TransportEnd, sent: readonly Uint8Array[]): void {
  expect(frames.length).to.be.at.most(sent.length);
  const wrong = frames.findIndex((frame, index) => Buffer.compare(frame, sent[index]!) !== 0);
  expect(wrong, 'the first frame that is another').to.equal(-1);
}
