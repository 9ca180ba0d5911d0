import type { Parts } from '../codecs/core/parts.ts';
import { printable, shortUtf8 } from '../codecs/core/text.ts';
import type { Transport, TransportHandler } from '../src/ports/transport.ts';
import { TransportError } from './transportError.ts';

/** Whether a dialer wants to leave the others connected, or to be alone. */
export type Wish = 'shared' | 'exclusive';

/**
 * The frames about sharing, docs/transports.md: 12 bytes of magic, 1 byte of kind, a body. No channel chunk starts like
 * this: its first 4 bytes would be a CHANNEL_PDU_HEADER.length above 1 GiB.
 */
export type SharingFrame =
  /** The first frame of a dialer that wants to be alone. */
  | { readonly kind: 'exclusive' }
  /** The last frame of a listener: why it does not let the dialer in, or ends what it let in. UTF-8, at most 1024 bytes. */
  | { readonly kind: 'refused' | 'ended'; readonly reason: string };

const MAGIC = new TextEncoder().encode('URBDRC-SHARE');
const KINDS = { exclusive: 1, refused: 2, ended: 3 } as const;
/** Bytes. */
const LONGEST_REASON = 1024;

/** A reason that is too long is cut. */
export function encodeSharingFrame(frame: SharingFrame): Uint8Array {
  const reason = frame.kind === 'exclusive' ? '' : frame.reason;
  return Uint8Array.of(...MAGIC, KINDS[frame.kind], ...shortUtf8(reason, LONGEST_REASON));
}

/** Undefined when the frame is not about sharing. */
export function decodeSharingFrame(frame: Uint8Array): SharingFrame | undefined {
  if (frame.byteLength <= MAGIC.byteLength || MAGIC.some((byte, index) => frame[index] !== byte)) return undefined;
  const body = frame.subarray(MAGIC.byteLength + 1);
  switch (frame[MAGIC.byteLength]) {
    case KINDS.exclusive:
      return { kind: 'exclusive' };
    case KINDS.refused:
      return { kind: 'refused', reason: reasonOf(body) };
    case KINDS.ended:
      return { kind: 'ended', reason: reasonOf(body) };
    case undefined:
    default:
      return undefined;
  }
}

function reasonOf(bytes: Uint8Array): string {
  return printable(new TextDecoder().decode(bytes.subarray(0, LONGEST_REASON)));
}

/** A transport that is another one, and looks at the frames before its owner does. */
abstract class SharingTransport implements Transport {
  readonly remote: string;
  protected readonly transport: Transport;
  readonly #onNotice: (text: string) => void;

  constructor(transport: Transport, onNotice: (text: string) => void) {
    this.transport = transport;
    this.remote = transport.remote;
    this.#onNotice = onNotice;
  }

  get identity() {
    return this.transport.identity ?? { address: this.remote };
  }

  get maximumFrame(): number {
    return this.transport.maximumFrame ?? CHUNK_FRAME;
  }

  get channelIdBase(): number {
    return this.transport.channelIdBase ?? 0;
  }

  start(handler: TransportHandler): void {
    this.transport.start({
      received: (frame) => {
        if (!this.examined(frame)) handler.received(frame);
      },
      drained: () => handler.drained(),
      interrupted: (hold, cause) => handler.interrupted?.(hold, cause) ?? hold,
      resumed: () => handler.resumed?.(),
      noticed: (text) => this.#onNotice(text),
      closed: (error) => handler.closed(this.ended(error)),
    });
  }

  send(frames: readonly Parts[]): boolean {
    return this.transport.send(frames);
  }

  notify(text: string): void {
    this.transport.notify?.(text);
  }

  pause(): void {
    this.transport.pause();
  }

  resume(): void {
    this.transport.resume();
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  /** True: the frame is not for the owner. */
  protected abstract examined(frame: Uint8Array): boolean;
  /** The error with which it ends for its owner. */
  protected abstract ended(error: Error | undefined): Error | undefined;
}

/** What a transport without `maximumFrame` takes. */
const CHUNK_FRAME = 1608;

/** The dialer's end: says what it wants, and understands why it is refused or ended. */
export class WishingTransport extends SharingTransport {
  readonly #wish: Wish;
  #end: SharingFrame | undefined;

  /** @param onNotice - the other end has something to say to people, one line */
  constructor(transport: Transport, wish: Wish, onNotice: (text: string) => void = () => {}) {
    super(transport, onNotice);
    this.#wish = wish;
  }

  override start(handler: TransportHandler): void {
    super.start(handler);
    if (this.#wish === 'exclusive') this.transport.send([[encodeSharingFrame({ kind: 'exclusive' })]]);
  }

  protected examined(frame: Uint8Array): boolean {
    const decoded = decodeSharingFrame(frame);
    if (decoded === undefined) return false;
    this.#end = decoded;
    return true;
  }

  protected ended(error: Error | undefined): Error | undefined {
    switch (this.#end?.kind) {
      case 'refused':
        return new TransportError('SESSION_REFUSED', `${this.remote} does not let this end in: ${this.#end.reason}`);
      case 'ended':
        return new TransportError('SESSION_ENDED', `${this.remote} ended the session: ${this.#end.reason}`);
      default:
        return error;
    }
  }
}

/** The listener's end: hears what the dialer wants from its first frame, and tells it why it has to go. */
export class WelcomingTransport extends SharingTransport {
  /** Resolves with the first frame: a dialer that says nothing of it shares. Also when the connection ends before. */
  readonly wish: Promise<Wish>;
  #tell: ((wish: Wish) => void) | undefined;
  #isOpen = true;

  /** @param onNotice - the other end has something to say to people, one line */
  constructor(transport: Transport, onNotice: (text: string) => void = () => {}) {
    super(transport, onNotice);
    this.wish = new Promise((resolve) => (this.#tell = resolve));
  }

  /** Whether the connection is there. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The last frame; then close the transport. */
  farewell(kind: 'refused' | 'ended', reason: string): void {
    if (this.#isOpen) this.transport.send([[encodeSharingFrame({ kind, reason })]]);
  }

  override close(): Promise<void> {
    this.#isOpen = false;
    return super.close();
  }

  protected examined(frame: Uint8Array): boolean {
    const tell = this.#tell;
    if (tell === undefined) return false;
    this.#tell = undefined;
    const isExclusive = decodeSharingFrame(frame)?.kind === 'exclusive';
    tell(isExclusive ? 'exclusive' : 'shared');
    return isExclusive;
  }

  protected ended(error: Error | undefined): Error | undefined {
    this.#isOpen = false;
    this.#tell?.('shared');
    this.#tell = undefined;
    return error;
  }
}
