import type { Parts } from '../../codecs/core/parts.ts';
import type { ConnectionIdentity } from './transport.ts';

/**
 * The dynamic virtual channels of an RDP stack, [MS-RDPEDYC], in place of a {@link Transport}: for a client that has them
 * already. Channels are told apart by ids, which are the embedder's own; one is not used again before it was closed.
 *
 * The handler is never called from within a call of the engine, but in a later turn or microtask.
 */
export interface DynamicChannelTransport {
  /** The other end, for people: `rdp:alice@desk`. */
  readonly remote: string;
  /** Who is at the other end; left out where it is not known. */
  readonly identity?: ConnectionIdentity;
  /** False asks the engine to send no more until `drained`. What it sends all the same is accepted. */
  readonly writable: boolean;
  /** Starts delivery, for channels of this name alone. A client accepts those that the server creates. Called once. */
  listen(channelName: string, handler: DynamicChannelHandler): void;
  /** Sends one message of one byte or more on an open channel; parts are not copied before, and must not change. */
  sendMessage(channelId: number, message: Parts): void;
  /** Closes a channel from this end: the handler hears no more of it. */
  closeChannel(channelId: number): void;
  /** Stops delivery of messages, and so makes the peer wait. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /**
   * Sends what is queued, then ends the connection, or what the engine has of it. Also called after `ended` with an error.
   * Never rejects.
   */
  close(): Promise<void>;
}

/** The same at a server, which creates the channels. */
export interface DynamicChannelServerTransport extends DynamicChannelTransport {
  /**
   * Asks the client to open a channel of this name; `opened`, `refused` or `closed` is the answer. Returns its id;
   * undefined while no more can be created, then the engine asks again when a channel has opened, or gone.
   */
  createChannel(channelName: string): number | undefined;
}

/** What the engine hears of its channels. */
export interface DynamicChannelHandler {
  /** Server, once: the capabilities are agreed, channels can be created. */
  ready(): void;
  /** The channel is open at both ends. */
  opened(channelId: number): void;
  /** Server: the client does not want the channel. `creationStatus` is negative, [MS-RDPEDYC] 2.2.2.2. */
  refused(channelId: number, creationStatus: number): void;
  /** One whole message. Its bytes belong to the engine. */
  received(channelId: number, message: Uint8Array): void;
  /** The peer closed the channel, or `error` made this end close it. */
  closed(channelId: number, error?: Error): void;
  /** {@link DynamicChannelTransport.writable} is true again. */
  drained(): void;
  /** The last call: the peer ended the connection (undefined) or it failed (why, in one line). */
  ended(error: Error | undefined): void;
}
