import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DecodeError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ConnectionIdentity, Transport, TransportHandler } from '../../src/ports/transport.ts';
import { OWN_CHANNEL_ID_BASE } from '../../src/proxy/mergedChannels.ts';
import type { FramedPacket, ProxyEvent, ProxyStep, RdpProxyConnection } from '../../src/proxy/rdpProxyConnection.ts';
import type { RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import { AdmissionError } from '../../src/rdp/rdpServerConnection.ts';
import { endStream, HIGH_WATER_MARK, KEEP_ALIVE_DELAY } from '../stream.ts';
import { plainError, TransportError } from '../transportError.ts';
import { joinPackets } from './rdpFraming.ts';
import { explained } from './serverTls.ts';

/** One end of a session, with what the handshake left in its deframer. */
export interface ProxiedEnd {
  readonly stream: Duplex;
  readonly deframer: RdpDeframer;
  /** For people. */
  readonly remote: string;
}

/** What a {@link ProxiedSession} tells. */
export interface ProxiedSessionOwner {
  /** A demand of the connection, or that it stands. */
  demanded(event: Extract<ProxyEvent, { type: 'credentials' | 'established' }>): void;
  /** The last call; without an error an end closed the session. */
  ended(error: Error | undefined): void;
}

/** Milliseconds for the last packets to reach an end. */
const END_TIMEOUT = 1000;

/** Why an end is not read. */
type Hold = 'peerFull' | 'answer' | 'ownEnd';

/**
 * Passes the packets of a client and a server to each other, after TLS of both. An end is not read while the other one does not
 * take what was read: each direction holds a packet and what waits for a socket, 256 KiB and one read.
 */
export class ProxiedSession {
  readonly #connection: RdpProxyConnection;
  readonly #client: Half;
  readonly #server: Half;
  readonly #owner: ProxiedSessionOwner;
  readonly #clock: Clock;
  #own: OwnTransport | undefined;
  #isOver = false;

  constructor(
    connection: RdpProxyConnection,
    ends: { readonly client: ProxiedEnd; readonly server: ProxiedEnd },
    clock: Clock,
    owner: ProxiedSessionOwner,
  ) {
    this.#connection = connection;
    this.#owner = owner;
    this.#clock = clock;
    this.#client = new Half(ends.client, {
      take: (packet) => this.#apply(connection.fromClient(packet), ends.client.remote),
      delivered: () => this.#flush(),
      drained: () => {
        this.#server.release('peerFull');
        this.#own?.drained();
      },
      ended: (error) => this.#end(error),
    });
    this.#server = new Half(ends.server, {
      take: (packet) => this.#apply(connection.fromServer(packet), ends.server.remote),
      delivered: () => {
        this.#flush();
        this.#own?.drained();
      },
      drained: () => this.#client.release('peerFull'),
      ended: (error) => this.#end(error),
    });
  }

  /** Starts both directions. */
  start(): void {
    this.#client.start();
    this.#server.start();
  }

  /** What the answer to a demand led to. */
  answered(step: ProxyStep): void {
    this.#apply(step);
    this.#flush();
  }

  /** The proxy's own end of dynamic channels. Once the connection is established; called once. */
  openTransport(identity: ConnectionIdentity): Transport {
    const own = new OwnTransport(this.#client.remote, identity, {
      send: (frames) => {
        this.#apply(this.#connection.fromProxy(frames));
        this.#flush();
        return this.#takesMore;
      },
      takesMore: () => this.#takesMore,
      hold: (isHeld) => (isHeld ? this.#client.hold('ownEnd') : this.#client.release('ownEnd')),
      detach: () => {
        this.#own = undefined;
        this.#apply(this.#connection.detach());
        this.#flush();
        this.#client.release('ownEnd');
      },
    });
    this.#own = own;
    return own;
  }

  /** Ends the session from here: both ends are told. */
  close(): void {
    if (this.#isOver) return;
    this.#apply(this.#connection.end());
    this.#flush();
    this.#end(undefined);
  }

  get #takesMore(): boolean {
    return !this.#connection.isHolding && !this.#client.isFull;
  }

  /** @param from whose packet it was, for people */
  #apply({ toClient, toServer, events }: ProxyStep, from = this.#client.remote): void {
    this.#client.queue(toClient);
    this.#server.queue(toServer);
    if (this.#connection.clientWaits) this.#client.hold('answer');
    else this.#client.release('answer');
    for (const event of events) this.#happened(event, from);
  }

  #happened(event: ProxyEvent, from: string): void {
    switch (event.type) {
      case 'chunk':
        this.#own?.deliver(event.chunk);
        return;
      case 'credentials':
      case 'established':
        this.#owner.demanded(event);
        return;
      case 'finished':
        this.#flush();
        this.#end(event.error instanceof AdmissionError ? event.error : explained(event.error, from));
        return;
      case 'serverWanted':
      case 'serverSecurityRequired':
      case 'clientTlsRequired':
      // They belong to the handshake, which is over.
    }
  }

  #flush(): void {
    if (this.#client.flush()) this.#server.hold('peerFull');
    if (this.#server.flush()) this.#client.hold('peerFull');
  }

  #end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#flush();
    const own = this.#own;
    this.#own = undefined;
    this.#client.end(this.#clock);
    this.#server.end(this.#clock);
    own?.ended(error);
    this.#owner.ended(error);
  }
}

interface HalfOwner {
  take(packet: FramedPacket): void;
  /** After packets were taken: what they led to can be written. */
  delivered(): void;
  drained(): void;
  ended(error: Error | undefined): void;
}

/** One end's stream. */
class Half {
  readonly remote: string;
  readonly #stream: Duplex;
  readonly #deframer: RdpDeframer;
  readonly #owner: HalfOwner;
  readonly #holds = new Set<Hold>();
  #outgoing: Parts[] = [];
  #isFull = false;
  #hasEnded = false;
  #isOver = false;
  #isDelivering = false;

  constructor({ stream, deframer, remote }: ProxiedEnd, owner: HalfOwner) {
    this.remote = remote;
    this.#stream = stream;
    this.#deframer = deframer;
    this.#owner = owner;
  }

  /** Whether more waits for the system than should. */
  get isFull(): boolean {
    return this.#isFull;
  }

  start(): void {
    const stream = this.#stream;
    if (stream instanceof Socket) {
      stream.setNoDelay(true);
      stream.setKeepAlive(true, KEEP_ALIVE_DELAY);
    }
    stream.pause();
    stream.on('data', (chunk: Uint8Array) => {
      // What comes after the end is read and forgotten, so that the peer is not cut off by a reset.
      if (this.#isOver) return;
      this.#deframer.push(chunk);
      this.#deliver();
    });
    stream.on('end', () => {
      this.#hasEnded = true;
      this.#deliver();
    });
    stream.on('error', (error) => this.#owner.ended(plainError(error, this.remote)));
    stream.on('close', () => this.#owner.ended(this.#hasEnded ? undefined : lost(this.remote)));
    stream.on('drain', () => {
      if (!this.#isFull) return;
      this.#isFull = false;
      this.#owner.drained();
    });
    this.#hasEnded = stream.readableEnded;
    if (stream.destroyed) this.#owner.ended(lost(this.remote));
    else queueMicrotask(() => this.#deliver());
  }

  hold(why: Hold): void {
    this.#holds.add(why);
    if (!this.#isOver) this.#stream.pause();
  }

  release(why: Hold): void {
    // Not from inside the caller: packets that are left come in a turn of their own.
    if (this.#holds.delete(why) && this.#holds.size === 0) queueMicrotask(() => this.#deliver());
  }

  queue(packets: readonly Parts[]): void {
    for (const packet of packets) this.#outgoing.push(packet);
  }

  /** Writes what is queued, in one piece. True: the other end should not be read until it has left. */
  flush(): boolean {
    const packets = this.#outgoing;
    if (packets.length === 0) return false;
    this.#outgoing = [];
    if (!this.#stream.writable) return false;
    this.#stream.write(joinPackets(packets));
    if (this.#stream.writableLength <= HIGH_WATER_MARK) return false;
    this.#isFull = true;
    return true;
  }

  end(clock: Clock): void {
    this.#isOver = true;
    void endStream(this.#stream, END_TIMEOUT, clock);
  }

  #deliver(): void {
    if (this.#isDelivering || this.#isOver) return;
    this.#isDelivering = true;
    try {
      while (this.#holds.size === 0 && !this.#over()) {
        const packet = this.#deframer.next();
        if (packet === undefined) break;
        this.#owner.take({ ...packet, header: this.#deframer.header });
      }
      this.#owner.delivered();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#owner.ended(explained(error, this.remote));
    } finally {
      this.#isDelivering = false;
    }
    if (this.#over() || this.#holds.size > 0) return;
    if (this.#hasEnded) this.#owner.ended(undefined);
    else this.#stream.resume();
  }

  /** Taking a packet may have ended the session. */
  #over(): boolean {
    return this.#isOver;
  }
}

interface OwnTransportOwner {
  send(frames: readonly Parts[]): boolean;
  takesMore(): boolean;
  hold(isHeld: boolean): void;
  detach(): void;
}

/** The proxy's own end of the dynamic channels of one client, beside those of the server. */
class OwnTransport implements Transport {
  readonly remote: string;
  readonly identity: ConnectionIdentity;
  readonly channelIdBase = OWN_CHANNEL_ID_BASE;
  readonly #owner: OwnTransportOwner;
  #handler: TransportHandler | undefined;
  /** For `drained`. */
  #isWaiting = false;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(remote: string, identity: ConnectionIdentity, owner: OwnTransportOwner) {
    this.remote = remote;
    this.identity = identity;
    this.#owner = owner;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    if (this.#end !== undefined) this.#tellClosed();
  }

  send(frames: readonly Parts[]): boolean {
    if (this.#end !== undefined) return true;
    const takesMore = this.#owner.send(frames);
    if (!takesMore) this.#isWaiting = true;
    return takesMore;
  }

  pause(): void {
    if (this.#end === undefined) this.#owner.hold(true);
  }

  resume(): void {
    if (this.#end === undefined) this.#owner.hold(false);
  }

  /** Only this end: the desktop goes on. */
  close(): Promise<void> {
    if (this.#end === undefined) {
      this.#end = { error: undefined };
      this.#owner.detach();
      this.#tellClosed();
    }
    return Promise.resolve();
  }

  /** A chunk of the client. */
  deliver(chunk: Uint8Array): void {
    if (this.#end === undefined) this.#handler?.received(chunk);
  }

  /** More may be sent, if somebody waits for that. */
  drained(): void {
    if (!this.#isWaiting || !this.#owner.takesMore()) return;
    this.#isWaiting = false;
    if (this.#end === undefined) this.#handler?.drained();
  }

  /** The session is over. */
  ended(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#tellClosed();
  }

  #tellClosed(): void {
    const handler = this.#handler;
    if (handler !== undefined) queueMicrotask(() => handler.closed(this.#end?.error));
  }
}

function lost(remote: string): TransportError {
  return new TransportError('CONNECTION_LOST', `${remote}: the connection was lost`);
}
