import type { Parts } from '../../codecs/core/parts.ts';
import { DvcCommand } from '../../codecs/dvc/header.ts';
import { CHANNEL_PDU_HEADER_SIZE, ChannelFlag } from '../../codecs/svc/channelPduHeader.ts';
import { DynamicChannelClient, type DynamicChannelClientOptions } from './dynamicChannelClient.ts';
import type { DynamicChannelEvent } from './dynamicChannelOptions.ts';
import type { DynamicChannels } from './dynamicChannels.ts';
import { type CreatedChannel, DynamicChannelServer, type DynamicChannelServerOptions } from './dynamicChannelServer.ts';
import type { ChannelState } from './dynamicChannelTransitions.ts';
import { appendChunks } from './fragmentation.ts';
import { StaticChannel, type StaticChannelReceipt, WHOLE_MESSAGE } from './staticChannel.ts';
import { NO_STEP, type Step } from './machine.ts';

/** Bytes before the block of a DYNVC_DATA that is whole in a chunk, where its ChannelId has one byte. */
const BLOCK_OFFSET = CHANNEL_PDU_HEADER_SIZE + 2;

/** Both ends: bytes of the largest PDU that is accepted, as its chunks announce it. Default 64 KiB. */
interface PduLimit {
  readonly maximumPduSize?: number;
}

/** Which end this is, and what it accepts. */
export type DrdynvcOptions =
  | ({ readonly role: 'client' } & DynamicChannelClientOptions & PduLimit)
  | ({ readonly role: 'server' } & DynamicChannelServerOptions & PduLimit);

/**
 * The static channel `drdynvc` and the dynamic channels on it, either end: [MS-RDPBCGR] 3.1.5.2 and [MS-RDPEDYC]. Chunks
 * come in; messages of channels, and which channels open and close, come out as events, and chunks to send. No chunk
 * makes it throw. Time is an argument, in milliseconds of any monotonic clock.
 */
export class Drdynvc {
  readonly #static: StaticChannel;
  readonly #dynamic: DynamicChannels;
  /** The same object, in the server's role. */
  readonly #creator: DynamicChannelServer | undefined;

  /** @throws UsageError */
  constructor(options: DrdynvcOptions) {
    const { maximumPduSize } = options;
    this.#static = new StaticChannel(maximumPduSize === undefined ? {} : { maximumMessageSize: maximumPduSize });
    if (options.role === 'server') this.#dynamic = this.#creator = new DynamicChannelServer(options);
    else this.#dynamic = new DynamicChannelClient(options);
  }

  channelState(channelId: number): ChannelState {
    return this.#dynamic.channelState(channelId);
  }

  /** Must be called once, before anything else: a server sends its capabilities. @throws UsageError the second time */
  start(now: number): Step<DynamicChannelEvent> {
    return this.#chunked(this.#dynamic.start(now));
  }

  /** When `handleTimeout` is to be called; undefined for never. */
  nextTimeout(): number | undefined {
    return this.#dynamic.nextTimeout();
  }

  /** Ends waits that have been too long; else it does nothing. */
  handleTimeout(now: number): Step<DynamicChannelEvent> {
    return this.#chunked(this.#dynamic.handleTimeout(now));
  }

  /**
   * Takes one chunk, which belongs to this object from now on. A static channel that lost its framing is of no use any
   * more: the event is `failed`.
   */
  receive(chunk: Uint8Array): Step<DynamicChannelEvent> {
    if (this.#isBlock(chunk)) {
      const step = this.#dynamic.receiveBlock(chunk[CHANNEL_PDU_HEADER_SIZE + 1] ?? 0, chunk.subarray(BLOCK_OFFSET));
      if (step !== undefined) return step;
    }
    const { messages, error } = this.receiveChunk(chunk);
    if (error !== undefined) return this.#dynamic.staticChannelFailed(error);
    const [pdu] = messages;
    return pdu === undefined ? NO_STEP : this.receivePdu(pdu);
  }

  /** The first half of {@link receive}, for whoever wants to see each PDU: the PDU that is complete with this chunk. */
  receiveChunk(chunk: Uint8Array): StaticChannelReceipt {
    return this.#static.receive(chunk);
  }

  /** The second half of {@link receive}. */
  receivePdu(pdu: Uint8Array): Step<DynamicChannelEvent> {
    return this.#chunked(this.#dynamic.receive(pdu));
  }

  /**
   * Appends to `chunks` those of a message of one byte or more, which are views of it.
   * @throws UsageError where the channel is not open
   */
  send(channelId: number, message: Parts, chunks: Parts[]): void {
    this.#dynamic.checkOpen(channelId, message);
    appendChunks(chunks, channelId, message, this.#dynamic.pduSize);
  }

  /** The chunks of PDUs, whatever the state of their channels: for tests of a peer. @throws UsageError for an empty one */
  sendPdus(pdus: readonly Parts[]): Parts[] {
    return this.#static.sendAll(pdus);
  }

  /** Server: whether the limits let one more channel be created now. */
  get canCreate(): boolean {
    return this.#creator?.canCreate === true;
  }

  /**
   * Server: asks the client to open a channel; `opened`, `refused` or `closed` tells the answer. Undefined while nothing
   * can be created, see {@link canCreate}; a client creates nothing.
   * @throws UsageError for a name that cannot be sent
   */
  create(channelName: string, now: number): CreatedChannel | undefined {
    if (this.#creator?.canCreate !== true) return undefined;
    const { channelId, outgoing } = this.#creator.create(channelName, now);
    return { channelId, outgoing: this.#static.sendAll(outgoing) };
  }

  /** Closes a channel; the event comes at once. @throws UsageError where there is nothing to close */
  close(channelId: number): Step<DynamicChannelEvent> {
    return this.#chunked(this.#dynamic.close(channelId));
  }

  /** The connection is over: frees the memory of unfinished messages. */
  dispose(): void {
    this.#dynamic.dispose();
  }

  #chunked(step: Step<DynamicChannelEvent>): Step<DynamicChannelEvent> {
    if (step.outgoing.length === 0) return step;
    return { outgoing: this.#static.sendAll(step.outgoing), events: step.events };
  }

  /**
   * Whether a chunk holds all of a DYNVC_DATA with a ChannelId of one byte, as nearly all do: such a chunk is read here,
   * because it comes for every block. All others, and those that break a rule, go through the codecs.
   */
  #isBlock(chunk: Uint8Array): boolean {
    const size = chunk.byteLength - CHANNEL_PDU_HEADER_SIZE;
    const flags = chunk[4] ?? 0;
    const header = chunk[CHANNEL_PDU_HEADER_SIZE] ?? 0;
    return (
      size >= 2 &&
      size <= this.#static.maximumMessageSize &&
      (chunk[0] ?? 0) + 0x100 * (chunk[1] ?? 0) === size &&
      (flags & ~ChannelFlag.CHANNEL_FLAG_SHOW_PROTOCOL) === WHOLE_MESSAGE &&
      header >> 4 === DvcCommand.data &&
      (header & 0b11) === 0 &&
      chunk[2] === 0 &&
      chunk[3] === 0 &&
      chunk[5] === 0 &&
      chunk[6] === 0 &&
      chunk[7] === 0 &&
      !this.#static.isReceiving
    );
  }
}
