import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BufferPool } from '../codecs/core/bufferPool.ts';
import { DecodeError, ProtocolError } from '../codecs/core/errors.ts';
import type { Parts } from '../codecs/core/parts.ts';
import { CHANNEL_CHUNK_LENGTH, CHANNEL_PDU_HEADER_SIZE } from '../codecs/svc/channelPduHeader.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { ConnectionIdentity, Transport, TransportHandler } from '../src/ports/transport.ts';
import { systemClock } from '../src/systemClock.ts';
import { plainError, TransportError } from './transportError.ts';
import { joinFrames, MAXIMUM_FRAME_SIZE, TpktDeframer } from './tpkt.ts';

/** What to do with the first frame of a connection, which may be about a token instead of a channel. */
export type FirstFrame =
  | { readonly type: 'deliver' }
  /** The frame is not for the owner; answer it. */
  | { readonly type: 'answer'; readonly answer: Parts }
  | { readonly type: 'fail'; readonly error: Error };

/** Cuts a stream into frames, as {@link TpktDeframer} does. */
export type Deframer = Pick<TpktDeframer, 'isInsideFrame' | 'push' | 'next'>;

export interface StreamOptions {
  /** The other end, for people. */
  readonly remote: string;
  /** Who the other end is. Default: the address of the stream, when it is a socket. */
  readonly identity?: ConnectionIdentity;
  /** With what a handshake left in it. Default: a new one for TPKT. */
  readonly deframer?: Deframer;
  /** The reverse of the deframer. Default: for TPKT. */
  readonly join?: (frames: readonly Parts[], memory: BufferPool | undefined) => Uint8Array;
  /** Where frames are joined, for a socket. Default: one for all connections. */
  readonly memory?: BufferPool;
  /** Called once, for the bytes that `close` sends last. Default: none. */
  readonly lastBytes?: () => Uint8Array;
  /** Called once the peer has closed or is lost: why, where it said so before. Default: it never does. */
  readonly farewell?: () => Error | undefined;
  /**
   * Whether the peer has said that it leaves: then its end is in order, however it comes, and else it never is. Default: an end
   * between frames is in order.
   */
  readonly hasLeft?: () => boolean;
  /** Frames that arrived during a handshake, to be delivered first. */
  readonly earlier?: readonly Uint8Array[];
  /** Default: delivers. */
  readonly examineFirst?: (frame: Uint8Array) => FirstFrame;
  /** Milliseconds that `close` waits until all is sent and the peer has closed too. Default: 2000. */
  readonly closeTimeout?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** Bytes that wait for the system beyond which `send` asks to wait. */
export const HIGH_WATER_MARK = 256 * 1024;
const CLOSE_TIMEOUT = 2000;
/** Milliseconds of silence after which the system asks whether the other machine is still there. */
export const KEEP_ALIVE_DELAY = 15_000;

/** For all connections. */
const sharedMemory = new BufferPool((size) => new Uint8Array(Buffer.allocUnsafeSlow(size).buffer));

/** A {@link Transport} over a connected stream (a TCP, TLS or unix socket), framed by TPKT. It owns the stream. */
export class StreamTransport implements Transport {
  readonly remote: string;
  readonly identity: ConnectionIdentity;
  readonly maximumFrame: number;
  readonly #stream: Duplex;
  readonly #deframer: Deframer;
  readonly #join: (frames: readonly Parts[], memory: BufferPool | undefined) => Uint8Array;
  /** A socket gives a buffer back once the system has all of it. Nobody tells when other streams are done with one. */
  readonly #memory: BufferPool | undefined;
  readonly #lastBytes: (() => Uint8Array) | undefined;
  readonly #farewell: (() => Error | undefined) | undefined;
  readonly #hasLeft: (() => boolean) | undefined;
  readonly #earlier: Uint8Array[];
  readonly #closeTimeout: number;
  readonly #clock: Clock;
  #examineFirst: ((frame: Uint8Array) => FirstFrame) | undefined;
  #handler: TransportHandler | undefined;
  #paused = false;
  #delivering = false;
  #waitingForDrain = false;
  #peerEnded = false;
  /** Set once nothing more is delivered or sent. */
  #ended: { readonly error: Error | undefined } | undefined;
  #toldClosed = false;
  #closing: Promise<void> | undefined;

  constructor(stream: Duplex, options: StreamOptions) {
    this.remote = options.remote;
    this.identity = options.identity ?? { address: addressOf(stream) };
    // What has another framing is RDP.
    this.maximumFrame =
      options.join === undefined ? MAXIMUM_FRAME_SIZE : CHANNEL_PDU_HEADER_SIZE + CHANNEL_CHUNK_LENGTH;
    this.#stream = stream;
    this.#deframer = options.deframer ?? new TpktDeframer();
    this.#join = options.join ?? joinFrames;
    this.#memory = stream instanceof Socket ? (options.memory ?? sharedMemory) : undefined;
    this.#lastBytes = options.lastBytes;
    this.#farewell = options.farewell;
    this.#hasLeft = options.hasLeft;
    this.#earlier = [...(options.earlier ?? [])];
    this.#examineFirst = options.examineFirst;
    this.#closeTimeout = options.closeTimeout ?? CLOSE_TIMEOUT;
    this.#clock = options.clock ?? systemClock;
    if (stream instanceof Socket) {
      stream.setNoDelay(true);
      stream.setKeepAlive(true, KEEP_ALIVE_DELAY);
    }
    stream.on('error', (error) => this.#lost(plainError(error, this.remote)));
    stream.on('close', () => this.#lost(lost(this.remote)));
    stream.on('drain', () => this.#drained());
    if (stream.destroyed)
      this.#end(stream.errored === null ? lost(this.remote) : plainError(stream.errored, this.remote));
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    // Frames that are here already come first; only then may the stream flow.
    this.#stream.pause();
    this.#stream.on('data', (chunk: Uint8Array) => {
      // After close() the rest is read and forgotten, so that the peer is not cut off by a reset.
      if (this.#ended !== undefined) return;
      this.#deframer.push(chunk);
      this.#deliver();
    });
    this.#stream.on('end', () => {
      this.#peerEnded = true;
      this.#deliver();
    });
    this.#peerEnded = this.#stream.readableEnded;
    if (this.#ended === undefined) queueMicrotask(() => this.#deliver());
    else this.#tellClosed();
  }

  send(frames: readonly Parts[]): boolean {
    const stream = this.#stream;
    const memory = this.#memory;
    const bytes = this.#join(frames, memory);
    if (this.#ended !== undefined || this.#peerEnded || bytes.byteLength === 0) {
      memory?.giveBack(bytes);
      return true;
    }
    const wantsMore = stream.write(bytes, (error) => {
      // After an error the system may still have it. There is none for what was given up as the socket was destroyed.
      if ((error === null || error === undefined) && !stream.destroyed) memory?.giveBack(bytes);
    });
    // Nothing left to write: the system has all of it, and the callback, which comes later, need not be waited for.
    if (stream.writableLength === 0) memory?.giveBack(bytes);
    // The socket's own mark is 16 KiB on some versions of Node: less than one transfer.
    if (wantsMore || stream.writableLength <= HIGH_WATER_MARK) return true;
    this.#waitingForDrain = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
    if (this.#ended === undefined) this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Not from inside the caller: frames that are left come in a turn of their own.
    queueMicrotask(() => this.#deliver());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = { error: undefined };
      if (this.#lastBytes !== undefined && this.#stream.writable) this.#stream.write(this.#lastBytes());
    }
    await endStream(this.#stream, this.#closeTimeout, this.#clock);
    this.#tellClosed();
  }

  /** Delivers what is complete, unless paused; then lets the stream flow, or ends. */
  #deliver(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#isFlowing()) {
        const isFirst = this.#examineFirst !== undefined || this.#earlier.length > 0;
        const frame = isFirst ? this.#nextFrame() : this.#deframe();
        if (frame === undefined) break;
        if (frame !== 'consumed') handler.received(frame);
      }
    } finally {
      this.#delivering = false;
    }
    if (!this.#isFlowing()) return;
    if (!this.#peerEnded) this.#stream.resume();
    else this.#end(this.#farewell?.() ?? this.#cut());
  }

  /** Why an end that the system calls orderly is none. */
  #cut(): TransportError | undefined {
    if (this.#deframer.isInsideFrame) return cut(this.remote, 'inside a frame');
    return this.#hasLeft?.() === false ? cut(this.remote, 'without a word') : undefined;
  }

  #isFlowing(): boolean {
    return !this.#paused && this.#ended === undefined;
  }

  #nextFrame(): Uint8Array | 'consumed' | undefined {
    const earlier = this.#earlier.shift();
    if (earlier !== undefined) return earlier;
    const frame = this.#deframe();
    const examine = this.#examineFirst;
    if (frame === undefined || examine === undefined) return frame;
    this.#examineFirst = undefined;
    const first = examine(frame);
    switch (first.type) {
      case 'deliver':
        return frame;
      case 'answer':
        this.send([first.answer]);
        return 'consumed';
      case 'fail':
        this.#end(first.error);
        return 'consumed';
    }
  }

  #deframe(): Uint8Array | undefined {
    try {
      return this.#deframer.next();
    } catch (error) {
      if (error instanceof TransportError) {
        this.#end(error);
        return undefined;
      }
      if (!(error instanceof DecodeError || error instanceof ProtocolError)) throw error;
      this.#end(new TransportError('PROTOCOL_VIOLATED', `${this.remote}: ${error.message}`, { cause: error }));
      return undefined;
    }
  }

  #drained(): void {
    if (!this.#waitingForDrain || this.#ended !== undefined) return;
    this.#waitingForDrain = false;
    this.#handler?.drained();
  }

  #lost(error: Error): void {
    // After a proper end frames may still wait for a paused owner; the owner is told when it has them.
    if (this.#peerEnded) return;
    if (this.#hasLeft?.() !== true) this.#end(this.#farewell?.() ?? error);
    else {
      this.#peerEnded = true;
      this.#deliver();
    }
  }

  /** The peer closed (undefined), or the connection failed. */
  #end(error: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    if (error === undefined) void endStream(this.#stream, this.#closeTimeout, this.#clock);
    // With the reason, which a WebSocket tells the peer.
    else this.#stream.destroy(error);
    if (this.#handler !== undefined) this.#tellClosed();
  }

  #tellClosed(): void {
    const handler = this.#handler;
    if (handler === undefined || this.#toldClosed) return;
    this.#toldClosed = true;
    queueMicrotask(() => handler.closed(this.#ended?.error));
  }
}

function lost(remote: string): TransportError {
  return new TransportError('CONNECTION_LOST', `${remote}: the connection was lost`);
}

function cut(remote: string, where: string): TransportError {
  return new TransportError('CONNECTION_LOST', `${remote}: closed ${where}`);
}

/** The IP address at the other end, in one form whichever protocol the socket is for; `?` for what has none. */
export function addressOf(stream: Duplex): string {
  const address = stream instanceof Socket ? stream.remoteAddress : undefined;
  return address?.replace(/^::ffff:(?=[\d.]+$)/i, '') ?? '?';
}

/**
 * Sends what is queued, tells the peer that this was all, and resolves when the peer has closed too, or after `timeout`
 * milliseconds by force. What still arrives is read and dropped: a close with unread data would reset the connection
 * and could take from the peer what was just sent.
 */
export function endStream(stream: Duplex, timeout: number, clock: Clock): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const stopTimer = clock.after(timeout, () => stream.destroy());
    stream.once('close', () => {
      stopTimer();
      resolve();
    });
    stream.on('error', () => {});
    if (stream.destroyed) return;
    stream.end();
    stream.resume();
  });
}
