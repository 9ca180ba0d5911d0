import { expect } from 'chai';
import { Failure } from '../../src/cli/failure.ts';
import { helloOf } from '../../src/cli/serverHello.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const NEVER = new Promise<never>(() => {});

describe('The wait for a channel for USB', () => {
  /** What is told once `time` milliseconds have passed, or what came of `others`. */
  async function waited(remote: string, time: number, others: readonly string[] = []) {
    const clock = new VirtualClock();
    const { signal } = new AbortController();
    const hello = helloOf(remote, NEVER, new Set(others), { closed: NEVER }, signal, clock);
    clock.advance(time - 1);
    expect(clock.pending).to.equal(1);
    clock.advance(1);
    const failure = await hello;
    expect(clock.pending).to.equal(0);
    if (!(failure instanceof Failure)) throw new Error(`it was no failure, but ${failure}`);
    return failure.message;
  }

  it('takes a minute at an RDP server, which may wait at its logon screen', async () => {
    expect(await waited('rdp://desk:3389', 60_000)).to.match(
      /^rdp:\/\/desk:3389 opened no dynamic channel within 60 s: it waits at its logon screen, or has no USB redirection/,
    );
  });

  it('tells the channels that an RDP server did open', async () => {
    expect(await waited('rdp://desk:3389', 60_000, ['rdpgfx', 'audio'])).to.include(
      'opened channels (rdpgfx, audio) within 60 s, and none for USB',
    );
  });

  it('takes 6 seconds elsewhere', async () => {
    expect(await waited('tcp://desk:1', 6000)).to.include('takes connections, but nothing that `urbdrc serve` says');
  });

  it('ends with the channel, the connection and the command, and leaves no timer', async () => {
    const done = Promise.resolve();
    const { signal } = new AbortController();
    const clock = new VirtualClock();
    const at = (greeted: Promise<void>, closed: Promise<undefined>, stop = signal) =>
      helloOf('rdp://desk:3389', greeted, new Set(), { closed }, stop, clock);
    expect(await at(done, NEVER)).to.equal('came');
    expect(await at(NEVER, Promise.resolve(undefined))).to.equal('over');
    expect(await at(NEVER, NEVER, AbortSignal.abort())).to.equal('over');
    expect(clock.pending).to.equal(0);
  });
});
