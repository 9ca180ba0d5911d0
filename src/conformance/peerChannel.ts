import { DecodeError } from '../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type UrbdrcMessage,
} from '../../codecs/urbdrc/decode.ts';
import type { Changes } from './changes.ts';
import type { ExchangeLog } from './exchangeLog.ts';
import { CheckFailure } from './verdict.ts';

export type MessageName = UrbdrcMessage['name'];
export type MessageNamed<N extends MessageName> = Extract<UrbdrcMessage, { readonly name: N }>;

/** A message of the graded peer, decoded and as bytes. */
export interface Received<N extends MessageName = MessageName> {
  readonly message: MessageNamed<N>;
  readonly bytes: Uint8Array;
  /** Clock's time of arrival. */
  readonly time: number;
}

/** A message that no test has expected yet. `error`: it cannot be decoded. */
type Waiting = Received | { readonly error: DecodeError; readonly bytes: Uint8Array };

/** How a channel reaches its peer. */
export interface ChannelLink {
  readonly role: 'server' | 'client';
  readonly changes: Changes;
  readonly log: ExchangeLog;
  /** Milliseconds: how long an expected message may take, and how long a silence has to be. */
  readonly timeout: number;
  readonly quiet: number;
  transmit(channelId: number, message: Parts): void;
  close(channelId: number): void;
}

/**
 * One dynamic channel named URBDRC of a graded connection. Messages are kept until a test expects them, in any order. A
 * message that a strict decoder refuses fails the next expectation.
 */
export class PeerChannel {
  readonly channelId: number;
  readonly #link: ChannelLink;
  #waiting: Waiting[] = [];
  #end: { readonly by: 'peer' | 'us' | 'fault'; readonly reason: string } | undefined;
  #requestCompletion: number | undefined;
  readonly #urbFunctions = new Map<number, number>();

  constructor(channelId: number, link: ChannelLink) {
    this.channelId = channelId;
    this.#link = link;
  }

  /** Whether it is open at both ends, as far as this end knows. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Messages that came and were not expected yet. */
  get waiting(): readonly Received[] {
    return this.#waiting.flatMap((each) => ('error' in each ? [] : [each]));
  }

  /** Sends a message. Nothing happens where the channel has closed. */
  send(message: UrbdrcMessage): void {
    this.#learn(message);
    this.#transmit(joinParts(encodeUrbdrcMessage(message)), message.name);
  }

  /** Sends bytes as they are, one or more. */
  sendBytes(bytes: Uint8Array, text = 'raw bytes'): void {
    this.#transmit(bytes, text);
  }

  /** Sends `bytes`, which are `message` with something about them changed: completions are read as its answers. */
  sendChanged(message: UrbdrcMessage, bytes: Uint8Array): void {
    this.#learn(message);
    this.#transmit(bytes, `${message.name}, changed`);
  }

  /**
   * Takes the first message of this name that `accept` accepts; others are kept.
   * @throws CheckFailure when none comes in time, the channel closes, or something unreadable came
   */
  async expect<N extends MessageName>(
    name: N,
    accept: (message: MessageNamed<N>, bytes: Uint8Array) => boolean = () => true,
    within: number = this.#link.timeout,
    what: string = name,
  ): Promise<Received<N>> {
    const found = await this.expectOneOf([name], accept, within, what);
    return found;
  }

  /** Like {@link expect}, for messages of several names. */
  async expectOneOf<N extends MessageName>(
    names: readonly N[],
    accept: (message: MessageNamed<N>, bytes: Uint8Array) => boolean = () => true,
    within: number = this.#link.timeout,
    what: string = names.join(' or '),
  ): Promise<Received<N>> {
    const found = await this.#link.changes.until(() => this.#take(names, accept, what), within);
    if (found !== undefined) return found;
    const others = this.waiting.map(({ message }) => message.name);
    const instead = others.length === 0 ? '' : `; what came was ${[...new Set(others)].join(', ')}`;
    throw new CheckFailure(`no ${what} came within ${within} ms${instead}`);
  }

  /**
   * Waits for a time in which no message may come; messages that nobody has expected yet count too.
   * @throws CheckFailure for any message that `tolerated` does not name
   */
  async expectNothing(
    why: string,
    within: number = this.#link.quiet,
    tolerated: readonly MessageName[] = [],
  ): Promise<void> {
    const disturbing = await this.#link.changes.until(
      () => this.#waiting.find((each) => 'error' in each || !tolerated.includes(each.message.name)),
      within,
    );
    if (disturbing === undefined) return;
    if ('error' in disturbing) throw unreadable(disturbing.error);
    throw new CheckFailure(`${disturbing.message.name} came ${why}`);
  }

  /**
   * Waits until the peer has closed this channel with DYNVC_CLOSE. Messages that were not expected yet stay.
   * @throws CheckFailure when it does not, or closes otherwise
   */
  async expectClosed(why: string, within: number = this.#link.timeout): Promise<void> {
    const end = await this.#link.changes.until(() => this.#end, within);
    if (end === undefined) throw new CheckFailure(`the channel was not closed within ${within} ms ${why}`);
    if (end.by !== 'peer') throw new CheckFailure(`no DYNVC_CLOSE came ${why}: ${end.reason}`);
  }

  /** @throws CheckFailure when the channel closes within `within` milliseconds, or has closed */
  async expectStaysOpen(why: string, within: number = this.#link.quiet): Promise<void> {
    const end = await this.#link.changes.until(() => this.#end, within);
    if (end !== undefined) throw new CheckFailure(`channel ${this.channelId} did not stay open ${why}: ${end.reason}`);
  }

  /** Closes it from this end. */
  close(): void {
    if (this.#end === undefined) this.#link.close(this.channelId);
  }

  /** @internal the peer calls it for each message */
  receive(bytes: Uint8Array): void {
    const waiting = this.#decode(bytes);
    const text = 'error' in waiting ? `unreadable: ${waiting.error.message}` : waiting.message.name;
    this.#link.log.message('received', this.channelId, text, bytes);
    this.#waiting.push(waiting);
  }

  /** @internal the peer calls it at the channel's end */
  ended(by: 'peer' | 'us' | 'fault', reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = { by, reason };
    this.#link.log.note(reason, this.channelId);
  }

  #transmit(bytes: Uint8Array, text: string): void {
    this.#link.log.message('sent', this.channelId, text, bytes);
    if (this.#end === undefined) this.#link.transmit(this.channelId, [bytes]);
  }

  /** Remembers the ids by which answers are decoded. */
  #learn(message: UrbdrcMessage): void {
    if (message.name === 'REGISTER_REQUEST_CALLBACK' && message.requestCompletion !== undefined) {
      this.#requestCompletion = message.requestCompletion;
    }
    if (message.name === 'TRANSFER_IN_REQUEST' || message.name === 'TRANSFER_OUT_REQUEST') {
      this.#urbFunctions.set(message.tsUrb.requestId, message.tsUrb.urbFunction);
    }
  }

  #decode(bytes: Uint8Array): Waiting {
    const time = this.#link.changes.clock.now();
    try {
      if (this.#link.role === 'client') return { message: decodeServerMessage(bytes), bytes, time };
      const context = {
        ...(this.#requestCompletion !== undefined && { requestCompletion: this.#requestCompletion }),
        urbFunction: (requestId: number) => this.#urbFunctions.get(requestId),
      };
      return { message: decodeClientMessage(bytes, context), bytes, time };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { error, bytes };
    }
  }

  #take<N extends MessageName>(
    names: readonly N[],
    accept: (message: MessageNamed<N>, bytes: Uint8Array) => boolean,
    what: string,
  ): Received<N> | undefined {
    for (const [index, each] of this.#waiting.entries()) {
      if ('error' in each) throw unreadable(each.error);
      const { message, bytes, time } = each;
      if (!isOneOf(message, names) || !accept(message, bytes)) continue;
      this.#waiting.splice(index, 1);
      return { message, bytes, time };
    }
    if (this.#end !== undefined) throw new CheckFailure(`expected ${what}, but ${this.#end.reason}`);
    return undefined;
  }
}

function isOneOf<N extends MessageName>(message: UrbdrcMessage, names: readonly N[]): message is MessageNamed<N> {
  const all: readonly MessageName[] = names;
  return all.includes(message.name);
}

function unreadable(error: DecodeError): CheckFailure {
  return new CheckFailure(`a message that came cannot be read: ${error.message}`);
}
