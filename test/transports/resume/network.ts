import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import {
  decodeResumeMessage,
  isResumeMessage,
  type ResumeMessage,
  type ResumeRequest,
} from '../../../codecs/resume/resumeMessages.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Transport, TransportHandler } from '../../../src/ports/transport.ts';
import type { ResumeSession } from '../../../src/resume/resumeSession.ts';
import { HeldSessions, type HeldSessionsOptions } from '../../../transports/resume/heldSessions.ts';
import { PAGE_PROOFS } from '../../../transports/resume/pageProofs.ts';
import { ResumableTransport } from '../../../transports/resume/resumableTransport.ts';
import { Redialer } from '../../../transports/resume/redialer.ts';
import { frameSize } from '../../../transports/tpkt.ts';
import { TransportError } from '../../../transports/transportError.ts';
import type { VirtualClock } from '../../devices/virtualClock.ts';

/** The machine of a transport that can be resumed. */
export function sessionOf(transport: Transport): ResumeSession {
  if (transport instanceof ResumableTransport) return transport.session;
  throw new TypeError('not a transport that can be resumed');
}

/** Which ends learn that a connection was cut; the others only notice that nothing comes. */
export type Cut = 'both' | 'dialer' | 'listener' | 'nobody';

const HIGH_WATER_MARK = 256 * 1024;

/** One end of a connection in memory that can be cut: what is on its way is lost then. */
export class Wire implements Transport {
  readonly remote: string;
  readonly #clock: Clock;
  readonly #latency: () => number;
  #peer: Wire | undefined;
  #handler: TransportHandler | undefined;
  #inbox: (Uint8Array | 'end')[] = [];
  /** Arrivals keep their order. */
  #lastArrival = 0;
  #onTheWay = 0;
  #isPaused = false;
  #isWaiting = false;
  isOver = false;
  /** Why the other end closes it as soon as it is started. */
  refusal: Error | undefined;
  /** Called for each frame before it travels. */
  onSend: ((frame: Uint8Array) => void) | undefined;
  /** Called for the first frame, if nobody has started the wire. True takes it away. */
  onFirst: ((frame: Uint8Array) => boolean) | undefined;

  constructor(remote: string, clock: Clock, latency: () => number) {
    this.remote = remote;
    this.#clock = clock;
    this.#latency = latency;
  }

  join(peer: Wire): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    const { refusal } = this;
    if (refusal !== undefined) queueMicrotask(() => handler.closed(refusal));
    if (this.isOver) queueMicrotask(() => handler.closed(undefined));
    queueMicrotask(() => this.#deliver());
  }

  send(frames: readonly Parts[]): boolean {
    frames.forEach(frameSize);
    if (this.isOver) return true;
    for (const frame of frames) {
      const bytes = joinParts(frame).slice();
      this.onSend?.(bytes);
      this.#onTheWay += bytes.byteLength;
      this.#travel(bytes);
    }
    if (this.#onTheWay <= HIGH_WATER_MARK) return true;
    this.#isWaiting = true;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#deliver());
  }

  close(): Promise<void> {
    if (this.isOver) return Promise.resolve();
    this.isOver = true;
    this.#travel('end');
    queueMicrotask(() => this.#handler?.closed(undefined));
    return Promise.resolve();
  }

  /** Nothing goes through any more. */
  cut(isTold: boolean): void {
    this.#peer = undefined;
    if (!isTold || this.isOver) return;
    this.isOver = true;
    this.#inbox = [];
    const error = new TransportError('CONNECTION_LOST', `${this.remote}: cut`);
    queueMicrotask(() => this.#handler?.closed(error));
  }

  #travel(item: Uint8Array | 'end'): void {
    const arrival = Math.max(this.#lastArrival, this.#clock.now() + this.#latency());
    this.#lastArrival = arrival;
    this.#clock.after(arrival - this.#clock.now(), () => {
      // Cut since.
      if (this.#peer?.isOver !== false) return;
      this.#peer.#inbox.push(item);
      this.#peer.#deliver();
    });
  }

  #deliver(): void {
    const [first] = this.#inbox;
    if (this.#handler === undefined && this.onFirst !== undefined && first instanceof Uint8Array) {
      const { onFirst } = this;
      this.onFirst = undefined;
      if (onFirst(first)) this.#taken(this.#inbox.shift());
    }
    while (!this.#isPaused && !this.isOver && this.#handler !== undefined) {
      const item = this.#inbox.shift();
      if (item === undefined) return;
      this.#taken(item);
      if (item !== 'end') this.#handler.received(item);
      else {
        this.isOver = true;
        this.#handler.closed(undefined);
      }
    }
  }

  #taken(item: Uint8Array | 'end' | undefined): void {
    const sender = this.#peer;
    if (sender === undefined || !(item instanceof Uint8Array)) return;
    sender.#onTheWay -= item.byteLength;
    if (!sender.#isWaiting || sender.#onTheWay > HIGH_WATER_MARK) return;
    sender.#isWaiting = false;
    sender.#handler?.drained();
  }
}

export interface NetworkOptions extends Partial<HeldSessionsOptions> {
  /** Milliseconds that a frame travels. */
  readonly latency?: () => number;
  readonly dialerHold?: number;
  readonly isFinal?: (error: Error) => boolean;
}

/** A listener whose sessions can be resumed, and connections to it that can be cut, in virtual time. */
export class Network {
  readonly clock: VirtualClock;
  readonly sessions: HeldSessions;
  readonly accepted: Transport[] = [];
  /** New connections go nowhere while it is true. */
  isDown = false;
  /** Why new connections are closed at once. */
  refusal: Error | undefined;
  connections = 0;
  /** The requests to resume that came, in order, and whether they were granted. */
  readonly requests: ResumeRequest[] = [];
  readonly grants: boolean[] = [];
  /** The next message of this name is the last one of its connection: it is cut before it arrives, or just then. */
  cutNext: { readonly name: ResumeMessage['name']; readonly isLost: boolean } | undefined;
  /** Such cuts that there were. */
  cutsWithin = 0;
  /** Milliseconds that the frames of the next connection travel in addition. */
  delayNext = 0;
  #wires: [dialer: Wire, listener: Wire][] = [];
  readonly #options: NetworkOptions;

  constructor(clock: VirtualClock, options: NetworkOptions = {}) {
    this.clock = clock;
    this.#options = options;
    this.sessions = new HeldSessions({ hold: 25, clock, ...options });
  }

  /** A new session, at the dialling end. */
  dial(): Transport {
    const { clock } = this;
    const hold = this.#options.dialerHold ?? this.#options.hold ?? 25;
    const connect = () => Promise.resolve(this.connect());
    const { isFinal = () => false } = this.#options;
    return new Redialer({ clock, hold, connect, isFinal, proofs: PAGE_PROOFS, random: () => 0.5 }).begin(
      this.connect(),
    );
  }

  /** A connection to the listener, as it comes from the system. */
  connect(): Wire {
    const { latency: usual = () => 1 } = this.#options;
    const delay = this.delayNext;
    this.delayNext = 0;
    const latency = () => usual() + delay;
    const dialer = new Wire('memory:listener', this.clock, latency);
    const listener = new Wire('memory:dialer', this.clock, latency);
    this.connections += 1;
    if (this.refusal !== undefined) {
      dialer.refusal = this.refusal;
      return dialer;
    }
    if (this.isDown) {
      dialer.cut(true);
      return dialer;
    }
    dialer.join(listener);
    dialer.onSend = listener.onSend = (frame) => this.#sent(frame, latency());
    this.#wires.push([dialer, listener]);
    listener.onFirst = (frame) => {
      const message = isResumeMessage(frame) ? decodeResumeMessage(frame) : undefined;
      if (message?.name === 'RESUME_REQUEST') {
        this.requests.push(message);
        this.grants.push(this.sessions.resume(listener, message));
        return true;
      }
      this.accepted.push(this.sessions.begin(listener));
      return false;
    };
    return dialer;
  }

  /** Cuts all connections that there are. */
  /** The listener's end of the newest connection. */
  get listening(): Wire {
    const [, listener] = this.#wires.at(-1) ?? [];
    if (listener === undefined) throw new TypeError('there is no connection');
    return listener;
  }

  cut(told: Cut = 'both'): void {
    for (const [dialer, listener] of this.#wires) {
      dialer.cut(told === 'both' || told === 'dialer');
      listener.cut(told === 'both' || told === 'listener');
    }
    this.#wires = [];
  }

  #sent(frame: Uint8Array, latency: number): void {
    const { cutNext } = this;
    if (cutNext === undefined || !isResumeMessage(frame)) return;
    if (decodeResumeMessage(frame).name !== cutNext.name) return;
    this.cutNext = undefined;
    this.cutsWithin += 1;
    if (cutNext.isLost) this.cut();
    else this.clock.after(latency + 0.5, () => this.cut());
  }

  /** Lets time pass, and what comes of it. */
  async pass(milliseconds: number, step = 1): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      this.clock.advance(Math.min(step, milliseconds - passed));
      for (let count = 0; count < 8; count += 1) await Promise.resolve();
    }
  }
}
