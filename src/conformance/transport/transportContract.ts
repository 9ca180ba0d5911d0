import { UsageError } from '../../../codecs/core/errors.ts';
import type { Parts } from '../../../codecs/core/parts.ts';
import type { Transport } from '../../ports/transport.ts';
import { sameBytes } from '../bytes.ts';
import { check, checkEqual, CheckFailure } from '../verdict.ts';
import { cut, frameOf, TransportEnd } from './transportEnd.ts';

/** Two transports that are connected and not started. */
export interface TransportConnection {
  /** One end. */
  readonly left: Transport;
  /** The other end. */
  readonly right: Transport;
  /** Cuts the connection at the right end in a way that the left end sees as a failure. Absent where nothing can fail. */
  readonly sever?: () => void;
  /** Frees what the connection needed besides its transports. */
  release(): Promise<void>;
}

/** Options of {@link transportContract}. */
export interface TransportContractOptions {
  /** A new connection, for each test. */
  readonly connect: () => Promise<TransportConnection>;
  /** Whether a connection can break: it has {@link TransportConnection.sever} then. */
  readonly canFail: boolean;
  /** Bytes. Default: 65531, what TPKT can announce. */
  readonly largestFrame?: number;
  /** Lets the event loop go round once. Default: a timer of 0 ms; in Node `setImmediate` is quicker. */
  readonly turn?: () => Promise<void>;
}

/** One rule of the contract, for the test framework of your choice. */
export interface TransportTest {
  /** The behaviour in one line. */
  readonly title: string;
  /** Rejects when the rule is broken. A transport that never delivers makes it wait for ever: the framework has a timeout. */
  readonly run: () => Promise<void>;
}

/** The arguments of a rule. */
interface Scene {
  readonly connection: TransportConnection;
  readonly left: TransportEnd;
  readonly right: TransportEnd;
  readonly largestFrame: number;
  readonly connect: () => Promise<TransportConnection>;
  /** Lets the event loop go round so many times. */
  readonly turns: (count: number) => Promise<void>;
}

/** Bytes that a sender may get rid of before a paused reader stops it: the system's socket buffers, generously. */
const BOUND = 48 * 1024 * 1024;

/**
 * The rules for every `Transport`: frames whole and in order, back-pressure with a bound, `drained` only when it is due,
 * `pause` at once, `closed` last and once.
 *
 * ```ts
 * for (const { title, run } of transportContract({ connect, canFail: false })) it(title, run);
 * ```
 */
export function transportContract(options: TransportContractOptions): TransportTest[] {
  const {
    connect,
    canFail,
    largestFrame = 65531,
    turn = () => new Promise((resolve) => setTimeout(resolve, 0)),
  } = options;
  const turns = async (count: number) => {
    for (let done = 0; done < count; done += 1) await turn();
  };
  const rules = canFail ? { ...RULES, ...FAILURE } : RULES;
  return Object.entries(rules).map(([title, rule]) => ({
    title,
    run: async () => {
      const connection = await connect();
      const left = new TransportEnd(connection.left);
      const right = new TransportEnd(connection.right);
      try {
        await rule({ connection, left, right, largestFrame, connect, turns });
      } finally {
        await Promise.all([left.transport.close(), right.transport.close()]);
        await connection.release();
      }
    },
  }));
}

type Rule = (scene: Scene) => Promise<void>;

const RULES: Readonly<Record<string, Rule>> = {
  async 'names the other end, in one line'({ turns, left, right }) {
    for (const { transport } of [left, right])
      check(/^[a-z]+:.+$/.test(transport.remote), `remote is ${transport.remote}`);
    await turns(1);
  },

  async 'delivers frames of every size, from many parts, whole and in order, in both directions'(scene) {
    const random = generator(1);
    for (let run = 0; run < 25; run += 1) {
      const [from, to] = run % 2 === 0 ? [scene.left, scene.right] : [scene.right, scene.left];
      await checkDelivered(from, to, randomSends(random, scene.largestFrame));
    }
  },

  async 'sends many frames at once, empty parts among them'({ left, right }) {
    const none = new Uint8Array(0);
    const frame = (index: number) => frameOf(8 + (index % 50), index);
    left.transport.send(Array.from({ length: 2000 }, (_, index) => [none, ...cut(frame(index), [8]), none]));
    await right.untilFrames(2000);
    checkFrames(
      right,
      Array.from({ length: 2000 }, (_, index) => frame(index)),
    );
  },

  async 'gives plain Uint8Arrays, whose slice() is a copy'({ left, right, largestFrame }) {
    left.transport.send([cut(frameOf(20), [8]), [new Uint8Array(30)], [frameOf(largestFrame)]]);
    await right.untilFrames(3);
    const isPlain = right.frames.every((frame) => Object.getPrototypeOf(frame) === Uint8Array.prototype);
    check(isPlain, 'a frame is of a class of its own');
  },

  async 'refuses frames that no channel chunk can be, and sends nothing of that call'({ left, right, largestFrame }) {
    for (const size of [7, largestFrame + 1]) {
      const refusal = thrownBy(() => left.transport.send([[frameOf(9)], [frameOf(size)]]));
      check(refusal instanceof UsageError, `a frame of ${size} bytes did not throw a UsageError`);
      check(refusal.message.includes(`not ${size}`), `the refusal does not say "not ${size}": ${refusal.message}`);
    }
    left.transport.send([[frameOf(10)]]);
    await right.untilFrames(1);
    checkFrames(right, [frameOf(10)]);
  },

  async 'sends no frames when there are none'({ left, right }) {
    checkEqual(left.transport.send([]), true, 'send([])');
    left.transport.send([[frameOf(8)]]);
    await right.untilFrames(1);
    checkFrames(right, [frameOf(8)]);
  },

  async 'never delivers from inside send(), start() or resume()'({ turns, left, right }) {
    let inside = false;
    let violations = 0;
    const guarded = (action: () => void) => {
      inside = true;
      action();
      inside = false;
    };
    left.onFrame = right.onFrame = () => {
      violations += inside ? 1 : 0;
    };
    right.transport.pause();
    guarded(() => left.transport.send([[frameOf(8)], [frameOf(9)]]));
    await turns(20);
    guarded(() => right.transport.resume());
    await right.untilFrames(2);
    checkEqual(violations, 0, 'the number of frames that came from inside a call');
  },

  async 'stops at once when paused between two frames of one chunk, and goes on when resumed'({ turns, left, right }) {
    right.onFrame = () => right.transport.pause();
    const frames = Array.from({ length: 5 }, (_, index) => frameOf(100, index));
    left.transport.send(frames.map((frame) => [frame]));
    for (let count = 1; count <= 5; count += 1) {
      await right.untilFrames(count);
      await turns(10);
      checkEqual(right.frames.length, count, 'the number of frames');
      right.transport.resume();
    }
    checkFrames(right, frames);
  },

  async 'makes a sender wait when the reader pauses, with a bound on what is queued, and drains when it resumes'(
    scene,
  ) {
    const { left, right, largestFrame, turns } = scene;
    const frame = frameOf(largestFrame);
    let sent = 0;
    let more = true;
    right.transport.pause();
    for (let round = 0; round < 200; round += 1) {
      const drains: number = left.drains;
      while (more && sent < 2 * BOUND) {
        sent += frame.byteLength;
        more = left.transport.send([[frame]]);
      }
      await turns(3);
      if (left.drains > drains) more = true;
    }
    checkEqual(more, false, 'send(), with a reader that pauses,');
    check(sent < BOUND, `${sent} bytes went although the reader pauses`);
    checkEqual(right.frames.length, 0, 'the number of frames at a reader that pauses');
    const drains = left.drains;
    right.transport.resume();
    await left.until((end) => end.drains > drains);
    await right.untilFrames(sent / frame.byteLength);
    checkEqual(left.drains, drains + 1, 'the number of drained()');
    check(
      right.frames.every((each) => sameBytes(each, frame)),
      'a frame came with other bytes',
    );
  },

  async 'says drained only after a send() that asked to wait'({ turns, left, right }) {
    checkEqual(left.transport.send([[frameOf(8)]]), true, 'send() of 8 bytes');
    await right.untilFrames(1);
    await turns(10);
    checkEqual(left.drains, 0, 'the number of drained()');
  },

  async 'sends what is queued before it closes; the peer sees the close once, after the frames'({
    turns,
    left,
    right,
  }) {
    const frames = Array.from({ length: 160 }, (_, index) => frameOf(15_000, index));
    let framesAtClose = -1;
    const closed = right.untilClosed().then(() => (framesAtClose = right.frames.length));
    left.transport.send(frames.map((frame) => [frame]));
    await left.transport.close();
    await closed;
    checkEqual(framesAtClose, frames.length, 'the number of frames before closed()');
    await turns(10);
    checkClosedOnce(right);
    checkFrames(right, frames);
  },

  async 'delivers what a peer sent before it closed even to a reader that was paused'({ turns, left, right }) {
    right.transport.pause();
    left.transport.send([[frameOf(500, 1)], [frameOf(600, 2)]]);
    const closing = left.transport.close();
    await turns(10);
    checkEqual(right.frames.length + right.closings.length, 0, 'the number of events while paused');
    right.transport.resume();
    await right.untilClosed();
    checkFrames(right, [frameOf(500, 1), frameOf(600, 2)]);
    await closing;
  },

  async 'tells the closing end once too, before close() resolves, and delivers nothing to it any more'({
    left,
    turns,
    right,
  }) {
    const closing = left.transport.close();
    right.transport.send([[frameOf(8)]]);
    await closing;
    checkClosedOnce(left);
    await left.transport.close();
    await turns(10);
    checkClosedOnce(left);
    checkFrames(left, []);
  },

  async 'survives both ends closing at the same time'({ left, right }) {
    await Promise.all([left.transport.close(), right.transport.close(), left.transport.close()]);
    await Promise.all([left.untilClosed(), right.untilClosed()]);
    checkClosedOnce(left);
    checkClosedOnce(right);
  },

  async 'takes send(), pause() and resume() after the end as nothing'({ turns, left, right }) {
    await left.transport.close();
    await right.untilClosed();
    for (const { transport } of [left, right]) {
      checkEqual(transport.send([[frameOf(8)]]), true, 'send() after the end');
      transport.pause();
      transport.resume();
    }
    await turns(10);
    checkEqual(left.closings.length + right.closings.length, 2, 'the number of closed()');
  },

  async 'can close from inside a handler'({ left, right }) {
    right.onFrame = () => void right.transport.close();
    left.transport.send([[frameOf(8)], [frameOf(9)]]);
    await left.untilClosed();
    await right.untilClosed();
    checkEqual(right.frames.length, 1, 'the number of frames');
  },

  async 'tells an end that starts late what it missed'({ turns, connect }) {
    const other = await connect();
    const sender = new TransportEnd(other.left);
    sender.transport.send([[frameOf(12)]]);
    const closing = sender.transport.close();
    await turns(10);
    const late = new TransportEnd(other.right);
    await late.untilClosed();
    checkFrames(late, [frameOf(12)]);
    checkClosedOnce(late);
    await Promise.all([closing, late.transport.close(), other.release()]);
  },

  async 'can be closed without ever having been started'({ connect }) {
    const other = await connect();
    const peer = new TransportEnd(other.left);
    await other.right.close();
    checkEqual((await peer.untilClosed())?.message, undefined, 'the reason of the end');
    await Promise.all([peer.transport.close(), other.release()]);
  },
};

const FAILURE: Readonly<Record<string, Rule>> = {
  async 'tells of a failure once, in one line that names the peer'({ turns, connection, left }) {
    connection.sever?.();
    const error = await left.untilClosed();
    await turns(10);
    checkEqual(left.closings.length, 1, 'the number of closed()');
    if (error === undefined) throw new CheckFailure('the end has no reason');
    check(error.message.includes(left.transport.remote), `the reason does not name the peer: ${error.message}`);
    check(!error.message.includes('\n'), 'the reason has several lines');
    await left.transport.close();
    checkEqual(left.closings.length, 1, 'the number of closed()');
  },
};

/** A frame of each size, cut at these places, call by call. */
type Sends = readonly (readonly (readonly [size: number, cuts: readonly number[]])[])[];

async function checkDelivered(from: TransportEnd, to: TransportEnd, sends: Sends): Promise<void> {
  to.frames.length = 0;
  const expected: Uint8Array[] = [];
  for (const send of sends) {
    const frames: Parts[] = [];
    for (const [size, cuts] of send) {
      const whole = frameOf(size, expected.length);
      expected.push(whole);
      frames.push(cut(whole, cuts));
    }
    from.transport.send(frames);
  }
  await to.untilFrames(expected.length);
  checkFrames(to, expected);
}

function randomSends(random: (below: number) => number, largest: number): Sends {
  const list = <T>(length: number, item: () => T) => Array.from({ length }, item);
  const size = () => [8 + random(57), 8 + random(largest - 7), largest][random(3)] ?? largest;
  return list(1 + random(5), () => list(random(13), () => [size(), list(random(5), () => random(3001))] as const));
}

/** Numbers that look like random ones and are the same in each run: `random(n)` is from 0 to n - 1. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
}

function checkFrames({ frames }: TransportEnd, expected: readonly Uint8Array[]): void {
  checkEqual(frames.length, expected.length, 'the number of frames');
  frames.forEach((frame, index) => {
    const wanted = expected[index];
    check(wanted !== undefined && sameBytes(frame, wanted), `frame ${index} came with other bytes`);
  });
}

function checkClosedOnce({ closings }: TransportEnd): void {
  checkEqual(closings.length, 1, 'the number of closed()');
  checkEqual(closings[0]?.message, undefined, 'the reason of the end');
}

function thrownBy(action: () => void): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
