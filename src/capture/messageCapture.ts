import { toHex } from '../../codecs/core/json.ts';
import type { ConnectionOptions, ObservedChannel, ObservedMessage } from '../engine/options.ts';
import type { Direction } from './captureLine.ts';
import type { CaptureOutput } from './usbCapture.ts';

const text = new TextEncoder();

export interface MessageCaptureOptions {
  /** This end. */
  readonly role: 'client' | 'server';
  /** Name and version of what records. */
  readonly program: string;
  /** Microseconds since 1970. */
  readonly now: () => number;
}

/** Options that make a connection record itself, and the end of the recording. */
export interface RecordedConnection extends Required<Pick<ConnectionOptions, 'onMessage' | 'onChannel'>> {
  /** The connection is over: says so in the capture, once. */
  ended(error: Error | undefined): void;
}

/** Writes URBDRC messages as JSON lines (docs/captures.md), of one connection or of several after and beside another. */
export class MessageCapture {
  readonly #output: CaptureOutput;
  readonly #options: MessageCaptureOptions;
  #connections = 0;

  constructor(output: CaptureOutput, options: MessageCaptureOptions) {
    this.#output = output;
    this.#options = options;
  }

  /** Begins with a connection to `peer`. */
  connection(peer: string): RecordedConnection {
    this.#connections += 1;
    // The first connection's lines do not say that they are.
    const tag = this.#connections === 1 ? {} : { connection: this.#connections };
    const { role, program, now } = this.#options;
    const start = now();
    const started = new Date(start / 1000).toISOString();
    const write = (line: object) => {
      this.#output.write([text.encode(`${JSON.stringify({ ...tag, ...line })}\n`)]);
    };
    const t = () => Math.round(now() - start) / 1000;
    let isOver = false;
    write({ peer, role, program, started });
    return {
      onMessage: ({ direction, channelId, bytes }: ObservedMessage) => {
        write({ t: t(), dir: this.#direction(direction), channel: channelId, hex: toHex(bytes) });
      },
      onChannel: ({ direction, channelId, ...change }: ObservedChannel) => {
        write({ t: t(), dir: this.#direction(direction), channel: channelId, ...change });
      },
      ended: (error) => {
        if (isOver) return;
        isOver = true;
        write({ t: t(), event: 'end', ...(error === undefined ? {} : { text: error.message }) });
      },
    };
  }

  #direction(direction: 'sent' | 'received'): Direction {
    return (direction === 'sent') === (this.#options.role === 'client') ? 'c2s' : 's2c';
  }
}
