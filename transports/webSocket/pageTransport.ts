import { copyParts, type Parts } from '../../codecs/core/parts.ts';
import { DecodeError } from '../../codecs/core/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ConnectionIdentity, Transport, TransportHandler } from '../../src/ports/transport.ts';
import { Inbox } from '../resume/inbox.ts';
import type { Deframer, FirstFrame } from '../stream.ts';
import { frameSize, joinFrames, MAXIMUM_FRAME_SIZE } from '../tpkt.ts';
import { TransportError } from '../transportError.ts';
import { errorOfClose, type Farewell, farewellFor, NORMAL } from './closeCodes.ts';
import { newDeframer } from './messageDeframer.ts';
import { piecesOf, problemOfSize, type SubProtocol } from './subProtocols.ts';

/** What a {@link PageSocket} tells. */
export interface PageSocketEvent {
  /** `open`, `message`, `close` or `error`. */
  readonly type: string;
  /** Of `message`: an ArrayBuffer, or text. */
  readonly data?: unknown;
  /** Of `close`. */
  readonly code?: number;
  /** Of `close`. */
  readonly reason?: string;
}

/** What is used of the platform's WebSocket. */
export interface PageSocket {
  /** `arraybuffer` */
  binaryType: string;
  /** The sub-protocol that the listener chose. */
  readonly protocol: string;
  /** 1: open. */
  readonly readyState: number;
  /** Bytes that wait for the network. */
  readonly bufferedAmount: number;
  /** As of any EventTarget. */
  addEventListener(type: string, listener: (event: PageSocketEvent) => void): void;
  /** Sends a message. */
  send(message: Uint8Array): void;
  /** Sends what waits, then closes. */
  close(code?: number, reason?: string): void;
}

export interface PageTransportOptions {
  /** The listener's URL. */
  readonly remote: string;
  readonly subProtocol: SubProtocol;
  readonly clock: Clock;
  /** Default: delivers. */
  readonly examineFirst?: (frame: Uint8Array) => FirstFrame;
}

const OPEN = 1;
/** Bytes that wait for the network beyond which `send` asks to wait, and below which it goes on. */
const HIGH_WATER_MARK = 256 * 1024;
const LOW_WATER_MARK = 64 * 1024;
/** Milliseconds: no event tells that what waited has left. */
const LOOK_AGAIN = 10;
/**
 * Bytes that may wait for an owner who is paused: nothing makes the other end of a page's WebSocket wait. Where sessions can
 * be resumed, it waits after 1 MiB by itself.
 */
const MOST_WAITING = 32 * 1024 * 1024;
const CLOSE_TIMEOUT = 2000;

/** A {@link Transport} over the platform's WebSocket, which is open. Runs in browsers. It owns the WebSocket. */
export class PageTransport implements Transport {
  readonly remote: string;
  readonly identity: ConnectionIdentity;
  readonly maximumFrame = MAXIMUM_FRAME_SIZE;
  readonly #socket: PageSocket;
  readonly #options: PageTransportOptions;
  readonly #deframer: Deframer;
  readonly #inbox: Inbox;
  #examineFirst: ((frame: Uint8Array) => FirstFrame) | undefined;
  #handler: TransportHandler | undefined;
  #isPaused = false;
  #stopLooking: (() => void) | undefined;
  /** Nothing more comes or goes. */
  #ended: { readonly error: Error | undefined } | undefined;
  #toldClosed = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #socketClosed: () => void = () => {};
  #taken: (() => void) | undefined;

  constructor(socket: PageSocket, options: PageTransportOptions) {
    this.remote = options.remote;
    this.identity = { address: new URL(options.remote).hostname };
    this.#socket = socket;
    this.#options = options;
    this.#deframer = newDeframer(options.subProtocol);
    this.#examineFirst = options.examineFirst;
    this.#inbox = new Inbox(
      (frame) => this.#give(frame),
      () => this.#handler !== undefined && !this.#isPaused && !this.#isOver(),
    );
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => this.#received(data));
    socket.addEventListener('close', ({ code = 1006, reason = '' }) => this.#closed({ code, reason }));
  }

  /** Before `start`: the next frame; undefined when the other end closed. @throws TransportError when it failed */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#inbox.isEmpty && this.#ended === undefined) await new Promise<void>((resolve) => (this.#taken = resolve));
    const frame = this.#inbox.take();
    if (frame === undefined && this.#ended?.error !== undefined) throw this.#ended.error;
    return frame;
  }

  /** Before `start`: frames of {@link next} are delivered after all, first. */
  putBack(frames: readonly Uint8Array[]): void {
    this.#inbox.putBack(frames);
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    queueMicrotask(() => this.#deliver());
  }

  send(frames: readonly Parts[]): boolean {
    const messages = this.#messagesOf(frames);
    if (this.#ended !== undefined || this.#socket.readyState !== OPEN) return true;
    for (const message of messages) this.#socket.send(message);
    if (this.#socket.bufferedAmount <= HIGH_WATER_MARK) return true;
    if (this.#stopLooking === undefined) this.#lookAgain();
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    queueMicrotask(() => this.#deliver());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(NORMAL);
    return this.#closing;
  }

  async #close({ code, reason }: Farewell): Promise<void> {
    this.#ended ??= { error: undefined };
    this.#inbox.clear();
    this.#stopLooking?.();
    if (!this.#isClosed) {
      await new Promise<void>((resolve) => {
        const stop = this.#options.clock.after(CLOSE_TIMEOUT, resolve);
        this.#socketClosed = () => {
          stop();
          resolve();
        };
        this.#socket.close(code, reason);
      });
    }
    this.#tellClosed();
  }

  #messagesOf(frames: readonly Parts[]): Uint8Array[] {
    if (this.#options.subProtocol !== 'urbdrc.v1') return piecesOf(joinFrames(frames));
    // All sizes are looked at before anything is sent.
    const empty = frames.map((frame) => new Uint8Array(frameSize(frame)));
    for (const [index, frame] of frames.entries()) {
      const message = empty[index];
      if (message !== undefined) copyParts(frame, message, 0);
    }
    return empty;
  }

  #received(data: unknown): void {
    if (this.#ended !== undefined) return;
    if (!(data instanceof ArrayBuffer)) {
      this.#violated('a text message came, which no sub-protocol of a page has');
      return;
    }
    const problem = this.#options.subProtocol === 'urbdrc.v1' ? problemOfSize(data.byteLength) : undefined;
    if (problem !== undefined) {
      this.#violated(problem);
      return;
    }
    try {
      this.#deframer.push(new Uint8Array(data));
      for (let frame = this.#deframer.next(); frame !== undefined; frame = this.#deframer.next()) this.#enter(frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#violated(error.message);
    }
    if (this.#inbox.bytes > MOST_WAITING) {
      this.#fail(new TransportError('CONNECTION_LOST', `${this.remote}: this page did not read ${MOST_WAITING} bytes`));
    }
  }

  #enter(frame: Uint8Array): void {
    this.#inbox.push(frame);
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  #give(frame: Uint8Array): void {
    const examine = this.#examineFirst;
    this.#examineFirst = undefined;
    const first = examine?.(frame) ?? { type: 'deliver' };
    switch (first.type) {
      case 'deliver':
        this.#handler?.received(frame);
        return;
      case 'answer':
        this.send([first.answer]);
        return;
      case 'fail':
        this.#fail(first.error);
        return;
    }
  }

  #deliver(): void {
    this.#inbox.drain();
    if (this.#isOver()) this.#tellClosed();
  }

  /** After a proper end, what came before it is delivered first. */
  #isOver(): boolean {
    if (this.#ended === undefined) return false;
    return this.#ended.error !== undefined || this.#closing !== undefined || (this.#inbox.isEmpty && !this.#isPaused);
  }

  #lookAgain(): void {
    this.#stopLooking = this.#options.clock.after(LOOK_AGAIN, () => {
      this.#stopLooking = undefined;
      if (this.#ended !== undefined) return;
      if (this.#socket.bufferedAmount > LOW_WATER_MARK) this.#lookAgain();
      else this.#handler?.drained();
    });
  }

  #violated(problem: string): void {
    this.#fail(new TransportError('PROTOCOL_VIOLATED', `${this.remote}: ${problem}`));
  }

  /** Told at once, whatever waits for the owner. */
  #fail(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    const { code, reason } = farewellFor(error, this.remote);
    this.#socket.close(code, reason);
    this.#end();
  }

  #closed(farewell: Farewell): void {
    this.#isClosed = true;
    this.#ended ??= { error: this.#deframer.isInsideFrame ? this.#cut() : errorOfClose(farewell, this.remote) };
    this.#socketClosed();
    this.#end();
  }

  #cut(): TransportError {
    return new TransportError('CONNECTION_LOST', `${this.remote}: closed inside a frame`);
  }

  #end(): void {
    this.#stopLooking?.();
    this.#taken?.();
    if (this.#handler !== undefined && this.#isOver()) this.#tellClosed();
    else queueMicrotask(() => this.#deliver());
  }

  #tellClosed(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#toldClosed) return;
    this.#toldClosed = true;
    queueMicrotask(() => handler.closed(this.#ended?.error));
  }
}
