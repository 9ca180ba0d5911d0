import { expect } from 'chai';
import { clientTests, serverTests } from '../../src/conformance/conformanceTests.ts';
import { GradingRun } from '../../src/conformance/gradingRun.ts';
import { countVerdicts, summaryText } from '../../src/conformance/report.ts';
import type { Result } from '../../src/conformance/suite.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { memoryPair } from '../../transports/memory.ts';
import { TurnClock } from '../turnClock.ts';
import { gets } from './faults.ts';
import { tamper } from './tamper.ts';

const TIMES = { timeout: 400, quiet: 40 };

/** Our own client with an FX2, on a connection of its own for each test. */
function ownClient(clock: TurnClock, through: (suite: Transport) => Transport) {
  return () => {
    const [inner, outer] = memoryPair();
    new RedirectionClient(inner, { clock }).attach(new OsrFx2()).catch(() => {});
    return Promise.resolve(through(outer));
  };
}

async function resultsOf(tests: ReturnType<typeof clientTests>): Promise<Result[]> {
  const results: Result[] = [];
  for (const test of tests) results.push(await test.run());
  return results;
}

const idsOf = (results: readonly Result[], outcome: Result['verdict']['outcome']) =>
  results.filter(({ verdict }) => verdict.outcome === outcome).map(({ id }) => id);

describe('a precondition that is not met', () => {
  it('fails one requirement, and the others that need it are not judged', async () => {
    const clock = new TurnClock();
    // As IronRDP of August 2026: the second capability exchange of a connection ends it.
    const leaving = (suite: Transport) => {
      const tampering = gets('RIM_EXCHANGE_CAPABILITY_REQUEST', (_, { count }) => {
        if (count < 2) return undefined;
        void suite.close();
        return [];
      });
      return tamper(suite, 'client', tampering());
    };
    const results = await resultsOf(clientTests({ ...TIMES, clock, connect: ownClient(clock, leaving) }));
    expect(idsOf(results, 'fail')).to.deep.equal(['C01']);
    expect(idsOf(results, 'pass')).to.deep.equal(['C02', 'C03', 'C04']);
    const unjudged = results.filter(({ verdict }) => verdict.outcome === 'notJudged');
    expect(unjudged.length).to.be.above(25);
    for (const { id, verdict } of unjudged) {
      const reason = verdict.outcome === 'notJudged' ? verdict.reason : '';
      expect(reason, id).to.match(/^needs a device channel with ADD_DEVICE, see C01: .*closed the connection$/);
    }
    const report = { graded: 'client', results } as const;
    const { notJudged, notApplicable } = countVerdicts(report);
    expect(summaryText(report)).to.equal(
      `client: 3 passed, 1 failed, ${notApplicable} not applicable, ${notJudged} not judged`,
    );
  });

  it('is tried again by each test: a peer that recovers is judged', async () => {
    const clock = new TurnClock();
    let connections = 0;
    const connect = () => {
      connections += 1;
      if (connections <= 2) return Promise.reject(new Error('refused'));
      return ownClient(clock, (suite) => suite)();
    };
    const results = await resultsOf(clientTests({ ...TIMES, clock, connect }).slice(0, 4));
    expect(results.map(({ verdict }) => verdict.outcome)).to.deep.equal(['fail', 'notJudged', 'pass', 'pass']);
  });

  it('is told of servers too', async () => {
    const connect = () => Promise.reject(new Error('refused'));
    const results = await resultsOf(serverTests({ ...TIMES, clock: new TurnClock(), connect }));
    expect(idsOf(results, 'fail')).to.deep.equal(['S01']);
    expect(idsOf(results, 'notJudged').length).to.equal(results.length - 1);
  });
});

/** Everything that the peer sends takes so many milliseconds longer. */
function delayed(clock: TurnClock, delay: number) {
  return (suite: Transport): Transport => ({
    remote: suite.remote,
    start(handler) {
      suite.start({ ...handler, received: (frame) => void clock.after(delay, () => handler.received(frame.slice())) });
    },
    send: (frames) => suite.send(frames),
    pause: () => suite.pause(),
    resume: () => suite.resume(),
    close: () => suite.close(),
  });
}

describe('how long an answer may take', () => {
  it('is 5 seconds, ten times as long as the slowest opening, and at most a minute', () => {
    const run = new GradingRun();
    expect(run.timeout).to.equal(5000);
    run.opened(100);
    expect(run.timeout).to.equal(5000);
    run.opened(1200);
    run.opened(300);
    expect(run.timeout).to.equal(12_000);
    run.opened(10_000);
    expect(run.timeout).to.equal(60_000);
  });

  it('is more in the opening, until something has failed there', () => {
    const run = new GradingRun();
    expect(run.openingTimeout).to.equal(15_000);
    run.failed('an open control channel', 'C01');
    expect(run.openingTimeout).to.equal(5000);
  });

  for (const [timeout, outcome] of [
    [undefined, 'pass'],
    [5000, 'fail'],
  ] as const) {
    it(`a client whose every answer takes 6 s: ${outcome} with a timeout of ${timeout ?? 'no particular length'}`, async () => {
      const clock = new TurnClock();
      const connect = ownClient(clock, delayed(clock, 6000));
      const settings = { clock, quiet: 40, connect, ...(timeout !== undefined && { timeout }) };
      const [test] = clientTests(settings).filter(({ id }) => id === 'C02');
      expect((await test?.run())?.verdict.outcome).to.equal(outcome);
      const [texts] = clientTests(settings).filter(({ id }) => id === 'C15');
      expect((await texts?.run())?.verdict.outcome).to.equal(outcome);
    });
  }
});
