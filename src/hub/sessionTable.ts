import type { Transitions } from '../channels/machine.ts';
import type { Policy } from '../policy/decide.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConnectionIdentity } from '../ports/transport.ts';
import type { UsbDeviceSink, UsbDeviceSource } from '../ports/usb.ts';
import { forTime, nameOf } from './claimantName.ts';
import { HubError } from './hubError.ts';
import { admitSession, type SessionWish, type ShareMode } from './sessionShare.ts';

/** Where a session stands. `opening`: those whose time is over have not left yet. */
export type SessionStateName = 'opening' | 'live' | 'ending' | 'closed';

/** What moves a {@link SessionStateName}. */
export type SessionInput = 'othersLeft' | 'end' | 'connectionClosed';

/** One session. `closed` is no record any more: a record lives as long as its connection. */
export const SESSION_TRANSITIONS = {
  opening: { othersLeft: 'live', end: 'ending', connectionClosed: 'closed' },
  live: { end: 'ending', connectionClosed: 'closed' },
  ending: { connectionClosed: 'closed' },
} as const satisfies Transitions<SessionStateName, SessionInput>;

/** Why a session is ended. */
export interface SessionEnd {
  /** `takenOver`: by somebody who wants to be alone. `ended`: by a person, or by the program. */
  readonly type: 'takenOver' | 'ended';
  /** One line for the other end, such as `taken over by alice`. */
  readonly reason: string;
}

/** A connection that wants to be a session. */
export interface SessionRequest {
  /** The other end, and how that was proven. */
  readonly identity: ConnectionIdentity;
  /** What the connection is for: those of one name share. Default: the user's name, else `default`. */
  readonly name?: string;
  /** Default: `shared`. */
  readonly wish?: SessionWish;
  /** Decides about the devices that it offers, before the hub's own does; what it does not deny goes on to that. */
  readonly mayOffer?: Policy;
  /** Of the listener to which it came. Default: `allow-exclusive`. */
  readonly share?: ShareMode;
  /** Resolves when the connection is over, which ends the record. */
  readonly closed: Promise<unknown>;
  /** Whether the connection is still there, for who is about to be refused because of it. Default: it is. */
  readonly isOpen?: () => boolean;
  /** Tells the other end why, and closes the connection. Its devices have left by then. */
  readonly close: (end: SessionEnd) => Promise<void>;
}

/** A connection that a hub knows. */
export interface HubSession {
  /** Counted from 1; never used again but for a client that comes back, which proves that by `identity.session`. */
  readonly id: number;
  /** Those of one name share. */
  readonly name: string;
  /** The other end, for people: its user, and its address. */
  readonly who: string;
  /** The other end, and how that was proven. */
  readonly identity: ConnectionIdentity;
  /** `exclusive`: no other session of this name may be there. */
  readonly access: SessionWish;
  /** When it was opened, by the hub's clock, milliseconds. */
  readonly since: number;
  /** Where it stands. */
  readonly state: SessionStateName;
  /** Why it ends; undefined while nobody ended it. */
  readonly end: SessionEnd | undefined;
}

/** What happens to sessions. */
export type SessionEvent =
  | { readonly type: 'sessionOpened'; readonly session: HubSession }
  /** `reason` is one line; `holder` is the session that is in the way, if one is. */
  | {
      readonly type: 'sessionRefused';
      readonly who: string;
      readonly name: string;
      readonly holder: HubSession | undefined;
      readonly reason: string;
    }
  /** Somebody ends it: its devices leave, then the connection is closed. */
  | { readonly type: 'sessionEnding'; readonly session: HubSession; readonly end: SessionEnd }
  /** The record is gone. `session.end` tells why, where somebody ended it. */
  | { readonly type: 'sessionEnded'; readonly session: HubSession };

interface Session extends HubSession {
  state: SessionStateName;
  end: SessionEnd | undefined;
  readonly request: SessionRequest;
  readonly ends: Set<UsbDeviceSource | UsbDeviceSink>;
  ending: Promise<void> | undefined;
}

/** What a {@link SessionTable} asks of its hub. */
export interface SessionTableOptions {
  readonly clock: Clock;
  readonly emit: (event: SessionEvent) => void;
  /** Takes the devices of the sources and sinks of a session, in order and bounded time, and forgets those. Never rejects. */
  readonly release: (ends: readonly (UsbDeviceSource | UsbDeviceSink)[], reason: string) => Promise<void>;
  /** Runs what an embedder gave; never rejects. */
  readonly guard: <T>(action: () => Promise<T>) => Promise<T | undefined>;
}

/**
 * The connections of a hub. Ids come from the table; a record lives by its open connection, and goes with it, whatever
 * events were missed.
 */
export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #sessions = new Map<number, Session>();
  /** Of the sources and sinks that have one. */
  readonly #byEnd = new Map<UsbDeviceSource | UsbDeviceSink, Session>();
  /** Sessions that have closed and whose clients may come back, by `identity.session`, the oldest first. */
  readonly #left = new Map<string, Pick<HubSession, 'id' | 'since'>>();
  #lastId = 0;

  constructor(options: SessionTableOptions) {
    this.#options = options;
  }

  /** In the order in which they came. */
  get list(): readonly HubSession[] {
    return [...this.#sessions.values()];
  }

  /**
   * Lets a connection in, as its listener's mode says, once those whose time is over have left.
   * @throws HubError when it is refused, or ended meanwhile: the caller closes the connection, with the message
   */
  async open(request: SessionRequest): Promise<HubSession> {
    const { share = 'allow-exclusive', wish = 'shared' } = request;
    const name = sessionName(request);
    await this.#comesBack(request.identity.session);
    const present = [...this.#sessions.values()].filter((each) => each.name === name && this.#isThere(each));
    const admission = admitSession(
      share,
      wish,
      present.filter(({ state }) => state !== 'ending'),
    );
    if (admission.type === 'refused') throw this.#refused(request, name, admission.holder);
    const session = this.#add(request, admission.access, 'opening');
    if (admission.access === 'exclusive') {
      const end: SessionEnd = { type: 'takenOver', reason: `taken over by ${session.who}` };
      // Those that end already are waited for as well.
      await Promise.all(present.map((each) => this.#end(each, end)));
    }
    if (session.end !== undefined) {
      const code = session.end.type === 'takenOver' ? 'SESSION_TAKEN_OVER' : 'SESSION_ENDED';
      throw new HubError(code, session.end.reason);
    }
    if (session.state !== 'opening') throw new HubError('SESSION_ENDED', 'the connection is over');
    session.state = 'live';
    this.#options.emit({ type: 'sessionOpened', session });
    return session;
  }

  /** The sink of a session. @throws HubError when there is no such session, or it has none */
  sinkOf(id: number): UsbDeviceSink {
    const session = this.#get(id);
    for (const end of session.ends) if ('attach' in end) return end;
    throw new HubError('NO_SUCH_SINK', `session ${id} of ${session.who} offers devices, and takes none`);
  }

  /** Resolves when it has ended. @throws HubError when there is no such session */
  async end(id: number, reason: string): Promise<void> {
    await this.#end(this.#get(id), { type: 'ended', reason });
  }

  /**
   * A source or sink belongs to the session that was opened for it. Without one, a source or sink that has a connection gets
   * one that shares with everybody.
   */
  join(end: UsbDeviceSource | UsbDeviceSink, opened: HubSession | undefined): void {
    const { connection: identity, closed = new Promise<never>(() => {}) } = end;
    const known = opened === undefined ? undefined : this.#sessions.get(opened.id);
    if (known === undefined && identity === undefined) return;
    const session = known ?? this.#adopt({ identity: identity ?? NAMELESS, closed, close: () => end.close() });
    session.ends.add(end);
    this.#byEnd.set(end, session);
  }

  /** It has left the hub. A session that has no more of the hub is none. */
  leave(end: UsbDeviceSource | UsbDeviceSink): void {
    const session = this.#byEnd.get(end);
    this.#byEnd.delete(end);
    session?.ends.delete(end);
    if (session?.ends.size === 0 && session.state !== 'ending') this.#closed(session);
  }

  /** The session of a source or sink. */
  of(end: UsbDeviceSource | UsbDeviceSink): HubSession | undefined {
    return this.#byEnd.get(end);
  }

  /** What the session of a source may offer; undefined: whatever the hub lets it. */
  mayOffer(end: UsbDeviceSource): Policy | undefined {
    return this.#byEnd.get(end)?.request.mayOffer;
  }

  /** Those whose connection was over, though nobody told: they are forgotten now. */
  sweep(): readonly HubSession[] {
    return [...this.#sessions.values()].filter((session) => !this.#isThere(session));
  }

  #get(id: number): Session {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new HubError('NO_SUCH_SESSION', `there is no session ${id}`);
    return session;
  }

  /** A connection about which nothing is to be decided: its record, so that a person sees it and can end it. */
  #adopt(request: SessionRequest): Session {
    const session = this.#add(request, 'shared', 'live');
    this.#options.emit({ type: 'sessionOpened', session });
    return session;
  }

  #add(request: SessionRequest, access: SessionWish, state: SessionStateName): Session {
    const { identity } = request;
    const { id, since } = this.#earlier(identity.session) ?? this.#next();
    const session: Session = {
      ...{ id, name: sessionName(request), who: nameOf(identity), identity, access },
      ...{ since, state, end: undefined, request, ends: new Set(), ending: undefined },
    };
    this.#sessions.set(session.id, session);
    void this.#options.guard(async () => {
      await request.closed.finally(() => this.#closed(session));
    });
    return session;
  }

  #next(): Pick<HubSession, 'id' | 'since'> {
    this.#lastId += 1;
    return { id: this.#lastId, since: this.#options.clock.now() };
  }

  /** A client that comes back need not share with itself: what is left of its last connection ends first. */
  async #comesBack(proven: string | undefined): Promise<void> {
    if (proven === undefined) return;
    const last = [...this.#sessions.values()].filter(({ identity }) => identity.session === proven);
    const end: SessionEnd = { type: 'takenOver', reason: 'its client has come back on another connection' };
    await Promise.all(last.map((each) => this.#end(each, end)));
  }

  #earlier(proven: string | undefined): Pick<HubSession, 'id' | 'since'> | undefined {
    if (proven === undefined) return undefined;
    const earlier = this.#left.get(proven);
    this.#left.delete(proven);
    return earlier;
  }

  /** Not one that somebody ended: who comes after that begins anew. */
  #mayComeBack({ id, since, end, identity }: Session): void {
    if (identity.session === undefined || end?.type === 'ended') return;
    this.#left.set(identity.session, { id, since });
    const [oldest] = this.#left.keys();
    if (this.#left.size > MAXIMUM_LEFT && oldest !== undefined) this.#left.delete(oldest);
  }

  /** Whether the connection of a record is there. One that went without a word is forgotten now. */
  #isThere(session: Session): boolean {
    if (session.request.isOpen?.() !== false) return true;
    this.#closed(session);
    return false;
  }

  #refused(request: SessionRequest, name: string, holder: Session | undefined): HubError {
    const reason =
      holder === undefined
        ? 'this server is shared: connect without asking for it alone'
        : `held by ${holder.who} for ${forTime(this.#options.clock.now() - holder.since)}`;
    this.#options.emit({ type: 'sessionRefused', who: nameOf(request.identity), name, holder, reason });
    return new HubError(holder === undefined ? 'SESSION_SHARED' : 'SESSION_HELD', reason);
  }

  #end(session: Session, end: SessionEnd): Promise<void> {
    session.ending ??= this.#leave(session, end);
    return session.ending;
  }

  async #leave(session: Session, end: SessionEnd): Promise<void> {
    session.state = 'ending';
    session.end = end;
    const { emit, release, guard } = this.#options;
    emit({ type: 'sessionEnding', session, end });
    await release([...session.ends], end.reason);
    await guard(() => session.request.close(end));
    this.#closed(session);
  }

  #closed(session: Session): void {
    if (session.state === 'closed') return;
    this.#sessions.delete(session.id);
    session.state = 'closed';
    this.#mayComeBack(session);
    this.#options.emit({ type: 'sessionEnded', session });
  }
}

/** Sessions whose clients may come back. */
const MAXIMUM_LEFT = 1024;

const NAMELESS: ConnectionIdentity = { address: 'unknown' };

function sessionName({ name, identity }: SessionRequest): string {
  return name ?? identity.user?.name ?? 'default';
}
