import { expect } from 'chai';
import fc from 'fast-check';
import { frameOf, TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { WINDOW } from '../../../src/resume/sendWindow.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { TurnClock } from '../../turnClock.ts';
import { transportContract } from '../contract.ts';
import { type Cut, Network, sessionOf } from './network.ts';

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

  it('delivers everything once and in order, whatever is cut and whenever', async () => {
    await fc.assert(fc.asyncProperty(story, play), { numRuns: 50 });
  });
});

type Happening =
  | { readonly type: 'send'; readonly from: 0 | 1; readonly sizes: readonly number[] }
  | { readonly type: 'cut'; readonly told: Cut }
  | { readonly type: 'down'; readonly time: number }
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
  { weight: 1, arbitrary: fc.record({ type: fc.constant('down'), time: fc.integer({ min: 1, max: 6000 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pause'), end, time: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('pass'), time: fc.integer({ min: 0, max: 60 }) }) },
);
const story = fc.record({
  latency: fc.integer({ min: 0, max: 12 }),
  happenings: fc.array(happening, { maxLength: 60 }),
});

async function play({ latency, happenings }: { readonly latency: number; readonly happenings: readonly Happening[] }) {
  const clock = new VirtualClock();
  const network = new Network(clock, { latency: () => latency, hold: 300 });
  const dialer = new End(network.dial());
  await network.pass(4 * latency + 5);
  const ends = [dialer, new End(network.accepted[0]!)] as const;
  const sent: [Uint8Array[], Uint8Array[]] = [[], []];
  for (const each of happenings) {
    switch (each.type) {
      case 'send': {
        const frames = each.sizes.map((size, index) => frameOf(size, sent[each.from].length + index));
        sent[each.from].push(...frames);
        // The sender's buffers are its own again once they were given.
        const given = frames.map((frame) => frame.slice());
        ends[each.from].transport.send(given.map((frame) => [frame.subarray(0, 4), frame.subarray(4)]));
        for (const frame of given) frame.fill(0xee);
        break;
      }
      case 'cut':
        network.cut(each.told);
        break;
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
  }
  await network.pass(40_000, 80);
  for (const side of [0, 1] as const) {
    expectPrefix(ends[1 - side]!, sent[side]);
    expect(ends[1 - side]!.frames.length).to.equal(sent[side].length);
  }
  expect([...ends[0].closings, ...ends[1].closings]).to.deep.equal([]);
  expect(ends[0].session.keptBytes + ends[1].session.keptBytes).to.equal(0);
  await Promise.all([dialer.transport.close(), network.pass(3000, 20)]);
  await ends[1].transport.close();
  expect(clock.pending, 'timers that are left').to.equal(0);
}

function expectPrefix({ frames }: TransportEnd, sent: readonly Uint8Array[]): void {
  expect(frames.length).to.be.at.most(sent.length);
  const wrong = frames.findIndex((frame, index) => Buffer.compare(frame, sent[index]!) !== 0);
  expect(wrong, 'the first frame that is another').to.equal(-1);
}
