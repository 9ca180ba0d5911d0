import { ProtocolError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import { asciiBytes, printable, shortUtf8 } from '../../codecs/core/text.ts';
import {
  LONGEST_NOTICE,
  RESUME_VERSION,
  type ResumeAccept,
  type ResumeGranted,
  ResumeHello,
  ResumeMessage,
  type ResumeRequest,
} from '../../codecs/resume/resumeMessages.ts';
import { eventStep, NO_STEP, nextState, type Step, StepBuilder } from '../channels/machine.ts';
import { NoticeLimit } from './notices.ts';
import { SendWindow, WINDOW } from './sendWindow.ts';
import { RESUME_TRANSITIONS, type ResumeInput, type ResumeRole, type ResumeState } from './transitions.ts';

/** What the session tells its owner. */
export type ResumeEvent =
  /** Both ends know that the session can be resumed. */
  | { readonly type: 'agreed' }
  /** Nothing is delivered from the connection any more. `deadline` is when the session ends, unless it is resumed. */
  | { readonly type: 'interrupted'; readonly deadline: number }
  | { readonly type: 'resumed' }
  /** The other end has something to say to people: one line. */
  | { readonly type: 'noticed'; readonly text: string }
  /** The last event, unless the owner ended the session itself. */
  | { readonly type: 'ended'; readonly reason: 'lost' | 'closed' | 'expired' | 'refused' }
  | { readonly type: 'ended'; readonly reason: 'violated'; readonly error: ProtocolError };

/** By what both ends prove that they are the same as before. */
export interface ResumeSecrets {
  readonly sessionId: Uint8Array;
  readonly key: Uint8Array;
}

/** HMAC-SHA-256, and a comparison whose time tells nothing. */
export interface ResumeProofs {
  prove(key: Uint8Array, text: Parts): Uint8Array;
  isSame(one: Uint8Array, other: Uint8Array): boolean;
}

export interface ResumeSessionOptions {
  readonly role: ResumeRole;
  /** Seconds: what a dialler wants, what a listener grants at most. */
  readonly hold: number;
  /** Listener: new random ones. */
  readonly secrets: ResumeSecrets | undefined;
  readonly proofs: ResumeProofs;
  readonly now: number;
}

/** Bytes that are kept for an end of which nobody knows whether it resumes. */
const KEPT_WHILE_OPENING = 256 * 1024;
/** What is received is acknowledged after so many bytes, frames, or milliseconds. */
const ACK_BYTES = 64 * 1024;
const ACK_FRAMES = 32;
const ACK_DELAY = 200;
/** An end of which nothing was heard for so long is taken for lost: this share of the hold, milliseconds at most. */
const SILENCE_SHARE = 0.4;
const LONGEST_SILENCE = 10_000;

const SPEC = { document: 'docs/resume.md', section: 'States' };
const NOTHING: Parts[] = [];

/** One end of a session that outlives its connections, sans I/O. Counts of frames are modulo 2^32. */
export class ResumeSession {
  readonly #role: ResumeRole;
  readonly #proofs: ResumeProofs;
  readonly #window = new SendWindow();
  readonly #noticesOut = new NoticeLimit();
  readonly #noticesIn = new NoticeLimit();
  #state: ResumeState = 'opening';
  #secrets: ResumeSecrets | undefined;
  /** Milliseconds. */
  #hold: number;
  /** While interrupted: when it ends. */
  #deadline = Infinity;
  /** Of the newest request. */
  #generation = 0;
  #received = 0;
  #lastHeard: number;
  #isPinged = false;
  /** Of what is received and not acknowledged. */
  #owed = { frames: 0, bytes: 0, since: 0 };

  constructor({ role, hold, secrets, proofs, now }: ResumeSessionOptions) {
    this.#role = role;
    this.#hold = hold * 1000;
    this.#secrets = secrets;
    this.#proofs = proofs;
    this.#lastHeard = now;
  }

  get state(): ResumeState {
    return this.#state;
  }

  /** Milliseconds. */
  get hold(): number {
    return this.#hold;
  }

  /** Undefined at a dialler until it is agreed that the session can be resumed. */
  get sessionId(): Uint8Array | undefined {
    return this.#secrets?.sessionId;
  }

  /** Bytes that are kept for the other end. */
  get keptBytes(): number {
    return this.#window.bytes;
  }

  /** Whether everything that was given to `send` is on its way. */
  get isFlushed(): boolean {
    return this.#window.waiting === 0;
  }

  /** False asks the owner to give no more. */
  get isWritable(): boolean {
    return this.#state === 'opening' || this.#window.bytes < WINDOW;
  }

  /** The first frame: a dialler's RESUME_HELLO. */
  start(): Parts[] {
    return this.#role === 'dialer' ? [ResumeHello.encode({ name: 'RESUME_HELLO', hold: this.#hold / 1000 })] : NOTHING;
  }

  /** Keeps frames, whose bytes must not change, and gives those that may go now. Not for a session that is plain. */
  send(frames: readonly Uint8Array[]): Parts[] {
    if (this.#state === 'over') return NOTHING;
    this.#window.push(frames);
    if (this.#state === 'interrupted') return NOTHING;
    const isTooMuch = this.#state === 'opening' && this.#window.bytes > KEPT_WHILE_OPENING;
    return isTooMuch ? this.#becomePlain('tooLate') : this.#takeFrames();
  }

  /** Has the other end show people a line. Undefined where it cannot, or has been given enough of them. */
  notice(text: string, now: number): Parts | undefined {
    if (this.#state !== 'live' || !this.#noticesOut.take(now)) return undefined;
    const short = new TextDecoder().decode(shortUtf8(printable(text), LONGEST_NOTICE));
    return ResumeMessage.encode({ name: 'RESUME_NOTICE', text: short });
  }

  /** Something came from the connection. */
  heard(now: number): void {
    if (this.#state === 'interrupted') return;
    this.#lastHeard = now;
    this.#isPinged = false;
  }

  /** A chunk of the channel came. As a listener's first frame it says that the dialler cannot resume. */
  receiveChunk(): Parts[] {
    if (this.#role !== 'listener' || this.#state !== 'opening') return NOTHING;
    return this.#becomePlain('otherFrame');
  }

  /** The owner is given a frame of so many bytes. Gives an acknowledgement, if one is due. */
  delivered(size: number, now: number): Parts | undefined {
    if (this.#state === 'plain') return undefined;
    this.#received = (this.#received + 1) >>> 0;
    const owed = this.#owed;
    if (owed.frames === 0) owed.since = now;
    owed.frames += 1;
    owed.bytes += size;
    if (!this.#isAgreed() || (owed.frames < ACK_FRAMES && owed.bytes < ACK_BYTES)) return undefined;
    return this.#ack();
  }

  /** Listener: RESUME_HELLO came as the first frame. */
  receiveHello({ hold }: ResumeHello): Step<ResumeEvent> {
    const secrets = this.#secrets;
    if (this.#state !== 'opening' || secrets === undefined) return this.#violated('RESUME_HELLO');
    this.#move('hello');
    this.#hold = Math.min(this.#hold, hold * 1000);
    const accept = { name: 'RESUME_ACCEPT', version: RESUME_VERSION, hold: this.#hold / 1000, ...secrets } as const;
    return { outgoing: [ResumeMessage.encode(accept)], events: [] };
  }

  /** A message about resuming came. */
  receive(message: ResumeMessage, now: number): Step<ResumeEvent> {
    switch (message.name) {
      case 'RESUME_NOTICE': {
        if (!this.#move('notice')) return this.#violated(message.name);
        const text = printable(message.text);
        return text !== '' && this.#noticesIn.take(now) ? eventStep({ type: 'noticed', text }) : NO_STEP;
      }
      case 'RESUME_ACCEPT':
        return this.#accepted(message);
      case 'RESUME_GRANTED':
        return this.#granted(message, now);
      case 'RESUME_REFUSED':
        return this.#move('refused') ? ended('refused') : this.#violated(message.name);
      case 'RESUME_ACK': {
        const before = this.#state;
        if (!this.#move('ack')) return this.#violated(message.name);
        if (before !== 'plain' && !this.#window.acknowledge(message.received)) return this.#violated(message.name);
        return { outgoing: this.#takeFrames(), events: before === 'accepting' ? [{ type: 'agreed' }] : [] };
      }
      case 'RESUME_PING':
        if (!this.#move('ping')) return this.#violated(message.name);
        return this.#state === 'plain' ? NO_STEP : { outgoing: [this.#ack()], events: [] };
      case 'RESUME_END':
        if (!this.#move('end')) return this.#violated(message.name);
        return ended('closed');
      case 'RESUME_DECLINE':
        if (this.#state !== 'accepting') return this.#violated(message.name);
        return { outgoing: this.#becomePlain('decline'), events: [] };
      // It is the first frame of a connection, or it is a mistake.
      case 'RESUME_REQUEST':
        return this.#violated(message.name);
    }
  }

  /** The connection is lost. */
  cut(now: number): Step<ResumeEvent> {
    const state = this.#state;
    if (!this.#move('cut')) return NO_STEP;
    if (state !== 'live') return ended('lost');
    const deadline = (this.#deadline = this.#lastHeard + this.#hold);
    if (deadline <= now) return this.#expire();
    return { outgoing: [], events: [{ type: 'interrupted', deadline }] };
  }

  /** The owner does not want a connection that is cut to be held for longer. */
  holdUntil(deadline: number): void {
    this.#deadline = Math.min(this.#deadline, deadline);
  }

  /** Dialler: the first frame of a new connection. Undefined where nothing can be resumed. */
  request(): Parts | undefined {
    if (this.#secrets === undefined || this.#state !== 'interrupted') return undefined;
    const { sessionId, key } = this.#secrets;
    this.#generation += 1;
    const [generation, received] = [this.#generation, this.#received];
    const proof = this.#proofs.prove(key, requestText(this.#secrets, generation, received));
    return ResumeMessage.encode({ name: 'RESUME_REQUEST', sessionId, generation, received, proof });
  }

  /**
   * Listener: a dialler wants to go on, on a new connection, for which the step is. Undefined where it must not. Whatever
   * the old connection still brings must not be delivered.
   */
  resume({ generation, received, proof }: ResumeRequest, now: number): Step<ResumeEvent> | undefined {
    if (this.#secrets === undefined) return undefined;
    const { key } = this.#secrets;
    const expected = this.#proofs.prove(key, requestText(this.#secrets, generation, received));
    if (!this.#proofs.isSame(proof, expected) || generation <= this.#generation) return undefined;
    const isAllowed = nextState(RESUME_TRANSITIONS[this.#role], this.#state, 'request') !== undefined;
    if (!isAllowed || !this.#window.acknowledge(received)) return undefined;
    this.#generation = generation;
    const answer = this.#proofs.prove(key, grantedText(this.#secrets, generation, this.#received));
    const granted = ResumeMessage.encode({ name: 'RESUME_GRANTED', received: this.#received, proof: answer });
    this.#move('request');
    return this.#replay(now, [granted]);
  }

  /** When {@link handleTimeout} is to be called, at the latest. */
  nextTimeout(): number | undefined {
    if (this.#state === 'interrupted') return this.#deadline;
    if (this.#state !== 'live') return undefined;
    const silence = this.#lastHeard + (this.#isPinged ? this.#longestSilence : this.#longestSilence / 2);
    return this.#owed.frames > 0 ? Math.min(silence, this.#owed.since + ACK_DELAY) : silence;
  }

  handleTimeout(now: number): Step<ResumeEvent> {
    if (this.#state === 'interrupted' && now >= this.#deadline) return this.#expire();
    if (this.#state !== 'live') return NO_STEP;
    const silence = now - this.#lastHeard;
    if (silence >= this.#longestSilence && this.#isPinged) return this.cut(now);
    const step = new StepBuilder<ResumeEvent>();
    if (this.#owed.frames > 0 && now >= this.#owed.since + ACK_DELAY) step.send(this.#ack());
    if (silence >= this.#longestSilence / 2 && !this.#isPinged) {
      this.#isPinged = true;
      step.send(ResumeMessage.encode({ name: 'RESUME_PING' }));
    }
    return step;
  }

  /** The owner closes the session. Gives the last frame, for a connection that there is. */
  close(): Parts[] {
    const state = this.#state;
    this.#move('close');
    return state === 'live' || state === 'accepting' ? [ResumeMessage.encode({ name: 'RESUME_END' })] : NOTHING;
  }

  #isAgreed(): boolean {
    return this.#state === 'live' || this.#state === 'accepting';
  }

  get #longestSilence(): number {
    return Math.min(LONGEST_SILENCE, this.#hold * SILENCE_SHARE);
  }

  #accepted({ version, hold, sessionId, key }: ResumeAccept): Step<ResumeEvent> {
    const isKept = this.#state === 'opening' && version === RESUME_VERSION;
    if (!isKept && this.#state !== 'plain' && !this.#move('tooLate')) return this.#violated('RESUME_ACCEPT');
    if (!isKept) {
      const rest = this.#becomePlain('accept');
      return { outgoing: [ResumeMessage.encode({ name: 'RESUME_DECLINE' }), ...rest], events: [] };
    }
    this.#move('accept');
    // Copies: a frame may be a view of a buffer that is used again.
    this.#secrets = { sessionId: new Uint8Array(sessionId), key: new Uint8Array(key) };
    this.#hold = Math.min(this.#hold, hold * 1000);
    // The listener is to know that it need not give up the session after a cut.
    return { outgoing: [this.#ack()], events: [{ type: 'agreed' }] };
  }

  #granted({ received, proof }: ResumeGranted, now: number): Step<ResumeEvent> {
    const expected =
      this.#secrets && this.#proofs.prove(this.#secrets.key, grantedText(this.#secrets, this.#generation, received));
    const isProven = expected !== undefined && this.#proofs.isSame(proof, expected);
    if (!isProven || !this.#move('granted') || !this.#window.acknowledge(received)) {
      return this.#violated('RESUME_GRANTED');
    }
    return this.#replay(now, []);
  }

  /** Sends everything again that the other end has not received, on a new connection. */
  #replay(now: number, first: readonly Parts[]): Step<ResumeEvent> {
    this.heard(now);
    // The other end has just been told.
    this.#owed = { frames: 0, bytes: 0, since: now };
    this.#window.rewind();
    return { outgoing: [...first, ...this.#takeFrames()], events: [{ type: 'resumed' }] };
  }

  #ack(): Parts {
    this.#owed = { frames: 0, bytes: 0, since: 0 };
    return ResumeMessage.encode({ name: 'RESUME_ACK', received: this.#received });
  }

  #expire(): Step<ResumeEvent> {
    this.#move('deadline');
    return ended('expired');
  }

  /** From here on frames are not kept. Gives those that waited. */
  #becomePlain(input: ResumeInput): Parts[] {
    this.#move(input);
    const rest = this.#window.takeAll().map((frame) => [frame]);
    this.#window.clear();
    return rest;
  }

  #takeFrames(): Parts[] {
    return this.#window.take().map((frame) => [frame]);
  }

  /** False where the table does not allow it. */
  #move(input: ResumeInput): boolean {
    const next = nextState(RESUME_TRANSITIONS[this.#role], this.#state, input);
    if (next === undefined) return false;
    this.#state = next;
    if (next === 'over') this.#window.clear();
    return true;
  }

  #violated(messageName: string): Step<ResumeEvent> {
    const error = new ProtocolError(messageName, this.#state, 'not allowed now, or with a wrong count', SPEC);
    this.#state = 'over';
    this.#window.clear();
    return { outgoing: [], events: [{ type: 'ended', reason: 'violated', error }] };
  }
}

function ended(reason: 'lost' | 'closed' | 'expired' | 'refused'): Step<ResumeEvent> {
  return eventStep({ type: 'ended', reason });
}

/** What a dialler's proof is about. */
function requestText({ sessionId }: ResumeSecrets, generation: number, received: number): Parts {
  return [REQUEST, sessionId, numbers(generation, received)];
}

/** What a listener's proof is about. */
function grantedText({ sessionId }: ResumeSecrets, generation: number, received: number): Parts {
  return [GRANTED, sessionId, numbers(generation, received)];
}

const REQUEST = asciiBytes('resume');
const GRANTED = asciiBytes('resumed');

function numbers(generation: number, received: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, generation, true);
  view.setUint32(4, received, true);
  return bytes;
}
