import { expect } from 'chai';
import { dialAgainWhenCut } from '../../src/cli/dialAgain.ts';
import { memoryPair } from '../../transports/memory.ts';
import { TransportError } from '../../transports/transportError.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const HOLD = 10_000;
const CUT = new TransportError('CONNECTION_LOST', 'rdp://desk:3389: the connection was lost');
const AWAY = new TransportError('TIMED_OUT', 'rdp://desk:3389: nobody there');

describe('dialAgainWhenCut', () => {
  /**
   * What comes of a connection. Each step is one attempt: an error says that it fails, a number that it stands for so many
   * milliseconds and is then cut, 'ends' that the other end closes it.
   */
  async function outcome(
    steps: readonly (Error | number | 'ends')[],
    { hold = HOLD, canReturn = true, end = CUT } = {},
  ) {
    const clock = new VirtualClock();
    const lines: string[] = [];
    const attempts: number[] = [];
    const [transport] = memoryPair();
    let step: Error | number | 'ends' = 'ends';
    const returning = {
      dial: async () => {
        await Promise.resolve();
        attempts.push(clock.now());
        step = steps[Math.min(attempts.length, steps.length) - 1] ?? 'ends';
        if (step instanceof Error) throw step;
        return transport;
      },
      serve: async () => {
        await Promise.resolve();
        if (step === 'ends') return;
        clock.advance(Number(step));
        throw end;
      },
      canReturn: () => canReturn,
    };
    const terminal = { say: (line: string) => void lines.push(line) };
    const errors: unknown[] = [];
    void dialAgainWhenCut(returning, hold, terminal, new AbortController().signal, clock).then(
      () => errors.push(undefined),
      (reason: unknown) => errors.push(reason),
    );
    while (errors.length === 0) {
      if (clock.pending > 0) clock.advance(50);
      await Promise.resolve();
    }
    expect(clock.pending).to.equal(0);
    return { error: errors[0], attempts, lines };
  }

  it('dials again a little after the cut, and says so', async () => {
    expect(await outcome([1000, 'ends'])).to.deep.equal({
      error: undefined,
      attempts: [0, 1250],
      lines: [`${CUT.message}; it is dialled again for 10 s`],
    });
  });

  it('waits longer after each attempt, and ends with the last one, the time of the hold after the cut', async () => {
    const { error, attempts } = await outcome([1000, AWAY]);
    expect(error).to.equal(AWAY);
    expect(attempts).to.deep.equal([0, 1250, 1750, 2750, 4750, 8750, 11_000]);
  });

  it('comes to an end where the connection is cut again and again', async () => {
    const { error, attempts } = await outcome([0]);
    expect(error).to.equal(CUT);
    expect(attempts.at(-1)).to.equal(HOLD);
  });

  it('has the whole time again after a connection that stood for as long', async () => {
    const { error, attempts } = await outcome([0, HOLD, AWAY]);
    expect(error).to.equal(AWAY);
    expect(attempts.slice(0, 3)).to.deep.equal([0, 250, 10_500]);
    expect(attempts.at(-1)).to.equal(20_250);
  });

  const lasting = new TransportError('LOGON_REFUSED', 'wrong password');
  for (const [what, steps, options, expected] of [
    ['the first connection fails', [AWAY], {}, AWAY],
    ['there is no cookie', [0], { canReturn: false }, CUT],
    ['nothing is to be held', [0], { hold: 0 }, CUT],
    ['it ended for another reason', [0], { end: lasting }, lasting],
  ] as const) {
    it(`is over at once when ${what}`, async () => {
      expect(await outcome(steps, options)).to.deep.equal({ error: expected, attempts: [0], lines: [] });
    });
  }

  it('is over when the other end refuses it for good', async () => {
    const { error, attempts } = await outcome([0, lasting]);
    expect(error).to.equal(lasting);
    expect(attempts).to.deep.equal([0, 250]);
  });
});
