import type { Parts } from '../../codecs/core/parts.ts';

/** Identity of the other end of a connection, as far as the transport knows it, and how it was proven. */
export interface ConnectionIdentity {
  /** IP address, or `unix:` and the path of the socket, or `memory`. */
  readonly address: string;
  /** Left out where the other end did not have to prove anything. */
  readonly user?: ConnectionUser;
  /**
   * The same for all connections of a client that came back and proved that it is the one that was there before; left out
   * where the transport does not know.
   */
  readonly session?: string;
  /** Name that the client gives its machine. Nothing proves it. */
  readonly clientName?: string;
}

/** The user at the other end of a connection. */
export interface ConnectionUser {
  /** Undefined where the proof names no user: many may share one token. */
  readonly name?: string;
  /** `socketOwner`: the system lets only this user connect to the unix socket. */
  readonly provenBy: 'password' | 'token' | 'socketOwner';
}

/**
 * A pipe for frames: each frame is one chunk of the static virtual channel (CHANNEL_PDU_HEADER and data), delivered
 * whole and in order.
 */
export interface Transport {
  /** The other end, for people: `tcp://127.0.0.1:40312`. */
  readonly remote: string;
  /** Identity of the other end; undefined where the transport does not know it. */
  readonly identity?: ConnectionIdentity;
  /**
   * Bytes of the largest frame that goes through, both ways, where both ends of the transport are this project's. Left out:
   * 1608, a chunk of 1600 bytes with its header, which is what RDP has. With 16 KiB and more two ends of this project agree on
   * larger blocks of messages, which takes a third of the processor time off that 64 KiB cost.
   */
  readonly maximumFrame?: number;
  /**
   * Where another server has dynamic channels on the same static channel: this end's server has ids above this number, of at most
   * 65535. Left out: nobody else has any.
   */
  readonly channelIdBase?: number;
  /** Starts delivery. Called once. */
  start(handler: TransportHandler): void;
  /**
   * Sends frames; parts are not copied before they are handed to the system and must not change. False asks the caller
   * to wait for `drained` before it produces more (what was given is accepted all the same).
   */
  send(frames: readonly Parts[]): boolean;
  /**
   * Has the other end show people one line, where that end can; nobody answers, and what is too much is not sent. Left out where
   * no other end can.
   */
  notify?(text: string): void;
  /** Stops delivery, and so makes the peer wait. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** Sends what is queued (for a bounded time), then closes. Never rejects. */
  close(): Promise<void>;
}

/** Receiver of what a {@link Transport} tells. */
export interface TransportHandler {
  /** One frame. Its bytes belong to the receiver. */
  received(frame: Uint8Array): void;
  /** After a `send` that returned false: more may be sent. */
  drained(): void;
  /**
   * The connection is cut (`cause`: why, where that is known) and may be resumed within so many milliseconds: nothing comes
   * until then, and what is sent waits.
   * Either `resumed` or `closed` follows. Returns for how long the owner wants it to be held, at most that; where nobody has
   * come back by then, it is `closed`.
   */
  interrupted?(hold: number, cause?: Error): number;
  /** The connection goes on after `interrupted`; nothing was lost. */
  resumed?(): void;
  /** The other end has something to say to people: one line, without control characters, at most 512 bytes. */
  noticed?(text: string): void;
  /** The last call: the peer closed (undefined) or the connection failed (why, in one line). */
  closed(error: Error | undefined): void;
}
