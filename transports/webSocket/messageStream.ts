import { Duplex } from 'node:stream';
import WebSocket from 'ws';
import { asError } from '../../codecs/core/errors.ts';
import { TPKT_HEADER_SIZE, tpktPayloadSize } from '../../codecs/rdp/tpkt.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { MAXIMUM_FRAME_SIZE, MINIMUM_FRAME_SIZE, TpktDeframer } from '../tpkt.ts';
import { TransportError } from '../transportError.ts';
import { errorOfClose, type Farewell, farewellFor, NORMAL } from './closeCodes.ts';
import { type MessageDeframer, newDeframer } from './messageDeframer.ts';
import { piecesOf, problemOfSize, type SubProtocol } from './subProtocols.ts';

/** What a dialer says in its request for a WebSocket. It may have a secret: it is not for people. */
export interface UpgradeRequest {
  /** What follows the question mark of what was asked for, if anything. */
  readonly query: string;
  /** The header field. */
  readonly authorization: string | undefined;
  /** Which browser it is, by a cookie that it was given; undefined where none are given. */
  readonly visitor?: string;
}

export interface MessageStreamOptions {
  /** The other end, for people. */
  readonly remote: string;
  readonly subProtocol: SubProtocol;
  /** Milliseconds between two pings. 0: none. */
  readonly heartbeat: number;
  /** What the other end asked with, where it dialled. */
  readonly request?: UpgradeRequest;
  readonly clock: Clock;
}

/** Pings without an answer after which the other end is gone. */
const MISSED_PINGS = 2;
/** Milliseconds for the other end to answer a close frame with a reason in it. */
const FAREWELL_TIMEOUT = 1000;
/** Messages that wait for a reader before the socket is paused; what one read of the socket brought comes on top. */
const HIGH_WATER_MARK = 8;
/** Bytes that wait for the other end beyond which its pings are not answered: it does not read the answers. */
const MOST_BEFORE_PONG = 256 * 1024;

/**
 * The stream of TPKT packets that an open WebSocket stands for. Written is what {@link joinFrames} makes, in whole packets;
 * read is what the deframer for its sub-protocol cuts: messages or pieces of the stream.
 */
export class MessageStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #options: MessageStreamOptions;
  #farewell = NORMAL;
  /** The reader has enough. */
  #isFull = false;
  #unanswered = 0;
  #stopHeartbeat: () => void = () => {};
  #failure: Error | undefined;
  #closed: () => void = () => {};

  constructor(socket: WebSocket, options: MessageStreamOptions) {
    super({ readableObjectMode: true, readableHighWaterMark: HIGH_WATER_MARK, allowHalfOpen: false });
    this.#socket = socket;
    this.#options = options;
    // Whoever reads or writes it is told anyway; between two steps of a handshake nobody does.
    this.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      // The library gives a Buffer, as its binaryType says.
      if (Buffer.isBuffer(data)) this.#received(data, isBinary);
    });
    socket.on('ping', (data) => {
      this.#unanswered = 0;
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_BEFORE_PONG) socket.pong(data);
    });
    socket.on('pong', () => (this.#unanswered = 0));
    socket.on('error', (error) => (this.#failure = error));
    socket.on('close', (code, reason) => this.#socketClosed({ code, reason: reason.toString() }));
    if (options.heartbeat > 0) this.#beat();
  }

  /** The other end, for people. */
  get remote(): string {
    return this.#options.remote;
  }

  /** Undefined where this end dialled. */
  get request(): UpgradeRequest | undefined {
    return this.#options.request;
  }

  /** Reads nothing more from the other end until somebody reads the stream. What one read of the socket brought may come. */
  hold(): void {
    this.#isFull = true;
    this.#socket.pause();
  }

  /** What cuts the stream into frames. */
  deframer(): TpktDeframer | MessageDeframer {
    return newDeframer(this.#options.subProtocol);
  }

  /** The reason that the other end is given when the stream ends. */
  endFor(error: Error): void {
    this.#farewell = farewellFor(error, this.#options.remote);
  }

  override _read(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#unanswered = 0;
    this.#socket.resume();
  }

  override _write(packets: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const messages = this.#messagesOf(packets);
    const last = messages.pop();
    if (last === undefined || this.#socket.readyState !== WebSocket.OPEN) {
      // What is closing takes nothing any more, and its end is told by itself.
      done();
      return;
    }
    for (const message of messages) this.#socket.send(message);
    this.#socket.send(last, () => done());
  }

  override _final(done: () => void): void {
    this.#stopHeartbeat();
    if (this.#socket.readyState === WebSocket.CLOSED) {
      done();
      return;
    }
    this.#closed = done;
    this.#socket.close(this.#farewell.code, this.#farewell.reason);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopHeartbeat();
    const { clock, remote } = this.#options;
    if (error !== null && this.#socket.readyState === WebSocket.OPEN) {
      const { code, reason } = farewellFor(error, remote);
      this.#socket.close(code, reason);
      // Its answer cannot come while nothing is read.
      this.#socket.resume();
      const stop = clock.after(FAREWELL_TIMEOUT, () => this.#socket.terminate());
      this.#socket.once('close', stop);
    } else {
      this.#socket.terminate();
    }
    done(error);
  }

  #messagesOf(packets: Uint8Array): (Uint8Array | string)[] {
    const { subProtocol } = this.#options;
    if (subProtocol === 'binary') return piecesOf(packets);
    if (subProtocol === 'base64') return piecesOf(packets).map(base64Of);
    const messages: Uint8Array[] = [];
    for (let start = TPKT_HEADER_SIZE; start < packets.byteLength; start += TPKT_HEADER_SIZE) {
      const header = packets.subarray(start - TPKT_HEADER_SIZE, start);
      const size = tpktPayloadSize(header, TPKT_HEADER_SIZE, MINIMUM_FRAME_SIZE, MAXIMUM_FRAME_SIZE) ?? 0;
      messages.push(packets.subarray(start, start + size));
      start += size;
    }
    return messages;
  }

  #received(data: Buffer, isBinary: boolean): void {
    this.#unanswered = 0;
    if (this.destroyed || this.readableEnded) return;
    try {
      if (this.push(this.#bytesOf(data, isBinary))) return;
      this.#isFull = true;
      this.#socket.pause();
    } catch (error) {
      this.destroy(asError(error));
    }
  }

  /** @throws TransportError for a message that the sub-protocol does not have */
  #bytesOf(data: Buffer, isBinary: boolean): Uint8Array {
    const { subProtocol } = this.#options;
    if (isBinary === (subProtocol === 'base64')) {
      throw this.#violation(
        `a ${isBinary ? 'binary' : 'text'} message came, which sub-protocol ${subProtocol} does not have`,
      );
    }
    if (subProtocol === 'base64') return this.#decoded(data.toString('latin1'));
    const problem = subProtocol === 'urbdrc.v1' ? problemOfSize(data.byteLength) : undefined;
    if (problem !== undefined) throw this.#violation(problem);
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }

  #decoded(text: string): Uint8Array {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw this.#violation('a message is not base64');
    const bytes = Buffer.from(text, 'base64');
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #violation(problem: string): TransportError {
    return new TransportError('PROTOCOL_VIOLATED', `${this.#options.remote}: ${problem}`);
  }

  #socketClosed(farewell: Farewell): void {
    this.#stopHeartbeat();
    const isOurs = this.writableEnded || this.destroyed;
    const error =
      this.#failure === undefined ? errorOfClose(farewell, this.#options.remote) : this.#explain(this.#failure);
    if (error !== undefined && !isOurs) {
      this.destroy(error);
      return;
    }
    this.push(null);
    this.#closed();
  }

  #explain(error: Error): Error {
    const isLibrary = 'code' in error && typeof error.code === 'string' && error.code.startsWith('WS_ERR');
    return isLibrary ? this.#violation(`${error.message} (WebSocket)`) : error;
  }

  #beat(): void {
    const { heartbeat, clock, remote } = this.#options;
    this.#stopHeartbeat = clock.after(heartbeat, () => {
      // What is not read cannot be heard.
      if (this.#isFull) this.#unanswered = 0;
      if (this.#unanswered >= MISSED_PINGS) {
        const time = MISSED_PINGS * heartbeat;
        this.destroy(new TransportError('CONNECTION_LOST', `${remote} did not answer pings for ${time} ms`));
        return;
      }
      this.#unanswered += 1;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
      this.#beat();
    });
  }
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** What cuts a stream of a connection into frames. */
export function deframerFor(stream: Duplex): TpktDeframer | MessageDeframer {
  return stream instanceof MessageStream ? stream.deframer() : new TpktDeframer();
}
