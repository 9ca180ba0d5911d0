import type { Parts } from '../../codecs/core/parts.ts';
import { DynamicChannelClient } from '../channels/dynamicChannelClient.ts';
import type { DynamicChannelEvent } from '../channels/dynamicChannelOptions.ts';
import type { DynamicChannels } from '../channels/dynamicChannels.ts';
import { DynamicChannelServer } from '../channels/dynamicChannelServer.ts';
import { StaticChannel } from '../channels/staticChannel.ts';
import type { Step } from '../channels/step.ts';
import type { Transport } from '../ports/transport.ts';
import { toHex } from '../../codecs/core/json.ts';
import { byteLength, joinParts } from '../../codecs/core/parts.ts';
import { Alarm } from './alarm.ts';
import { log } from './log.ts';
import { type ConnectionSettings, URBDRC_CHANNEL_NAME } from './options.ts';

/** Flush immediately at this many queued frames (about 256 KiB). */
const FLUSHED_FRAMES = 160;

/** Events of the channels, for a client or server. */
export interface ChannelHandler {
  /** Server: channels can be created now. */
  ready?(): void;
  opened(channelId: number): void;
  /** Server: the client does not want the channel. */
  refused?(channelId: number): void;
  message(channelId: number, payload: Uint8Array): void;
  /** Not called for channels that this end closed, but where the peer's fault made it: then the error says which. */
  closed(channelId: number, error: Error | undefined): void;
  /** The transport takes more again. */
  drained?(): void;
  /** The last call: everything is over. */
  finished(error: Error | undefined): void;
}

/**
 * The static channel and the dynamic channels on one transport. The few frames that are produced in one turn of the event
 * loop leave in one write. The client stops reading while the transport is full, so that a server that does not read cannot
 * make it pile up completions; the server goes on reading, and its devices wait before they send more.
 */
export class ChannelStack {
  readonly #transport: Transport;
  readonly #role: 'client' | 'server';
  readonly #settings: ConnectionSettings;
  readonly #handler: ChannelHandler;
  readonly #static: StaticChannel;
  readonly #dynamic: DynamicChannels;
  /** The same object, in the server's role. */
  readonly #creator: DynamicChannelServer | undefined;
  readonly #alarm: Alarm;
  #frames: Parts[] = [];
  #flushScheduled = false;
  #writable = true;
  #finished = false;
  /** What {@link close} waits for. */
  #ended: Promise<void> = Promise.resolve();

  constructor(transport: Transport, role: 'client' | 'server', settings: ConnectionSettings, handler: ChannelHandler) {
    this.#transport = transport;
    this.#role = role;
    this.#settings = settings;
    this.#handler = handler;
    const { maximumMessageSize, maximumChannels } = settings.limits;
    const limits = { maximumMessageSize, maximumChannels, maximumReassemblyBytes: 2 * maximumMessageSize };
    this.#static = new StaticChannel();
    this.#creator = role === 'server' ? new DynamicChannelServer({ limits }) : undefined;
    this.#dynamic =
      this.#creator ??
      new DynamicChannelClient({ limits, listeners: (channelName) => channelName === URBDRC_CHANNEL_NAME });
    this.#alarm = new Alarm(settings.clock, (now) => {
      this.#apply(this.#dynamic.handleTimeout(now));
      this.#alarm.set(this.#dynamic.nextTimeout());
    });
    transport.start({
      received: (frame) => {
        this.#received(frame);
      },
      drained: () => {
        this.#drained();
      },
      closed: (error) => {
        this.#finish(error);
      },
    });
    this.#apply(this.#dynamic.start(settings.clock.now()));
    this.#alarm.set(this.#dynamic.nextTimeout());
  }

  /** False while the transport asks to wait. */
  get writable(): boolean {
    return this.#writable && !this.#finished;
  }

  /** Sends messages, in order; payloads by reference. What is for a channel that has closed is dropped. */
  send(channelId: number, messages: readonly Parts[]): void {
    if (this.#finished || this.#dynamic.channelState(channelId) !== 'open') return;
    for (const message of messages) {
      if (log.message.enabled)
        log.message('%s sends %d bytes on channel %d', this.#role, byteLength(message), channelId);
      if (log.wire.enabled) log.wire('%s > %d %s', this.#role, channelId, toHex(joinParts(message)));
      this.#settings.onMessage?.({ direction: 'sent', channelId, bytes: joinParts(message) });
      this.#sendPdus(this.#dynamic.send(channelId, message));
    }
  }

  /** Server: the new channel's id; undefined while there are too many. */
  createChannel(name: string): number | undefined {
    if (this.#finished || this.#creator?.canCreate !== true) return undefined;
    const created = this.#creator.create(name, this.#settings.clock.now());
    this.#alarm.set(this.#dynamic.nextTimeout());
    this.#settings.onChannel?.({ direction: 'sent', channelId: created.channelId, event: 'create', name });
    this.#sendPdus(created.outgoing);
    return created.channelId;
  }

  /** Closes a channel from this end; nothing happens where it is closed already. */
  closeChannel(channelId: number): void {
    const state = this.#dynamic.channelState(channelId);
    if (this.#finished || (state !== 'open' && state !== 'creating')) return;
    this.#settings.onChannel?.({ direction: 'sent', channelId, event: 'close' });
    this.#sendPdus(this.#dynamic.close(channelId).outgoing);
  }

  /** Ends the connection because of `error`. */
  fail(error: Error): void {
    this.#end(error);
  }

  /** Sends what is queued and closes the transport. */
  close(): Promise<void> {
    this.#end(undefined);
    return this.#ended;
  }

  #end(error: Error | undefined): void {
    if (this.#finished) return;
    this.#flush();
    this.#ended = this.#transport.close();
    this.#finish(error);
  }

  #received(frame: Uint8Array): void {
    if (this.#finished) return;
    const { messages, error } = this.#static.receive(frame);
    for (const message of messages) this.#apply(this.#dynamic.receive(message));
    // A static channel that lost its framing cannot be trusted any more, [MS-RDPBCGR] 3.1.5.2.2.1.
    if (error !== undefined) this.fail(error);
  }

  #apply(step: Step<DynamicChannelEvent>): void {
    this.#sendPdus(step.outgoing);
    for (const event of step.events) {
      if (this.#finished) return;
      this.#handle(event);
    }
  }

  #handle(event: DynamicChannelEvent): void {
    if (event.type !== 'message' && log.channel.enabled) log.channel('%s: %o', this.#role, event);
    switch (event.type) {
      case 'ready':
        this.#handler.ready?.();
        return;
      case 'opened':
        this.#observeAnswer(event.channelId, event.channelName, 0);
        this.#handler.opened(event.channelId);
        return;
      case 'refused':
        this.#observeAnswer(event.channelId, event.channelName, event.creationStatus);
        this.#handler.refused?.(event.channelId);
        return;
      case 'message':
        if (log.message.enabled) {
          log.message('%s received %d bytes on channel %d', this.#role, event.payload.byteLength, event.channelId);
        }
        if (log.wire.enabled) log.wire('%s < %d %s', this.#role, event.channelId, toHex(event.payload));
        this.#settings.onMessage?.({ direction: 'received', channelId: event.channelId, bytes: event.payload });
        this.#handler.message(event.channelId, event.payload);
        return;
      case 'closed':
        if (event.by !== 'us') {
          const direction = event.by === 'peer' ? 'received' : 'sent';
          this.#settings.onChannel?.({ direction, channelId: event.channelId, event: 'close' });
        }
        if (event.by === 'fault') this.#settings.ignored(event.error);
        if (event.by !== 'us') this.#handler.closed(event.channelId, event.by === 'fault' ? event.error : undefined);
        return;
      case 'ignored':
        this.#settings.ignored(event.error);
        return;
      case 'failed':
        this.fail(event.error);
        return;
    }
  }

  /** The client sees request and answer at the same time. */
  #observeAnswer(channelId: number, name: string, status: number): void {
    const { onChannel } = this.#settings;
    if (this.#role === 'client') onChannel?.({ direction: 'received', channelId, event: 'create', name });
    onChannel?.({ direction: this.#role === 'client' ? 'sent' : 'received', channelId, event: 'created', status });
  }

  #sendPdus(pdus: readonly Parts[]): void {
    if (this.#finished || pdus.length === 0) return;
    const frames = this.#static.sendAll(pdus);
    if (this.#frames.length === 0) this.#frames = frames;
    else for (const frame of frames) this.#frames.push(frame);
    // Not later: until then neither the transport nor the devices know how much there is.
    if (this.#frames.length >= FLUSHED_FRAMES) this.#flush();
    if (this.#flushScheduled || this.#frames.length === 0) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flush();
    });
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#finished || this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    if (this.#transport.send(frames) || !this.#writable) return;
    this.#writable = false;
    if (this.#role === 'client') this.#transport.pause();
  }

  #drained(): void {
    if (this.#writable || this.#finished) return;
    this.#writable = true;
    if (this.#role === 'client') this.#transport.resume();
    this.#handler.drained?.();
  }

  #finish(error: Error | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#alarm.stop();
    this.#frames = [];
    this.#handler.finished(error);
  }
}
