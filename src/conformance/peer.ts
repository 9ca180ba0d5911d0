import type { DynamicChannelEvent } from '../channels/dynamicChannelOptions.ts';
import { type ChannelLink, PeerChannel } from './peerChannel.ts';
import { type PduLink, URBDRC } from './pduLink.ts';
import { CheckFailure } from './verdict.ts';

/** Milliseconds: how long an answer may take, the same in the opening of a channel, and how long a silence has to be. */
export interface Times {
  readonly timeout: number;
  readonly openingTimeout: number;
  readonly quiet: number;
  /** The peer took so long over a step of the opening. */
  opened(duration: number): void;
}

/**
 * One end of a graded connection: dynamic channels that carry whatever a test sends. It plays the server, which opens
 * channels, or the client, which accepts them. It never sends a URBDRC message by itself.
 */
export class Peer {
  readonly link: PduLink;
  readonly #times: Times;
  readonly #channels = new Map<number, PeerChannel>();
  /** Channels that the graded server opened and no test took yet. */
  readonly #offered: PeerChannel[] = [];
  readonly #refused = new Set<number>();
  #ready = false;
  #failure: string | undefined;

  constructor(link: PduLink, times: Times) {
    this.link = link;
    this.#times = times;
    link.start(
      (event) => this.#handle(event),
      (reason) => this.#endAll(reason),
    );
  }

  /** @throws CheckFailure when the dynamic channels are not agreed on in time */
  async ready(within: number = this.#times.openingTimeout): Promise<void> {
    const ready = await this.link.changes.until(() => {
      this.#checkAlive('the dynamic channels were to be set up');
      return this.#ready ? true : undefined;
    }, within);
    if (ready === undefined) throw new CheckFailure(`the dynamic channels were not set up within ${within} ms`);
  }

  /** Playing the server: opens a channel. @throws CheckFailure when the client refuses it or does not answer */
  async openChannel(channelName: string = URBDRC): Promise<PeerChannel> {
    const start = this.link.changes.clock.now();
    await this.ready();
    const channelId = this.link.createChannel(channelName);
    const channel = await this.link.changes.until(() => {
      if (this.#refused.has(channelId)) throw new CheckFailure(`the client refused a channel named ${channelName}`);
      this.#checkAlive(`a channel named ${channelName} was to be opened`);
      return this.#channels.get(channelId);
    }, this.#times.openingTimeout);
    this.#times.opened(this.link.changes.clock.now() - start);
    if (channel !== undefined) return channel;
    throw new CheckFailure(`no answer came to the creation of a channel named ${channelName}`);
  }

  /** Playing the client: takes the next channel that the server opened. @throws CheckFailure when there is none */
  async expectChannel(within: number = this.#times.timeout): Promise<PeerChannel> {
    const channel = await this.link.changes.until(() => {
      const offered = this.#offered.shift();
      if (offered === undefined) this.#checkAlive('a channel was to be opened');
      return offered;
    }, within);
    if (channel === undefined) throw new CheckFailure(`the server opened no channel within ${within} ms`);
    return channel;
  }

  /** Playing the client. @throws CheckFailure when the server opens a channel that no test took */
  async expectNoChannel(why: string, within: number = this.#times.quiet): Promise<void> {
    const offered = await this.link.changes.until(() => this.#offered[0], within);
    if (offered !== undefined) throw new CheckFailure(`the server opened a channel ${why}`);
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.link.close();
  }

  #checkAlive(what: string): void {
    const reason = this.#failure ?? this.link.closedBecause;
    if (reason !== undefined) throw new CheckFailure(`${what}, but ${reason}`);
  }

  #handle(event: DynamicChannelEvent): void {
    const { log } = this.link;
    switch (event.type) {
      case 'ready':
        this.#ready = true;
        return;
      case 'opened':
        this.#opened(event.channelId);
        return;
      case 'refused':
        log.note(`channel ${event.channelName} refused`, event.channelId);
        this.#refused.add(event.channelId);
        return;
      case 'message':
        this.#channels.get(event.channelId)?.receive(event.payload);
        return;
      case 'closed':
        this.#channels.get(event.channelId)?.ended(event.by, closedReason(event));
        return;
      case 'ignored':
        log.note(`ignored: ${event.error.message}`);
        return;
      case 'failed':
        this.#failure = `the peer broke the dynamic channels: ${event.error.message}`;
        this.#endAll(this.#failure);
        return;
    }
  }

  #opened(channelId: number): void {
    this.link.log.note('channel opened', channelId);
    const channel = new PeerChannel(channelId, this.#channelLink());
    this.#channels.set(channelId, channel);
    if (this.link.role === 'client') this.#offered.push(channel);
  }

  #channelLink(): ChannelLink {
    const { role, changes, log } = this.link;
    const times = this.#times;
    return {
      role,
      changes,
      log,
      get timeout() {
        return times.timeout;
      },
      quiet: times.quiet,
      transmit: (channelId, message) => this.link.sendMessage(channelId, message),
      close: (channelId) => this.link.closeChannel(channelId),
    };
  }

  #endAll(reason: string): void {
    for (const channel of this.#channels.values()) channel.ended('fault', reason);
  }
}

function closedReason(event: Extract<DynamicChannelEvent, { type: 'closed' }>): string {
  switch (event.by) {
    case 'peer':
      return 'the peer closed the channel';
    case 'us':
      return 'the suite closed the channel';
    case 'fault':
      return `the peer broke the channel: ${event.error.message}`;
  }
}
