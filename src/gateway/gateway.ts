import type { Duplex } from 'node:stream';
import { asError } from '../../codecs/core/errors.ts';
import { TransportError } from '../../transports/transportError.ts';
import type { UpgradeRequest } from '../../transports/webSocket/messageStream.ts';
import type { Clock } from '../ports/clock.ts';
import { bridge, type Traffic } from './bridge.ts';
import { hasComeBack, ReturningPages } from './returningPages.ts';
import type { Target } from './targets/target.ts';
import type { Ticket } from './tickets.ts';

/** A page, or a program, that has opened a WebSocket for a stream of bytes. */
export interface Page extends Duplex {
  /** For people. */
  readonly remote: string;
  readonly request: UpgradeRequest | undefined;
  /** Nothing more is read of it until somebody reads the stream. */
  hold(): void;
}

/** A connection that a ticket permitted, when it is over. */
export interface ConnectionReport extends Readonly<Traffic>, Ticket {
  readonly remote: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly error: Error | undefined;
}

/** Somebody who may come in, and where to. */
interface Admitted {
  readonly ticket: Ticket;
  readonly target: Target;
}

export interface GatewayOptions {
  /** The target that a ticket names; undefined when there is none. */
  readonly find: (ticket: Ticket) => Target | undefined;
  /** @throws TransportError */
  readonly redeem: (token: string) => Promise<Ticket>;
  /** Of somebody who was let in with `known` and comes back with the same token. @throws TransportError where that is over */
  readonly readmit?: (token: string, known: Ticket) => Promise<Ticket> | Ticket;
  /** Milliseconds after the end of a connection in which its page may come back with its token. Default: 0, never. */
  readonly returnTime?: number;
  /** Connections of one user. */
  readonly perUser: number;
  readonly clock: Clock;
  /** A connection that a ticket permits begins; what it returns is called when it is over. */
  readonly onBegin?: () => () => void;
  readonly onEnd: (report: ConnectionReport) => void;
  /** A page whose ticket did not count. */
  readonly onRefused: (error: Error, remote: string) => void;
}

/**
 * Leads pages to targets that their tickets name. A page is told by a close code, docs/gateway.md, why it was not let in, for
 * browsers keep an HTTP status from pages.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #connections = new Map<Page, Promise<void>>();
  /** Of those who were let in, by user. */
  readonly #users = new Map<string, Set<Page>>();
  readonly #returning: ReturningPages;
  /** Those whose page has come back with another connection. */
  readonly #replaced = new WeakSet<Page>();
  #isEnding = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#returning = new ReturningPages(options.returnTime ?? 0, options.clock);
  }

  /** Connections, those included that are just being made. */
  get size(): number {
    return this.#connections.size;
  }

  /** Those who have connections. */
  get users(): readonly string[] {
    return [...this.#users.keys()];
  }

  /** Ends the connections of a user. */
  end(user: string, error: Error): void {
    for (const page of this.#users.get(user) ?? []) page.destroy(error);
  }

  /** Takes a page that was just opened. */
  take(page: Page): void {
    page.hold();
    const connection = this.#serve(page).finally(() => this.#connections.delete(page));
    this.#connections.set(page, connection);
  }

  /** Lets nobody in any more, gives those who are in so many milliseconds, and then ends them. Resolves when all are gone. */
  async drain(within: number): Promise<void> {
    this.#isEnding = true;
    const stop = this.#options.clock.after(within, () => {
      for (const page of this.#connections.keys()) page.destroy(ending());
    });
    await Promise.all(this.#connections.values());
    stop();
  }

  async #serve(page: Page): Promise<void> {
    const { remote } = page;
    const { clock, onBegin, onEnd, onRefused } = this.#options;
    const begin = clock.now();
    const traffic = { fromPage: 0, toPage: 0 };
    let admitted: Admitted;
    try {
      admitted = await this.#admit(page);
    } catch (error) {
      page.destroy(asError(error));
      onRefused(asError(error), remote);
      return;
    }
    const { ticket } = admitted;
    const left = onBegin?.();
    const error = await this.#connect(page, admitted, traffic);
    this.#leave(ticket.user, page);
    this.#returning.left(page);
    left?.();
    onEnd({ ...ticket, ...traffic, remote, duration: clock.now() - begin, error });
  }

  /** @throws TransportError */
  async #admit(page: Page): Promise<Admitted> {
    const { find, redeem, readmit = (_: string, known: Ticket) => known, perUser } = this.#options;
    this.#checkEnding();
    const token = tokenIn(page.request);
    if (token === undefined) {
      throw new TransportError('TOKEN_MISSING', 'presented no token: Authorization: Bearer TOKEN, or ?token=TOKEN');
    }
    const known = this.#returning.find(page, token);
    const ticket = known === undefined ? await redeem(token) : await readmit(token, known.ticket);
    this.#checkEnding();
    if (page.destroyed) throw new TransportError('CONNECTION_LOST', 'left before its token was looked up');
    const { user } = ticket;
    const target = find(ticket);
    if (target === undefined) {
      throw new TransportError('NO_SUCH_TARGET', `there is no target ${ticket.target} here`);
    }
    const earlier = this.#returning.find(page, token)?.page;
    if (earlier !== undefined) {
      this.#leave(user, earlier);
      this.#replaced.add(earlier);
      earlier.destroy(hasComeBack());
    }
    const pages = this.#users.get(user) ?? new Set();
    if (pages.size >= perUser) {
      const count = pages.size === 1 ? '1 connection' : `${pages.size} connections`;
      throw new TransportError('TOO_MANY_CONNECTIONS', `${user} has ${count}, the most for one user`);
    }
    this.#users.set(user, pages.add(page));
    this.#returning.came(page, token, ticket);
    return { ticket, target };
  }

  #checkEnding(): void {
    if (this.#isEnding) throw ending();
  }

  #leave(user: string, page: Page): void {
    const pages = this.#users.get(user);
    pages?.delete(page);
    if (pages?.size === 0) this.#users.delete(user);
  }

  async #connect(page: Page, { ticket, target }: Admitted, traffic: Traffic): Promise<Error | undefined> {
    const { clock } = this.#options;
    const { user, target: name } = ticket;
    const gone = new AbortController();
    if (page.destroyed) gone.abort();
    page.once('close', () => gone.abort());
    let upstream: Duplex;
    try {
      upstream = await target.open(gone.signal, { user, remote: page.remote });
    } catch (error) {
      if (page.destroyed) return page.errored ?? undefined;
      const failure = unreachable(name, asError(error));
      page.destroy(failure);
      return failure;
    }
    if (page.destroyed) upstream.destroy();
    if (page.destroyed) return page.errored ?? undefined;
    return bridge(
      page,
      upstream,
      traffic,
      (cause) => broken(name, cause),
      clock,
      () => this.#replaced.has(page),
    );
  }
}

function tokenIn(request: UpgradeRequest | undefined): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request?.authorization ?? '')?.[1];
  const token = bearer ?? new URLSearchParams(request?.query).get('token') ?? '';
  return token === '' ? undefined : token;
}

function ending(): TransportError {
  return new TransportError('GATEWAY_ENDING', 'the gateway is ending: connect again with a new token');
}

/** Where the target is stays between the gateway and its log: the cause has it. */
function unreachable(target: string, cause: Error): TransportError {
  switch (cause instanceof TransportError ? cause.code : undefined) {
    case 'TIMED_OUT':
      return new TransportError('UPSTREAM_TIMED_OUT', `target ${target} did not answer in time`, { cause });
    case 'NO_SUCH_TARGET':
      return new TransportError('NO_SUCH_TARGET', `target ${target} is not there any more`, { cause });
    case 'UPSTREAM_BUSY':
      return new TransportError('UPSTREAM_BUSY', `target ${target} is in use by somebody else: try again later`, {
        cause,
      });
    default:
      return new TransportError('UPSTREAM_FAILED', `target ${target} cannot be reached`, { cause });
  }
}

function broken(target: string, cause: Error): TransportError {
  return new TransportError('UPSTREAM_FAILED', `the connection to target ${target} was lost`, { cause });
}
