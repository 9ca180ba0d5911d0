import { expect } from 'chai';
import {
  ANSWER_TIME,
  DEVICE_SHARE_TRANSITIONS,
  DeviceShare,
  type DeviceShareEvent,
  FAIRNESS_TIME,
  HAND_OVER_TIME,
  LONGEST_QUEUE,
} from '../../src/hub/deviceShare.ts';
import type { ShareDecision } from '../../src/policy/shareRules.ts';

const TAKE: ShareDecision = { action: 'take', reason: 'it may be taken', notice: 0 };
const ASK: ShareDecision = { action: 'ask', reason: 'the holder is asked', notice: 0 };
const REFUSE: ShareDecision = { action: 'refuse', reason: 'it stays', notice: 0 };
const [A, B, C] = [{ name: 'A' }, { name: 'B' }, { name: 'C' }];

type Person = typeof A;

/** What was told, in a few words. */
function told(events: readonly DeviceShareEvent<Person>[]): string[] {
  return events.map((event) => {
    switch (event.type) {
      case 'granted':
        return `${event.claimant.name} has it${event.from === undefined ? '' : `, taken from ${event.from.name}`}`;
      case 'refused':
        return `${event.claimant.name} refused: ${event.reason} (${event.holder?.name} since ${event.since})`;
      case 'queued':
        return `${event.claimant.name} is ${event.place}. of the queue`;
      case 'holderAsked':
        return `${event.holder.name} is asked for ${event.claimant.name}`;
      case 'questionWithdrawn':
        return 'the question is withdrawn';
      case 'noticed':
        return `${event.holder.name} has notice until ${event.begins}`;
      case 'handOver':
        return `hand over from ${event.holder.name} to ${event.claimant?.name} until ${event.until}`;
      case 'forced':
        return `${event.holder.name} is cut off`;
    }
  });
}

/** Somebody claims it. */
function claim(
  share: DeviceShare<Person>,
  claimant: Person,
  now: number,
  rule: ShareDecision = REFUSE,
  wait = 0,
): string[] {
  return told(share.claim({ claimant, want: 'take', wait }, rule, now));
}

/** A device in each state, at 100. A has it since 0, B wants it. */
const inState = {
  free: () => new DeviceShare<Person>(),
  held: () => {
    const share = new DeviceShare<Person>();
    claim(share, A, 0);
    return share;
  },
  asked: () => {
    const share = inState.held();
    claim(share, B, 100, ASK);
    return share;
  },
  leaving: () => {
    const share = inState.held();
    claim(share, B, 100, TAKE);
    return share;
  },
  locked: () => {
    const share = inState.held();
    share.lock('A writes to it');
    return share;
  },
};

describe('a device that several may want', () => {
  describe('free', () => {
    it('is held by whoever claims it', () => {
      const share = inState.free();
      expect(claim(share, A, 5)).to.deep.equal(['A has it']);
      expect(share.state).to.deep.equal({ name: 'held', holder: A, since: 5 });
    });

    it('has nothing to release, to take back or to lock', () => {
      const share = inState.free();
      expect([share.released(0), share.takeBack(B, 0), share.lock('no')]).to.deep.equal([[], [], false]);
      expect(share.state.name).to.equal('free');
    });
  });

  describe('held', () => {
    it('is granted to its holder again, without a change', () => {
      const share = inState.held();
      expect(claim(share, A, 50, TAKE)).to.deep.equal(['A has it']);
      expect(share.state).to.deep.equal({ name: 'held', holder: A, since: 0 });
    });

    it('is refused to who does not wait, with the holder and since when', () => {
      const events = inState.held().claim({ claimant: B, want: 'normal', wait: 0 }, TAKE, 100);
      expect(told(events)).to.deep.equal(['B refused: it is in use (A since 0)']);
    });

    it('is free when the holder releases it and nobody waits', () => {
      const share = inState.held();
      expect(told(share.released(7))).to.deep.equal([]);
      expect(share.state).to.deep.equal({ name: 'free' });
    });

    it('goes to the first who waits when the holder goes, and then to the second', () => {
      const share = inState.held();
      expect(claim(share, B, 1, REFUSE, 1000)).to.deep.equal(['B is 1. of the queue']);
      expect(claim(share, C, 2, REFUSE, 1000)).to.deep.equal(['C is 2. of the queue']);
      expect(told(share.released(3))).to.deep.equal(['B has it']);
      expect(told(share.released(4))).to.deep.equal(['C has it']);
    });

    it('a claim that the rule refuses is told the rule', () => {
      expect(claim(inState.held(), B, 100)).to.deep.equal(['B refused: it stays (A since 0)']);
    });

    it('a claim waits as long as it said, and then is refused', () => {
      const share = inState.held();
      claim(share, B, 100, REFUSE, 1000);
      expect(share.nextTimeout()).to.equal(1100);
      expect(told(share.handleTimeout(1099))).to.deep.equal([]);
      expect(told(share.handleTimeout(1100))).to.deep.equal(['B refused: it did not become free in time (A since 0)']);
      expect([share.queue, share.nextTimeout()]).to.deep.equal([[], undefined]);
    });

    it(`has at most ${LONGEST_QUEUE} claims that wait`, () => {
      const share = inState.held();
      for (let index = 0; index < LONGEST_QUEUE; index += 1) claim(share, { name: `${index}` }, 0, REFUSE, 1000);
      expect(claim(share, B, 0, REFUSE, 1000)).to.deep.equal([
        'B refused: it stays, and 16 wait for it already (A since 0)',
      ]);
      expect(share.queue).to.have.length(LONGEST_QUEUE);
    });

    it('a claimant who waits already has one place', () => {
      const share = inState.held();
      claim(share, B, 0, REFUSE, 1000);
      expect(claim(share, B, 0, REFUSE, 1000)).to.deep.equal(['B is 1. of the queue']);
      expect(share.queue).to.deep.equal([B]);
    });

    it('a claimant who is gone leaves the queue', () => {
      const share = inState.held();
      claim(share, B, 0, REFUSE, 1000);
      share.withdraw(B);
      expect(told(share.released(1))).to.deep.equal([]);
    });
  });

  describe('asked', () => {
    it('asks the holder', () => {
      const share = inState.held();
      expect(claim(share, B, 100, ASK)).to.deep.equal(['A is asked for B']);
      expect(share.state).to.deep.equal({ name: 'asked', holder: A, since: 0, claimant: B, until: 100 + ANSWER_TIME });
    });

    it('leaves when the holder says yes', () => {
      const share = inState.asked();
      expect(told(share.answer(true, 200))).to.deep.equal([`hand over from A to B until ${200 + HAND_OVER_TIME}`]);
      expect(share.state.name).to.equal('leaving');
    });

    it('stays when the holder says no', () => {
      const share = inState.asked();
      expect(told(share.answer(false, 200))).to.deep.equal(['B refused: A keeps it (A since 0)']);
      expect(share.state).to.deep.equal({ name: 'held', holder: A, since: 0 });
    });

    it('stays when the holder does not answer in 20 s', () => {
      const share = inState.asked();
      expect(share.nextTimeout()).to.equal(20_100);
      expect(told(share.handleTimeout(20_100))).to.deep.equal([
        'the question is withdrawn',
        'B refused: A did not answer within 20 s (A since 0)',
      ]);
      expect(share.state.name).to.equal('held');
      expect(share.answer(true, 20_101)).to.deep.equal([]);
    });

    it('a claim that would wait does so after a no', () => {
      const share = inState.held();
      claim(share, B, 100, ASK, 1000);
      expect(told(share.answer(false, 200))).to.deep.equal(['B is 1. of the queue']);
    });

    it('another claim is refused, or waits', () => {
      const share = inState.asked();
      const reason = 'somebody else is to have it next';
      expect(claim(share, C, 100, TAKE)).to.deep.equal([`C refused: ${reason} (A since 0)`]);
      expect(claim(share, C, 100, TAKE, 1000)).to.deep.equal(['C is 1. of the queue']);
    });

    it('stays when the claimant is gone', () => {
      const share = inState.asked();
      expect(told(share.withdraw(B))).to.deep.equal(['the question is withdrawn']);
      expect(share.state.name).to.equal('held');
    });

    it('goes to the claimant when the holder goes without an answer', () => {
      const share = inState.asked();
      expect(told(share.released(200))).to.deep.equal(['the question is withdrawn', 'B has it']);
    });

    it('goes to the claimant when a person takes it back for nobody else', () => {
      const share = inState.asked();
      expect(told(share.takeBack(undefined, 200))).to.deep.equal([
        'the question is withdrawn',
        'hand over from A to B until 2200',
      ]);
    });
  });

  describe('leaving', () => {
    it('is handed over at once where the rule gives no notice', () => {
      expect(claim(inState.held(), B, 100, TAKE)).to.deep.equal(['hand over from A to B until 2100']);
    });

    it('is handed over after the notice that the rule gives', () => {
      const share = inState.held();
      expect(claim(share, B, 100, { ...TAKE, notice: 2000 })).to.deep.equal(['A has notice until 2100']);
      expect(share.nextTimeout()).to.equal(2100);
      expect(told(share.handleTimeout(2100))).to.deep.equal(['hand over from A to B until 4100']);
      expect(share.nextTimeout()).to.equal(4100);
    });

    it('is the claimant’s when the holder has released it', () => {
      const share = inState.leaving();
      expect(told(share.released(300))).to.deep.equal(['B has it, taken from A']);
      expect(share.state).to.deep.equal({ name: 'held', holder: B, since: 300 });
    });

    it('is taken by force after 2 s', () => {
      const share = inState.leaving();
      expect(share.nextTimeout()).to.equal(2100);
      expect(told(share.handleTimeout(2100))).to.deep.equal(['A is cut off']);
      expect([share.state.name, share.nextTimeout()]).to.deep.equal(['leaving', undefined]);
      expect(told(share.released(2101))).to.deep.equal(['B has it, taken from A']);
    });

    it('is free in the end when the claimant is gone meanwhile', () => {
      const share = inState.leaving();
      share.withdraw(B);
      expect(told(share.released(300))).to.deep.equal([]);
      expect(share.state.name).to.equal('free');
    });

    it('can be given to another by a person, and the first is told', () => {
      const share = inState.leaving();
      expect(told(share.takeBack(C, 200))).to.deep.equal(['B refused: a person gave it to C (A since 0)']);
      expect(told(share.released(300))).to.deep.equal(['C has it, taken from A']);
    });

    it('cannot be taken back for 10 s by the one from whom it was taken', () => {
      const share = inState.leaving();
      share.released(300);
      const reason = 'it was taken from A less than 10 s ago';
      expect(claim(share, { name: 'A' }, 301, TAKE)).to.deep.equal([`A refused: ${reason} (B since 300)`]);
      expect(claim(share, A, 300 + FAIRNESS_TIME, TAKE)).to.deep.equal(['hand over from B to A until 12300']);
    });
  });

  describe('locked', () => {
    it('refuses every claim, also one that would wait', () => {
      const share = inState.locked();
      expect(claim(share, B, 100, TAKE, 1000)).to.deep.equal(['B refused: it is locked: A writes to it (A since 0)']);
      expect(share.queue).to.deep.equal([]);
    });

    it('is held again when it is unlocked', () => {
      const share = inState.locked();
      share.unlock();
      expect(share.state).to.deep.equal({ name: 'held', holder: A, since: 0 });
    });

    it('goes to who waited before it was locked when the holder goes', () => {
      const share = inState.held();
      claim(share, B, 0, REFUSE, 1000);
      share.lock('A writes to it');
      expect(told(share.released(1))).to.deep.equal(['B has it']);
    });

    it('is free when the holder goes', () => {
      const share = inState.locked();
      share.released(100);
      expect(share.state.name).to.equal('free');
    });

    it('is not there while the device is asked for or leaves', () => {
      expect([inState.asked().lock('no'), inState.leaving().lock('no')]).to.deep.equal([false, false]);
    });
  });

  it('that is gone is refused to all who want it', () => {
    const share = inState.asked();
    claim(share, C, 100, REFUSE, 1000);
    expect(told(share.end('it is gone'))).to.deep.equal([
      'the question is withdrawn',
      'B refused: it is gone (A since 0)',
      'C refused: it is gone (A since 0)',
    ]);
    expect([share.queue, share.state.name]).to.deep.equal([[], 'held']);
  });

  it('moves as the table says, and in no other way', () => {
    const inputs: Record<string, (share: DeviceShare<Person>) => unknown> = {
      granted: (share) => claim(share, A, 200),
      claimAsks: (share) => claim(share, C, 200, ASK),
      claimTakes: (share) => claim(share, C, 200, TAKE),
      takenBack: (share) => share.takeBack(undefined, 200),
      agreed: (share) => share.answer(true, 200),
      declined: (share) => share.answer(false, 200),
      answerTimedOut: (share) => share.handleTimeout(100 + ANSWER_TIME),
      claimantLeft: (share) => share.withdraw(B),
      handOverTimedOut: (share) => share.handleTimeout(100 + HAND_OVER_TIME),
      released: (share) => {
        share.withdraw(B);
        share.released(200);
      },
      releasedToNext: (share) => {
        claim(share, C, 200, REFUSE, 1000);
        share.released(200);
      },
      locked: (share) => share.lock('A writes to it'),
      unlocked: (share) => share.unlock(),
    };
    const moves = Object.entries(inState).flatMap(([from, make]) =>
      Object.entries(inputs).map(([input, apply]) => {
        const share = make();
        apply(share);
        return `${from}, ${input}: ${share.state.name}`;
      }),
    );
    const table: Readonly<Record<string, Readonly<Record<string, string>>>> = DEVICE_SHARE_TRANSITIONS;
    // In `free` a claim of anybody is granted; in `asked` the claimant leaves before the release without a next one.
    const odd = new Set([
      'free, claimAsks',
      'free, claimTakes',
      'free, releasedToNext',
      'asked, released',
      'locked, releasedToNext',
    ]);
    for (const move of moves) {
      const [from = '', input = '', to] = move.split(/[,:] /);
      if (!odd.has(`${from}, ${input}`)) expect(move).to.equal(`${from}, ${input}: ${table[from]?.[input] ?? from}`);
      else expect(to).to.be.oneOf(['held', 'free']);
    }
  });
});
