import { DecodeError, UsageError } from '../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { decodeDvcPdu, type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { Drdynvc } from '../channels/drdynvc.ts';
import type { DynamicChannelEvent } from '../channels/dynamicChannelOptions.ts';
import type { Step } from '../channels/machine.ts';
import type { Transport } from '../ports/transport.ts';
import type { Changes } from './changes.ts';
import type { ExchangeLog } from './exchangeLog.ts';

/** The dynamic channel's name, [MS-RDPEUSB] 2.1. */
export const URBDRC = 'URBDRC';
/** PDUs that are remembered. */
const KEPT = 2048;
/** Bytes of the largest PDU that is looked at: the specification's limit is one that is graded. */
const MAXIMUM_PDU_SIZE = 4 * 1024 * 1024;

export interface PduLinkOptions {
  /** Whether PDUs are in the log, not only the messages that they carry. Default: false. */
  readonly logsPdus?: boolean;
  /** Highest version of the dynamic channels that this end speaks, 1 to 3. Default 3. */
  readonly version?: number;
  /** Playing the client: whether the next channel is accepted. Default: those named URBDRC are. */
  readonly accept?: (channelName: string) => boolean;
}

/** A PDU that came, as bytes and, where that is possible, decoded. */
export interface ReceivedPdu {
  readonly bytes: Uint8Array;
  /** Undefined: it cannot be decoded, `error` says why. */
  readonly pdu: DvcPdu | undefined;
  readonly error: DecodeError | undefined;
}

/**
 * The lowest level of a graded connection: PDUs of dynamic channels over the static channel of one transport. They are
 * answered once {@link start} was called, as a {@link Peer} does; without it nothing is sent but what a test sends.
 */
export class PduLink {
  readonly changes: Changes;
  readonly log: ExchangeLog;
  /** The role that is played here; the graded peer has the other one. */
  readonly role: 'server' | 'client';
  readonly #transport: Transport;
  readonly #drdynvc: Drdynvc;
  readonly #logsPdus: boolean;
  #received: ReceivedPdu[] = [];
  #onEvent: ((event: DynamicChannelEvent) => void) | undefined;
  #onClosed: ((reason: string) => void) | undefined;
  #closed: { readonly reason: string } | undefined;

  constructor(
    transport: Transport,
    role: 'server' | 'client',
    changes: Changes,
    log: ExchangeLog,
    options: PduLinkOptions = {},
  ) {
    this.changes = changes;
    this.log = log;
    this.role = role;
    this.#transport = transport;
    this.#logsPdus = options.logsPdus ?? false;
    const common = { maximumPduSize: MAXIMUM_PDU_SIZE, version: options.version ?? 3 };
    const listeners = options.accept ?? ((channelName: string) => channelName === URBDRC);
    this.#drdynvc = new Drdynvc(role === 'server' ? { ...common, role } : { ...common, role, listeners });
    transport.start({
      received: (frame) => this.#receive(frame),
      drained: () => {},
      closed: (error) => this.#end(error === undefined ? 'the peer closed the connection' : error.message),
    });
  }

  /** Speaks on the dynamic channels from now on; `onClosed` is called once, when the connection is over. */
  start(onEvent: (event: DynamicChannelEvent) => void, onClosed: (reason: string) => void): void {
    this.#onEvent = onEvent;
    this.#onClosed = onClosed;
    this.#apply(this.#drdynvc.start(this.changes.clock.now()));
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
    this.#transmit(this.#drdynvc.sendPdus(pdus));
  }

  sendPdu(pdu: DvcPdu): void {
    this.sendPdus([encodeDvcPdu(pdu)]);
  }

  /** Sends a message; nothing happens where the channel is not open. */
  sendMessage(channelId: number, message: Parts): void {
    if (this.#drdynvc.channelState(channelId) !== 'open') return;
    const chunks: Parts[] = [];
    this.#drdynvc.send(channelId, message, chunks);
    this.#transmit(chunks);
  }

  /** Playing the server: asks for a channel, and returns its id. @throws UsageError where none can be created */
  createChannel(channelName: string): number {
    const created = this.#drdynvc.create(channelName, this.changes.clock.now());
    if (created === undefined)
      throw new UsageError('only a server opens channels, and not too many', { code: 'INVALID_STATE' });
    this.log.note(`DYNVC_CREATE_REQ for ${channelName}`, created.channelId);
    this.#transmit(created.outgoing);
    return created.channelId;
  }

  /** Closes a channel from this end, where it is open. */
  closeChannel(channelId: number): void {
    if (this.#drdynvc.channelState(channelId) === 'open') this.#apply(this.#drdynvc.close(channelId));
  }

  /** Closes the transport; nothing is received any more. */
  async close(): Promise<void> {
    this.#end('the suite closed the connection');
    await this.#transport.close();
  }

  #receive(frame: Uint8Array): void {
    if (this.#closed !== undefined) return;
    const { messages, error } = this.#drdynvc.receiveChunk(frame);
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
    if (this.#onEvent !== undefined) this.#apply(this.#drdynvc.receivePdu(bytes));
  }

  #apply({ outgoing, events }: Step<DynamicChannelEvent>): void {
    this.#transmit(outgoing);
    for (const event of events) this.#onEvent?.(event);
  }

  #transmit(chunks: readonly Parts[]): void {
    if (this.#closed === undefined && chunks.length > 0) this.#transport.send(chunks);
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
    this.#onClosed?.(reason);
    this.changes.notify();
  }
}
