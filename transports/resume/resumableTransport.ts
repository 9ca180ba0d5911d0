import { DecodeError } from '../../codecs/core/errors.ts';
import { copyParts, type Parts } from '../../codecs/core/parts.ts';
import {
  decodeResumeHello,
  decodeResumeMessage,
  isResumeHello,
  isResumeMessage,
  type ResumeRequest,
} from '../../codecs/resume/resumeMessages.ts';
import { Alarm } from '../../src/alarm.ts';
import { NO_STEP, type Step } from '../../src/channels/machine.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ConnectionIdentity, Transport, TransportHandler } from '../../src/ports/transport.ts';
import type { ResumeEvent, ResumeSession } from '../../src/resume/resumeSession.ts';
import { WINDOW } from '../../src/resume/sendWindow.ts';
import { frameSize } from '../tpkt.ts';
import { TransportError } from '../transportError.ts';
import { Inbox } from './inbox.ts';

/** Who keeps the sessions of one end. */
export interface SessionKeeper {
  readonly clock: Clock;
  /** Both ends have agreed that the session can be resumed. */
  agreed?(transport: ResumableTransport): void;
  /** The connection is cut. A dialler is to call {@link ResumableTransport.tryAgain}. */
  cut(transport: ResumableTransport): void;
  /** Whether a new connection that ended so means that there will be none. */
  isFinal?(error: Error): boolean;
  /** More is kept for the other end while the connection is cut. */
  keptMore?(): void;
  /** Nothing can be resumed any more. */
  over(transport: ResumableTransport): void;
}

/** Milliseconds that `close` waits until all is on its way. */
const CLOSE_TIMEOUT = 2000;

/** A {@link Transport} that outlives its connections, docs/resume.md. Each is a transport that has not been started. */
export class ResumableTransport implements Transport {
  readonly remote: string;
  readonly identity?: ConnectionIdentity;
  readonly maximumFrame?: number;
  readonly session: ResumeSession;
  readonly #keeper: SessionKeeper;
  readonly #alarm: Alarm;
  readonly #inbox: Inbox;
  /** Undefined while interrupted, and at the end. */
  #connection: Transport | undefined;
  /** The connection takes more. */
  #isOpen = true;
  #isConnectionPaused = false;
  #handler: TransportHandler | undefined;
  #isPaused = false;
  #isWaitingForDrain = false;
  /** The handler was told of a cut, and of nothing since. */
  #isInterrupted = false;
  /** For how long it is held in all, milliseconds. */
  #held = 0;
  #end: { readonly error: Error | undefined } | undefined;
  #toldClosed = false;
  #closing: Promise<void> | undefined;
  #progressed: () => void = () => {};

  constructor(connection: Transport, session: ResumeSession, keeper: SessionKeeper) {
    this.remote = connection.remote;
    if (connection.identity !== undefined) this.identity = connection.identity;
    if (connection.maximumFrame !== undefined) this.maximumFrame = connection.maximumFrame;
    this.session = session;
    this.#keeper = keeper;
    this.#alarm = new Alarm(keeper.clock, (now) => {
      this.#apply(session.handleTimeout(now));
      // Also where it went off early.
      this.#alarm.set(session.nextTimeout());
    });
    this.#inbox = new Inbox(
      (frame) => this.#give(frame),
      () => this.#isFlowing(),
    );
    this.#follow(connection);
    this.#transmit(session.start());
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    if (this.#end?.error === undefined) queueMicrotask(() => this.#deliver());
    else this.#tellClosed();
  }

  send(frames: readonly Parts[]): boolean {
    if (this.session.state === 'plain') {
      if (this.#connection?.send(frames) === false) this.#isOpen = false;
    } else {
      // Copies, once: they may have to go again when the owner has other uses for its buffers.
      this.#transmit(this.session.send(copyFrames(frames)));
      if (this.session.state === 'interrupted') this.#keeper.keptMore?.();
    }
    this.#isWaitingForDrain ||= !this.#isWritable();
    return this.#isWritable();
  }

  notify(text: string): void {
    const frame = this.session.notice(text, this.#keeper.clock.now());
    if (frame !== undefined) this.#transmit([frame]);
  }

  pause(): void {
    this.#isPaused = true;
    this.#pauseConnection();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    queueMicrotask(() => this.#deliver());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Listener: a dialler wants to go on through a new connection, whose first frame this was. False where it must not: the
   * connection is not touched then.
   */
  takeOver(connection: Transport, request: ResumeRequest): boolean {
    const { clock } = this.#keeper;
    const step = this.session.resume(request, clock.now());
    if (step === undefined) return false;
    this.#tellInterrupted(clock.now() + this.session.hold);
    this.#leaveConnection();
    this.#follow(connection);
    this.#apply(step);
    return true;
  }

  /** Dialler: tries to go on through a new connection. Resolves when it is decided, or the connection is gone. */
  tryAgain(connection: Transport): Promise<void> {
    const request = this.session.request();
    if (request === undefined) return connection.close();
    return new Promise((resolve) => {
      this.#follow(connection, resolve);
      this.#transmit([request]);
    });
  }

  /** Ends a session whose connection is cut. */
  abandon(error: Error): void {
    if (this.session.state !== 'interrupted') return;
    this.session.close();
    this.#fail(error);
  }

  async #close(): Promise<void> {
    // Nothing is delivered from here on.
    this.#inbox.clear();
    await this.#flushed();
    const connection = this.#connection;
    this.#transmit(this.session.close());
    this.#leave({ error: undefined });
    await connection?.close();
    this.#tellClosed();
  }

  /** Resolves when all frames are on their way, or cannot go, or the time is up. */
  #flushed(): Promise<void> {
    const isDone = () => this.session.isFlushed || !['live', 'accepting'].includes(this.session.state);
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.#keeper.clock.after(CLOSE_TIMEOUT, resolve);
      this.#progressed = () => {
        if (!isDone()) return;
        stop();
        resolve();
      };
    });
  }

  /** @param decided called when the connection has brought the session on, or is gone */
  #follow(connection: Transport, decided: () => void = () => {}): void {
    this.#connection = connection;
    this.#isOpen = true;
    this.#isConnectionPaused = false;
    const isCurrent = () => this.#connection === connection;
    connection.start({
      received: (frame) => {
        if (!isCurrent()) return;
        this.#received(frame);
        if (this.session.state !== 'interrupted') decided();
      },
      drained: () => {
        if (!isCurrent()) return;
        this.#isOpen = true;
        this.#drained();
      },
      closed: (error) => {
        decided();
        if (!isCurrent()) return;
        const isAttempt = this.session.state === 'interrupted';
        this.#connection = undefined;
        this.#apply(this.session.cut(this.#keeper.clock.now()), error);
        if (isAttempt && error !== undefined && this.#keeper.isFinal?.(error) === true) this.abandon(error);
      },
    });
  }

  /** Nothing that the connection still brings is delivered, and nothing of it that waits: it comes again. */
  #leaveConnection(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#inbox.clear();
    void connection?.close();
  }

  #received(frame: Uint8Array): void {
    const { session } = this;
    const now = this.#keeper.clock.now();
    session.heard(now);
    try {
      if (isResumeMessage(frame)) this.#apply(session.receive(decodeResumeMessage(frame), now));
      else if (session.state === 'opening' && isResumeHello(frame)) {
        this.#apply(session.receiveHello(decodeResumeHello(frame)));
      } else if (session.state === 'interrupted') {
        // Who answers there is not the listener of this session, or has no room for it now.
        this.#leaveConnection();
      } else this.#arrived(frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      session.close();
      this.#fail(this.#violation(error));
    }
  }

  #arrived(frame: Uint8Array): void {
    this.#transmit(this.session.receiveChunk());
    if (this.#end !== undefined || this.#closing !== undefined) return;
    this.#inbox.push(frame);
    this.#pauseConnection();
  }

  #give(frame: Uint8Array): void {
    // Counted first: what the handler does may end the connection.
    const acknowledgement = this.session.delivered(frame.byteLength, this.#keeper.clock.now());
    if (acknowledgement !== undefined) this.#transmit([acknowledgement]);
    this.#alarm.set(this.session.nextTimeout());
    this.#handler?.received(frame);
  }

  #deliver(): void {
    this.#inbox.drain();
    if (!this.#isFlowing()) return;
    if (this.#isConnectionPaused) {
      this.#isConnectionPaused = false;
      this.#connection?.resume();
    }
    if (this.#inbox.isEmpty && this.#end !== undefined) this.#tellClosed();
  }

  #isFlowing(): boolean {
    return !this.#isPaused && this.#handler !== undefined && this.#closing === undefined;
  }

  /**
   * A connection that can be resumed flows while the owner is paused, because acknowledgements come through it: the other
   * end stops at its window by itself.
   */
  #pauseConnection(): void {
    const isPlain = this.session.state === 'plain' && this.#isPaused;
    if (this.#isConnectionPaused || !(isPlain || this.#inbox.bytes > 2 * WINDOW)) return;
    this.#isConnectionPaused = true;
    this.#connection?.pause();
  }

  #transmit(frames: readonly Parts[]): void {
    if (frames.length > 0 && this.#connection?.send(frames) === false) this.#isOpen = false;
  }

  #isWritable(): boolean {
    return this.#end !== undefined || (this.#isOpen && this.session.isWritable);
  }

  #drained(): void {
    this.#progressed();
    if (!this.#isWaitingForDrain || this.#end !== undefined || !this.#isWritable()) return;
    this.#isWaitingForDrain = false;
    this.#handler?.drained();
  }

  /** @param cause why the connection ended */
  #apply(step: Step<ResumeEvent>, cause?: Error): void {
    if (step === NO_STEP) return;
    this.#transmit(step.outgoing);
    for (const event of step.events) this.#handle(event, cause);
    this.#alarm.set(this.session.nextTimeout());
    this.#drained();
  }

  #handle(event: ResumeEvent, cause: Error | undefined): void {
    switch (event.type) {
      case 'agreed':
        this.#keeper.agreed?.(this);
        return;
      case 'interrupted':
        this.#leaveConnection();
        this.#tellInterrupted(event.deadline, cause);
        this.#keeper.cut(this);
        return;
      case 'resumed':
        this.#isInterrupted = false;
        this.#handler?.resumed?.();
        return;
      case 'noticed':
        this.#handler?.noticed?.(event.text);
        return;
      case 'ended':
        this.#ended(event, cause);
        return;
    }
  }

  #ended(event: Extract<ResumeEvent, { type: 'ended' }>, cause: Error | undefined): void {
    switch (event.reason) {
      case 'lost':
      case 'closed':
        if (cause === undefined) this.#endedByPeer();
        else this.#fail(cause);
        return;
      case 'expired':
        this.#failedBy('CONNECTION_LOST', ` and did not come back within ${this.#held / 1000} s`);
        return;
      case 'refused':
        this.#failedBy('SESSION_GONE', ', and the other end does not hold the session any more: connect anew');
        return;
      case 'violated':
        this.#fail(this.#violation(event.error));
        return;
    }
  }

  #failedBy(code: 'CONNECTION_LOST' | 'SESSION_GONE', consequence: string): void {
    this.#fail(new TransportError(code, `${this.remote}: the connection was lost${consequence}`));
  }

  #violation(cause: Error): TransportError {
    return new TransportError('PROTOCOL_VIOLATED', `${this.remote}: ${cause.message}`, { cause });
  }

  #tellInterrupted(deadline: number, cause?: Error): void {
    if (this.#isInterrupted) return;
    this.#isInterrupted = true;
    const now = this.#keeper.clock.now();
    const hold = Math.max(0, deadline - now);
    const wanted = Math.min(hold, this.#handler?.interrupted?.(hold, cause) ?? hold);
    this.#held = wanted < hold ? wanted : this.session.hold;
    this.session.holdUntil(now + wanted);
  }

  /** What came before is delivered first. */
  #endedByPeer(): void {
    const connection = this.#connection;
    this.#leave({ error: undefined });
    void connection?.close();
    queueMicrotask(() => this.#deliver());
  }

  /** Told at once, whatever waits for the owner. */
  #fail(error: Error): void {
    this.#leaveConnection();
    this.#leave({ error });
    this.#tellClosed();
  }

  #leave(end: { readonly error: Error | undefined }): void {
    this.#end ??= end;
    this.#connection = undefined;
    this.#alarm.stop();
    this.#progressed();
    this.#keeper.over(this);
  }

  #tellClosed(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#toldClosed) return;
    this.#toldClosed = true;
    queueMicrotask(() => handler.closed(this.#end?.error));
  }
}

/** @throws UsageError for a frame of a size that cannot be sent */
function copyFrames(frames: readonly Parts[]): Uint8Array[] {
  const sizes = frames.map(frameSize);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let end = 0;
  return frames.map((frame) => {
    const start = end;
    end = copyParts(frame, bytes, start);
    return bytes.subarray(start, end);
  });
}
