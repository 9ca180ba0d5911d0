import { byteLength, type Parts } from '../../codecs/core/parts.ts';
import { CHANNEL_PDU_HEADER_SIZE } from '../../codecs/svc/channelPduHeader.ts';
import { Drdynvc } from '../channels/drdynvc.ts';
import { type DynamicChannelEvent, LARGE_PDU_SIZE } from '../channels/dynamicChannelOptions.ts';
import { NO_STEP, type Step } from '../channels/machine.ts';
import type { DynamicChannelHandler, DynamicChannelServerTransport } from '../ports/dynamicChannels.ts';
import type { Transport } from '../ports/transport.ts';
import { Alarm } from '../alarm.ts';
import { FairShare, FairTurns } from './fairTurns.ts';
import { log } from './log.ts';
import type { ConnectionSettings } from './options.ts';
import { nextTurn } from '../systemClock.ts';

/** Flush immediately at this many queued bytes. */
const FLUSHED_BYTES = 256 * 1024;

/** Both ends of a connection may be in one process: they are no two that compete. */
const TURNS = { client: new FairTurns(), server: new FairTurns() } as const;

/**
 * Dynamic channels over a transport that carries the chunks of `drdynvc`. The few frames that are produced in one turn of
 * the event loop leave in one write. A client stops reading while the transport is full, so that a server that does not
 * read cannot make answers pile up; a server goes on reading.
 */
export class DrdynvcTransport implements DynamicChannelServerTransport {
  readonly remote: string;
  readonly #transport: Transport;
  readonly #role: 'client' | 'server';
  readonly #settings: ConnectionSettings;
  readonly #drdynvc: Drdynvc;
  readonly #alarm: Alarm;
  #channelName = '';
  #handler: DynamicChannelHandler | undefined;
  #frames: Parts[] = [];
  /** Of the messages in them. */
  #queuedBytes = 0;
  #flushScheduled = false;
  /** The transport takes more. */
  #writable = true;
  /** The owner does not read. */
  #held = false;
  readonly #share: FairShare;
  readonly #onlyHid: () => boolean;
  #yields = false;
  #over = false;
  #closing: Promise<void> = Promise.resolve();

  /** @param onlyHid whether there are devices, and all of them are HID */
  constructor(
    transport: Transport,
    role: 'client' | 'server',
    settings: ConnectionSettings,
    onlyHid: () => boolean = () => false,
  ) {
    this.remote = transport.remote;
    this.#transport = transport;
    this.#role = role;
    this.#onlyHid = onlyHid;
    this.#share = new FairShare(TURNS[role]);
    this.#settings = settings;
    const { maximumMessageSize, maximumChannels } = settings.limits;
    const limits = { maximumMessageSize, maximumChannels, maximumReassemblyBytes: 2 * maximumMessageSize };
    const largePdus = (transport.maximumFrame ?? 0) >= CHANNEL_PDU_HEADER_SIZE + LARGE_PDU_SIZE;
    const common = { limits, messageMemory: settings.messageMemory, largePdus };
    const listeners = (name: string) => name === this.#channelName;
    this.#drdynvc = new Drdynvc(
      role === 'server' ? { ...common, role, channelIdBase: transport.channelIdBase } : { ...common, role, listeners },
    );
    this.#alarm = new Alarm(settings.clock, (now) => {
      this.#apply(this.#drdynvc.handleTimeout(now));
      this.#alarm.set(this.#drdynvc.nextTimeout());
    });
  }

  get writable(): boolean {
    return this.#writable;
  }

  listen(channelName: string, handler: DynamicChannelHandler): void {
    const settings = this.#settings;
    this.#channelName = channelName;
    this.#handler = handler;
    this.#transport.start({
      received: (frame) => {
        if (this.#over) return;
        const step = this.#drdynvc.receive(frame);
        if (step !== NO_STEP) this.#apply(step);
        if (this.#share.worked(frame.byteLength, step !== NO_STEP)) this.#yieldTurn();
      },
      drained: () => {
        this.#drained();
      },
      interrupted: (hold, cause) => {
        const held = this.#onlyHid() ? Math.min(hold, settings.hidHold) : hold;
        settings.interrupted(held, cause);
        return held;
      },
      resumed: () => settings.resumed(),
      closed: (error) => {
        this.#end(error);
      },
    });
    this.#apply(this.#drdynvc.start(this.#settings.clock.now()));
    this.#alarm.set(this.#drdynvc.nextTimeout());
  }

  sendMessage(channelId: number, message: Parts): void {
    if (this.#over || this.#drdynvc.channelState(channelId) !== 'open') return;
    this.#drdynvc.send(channelId, message, this.#frames);
    this.#queuedBytes += byteLength(message);
    this.#flushSoon();
  }

  createChannel(channelName: string): number | undefined {
    if (this.#over) return undefined;
    const created = this.#drdynvc.create(channelName, this.#settings.clock.now());
    this.#alarm.set(this.#drdynvc.nextTimeout());
    if (created !== undefined) this.#send(created.outgoing);
    return created?.channelId;
  }

  closeChannel(channelId: number): void {
    const state = this.#drdynvc.channelState(channelId);
    if (!this.#over && (state === 'open' || state === 'creating')) this.#apply(this.#drdynvc.close(channelId));
  }

  pause(): void {
    this.#held = true;
    this.#transport.pause();
  }

  resume(): void {
    this.#held = false;
    this.#resume();
  }

  close(): Promise<void> {
    if (!this.#over) {
      this.#flush();
      this.#stop();
      this.#closing = this.#transport.close();
    }
    return this.#closing;
  }

  #apply(step: Step<DynamicChannelEvent>): void {
    this.#send(step.outgoing);
    for (const event of step.events) {
      if (this.#over) return;
      if (event.type !== 'message' && log.channel.enabled) log.channel('%s: %o', this.#role, event);
      this.#handle(event);
    }
  }

  #handle(event: DynamicChannelEvent): void {
    const handler = this.#handler;
    switch (event.type) {
      case 'ready':
        handler?.ready();
        return;
      case 'opened':
        handler?.opened(event.channelId);
        return;
      case 'refused':
        if (this.#role === 'server') handler?.refused(event.channelId, event.creationStatus);
        else this.#observeRefused(event.channelId, event.channelName, event.creationStatus);
        return;
      case 'message':
        handler?.received(event.channelId, event.payload);
        return;
      case 'closed':
        if (event.by === 'fault') this.#settings.ignored(event.error);
        if (event.by !== 'us') handler?.closed(event.channelId, event.by === 'fault' ? event.error : undefined);
        return;
      case 'ignored':
        this.#settings.ignored(event.error);
        return;
      case 'failed':
        void this.close();
        handler?.ended(event.error);
        return;
    }
  }

  /** Who records the connection hears also of a channel of another name. */
  #observeRefused(channelId: number, name: string, status: number): void {
    this.#settings.onChannel?.({ direction: 'received', channelId, event: 'create', name });
    this.#settings.onChannel?.({ direction: 'sent', channelId, event: 'created', status });
  }

  #send(frames: readonly Parts[]): void {
    if (this.#over || frames.length === 0) return;
    for (const frame of frames) this.#frames.push(frame);
    this.#flushSoon();
  }

  #flushSoon(): void {
    // Not later: until then neither the transport nor the devices know how much there is.
    if (this.#queuedBytes >= FLUSHED_BYTES) this.#flush();
    if (this.#flushScheduled || this.#frames.length === 0) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#over || this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#queuedBytes = 0;
    if (this.#transport.send(frames) || !this.#writable) return;
    this.#writable = false;
    if (this.#role === 'client') this.#transport.pause();
  }

  #drained(): void {
    if (this.#writable || this.#over) return;
    this.#writable = true;
    this.#resume();
    this.#handler?.drained();
  }

  #resume(): void {
    if (this.#over || this.#held || this.#yields || (!this.#writable && this.#role === 'client')) return;
    this.#transport.resume();
  }

  /** Lets others have their turn. */
  #yieldTurn(): void {
    if (this.#over || this.#yields) return;
    this.#yields = true;
    this.#transport.pause();
    nextTurn(() => {
      this.#yields = false;
      this.#resume();
    });
  }

  /** The transport is closed. */
  #end(error: Error | undefined): void {
    if (this.#over) return;
    this.#stop();
    this.#handler?.ended(error);
  }

  #stop(): void {
    this.#over = true;
    this.#alarm.stop();
    this.#drdynvc.dispose();
    this.#frames = [];
  }
}
