import { DecodeError, UsageError } from '../../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import type { Step } from '../../channels/machine.ts';
import type { ChannelEvent } from '../../urbdrc/session/channelEvent.ts';
import type { CaptureRecord } from '../readCapture.ts';
import type { ReplayJournal } from './replayReport.ts';

export type MessageRecord = Extract<CaptureRecord, { readonly type: 'message' }>;

interface SentMessage {
  readonly line: number;
  readonly name: string;
}

interface OwnMessage {
  readonly name: string;
}

/** A session of our engine, as far as replaying needs it. */
export interface ReplayedSession<Event> {
  receive(bytes: Uint8Array, now: number): Step<Event | ChannelEvent>;
  nextTimeout(): number | undefined;
  handleTimeout(now: number): Step<Event | ChannelEvent>;
}

/**
 * One channel of a capture and a session of our engine in the place of the end that recorded. The peer's messages are
 * given to the session; what the recorded end sent is what a driver told it to do, so the session is told the same.
 */
export abstract class ChannelReplay<Event extends { readonly type: string }> {
  protected readonly channel: number;
  readonly #journal: ReplayJournal;
  readonly #outbox: SentMessage[] = [];
  #line: number;
  #over: string | undefined;

  /** @param line - where in the capture the channel opens */
  constructor(channel: number, journal: ReplayJournal, line: number) {
    this.channel = channel;
    this.#journal = journal;
    this.#line = line;
  }

  protected abstract readonly session: ReplayedSession<Event>;

  /** Decodes a message of the recorded end. @throws DecodeError */
  protected abstract decodeOwn(bytes: Uint8Array): OwnMessage;

  /** The name of one of our engine's messages. */
  protected abstract nameOf(bytes: Uint8Array): string;

  /** Has the session do what makes it send this message; undefined for what it sends by itself. @throws UsageError */
  protected abstract command(bytes: Uint8Array, now: number): Step<Event | ChannelEvent> | undefined;

  /** The peer's message as it would be if it answered our engine's requests in place of the recorded ones. */
  protected abstract translate(bytes: Uint8Array): Uint8Array;

  protected abstract handle(event: Event): void;

  /** Lets timers go off that are due at `now`, in ms. */
  passTime(line: number, now: number): void {
    this.#line = line;
    const deadline = this.session.nextTimeout();
    if (this.#over !== undefined || deadline === undefined || deadline > now) return;
    this.#apply(this.session.handleTimeout(now), 'timer', false);
  }

  /** The peer's message. */
  give(record: MessageRecord): void {
    this.#line = record.line;
    const name = this.#nameOfPeers(record.bytes);
    if (this.#over !== undefined) {
      this.#journal.skipped({ line: record.line, channel: this.channel, name, reason: this.#over });
      return;
    }
    this.#journal.given();
    this.#apply(this.session.receive(this.translate(record.bytes), record.t), name, true);
  }

  /** The recorded end's message. */
  expect(record: MessageRecord): void {
    this.#line = record.line;
    let name = 'message';
    try {
      name = this.decodeOwn(record.bytes).name;
      if (this.#over !== undefined) throw new UsageError(this.#over);
      const step = this.command(record.bytes, record.t);
      if (step !== undefined) this.#apply(step, name, false);
      if (!this.#take(name)) throw new UsageError(`our engine does not send this now${this.#instead()}`);
      this.#journal.agreed();
    } catch (error) {
      if (!(error instanceof UsageError) && !(error instanceof DecodeError)) throw error;
      this.#journal.differing({ line: record.line, channel: this.channel, name, reason: error.message });
    }
  }

  /** The channel is closed. */
  end(reason: string): void {
    this.#over ??= reason;
  }

  /** The capture is over. */
  finish(): void {
    for (const { line, name } of this.#outbox) {
      const reason = 'the recorded end did not send this';
      this.#journal.additional({ line, channel: this.channel, name, reason });
    }
  }

  /** Output of the session when the channel opens. */
  protected opened(step: Step<Event | ChannelEvent>): void {
    this.#apply(step, 'opening', false);
  }

  protected abstract peerNameOf(bytes: Uint8Array): string;

  #nameOfPeers(bytes: Uint8Array): string {
    try {
      return this.peerNameOf(bytes);
    } catch (error) {
      if (error instanceof DecodeError) return 'message';
      throw error;
    }
  }

  #apply(step: Step<Event | ChannelEvent>, cause: string, given: boolean): void {
    for (const parts of step.outgoing) this.#sent(parts);
    for (const event of step.events) {
      if (isChannelEvent(event)) this.#complain(event, cause, given);
      else this.handle(event);
    }
  }

  #complain(event: ChannelEvent, name: string, given: boolean): void {
    const note = { line: this.#line, channel: this.channel, name, reason: event.error.message };
    if (event.type === 'ignored') {
      this.#journal.ignored(note);
    } else {
      this.#journal.closed(note, given);
      this.#over ??= `our engine closed the channel at line ${this.#line}`;
    }
  }

  #sent(parts: Parts): void {
    this.#outbox.push({ line: this.#line, name: this.nameOf(joinParts(parts)) });
  }

  /** Strikes the oldest message of this name that our engine has sent. */
  #take(name: string): boolean {
    const position = this.#outbox.findIndex((sent) => sent.name === name);
    if (position >= 0) this.#outbox.splice(position, 1);
    return position >= 0;
  }

  /** The message that our engine sent instead of this line's; it does not count as additional. */
  #instead(): string {
    const last = this.#outbox.at(-1);
    if (last?.line !== this.#line) return '';
    this.#outbox.pop();
    return ` but ${last.name}`;
  }
}

function isChannelEvent(event: { readonly type: string }): event is ChannelEvent {
  return event.type === 'ignored' || event.type === 'closeRequired';
}
