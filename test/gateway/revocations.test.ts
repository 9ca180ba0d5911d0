import { expect } from 'chai';
import { watchRevocations } from '../../src/gateway/revocations.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { turns } from '../transports/turns.ts';

describe('users whose access is taken back while they are connected', () => {
  let clock: VirtualClock;
  let users: string[];
  let ended: string[];
  let asked: (readonly string[])[];

  beforeEach(() => {
    clock = new VirtualClock();
    users = ['alice', 'bob'];
    ended = [];
    asked = [];
  });

  const watch = (revoked: (users: readonly string[]) => Promise<readonly string[]>) =>
    watchRevocations({
      gateway: {
        get users() {
          return users;
        },
        end: (user, error) => ended.push(`${user}: ${error.message}`),
      },
      revoked: (those) => {
        asked.push(those);
        return revoked(those);
      },
      clock,
    });
  /** Until the next look is waited for. */
  const pass = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await turns(10);
  };

  it('are looked for every 5 s, and ended; others stay', async () => {
    const stop = watch(() => Promise.resolve(['bob']));
    await pass(4999);
    expect(asked).to.deep.equal([]);
    await pass(1);
    expect(asked).to.deep.equal([['alice', 'bob']]);
    expect(ended).to.deep.equal(['bob: the access of this user was taken back']);
    users = ['alice'];
    await pass(5000);
    expect(asked[1]).to.deep.equal(['alice']);
    stop();
    expect(clock.pending).to.equal(0);
  });

  it('stay while it cannot be known, and nobody is asked for where nobody is connected', async () => {
    let isReached = false;
    watch(() => (isReached ? Promise.resolve(['alice']) : Promise.reject(new Error('no Redis'))));
    await pass(5000);
    expect(ended).to.deep.equal([]);
    isReached = true;
    users = [];
    await pass(5000);
    expect(asked).to.have.length(1);
    users = ['alice'];
    await pass(5000);
    expect(ended).to.have.length(1);
  });

  it('are looked for again 5 s after the begin of the look before, however long that took', async () => {
    let answer: (users: readonly string[]) => void = () => {};
    watch(() => new Promise((resolve) => (answer = resolve)));
    await pass(5000);
    await pass(2900);
    answer([]);
    await turns(10);
    await pass(2100);
    expect(asked).to.have.length(2);
  });

  it('a look that is under way when it is stopped is the last one', async () => {
    let answer: (users: readonly string[]) => void = () => {};
    const stop = watch(() => new Promise((resolve) => (answer = resolve)));
    await pass(5000);
    stop();
    answer([]);
    await turns(10);
    expect(clock.pending).to.equal(0);
  });
});
