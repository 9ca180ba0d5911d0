import { DecodeError } from '../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { decodeDvcPdu, type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { StaticChannel } from '../channels/staticChannel.ts';
import type { Transport } from '../ports/transport.ts';
import type { Changes } from './changes.ts';
import type { ExchangeLog } from './exchangeLog.ts';

/** PDUs that are remembered. */
const KEPT = 2048;

/** A PDU that came, as bytes and, where that is possible, decoded. */
export interface ReceivedPdu {
  readonly bytes: Uint8Array;
  /** Undefined: it cannot be decoded, `error` says why. */
  readonly pdu: DvcPdu | undefined;
  readonly error: DecodeError | undefined;
}

/**
 * The lowest level of a graded connection: PDUs of dynamic channels over the static channel of one transport. Nothing is
 * answered here; a {@link Peer} does that on top. Tests of the channel layer itself use it directly.
 */
export class PduLink {
  readonly changes: Changes;
  readonly log: ExchangeLog;
  /** The role that is played here; the graded peer has the other one. */
  readonly role: 'server' | 'client';
  /** Called for each PDU. */
  onPdu: ((pdu: Uint8Array) => void) | undefined;
  /** Called once, when the connection is over. */
  onClosed: ((reason: string) => void) | undefined;
  readonly #transport: Transport;
  readonly #static = new StaticChannel({ maximumMessageSize: 4 * 1024 * 1024 });
  readonly #logsPdus: boolean;
  #received: ReceivedPdu[] = [];
  #closed: { readonly reason: string } | undefined;

  constructor(
    transport: Transport,
    role: 'server' | 'client',
    changes: Changes,
    log: ExchangeLog,
    options: { readonly logsPdus?: boolean } = {},
  ) {
    this.changes = changes;
    this.log = log;
    this.role = role;
    this.#transport = transport;
    this.#logsPdus = options.logsPdus ?? false;
    transport.start({
      received: (frame) => this.#receive(frame),
      drained: () => {},
      closed: (error) => this.#end(error === undefined ? 'the peer closed the connection' : error.message),
    });
  }

  /** Every PDU that came, oldest first (the last ones, when there were very many). */
  get received(): readonly ReceivedPdu[] {
    return this.#received;
  }

  /** Why the connection is over; undefined while it is not. */
  get closedBecause(): string | undefined {
    return this.#closed?.reason;
  }

  /** Sends PDUs as they are. */
  sendPdus(pdus: readonly Parts[]): void {
    if (this.#closed !== undefined || pdus.length === 0) return;
    if (this.#logsPdus) for (const pdu of pdus) this.log.message('sent', undefined, 'PDU', joinParts(pdu));
    this.#transport.send(this.#static.sendAll(pdus));
  }

  sendPdu(pdu: DvcPdu): void {
    this.sendPdus([encodeDvcPdu(pdu)]);
  }

  /** Closes the transport; nothing is received any more. */
  async close(): Promise<void> {
    this.#end('the suite closed the connection');
    await this.#transport.close();
  }

  #receive(frame: Uint8Array): void {
    if (this.#closed !== undefined) return;
    const { messages, error } = this.#static.receive(frame);
    if (error !== undefined) {
      this.log.message('received', undefined, `broken chunk: ${error.message}`, frame);
      this.#end(`the peer broke the static channel: ${error.message}`);
      return;
    }
    for (const bytes of messages) this.#receivePdu(bytes);
    this.changes.notify();
  }

  #receivePdu(bytes: Uint8Array): void {
    const received = this.#decode(bytes);
    this.#received.push(received);
    if (this.#received.length > 2 * KEPT) this.#received = this.#received.slice(-KEPT);
    if (this.#logsPdus) this.log.message('received', undefined, received.pdu?.name ?? 'unreadable PDU', bytes);
    this.onPdu?.(bytes);
  }

  #decode(bytes: Uint8Array): ReceivedPdu {
    try {
      const pdu = decodeDvcPdu(bytes, this.role === 'server' ? 'client' : 'server', { lenient: true });
      return { bytes, pdu, error: undefined };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { bytes, pdu: undefined, error };
    }
  }

  #end(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    this.log.note(reason);
    this.onClosed?.(reason);
    this.changes.notify();
  }
}
