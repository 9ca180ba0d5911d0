import type { Clock } from '../ports/clock.ts';
import type { Transport } from '../ports/transport.ts';
import { Changes } from './changes.ts';
import { ExchangeLog } from './exchangeLog.ts';
import { PduLink, type PduLinkOptions } from './pduLink.ts';
import { Peer } from './peer.ts';
import { GradingRun } from './gradingRun.ts';
import { PreconditionFailure } from './verdict.ts';

/** How peers are graded. */
export interface GradingSettings {
  /** Time for the timeouts. */
  readonly clock: Clock;
  /** Resolves with a new connection to the graded peer: dials it, or waits until it dials. */
  readonly connect: () => Promise<Transport>;
  /** Milliseconds that an answer may take. Default 5000, and more where the peer is slow to open its channels. */
  readonly timeout?: number;
  /** Milliseconds without a message that count as silence. Default 250. */
  readonly quiet?: number;
}

/**
 * The context of one requirement's test: new connections, a log of their messages, and timeouts.
 * `role` is the one that the suite plays.
 */
export class Grading {
  readonly run: GradingRun;
  readonly log: ExchangeLog;
  readonly clock: Clock;
  readonly quiet: number;
  readonly changes: Changes;
  readonly #settings: GradingSettings;
  readonly #role: 'server' | 'client';
  readonly #links: PduLink[] = [];

  /** @param run what this test shares with the others of its run */
  constructor(role: 'server' | 'client', settings: GradingSettings, run = new GradingRun()) {
    this.run = run;
    this.#role = role;
    this.#settings = settings;
    this.clock = settings.clock;
    this.quiet = settings.quiet ?? 250;
    this.log = new ExchangeLog(() => settings.clock.now());
    this.changes = new Changes(settings.clock);
  }

  /** Milliseconds that an answer may take. */
  get timeout(): number {
    return this.#settings.timeout ?? this.run.timeout;
  }

  /** Milliseconds that each answer may take while a channel is opened. */
  get openingTimeout(): number {
    return this.#settings.timeout ?? this.run.openingTimeout;
  }

  /** The peer took so many milliseconds over a step of the opening: answers may take longer then. */
  opened(duration: number): void {
    this.run.opened(duration);
  }

  /** A new connection, dynamic channels included. */
  async connect(options: PduLinkOptions = {}): Promise<Peer> {
    const link = await this.connectLink(options);
    return new Peer(link, this);
  }

  /** A new connection for PDUs of dynamic channels, all of which the test sends itself. */
  async connectLink(options: PduLinkOptions = {}): Promise<PduLink> {
    let transport: Transport;
    try {
      transport = await this.#settings.connect();
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new PreconditionFailure('a connection', `no connection: ${problem}`);
    }
    this.log.note(`connected to ${transport.remote}`);
    const link = new PduLink(transport, this.#role, this.changes, this.log, options);
    this.#links.push(link);
    return link;
  }

  /** Lets `delay` milliseconds pass. */
  pause(delay: number): Promise<void> {
    return this.changes.pause(delay);
  }

  /** Closes every connection that this test opened. */
  async end(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }
}
