import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { cut, End, frameOf, sameBytes, turns } from './ends.ts';

/** Two transports that are connected and not started. */
export interface Connection {
  readonly left: Transport;
  readonly right: Transport;
  /** Cuts the connection at the right end in a way that the left end sees as a failure. Absent where nothing can fail. */
  readonly sever?: () => void;
  /** Frees what the connection needed besides its transports. */
  release(): Promise<void>;
}

/** Bytes that a sender may get rid of before a paused reader stops it: the system's socket buffers, generously. */
const BOUND = 48 * 1024 * 1024;

export interface ContractOptions {
  /** Whether a connection can break. */
  readonly canFail: boolean;
  /** Bytes. Default: 65531, what TPKT can announce. */
  readonly largestFrame?: number;
}

/** What holds for every transport. Call it inside a `describe`. */
export function transportContract(
  connect: () => Promise<Connection>,
  { canFail, largestFrame = 65531 }: ContractOptions,
): void {
  let connection: Connection;
  let left: End;
  let right: End;

  beforeEach(async () => {
    connection = await connect();
    left = new End(connection.left);
    right = new End(connection.right);
  });

  afterEach(async () => {
    await Promise.all([left.transport.close(), right.transport.close()]);
    await connection.release();
  });

  it('names the other end', () => {
    expect(left.transport.remote).to.match(/^(memory|tcp|tls|unix|rdp):/);
    expect(right.transport.remote).to.match(/^(memory|tcp|tls|unix|rdp):/);
  });

  it('delivers frames of every size, from many parts, whole and in order, in both directions', async () => {
    const size = fc.oneof(
      fc.integer({ min: 8, max: 64 }),
      fc.integer({ min: 8, max: largestFrame }),
      fc.constant(largestFrame),
    );
    const frame = fc.tuple(size, fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 4 }));
    const sends = fc.array(fc.array(frame, { maxLength: 12 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sends, fc.boolean(), async (list, fromLeft) => {
        const [from, to] = fromLeft ? [left, right] : [right, left];
        to.frames.length = 0;
        const expected: Uint8Array[] = [];
        for (const send of list) {
          const frames: Parts[] = [];
          for (const [bytes, cuts] of send) {
            const whole = frameOf(bytes, expected.length);
            expected.push(whole);
            frames.push(cut(whole, cuts));
          }
          from.transport.send(frames);
        }
        await to.untilFrames(expected.length);
        expect(to.frames.length).to.equal(expected.length);
        expect(to.frames.every((each, index) => sameBytes(each, expected[index]!))).to.equal(true);
      }),
      { numRuns: 25 },
    );
  });

  it('sends many frames at once, empty parts among them', async () => {
    const none = new Uint8Array(0);
    const frames = Array.from({ length: 2000 }, (_, index) => [
      none,
      ...cut(frameOf(8 + (index % 50), index), [8]),
      none,
    ]);
    left.transport.send(frames);
    await right.untilFrames(2000);
    expect(right.frames.every((each, index) => sameBytes(each, frameOf(8 + (index % 50), index)))).to.equal(true);
  });

  it('gives plain Uint8Arrays, whose slice() is a copy', async () => {
    left.transport.send([cut(frameOf(20), [8]), [Buffer.alloc(30)], [frameOf(largestFrame)]]);
    await right.untilFrames(3);
    for (const frame of right.frames) expect(Object.getPrototypeOf(frame)).to.equal(Uint8Array.prototype);
  });

  it('refuses frames that no channel chunk can be, and sends nothing of that call', async () => {
    expect(() => left.transport.send([[frameOf(9)], [frameOf(7)]])).to.throw(
      UsageError,
      `a frame has 8 to ${largestFrame} bytes, not 7`,
    );
    const tooMuch = largestFrame + 1;
    expect(() => left.transport.send([[frameOf(9)], [frameOf(tooMuch)]])).to.throw(UsageError, `not ${tooMuch}`);
    left.transport.send([[frameOf(10)]]);
    await right.untilFrames(1);
    expect(right.frames.map((frame) => frame.byteLength)).to.deep.equal([10]);
  });

  it('sends no frames when there are none', async () => {
    expect(left.transport.send([])).to.equal(true);
    left.transport.send([[frameOf(8)]]);
    await right.untilFrames(1);
    expect(right.frames.length).to.equal(1);
  });

  it('never delivers from inside send(), start() or resume()', async () => {
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
    expect(violations).to.equal(0);
  });

  it('stops at once when paused between two frames of one chunk, and goes on when resumed', async () => {
    right.onFrame = () => right.transport.pause();
    left.transport.send(Array.from({ length: 5 }, (_, index) => [frameOf(100, index)]));
    for (let count = 1; count <= 5; count += 1) {
      await right.untilFrames(count);
      await turns(10);
      expect(right.frames.length).to.equal(count);
      right.transport.resume();
    }
    expect(right.frames.every((each, index) => sameBytes(each, frameOf(100, index)))).to.equal(true);
  });

  it('makes a sender wait when the reader pauses, with a bound on what is queued, and drains when it resumes', async () => {
    const frame = frameOf(largestFrame);
    let sent = 0;
    let more = true;
    const produce = () => {
      while (more && sent < 2 * BOUND) {
        sent += frame.byteLength;
        more = left.transport.send([[frame]]);
      }
    };
    right.transport.pause();
    for (let round = 0; round < 200; round += 1) {
      const drains: number = left.drains;
      produce();
      await turns(3);
      if (left.drains > drains) more = true;
    }
    expect(more).to.equal(false);
    expect(sent).to.be.lessThan(BOUND);
    expect(right.frames.length).to.equal(0);
    const drains = left.drains;
    right.transport.resume();
    await left.until((end) => end.drains > drains);
    await right.untilFrames(sent / frame.byteLength);
    expect(left.drains).to.equal(drains + 1);
    expect(right.frames.every((each) => sameBytes(each, frame))).to.equal(true);
  });

  it('says drained only after a send() that asked to wait', async () => {
    expect(left.transport.send([[frameOf(8)]])).to.equal(true);
    await right.untilFrames(1);
    await turns(10);
    expect(left.drains).to.equal(0);
  });

  it('sends what is queued before it closes; the peer sees the close once, after the frames', async () => {
    const frames = Array.from({ length: 160 }, (_, index) => [frameOf(15_000, index)]);
    let framesAtClose = -1;
    const closed = right.untilClosed().then(() => (framesAtClose = right.frames.length));
    left.transport.send(frames);
    await left.transport.close();
    await closed;
    expect(framesAtClose).to.equal(160);
    await turns(10);
    expect(right.closings).to.deep.equal([undefined]);
    expect(right.frames.every((each, index) => sameBytes(each, frameOf(15_000, index)))).to.equal(true);
  });

  it('delivers what a peer sent before it closed even to a reader that was paused', async () => {
    right.transport.pause();
    left.transport.send([[frameOf(500, 1)], [frameOf(600, 2)]]);
    const closing = left.transport.close();
    await turns(10);
    expect(right.frames.length + right.closings.length).to.equal(0);
    right.transport.resume();
    await right.untilClosed();
    expect(right.frames.map((each) => each.byteLength)).to.deep.equal([500, 600]);
    await closing;
  });

  it('tells the closing end once too, before close() resolves, and delivers nothing to it any more', async () => {
    const closing = left.transport.close();
    right.transport.send([[frameOf(8)]]);
    await closing;
    expect(left.closings).to.deep.equal([undefined]);
    await left.transport.close();
    await turns(10);
    expect(left.closings.length).to.equal(1);
    expect(left.frames.length).to.equal(0);
  });

  it('survives both ends closing at the same time', async () => {
    await Promise.all([left.transport.close(), right.transport.close(), left.transport.close()]);
    await Promise.all([left.untilClosed(), right.untilClosed()]);
    expect(left.closings).to.deep.equal([undefined]);
    expect(right.closings).to.deep.equal([undefined]);
  });

  it('takes send(), pause() and resume() after the end as nothing', async () => {
    await left.transport.close();
    await right.untilClosed();
    for (const { transport } of [left, right]) {
      expect(transport.send([[frameOf(8)]])).to.equal(true);
      transport.pause();
      transport.resume();
    }
    await turns(10);
    expect(left.closings.length + right.closings.length).to.equal(2);
  });

  it('can close from inside a handler', async () => {
    right.onFrame = () => void right.transport.close();
    left.transport.send([[frameOf(8)], [frameOf(9)]]);
    await left.untilClosed();
    await right.untilClosed();
    expect(right.frames.length).to.equal(1);
  });

  it('tells an end that starts late what it missed', async () => {
    const other = await connect();
    const sender = new End(other.left);
    sender.transport.send([[frameOf(12)]]);
    const closing = sender.transport.close();
    await turns(10);
    const late = new End(other.right);
    await late.untilClosed();
    expect(late.frames.map((each) => each.byteLength)).to.deep.equal([12]);
    expect(late.closings).to.deep.equal([undefined]);
    await Promise.all([closing, late.transport.close(), other.release()]);
  });

  it('can be closed without ever having been started', async () => {
    const other = await connect();
    const peer = new End(other.left);
    await other.right.close();
    expect(await peer.untilClosed()).to.equal(undefined);
    await Promise.all([peer.transport.close(), other.release()]);
  });

  if (canFail) {
    it('tells of a failure once, in one line that names the peer', async () => {
      connection.sever?.();
      const error = await left.untilClosed();
      await turns(10);
      expect(left.closings.length).to.equal(1);
      expect(error).to.be.instanceOf(Error);
      expect(error?.message).to.include(left.transport.remote).and.not.include('\n');
      await left.transport.close();
      expect(left.closings.length).to.equal(1);
    });
  }
}
