import type { Parts } from '../../codecs/core/parts.ts';
import { toHex } from '../../codecs/core/json.ts';
import { byteLength, joinParts } from '../../codecs/core/parts.ts';
import type { DynamicChannelServerTransport, DynamicChannelTransport } from '../ports/dynamicChannels.ts';
import type { Transport } from '../ports/transport.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { isHid } from '../usb/isHid.ts';
import { DrdynvcTransport } from './drdynvcTransport.ts';
import { log } from './log.ts';
import { type ConnectionSettings, URBDRC_CHANNEL_NAME } from './options.ts';

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
  /** The devices that there are. */
  devices(): readonly Pick<UsbDevice, 'configurations'>[];
  /** The last call: everything is over. */
  finished(error: Error | undefined): void;
}

/**
 * The channels named URBDRC of one connection, over chunks of `drdynvc` or the dynamic channels of an RDP stack: what is
 * observed of them, and back-pressure. A client stops reading while the transport is full, so that a server that does not
 * read cannot make it pile up completions; a server goes on reading, and its devices wait before they send more.
 */
export class ChannelStack {
  readonly #transport: DynamicChannelTransport;
  /** The same object, in the server's role. */
  readonly #creator: DynamicChannelServerTransport | undefined;
  readonly #role: 'client' | 'server';
  readonly #settings: ConnectionSettings;
  readonly #handler: ChannelHandler;
  /** Channels that the engine has not seen the end of. */
  readonly #channels = new Set<number>();
  #paused = false;
  #finished = false;
  /** What {@link close} waits for. */
  #ended: Promise<void> = Promise.resolve();

  constructor(
    transport: Transport | DynamicChannelTransport,
    role: 'client' | 'server',
    settings: ConnectionSettings,
    handler: ChannelHandler,
  ) {
    const onlyHid = () => {
      const devices = handler.devices();
      return devices.length > 0 && devices.every(isHid);
    };
    this.#transport = 'sendMessage' in transport ? transport : new DrdynvcTransport(transport, role, settings, onlyHid);
    this.#creator = role === 'server' && isCreator(this.#transport) ? this.#transport : undefined;
    this.#role = role;
    this.#settings = settings;
    this.#handler = handler;
    this.#transport.listen(URBDRC_CHANNEL_NAME, {
      ready: () => {
        if (!this.#finished) handler.ready?.();
      },
      opened: (channelId) => {
        this.#opened(channelId);
      },
      refused: (channelId, creationStatus) => {
        this.#refused(channelId, creationStatus);
      },
      received: (channelId, message) => {
        this.#received(channelId, message);
      },
      closed: (channelId, error) => {
        this.#closed(channelId, error);
      },
      drained: () => {
        this.#drained();
      },
      ended: (error) => {
        if (error !== undefined) this.#ended = this.#transport.close();
        this.#finish(error);
      },
    });
  }

  /** False while the transport asks to wait. */
  get writable(): boolean {
    return !this.#finished && this.#transport.writable;
  }

  /** Sends messages, in order; payloads by reference. What is for a channel that has closed is dropped. */
  send(channelId: number, messages: readonly Parts[]): void {
    if (this.#finished || !this.#channels.has(channelId)) return;
    for (const message of messages) {
      if (log.message.enabled)
        log.message('%s sends %d bytes on channel %d', this.#role, byteLength(message), channelId);
      if (log.wire.enabled) log.wire('%s > %d %s', this.#role, channelId, toHex(joinParts(message)));
      this.#settings.onMessage?.({ direction: 'sent', channelId, bytes: joinParts(message) });
      this.#transport.sendMessage(channelId, message);
    }
    this.#pauseWhenFull();
  }

  /** Server: the new channel's id; undefined while there are too many. */
  createChannel(name: string): number | undefined {
    const channelId = this.#finished ? undefined : this.#creator?.createChannel(name);
    if (channelId === undefined) return undefined;
    this.#channels.add(channelId);
    this.#settings.onChannel?.({ direction: 'sent', channelId, event: 'create', name });
    return channelId;
  }

  /** Closes a channel from this end; nothing happens where it is closed already. */
  closeChannel(channelId: number): void {
    if (this.#finished || !this.#channels.delete(channelId)) return;
    this.#settings.onChannel?.({ direction: 'sent', channelId, event: 'close' });
    this.#transport.closeChannel(channelId);
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
    this.#ended = this.#transport.close();
    this.#finish(error);
  }

  #opened(channelId: number): void {
    const { onChannel } = this.#settings;
    if (this.#finished) return;
    if (this.#role === 'client') {
      // It sees request and answer at the same time.
      this.#channels.add(channelId);
      onChannel?.({ direction: 'received', channelId, event: 'create', name: URBDRC_CHANNEL_NAME });
    }
    if (!this.#channels.has(channelId)) return;
    onChannel?.({ direction: this.#role === 'client' ? 'sent' : 'received', channelId, event: 'created', status: 0 });
    this.#handler.opened(channelId);
  }

  #refused(channelId: number, status: number): void {
    if (this.#finished || !this.#channels.delete(channelId)) return;
    this.#settings.onChannel?.({ direction: 'received', channelId, event: 'created', status });
    this.#handler.refused?.(channelId);
  }

  #received(channelId: number, message: Uint8Array): void {
    if (this.#finished || !this.#channels.has(channelId)) return;
    if (log.message.enabled) {
      log.message('%s received %d bytes on channel %d', this.#role, message.byteLength, channelId);
    }
    if (log.wire.enabled) log.wire('%s < %d %s', this.#role, channelId, toHex(message));
    this.#settings.onMessage?.({ direction: 'received', channelId, bytes: message });
    this.#handler.message(channelId, message);
    this.#pauseWhenFull();
  }

  #closed(channelId: number, error: Error | undefined): void {
    if (this.#finished || !this.#channels.delete(channelId)) return;
    const direction = error === undefined ? 'received' : 'sent';
    this.#settings.onChannel?.({ direction, channelId, event: 'close' });
    this.#handler.closed(channelId, error);
  }

  #pauseWhenFull(): void {
    if (this.#role === 'server' || this.#paused || this.#finished || this.#transport.writable) return;
    this.#paused = true;
    this.#transport.pause();
  }

  #drained(): void {
    if (this.#finished) return;
    if (this.#paused) this.#transport.resume();
    this.#paused = false;
    this.#handler.drained?.();
  }

  #finish(error: Error | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#handler.finished(error);
  }
}

function isCreator(transport: DynamicChannelTransport): transport is DynamicChannelServerTransport {
  return 'createChannel' in transport;
}
